"""How what was pulled is read, the first time and whenever its delivery is read again.

A page is read by the platform's adapter, as a webhook is. That a review is missing is a document of ours, of the form
`{"missing": ["r-1"], "because": "…"}`. The stored header `plaudit-pull` says which of both a delivery is; no sender of
a webhook can set it, for no hook stores it.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from plaudit.ingest.platforms.adapter import Adapter
from plaudit.ingest.reviews.domain.instructions import Item, RemoveReview
from plaudit.ingest.sources.domain import KeyedSource

PULL_HEADER: Final = "plaudit-pull"
PAGE: Final = "page"
MISSING: Final = "missing"


class _Missing(msgspec.Struct, frozen=True):
    missing: tuple[str, ...]
    because: str


def missing_document(external_ids: Iterable[str], because: str) -> bytes:
    """Return the document that reviews are no longer there."""
    return msgspec.json.encode(_Missing(tuple(external_ids), because))


def read_pulled(adapter: Adapter, body: bytes, source: KeyedSource, stored_headers: Mapping[str, str]) -> list[Item]:
    """Return one item for each event of a delivery that was pulled.

    Raises:
        InvalidJsonError: as `Adapter.read`.
        UnusableBodyError: as `Adapter.read`.
    """
    if stored_headers.get(PULL_HEADER) != MISSING:
        return adapter.read(body, source)
    return [RemoveReview(external_id=each) for each in msgspec.json.decode(body, type=_Missing).missing]
