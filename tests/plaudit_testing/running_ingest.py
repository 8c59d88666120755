"""Ingest in the test's own process: its application on our own server, its group commit, a real database."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx

from plaudit.common.api_keys import commands as api_keys
from plaudit.common.api_keys.domain import ALL_SCOPES
from plaudit.common.db import Database, Role
from plaudit.common.process import Parts, Resources
from plaudit.common.tenants import commands as tenants
from plaudit.ingest.main import build
from plaudit.ingest.settings import IngestSettings
from plaudit_testing.databases import PATIENT
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.runtime import running
from plaudit_testing.serving import serving
from plaudit_testing.vault import VAULT_KEYS
from plaudit_testing.webhooks import headers

DEFAULT = "default"
TABLES = ("deliveries", "reviews", "revisions", "outbox")


def created(external_id: str, rating: float = 4, **data: Any) -> dict[str, Any]:
    """A `review.created` that holds all it needs."""
    return {
        "type": "review.created",
        "data": {"id": external_id, "rating": rating, "published_at": "2026-02-14T10:15:30Z", **data},
    }


@dataclass(frozen=True)
class Source:
    """A source as its platform knows it."""

    id: str
    secret: str
    hook: str


@dataclass
class Ingest:
    """Asks and posts as teams and platforms do."""

    client: httpx.AsyncClient
    resources: Resources[IngestSettings]
    parts: Parts
    superuser: asyncpg.Connection
    """Sees and may change everything, as only a test may."""
    _keys: dict[str, str] = field(default_factory=dict)
    _making_key: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def key(self, tenant: str = DEFAULT, *scopes: str) -> str:
        """A key of the tenant with these scopes, all without any; makes the tenant where it is new."""
        wanted = " ".join((tenant, *scopes))
        async with self._making_key:
            if wanted not in self._keys:
                # Known to others once it is committed: a request that comes before would be refused.
                self._keys[wanted] = await self._make_key(tenant, scopes or (ALL_SCOPES,))
        return self._keys[wanted]

    async def _make_key(self, tenant: str, scopes: Sequence[str]) -> str:
        owner = Database(self.resources.settings, "common", Role.OWNER, pool_size=1)
        try:
            async with owner.transaction() as tx:
                await tenants.create(tx, tenant, tenant)
                return await api_keys.create(tx, tenant, "test", scopes)
        finally:
            await owner.close()

    async def get(self, path: str, tenant: str = DEFAULT, **params: Any) -> httpx.Response:
        """GET with a key of the tenant."""
        authorization = {"authorization": f"Bearer {await self.key(tenant)}"}
        return await self.client.get(path, params=params, headers=authorization)

    async def items(self, path: str, tenant: str = DEFAULT, **params: Any) -> list[dict[str, Any]]:
        """The items of a list's first page."""
        answer = await self.get(path, tenant, **params)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def pages(self, path: str, tenant: str = DEFAULT, **params: Any) -> list[list[dict[str, Any]]]:
        """All pages of a list, one after the other."""
        found: list[list[dict[str, Any]]] = []
        cursor: dict[str, str] = {}
        while True:
            answer = await self.get(path, tenant, **params, **cursor)
            assert answer.status_code == 200, answer.text
            found.append(answer.json()["items"])
            if answer.json()["next"] is None:
                return found
            cursor = {"cursor": answer.json()["next"]}

    async def source(self, tenant: str = DEFAULT, platform: str = "native", subject: str = "acme") -> Source:
        """Make a source over the API."""
        answer = await self.client.post(
            "/v1/sources",
            json={"name": f"{platform} of {subject}", "platform": platform, "subject": subject},
            headers={"authorization": f"Bearer {await self.key(tenant)}"},
        )
        assert answer.status_code == 201, answer.text
        made = answer.json()
        return Source(made["id"], made["secret"], made["hook"])

    async def post(self, source: Source, events: Any, sent_id: str | None = None) -> httpx.Response:
        """Post events, or a body in bytes, as the source's platform does: signed where it signs."""
        body = events if isinstance(events, bytes) else json.dumps(events).encode()
        return await self.send(source.hook, body, headers(source.secret, body, sent_id) if source.secret else {})

    async def send(
        self, path: str, body: bytes | AsyncIterator[bytes], with_headers: Mapping[Any, Any]
    ) -> httpx.Response:
        """Post anything to any address."""
        return await self.client.post(path, content=body, headers=with_headers)

    async def send_as_is(self, path: str, body: bytes, with_headers: Mapping[bytes, bytes]) -> httpx.Response:
        """Post with headers that a client library refuses to send."""
        head = [b"POST %b HTTP/1.1" % path.encode(), b"host: x", b"connection: close"]
        head += [b"%b: %b" % header for header in {b"content-length": b"%d" % len(body), **with_headers}.items()]
        reader, writer = await asyncio.open_connection(self.client.base_url.host, self.client.base_url.port)
        writer.write(b"\r\n".join(head) + b"\r\n\r\n" + body)
        told, _, content = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        status, *lines = told.split(b"\r\n")
        answered = [(name, value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
        return httpx.Response(int(status.split()[1]), headers=answered, content=content)

    def writing(self) -> int:
        """How many groups of deliveries are being written."""
        pool = self.resources.database(Role.HOOK)._driver_pool
        return 0 if pool is None else pool.get_size() - pool.get_idle_size()

    async def rows(self, sql: str, *arguments: Any) -> list[Any]:
        """Ask the database directly."""
        return list(await self.superuser.fetch(sql, *arguments))

    async def counts(self) -> dict[str, int]:
        """How many rows there are of each kind."""
        return {table: (await self.rows(f"SELECT count(*) FROM ingest.{table}"))[0][0] for table in TABLES}


def settings_for(dsn: str, **more: object) -> IngestSettings:
    """Settings that point at this database, whatever the environment says."""
    patient = {**PATIENT, **dict.fromkeys(("hook_answer_timeout_seconds", "source_cache_seconds"), DEADLINE_SECONDS)}
    always = {"database_url": dsn, "database_pool_size": 4, "vault_keys": VAULT_KEYS}
    return IngestSettings.model_validate({**always, **patient, **more})


@asynccontextmanager
async def running_ingest(dsn: str, *, through: str | None = None, **settings: object) -> AsyncIterator[Ingest]:
    """Ingest as its `api` command runs it, for the length of the block.

    `through` is the DSN that it reaches its database by, if not `dsn`: that of a proxy.
    """
    resources = Resources(settings_for(through or dsn, **settings), "ingest")
    parts = build(resources)
    assert parts.app is not None
    superuser = await asyncpg.connect(dsn)
    try:
        async with running(*(job for job in parts.jobs if job.with_api)), serving(parts.app) as client:
            yield Ingest(client, resources, parts, superuser)
    finally:
        await superuser.close()
        await resources.close()
