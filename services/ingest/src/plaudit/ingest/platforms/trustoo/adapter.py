"""Trustoo's review webhooks, as far as they are known: reviews that were deleted or hidden.

It signs a canonical form of the body that is not known, so the secret is in the address. Of new and changed reviews
only the frame is known: they are quarantined, with all that they hold, until their fields are.
"""

from typing import Final

from plaudit.ingest.platforms.adapter import Adapter, Tells, UnusableBodyError
from plaudit.ingest.platforms.payload import Fields, expect, read_events
from plaudit.ingest.platforms.proofs import PathToken
from plaudit.ingest.reviews.domain.instructions import Item, Quarantined, RemoveReview
from plaudit.ingest.sources.domain import KeyedSource

SHOP: Final = "my_shopify_domain"
OF_A_REMOVAL: Final = frozenset({"id", SHOP})


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read the reviews of one event."""
    found = expect(body, "list")["list"]
    if not isinstance(found, list) or not all(SHOP in row for row in found if isinstance(row, dict)):
        raise UnusableBodyError(f'expected "list" to be an array of objects with "{SHOP}"')
    return read_events(found, source, _read, "list")


def _read(review: Fields) -> Item:
    external_id = review.id("id")
    if review.names() != OF_A_REMOVAL:
        return Quarantined(f"only a removal can be read, which has {' and '.join(sorted(OF_A_REMOVAL))} and no more")
    return RemoveReview(external_id=external_id)


ADAPTER = Adapter(
    platform="trustoo",
    title="Trustoo",
    proof=PathToken(id_header=b"open-trustoo-webhook-requestid"),
    known="shape",
    tells=Tells(removals="push"),
    normalise=normalise,
    members=("list",),
)
