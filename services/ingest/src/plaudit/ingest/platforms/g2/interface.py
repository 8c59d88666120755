"""G2's interface v2: the reviews of a product that were changed since, and then those that were removed."""

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
    linked,
    page_of,
    rows,
    text,
)

PAGE_SIZE: Final = 100
REMOVED: Final = "filter[removed]"


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token with the scope `products.reviews.read`, and the product."""

    token: Secret
    product_id: Name
    """Its id, or its slug."""


class G2(Interface):
    """The reviews of one product. Removed ones have a list of their own: nothing is concluded from what is missing."""

    origin = "https://data.g2.com"
    credentials: ClassVar[type[msgspec.Struct]] = Credentials
    limit = Limit(requests=600, seconds=60)
    every = timedelta(hours=1)
    complete_every = None
    order = "none"
    look_back = timedelta(minutes=10)

    def token(self, credentials: Credentials, now: datetime) -> Token | Ask:
        """Return the token that the account was given; it has no end that we know."""
        return Token(credentials.token, now + timedelta(days=1))

    def first(self, credentials: Credentials, walk: Walk) -> Ask:
        """Ask for what was changed since."""
        return self._page(credentials, walk)

    def following(self, credentials: Credentials, walk: Walk, asked: Ask, document: Mapping[str, Any]) -> Ask | None:
        """Follow the page's own link; after the last page, ask for what was removed."""
        links = document.get("links")
        following = linked(self.origin, links.get("next") if isinstance(links, dict) else None)
        if following is not None or REMOVED in asked.params:
            return following
        return self._page(credentials, walk, **{REMOVED: "true"})

    def entries(self, document: Mapping[str, Any]) -> list[tuple[str | None, datetime | None]]:
        """Return ids; pages are in no order that counts."""
        return [(text(row, "id"), None) for row in rows(document, "data")]

    def _page(self, credentials: Credentials, walk: Walk, **more: str) -> Ask:
        since = None if walk.since is None else walk.since.isoformat()
        base = f"{self.origin}/api/v2/products/{credentials.product_id}/reviews"
        return page_of(base, **{"page[size]": PAGE_SIZE, "filter[updated_at_gt]": since, **more})


INTERFACE = G2()
