"""When a source is asked, for what, and what becomes of the answer: pure rules over the state of its pulls."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from plaudit.ingest.platforms.asking import LONGEST_WAIT, retry_after
from plaudit.ingest.platforms.interface import Interface, Limit, Walk
from plaudit.ingest.reviews.domain.instructions import (
    NO_INSTRUCTION,
    CreateReview,
    Ignored,
    Instruction,
    Item,
    Quarantined,
    RestoreReview,
)

WALK_LASTS: Final = timedelta(hours=12)
"""After that, a walk that has not come to its end begins anew: tokens of pages expire."""
SKEW: Final = timedelta(minutes=2)
"""Of a platform's clock, and of lists that are told a little late."""
REMOVED_AT_ONCE: Final = 10
"""So many missing reviews are removed at once, whatever part of all they are."""
REMOVED_SHARE: Final = 0.2
"""And so large a part of those that are visible. More than both is held: so the fault of a list looks."""
HELD_LISTS: Final = 3
"""So many complete lists on end must say what is held before it is done without a person."""
HELD_FOR: Final = timedelta(hours=24)
"""And so much time must lie between the first of them and the last."""
MAX_ERROR_CHARS: Final = 300
FINGERPRINT_BYTES: Final = 16
NOT_TAKEN: Final = b""
"""In place of a fingerprint; it is none."""

_encode = msgspec.msgpack.Encoder(order="deterministic").encode


class Trouble(StrEnum):
    """What kind of failure ended a run."""

    CREDENTIALS = "credentials"
    LIMITED = "limited"
    UNAVAILABLE = "unavailable"
    REFUSED = "refused"
    UNREADABLE = "unreadable"
    OURS = "ours"


_WAITS: Final[Mapping[Trouble, tuple[timedelta, timedelta]]] = {
    Trouble.CREDENTIALS: (timedelta(minutes=15), timedelta(hours=12)),
    Trouble.LIMITED: (timedelta(minutes=1), timedelta(hours=1)),
    Trouble.UNAVAILABLE: (timedelta(seconds=30), timedelta(hours=1)),
    Trouble.REFUSED: (timedelta(minutes=5), timedelta(hours=6)),
    Trouble.UNREADABLE: (timedelta(minutes=5), timedelta(hours=6)),
    Trouble.OURS: (timedelta(minutes=1), timedelta(hours=1)),
}
"""The wait after the first failure, and the longest; it doubles with each."""


class PullError(Exception):
    """A run cannot go on. The text is for people, and holds no secret and nothing of the answer."""

    def __init__(self, trouble: Trouble, words: str, wait: timedelta | None = None) -> None:
        super().__init__(words[:MAX_ERROR_CHARS])
        self.trouble = trouble
        self.wait = wait
        """That the platform asks for."""


class NoInterfaceError(ValueError):
    """The platform of a source is not asked for reviews."""

    def __init__(self, platform: str, asked: Iterable[str]) -> None:
        super().__init__(f"{platform} is not asked for reviews; these are: {', '.join(asked)}.")


class NothingHeldError(ValueError):
    """No removal of a source is held."""

    def __init__(self) -> None:
        super().__init__("No removals of this source are held: its last complete list has put that right.")


class LastRun(msgspec.Struct, frozen=True, kw_only=True):
    """What the last run did."""

    started_at: datetime
    finished_at: datetime
    complete: bool = False
    """Whether it was part of a complete walk."""
    requests: int = 0
    pages: int = 0
    reviews_found: int = 0
    changed: int = 0
    """Of them: new, changed, removed, or back."""


class HeldRemovals(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Complete lists lack so many reviews that these are not removed yet."""

    since: datetime
    """When the first of the lists began that were not followed."""
    listing: int
    """What was listed in the walk of this number, or later, is not missing."""
    lists: int = 1
    """How many complete lists on end have said it."""
    missing: int
    """How many reviews the last of them lacks."""
    visible: int
    """Of so many that the interface has told and that are visible."""
    allowed_at: datetime | None = None
    """When a person said that they are to be removed."""
    allowed_by: str | None = None


class Pull(msgspec.Struct, frozen=True, kw_only=True):
    """How far the pulls of one source are."""

    tenant_id: str
    source_id: str
    platform: str
    credentials_at: datetime
    """When they were set last."""
    next_at: datetime
    not_before: datetime | None = None
    """Whoever asks for a run: the platform has asked to wait, or the requests of a while are used up."""
    failures: int = 0
    """In a row."""
    error: str | None = None
    error_at: datetime | None = None
    walk: Walk | None = None
    """That has not come to its end."""
    watermark: datetime | None = None
    """Every change up to here was seen."""
    listing: int = 0
    """The number of the last complete walk that was begun."""
    complete_listing: int | None = None
    """The number of the last one that saw all there was to see."""
    complete_at: datetime | None = None
    """When that began."""
    window_at: datetime | None = None
    window_requests: int = 0
    """Since `window_at`."""
    last_run: LastRun | None = None
    held_removals: HeldRemovals | None = None

    @property
    def log_fields(self) -> dict[str, str]:
        """Which source it is, for log lines: whoever reads one finds the source's page by it."""
        return {"tenant_id": self.tenant_id, "source_id": self.source_id, "platform": self.platform}


class KnownReview(msgspec.Struct, frozen=True):
    """What is known of a review that a page tells of."""

    is_stored: bool
    """Whether there is a review; what a page told may have been unreadable."""
    removed: bool
    """And not erased: nothing brings that back."""
    changed_at: datetime
    told_at: datetime | None = None
    """When a page told of it last, and something was written."""
    fingerprint: bytes | None = None
    """Of what it told."""
    erased: bool = False
    """Nothing of it is kept, not even a fingerprint."""


class Settled(msgspec.Struct, frozen=True):
    """What is to be written of a page."""

    items: list[Item]
    is_due: bool
    """Whether anything of it is new. A page that says nothing new is not stored again."""
    fingerprints: dict[str, bytes]
    """Of what it tells of each review; `NOT_TAKEN` of those that wait for the next page, or are erased."""


def plan(pull: Pull, interface: Interface, now: datetime) -> Pull:
    """Return the state with the walk to go on with: the one that was begun, or the next."""
    walk = pull.walk
    if walk is not None and now < walk.started_at + WALK_LASTS:
        return pull
    every = interface.complete_every
    if every is not None and (pull.complete_at is None or now >= pull.complete_at + every):
        return replace(pull, walk=Walk(started_at=now, complete=True), listing=pull.listing + 1)
    since = None if pull.watermark is None else pull.watermark - interface.look_back
    return replace(pull, walk=Walk(started_at=now, complete=False, since=since))


def finished(pull: Pull, walk: Walk, interface: Interface, now: datetime, *, saw_all: bool) -> Pull:
    """Return the state after the last page of a walk.

    Args:
        pull: the state.
        walk: that has come to its end.
        interface: of the platform.
        now: when the run ends.
        saw_all: whether a complete walk has seen as many reviews as the platform says that there are.
    """
    # What changed while pages were read may stand on one that was read before.
    reached = walk.started_at - SKEW
    seen = min(reached, walk.latest) if walk.latest is not None and interface.order == "changed" else reached
    pull = replace(
        pull,
        walk=None,
        watermark=seen if pull.watermark is None else max(pull.watermark, seen),
        next_at=now + interface.every,
        failures=0,
        error=None,
        error_at=None,
        not_before=None,
    )
    if not walk.complete:
        return pull
    counted = saw_all and not walk.unnamed
    pull = replace(pull, complete_at=walk.started_at)
    return replace(pull, complete_listing=pull.listing) if counted else pull


def is_far_smaller(missing: int, visible: int) -> bool:
    """Return whether a complete list lacks so many reviews that they are not removed at once."""
    return missing > REMOVED_AT_ONCE and missing > visible * REMOVED_SHARE


def removals(pull: Pull, before: int, missing: int, visible: int, started_at: datetime) -> tuple[Pull, int | None]:
    """Return the state after a complete list, and since which listing what is missing is removed; None: nothing is.

    Args:
        pull: the state, with what is held since an earlier list.
        before: the number of the complete list before this one.
        missing: how many reviews neither of both has shown.
        visible: of how many.
        started_at: when this list began.
    """
    if not is_far_smaller(missing, visible):
        return replace(pull, held_removals=None), before
    held = pull.held_removals
    if held is None:
        held = HeldRemovals(since=started_at, listing=before, missing=missing, visible=visible)
        return replace(pull, held_removals=held), None
    held = replace(held, lists=held.lists + 1, missing=missing, visible=visible)
    if held.lists >= HELD_LISTS and started_at >= held.since + HELD_FOR:
        return replace(pull, held_removals=None), held.listing
    return replace(pull, held_removals=held), None


def failed(pull: Pull, failure: PullError, now: datetime, jitter: float) -> Pull:
    """Return the state after a run that could not go on.

    Args:
        pull: the state; the walk goes on from where it stands, but where a page was refused.
        failure: why.
        now: when.
        jitter: from 0.5 to 1, so that what failed together does not come back together.
    """
    failures = pull.failures + 1
    first, longest = _WAITS[failure.trouble]
    wait = min(longest, first * 2 ** min(failures - 1, 20)) * jitter
    asked = None if failure.wait is None else min(failure.wait, LONGEST_WAIT)
    due_at = now + max(wait, asked or timedelta())
    starts_anew = failure.trouble in {Trouble.REFUSED, Trouble.UNREADABLE}
    return replace(
        pull,
        failures=failures,
        error=str(failure),
        error_at=now,
        next_at=due_at,
        not_before=None if asked is None else now + asked,
        walk=None if starts_anew else pull.walk,
    )


def spend(pull: Pull, limit: Limit, now: datetime) -> Pull | datetime:
    """Return the state with one more request, or when the next one may be made."""
    length = timedelta(seconds=limit.seconds)
    if pull.window_at is None or now >= pull.window_at + length:
        return replace(pull, window_at=now, window_requests=1)
    if pull.window_requests >= limit.requests:
        return pull.window_at + length
    return replace(pull, window_requests=pull.window_requests + 1)


def judge(status: int, headers: Mapping[str, str], now: datetime) -> PullError | None:
    """Return why an answer is none to read, by its status; None for one that is."""
    if 200 <= status < 300:
        return None
    wait = retry_after(headers.get("retry-after"), now)
    if status in {401, 403}:
        words = f"the platform refuses the credentials ({status}): check what they may do, or set new ones"
        return PullError(Trouble.CREDENTIALS, words, wait)
    if status == 429:
        return PullError(Trouble.LIMITED, "the platform says that there were too many requests (429)", wait)
    if status >= 500:
        return PullError(Trouble.UNAVAILABLE, f"the platform is not available just now ({status})", wait)
    words = f"the platform refuses the request ({status}): check the ids in the credentials"
    return PullError(Trouble.REFUSED, words, wait)


def settle(
    items: Sequence[Item],
    ids: Iterable[str | None],
    known: Mapping[str, KnownReview],
    asked_at: datetime,
    interface: Interface,
) -> Settled:
    """Return what is to be written of a page.

    - Of a review that has changed in another way since the page was asked for, a page without versions is old: what it
      says waits for the next page.
    - A removed review that is listed is back; where reviews have versions, that must be said, for its version is known.
    - Where the platform tells the last change alone, it is the publication only of a review that is new.

    Args:
        items: what the page says.
        ids: of the reviews that it lists, as far as each has one.
        known: those of them that are stored.
        asked_at: when it was asked for.
        interface: of the platform.
    """
    told: dict[str, list[Instruction]] = {name: [] for name in ids if name is not None}
    unread = [item for item in items if isinstance(item, Quarantined)]
    settled: list[Item] = []
    waiting: set[str] = set()
    for item in items:
        if isinstance(item, NO_INSTRUCTION):
            settled.append(item)
            continue
        name = item.external_id
        told.setdefault(name, []).append(item)
        review = known.get(name)
        if review is not None and review.changed_at >= asked_at and item.version is None:
            waiting.add(name)
            settled.append(Ignored("the review has changed since the page was asked for; the next page counts"))
        else:
            settled += _of_known(item, review, asked_at, interface)
    fingerprints = {name: _fingerprint(said or unread) for name, said in told.items()}
    waiting |= {name for name in fingerprints if name in known and known[name].erased}
    is_due = any(_is_news(known.get(name), mark) for name, mark in fingerprints.items() if name not in waiting)
    return Settled(settled, is_due or None in {*ids}, {**fingerprints, **dict.fromkeys(waiting, NOT_TAKEN)})


def _of_known(item: Instruction, review: KnownReview | None, asked_at: datetime, interface: Interface) -> list[Item]:
    if review is None or not review.is_stored or not isinstance(item, CreateReview):
        return [item]
    found: list[Item] = [item]
    if interface.published_is_last_change:
        content = item.content
        found = [replace(item, content=replace(content, published_at=UNSET, edited_at=content.published_at))]
    if review.removed and item.version is not None and review.changed_at < asked_at:
        found.append(RestoreReview(external_id=item.external_id))
    return found


def listed_digest(names: Sequence[str | None]) -> str:
    """Return which reviews a page lists, as a digest; empty where it names none."""
    named = sorted(filter(None, names))
    return hashlib.sha256(_encode(named)).hexdigest()[: 2 * FINGERPRINT_BYTES] if named else ""


def _fingerprint(said: Sequence[Item]) -> bytes:
    return hashlib.sha256(_encode(said)).digest()[:FINGERPRINT_BYTES]


def _is_news(review: KnownReview | None, fingerprint: bytes) -> bool:
    if review is None or review.fingerprint != fingerprint or review.removed:
        return True
    return review.told_at is None or review.changed_at > review.told_at
