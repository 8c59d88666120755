"""Google Business Profile's interface v4: lists of reviews by their last change, and single reviews."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Final

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from plaudit.ingest.platforms.google_business.adapter import NAME
from plaudit.ingest.platforms.interface import (
    Ask,
    Interface,
    Limit,
    Secret,
    Token,
    Walk,
    instant,
    page_of,
    rows,
    text,
    token_form,
)

PAGE_SIZE: Final = 50
"""The most that the interface gives."""
Location = Annotated[str, Meta(pattern=r"^accounts/[A-Za-z0-9_-]{1,64}/locations/[A-Za-z0-9_-]{1,64}\Z")]


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An OAuth client, what its user has granted, and the locations."""

    client_id: Secret
    client_secret: Secret
    refresh_token: Secret
    locations: Annotated[tuple[Location, ...], Meta(min_length=1, max_length=50)]


class GoogleBusiness(Interface):
    """The reviews of up to 50 locations, one after the other."""

    origin = "https://mybusiness.googleapis.com"
    origin_of_tokens = "https://oauth2.googleapis.com"
    credentials: ClassVar[type[msgspec.Struct]] = Credentials
    limit = Limit(requests=120, seconds=60)
    every = timedelta(minutes=15)
    order = "changed"
    look_back = timedelta(minutes=10)

    def read_credentials(self, written: object) -> msgspec.Struct:
        """Return the credentials, with each location once: the way through them goes from one to the next."""
        found = super().read_credentials(written)
        assert isinstance(found, Credentials)
        return replace(found, locations=tuple(dict.fromkeys(found.locations)))

    def token(self, credentials: Credentials, now: datetime) -> Token | Ask:
        """Return the request that exchanges the refresh token."""
        return token_form(
            f"{self.origin_of_tokens}/token",
            grant_type="refresh_token",
            client_id=credentials.client_id,
            client_secret=credentials.client_secret,
            refresh_token=credentials.refresh_token,
        )

    def first(self, credentials: Credentials, walk: Walk) -> Ask:
        """Ask for the first page of the first location."""
        return self._page(credentials.locations[0], None)

    def following(self, credentials: Credentials, walk: Walk, asked: Ask, document: Mapping[str, Any]) -> Ask | None:
        """Ask for the next page of the location, or the first one of the next location."""
        location = asked.url.removeprefix(f"{self.origin}/v4/").partition("/reviews?")[0]
        token = text(document, "nextPageToken")
        changes = [at for _, at in self.entries(document) if at is not None]
        is_past = walk.since is not None and bool(changes) and min(changes) < walk.since
        if token is not None and not is_past:
            return self._page(location, token)
        later = credentials.locations[credentials.locations.index(location) + 1 :]
        return self._page(later[0], None) if later else None

    def entries(self, document: Mapping[str, Any]) -> list[tuple[str | None, datetime | None]]:
        """Return names and last changes; a review that was asked for by its name is a page of one."""
        found = [document] if "starRating" in document else rows(document, "reviews")
        return [(text(row, "name"), instant(text(row, "updateTime"))) for row in found]

    def expected(self, asked: Ask, document: Mapping[str, Any]) -> int:
        """Return `totalReviewCount`."""
        total = document.get("totalReviewCount")
        return total if isinstance(total, int) and "pageToken" not in asked.params else 0

    def one(self, credentials: Credentials, name: str) -> Ask | None:
        """Ask for a review of one of the locations. 404 says that it is gone."""
        if not NAME.fullmatch(name) or name.partition("/reviews/")[0] not in credentials.locations:
            return None
        return Ask(url=f"{self.origin}/v4/{name}")

    def _page(self, location: str, token: str | None) -> Ask:
        base = f"{self.origin}/v4/{location}/reviews"
        return page_of(base, pageSize=PAGE_SIZE, orderBy="updateTime desc", pageToken=token)


INTERFACE = GoogleBusiness()
