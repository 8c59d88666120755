"""The export of a board: pages of each table in the order of its key, so that memory holds one page."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Table

from plaudit.common.db import Database, SqlTx
from plaudit.common.http import read_apart
from plaudit.common.http.files import BYTE_ORDER_MARK, csv_lines, guarded_cell
from plaudit.feedback_board.changelog.tables import changelog_entries, changelog_requests
from plaudit.feedback_board.comments.tables import comments, responses
from plaudit.feedback_board.embeds.tables import embeds
from plaudit.feedback_board.holds.tables import hold_rules
from plaudit.feedback_board.imports.tables import imported_requests
from plaudit.feedback_board.links.tables import links
from plaudit.feedback_board.merges.tables import merges
from plaudit.feedback_board.personas.tables import persona_people, personas
from plaudit.feedback_board.requests.tables import activity, priority_history, reach_views, requests, sizings
from plaudit.feedback_board.votes.tables import votes

PAGE_ROWS: Final = 500
EXPORTED: Final[Sequence[Table]] = (
    requests, votes, comments, responses, links, merges, sizings, priority_history, changelog_entries,
    changelog_requests, personas, persona_people, reach_views, hold_rules, embeds, imported_requests, activity,
)  # fmt: skip
"""In this order. Sealed addresses, sessions and secrets are in none of these."""
_NOT_EXPORTED: Final = {"imported_requests": frozenset({"said"})}
HEAD: Final = (
    "source", "external_id", "title", "text", "subject", "persona", "status", "status_reason",
    "impact", "effort_weeks", "created_at", "slug", "priority", "reach", "people_votes", "visibility",
)  # fmt: skip
"""The columns of CSV. `slug` and what follows are passed over by an import."""


async def json_pieces(database: Database, tenant_id: str) -> AsyncIterator[str]:
    """Yield the board as JSON Lines, a page of rows at a time."""
    for table in EXPORTED:
        async for page in _pages(database, tenant_id, table):
            yield await asyncio.to_thread(_json_lines, table, page)


async def csv_pieces(database: Database, tenant_id: str) -> AsyncIterator[str]:
    """Yield the requests as CSV, a page of rows at a time."""
    yield BYTE_ORDER_MARK + csv_lines([HEAD])
    async for page in _pages(database, tenant_id, requests):
        yield await asyncio.to_thread(_csv_rows, page)


async def _pages(database: Database, tenant_id: str, table: Table) -> AsyncIterator[list[dict[str, Any]]]:
    """Yield the rows of a table, each page in a transaction of its own."""
    places = [column.name for column in table.primary_key if column.name != "tenant_id"]
    names = [column.name for column in table.columns if column.name not in _NOT_EXPORTED.get(table.name, ())]
    after: tuple[Any, ...] = ()

    async def read(tx: SqlTx) -> list[dict[str, Any]]:
        rows = await tx.raw.fetch(_statement(table, names, places, begun=bool(after)), tenant_id, PAGE_ROWS, *after)
        return [dict(row) for row in rows]

    while page := await read_apart(database, tenant_id, read):
        yield page
        if len(page) < PAGE_ROWS or not places:
            return
        after = tuple(page[-1][place] for place in places)


def _statement(table: Table, names: Sequence[str], places: Sequence[str], *, begun: bool) -> str:
    order = ", ".join(places)
    numbers = ", ".join(f"${number}" for number, _ in enumerate(places, start=3))
    behind = f"AND ({order}) > ({numbers})" if begun else ""
    ordered = f"ORDER BY {order}" if places else ""
    return f"SELECT {', '.join(names)} FROM {table.name} WHERE tenant_id = $1 {behind} {ordered} LIMIT $2"


def _json_lines(table: Table, page: Sequence[dict[str, Any]]) -> str:
    return "".join(f"{msgspec.json.encode({'table': str(table.name), 'row': row}).decode()}\n" for row in page)


def _csv_rows(page: Sequence[dict[str, Any]]) -> str:
    return csv_lines([[guarded_cell(_cell(row, name)) for name in HEAD] for row in page])


def _cell(row: dict[str, Any], name: str) -> object:
    match name:
        case "source":
            return "plaudit"
        case "external_id":
            return str(row["id"])
        case "people_votes":
            return row["votes"]
    value = row[name]
    return str(value) if isinstance(value, UUID) else value
