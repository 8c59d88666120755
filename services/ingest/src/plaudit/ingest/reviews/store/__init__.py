"""Every statement that reads reviews and their revisions, and that which adds what the company did.

`hooks/store/` writes what platforms say, in the transaction of a group of deliveries.
"""

from plaudit.ingest.reviews.store.listing import Count, Found, count, page
from plaudit.ingest.reviews.store.reading import get, history, read_state, some, source_choices, stored
from plaudit.ingest.reviews.store.writing import add_revision

__all__ = [
    "Count",
    "Found",
    "add_revision",
    "count",
    "get",
    "history",
    "page",
    "read_state",
    "some",
    "source_choices",
    "stored",
]
