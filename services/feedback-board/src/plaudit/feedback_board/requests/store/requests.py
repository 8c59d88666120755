"""Requests: stored, found, and listed in their orders."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    Text,
    Uuid,
    func,
    literal,
    literal_column,
    select,
    true,
    tuple_,
)

from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed
from plaudit.feedback_board.requests.domain.order import Order, SortKey
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.domain.status import Status
from plaudit.feedback_board.requests.domain.visibility import Visibility
from plaudit.feedback_board.requests.domain.weighing import Concern, ReachView
from plaudit.feedback_board.requests.store.search import Found
from plaudit.feedback_board.requests.tables import requests

_ALL = Columns(requests, {"strata": "strata_json"})
_NEVER_CHANGED = ("tenant_id", "id", "slug", "subject", "persona", "created_at", "author_key", "author_name")
_WORDS = ("title", "text", "edited_at", "visibility")
_ELSEWHERE = ("votes", "anonymous_votes", "merged_into", "merged_at")
_SAVED = Columns(requests, {"strata": "strata_json"}, without=(*_NEVER_CHANGED, *_WORDS, *_ELSEWHERE))
"""Numbers of votes change in the one statement that adds or removes votes; what one is merged into, in `merges`. The
words are not saved either, so that a command that read the request cannot bring back what was erased or removed."""

_FIND = f"SELECT {_ALL.listed} FROM requests WHERE tenant_id = $1 AND id = $2 AND visibility = ANY($3::text[])"

# Each is looked up by itself, behind OFFSET 0: otherwise a plan made over a small table would read all of it.
_FIND_SEVERAL = f"""
SELECT found.* FROM unnest($1::text[], $2::uuid[]) AS wanted (tenant_id, id)
CROSS JOIN LATERAL (
    SELECT {_ALL.listed} FROM requests WHERE requests.tenant_id = wanted.tenant_id AND requests.id = wanted.id
    OFFSET 0
) AS found
WHERE found.visibility = ANY($3::text[])
"""

_FIND_BY_SLUG = f"""
SELECT {_ALL.listed} FROM requests WHERE tenant_id = $1 AND slug = $2 AND visibility = ANY($3::text[])
"""

_INSERT = f"""
INSERT INTO requests ({_ALL.listed}) VALUES ({_ALL.values()})
ON CONFLICT (tenant_id, slug) DO NOTHING
RETURNING id
"""

_SAVE = f"UPDATE requests SET ({_SAVED.listed}) = ROW ({_SAVED.values(3)}) WHERE tenant_id = $1 AND id = $2"

_SAVE_WORDS = """
UPDATE requests SET title = $3, text = $4, edited_at = $5, visibility = $6, revision = $7
WHERE tenant_id = $1 AND id = $2
"""

_ADOPT_AUTHORS = """
UPDATE requests SET author_key = $4 WHERE tenant_id = $1 AND id = ANY($2::uuid[]) AND author_key = $3
"""
_ERASE_AUTHOR = """
UPDATE requests SET author_key = NULL, author_name = NULL,
    title = CASE visibility WHEN 'published' THEN title ELSE '' END,
    text = CASE visibility WHEN 'published' THEN text ELSE '' END,
    visibility = CASE visibility WHEN 'held' THEN 'removed' ELSE visibility END
WHERE tenant_id = $1 AND id = ANY($2::uuid[])
"""

_MADE_UNTIL = """
SELECT id FROM requests WHERE tenant_id = $1 AND author_key = $2 AND created_at <= $3 ORDER BY id LIMIT $4
"""

PUBLIC = (Visibility.PUBLISHED,)
"""What is found unless somebody asks for more: held and removed requests are to nobody but moderation and authors."""


def _request(fields: dict[str, Any]) -> Request:
    concern = fields.pop("concern")
    return Request(
        status=Status(fields.pop("status")),
        visibility=Visibility(fields.pop("visibility")),
        reach_view=ReachView(fields.pop("reach_view")),
        concern=None if concern is None else Concern(concern),
        **fields,
    )


async def find(
    tx: Tx, tenant_id: str, request_id: UUID, visibilities: Collection[Visibility] = PUBLIC
) -> Request | None:
    """Return a request by its id, or None."""
    row = await tx.raw.fetchrow(_FIND, tenant_id, request_id, list(visibilities))
    return None if row is None else _request(dict(row))


async def find_several(
    tx: Tx, wanted: Collection[tuple[str, UUID]], visibilities: Collection[Visibility] = PUBLIC
) -> dict[tuple[str, UUID], Request]:
    """Return requests by (tenant id, id); of those that there are not, none."""
    if not wanted:
        return {}
    arrays = map(list, zip(*wanted, strict=True))
    rows = await tx.raw.fetch(_FIND_SEVERAL, *arrays, list(visibilities))
    return {(row["tenant_id"], row["id"]): _request(dict(row)) for row in rows}


async def find_by_slug(
    tx: Tx, tenant_id: str, slug: str, visibilities: Collection[Visibility] = PUBLIC
) -> Request | None:
    """Return a request by the readable part of its address, or None."""
    row = await tx.raw.fetchrow(_FIND_BY_SLUG, tenant_id, slug, list(visibilities))
    return None if row is None else _request(dict(row))


async def insert(tx: Tx, request: Request) -> bool:
    """Insert a new request; False, with nothing inserted, when its slug is taken."""
    return await tx.raw.fetchrow(_INSERT, *_ALL.row(request)) is not None


async def save(tx: Tx, request: Request) -> None:
    """Write what can change of a request, except its numbers of votes and what it is merged into."""
    await save_several(tx, [request])


async def save_several(tx: Tx, changed: Collection[Request]) -> None:
    """Write what can change of requests, except their numbers of votes and what they are merged into."""
    await tx.raw.executemany(_SAVE, [(each.tenant_id, each.id, *_SAVED.row(each)) for each in changed])


async def save_words(tx: Tx, request: Request) -> None:
    """Write what can change of the words of a request, and who may see it."""
    row = (request.title, request.text, request.edited_at, request.visibility, request.revision)
    await tx.raw.execute(_SAVE_WORDS, request.tenant_id, request.id, *row)


async def made_until(tx: Tx, tenant_id: str, person_key: str, until: datetime, limit: int) -> list[UUID]:
    """Return up to `limit` requests that a person made up to a time, whoever sees them."""
    return [row["id"] for row in await tx.raw.fetch(_MADE_UNTIL, tenant_id, person_key, until, limit)]


async def adopt_authors(tx: Tx, tenant_id: str, request_ids: Collection[UUID], visitor: str, person_key: str) -> int:
    """Make a person the author of those of these requests that a visitor made; return how many these were."""
    return rows_changed(await tx.raw.execute(_ADOPT_AUTHORS, tenant_id, list(request_ids), visitor, person_key))


async def erase_authors(tx: Tx, tenant_id: str, request_ids: Collection[UUID]) -> None:
    """Take the authors off requests.

    The words of a public request stay, since others stand behind them; those that nobody sees are emptied.
    """
    await tx.raw.execute(_ERASE_AUTHOR, tenant_id, list(request_ids))


_COLUMNS = requests.c
_IS_PUBLIC = _COLUMNS.visibility == Visibility.PUBLISHED.value
_PLACES: Mapping[Order, Sequence[str]] = {
    Order.PRIORITY: ("by_priority", "by_reach", "by_mention", "by_age", "id"),
    Order.VOTES: ("by_votes", "by_mention", "by_age", "id"),
    Order.TRENDING: ("by_trend", "by_newness", "id"),
    Order.NEWEST: ("by_newness", "id"),
}
"""Columns with the values of `domain.order.sort_key`, which the database makes. An index of each order has them, after
tenant and status."""


async def list_in_order(
    tx: SqlTx,
    tenant_id: str,
    order: Order,
    *,
    statuses: Sequence[Status] = (),
    where: Sequence[ColumnElement[Any]] = (),
    found: Found | None = None,
    merged: bool = False,
    after: SortKey | None = None,
    limit: int,
) -> list[Request]:
    """Return up to `limit` requests in an order: all or those of some statuses, and only those after a sort key.

    Those that are held or removed are left out, and those that are merged into others; with `merged`, these alone are
    listed. Those for which all of `where` holds, where it is given, and that a
    search has found.
    """
    where = (*where, _IS_PUBLIC, _COLUMNS.merged_into.is_not(None) if merged else _COLUMNS.merged_into.is_(None))
    if found is not None and found.condition is not None:
        where = (*where, found.condition)
    ids = None if found is None else found.ids
    statement = in_order(tenant_id, order, statuses=statuses, where=where, ids=ids, after=after, limit=limit)
    return [_request(dict(row)) for row in (await tx.sql.execute(statement)).mappings()]


def in_order(
    tenant_id: str,
    order: Order,
    *,
    statuses: Sequence[Status],
    where: Sequence[ColumnElement[Any]],
    ids: Collection[UUID] | None = None,
    after: SortKey | None,
    limit: int,
) -> Select[Any]:
    """Return the statement of `list_in_order`.

    Of each status the first `limit` are read by the index, and these are brought together. Where only some ids are
    wanted, these requests are read and then sorted.
    """
    listed = func.unnest(literal(list(statuses or Status), ARRAY(Text())))
    wanted = listed.table_valued("status").render_derived(name="wanted")
    places: list[ColumnElement[Any]] = [literal_column(f"{requests.fullname}.{name}") for name in _PLACES[order]]
    if after is not None:
        beyond = tuple_(*(literal(value, Uuid() if isinstance(value, UUID) else BigInteger()) for value in after))
        where = (*where, tuple_(*places) > beyond)
    if ids is not None:
        among = [_COLUMNS.id == func.any(literal(sorted(ids), ARRAY(Uuid())))]
        if statuses:
            among.append(_COLUMNS.status == func.any(literal(list(statuses), ARRAY(Text()))))
        return select(requests).where(_COLUMNS.tenant_id == tenant_id, *among, *where).order_by(*places).limit(limit)
    of_status = (
        select(requests, *(place.label(f"place_{number}") for number, place in enumerate(places)))
        .where(_COLUMNS.tenant_id == tenant_id, _COLUMNS.status == wanted.c.status, *where)
        .order_by(*places)
        .limit(limit)
    )
    found = of_status.lateral("found")
    return (
        select(*(found.c[column.name] for column in _COLUMNS))
        .select_from(wanted.join(found, true()))
        .order_by(*(found.c[f"place_{number}"] for number, _ in enumerate(places)))
        .limit(limit)
    )


async def list_by_status_age(tx: SqlTx, tenant_id: str, status: Status, *, limit: int) -> list[Request]:
    """Return up to `limit` requests of a status that are merged into no other, the one that reached it last first."""
    statement = (
        select(requests)
        .where(_COLUMNS.tenant_id == tenant_id, _COLUMNS.status == status, _IS_PUBLIC, _COLUMNS.merged_into.is_(None))
        .order_by(_COLUMNS.status_changed_at.desc(), _COLUMNS.id)
        .limit(limit)
    )
    return [_request(dict(row)) for row in (await tx.sql.execute(statement)).mappings()]


async def list_stale(tx: SqlTx, tenant_id: str, status: Status, since: datetime, *, limit: int) -> list[Request]:
    """Return up to `limit` requests that have had a status since before a time, those for the longest time first."""
    statement = (
        select(requests)
        .where(_COLUMNS.tenant_id == tenant_id, _COLUMNS.status == status, _COLUMNS.status_changed_at < since)
        .where(_IS_PUBLIC, _COLUMNS.merged_into.is_(None))
        .order_by(_COLUMNS.status_changed_at, _COLUMNS.id.desc())
        .limit(limit)
    )
    return [_request(dict(row)) for row in (await tx.sql.execute(statement)).mappings()]
