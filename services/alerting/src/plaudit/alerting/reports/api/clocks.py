"""HTTP: how much is in time, and how soon it happens."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from plaudit.alerting.clocks.api import ownership
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.alerting.reports.api.common import (
    EXAMPLE_LINE,
    TOO_MUCH,
    Accept,
    AskedOf,
    OfTime,
    Reader,
    answered,
    lines_of_report,
)
from plaudit.alerting.reports.domain.asked import (
    COMING_DAYS,
    LateEntries,
    Start,
    TimeKind,
)
from plaudit.alerting.reports.schemas import (
    COMPLIANCE_FIELDS,
    TIMES_FIELDS,
    ComplianceReportOut,
    ResponseTimesOut,
    compliance_out,
    compliance_report_out,
    compliance_row,
    head_of,
    response_times_out,
    times_out,
    times_row,
)
from plaudit.alerting.reports.store.clocks import compliance_of, times_of_clocks
from plaudit.common.http import (
    TenantTx,
)
from plaudit.common.http.files import accepted, content_of_file

router = APIRouter(tags=["reports"])


@router.get(
    "/v1/reports/compliance",
    response_model=ComplianceReportOut,
    responses={200: {"content": content_of_file(head_of([], COMPLIANCE_FIELDS), EXAMPLE_LINE)}},
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
    return answered(
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
    responses={200: {"content": content_of_file(head_of([], TIMES_FIELDS), EXAMPLE_LINE)}},
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
    return answered(
        response_times_out(of, metric, report),
        asked.form or accepted(accept),
        "response-times",
        head_of(of.by, TIMES_FIELDS),
        lines_of_report(report),
        lambda group: times_out(of, group.key, group.figures),
        partial(times_row, of),
    )
