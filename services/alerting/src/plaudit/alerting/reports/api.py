"""HTTP: reports about answering, as JSON and as files."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel

from plaudit.alerting.clocks.api import ownership
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.alerting.reports.domain.asked import (
    COMING_DAYS,
    DAYS,
    MAX_DAYS,
    MAX_DIMENSIONS,
    OF_REVIEWS,
    WEEK,
    Asked,
    Dimension,
    InvalidReportError,
    LateEntries,
    Start,
    TimeKind,
    TooMuchError,
    Window,
    dimensions_of,
    window_of,
)
from plaudit.alerting.reports.domain.effects import Bucket, Effect, Effects
from plaudit.alerting.reports.domain.groups import Group as Told
from plaudit.alerting.reports.domain.groups import Key, Report
from plaudit.alerting.reports.schemas import (
    ALL,
    COMPLIANCE_FIELDS,
    EFFECT_FIELDS,
    TIMES_FIELDS,
    UNKNOWN_HEAD,
    ComplianceReportOut,
    EffectsReportOut,
    ResponseTimesOut,
    UnknownOut,
    compliance_out,
    compliance_report_out,
    compliance_row,
    effect_out,
    effect_row,
    effects_out,
    head_of,
    response_times_out,
    times_out,
    times_row,
    unknown_out,
    unknown_row,
)
from plaudit.alerting.reports.store import look_up
from plaudit.alerting.reports.store.clocks import compliance_of, times_of_clocks
from plaudit.alerting.reports.store.effects import effects_of_answers
from plaudit.common.contracts.subjects import MAX_SUBJECT_SEGMENTS
from plaudit.common.http import (
    Instant,
    Page,
    Paging,
    Principal,
    Problem,
    Refusals,
    SubjectFilter,
    TenantTx,
    authorize,
    describe,
    unprocessable,
)
from plaudit.common.http.files import Format, Group, accepted, as_file, content_of_file, written
from plaudit.common.http.openapi_examples import A_TIME
from plaudit.common.http.parameters import parameters
from plaudit.common.http.problems import ProblemError
from plaudit.common.time_zones import UnknownTimeZoneError, zone_of

MAX_ZONE_CHARS: Final = 60
MAX_LOOKED_UP: Final = 10_000
"""Lines of a file of what has to be looked up."""
_EXAMPLE_LINE: Final = '{"key": {"month": "2026-03-01"}, …}'

PROBLEMS: Final = {
    "too-much-for-a-report": "The report would have too many clocks or groups; the detail says how to ask for less.",
}
"""Slug → meaning and what to do."""


def _invalid(error: InvalidReportError) -> Problem:
    named = ProblemError("query", f"/{error.field}", "against_the_rules", str(error))
    return unprocessable("invalid-request", "What is asked for is against the rules; `errors` says how.", [named])


REFUSALS: Final[Refusals] = {
    InvalidReportError: _invalid,
    TooMuchError: lambda error: unprocessable("too-much-for-a-report", str(error)),
}
"""What the rules refuse → the problem that the client gets."""
TOO_MUCH: Final = describe(problems={"too-much-for-a-report": 422})

router = APIRouter(tags=["reports"])
Reader = Annotated[Principal, Depends(authorize("clocks:read"))]
Accept = Annotated[str, Header(include_in_schema=False)]
Form = Annotated[
    Format | None,
    Query(
        alias="format",
        description="JSON; or a file with a line for each group, of JSON objects or CSV. Otherwise, what `Accept` "
        "prefers.",
    ),
]
By = Annotated[
    list[Dimension] | None,
    Query(
        max_length=len(Dimension),
        description=f"By what it is told; repeat it for two things, at most {MAX_DIMENSIONS}. `subject` groups by as "
        "many segments as `depth` says.",
        examples=[[]],
    ),
]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedReport:
    """Which time a report is of, which clocks or reviews, and by what it is told."""

    start: Annotated[
        Instant | None,
        Query(
            alias="from",
            description=f"From then; {DAYS} days ago, if not given. At most {MAX_DAYS:,} days before `to`.",
            examples=[A_TIME],
        ),
    ] = None
    end: Annotated[Instant | None, Query(alias="to", description="To before then.", examples=[A_TIME])] = None
    by: By = None
    subject: SubjectFilter = None
    source_id: Annotated[UUID | None, Query(description="Only those of this source.")] = None
    depth: Annotated[
        int, Query(ge=1, le=MAX_SUBJECT_SEGMENTS, description="Of `by=subject`: so many segments make a group.")
    ] = 1
    zone: Annotated[
        str,
        Query(
            max_length=MAX_ZONE_CHARS,
            description="Where weeks and months begin: a name of the IANA database.",
            examples=["Europe/Berlin"],
        ),
    ] = "UTC"
    form: Form = None

    def asked(
        self,
        now: datetime,
        *,
        coming_days: int = 0,
        offered: frozenset[Dimension] = frozenset(Dimension),
        **more: Any,
    ) -> Asked:
        """Return what is asked for.

        Args:
            now: the present time.
            coming_days: as of `window_of`.
            offered: what it can be told by.
            more: further fields of `Asked`.

        Raises:
            InvalidReportError: it is against the rules.
        """
        return Asked(
            window=window_of(self.start, self.end, now, coming_days),
            by=dimensions_of(self.by or (), offered),
            subject=self.subject,
            source_id=None if self.source_id is None else str(self.source_id),
            depth=self.depth,
            zone=_zone_named(self.zone),
            **more,
        )


AskedOf = Annotated[AskedReport, Depends(parameters(AskedReport))]
OfTime = Annotated[
    TimeKind,
    Query(description="`business`: by the clock's calendar, without pauses. `calendar`: as if every hour counted."),
]


@router.get(
    "/v1/reports/compliance",
    response_model=ComplianceReportOut,
    responses={200: {"content": content_of_file(head_of([], COMPLIANCE_FIELDS), _EXAMPLE_LINE)}},
    summary="Read how much is in time",
    openapi_extra=TOO_MUCH,
)
async def read_compliance(
    request: Request,
    principal: Reader,
    tx: TenantTx,
    asked: AskedOf,
    metric: Annotated[Metric | None, Query(description="Only clocks of this metric.")] = None,
    time: OfTime = TimeKind.BUSINESS,
    accept: Accept = "",
) -> Response:
    """Return the share of clocks in time, of those that are due in a time: in time ÷ (in time + late + open past due).

    What is open past its due time counts as not in time, so that nothing looks better for being left lying. What is not
    yet due, paused or cancelled is named apart, and so is what nobody can know because answers are not told. A clock
    counts with its present run; the share has Wilson's interval of 95 %. Without `to` it looks 30 days ahead.
    """
    of = asked.asked(tx.now, coming_days=COMING_DAYS, metric=metric, time=time)
    report = await compliance_of(tx, principal.tenant_id, of, await ownership(request, tx, principal.tenant_id))
    return _answered(
        compliance_report_out(of, report),
        asked.form or accepted(accept),
        "compliance",
        head_of(of.by, COMPLIANCE_FIELDS),
        lines_of_report(report),
        lambda group: compliance_out(of, group.key, group.figures),
        partial(compliance_row, of),
    )


@router.get(
    "/v1/reports/response-times",
    response_model=ResponseTimesOut,
    responses={200: {"content": content_of_file(head_of([], TIMES_FIELDS), _EXAMPLE_LINE)}},
    summary="Read how soon what is due happens",
    openapi_extra=TOO_MUCH,
)
async def read_response_times(
    request: Request,
    principal: Reader,
    tx: TenantTx,
    asked: AskedOf,
    metric: Annotated[Metric, Query(description="What is due.")] = Metric.FIRST_ANSWER,
    time: Annotated[
        TimeKind,
        Query(description="`business`: that of the clock's calendar, without pauses. `calendar`: all of it."),
    ] = TimeKind.BUSINESS,
    start_rule: Annotated[
        Start, Query(description="`publication`: from when the customer said it. `receipt`: from when we knew of it.")
    ] = Start.PUBLICATION,
    late_entries: Annotated[
        LateEntries,
        Query(
            description="Of `publication`, what counts of clocks that were known later: all their time (`counted`), or "
            "only that from then (`truncated`), since what was answered before could not be seen."
        ),
    ] = LateEntries.COUNTED,
    accept: Accept = "",
) -> Response:
    """Return the median, and the times within which three quarters and nine tenths are answered.

    They are of the estimator of Kaplan and Meier: what is open counts with how long it has waited up to now, and what
    was cancelled with how long it waited until then. So they do not fall when work is left lying. The clocks are those
    whose time counts from a moment in the time that is asked for. An answer that is older than the statement is no
    quick answer to it, and in no time.
    """
    of = asked.asked(tx.now, metric=metric, time=time, start=start_rule, late_entries=late_entries)
    report = await times_of_clocks(tx, principal.tenant_id, of, await ownership(request, tx, principal.tenant_id))
    return _answered(
        response_times_out(of, metric, report),
        asked.form or accepted(accept),
        "response-times",
        head_of(of.by, TIMES_FIELDS),
        lines_of_report(report),
        lambda group: times_out(of, group.key, group.figures),
        partial(times_row, of),
    )


@router.get(
    "/v1/reports/effects",
    response_model=EffectsReportOut,
    responses={200: {"content": content_of_file(head_of([], EFFECT_FIELDS), _EXAMPLE_LINE)}},
    summary="Read what became of ratings",
    openapi_extra=TOO_MUCH,
)
async def read_answer_effects(principal: Reader, tx: TenantTx, asked: AskedOf, accept: Accept = "") -> Response:
    """Return what became of the ratings of negative reviews that were published in a time, by how soon we answered.

    A review counts that had one or two stars when it was answered, or has had and is not answered. Its wait counts from
    when it got that rating; it is raised if its rating now is a star higher, or more. Reviews that are removed do not
    count. It can be told by `source`, `severity`, `subject`, `week` and `month` (of the publication).

    It is no proof that answers caused it: reviews that are answered soon may differ from others.
    """
    of = asked.asked(tx.now, offered=OF_REVIEWS)
    report = await effects_of_answers(tx, principal.tenant_id, of)
    lines = lines_of_effects(report)

    def line(each: tuple[Key, Bucket, Effect]) -> BaseModel:
        return effect_out(each[1], each[2])

    return _answered(
        effects_out(of, report),
        asked.form or accepted(accept),
        "effects",
        head_of(of.by, EFFECT_FIELDS),
        lines,
        line,
        lambda each: effect_row(of, *each),
    )


@router.get("/v1/reports/to-look-up", summary="List answers that have to be looked up")
async def list_to_look_up(
    principal: Reader,
    tx: TenantTx,
    paging: Paging,
    start: Annotated[
        Instant | None, Query(alias="from", description="Due from then; a week before `to`, if not given.")
    ] = None,
    end: Annotated[Instant | None, Query(alias="to", description="Due before then; now, if not given.")] = None,
) -> Page[UnknownOut]:
    """List clocks of which nobody knows whether they were met, because answers are not told, the earliest due first.

    A person looks each up where the review stands, and says what was found by settling its clock.
    """
    window = week_of(start, end, tx.now)
    found = await look_up.listed(tx, principal.tenant_id, window, paging.after(tuple[datetime, UUID]), paging.rows)
    return paging.page(found, lambda each: (each.due_at, each.clock_id), unknown_out)


@router.get(
    "/v1/reports/to-look-up/export",
    response_class=Response,
    responses={200: {"content": content_of_file(UNKNOWN_HEAD, '{"clock_id": "…", …}')}},
    summary="Export answers that have to be looked up",
)
async def export_to_look_up(
    principal: Reader,
    tx: TenantTx,
    start: Annotated[
        Instant | None, Query(alias="from", description="Due from then; a week before `to`, if not given.")
    ] = None,
    end: Annotated[Instant | None, Query(alias="to", description="Due before then; now, if not given.")] = None,
) -> Response:
    """Export the same list as CSV, at most 10,000 lines; no text is one that a spreadsheet runs."""
    window = week_of(start, end, tx.now)
    found = await look_up.listed(tx, principal.tenant_id, window, None, MAX_LOOKED_UP)
    return file_of("to-look-up", Format.CSV, UNKNOWN_HEAD, found, unknown_out, unknown_row)


def week_of(start: datetime | None, end: datetime | None, now: datetime) -> Window:
    """Return the time of the weekly list.

    Raises:
        InvalidReportError: it is empty, or too long.
    """
    last = end or now
    return window_of(start or last - WEEK, last, now)


def file_of(
    name: str,
    form: Format,
    head: Sequence[str],
    things: Iterable[T],
    line: Callable[[T], BaseModel],
    row: Callable[[T], Sequence[str]],
) -> Response:
    """Return a file of a line for each thing."""

    async def groups() -> AsyncIterator[Group[T]]:
        yield Group(things, line, row)

    return as_file(written(groups(), head, form), name, form)


def _answered(
    answer: BaseModel,
    form: Format,
    name: str,
    head: Sequence[str],
    things: Iterable[T],
    line: Callable[[T], BaseModel],
    row: Callable[[T], Sequence[str]],
) -> Response:
    """Return a report in the form that is asked for."""
    if form is Format.JSON:
        return Response(answer.model_dump_json(by_alias=True), media_type="application/json")
    return file_of(name, form, head, things, line, row)


def lines_of_report(report: Report[T]) -> list[Told[T]]:
    """Return the groups of a report; all together, where it is told by nothing."""
    return [*report.groups] or [Told(ALL, report.all)]


def lines_of_effects(report: Report[Effects]) -> list[tuple[Key, Bucket, Effect]]:
    """Return each bucket of each group of a report."""
    return [
        (group.key, bucket, effect)
        for group in lines_of_report(report)
        for bucket, effect in group.figures.buckets.items()
    ]


def _zone_named(name: str) -> str:
    try:
        zone_of(name)
    except UnknownTimeZoneError as error:
        text = str(error)
        raise InvalidReportError("zone", f"{text[0].upper()}{text[1:]}.") from None
    return name
