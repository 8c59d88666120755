"""What the endpoints of reports share."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from fastapi import Depends, Header, Query, Response
from pydantic import BaseModel

from plaudit.alerting.reports.domain.asked import (
    DAYS,
    MAX_DAYS,
    MAX_DIMENSIONS,
    Asked,
    Dimension,
    InvalidReportError,
    TimeKind,
    TooMuchError,
    dimensions_of,
    window_of,
)
from plaudit.alerting.reports.domain.groups import Group as Told
from plaudit.alerting.reports.domain.groups import Report
from plaudit.alerting.reports.schemas import (
    ALL,
)
from plaudit.common.contracts.subjects import MAX_SUBJECT_SEGMENTS
from plaudit.common.http import (
    Instant,
    Principal,
    Problem,
    Refusals,
    SubjectFilter,
    authorize,
    describe,
    unprocessable,
)
from plaudit.common.http.files import Format, Group, as_file, written
from plaudit.common.http.openapi_examples import A_TIME
from plaudit.common.http.parameters import parameters
from plaudit.common.http.problems import against_rule
from plaudit.common.http.texts import StorableText
from plaudit.common.time_zones import UnknownTimeZoneError, zone_of

MAX_ZONE_CHARS: Final = 60
EXAMPLE_LINE: Final = '{"key": {"month": "2026-03-01"}, …}'
PROBLEMS: Final = {
    "too-much-for-a-report": "The report would have too many clocks or groups; the detail says how to ask for less.",
}
"""Slug → meaning and what to do."""


def _invalid(error: InvalidReportError) -> Problem:
    named = against_rule("query", f"/{error.field}", "against_the_rules", error)
    return unprocessable("invalid-request", "What is asked for is against the rules; `errors` says how.", [named])


REFUSALS: Final[Refusals] = {
    InvalidReportError: _invalid,
    TooMuchError: lambda error: unprocessable("too-much-for-a-report", str(error)),
}
"""What the rules refuse → the problem that the client gets."""
TOO_MUCH: Final = describe(problems={"too-much-for-a-report": 422})
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
        StorableText,
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


def answered(
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


def _zone_named(name: str) -> str:
    try:
        zone_of(name)
    except UnknownTimeZoneError as error:
        text = str(error)
        raise InvalidReportError("zone", f"{text[0].upper()}{text[1:]}.") from None
    return name
