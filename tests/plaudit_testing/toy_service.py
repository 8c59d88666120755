"""A service that needs neither database nor broker, and may misbehave: for tests of how processes run and stop.

`python -m plaudit_testing.toy_service api|jobs|all`. A request is answered by a loop that belongs to the API, as in a
group commit; its body, an id, is written to a file when the request reaches its handler.
"""

import asyncio
import time
from pathlib import Path

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plaudit.common.http import create_app, json_response, read_body
from plaudit.common.jobs import Loop
from plaudit.common.process import Parts, Resources, Service, main
from plaudit.common.settings import Settings

WORK_SECONDS = 0.03
HANG_SECONDS = 3_600.0

log = structlog.get_logger()


class ToySettings(Settings):
    """How the toy behaves."""

    toy_seen: Path = Path("/dev/null")
    """Gets one line for each request that reached its handler."""
    toy_worker: str = "good"
    """good, raises, returns, hangs (when stopped) or blocks (the whole event loop, when stopped)."""


class Answering(Loop):
    """Answers requests some time after they came, in groups."""

    with_api = True

    def __init__(self) -> None:
        super().__init__("answering")
        self.waiting: list[asyncio.Future[None]] = []

    async def run(self, stop: asyncio.Event) -> None:
        """Turn until stopped; whoever waits then is answered still."""
        while not stop.is_set() or self.waiting:
            self.beat()
            await asyncio.sleep(WORK_SECONDS)
            group, self.waiting = self.waiting, []
            for each in group:
                each.set_result(None)
        log.info("loop_stopped", loop=self.name, count=len(self.waiting))


class Worker(Loop):
    """A job that behaves as the settings say."""

    def __init__(self, behaviour: str) -> None:
        super().__init__("worker")
        self._behaviour = behaviour

    async def run(self, stop: asyncio.Event) -> None:
        """Misbehave, at once or when stopped."""
        if self._behaviour == "raises":
            raise RuntimeError("the worker is broken")
        if self._behaviour == "returns":
            return
        await stop.wait()
        if self._behaviour == "hangs":
            await asyncio.sleep(HANG_SECONDS)
        if self._behaviour == "blocks":
            time.sleep(HANG_SECONDS)  # noqa: ASYNC251 - blocking the event loop is the point
        log.info("loop_stopped", loop=self.name)


def build(resources: Resources[ToySettings]) -> Parts:
    """Make the toy's parts."""
    answering = Answering()

    async def work(request: Request) -> Response:
        id_ = await read_body(request, 100)
        with resources.settings.toy_seen.open("ab") as file:
            file.write(id_ + b"\n")
        done = asyncio.get_running_loop().create_future()
        answering.waiting.append(done)
        await done
        return json_response({"id": id_.decode()}, 202)

    async def close() -> None:
        log.info("closing")

    app = create_app(
        title="Toy",
        service="common",
        description="For tests.",
        resources=resources,
        routers=(),
        bare_routes=[Route("/v1/work", work, methods=["POST"])],
    )
    return Parts(app=app, jobs=[answering, Worker(resources.settings.toy_worker)], closing=[close])


TOY = Service(name="common", settings=ToySettings, build=build, has_outbox=False, log_fields=frozenset({"count"}))

if __name__ == "__main__":
    main(TOY)
