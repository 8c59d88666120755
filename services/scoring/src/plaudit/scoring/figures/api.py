"""HTTP: what is worth knowing of a subject beside its score."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from pydantic import AfterValidator, WithJsonSchema
from starlette.responses import Response

from plaudit.common.db import Role
from plaudit.common.http import (
    Principal,
    Problem,
    Refusals,
    Subject,
    TenantTx,
    authorize,
    describe,
    read_apart,
    unprocessable,
)
from plaudit.common.http.files import MEDIA_TYPES, Format, Group, accepted, as_file, content_of_file, written
from plaudit.common.http.parameters import parameters
from plaudit.common.http.problems import ProblemError
from plaudit.scoring.answers import store as answers
from plaudit.scoring.answers.domain.figures import DAYS, MAX_DAYS, MAX_WAITS, MIN_DAYS, Answers, TooManyWaitsError
from plaudit.scoring.figures import store
from plaudit.scoring.figures.domain.answering import OF_WAITS, NoAnswers, UnkeptAnswersError, UntoldOriginError
from plaudit.scoring.figures.domain.catalogue import OFFERED, Figure, units_of
from plaudit.scoring.figures.domain.over_time import (
    FigurePoint,
    Read,
    checked,
    edges_of,
    of_steps,
    points,
)
from plaudit.scoring.figures.domain.weighed import Weighed
from plaudit.scoring.figures.schemas.at_an_instant import AN_ANSWER, FiguresOut, figures_out
from plaudit.scoring.figures.schemas.over_time import (
    HEAD,
    FigureSeriesOut,
    OneFigureSeriesOut,
    line_out,
    one_series_out,
    row_out,
)
from plaudit.scoring.scores import store as scores
from plaudit.scoring.scores.api import OF_MOMENTS, At, KnownAt, NamedProfile, OfSource
from plaudit.scoring.scores.domain import moment_of
from plaudit.scoring.series.api import MAX_POINTS, AskedSteps
from plaudit.scoring.series.domain import InvalidSpanError, Span
from plaudit.scoring.series.schemas import Of
from plaudit.scoring.sources import store as sources
from plaudit.scoring.sources.domain import named as named_fields
from plaudit.scoring.sums.domain.decay import unix_us


def no_origin(error: ValueError) -> Problem:
    """Return the problem of a figure that is not told of the origin that is asked for."""
    named = ProblemError("query", "/origin", "against_the_rules", str(error))
    return unprocessable("invalid-request", "The figure is not of one origin; `errors` says why.", [named])


def _unkept(error: UnkeptAnswersError) -> Problem:
    named = ProblemError("query", "/days", "against_the_rules", str(error))
    return unprocessable("invalid-request", "Answers are not kept as they were known; `errors` says why.", [named])


REFUSALS: Final[Refusals] = {
    UntoldOriginError: no_origin,
    UnkeptAnswersError: _unkept,
    TooManyWaitsError: lambda error: unprocessable("too-many-reviews", str(error)),
}
"""What the rules refuse → the problem that the client gets."""

router = APIRouter(tags=["scores"])
ScoresReader = Annotated[Principal, Depends(authorize("scores:read"))]


@router.get(
    "/v1/score-figures/{subject:path}",
    summary="Read figures beside a score",
    openapi_extra=describe(problems={"unknown-subject": 404, **OF_MOMENTS}, answer=AN_ANSWER),
)
async def read_figures(
    principal: ScoresReader,
    tx: TenantTx,
    subject: Annotated[Subject, Path(description="The subject, as a path.")],
    profile: NamedProfile,
    at: At = None,
    known_at: KnownAt = None,
    source_id: OfSource = None,
    days: Annotated[
        int | None,
        Query(
            ge=MIN_DAYS,
            le=MAX_DAYS,
            description=f"`answers` are figures of the reviews that were published in so many days up to the instant; "
            f"{DAYS} if not given. Not with `known_at`, which leaves `answers` out. Of more than {MAX_WAITS:,} "
            "reviews it is refused: ask for fewer days; if not given, `answers` are null.",
            examples=[DAYS],
        ),
    ] = None,
) -> FiguresOut:
    """Return how sure the score of a subject is, how its reviews are distributed, how many come and how old they are.

    NPS, CSAT and CES fade as the profile says, and are never mixed into stars. Intervals have a confidence of 95 %:
    Wilson's of a share, that of Rocks of an NPS, Student's of a mean, each of the effective number of replies.

    `answers` say how many reviews the company answers and how soon; reviews that wait are censored at their age, so
    that they count. What is told there does not depend on the profile. With `known_at` they are null, and
    `answers_reason` says so: of an answer it is kept when it was published, and not when that was received. With both
    `days` and `known_at` it is 422. Where so many reviews came that their answers are not told, `answers_reason` says
    that as well: ask for fewer `days`.
    """
    if known_at is not None and days is not None:
        raise UnkeptAnswersError
    moment = moment_of(at, known_at, tx.now)
    of = Weighed(tenant_id=principal.tenant_id, subject=subject, moment=moment, profile=profile, source_id=source_id)
    figures, aged = await store.figures_at(tx, of)
    answered: Answers | NoAnswers = NoAnswers.NOT_KEPT
    if known_at is None:
        try:
            answered = await store.answers_at(tx, principal.tenant_id, subject, moment.at_us, days or DAYS, source_id)
        except TooManyWaitsError:
            if days is not None:
                raise
            answered = NoAnswers.TOO_MANY  # Whoever has not asked for answers gets the other figures.
    named = await sources.named(tx, principal.tenant_id, [source_id for source_id, _ in figures.by_source])
    return figures_out(subject, profile.name, moment.at, figures, aged, answered, named)


STEP_FIGURE: Final = {"type": "string", "enum": [each.value for each in OFFERED]}
"""The schema of a figure of steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFigures(AskedSteps):
    """Which series of figures are asked for."""

    figure: Annotated[
        tuple[Annotated[Figure, AfterValidator(of_steps), WithJsonSchema(STEP_FIGURE)], ...],
        Query(
            max_length=len(OFFERED),
            description=f"Which figures; repeat it for several. {units_of(OFFERED)}",
            examples=[["nps"]],
        ),
    ]


@router.get(
    "/v1/figure-series",
    response_model=FigureSeriesOut,
    responses={200: {"content": content_of_file(HEAD, '{"subject": "acme", "figure": "nps", "value": 40.0, …}')}},
    summary="Read how figures moved",
    openapi_extra=describe(problems={"unknown-subject": 422, "too-many-reviews": 422}),
)
async def read_figure_series(
    request: Request,
    principal: ScoresReader,
    tx: TenantTx,
    asked: Annotated[AskedFigures, Depends(parameters(AskedFigures))],
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """Return figures of the reviews of each hour, day, week or month, with `n` and an interval; no step is left out.

    Figures of ratings, such as NPS, CSAT, CES and how many reviews come, are of the reviews that were rated in the step
    and stand now, without decay; so they are the figures that markers compare. How many come a day is of so much of a
    step as has passed, and no figure is known of a step that has not begun. Figures of answers are of the reviews
    that were published in the step, as they stand now: reviews of the last steps have had less time to be answered,
    which the shares within a time and the median take into account. Of so many as 366 days at most these are told. Of a
    source that tells of answers no more, nobody knows how its reviews stand now, so its earlier steps have no figures
    of answers either: what it told up to then is in `/v1/score-figures/{subject}` with an `at` before that.

    Scores at the end of each step are at `GET /v1/score-series`. Without `from` and `to` it is the last 90 days; the
    answer says which. A JSON answer has at most 20,000 points; a file has no such limit.
    """
    steps, figures = asked.spans(tx.now), list(dict.fromkeys(asked.figure))
    checked(figures, steps, asked.origin)
    subjects, form = list(dict.fromkeys(asked.subject)), asked.form or accepted(accept)
    for subject in subjects:
        if not await scores.is_known(tx, principal.tenant_id, subject):
            raise await scores.unknown_asked(tx, principal.tenant_id, subject)
    of = (asked.source_id, asked.origin)
    read = partial(store.over_time, tenant_id=principal.tenant_id, figures=figures, steps=steps, of=of)
    if form is not Format.JSON:
        # What is refused is refused before a file begins.
        if OF_WAITS & {*figures}:
            for subject in subjects:
                await answers.refuse_too_many(
                    tx, principal.tenant_id, subject, edges_of(steps), unix_us(tx.now), asked.source_id
                )
        apart = partial(read_apart, request.app.state.resources.database(Role.API), principal.tenant_id)
        each = ((subject, await apart(partial(read, subject=subject))) for subject in subjects)
        return as_file(written(_groups(each, figures, steps, of), HEAD, form), "figures", form)
    if len(subjects) * len(figures) * len(steps) > MAX_POINTS:
        raise InvalidSpanError(
            "to", f"There would be more than {MAX_POINTS:,} points. Ask for fewer at once, or for `format=jsonl`."
        )
    found = [(subject, await read(tx, subject=subject)) for subject in subjects]
    # In a thread, so that other requests are answered meanwhile.
    items = await asyncio.to_thread(_items, found, figures, steps)
    names = await sources.named(tx, principal.tenant_id, [] if asked.source_id is None else [str(asked.source_id)])
    answer = FigureSeriesOut(
        start=steps[0].start,
        end=steps[-1].end,
        step=asked.step.value,
        timezone=asked.timezone,
        source_id=asked.source_id,
        **named_fields(names.get(str(asked.source_id))),
        origin=asked.origin,
        items=items,
    )
    return Response(answer.model_dump_json(by_alias=True), media_type=MEDIA_TYPES[form])


def _items(
    found: Sequence[tuple[str, Read]], figures: Sequence[Figure], steps: Sequence[Span]
) -> list[OneFigureSeriesOut]:
    return [
        one_series_out(subject, figure, points(figure, read, steps)) for subject, read in found for figure in figures
    ]


async def _groups(
    found: AsyncIterator[tuple[str, Read]], figures: Sequence[Figure], steps: Sequence[Span], of: Of
) -> AsyncIterator[Group[FigurePoint]]:
    async for subject, read in found:
        for figure in figures:
            known_by = (subject, figure, of)
            yield Group(points(figure, read, steps), partial(line_out, *known_by), partial(row_out, *known_by))
