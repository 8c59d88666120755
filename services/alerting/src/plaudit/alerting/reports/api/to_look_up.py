"""HTTP: answers of which nobody knows."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response

from plaudit.alerting.reports.api.common import Reader, file_of
from plaudit.alerting.reports.domain.asked import (
    WEEK,
    Window,
    window_of,
)
from plaudit.alerting.reports.schemas import (
    UNKNOWN_HEAD,
    UnknownOut,
    unknown_out,
    unknown_row,
)
from plaudit.alerting.reports.store import look_up
from plaudit.common.http import (
    Instant,
    Page,
    Paging,
    TenantTx,
)
from plaudit.common.http.files import Format, content_of_file

MAX_LOOKED_UP: Final = 10_000
"""Lines of a file of what has to be looked up."""

router = APIRouter(tags=["reports"])


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
