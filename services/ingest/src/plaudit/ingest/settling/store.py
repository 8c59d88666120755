"""Every statement about resolutions and reports to platforms."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.columns import Columns, under
from plaudit.common.db.results import rows_changed
from plaudit.ingest.settling.domain import Finding, PlatformReport, ReportState, Settled
from plaudit.ingest.settling.tables import platform_reports, resolutions

_RESOLUTIONS = Columns(resolutions, under("finding", *Finding.__struct_fields__))
_REPORTS = Columns(platform_reports)
_HISTORY = f"""
SELECT {_RESOLUTIONS.listed} FROM resolutions WHERE tenant_id = $1 AND review_id = $2 ORDER BY number DESC
"""
_LABELS = """
SELECT DISTINCT outcome, cause
FROM (SELECT outcome, cause FROM resolutions WHERE tenant_id = $1 ORDER BY review_id DESC LIMIT $2) AS latest
"""
_ADD_RESOLUTION = f"INSERT INTO resolutions ({_RESOLUTIONS.listed}) VALUES ({_RESOLUTIONS.values()})"
_SELECT_REPORTS = f"SELECT {_REPORTS.listed} FROM platform_reports"
_ADD_REPORT = f"INSERT INTO platform_reports ({_REPORTS.listed}) VALUES ({_REPORTS.values()})"
_REPORT = f"{_SELECT_REPORTS} WHERE tenant_id = $1 AND id = $2"
_OPEN_REPORT = f"{_SELECT_REPORTS} WHERE tenant_id = $1 AND review_id = $2 AND state = 'open'"
_REPORTS_OF = f"{_SELECT_REPORTS} WHERE tenant_id = $1 AND review_id = $2 ORDER BY reported_at DESC, id DESC"
_REPORT_PAGE = f"""
{_SELECT_REPORTS} WHERE tenant_id = $1 AND ($2::text IS NULL OR state = $2)
    AND ($3::timestamptz IS NULL OR (reported_at, id) < ($3, $4::uuid))
ORDER BY reported_at DESC, id DESC LIMIT $5
"""
_DECIDE = """
UPDATE platform_reports SET state = $3, decided_at = $4, decided_by = $5, decision = $6
WHERE tenant_id = $1 AND id = $2 AND state = 'open'
"""
_TAKEN_DOWN = """
SELECT FROM platform_reports p JOIN reviews r ON r.tenant_id = p.tenant_id AND r.id = p.review_id
WHERE p.state = 'open' AND r.removed
"""
ANY_TAKEN_DOWN: Final = f"SELECT EXISTS ({_TAKEN_DOWN})"
"""The condition that the review of an open report is gone, for `Database.holds`."""
_ACCEPT_TAKEN_DOWN = """
UPDATE platform_reports SET state = 'accepted', decided_at = $1, decision = $2
WHERE id IN (
    SELECT p.id FROM platform_reports p JOIN reviews r ON r.tenant_id = p.tenant_id AND r.id = p.review_id
    WHERE p.state = 'open' AND r.removed LIMIT $3
)
"""


async def history(tx: Tx, tenant_id: str, review_id: UUID) -> list[Settled]:
    """Return all resolutions of a review, the one that counts first."""
    return [_settled(row) for row in await tx.raw.fetch(_HISTORY, tenant_id, review_id)]


async def labels(tx: Tx, tenant_id: str, max_rows: int) -> tuple[list[str], list[str]]:
    """Return the outcomes and the causes that the tenant's latest reviews were settled with, sorted."""
    rows = await tx.raw.fetch(_LABELS, tenant_id, max_rows)
    return sorted({row["outcome"] for row in rows}), sorted({row["cause"] for row in rows if row["cause"]})


async def add(tx: Tx, settled: Settled) -> None:
    """Store a new resolution."""
    await tx.raw.execute(_ADD_RESOLUTION, *_RESOLUTIONS.row(settled))


async def add_report(tx: Tx, report: PlatformReport) -> None:
    """Store a new report."""
    await tx.raw.execute(_ADD_REPORT, *_REPORTS.row(report))


async def get_report(tx: Tx, tenant_id: str, report_id: UUID) -> PlatformReport | None:
    """Return one of the tenant's reports."""
    row = await tx.raw.fetchrow(_REPORT, tenant_id, report_id)
    return None if row is None else _report(row)


async def open_report(tx: Tx, tenant_id: str, review_id: UUID) -> PlatformReport | None:
    """Return the open report of a review."""
    row = await tx.raw.fetchrow(_OPEN_REPORT, tenant_id, review_id)
    return None if row is None else _report(row)


async def reports_of(tx: Tx, tenant_id: str, review_id: UUID) -> list[PlatformReport]:
    """Return all reports of a review, the latest first."""
    return [_report(row) for row in await tx.raw.fetch(_REPORTS_OF, tenant_id, review_id)]


async def report_page(
    tx: SqlTx, tenant_id: str, state: ReportState | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[PlatformReport]:
    """Return up to `limit` of the tenant's reports, the latest first."""
    rows = await tx.raw.fetch(_REPORT_PAGE, tenant_id, state, *(after or (None, None)), limit)
    return [_report(row) for row in rows]


async def decide(tx: Tx, report: PlatformReport) -> None:
    """Store what the platform has decided."""
    decided = (report.state.value, report.decided_at, report.decided_by, report.decision)
    await tx.raw.execute(_DECIDE, report.tenant_id, report.id, *decided)


async def accept_taken_down(tx: Tx, decision: str, max_rows: int) -> int:
    """Accept open reports of reviews that are gone; return how many."""
    return rows_changed(await tx.raw.execute(_ACCEPT_TAKEN_DOWN, tx.now, decision, max_rows))


def _settled(row: Mapping[str, Any] | Any) -> Settled:
    values = dict(row)
    values["finding"] = {name: values.pop(name) for name in Finding.__struct_fields__}
    return msgspec.convert(values, Settled)


def _report(row: Mapping[str, Any] | Any) -> PlatformReport:
    return msgspec.convert(dict(row), PlatformReport)
