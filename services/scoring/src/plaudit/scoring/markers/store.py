"""Every SQL statement about markers, and what reads the figures around them."""

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete as deletion
from sqlalchemy import func, select, tuple_

from plaudit.common.contracts.subjects import prefixes
from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.subjects import within
from plaudit.scoring.answers import store as answers
from plaudit.scoring.answers.domain.figures import SourceReviews
from plaudit.scoring.figures import store as figures
from plaudit.scoring.figures.domain.answering import UntoldOriginError, answered_share, answering
from plaudit.scoring.figures.domain.catalogue import FIGURES, OF_ANSWERS, STANDING, Figure
from plaudit.scoring.figures.domain.figures import ORGANIC
from plaudit.scoring.figures.domain.weighed import Rated, Weighed
from plaudit.scoring.figures.domain.windows import Ratings, Window
from plaudit.scoring.history import store as history
from plaudit.scoring.markers.domain.effect import (
    NOTHING_CHANGED,
    OF_ALL,
    Change,
    Of,
    OtherOriginError,
    Windows,
    change,
    change_of_newest_age,
    change_of_pace_since,
    change_of_shares,
    change_of_windows,
    in_words,
    of_words,
    windows,
)
from plaudit.scoring.markers.domain.marker import ALL_MARKERS, Listed, Marker, MarkerKind, UnknownMarkerError
from plaudit.scoring.markers.tables import markers
from plaudit.scoring.profiles.domain import Profile
from plaudit.scoring.scores.domain import Moment, of_origin
from plaudit.scoring.sources import store as sources
from plaudit.scoring.sources.domain import name_of
from plaudit.scoring.sums.domain.decay import unix_us

A_MOMENT: Final = timedelta(microseconds=1)
"""A window ends with the last instant before the next one."""
_COLUMNS = Columns(markers)
_ADD = f"INSERT INTO markers ({_COLUMNS.listed}) VALUES ({_COLUMNS.values()})"


async def add(tx: Tx, marker: Marker) -> None:
    """Store a new marker."""
    await tx.raw.execute(_ADD, *_COLUMNS.row(marker))


async def count(tx: SqlTx, tenant_id: str) -> int:
    """Return how many markers a tenant has."""
    found = await tx.sql.execute(select(func.count()).where(markers.c.tenant_id == tenant_id))
    return found.scalar_one()


async def get(tx: SqlTx, tenant_id: str, marker_id: UUID) -> Marker | None:
    """Return one of the tenant's markers."""
    wanted = select(markers).where(markers.c.tenant_id == tenant_id, markers.c.id == marker_id)
    row = (await tx.sql.execute(wanted)).first()
    return None if row is None else _marker(row)


async def delete(tx: SqlTx, tenant_id: str, marker_id: UUID) -> bool:
    """Delete one of the tenant's markers; return whether there was one."""
    wanted = deletion(markers).where(markers.c.tenant_id == tenant_id, markers.c.id == marker_id)
    return (await tx.sql.execute(wanted.returning(markers.c.id))).first() is not None


async def page(
    tx: SqlTx,
    tenant_id: str,
    after: tuple[datetime, UUID] | None,
    limit: int,
    *,
    of: Listed = ALL_MARKERS,
) -> list[Marker]:
    """Return up to `limit` of the tenant's markers, the latest first.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        after: time and id of the one before the page.
        limit: at most so many.
        of: only those that it says.
    """
    wanted = [markers.c.tenant_id == tenant_id]
    if after is not None:
        wanted.append(tuple_(markers.c.at, markers.c.id) < after)
    if of.subject is not None:
        wanted.append(within(markers.c.subject, of.subject))
    if of.concerning is not None:
        wanted.append(markers.c.subject.in_(prefixes(of.concerning)))
    if of.kind is not None:
        wanted.append(markers.c.kind == of.kind.value)
    if of.start is not None:
        wanted.append(markers.c.at >= of.start)
    if of.end is not None:
        wanted.append(markers.c.at < of.end)
    statement = select(markers).where(*wanted).order_by(markers.c.at.desc(), markers.c.id.desc()).limit(limit)
    return [_marker(row) for row in await tx.sql.execute(statement)]


async def concerning(
    tx: SqlTx, tenant_id: str, subject: str, start: datetime, end: datetime, limit: int
) -> list[Marker]:
    """Return the latest markers of a time that concern a subject, in their order: its own, and those of all above."""
    statement = (
        select(markers)
        .where(
            markers.c.tenant_id == tenant_id,
            markers.c.subject.in_(prefixes(subject)),
            markers.c.at >= start,
            markers.c.at < end,
        )
        .order_by(markers.c.at.desc(), markers.c.id.desc())
        .limit(limit)
    )
    return [_marker(row) for row in await tx.sql.execute(statement)][::-1]


async def around(
    tx: Tx, tenant_id: str, subject: str, windows: Windows, kinds: Collection[str], of: Of = OF_ALL
) -> tuple[Ratings, Ratings]:
    """Return the ratings of the reviews that stand now and were given before and after a marker.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: it, and all below it.
        windows: the times before and after; each holds its start and not its end.
        kinds: of which kinds of reviews.
        of: of which source and origin.
    """
    rated = Rated(
        tenant_id=tenant_id, subject=subject, kinds=frozenset(kinds), source_id=of.source_id, origin=of.origin
    )
    before, after = await figures.ratings(
        tx, rated, [unix_us(each) for each in (windows.start, windows.at, windows.end)]
    )
    return before, after


async def answered_around(
    tx: Tx, tenant_id: str, subject: str, windows: Windows, source_id: UUID | None
) -> tuple[list[SourceReviews], list[SourceReviews]]:
    """Return the reviews that were published before and after a marker, as they stood at the end of each window.

    They are by source; otherwise as `around`.

    Raises:
        TooManyWaitsError: as `answers.store.of_sources`.
    """
    start_us, at_us, end_us = (unix_us(each) for each in (windows.start, windows.at, windows.end))
    # The last instant of each: its end belongs to what comes after it.
    asked = [(at_us - start_us, at_us - 1), (end_us - at_us, end_us - 1)]
    before, after = [await answers.of_sources(tx, tenant_id, subject, *each, source_id) for each in asked]
    return before, after


async def standing_around(
    tx: SqlTx, figure: Figure, marker: Marker, windows: Windows, profile: Profile, source_id: UUID | None
) -> tuple[Window, Window]:
    """Return a figure of all reviews that count, as it stood at the last instant before a marker and of the window.

    Raises:
        TooManyReviewsError: as `scores.store.parts_of`.
        TooManyWaitsError: as `answers.store.of_sources`.
    """
    before, after = [
        await figures.standing(
            tx,
            figure,
            Weighed(
                tenant_id=marker.tenant_id,
                subject=marker.subject,
                moment=Moment(at=at - A_MOMENT),
                profile=profile,
                source_id=source_id,
            ),
        )
        for at in (windows.at, windows.end)
    ]
    return before, after


async def find(tx: SqlTx, tenant_id: str, marker_id: UUID) -> Marker:
    """Return a marker.

    Raises:
        UnknownMarkerError: there is none.
    """
    marker = await get(tx, tenant_id, marker_id)
    if marker is None:
        raise UnknownMarkerError
    return marker


async def effect_of(
    tx: SqlTx, marker: Marker, figure: Figure, days: int, profile: Profile, of: Of = OF_ALL
) -> tuple[Windows, Change, str]:
    """Return what changed around a marker: the windows, the figures, and the same in words.

    Args:
        tx: the open transaction.
        marker: it.
        figure: any of them.
        days: how long the windows are.
        profile: by which figures of `STANDING` are read; the others do not fade.
        of: of which source and origin.

    Raises:
        UntoldOriginError: of an origin alone, how its reviews are answered is not known.
        OtherOriginError: the organic score of another origin.
        TooManyReviewsError: as `scores.store.parts_of`.
    """
    spanned = windows(marker.at, days, tx.now)
    found = await _change(tx, marker, figure, spanned, profile, of)
    source_id = None if of.source_id is None else str(of.source_id)
    names = await sources.named(tx, marker.tenant_id, [] if source_id is None else [source_id])
    which = of_words(None if source_id is None else name_of(names, source_id), of.origin)
    return spanned, found, in_words(marker.name, figure, found, spanned, which)


async def _change(tx: SqlTx, marker: Marker, figure: Figure, spanned: Windows, profile: Profile, of: Of) -> Change:
    if spanned.days <= 0:
        return NOTHING_CHANGED
    if figure in OF_ANSWERS:
        return await _change_of_answers(tx, marker, figure, spanned, of)
    if figure in STANDING:
        if figure is Figure.ORGANIC_SCORE and of.origin not in {None, ORGANIC}:
            raise OtherOriginError
        read_by = profile if of.origin is None else of_origin(profile, of.origin)
        stood = await standing_around(tx, figure, marker, spanned, read_by, of.source_id)
        return change_of_newest_age(*stood) if figure is Figure.NEWEST_AGE else change_of_windows(*stood)
    kinds = FIGURES[figure].kinds
    before, after = await around(tx, marker.tenant_id, marker.subject, spanned, kinds, of)
    if figure is not Figure.PACE:
        return change(figure, before, after, spanned.days)
    # Of any origin: where nobody was asked before, it is known that none came who were.
    since = await history.rated_since(tx, marker.tenant_id, marker.subject, spanned.start, of.source_id)
    return change_of_pace_since(sum(before.values()), sum(after.values()), spanned, since)


async def _change_of_answers(tx: SqlTx, marker: Marker, figure: Figure, spanned: Windows, of: Of) -> Change:
    if of.origin is not None:
        raise UntoldOriginError
    earlier, later = await answered_around(tx, marker.tenant_id, marker.subject, spanned, of.source_id)
    # In a thread, so that other requests are answered meanwhile.
    if figure is Figure.ANSWER_TIME:
        return await asyncio.to_thread(lambda: change_of_windows(answering(figure, earlier), answering(figure, later)))
    return await asyncio.to_thread(
        lambda: change_of_shares(answered_share(figure, earlier), answered_share(figure, later))
    )


def _marker(row: Any) -> Marker:
    return Marker(**{name: getattr(row, name) for name in _COLUMNS.names if name != "kind"}, kind=MarkerKind(row.kind))
