"""What changes the tables of answers: a batch of changes of reviews."""

import contextlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from plaudit.common.db import Tx
from plaudit.scoring.answers import store
from plaudit.scoring.answers.domain.life import FOR_EVER_US, Revision, revision_of
from plaudit.scoring.answers.domain.places import PlacedStand, merged, places_of
from plaudit.scoring.answers.domain.review import UNTOLD, AnswerableChange
from plaudit.scoring.answers.store import LastSeen, ReviewKey, SourceKey, Start
from plaudit.scoring.sums.domain.decay import unix_us


class Told(msgspec.Struct, frozen=True):
    """A change of a review, whose it is, and which record told it."""

    tenant_id: str
    known_at: datetime
    partition: int
    epoch: int
    sequence: int
    change: AnswerableChange


async def apply(tx: Tx, told: Sequence[Told]) -> None:
    """Keep what changes make of reviews, and what they say of their sources.

    What was kept of a review is read, and what follows from all its revisions put in its place: so neither the order of
    changes nor a repetition makes a difference.

    Raises:
        ValueError: a change cannot be kept; nothing of the batch was written.
    """
    revisions: dict[ReviewKey, list[Revision]] = defaultdict(list)
    for each in told:
        revision = revision_of(each.change, each.known_at)
        if revision is not None:
            revisions[each.tenant_id, UUID(each.change.review_id)].append(revision)
    await keep(tx, revisions)
    await store.note_starts(tx, _starts(told))
    # Rows of sources are every writer's: they are locked last, and so for the shortest time.
    await store.note_sources(tx, _sources(told))


async def keep(tx: Tx, revisions: Mapping[ReviewKey, Sequence[Revision]]) -> None:
    """Keep revisions of reviews, in any order, beside those that are kept already."""
    held = await store.locked(tx, revisions)
    lives = {key: merged(held.get(key, ()), new) for key, new in revisions.items()}
    changed = {key: life for key, life in lives.items() if life != held.get(key)}
    await _put(tx, held, changed, _places({key: held[key] for key in changed if key in held}.items()))


async def heal(tx: Tx, revisions: Mapping[ReviewKey, Sequence[Revision]]) -> set[ReviewKey]:
    """Do the same, but where one of the same number is kept otherwise, replace it; return of which reviews that was so.

    Where nothing can be read of what is kept, all of it is replaced.
    """
    held = await store.locked(tx, revisions, store.readable)
    lives = {key: merged(new, held.get(key, ())) for key, new in revisions.items()}
    changed = {key: life for key, life in lives.items() if life != held.get(key)}
    await _put(tx, held, changed, _places_of_readable(held, changed))
    return {key for key in changed if key in held and _differ(held[key], revisions[key])}


async def withdraw(tx: Tx, keys: Collection[ReviewKey]) -> int:
    """Keep nothing of some reviews, as if they had never been; return how many were kept."""
    held = await store.locked(tx, keys)
    await store.move(tx, _places(held.items()), ())
    await store.delete(tx, held)
    return len(held)


async def _put(
    tx: Tx,
    held: Mapping[ReviewKey, Sequence[Revision]],
    changed: Mapping[ReviewKey, Sequence[Revision]],
    before: set[PlacedStand],
) -> None:
    """Put lives in the place of those that are held, and their places in the place of those before."""
    await store.insert(tx, {key: life for key, life in changed.items() if key not in held})
    await store.replace(tx, {key: life for key, life in changed.items() if key in held})
    after = _places(changed.items())
    await store.move(tx, before - after, after - before)


def _differ(held: Sequence[Revision], told: Sequence[Revision]) -> bool:
    """Return whether a life has a revision otherwise than it is told, or none that could be read."""
    by_number = {revision.number: revision for revision in held}
    return not held or any(by_number.get(revision.number, revision) != revision for revision in told)


def _places_of_readable(held: Mapping[ReviewKey, Sequence[Revision]], keys: Collection[ReviewKey]) -> set[PlacedStand]:
    """Return the places of lives that are held; none of those that say no place, since they are damaged."""
    found: set[PlacedStand] = set()
    for key in keys:
        with contextlib.suppress(ValueError, TypeError):
            found |= _places([(key, held.get(key, ()))])
    return {each for each in found if max(map(abs, each.times_us)) <= FOR_EVER_US}


def _places(lives: Iterable[tuple[ReviewKey, Sequence[Revision]]]) -> set[PlacedStand]:
    return {place for key, life in lives for place in places_of(*key, life)}


def _starts(told: Sequence[Told]) -> list[Start]:
    """Return the first record of each partition; those of a partition are in order."""
    first: dict[int, Start] = {}
    for each in told:
        first.setdefault(each.partition, (each.partition, each.epoch, each.sequence, unix_us(each.known_at)))
    return [*first.values()]


def _sources(told: Sequence[Told]) -> dict[SourceKey, LastSeen]:
    """Return when each source was last seen to tell answers, and when last not to."""
    found: dict[SourceKey, LastSeen] = {}
    for each in told:
        state = each.change.after or each.change.before
        if state is None:
            continue
        key, at_us = (each.tenant_id, UUID(state.source.id)), unix_us(each.known_at)
        told_us, untold_us = found.get(key, (None, None))
        if each.change.answers == UNTOLD:
            found[key] = told_us, max(untold_us or at_us, at_us)
        else:
            found[key] = max(told_us or at_us, at_us), untold_us
    return found
