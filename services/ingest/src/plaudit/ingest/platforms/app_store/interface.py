"""App Store Connect's interface v1: the customer reviews of an app, the newest first."""

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
    linked,
    page_of,
    private_key,
    rows,
    signed,
    text,
)

PAGE_SIZE: Final = 200
"""The most that the interface gives."""
AUDIENCE: Final = "appstoreconnect-v1"
TOKEN_LASTS: Final = timedelta(minutes=15)
"""Apple takes 20 minutes at most."""


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key of App Store Connect, and the app."""

    issuer_id: Name
    key_id: Name
    private_key: Secret
    """The file AuthKey_….p8."""
    app_id: Name


class AppStore(Interface):
    """The reviews of one app. An edit or an answer moves none of them up, so the last 30 days are always listed."""

    origin = "https://api.appstoreconnect.apple.com"
    credentials: ClassVar[type[msgspec.Struct]] = Credentials
    limit = Limit(requests=1_200, seconds=3_600)
    every = timedelta(minutes=30)
    order = "published"
    look_back = timedelta(days=30)

    def read_credentials(self, written: object) -> msgspec.Struct:
        """Return the credentials; the key must be one that ES256 signs with."""
        found = super().read_credentials(written)
        assert isinstance(found, Credentials)
        private_key(found.private_key, "ES256")
        return found

    def token(self, credentials: Credentials, now: datetime) -> Token | Ask:
        """Return a token that we sign ourselves."""
        claims = {"iss": credentials.issuer_id, "aud": AUDIENCE}
        header = {"kid": credentials.key_id, "typ": "JWT"}
        value = signed(credentials.private_key, "ES256", header, claims, now, TOKEN_LASTS)
        return Token(value, now + TOKEN_LASTS)

    def first(self, credentials: Credentials, walk: Walk) -> Ask:
        """Ask for the newest reviews, with their responses."""
        base = f"{self.origin}/v1/apps/{credentials.app_id}/customerReviews"
        return page_of(base, include="response", sort="-createdDate", limit=PAGE_SIZE)

    def following(self, credentials: Credentials, walk: Walk, asked: Ask, document: Mapping[str, Any]) -> Ask | None:
        """Follow the page's own link, until the reviews are older than what is asked for."""
        times = [at for _, at in self.entries(document) if at is not None]
        if walk.since is not None and times and min(times) < walk.since:
            return None
        links = document.get("links")
        return linked(self.origin, links.get("next") if isinstance(links, dict) else None)

    def entries(self, document: Mapping[str, Any]) -> list[tuple[str | None, datetime | None]]:
        """Return ids and times of creation."""
        found = rows(document, "data")
        return [(text(row, "id"), instant(text(row, "attributes", "createdDate"))) for row in found]

    def expected(self, asked: Ask, document: Mapping[str, Any]) -> int:
        """Return `meta.paging.total`."""
        meta = document.get("meta")
        paging = meta.get("paging") if isinstance(meta, dict) else None
        total = paging.get("total") if isinstance(paging, dict) else None
        return total if isinstance(total, int) and "cursor" not in asked.params else 0


INTERFACE = AppStore()
