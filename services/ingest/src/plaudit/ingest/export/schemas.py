"""A review as a row of an exported file."""

from typing import Final

import msgspec

from plaudit.common.csv_cells import guarded
from plaudit.common.http.files import csv_cell
from plaudit.ingest.reviews.domain.state import Review

HEAD: Final = (
    *("id", "subject", "rating", "scale.min", "scale.max", "kind", "title", "text", "language", "published_at"),
    *("edited_at", "version", "verified", "origin", "url", "tags", "person"),
    *("answer.text", "answer.published_at", "answer.state"),
    *("severity", "stars", "removed", "revision", "changed_at", "review_id", "source_id"),
)
"""The names of the native format first, so that an import reads what it knows by name."""
_TEXTS: Final = frozenset(
    {"id", "subject", "title", "text", "language", "url", "tags", "person", "answer.text"},
)
"""What others have written, and a spreadsheet could take for a formula."""


def csv_row(review: Review) -> list[str]:
    """Return a review as cells in the order of `HEAD`; what it does not have is empty."""
    state = review.state
    answer = state.answer
    values: dict[str, object] = {
        "id": state.external_id,
        "subject": state.subject,
        "rating": state.raw_rating.value,
        "scale.min": state.raw_rating.min,
        "scale.max": state.raw_rating.max,
        "kind": state.kind.value,
        "title": state.title,
        "text": state.text,
        "language": state.language,
        "published_at": state.published_at,
        "edited_at": state.edited_at,
        "version": review.version,
        "verified": state.verified,
        "origin": state.origin.value,
        "url": state.url,
        "tags": msgspec.json.encode(state.tags).decode() if state.tags else None,
        "person": state.person,
        "answer.text": answer.text if answer else None,
        "answer.published_at": answer.published_at if answer else None,
        "answer.state": answer.state if answer else None,
        "severity": state.severity.value,
        "stars": state.rating,
        "removed": review.removed,
        "revision": review.revision,
        "changed_at": review.changed_at,
        "review_id": review.id,
        "source_id": review.source_id,
    }
    return [guarded(_cell(values[name])) if name in _TEXTS else _cell(values[name]) for name in HEAD]


def _cell(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else csv_cell(value)
