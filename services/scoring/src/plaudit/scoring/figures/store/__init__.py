"""What figures are read by: what of the reviews that count sums do not tell, but when they were rated.

Of a large subject it is read from cells by when reviews were rated, and from the entries of the days that a stretch
begins and ends within; of any other subject, and by a half-life of a tenant's own, from the ledger.
"""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from uuid import UUID

from plaudit.common.db import SqlTx, Tx
from plaudit.scoring.answers import store as answers
from plaudit.scoring.answers.domain.figures import DAYS, Answers, answers_of
from plaudit.scoring.cells import store as cells
from plaudit.scoring.cells.domain import MIN_US, following
from plaudit.scoring.figures.domain.ages import HALF, pieces_of
from plaudit.scoring.figures.domain.answering import OF_WAITS
from plaudit.scoring.figures.domain.catalogue import FIGURES, OF_ANSWERS, OF_RATINGS, Figure
from plaudit.scoring.figures.domain.figures import EFFORT, Aged, Figures, Reply, figures_of
from plaudit.scoring.figures.domain.over_time import Read, edges_of
from plaudit.scoring.figures.domain.standing import OF_AGES, between_of, profile_of
from plaudit.scoring.figures.domain.standing import standing as figure_of
from plaudit.scoring.figures.domain.weighed import Rated, Weighed
from plaudit.scoring.figures.domain.windows import Ratings, Window
from plaudit.scoring.figures.store import of_cells, of_ledger
from plaudit.scoring.half_lives.domain import own_half_life
from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.scores import store as scores
from plaudit.scoring.scores.domain import FOR_EVER, read_parts
from plaudit.scoring.series.domain import Span
from plaudit.scoring.sums.domain.decay import DamagedSumsError, unix_us
from plaudit.scoring.sums.domain.parts import Part
from plaudit.scoring.sums.domain.traits import TRAITS


async def aged(tx: Tx, of: Weighed, between: tuple[float, float] = (HALF, HALF)) -> Aged | None:
    """Return how old the reviews are that count; None where none does.

    Args:
        tx: the open transaction.
        of: which reviews, and when.
        between: two shares of the weight; the instants are told at which they are reached, beside its middle.
    """
    if await _has_cells(tx, of):
        with suppress(DamagedSumsError):
            return await of_cells.aged(tx, of, between)
    return await of_ledger.aged(tx, of, between)


async def replies(tx: Tx, of: Weighed) -> list[Reply]:
    """Return what the replies that count weigh by rating, from the least; otherwise as `aged`."""
    if await _has_cells(tx, of):
        with suppress(DamagedSumsError):
            return await of_cells.replies(tx, of)
    return await of_ledger.replies(tx, of)


async def figures_at(tx: SqlTx, of: Weighed) -> tuple[Figures, Aged | None]:
    """Return the figures of a subject and everything below it at a moment.

    Raises:
        UnknownSubjectError: it never had a review.
    """
    parts = await _parts(tx, of)
    if not parts and not await scores.is_known(tx, of.tenant_id, of.subject):
        raise await scores.unknown_subject(tx, of.tenant_id, of.subject)
    has_efforts = any(TRAITS[part.traits].kind in EFFORT for part in parts)
    efforts = await replies(tx, of.by(replace(of.profile, kinds=EFFORT))) if has_efforts else []
    ages = await aged(tx, of)
    return figures_of(of.profile, parts, of.moment.at_us, efforts), ages


async def answers_at(
    tx: SqlTx, tenant_id: str, subject: str, at_us: int, days: int = DAYS, source_id: UUID | None = None
) -> Answers:
    """Return the figures of the answers to a subject's reviews, and to those of everything below it, at an instant.

    Raises:
        TooManyWaitsError: there are too many.
    """
    found = await answers.of_sources(tx, tenant_id, subject, days * DAY_US, at_us, source_id)
    known_since_us = await answers.known_since_us(tx)
    # In a thread, so that other requests are answered meanwhile.
    return await asyncio.to_thread(answers_of, days, known_since_us, found)


async def standing(tx: SqlTx, figure: Figure, of: Weighed) -> Window:
    """Return a figure of all reviews of a subject, and of everything below it, that count at a moment.

    Raises:
        TooManyReviewsError: as `scores.store.parts_of`.
    """
    read = of.by(profile_of(figure, of.profile))
    parts, at_us = await _parts(tx, read), of.moment.at_us
    ages = None
    if figure in OF_AGES:
        ages = await aged(tx, read, between_of(read_parts(read.profile, parts, at_us).effective_reviews))
    return figure_of(figure, read.profile, parts, at_us, ages)


async def ratings(tx: Tx, of: Rated, edges_us: Sequence[int]) -> list[Ratings]:
    """Return rating → how many reviews stand now, of those that were rated in each of some windows of time.

    Args:
        tx: the open transaction.
        of: which reviews.
        edges_us: where each window begins, in order, and where the last one ends.
    """
    if await cells.is_celled(tx, of.tenant_id, of.subject):
        # What was rated later than now has not taken effect.
        last_us = following(unix_us(tx.now))
        bounds = [min(max(each, MIN_US), last_us) for each in edges_us]
        asked = of_cells.Asked(
            tenant_id=of.tenant_id, subject=of.subject, at=tx.now, traits=of.traits, source_id=of.source_id
        )
        with suppress(DamagedSumsError):
            return [*await of_cells.ratings(tx, asked, [pieces_of(*each) for each in pairwise(bounds)])]
    return await of_ledger.ratings(tx, of, edges_us)


async def _parts(tx: SqlTx, of: Weighed) -> Sequence[Part]:
    return await scores.parts_of(tx, of.tenant_id, of.subject, of.moment, of.profile, source_id=of.of_source)


async def _has_cells(tx: Tx, of: Weighed) -> bool:
    """Return whether there are cells that tell of a profile at a moment."""
    if own_half_life(of.profile) is not None or of.moment.known_at != FOR_EVER:
        return False
    return await cells.is_celled(tx, of.tenant_id, of.subject)


async def over_time(
    tx: SqlTx,
    *,
    tenant_id: str,
    subject: str,
    figures: Collection[Figure],
    steps: Sequence[Span],
    of: tuple[UUID | None, str | None],
) -> Read:
    """Return what some figures of steps are made of: ratings by day, and answers review by review.

    Args:
        tx: the open transaction.
        tenant_id: whose reviews.
        subject: it, and everything below it.
        figures: none of `catalogue.STANDING`.
        steps: in order, without a gap.
        of: of which source and which origin alone; None for all.
    """
    source_id, origin = of
    edges = edges_of(steps)
    rated = Rated(tenant_id=tenant_id, subject=subject, kinds=frozenset(), source_id=source_id, origin=origin)
    kinds = {FIGURES[each].kinds for each in figures if each in OF_RATINGS}
    asked = (tx, tenant_id, subject, edges, unix_us(tx.now), source_id)
    return Read(
        now=tx.now,
        ratings={each: await ratings(tx, replace(rated, kinds=each), edges) for each in kinds},
        counts=await answers.counts_of_steps(*asked) if (OF_ANSWERS - OF_WAITS) & {*figures} else (),
        waits=await answers.of_steps(*asked) if OF_WAITS & {*figures} else (),
    )
