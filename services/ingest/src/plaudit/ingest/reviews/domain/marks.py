"""What lists ask of a review, as marks beside its words: so one index finds any combination.

The marks of a review may be some moments old. They only choose candidates: the review itself is asked again.
"""

from typing import Final

from plaudit.common.contracts.subjects import prefixes
from plaudit.ingest.reviews.domain.state import ReviewState

LOWEST_STARS: Final = 1
HIGHEST_STARS: Final = 5
MAX_MARK_CHARS: Final = 300
"""A longer one is cut: then several reviews have it, of which the filter takes the right ones."""


def marks(state: ReviewState, *, removed: bool) -> list[str]:
    """Return the marks of a review."""
    return [
        mark("source", state.source.id),
        mark("external", state.external_id),
        mark("kind", state.kind),
        mark("severity", state.severity),
        mark("language", state.spoken),
        mark("verified", state.verified),
        mark("origin", state.origin),
        mark("answered", state.answered_at is not None),
        mark("removed", removed),
        mark("stars", int(state.rating)),
        *(mark("subject", prefix) for prefix in prefixes(state.subject)),
        mark("check", state.check),
        *(mark("topic", topic) for topic in state.topics),
        *(mark("persona", persona) for persona in state.personas),
    ]


def mark(name: str, value: object) -> str:
    """Return the mark that a filter asks for."""
    return f"#{name}={value}"[:MAX_MARK_CHARS]


def star_marks(at_least: float | None, below: float | None) -> list[str]:
    """Return the marks of which a rating in a range has one; all of them without bounds."""
    first = LOWEST_STARS if at_least is None else max(LOWEST_STARS, int(at_least))
    last = HIGHEST_STARS if below is None else min(HIGHEST_STARS, int(below))
    return [mark("stars", stars) for stars in range(first, last + 1)]
