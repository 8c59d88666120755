"""What became of each event of a delivery, as its log tells it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from plaudit.common.strict_json import InvalidJsonError
from plaudit.ingest.platforms.adapter import Adapter, UnusableBodyError
from plaudit.ingest.platforms.pulled import PULL_HEADER, read_pulled
from plaudit.ingest.reviews.domain.decisions import Backfill
from plaudit.ingest.reviews.domain.instructions import NO_INSTRUCTION, Item, Noticed
from plaudit.ingest.sources.domain import KeyedSource

_PLACE: Final = re.compile(r"([A-Za-z_$][\w$-]*(?:(?:\.[A-Za-z_$][\w$-]*)|(?:\[(?:\d+|\.\.\.)\]))*): ")
BACKFILL_HEADER: Final = "plaudit-backfill"
"""Says of what a delivery tells that it happened long ago. It is stored, so that a replay says it too."""
SCRUBBED: Final = "Its body is gone, for something in it was erased."


_BACKFILLS: Final[Mapping[str, Backfill]] = {each.value: each for each in Backfill}


class Verdict(StrEnum):
    """What became of one event."""

    TAKEN = "taken"
    UNCHANGED = "unchanged"
    HELD = "held"
    IGNORED = "ignored"
    QUARANTINED = "quarantined"


class RevisedReview(msgspec.Struct, frozen=True):
    """A review, and those of its revisions that a delivery made."""

    review_id: UUID
    revisions: tuple[int, ...]


class EventVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a delivery, and what became of it."""

    index: int
    type: str | None
    """`create`, `edit`, `remove`, `restore`, `answer` or `noticed`; None where it could not be read."""
    external_id: str | None
    verdict: Verdict
    reason: str | None = None
    review_id: UUID | None = None
    revisions: tuple[int, ...] = ()
    """That the delivery made of its review; those of several events about one review stand with each of them."""


def stored_headers(headers: Mapping[str, str]) -> dict[bytes, bytes]:
    """Return the stored headers of a delivery as its adapter reads them."""
    return {name.encode("latin-1"): value.encode("latin-1", "replace") for name, value in headers.items()}


def backfill_of(headers: Mapping[str, str]) -> Backfill:
    """Return for which reviews of a delivery nobody is to be called."""
    return _BACKFILLS.get(headers.get(BACKFILL_HEADER, ""), Backfill.NONE)


def read_again(
    adapter: Adapter, source: KeyedSource, body: bytes, headers: Mapping[str, str]
) -> tuple[Sequence[Item], str | None]:
    """Return the events of a stored body as they are read today; or none, and why it cannot be read."""
    try:
        if PULL_HEADER in headers:
            return read_pulled(adapter, body, source, headers), None
        return adapter.read(body, source, stored_headers(headers)), None
    except (InvalidJsonError, UnusableBodyError) as error:
        return (), str(error)


def verdicts(
    items: Sequence[Item],
    set_aside: Mapping[Verdict, Sequence[tuple[int, str]]],
    reviews: Mapping[str, RevisedReview],
) -> list[EventVerdict]:
    """Return what became of the events of a delivery that is not refused as a whole.

    Args:
        items: its events, as they are read today.
        set_aside: verdict → index and reason of each event that was not taken.
        reviews: external id → the reviews that it is about, with what it made of them.
    """
    reasons = {index: (verdict, reason) for verdict, events in set_aside.items() for index, reason in events}
    count = max(len(items), max(reasons, default=-1) + 1)
    return [_verdict(index, items[index] if index < len(items) else None, reasons, reviews) for index in range(count)]


def _verdict(
    index: int,
    item: Item | None,
    reasons: Mapping[int, tuple[Verdict, str]],
    reviews: Mapping[str, RevisedReview],
) -> EventVerdict:
    kind, external_id = None, None
    if item is not None and not isinstance(item, NO_INSTRUCTION):
        kind, external_id = str(item.__struct_config__.tag), item.external_id
    found = reviews.get(external_id) if external_id is not None else None
    review_id = None if found is None else found.review_id
    if index in reasons:
        verdict, reason = reasons[index]
        return EventVerdict(
            index=index, type=kind, external_id=external_id, verdict=verdict, reason=reason, review_id=review_id
        )
    revisions = () if found is None else found.revisions
    if isinstance(item, Noticed):
        return EventVerdict(index=index, type=str(item.__struct_config__.tag), external_id=None, verdict=Verdict.TAKEN)
    verdict = Verdict.TAKEN if revisions else Verdict.UNCHANGED
    return EventVerdict(
        index=index, type=kind, external_id=external_id, verdict=verdict, review_id=review_id, revisions=revisions
    )


def external_ids(items: Sequence[Item]) -> list[str]:
    """Return the ids of the reviews that events are about, each once."""
    return list(dict.fromkeys(_ids(items)))


def _ids(items: Sequence[Item]) -> Iterator[str]:
    for item in items:
        if not isinstance(item, NO_INSTRUCTION):
            yield item.external_id


def pointer_of(reason: str) -> str | None:
    """Return the place that a reason names as a JSON Pointer within its event: `data.rating: …` is `/data/rating`."""
    found = _PLACE.match(reason)
    if found is None:
        return None
    steps = re.findall(r"[^.\[\]]+|\[\.\.\.\]", found[1])
    return "".join(f"/{'-' if step == '[...]' else step}" for step in steps)
