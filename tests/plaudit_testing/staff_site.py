"""An application with pages for staff, on a database of the tests' own service, with a mailbox: fixtures and types."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import uuid4

import httpx
import pytest
from fastapi import APIRouter, Depends

from plaudit.common import administration, sessions
from plaudit.common.api_keys import commands as api_keys
from plaudit.common.db import Database, Role
from plaudit.common.http import Api, Principal, TenantTx, authorize, create_app
from plaudit.common.people import commands as people
from plaudit.common.people.domain import Account
from plaudit.common.people.domain import Role as PersonRole
from plaudit.common.process import Resources
from plaudit.common.sessions import commands, staff
from plaudit.common.tenants import commands as tenants
from plaudit_testing.databases import TESTING, settings_for
from plaudit_testing.mailbox import Mailbox, open_mailbox
from plaudit_testing.runtime import until
from plaudit_testing.runtime_fixtures import testing_url, worker_database
from plaudit_testing.serving import serving

__all__ = ["browser", "mailbox", "more_settings", "site", "testing_url", "worker_database"]

OURS = {"sec-fetch-site": "same-origin"}
EMAIL = "ada@example.com"

pages = APIRouter(include_in_schema=False)


@pages.get("/")
async def page(
    principal: Annotated[Principal, Depends(staff("clocks:read", "alerts:read"))], tx: TenantTx
) -> list[int]:
    assert principal.tenant_id
    return [row["id"] for row in await tx.raw.fetch("SELECT id FROM things ORDER BY id")]


@pages.post("/things/{number}")
async def add(number: int, principal: Annotated[Principal, Depends(staff("alerts:write"))], tx: TenantTx) -> str:
    await tx.raw.execute("INSERT INTO things VALUES ($1, $2)", principal.tenant_id, number)
    return principal.actor


@pages.post("/v1/things/{number}")
async def add_by_api(number: int, principal: Annotated[Principal, Depends(authorize("alerts:write"))]) -> str:
    return f"{principal.actor} {number}"


@dataclass
class Site:
    """The application, the database as the owner of `common`, and what both may be asked for."""

    app: Api
    owner: Database
    resources: Resources[Any]
    mailbox: Mailbox
    new_browser: Callable[[], Awaitable[httpx.AsyncClient]]

    async def key(self, *scopes: str, tenant_id: str = "default") -> str:
        async with self.owner.transaction() as tx:
            await tenants.create(tx, tenant_id, tenant_id.title())
            return await api_keys.create(tx, tenant_id, "page", scopes)

    async def account(
        self, role: PersonRole = PersonRole.VIEWER, email: str = EMAIL, tenant_id: str = "default"
    ) -> Account:
        async with self.owner.transaction() as tx:
            await tenants.create(tx, tenant_id, tenant_id.title())
            return await people.create(tx, tenant_id, uuid4(), email, "Ada", role)

    async def link(self, person: Account, minutes: float = 15) -> str:
        async with self.owner.transaction() as tx:
            return (await commands.new_link(tx, person, timedelta(minutes=minutes))).path

    async def signed_in(self, person: Account) -> httpx.AsyncClient:
        browser = await self.new_browser()
        answer = await browser.post(await self.link(person), headers=OURS)
        assert (answer.status_code, answer.headers["location"]) == (303, "/console")
        return browser

    async def move(self, interval: str) -> None:
        """Move the clock of every transaction."""
        async with self.owner.transaction() as tx:
            await tx.raw.execute(
                "INSERT INTO common.clock_offset (moved_by) VALUES ($1::text::interval) "
                "ON CONFLICT (one) DO UPDATE SET moved_by = excluded.moved_by",
                interval,
            )

    async def settled(self) -> None:
        """Wait until nothing is left to do behind answers that were sent."""
        await until(lambda: self.app.built_edge().in_progress == 0, "the end of all requests")

    def see_anew(self) -> None:
        """Let the process look up again what it has cached."""
        self.app.state.staff_sessions._cache.clear()


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with open_mailbox() as opened:
        yield opened


@pytest.fixture
def more_settings() -> dict[str, object]:
    """Settings that a test overrides."""
    return {}


@pytest.fixture
async def site(testing_url: str, mailbox: Mailbox, more_settings: dict[str, object]) -> AsyncIterator[Site]:
    settings = settings_for(testing_url).model_copy(
        update={"test_clock": True, "smtp_host": "127.0.0.1", "smtp_port": mailbox.port, **more_settings}
    )
    resources = Resources(settings, TESTING)
    app = create_app(
        title="t",
        service=TESTING,
        description="",
        resources=resources,
        routers=[pages, sessions.router, administration.router],
        pages=True,
        staff_sessions=sessions.staff_sessions(resources),
    )
    owner = Database(settings, "common", Role.OWNER, pool_size=2)
    browsers: list[httpx.AsyncClient] = []
    async with serving(app) as first:

        async def new_browser() -> httpx.AsyncClient:
            browsers.append(
                httpx.AsyncClient(base_url=first.base_url, timeout=first.timeout, headers={"accept": "text/html"})
            )
            return browsers[-1]

        yield Site(app, owner, resources, mailbox, new_browser)
        for browser in browsers:
            await browser.aclose()
    await owner.close()
    await resources.close()


@pytest.fixture
async def browser(site: Site) -> httpx.AsyncClient:
    return await site.new_browser()
