"""A browser of staff at a service's stage, signed in with a key, and what its pages may hold."""

import re
from typing import Any

import httpx

from plaudit.common.api_keys import commands as api_keys
from plaudit.common.tenants import commands as tenants

OURS = {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}
"""Headers of a form of our own pages."""
_ZONE = re.compile(r'<script src="/static/[0-9a-f]+/zone\.js" data-zone="[A-Za-z_/+-]*" defer></script>')


def without_zone(page: str) -> str:
    """Return a page of the console without the one script that each has: it tells the zone of the browser."""
    return _ZONE.sub("", page, count=1)


async def signed_in(stage: Any, *scopes: str, tenant: str = "default") -> httpx.AsyncClient:
    """A browser that is signed in with a key of these scopes."""
    async with stage.common.transaction() as tx:
        await tenants.create(tx, tenant, tenant.title())
        key = await api_keys.create(tx, tenant, "page", scopes)
    browser: httpx.AsyncClient = stage.plain_client(accept="text/html")
    answer = await browser.post("/sign-in", data={"key": key}, headers=OURS)
    assert answer.status_code == 303
    return browser
