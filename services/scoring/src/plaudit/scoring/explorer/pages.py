"""The console's page of a subject: its figures, how its score moved and where it goes, beside those of others."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from markupsafe import Markup
from starlette.responses import Response

from plaudit.common.contracts.subjects import SUBJECT_RULE, is_subject
from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, TenantTx, unprocessable
from plaudit.common.pages.charts import Mark, Series, Threshold, distribution, time_chart
from plaudit.common.sessions import ConsolePages, staff
from plaudit.scoring.answers.domain.figures import AnswerFigures, Answers, TooManyWaitsError
from plaudit.scoring.explorer.domain import (
    MONTH,
    answer_facts,
    answer_rate,
    between,
    facts,
    half_within,
    headline,
    steps,
    strip,
    summary,
)
from plaudit.scoring.figures.domain.figures import Aged, Figures
from plaudit.scoring.figures.domain.weighed import Weighed
from plaudit.scoring.figures.store import answers_at, figures_at
from plaudit.scoring.markers import store as markers
from plaudit.scoring.markers.domain.marker import Marker
from plaudit.scoring.markers.pages import MARKERS
from plaudit.scoring.profiles.domain import Profile
from plaudit.scoring.projection.domain.course import ScoreState, next_half_star
from plaudit.scoring.projection.domain.state import idle_state_of
from plaudit.scoring.ranking import store as ranking
from plaudit.scoring.ranking.domain import By, Order, Standing, TooManySubjectsError, ranked
from plaudit.scoring.scores import store as scores
from plaudit.scoring.scores.api import Choices, NamedProfile
from plaudit.scoring.scores.domain import Moment, Score, stars_in_words
from plaudit.scoring.scores.pages import LIVE, SCORES, SUBJECT
from plaudit.scoring.series import store as series
from plaudit.scoring.series.domain import Point, Span, points
from plaudit.scoring.sources import store as sources
from plaudit.scoring.sources.domain import name_of
from plaudit.scoring.sums.domain.decay import unix_us
from plaudit.scoring.sums.domain.parts import merge_for, newest_us

MAX_COMPARED: Final = 4
"""Lines of one chart that can be told apart."""
RANKED: Final = 5
ONE_LIST: Final = 2 * RANKED
"""So many subjects are shown in one list; of more, the best and the worst."""
SHOWN_SOURCES: Final = 10
MAX_MARKS: Final = 20
FEWER_DAYS: Final = 7
"""Answers are told of so many where the usual days have too many reviews."""

NOW: Final = f"{SUBJECT}/now"
"""The parts of the page that change with the score."""

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.scoring.explorer", "plaudit.scoring.insight")
Staff = Annotated[Principal, Depends(staff("scores:read"))]
Subjects = Annotated[tuple[str, ...], Query()]


async def source_asked(source: Annotated[str, Query()] = "") -> UUID | None:
    """Return the source whose reviews alone are looked at; None for all, as where the address names none."""
    try:
        return UUID(source)
    except ValueError:
        return None


OfSource = Annotated[UUID | None, Depends(source_asked)]


@dataclass(frozen=True, slots=True)
class Compared:
    """One subject of the page."""

    subject: str
    figures: Figures
    aged: Aged | None
    state: ScoreState
    points: Sequence[Point]
    address: str
    """Of its own page."""
    without: str
    """Of this page without it."""


@router.get(SUBJECT)
async def show_subject(
    request: Request,
    principal: Staff,
    tx: TenantTx,
    profile: NamedProfile,
    choices: Choices,
    source_id: OfSource,
    subject: Subjects = (),
) -> Response:
    """Show a subject, and others beside it; by the reviews of one source alone, if it is named."""
    asked = await _asked(tx, principal.tenant_id, subject)
    beside, error = await _beside(tx, principal.tenant_id, asked[1:])
    listed = [asked[0], *beside]
    best, worst, hint = await _ranked(tx, principal.tenant_id, asked[0], profile, source_id)
    return await console.response(
        request,
        principal,
        tx,
        "subject.html",
        status=422 if error else 200,
        further=(asked[0],),
        **await _shown(tx, principal, listed, profile, source_id),
        best=best,
        worst=worst,
        hint=hint,
        profiles=[(name, _address(listed, name, source_id)) for name in choices.ready],
        all_sources=_address(listed, profile.name),
        typed=asked[-1] if error else "",
        error=error,
        has_room=len(listed) < MAX_COMPARED,
        scores_path=SCORES,
        subject_path=SUBJECT,
    )


@router.get(NOW)
async def show_what_changes(
    request: Request,
    principal: Staff,
    tx: TenantTx,
    profile: NamedProfile,
    source_id: OfSource,
    subject: Subjects = (),
) -> Response:
    """Show the parts of a subject's page that change with its score, for the page's script."""
    asked = await _asked(tx, principal.tenant_id, subject)
    beside, _ = await _beside(tx, principal.tenant_id, asked[1:])
    shown = await _shown(tx, principal, [asked[0], *beside], profile, source_id)
    return await console.response(request, principal, tx, "subject_now.html", **shown)


async def _asked(tx: SqlTx, tenant_id: str, given: Sequence[str]) -> list[str]:
    """Return the subjects that an address names, of which the first one is known."""
    asked = list(dict.fromkeys(filter(None, (each.strip().strip("/") for each in given))))
    if not asked or not is_subject(asked[0]):
        raise unprocessable("invalid-request", f"The address names no subject: {SUBJECT_RULE}.")
    if not await scores.is_known(tx, tenant_id, asked[0]):
        raise await scores.unknown_subject(tx, tenant_id, asked[0])
    return asked


async def _shown(
    tx: SqlTx, principal: Principal, listed: Sequence[str], profile: Profile, source_id: UUID | None
) -> Mapping[str, Any]:
    """Return what the parts of the page hold that change with the score."""
    cut = steps(tx.now)
    compared = [await _compared(tx, principal.tenant_id, each, listed, profile, cut, source_id) for each in listed]
    first = compared[0]
    marked = await markers.concerning(tx, principal.tenant_id, first.subject, cut[0].end, cut[-1].end, MAX_MARKS)
    has_score = any(point.score.count for each in compared for point in each.points)
    answers = await _answers(tx, principal.tenant_id, first.subject, source_id)
    shown_sources = [] if source_id is not None else _sources(first.figures, answers)
    source_ids = [each for each, _, _ in shown_sources] + ([] if source_id is None else [str(source_id)])
    source_names = await sources.named(tx, principal.tenant_id, source_ids)
    return {
        "first": first,
        "compared": compared,
        "headline": headline(first.figures),
        "figures": strip(first.figures, first.state, _month_ago(first.points, tx.now), tx.now),
        "facts": [*facts(first.figures, first.aged, unix_us(tx.now)), *answer_facts(answers)],
        "chart": _chart(compared, cut, tx.now, _marks(marked, first.points)) if has_score else "",
        "stars": distribution([*first.figures.score.distribution.values()], title="Published reviews by star"),
        "sources": shown_sources,
        "source_names": source_names,
        "source": None if source_id is None else (str(source_id), name_of(source_names, str(source_id))),
        "address_of_source": lambda of: _address(listed, profile.name, of),
        "name_of": name_of,
        "answer_days": answers.days,
        "answer_rate": answer_rate,
        "half_within": half_within,
        "markers_path": f"{MARKERS}?{urlencode({'subject': first.subject})}",
        "profile": profile,
        "address": lambda other: _address([other], profile.name, source_id),
        "between": between,
        "above": first.subject.rpartition("/")[0],
        "may_read_reviews": principal.may("reviews:read"),
        "live": f"{LIVE}?{urlencode({'subject': first.subject})}",
        "now_path": _address(listed, profile.name, source_id, path=NOW),
    }


async def _answers(tx: SqlTx, tenant_id: str, subject: str, source_id: UUID | None) -> Answers:
    """Return the figures of answers: of the usual days, or of fewer where too many reviews came; the page says which.

    Raises:
        TooManyWaitsError: too many came even in these.
    """
    at_us = unix_us(tx.now)
    with suppress(TooManyWaitsError):
        return await answers_at(tx, tenant_id, subject, at_us, source_id=source_id)
    return await answers_at(tx, tenant_id, subject, at_us, FEWER_DAYS, source_id)


def _sources(figures: Figures, answers: Answers) -> list[tuple[str, Score, AnswerFigures]]:
    """Return the sources with the most reviews, their scores and their answers; none where there is one alone."""
    if len(figures.by_source) <= 1:
        return []
    return [(each, score, answers.of(UUID(each))) for each, score in figures.by_source[:SHOWN_SOURCES]]


async def _beside(tx: SqlTx, tenant_id: str, asked: Sequence[str]) -> tuple[list[str], str]:
    """Return the subjects to compare with, and what is wrong with the last one that is asked for."""
    found: list[str] = []
    for subject in asked:
        if not is_subject(subject):
            return found, f"This is no subject: {SUBJECT_RULE}."
        if not await scores.is_known(tx, tenant_id, subject):
            return found, str(await scores.unknown_asked(tx, tenant_id, subject))
        if len(found) == MAX_COMPARED - 1:
            return found, f"At most {MAX_COMPARED} subjects can be told apart in one chart. Take one away first."
        found.append(subject)
    return found, ""


async def _compared(
    tx: SqlTx,
    tenant_id: str,
    subject: str,
    listed: Sequence[str],
    profile: Profile,
    cut: Sequence[Span],
    source_id: UUID | None,
) -> Compared:
    moment = Moment(at=tx.now, is_now=True)
    of = Weighed(tenant_id=tenant_id, subject=subject, moment=moment, profile=profile, source_id=source_id)
    figures, aged = await figures_at(tx, of)
    parts = await scores.parts_of(tx, tenant_id, subject, moment, profile, source_id=of.of_source)
    moved = await series.moved(tx, tenant_id, subject, cut, [profile], as_known=False, source_id=source_id)
    of_profile = moved[profile.half_life_us] if moved else series.MovedSums((), ())
    return Compared(
        subject=subject,
        figures=figures,
        aged=aged,
        state=idle_state_of(profile, merge_for(profile, parts), newest_us(parts, profile), moment.at_us),
        # In a thread, so that other requests are answered meanwhile.
        points=await asyncio.to_thread(lambda: [*points(profile, of_profile.before, of_profile.changes, cut)]),
        address=_address([subject], profile.name, source_id),
        without=_address([each for each in listed if each != subject], profile.name, source_id),
    )


def _month_ago(found: Sequence[Point], now: datetime) -> float | None:
    """Return the score of thirty days ago."""
    past = [point.score.score for point in found if point.span.end <= now - MONTH]
    return past[-1] if past else None


async def _ranked(
    tx: SqlTx, tenant_id: str, subject: str, profile: Profile, source_id: UUID | None
) -> tuple[list[Standing], list[Standing], str]:
    """Return the best and the worst subjects right below one, and a hint where they are not compared."""
    try:
        below = await ranking.standings(tx, tenant_id, subject, 1, profile, unix_us(tx.now), source_id=source_id)
    except TooManySubjectsError as error:
        return [], [], str(error)
    best, worst = ([each.standing for each in ranked(below, By.SCORE, order, 1)] for order in (Order.BEST, Order.WORST))
    return (best, [], "") if len(best) <= ONE_LIST else (best[:RANKED], worst[:RANKED], "")


def _marks(marked: Sequence[Marker], found: Sequence[Point]) -> list[Mark]:
    """Return the marks of a chart: only where its first line is, which they stand on."""
    there = [point.span.end for point in found if point.score.score is not None]
    return [
        Mark(each.at, each.name, kind=each.kind.value) for each in marked if there and there[0] <= each.at <= there[-1]
    ]


def _chart(compared: Sequence[Compared], cut: Sequence[Span], now: datetime, marks: Sequence[Mark]) -> Markup:
    """Return the chart of the last twelve months, and of the next six with no new reviews."""
    first = compared[0]
    found = next_half_star(first.state) if first.figures.score.count else None
    is_near = found is not None and found.at_us <= unix_us(cut[-1].end)
    return time_chart(
        [each.end for each in cut],
        [Series(each.subject, [point.score.score for point in each.points]) for each in compared],
        title="Day (UTC)",
        summary=" ".join(summary(each.subject, each.points, now) for each in compared),
        now=now,
        marks=marks,
        thresholds=[Threshold(found.threshold, f"{stars_in_words(found.stars)} beyond")] if found and is_near else [],
        has_area=len(compared) == 1,
    )


def _address(subjects: Sequence[str], profile: str, source_id: UUID | str | None = None, *, path: str = SUBJECT) -> str:
    asked = [*(("subject", each) for each in subjects), ("profile", profile)]
    return f"{path}?{urlencode([*asked, *([] if source_id is None else [('source', str(source_id))])])}"
