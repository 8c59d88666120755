"""What explanations are read by: the sums of a subject when a window began, and what came to be known of it in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plaudit.common.contracts.subjects import prefixes
from plaudit.common.db import SqlTx, Tx
from plaudit.scoring.cells import store as cells
from plaudit.scoring.explanation.domain.changes import Share, start
from plaudit.scoring.explanation.domain.effect import CountedReview, Effect, effect
from plaudit.scoring.explanation.domain.window import (
    Explanation,
    MovingReview,
    ReversedWindowError,
    Standing,
    explained,
    newest_of,
    prior_of,
    shares_of,
)
from plaudit.scoring.explanation.store import of_reviews
from plaudit.scoring.moves import store as moves
from plaudit.scoring.moves.domain import Moved, ShownPieces, ShownStretch, pieces
from plaudit.scoring.profiles.domain import DAY_US, STAR_KINDS, Profile
from plaudit.scoring.scores import store as scores
from plaudit.scoring.scores.domain import Moment, instant_of
from plaudit.scoring.sources import store as sources
from plaudit.scoring.sources.domain import Source
from plaudit.scoring.sums.domain.decay import landmark_us, unix_us
from plaudit.scoring.sums.domain.parts import merge_for, newest_us

LOOKED_AT: Final = 1_000
"""Of new reviews, so many are looked at first. It is enough where one in a hundred has the rating that moves most."""
MAX_LOOKED_AT: Final = 64_000
MAX_HALF_LIVES: Final = 500
"""Sums of days are not read as of an instant so long before: their weights would be nothing."""
ROUNDING: Final = 1e-9


async def effects_on(
    tx: SqlTx, tenant_id: str, subject: str, review: CountedReview, profile: Profile
) -> list[tuple[str, Effect]]:
    """Return what a review in stars does to the score of its subject and of every prefix of it, its own subject first.

    What it does not count for is left out: it was removed, or it has come a moment ago, or the profile counts others.
    """
    paths = prefixes(subject)[::-1] if profile.kinds & STAR_KINDS else []
    parts = await scores.present_parts(tx, tenant_id, paths, profile)
    found = []
    for path in paths:
        of_path = parts.get(path, [])
        at_us = instant_of(profile, newest_us(of_path, profile), unix_us(tx.now))
        found.append((path, effect(merge_for(profile, of_path), review, at_us, profile)))
    return [(path, each) for path, each in found if each is not None]


async def explain_window(
    tx: SqlTx,
    tenant_id: str,
    subject: str,
    profile: Profile,
    window: tuple[datetime, datetime],
    reviews: int,
    source_id: str | None = None,
) -> Explanation:
    """Return why a score moved between two instants, as it was shown at each.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: it.
        profile: by which rules.
        window: the two instants.
        reviews: name at most so many of those with the largest effects.
        source_id: of this source's reviews alone; of all by default.

    Raises:
        ReversedWindowError: the second instant is not after the first.
        UnknownSubjectError: the subject never had a review.
    """
    begins, ends = window
    if begins >= ends:
        raise ReversedWindowError(begins, ends)
    moment = Moment(at=begins, known_at=begins)
    parts = await scores.parts_of(tx, tenant_id, subject, moment, profile, source_id=source_id)
    stretch = ShownStretch(unix_us(begins), unix_us(ends))
    known = await _known(tx, tenant_id, subject, profile, stretch, source_id)
    first_us, second_us = stretch
    if profile.is_frozen:
        newest = newest_us(parts, profile)
        came = newest_of(profile, await known.moved(second_us))
        newest_then = max((each for each in (newest, came) if each is not None), default=None)
        first_us, second_us = instant_of(profile, newest, first_us), instant_of(profile, newest_then, second_us)
    merged = merge_for(profile, parts)
    held_us = 0 if profile.half_life_us is None else landmark_us(merged.landmark, profile.half_life_us)
    share = Share(merged.sums.a, merged.sums.b) if merged.sums.n > 0 else Share(0.0, 0.0)
    begun = start(share, held_us, first_us, second_us, profile.half_life_us, prior_of(profile))
    told, topics = shares_of(profile, await known.moved(second_us))
    if not (parts or told) and not await scores.is_known(tx, tenant_id, subject):
        raise await scores.unknown_subject(tx, tenant_id, subject)
    first = Standing(begins, begun.score, max(merged.sums.n, 0))
    found = explained(subject, profile, begun, (first, ends), told, topics)
    if not (reviews and told):
        return found
    asked = of_reviews.Asked(tenant_id, subject, stretch, second_us, profile, found.change.middle, source_id)
    return found.with_reviews(await _largest(tx, asked, reviews, is_large=known.is_large))


async def names_of(tx: Tx, tenant_id: str, found: Explanation) -> dict[str, Source]:
    """Return id → source, of the sources of an explanation that reviews have told of."""
    return await sources.named(tx, tenant_id, {group.source_id for group in found.counts})


@dataclass(frozen=True, slots=True)
class _Known:
    """Where what came to be known of a subject in a window is read from."""

    tx: Tx
    tenant_id: str
    subject: str
    half_life_us: int | None
    pieces: ShownPieces
    is_large: bool
    source_id: str | None

    async def moved(self, read_us: int) -> list[Moved]:
        """Return what it was, as it weighs at an instant in microseconds since the Unix epoch."""
        found, is_large = self.pieces, self.is_large
        if found.spans and self.half_life_us and (found.window.until_us - read_us > MAX_HALF_LIVES * self.half_life_us):
            found = ShownPieces(found.window, [], [found.window])
        moved = await moves.read(
            self.tx, self.tenant_id, self.subject, found, read_us, self.half_life_us, is_large=is_large
        )
        return [each for each in moved if self.source_id in {None, each.source_id}]


async def _known(
    tx: Tx, tenant_id: str, subject: str, profile: Profile, window: ShownStretch, source_id: str | None
) -> _Known:
    until = await moves.summed_until(tx, tenant_id, subject, window.after_us // DAY_US)
    found = ShownPieces(window, [], [window])
    if until is not None and (profile.half_life_us is None or profile.half_life_us in moves.HALF_LIVES):
        found = pieces(window, until.next_day, until.changed)
    is_large = until is not None or await cells.is_celled(tx, tenant_id, subject)
    return _Known(tx, tenant_id, subject, profile.half_life_us, found, is_large, source_id)


async def _largest(tx: Tx, asked: of_reviews.Asked, limit: int, *, is_large: bool) -> list[MovingReview]:
    """Return the reviews with the largest effects, the largest first.

    Of a large subject only reviews that may be among them are looked at: candidates and a bound for all others. There
    are enough candidates once as many as are wanted have effects that no other can have.
    """
    if not is_large:
        return await of_reviews.largest(tx, asked, limit, is_large=False)
    wanted, looked_at = 2 * limit, LOOKED_AT
    found: list[MovingReview] = []
    while looked_at <= MAX_LOOKED_AT:
        new = await of_reviews.newest_new(tx, asked, wanted, looked_at)
        found = found or await of_reviews.largest_of(tx, asked, new.review_ids, limit)
        again = await of_reviews.changed_again(tx, asked, wanted, _effect_of_last(asked, found, limit))
        found = await of_reviews.largest_of(tx, asked, {*new.review_ids, *again.review_ids}, limit)
        bound = max(new.bound, again.bound) * (1 - ROUNDING)
        if len(found) == limit and _effect_of_last(asked, found, limit) >= bound:
            return found
        if new.are_all and again.are_all:
            break
        wanted, looked_at = 4 * wanted, 8 * looked_at
    return await of_reviews.largest(tx, asked, limit, is_large=True)


def _effect_of_last(asked: of_reviews.Asked, found: Sequence[MovingReview], limit: int) -> float:
    """Return what the last of enough reviews did to the sums; nothing where there are not enough."""
    return abs(found[-1].share.a - asked.middle * found[-1].share.b) if len(found) == limit else 0.0
