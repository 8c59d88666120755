"""Trustpilot's private interface v1: the service reviews of a business unit, with the company's replies.

No webhook tells of a reply, and no filter of a change: so the last 30 days are always listed, and all of them daily.
"""

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

import msgspec

from plaudit.ingest.platforms.interface import (
    Ask,
    Interface,
    Limit,
    Name,
    Secret,
    Token,
    Walk,
    instant,
    page_of,
    rows,
    text,
    token_form,
)

PAGE_SIZE: Final = 100
"""The most that the interface gives."""


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An application of Trustpilot, and the business unit."""

    api_key: Secret
    api_secret: Secret
    business_unit_id: Name
    business_user_id: Name | None = None
    """In whose name answers are given."""


class Trustpilot(Interface):
    """The service reviews of one business unit, the newest first."""

    origin = "https://api.trustpilot.com"
    origin_of_tokens = "https://api.trustpilot.com"
    credentials: ClassVar[type[msgspec.Struct]] = Credentials
    limit = Limit(requests=400, seconds=300)
    every = timedelta(minutes=30)
    order = "published"
    look_back = timedelta(days=30)

    def token(self, credentials: Credentials, now: datetime) -> Token | Ask:
        """Return the request for a token; it lasts 100 hours, and asking too often is answered 429."""
        basic = b64encode(f"{credentials.api_key}:{credentials.api_secret}".encode()).decode()
        address = f"{self.origin_of_tokens}/v1/oauth/oauth-business-users-for-applications/accesstoken"
        return token_form(address, {"authorization": f"Basic {basic}"}, grant_type="client_credentials")

    def first(self, credentials: Credentials, walk: Walk) -> Ask:
        """Ask for the newest reviews."""
        return self._page(credentials, 1)

    def following(self, credentials: Credentials, walk: Walk, asked: Ask, document: Mapping[str, Any]) -> Ask | None:
        """Ask for the next page; the one past the end is empty."""
        entries = self.entries(document)
        times = [at for _, at in entries if at is not None]
        if not entries or (walk.since is not None and times and min(times) < walk.since):
            return None
        return self._page(credentials, int(asked.params["page"]) + 1)

    def entries(self, document: Mapping[str, Any]) -> list[tuple[str | None, datetime | None]]:
        """Return ids and times of creation."""
        return [(text(row, "id"), instant(text(row, "createdAt"))) for row in rows(document, "reviews")]

    def _page(self, credentials: Credentials, number: int) -> Ask:
        base = f"{self.origin}/v1/private/business-units/{credentials.business_unit_id}/reviews"
        return page_of(base, page=number, perPage=PAGE_SIZE, orderBy="createdat.desc")


INTERFACE = Trustpilot()
