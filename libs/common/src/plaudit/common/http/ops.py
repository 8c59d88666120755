"""The probes of operators and orchestrators: `/livez`, `/readyz`, `/metrics`.

Liveness looks at this process only, so that an unreachable database restarts no process. Readiness looks at what the
process needs for its work.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plaudit.common.db import Database
from plaudit.common.db.revision import RUNTIME, current_revision, head_revision, history_of
from plaudit.common.db.roles import schema_name
from plaudit.common.http.json import json_response
from plaudit.common.jobs import Check, Loop
from plaudit.common.observability import metrics
from plaudit.common.observability.log import first_line

DATABASE_CHECK_TIMEOUT_SECONDS: Final = 1.5
DATABASE_CHECK_KEPT_SECONDS: Final = 1.0
"""More frequent requests get the last answer, so that probes do not load the database."""

DatabaseCheck = Callable[[], Awaitable[Sequence[Check]]]


class DatabaseChecks:
    """Checks whether the database answers and has the migrations that this code needs."""

    def __init__(self, database: Database, service: str) -> None:
        """Check schema `common`, the service's own tables, and the runtime's in its schema."""
        self._database = database
        wanted = [("common", history_of("common"), "common")]
        if service != "common":
            schema = schema_name(service)
            wanted += [(f"{service}'s runtime", RUNTIME, schema), (service, history_of(service), schema)]
        self._wanted = [(name, history, schema, head_revision(history)) for name, history, schema in wanted]
        self._at_head = False
        self._kept: tuple[float, Sequence[Check]] = (0.0, ())
        self._lock = asyncio.Lock()

    async def __call__(self) -> Sequence[Check]:
        """Return the checks, at most a second old."""
        async with self._lock:
            until, checks = self._kept
            if time.monotonic() >= until:
                checks = await self._check()
                self._kept = (time.monotonic() + DATABASE_CHECK_KEPT_SECONDS, checks)
            return checks

    async def _check(self) -> Sequence[Check]:
        try:
            async with asyncio.timeout(DATABASE_CHECK_TIMEOUT_SECONDS):
                if self._at_head:
                    takes_writes = await self._database.takes_writes()
                    detail = "" if takes_writes else "it is read-only: a standby, or made so"
                    return (Check("database", takes_writes, detail), Check("migrations", ok=True, detail="at head"))
                return (Check("database", ok=True), await self._check_revisions())
        except Exception as error:  # noqa: BLE001 - any error means that the process is not ready
            return (Check("database", ok=False, detail=f"{type(error).__qualname__}: {first_line(error)}".strip(": ")),)

    async def _check_revisions(self) -> Check:
        """Compare the revisions until they are at head once: migrations only go forward."""
        async with self._database.driver_transaction() as tx:
            behind = [
                f"{name} at {found}, needs {head}"
                for name, history, schema, head in self._wanted
                if (found := await current_revision(tx, history, schema)) != head
            ]
        self._at_head = not behind
        return Check("migrations", not behind, "; ".join(behind) + ": run migrate" if behind else "at head")


class Ops:
    """The probes of this process."""

    def __init__(self, loops: Sequence[Loop], database: DatabaseCheck) -> None:
        """Report on these loops, and on the database by this check."""
        self.stopping = False
        """Set at the start of a graceful stop: the process is alive, and no longer ready."""
        self._loops = loops
        self._database = database

    def routes(self) -> list[Route]:
        """Return the three bare routes."""
        return [
            Route("/livez", self.livez, methods=["GET", "HEAD"]),
            Route("/readyz", self.readyz, methods=["GET", "HEAD"]),
            Route("/metrics", self.metrics, methods=["GET", "HEAD"]),
        ]

    async def livez(self, _request: Request) -> Response:
        """Answer 200 while all loops turn, 503 when the process must be restarted."""
        return _answer([loop.live() for loop in self._loops])

    async def readyz(self, _request: Request) -> Response:
        """Answer 200 when the process has everything that it needs."""
        checks = [Check("running", not self.stopping, "stopping" if self.stopping else "")]
        checks += await self._database()
        for loop in self._loops:
            checks += loop.ready()
        return _answer(checks)

    async def metrics(self, _request: Request) -> Response:
        """Answer with all metrics in Prometheus's text format."""
        for loop in self._loops:
            metrics.LOOP_AGE_SECONDS.labels(loop.name).set(loop.age_seconds())
        return Response(metrics.exposition(), headers={"content-type": metrics.CONTENT_TYPE})


def _answer(checks: Sequence[Check]) -> Response:
    ok = all(check.ok for check in checks)
    body = {"status": "ok" if ok else "failing", "checks": checks}
    return json_response(body, 200 if ok else 503, headers={"cache-control": "no-store"})
