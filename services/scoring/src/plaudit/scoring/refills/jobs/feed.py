"""Reads of ingest's feed of revisions, over HTTP and page by page, what figures are made of."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol, TypeVar
from urllib.parse import urlencode

import msgspec

from plaudit.common.http_client import HttpAnswer, HttpClient, UnreachableError
from plaudit.scoring.rebuilds.domain import RebuildStoppedError
from plaudit.scoring.refills.domain import (
    MAX_PAGE_BYTES,
    MAX_PAGES_AT_ONCE,
    MAX_TRIES,
    PAGE_ITEMS,
    PAGE_TIMEOUT_SECONDS,
    RETRY_SECONDS,
    Page,
)

PATH: Final = "/v1/review-revisions/figures"
OK: Final = 200
UNAUTHORIZED: Final = 401
FORBIDDEN: Final = 403
TRANSIENT: Final = frozenset({408, 429, 500, 502, 503, 504})
PageType = TypeVar("PageType")


class Pages(Protocol):
    """What a refill reads: pages of what figures are made of, of some tenants."""

    @property
    def tenants(self) -> list[str]:
        """The tenants whose feeds can be read."""

    async def page(self, tenant_id: str, after: str | None) -> Page:
        """Return the page behind a place, or the first one.

        Raises:
            RebuildStoppedError: there is none to be had; the text says why and what to do.
        """


class Feed:
    """The feed at an address, asked for with the keys of some tenants."""

    def __init__(self, address: str, keys: dict[str, str]) -> None:
        """Ask nothing yet.

        Args:
            address: of the front door, such as `https://plaudit.example`.
            keys: tenant → a key of it that may read reviews.
        """
        self._address = address.rstrip("/")
        self._keys = keys
        self._client = HttpClient()
        self._free = asyncio.Semaphore(MAX_PAGES_AT_ONCE)

    @property
    def tenants(self) -> list[str]:
        """The tenants whose feeds can be read."""
        return sorted(self._keys)

    async def page(self, tenant_id: str, after: str | None) -> Page:
        """Return the page behind a place, or the first one, of what figures are made of.

        Raises:
            RebuildStoppedError: as `read`.
        """
        return await self.read(tenant_id, PATH, after, PAGE_ITEMS, MAX_PAGE_BYTES, _figures)

    async def read(
        self,
        tenant_id: str,
        path: str,
        after: str | None,
        limit: int,
        max_bytes: int,
        decode: Callable[[bytes], PageType],
    ) -> PageType:
        """Return a page of a feed.

        Args:
            tenant_id: whose.
            path: of the feed.
            after: the place that it lies behind; None: the first one.
            limit: how many items it has at most.
            max_bytes: more than the largest page has.
            decode: makes it of what is answered; it raises `msgspec.MsgspecError` where that is no page.

        Raises:
            RebuildStoppedError: there is none to be had; the text says why and what to do.
        """
        query = urlencode({"limit": limit, **({} if after is None else {"after": after})})
        said = ""
        for left in reversed(range(MAX_TRIES)):
            try:
                answer = await self._ask(f"{self._address}{path}?{query}", tenant_id, max_bytes)
            except UnreachableError as error:
                said = str(error)
            else:
                if answer.status not in TRANSIENT:
                    return self._decoded(answer, tenant_id, path, decode)
                said = f"it answered {answer.status}"
            if left:
                await asyncio.sleep(RETRY_SECONDS)
        raise RebuildStoppedError(
            f"the feed at {self._address}{path} cannot be read now: {said}; run this again, it goes on from here"
        )

    async def _ask(self, url: str, tenant_id: str, max_bytes: int) -> HttpAnswer:
        async with self._free:
            return await self._client.ask(
                "GET",
                url,
                headers={"authorization": f"Bearer {self._keys[tenant_id]}", "accept": "application/json"},
                max_bytes=max_bytes,
                timeout_seconds=PAGE_TIMEOUT_SECONDS,
            )

    def _decoded(self, answer: HttpAnswer, tenant_id: str, path: str, decode: Callable[[bytes], PageType]) -> PageType:
        if answer.status in {UNAUTHORIZED, FORBIDDEN}:
            raise RebuildStoppedError(
                f"the feed refuses the key of the tenant {tenant_id} ({answer.status}): make another one with "
                f"`plaudit keys create --tenant {tenant_id} --name refill --scopes reviews:read`, put it into the "
                "file, and run this again, it goes on from here"
            )
        if answer.status != OK:
            raise RebuildStoppedError(
                f"{self._address}{path} answered {answer.status} in place of the feed: name the address of the front "
                "door, such as https://plaudit.example"
            )
        try:
            return decode(answer.body)
        except msgspec.MsgspecError as error:
            raise RebuildStoppedError(
                f"what {self._address}{path} answers is not the feed of this version ({error}): name the address of "
                "the front door, and upgrade ingest before scoring"
            ) from error

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()


def _figures(body: bytes) -> Page:
    return msgspec.json.decode(body, type=Page)
