"""An import: rows are written in groups, each row by itself, so that one that is refused costs no other.

A group is one transaction. So an import that is stopped has written whole groups, and the same file goes on where it
was: what a row said is known, and a row that says nothing new changes nothing. Nobody is told, neither by mail nor by a
notice of a status.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from plaudit.common.db import Tx, lock
from plaudit.common.db.savepoints import savepoint
from plaudit.common.erasure import erased_persons
from plaudit.common.outbox import UnitOfWork
from plaudit.common.person_keys import person_key
from plaudit.feedback_board.imports import store
from plaudit.feedback_board.imports.domain.rows import ImportRow, Refusal, Verdict, changed_fields, digests
from plaudit.feedback_board.imports.store import Imported
from plaudit.feedback_board.requests import commands as requests
from plaudit.feedback_board.requests import events
from plaudit.feedback_board.requests.domain.activity import Kind
from plaudit.feedback_board.requests.domain.errors import BoardRefusedError, InvalidInputError, MergedRequestError
from plaudit.feedback_board.requests.domain.priority import Sizing
from plaudit.feedback_board.requests.domain.request import Draft, Request
from plaudit.feedback_board.requests.domain.visibility import Author
from plaudit.feedback_board.requests.store import requests as request_store
from plaudit.feedback_board.votes import commands as votes

_WORDS: Final = frozenset({"title", "text"})
_SIZES: Final = frozenset({"impact", "effort_weeks"})
_STATUS: Final = frozenset({"status", "status_reason"})
_ONLY_FOR_NEW: Final = frozenset({"created_at", "author_email", "author_name"})
"""What a row says of these counts when the request is made: who made it, and when, does not change later."""


class MovedError(Exception):
    """Another import has made one of these requests meanwhile: the group is to be done again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row."""

    row: ImportRow
    verdict: Verdict
    request_id: UUID | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Import:
    """What all rows of an import share."""

    tenant_id: str
    tenant_key: bytes
    actor: str


async def expected(tx: Tx, tenant_id: str, rows: Sequence[ImportRow]) -> Mapping[tuple[str, str], UUID]:
    """Return which requests rows are about already; read before their transaction, which locks these first."""
    return {external: each.request_id for external, each in (await store.find(tx, tenant_id, _names(rows))).items()}


async def write(
    work: UnitOfWork, begun: Import, rows: Sequence[ImportRow], before: Mapping[tuple[str, str], UUID]
) -> list[Outcome]:
    """Write a group of rows; return what became of each, in order.

    Args:
        work: the open transaction, of which nothing was done yet.
        begun: what all rows share.
        rows: the group.
        before: as `expected`.

    Raises:
        MovedError: see there.
    """
    tenant_id = begun.tenant_id
    ids = {row.external: before.get(row.external) or work.ids() for row in rows}
    keys = [requests.request_key(tenant_id, request_id) for request_id in ids.values()]
    await lock(work.tx, [f"board-imports:{tenant_id}", *keys])
    known = await store.find(work.tx, tenant_id, _names(rows))
    if {external: each.request_id for external, each in known.items()} != dict(before):
        raise MovedError
    return [await _write_alone(work, begun, row, ids[row.external], known.get(row.external)) for row in rows]


def _names(rows: Sequence[ImportRow]) -> set[tuple[str, str]]:
    return {row.external for row in rows}


async def _write_alone(
    work: UnitOfWork, begun: Import, row: ImportRow, request_id: UUID, known: Imported | None
) -> Outcome:
    said = digests(row, begun.tenant_key)
    new = changed_fields(said, known.said if known else {})
    if known is not None and not new:
        return Outcome(row, Verdict.UNCHANGED, request_id)
    try:
        async with savepoint(work.tx):
            if known is None:
                await _create(work, begun, row, request_id)
            else:
                await _change(work, begun, row, request_id, new)
            await store.put(work.tx, _kept(begun, row, request_id, known, said, work.tx.now))
    except BoardRefusedError as error:
        field = error.field if isinstance(error, InvalidInputError) else "status"
        field = "external_id" if isinstance(error, MergedRequestError) else field
        return Outcome(row, Verdict.REFUSED, None, Refusal(row.line, field, str(error)))
    return Outcome(row, Verdict.CREATED if known is None else Verdict.CHANGED, request_id)


def _kept(
    begun: Import, row: ImportRow, request_id: UUID, known: Imported | None, said: dict[str, str], now: datetime
) -> Imported:
    return Imported(
        tenant_id=begun.tenant_id,
        source=row.source,
        external_id=row.external_id,
        request_id=request_id,
        url=row.url or (known.url if known else None),
        votes=row.votes if row.votes is not None else (known.votes if known else 0),
        comments=row.comments if row.comments is not None else (known.comments if known else 0),
        said={**(known.said if known else {}), **said},
        imported_at=now,
    )


async def _create(work: UnitOfWork, begun: Import, row: ImportRow, request_id: UUID) -> None:
    if row.title is None:
        raise InvalidInputError("title", "title is missing: a new request needs one")
    draft = Draft(title=row.title, text=row.text or "", subject=row.subject, persona=row.persona)
    request = await requests.add_imported(
        work,
        begun.tenant_id,
        request_id,
        draft,
        begun.actor,
        created_at=row.created_at or work.tx.now,
        author=await _author(work.tx, begun, row),
        status=row.status,
        reason=row.status_reason,
        sizing=_sizing(row),
        origin=_origin(row),
    )
    await _add_votes(work, begun, row, request)


async def _change(work: UnitOfWork, begun: Import, row: ImportRow, request_id: UUID, new: frozenset[str]) -> None:
    tenant_id = begun.tenant_id
    request = await request_store.find(work.tx, tenant_id, request_id)
    if request is None:
        raise InvalidInputError("external_id", "the request was taken off the board by staff or its author")
    if request.merged_into is not None:
        raise MergedRequestError(request.merged_into)
    if new & _WORDS:
        request = await _reword(work, begun, row, request, new)
    if new & {"subject", "persona"}:
        subject, persona = (getattr(row, name) if name in new else None for name in ("subject", "persona"))
        await store.rewrite(work.tx, tenant_id, request_id, subject, persona)
        detail = {"subject": subject or request.subject, "persona": persona or request.persona, "backfill": True}
        await requests.record(work, request, Kind.IMPORTED, begun.actor, None, detail=detail)
    # Where staff came to the same status, their reason stays.
    if new & _STATUS and row.status is not None and row.status is not request.status:
        await requests.set_status(
            work, tenant_id, request_id, row.status, row.status_reason, begun.actor, notify=False, is_backfill=True
        )
    if new & _SIZES:
        await requests.set_sizing(work, tenant_id, request_id, _sizing(row), begun.actor)
    if "voters" in new:
        found = await request_store.find(work.tx, tenant_id, request_id)
        await _add_votes(work, begun, row, found or request)
    if new & {"votes", "comments", "url"}:
        found = await request_store.find(work.tx, tenant_id, request_id)
        detail = {**_origin(row), "backfill": True}
        await requests.record(work, found or request, Kind.IMPORTED, begun.actor, None, detail=detail)


async def _reword(work: UnitOfWork, begun: Import, row: ImportRow, request: Request, new: frozenset[str]) -> Request:
    words: dict[str, Any] = {name: getattr(row, name) for name in _WORDS & new}
    after = replace(request, **words, edited_at=work.tx.now)
    detail = {"title": after.title, "text": after.text, "visibility": after.visibility, "backfill": True}
    event = events.edited(after, work.tx.now, backfill=True)
    return await requests.save_words(work, after, Kind.EDITED, begun.actor, event, detail=detail)


async def _add_votes(work: UnitOfWork, begun: Import, row: ImportRow, request: Request) -> None:
    people = [person_key(begun.tenant_key, address) for address in row.voters or ()]
    erased = await erased_persons(work.tx, [(begun.tenant_id, each) for each in people]) if people else {}
    wanted = [each for each in people if (begun.tenant_id, each) not in erased]
    if wanted:
        await votes.add_imported(work, request, wanted, begun.actor, row.created_at or work.tx.now)


async def _author(tx: Tx, begun: Import, row: ImportRow) -> Author | None:
    """Return who made a request, None where the row does not say, or the person was erased."""
    if row.author_email is None:
        return None
    key = person_key(begun.tenant_key, row.author_email)
    is_erased = await erased_persons(tx, [(begun.tenant_id, key)])
    return None if is_erased else Author(key=key, name=row.author_name)


def _sizing(row: ImportRow) -> Sizing | None:
    if not isinstance(row.impact, Decimal) or row.effort_weeks is None:
        return None
    return Sizing(row.impact, row.effort_weeks)


def _origin(row: ImportRow) -> dict[str, Any]:
    """Return from where a row came, for the log."""
    names = ("source", "external_id", "url", "votes", "comments")
    return {"origin": {name: getattr(row, name) for name in names if getattr(row, name) is not None}}


__all__ = ["Import", "MovedError", "Outcome", "expected", "write"]
