"""What changes imports: a file is received, an import is cancelled, and rows are written as deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from plaudit.common import idempotency
from plaudit.common.db import Tx, order_locks
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.ids import IdSource
from plaudit.common.outbox import UnitOfWork
from plaudit.ingest.deliveries.domain import BACKFILL_HEADER
from plaudit.ingest.hooks import commands as hooks
from plaudit.ingest.hooks.domain import Delivery, Receipt
from plaudit.ingest.imports import store
from plaudit.ingest.imports.domain import (
    MAX_REJECT_BYTES,
    MAX_REJECTS,
    Counts,
    FinishedImportError,
    Import,
    UnknownImportError,
    UnusableFileError,
    Wanted,
    cleaned,
)
from plaudit.ingest.platforms import answers_of
from plaudit.ingest.reviews.domain.decisions import Backfill, Decision, decide
from plaudit.ingest.reviews.domain.instructions import CreateReview, Item
from plaudit.ingest.sorting import store as sorting_rules
from plaudit.ingest.sorting.domain.rules import CompiledRules, RulesInForce
from plaudit.ingest.sources import store as sources
from plaudit.ingest.sources.domain import KeyedSource
from plaudit.ingest.transfer.domain.deliveries import Delivery as Rows
from plaudit.ingest.transfer.domain.rows import Reject

HEADERS: Final = {"content-type": "application/json", "user-agent": "plaudit import"}
"""Of the deliveries that an import writes, as they are stored."""
MAX_OUTLOOK_AGE: Final = timedelta(minutes=1)
"""Older decisions are made again: a review counts as received when it was decided about."""


class LostImportError(Exception):
    """The import was cancelled, or another process carries it on."""


async def receive(tx: Tx, new: Import, size_bytes: int, key: IdempotencyKey | None) -> tuple[UUID, bool]:
    """Let an uploaded file wait for the job; return the id of its import, and whether it is that of a first request.

    Raises:
        KeyReusedError: the key came with another request before.
    """
    if key is not None:
        await order_locks.lock(tx, [idempotency.order_key(new.tenant_id, key.key)])
        first = await idempotency.find(tx, new.tenant_id, key)
        if first is not None:
            await store.remove(tx, new.tenant_id, new.id)
            return UUID(first.strip('"')), True
        await idempotency.keep(tx, new.tenant_id, key, f'"{new.id}"')
    await store.set_uploaded(tx, new.tenant_id, new.id, size_bytes)
    return new.id, False


async def start(tx: Tx, tenant_id: str, import_id: UUID, wanted: Wanted, *, dry_run: bool, backfill: bool) -> None:
    """Begin to import a file that waits for it, or that was only read until now.

    Raises:
        FinishedImportError: there is no such file any more.
    """
    if not await store.start(tx, tenant_id, import_id, wanted, dry_run=dry_run, backfill=backfill):
        raise FinishedImportError("This import was started already, or its file is no longer kept.")


async def cancel(tx: Tx, tenant_id: str, import_id: UUID) -> None:
    """End an import between two of its groups; what is written stays.

    Raises:
        UnknownImportError: there is none.
        FinishedImportError: it has ended.
    """
    if not await store.cancel(tx, tenant_id, import_id):
        if await store.get(tx, tenant_id, import_id) is None:
            raise UnknownImportError
        raise FinishedImportError("This import has ended; what it has written stays.")


@dataclass(frozen=True)
class Outlook:
    """What decisions assume that are made before anything is read: the source, its rules, and the time."""

    source: KeyedSource
    in_force: RulesInForce
    rules: CompiledRules
    at: datetime
    removals_are_final: bool

    def foresee(self, items: Sequence[Item], seen: set[str], ids: IdSource) -> list[Decision | None]:
        """Return what becomes of each review where nothing is known of it; None for one that was seen before."""
        foreseen: list[Decision | None] = []
        for item in items:
            decision = None
            if isinstance(item, CreateReview) and item.external_id not in seen:
                seen.add(item.external_id)
                decision = decide(
                    None,
                    item,
                    self.source,
                    self.at,
                    str(ids()),
                    removals_are_final=self.removals_are_final,
                    rules=self.rules,
                )
            foreseen.append(decision)
        return foreseen

    def holds(self, in_force: RulesInForce, now: datetime) -> bool:
        """Return whether what was foreseen is still what would be decided now."""
        return self.in_force == in_force and now - self.at <= MAX_OUTLOOK_AGE


@dataclass(frozen=True)
class Portion:
    """Rows that become one delivery, what they say, and what becomes of that where nothing is known of it."""

    rows: Rows
    items: Sequence[Item]
    foreseen: Sequence[Decision | None] = ()
    outlook: Outlook | None = None


async def write(
    work: UnitOfWork,
    process: UUID,
    of: Import,
    source: KeyedSource,
    portions: Sequence[Portion],
    rejects: Sequence[Reject],
    *,
    removals_are_final: bool,
) -> None:
    """Write a group of deliveries of an import, and that it is so far by then. Their order keys must be locked.

    Args:
        work: the open unit of work.
        process: whose the import is.
        of: the import, as it was before.
        source: that the rows are of.
        portions: what to write.
        rejects: rows before and between these that cannot be taken.
        removals_are_final: whether the source's platform says so when it takes a removal back.

    Raises:
        LostImportError: it is no longer this process's import; nothing may be committed.
        UnusableFileError: too many of its rows cannot be taken.
    """
    backfill = Backfill.ALL if of.backfill else Backfill.NONE
    headers = msgspec.json.encode(HEADERS | ({BACKFILL_HEADER: backfill} if backfill else {})).decode()
    is_polled = await sources.is_polled(work.tx, of.tenant_id, of.source_id)
    in_force = await sorting_rules.in_force(work.tx, of.tenant_id)
    holding = [each.outlook is not None and each.outlook.holds(in_force, work.tx.now) for each in portions]
    outlook = portions[0].outlook
    if outlook is not None and outlook.in_force == in_force:
        rules = outlook.rules
    else:
        rules = await sorting_rules.rules_of(work.tx, of.tenant_id)
    deliveries = [
        Delivery(
            id=str(work.ids()),
            source=source,
            sent_id=f"msg_{portion.rows.digest}",
            headers=headers,
            body=portion.rows.body,
            events=portion.items,
            removals_are_final=removals_are_final,
            backfill=backfill,
            answers=answers_of(source.platform, source.mapping, is_polled=is_polled),
            rules=rules,
            foreseen=portion.foreseen if holds else (),
        )
        for portion, holds in zip(portions, holding, strict=True)
    ]
    receipts = await hooks.take(work, deliveries)
    rows = accepted = unchanged = 0
    told = [*rejects]
    for portion, receipt in zip(portions, receipts, strict=True):
        refused = _refused(portion, receipt)
        taken = len(portion.rows.rows) - len(refused)
        told += refused
        rows += len(portion.rows.rows)
        accepted += taken
        unchanged += taken if receipt.duplicate else min(taken, receipt.outcome.unchanged)
    await advance(work.tx, process, of, Counts(rows=rows, accepted=accepted, unchanged=unchanged), told)


async def advance(tx: Tx, process: UUID, of: Import, counts: Counts, rejects: Sequence[Reject]) -> None:
    """Store that an import has come so far, and which of its rows were not taken.

    Raises:
        LostImportError: it is no longer this process's import; nothing may be committed.
        UnusableFileError: too many of its rows cannot be taken.
    """
    if not await store.advance(tx, process, of.id, of.position, counts):
        raise LostImportError
    if rejects:
        await reject(tx, of, rejects)


def _refused(portion: Portion, receipt: Receipt) -> list[Reject]:
    row_of_event = portion.rows.row_of_event
    reasons = {row_of_event[index]: reason for index, reason in receipt.outcome.quarantined}
    rows = portion.rows.rows
    return [
        cleaned(Reject(rows[place].line, rows[place].id, reason, rows[place].cells))
        for place, reason in sorted(reasons.items())
    ]


async def reject(tx: Tx, of: Import, rejects: Sequence[Reject]) -> None:
    """Store rows that are not taken.

    Raises:
        UnusableFileError: there are too many.
    """
    count, size_bytes = await store.add_rejects(tx, of, rejects)
    if count > MAX_REJECTS or size_bytes > MAX_REJECT_BYTES:
        raise UnusableFileError(
            f"more than {MAX_REJECTS:,} rows, or {MAX_REJECT_BYTES:,} bytes of them, cannot be taken: is the file what "
            "its columns were taken for?"
        )
