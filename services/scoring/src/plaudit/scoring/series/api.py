"""HTTP: how scores moved, as JSON or as a file."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import Field, WithJsonSchema
from starlette.responses import Response

from plaudit.common.db import Role, SqlTx
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
from plaudit.common.http.times import Instant
from plaudit.scoring.profiles.domain import NAME_PATTERN, TRUST, Profile
from plaudit.scoring.scores import store as scores
from plaudit.scoring.scores.api import OF_MOMENTS, OfOrigin, OfSource
from plaudit.scoring.scores.domain import of_origin
from plaudit.scoring.series import store
from plaudit.scoring.series.domain import (
    MAX_ZONE_CHARS,
    ZONE_PATTERN,
    InvalidSpanError,
    Point,
    Span,
    Step,
    points,
    spans,
    usual_start,
    zone_named,
)
from plaudit.scoring.series.schemas import HEAD, Of, OneSeriesOut, SeriesOut, line_out, point_out, row_out
from plaudit.scoring.series.store import MovedSums
from plaudit.scoring.sources import store as sources
from plaudit.scoring.sources.domain import named

MAX_SUBJECTS: Final = 20
MAX_PROFILES: Final = 5
MAX_POINTS: Final = 20_000
"""In one JSON answer; files are streamed, and have no such limit."""

Movements = Mapping[int | None, MovedSums]
"""Half-life → how the sums of a subject moved."""


def _invalid(error: InvalidSpanError) -> Problem:
    named = ProblemError("query", f"/{error.field}", "against_the_rules", str(error))
    return unprocessable("invalid-request", "The time of the series is against the rules; `errors` says how.", [named])


REFUSALS: Final[Refusals] = {InvalidSpanError: _invalid}
"""What the rules refuse → the problem that the client gets."""

router = APIRouter(tags=["scores"])
ScoresReader = Annotated[Principal, Depends(authorize("scores:read"))]


def _example(time: str) -> WithJsonSchema:
    """Return the schema of an instant with an example that goes with that of the other one."""
    return WithJsonSchema({"type": "string", "format": "date-time", "examples": [time]})


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedSteps:
    """Which steps of time a series is asked for, of which reviews, and in which form."""

    subject: Annotated[
        tuple[Subject, ...],
        Query(max_length=MAX_SUBJECTS, description="Of which subjects; repeat it for several.", examples=[["acme"]]),
    ]
    start: Annotated[
        Instant | None,
        _example("2026-03-01T00:00:00Z"),
        Query(
            alias="from",
            description="When the first step begins; if not given, with the day, the week or the month that was 90 "
            "days before `to`.",
        ),
    ] = None
    end: Annotated[
        Instant | None,
        _example("2026-03-08T00:00:00Z"),
        Query(
            alias="to",
            description="When the last step ends, at most 9,000 steps later; if not given, now.",
        ),
    ] = None
    step: Annotated[Step, Query(description="How long a step lasts, on the calendar of the time zone.")] = Step.DAY
    timezone: Annotated[
        str,
        Query(
            max_length=MAX_ZONE_CHARS,
            pattern=ZONE_PATTERN,
            description="On whose clocks hours, days, weeks and months begin: a name of the IANA database.",
            examples=["Europe/Berlin"],
        ),
    ] = "UTC"
    source_id: OfSource = None
    origin: OfOrigin = None
    form: Annotated[
        Format | None,
        Query(
            alias="format",
            description="JSON; or a file with a line for each point, of JSON objects or CSV. Otherwise, what `Accept` "
            "prefers.",
        ),
    ] = None

    def spans(self, now: datetime) -> list[Span]:
        """Return the steps; without a start and an end, those of the last 90 days.

        Raises:
            InvalidSpanError: there are none, or too many.
        """
        zone, end = zone_named(self.timezone), self.end or now
        return spans(self.start or usual_start(end, self.step, zone), end, self.step, zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(AskedSteps):
    """Which series of scores are asked for."""

    profile: Annotated[
        tuple[Annotated[str, Field(pattern=NAME_PATTERN)], ...],
        Query(
            max_length=MAX_PROFILES,
            description="By which rules the scores are computed; repeat it for several.",
            examples=[["trust"]],
        ),
    ] = (TRUST.name,)
    known: Annotated[
        bool,
        Query(
            description="Whether a change counts only from when it had been received: the scores as they were shown "
            "then, by the present rules of each profile. Otherwise from when it took effect where the review stands, "
            "as with `at` of one score."
        ),
    ] = False


AskedSeries = Annotated[Asked, Depends(parameters(Asked))]


@router.get(
    "/v1/score-series",
    response_model=SeriesOut,
    responses={200: {"content": content_of_file(HEAD, '{"subject": "acme", "score": 4.2, …}')}},
    summary="Read how scores moved",
    openapi_extra=describe(problems={"unknown-subject": 422, **OF_MOMENTS}),
)
async def read_series(
    request: Request,
    principal: ScoresReader,
    tx: TenantTx,
    asked: AskedSeries,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """Return the scores of subjects at the end of each hour, day, week or month; no step is left out.

    The first and the last step are cut short where `from` and `to` lie within one. A score is the one at the last
    instant of its step, which `GET /v1/scores/{subject}?at=` gives too; in steps after the present it is what will be
    with no new reviews. Without `from` and `to` it is the last 90
    days; the answer says which. A JSON answer has at most 20,000 points; a file has no such limit.
    """
    steps = asked.spans(tx.now)
    named_ones = [await scores.find_profile(tx, principal.tenant_id, name) for name in dict.fromkeys(asked.profile)]
    profiles = named_ones if asked.origin is None else [of_origin(each, asked.origin) for each in named_ones]
    subjects = list(dict.fromkeys(asked.subject))
    form = asked.form or accepted(accept)
    read = partial(
        _moved,
        tenant_id=principal.tenant_id,
        profiles=profiles,
        steps=steps,
        as_known=asked.known,
        source_id=asked.source_id,
    )
    if form is not Format.JSON:
        for subject in subjects:
            if not await scores.is_known(tx, principal.tenant_id, subject):
                raise await scores.unknown_asked(tx, principal.tenant_id, subject)
        apart = partial(read_apart, request.app.state.resources.database(Role.API), principal.tenant_id)
        each = ((subject, await apart(partial(read, subject=subject))) for subject in subjects)
        groups = _groups(each, profiles, steps, (asked.source_id, asked.origin))
        return as_file(written(groups, HEAD, form), "scores", form)
    if len(subjects) * len(profiles) * len(steps) > MAX_POINTS:
        raise InvalidSpanError(
            "to", f"There would be more than {MAX_POINTS:,} points. Ask for fewer at once, or for `format=jsonl`."
        )
    moved = [(subject, await read(tx, subject=subject)) for subject in subjects]
    # In a thread, so that other requests are answered meanwhile.
    items = await asyncio.to_thread(_items, moved, profiles, steps)
    names = await sources.named(tx, principal.tenant_id, [] if asked.source_id is None else [str(asked.source_id)])
    answer = SeriesOut(
        start=steps[0].start,
        end=steps[-1].end,
        step=asked.step.value,
        timezone=asked.timezone,
        known=asked.known,
        source_id=asked.source_id,
        **named(names.get(str(asked.source_id))),
        origin=asked.origin,
        items=items,
    )
    return Response(answer.model_dump_json(by_alias=True), media_type=MEDIA_TYPES[form])


async def _moved(
    tx: SqlTx,
    *,
    tenant_id: str,
    subject: str,
    profiles: Sequence[Profile],
    steps: Sequence[Span],
    as_known: bool,
    source_id: UUID | None,
) -> Movements:
    found = await store.moved(tx, tenant_id, subject, steps, profiles, as_known=as_known, source_id=source_id)
    if found is None:
        raise await scores.unknown_asked(tx, tenant_id, subject)
    return found


def _items(
    moved: Sequence[tuple[str, Movements]], profiles: Sequence[Profile], steps: Sequence[Span]
) -> list[OneSeriesOut]:
    return [
        OneSeriesOut(
            subject=subject,
            profile=profile.name,
            points=[point_out(point) for point in _points(profile, each, steps)],
        )
        for subject, each in moved
        for profile in profiles
    ]


def _points(profile: Profile, moved: Movements, steps: Sequence[Span]) -> Iterator[Point]:
    of_half_life = moved[profile.half_life_us]
    return points(profile, of_half_life.before, of_half_life.changes, steps)


async def _groups(
    moved: AsyncIterator[tuple[str, Movements]], profiles: Sequence[Profile], steps: Sequence[Span], of: Of
) -> AsyncIterator[Group[Point]]:
    async for subject, each in moved:
        for profile in profiles:
            known_by = (subject, profile.name, of)
            yield Group(_points(profile, each, steps), partial(line_out, *known_by), partial(row_out, *known_by))
