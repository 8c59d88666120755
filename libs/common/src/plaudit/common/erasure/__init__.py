"""Erasure in the services that read of it: what was erased is noted, scrubbed everywhere, and checked on each write."""

from plaudit.common.erasure.commands import carry_on, erased_persons, erased_reviews, note, note_reviews, scrub_values
from plaudit.common.erasure.domain import REVIEW_ERASED, RUNTIME_STORES, Erased, Erasure, Kind

__all__ = [
    "REVIEW_ERASED",
    "RUNTIME_STORES",
    "Erased",
    "Erasure",
    "Kind",
    "carry_on",
    "erased_persons",
    "erased_reviews",
    "note",
    "note_reviews",
    "scrub_values",
]
