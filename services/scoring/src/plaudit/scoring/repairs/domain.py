"""What of ingest's feed insight and answers keep, and how far a repair has come.

The feed tells every revision of every review, with its number. By that number both groups put changes into order, so
they need nothing of a revision's own event, and a page of the feed is to them one more batch that came late: what they
keep is as new afterwards as before, or newer.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from plaudit.common.contracts.subjects import is_subject
from plaudit.common.numerals import counted
from plaudit.scoring.answers.domain.life import Revision, revision_of
from plaudit.scoring.answers.domain.review import AnswerableChange
from plaudit.scoring.history.domain import ERASED_TYPE
from plaudit.scoring.insight.domain.kept import Kept, kept_of
from plaudit.scoring.insight.domain.review import SaidChange
from plaudit.scoring.rebuilds.domain import RebuildStoppedError
from plaudit.scoring.refills.domain import Position
from plaudit.scoring.sources.domain import Source, latest
from plaudit.scoring.sums.domain.decay import unix_us

PAGE_ITEMS: Final = 200
"""Of a page, which is taken in one transaction: each review writes a dozen rows, and that is to be short."""
MAX_PAGE_BYTES: Final = 64 * 2**20
"""More than the longest texts make, of which each item holds two."""
STEP_REVIEWS: Final = 2_000
"""That are noted in one transaction."""
GONE_OF_A_STEP: Final = 200
MAX_STEP_TRIES: Final = 4
"""Of one step, where the database fails for a time, or a group has just kept the same new review."""
RETRY_SECONDS: Final = 2.0
LEASE: Final = timedelta(seconds=60)
"""For so long after its last step, nobody else goes on with a repair. No step takes longer."""
MAX_WAIT_SECONDS: Final = 30.0
"""For the feed to come as far as both groups."""
POLL_SECONDS: Final = 0.1
FIRST_ID: Final = UUID(int=0)


class SaidRevision(SaidChange, frozen=True, gc=False, kw_only=True):
    """A revision as the feed tells it, as far as insight reads it."""

    type: str
    known_at: datetime
    erased: bool


class AnswerableRevision(AnswerableChange, frozen=True, gc=False, kw_only=True):
    """A revision as the feed tells it, as far as answers read it. It does not tell whether answers are told."""

    type: str
    known_at: datetime
    erased: bool


class SaidPage(msgspec.Struct, frozen=True):
    """A page of the feed, to insight."""

    items: list[SaidRevision]
    position: Position
    next: str | None


class AnswerablePage(msgspec.Struct, frozen=True):
    """The same page, to answers."""

    items: list[AnswerableRevision]


class KeptChange(NamedTuple):
    """A revision, and what insight keeps of the review after it."""

    change: SaidChange
    kept: Kept | None


class FedPage(NamedTuple):
    """What a page tells, and its place."""

    after: str | None
    """The place that it lies behind; None: it is the first one."""
    next: str | None
    """The place of the one that follows; None: it is the last one."""
    position: Position
    review_ids: frozenset[UUID]
    """Of which it tells anything."""
    revisions: int
    said: Sequence[KeptChange]
    lives: Mapping[UUID, Sequence[Revision]]
    sources: Sequence[Source]
    erased: Mapping[str, datetime]
    """Review → when it was erased, where the page tells the erasure itself."""
    refused: int
    """How many revisions insight or answers can keep nothing of; their groups set these aside, too."""


class Stage(IntEnum):
    """How far a tenant is. It is stored."""

    NOTING = 0
    """Which reviews are kept."""
    READING = 1
    """The feed."""
    CLEARING = 2
    """What is kept of reviews that the feed does not tell of."""
    DONE = 3


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How far a tenant is."""

    tenant_id: str
    stage: Stage
    after: str | None
    """The place of the next page; None before the first one."""


class GroupPlace(NamedTuple):
    """The last record of a partition that a group has applied."""

    partition: int
    epoch: int
    sequence: int


class RepairProgress(msgspec.Struct, frozen=True):
    """How far a repair has come."""

    revisions: int
    """That were read."""
    refused: int
    """Of these, that nothing can be kept of."""
    gone: int
    """Reviews that were kept, and that the feed does not know."""
    damaged: int
    """Reviews that were kept otherwise than the same revision in the feed, and were replaced; each page counts its."""
    tenants_done: int
    tenants: int

    @property
    def in_words(self) -> str:
        """Say how far it is."""
        damaged = f", {counted(self.damaged, 'damaged review')}" if self.damaged else ""
        return (
            f"{counted(self.revisions, 'revision')}{damaged}, {self.tenants_done} of {counted(self.tenants, 'tenant')}"
        )


def read_page(tenant_id: str, after: str | None, body: bytes) -> FedPage:
    """Return what a page of a tenant's feed tells.

    What an item of an erased review tells is nothing, but for the erasure itself.

    Args:
        tenant_id: whose.
        after: the place that it lies behind.
        body: as it was answered.

    Raises:
        msgspec.MsgspecError: it is no page.
    """
    page = msgspec.json.decode(body, type=SaidPage)
    answerable = msgspec.json.decode(body, type=AnswerablePage)
    said, lives, refused = [], dict[UUID, list[Revision]](), 0
    for item, same in zip(page.items, answerable.items, strict=True):
        if item.erased and item.type != ERASED_TYPE:
            continue
        try:
            kept = _kept(item)
            revision = _revision(same)
        except ValueError:
            refused += 1
            continue
        said.append(KeptChange(item, kept))
        if revision is not None:
            lives.setdefault(UUID(item.review_id), []).append(revision)
    return FedPage(
        after=after,
        next=page.next,
        position=page.position,
        review_ids=frozenset(UUID(item.review_id) for item in page.items),
        revisions=len(page.items),
        said=said,
        lives=lives,
        sources=latest(source for item in page.items if (source := _source(tenant_id, item)) is not None),
        erased={item.review_id: item.known_at for item in page.items if item.type == ERASED_TYPE},
        refused=refused,
    )


def reaches(position: Position, places: Sequence[GroupPlace]) -> bool:
    """Return whether a feed tells of all that groups have applied.

    What a group has applied of an earlier epoch was published before this one began.

    Raises:
        RebuildStoppedError: a group is in a later epoch, so the feed is not of the bus that it reads.
    """
    later = [place for place in places if place.epoch > position.epoch]
    if later:
        raise RebuildStoppedError(
            f"the feed numbers its events in epoch {position.epoch}, and scoring reads epoch {later[0].epoch}: name "
            "the address of the same installation, and run this again"
        )
    return all(
        place.sequence <= position.sequences.get(str(place.partition), 0)
        for place in places
        if place.epoch == position.epoch
    )


def _kept(item: SaidRevision) -> Kept | None:
    kept = kept_of(item.after)
    if kept is not None and not is_subject(kept.subject):
        raise ValueError(f"{kept.subject[:64]!r} is no subject")
    return kept


def _revision(item: AnswerableRevision) -> Revision | None:
    """Return what a revision is to answers. The feed tells no state of an erased review, not even that it had one."""
    if item.type == ERASED_TYPE:
        return Revision(item.revision, unix_us(item.known_at), None)
    return revision_of(item, item.known_at)


def _source(tenant_id: str, item: SaidRevision) -> Source | None:
    state = item.after or item.before
    if state is None or not state.source.name:
        return None
    return Source(
        tenant_id=tenant_id,
        source_id=state.source.id,
        name=state.source.name,
        platform=state.source.platform,
        told_at=item.known_at,
    )
