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
from plaudit.ingest.platforms import ADAPTERS, answers_of
from plaudit.ingest.reviews.domain.decisions import Backfill, Decision, decide
from plaudit.ingest.reviews.domain.instructions import CreateReview, Item
from plaudit.ingest.sorting import store as sorting_rules
from plaudit.ingest.sorting.domain.rules import CompiledRules, RulesInForce
from plaudit.ingest.sources import store as sources
from plaudit.ingest.sources.domain import Answers, KeyedSource
from plaudit.ingest.transfer.domain.deliveries import Delivery as Rows
from plaudit.ingest.transfer.domain.rows import Reject

HEADERS: Final = {"content-type": "application/json", "user-agent": "plaudit import"}
"""Of the deliveries that an import writes, as they are stored."""
MAX_OUTLOOK_AGE: Final = timedelta(minutes=1)
"""Older decisions are made again: a review counts as received when it was decided about."""
MAX_PREPARED_AGE: Final = timedelta(seconds=2)
"""Older events are made again, for they say when we knew: no earlier than a transaction does that waits for a lock."""


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
            return msgspec.json.decode(first, type=UUID), True
        await idempotency.keep(tx, new.tenant_id, key, msgspec.json.encode(new.id).decode())
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


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What all deliveries of an import have in common."""

    source: KeyedSource
    in_force: RulesInForce
    answers: Answers
    backfill: Backfill
    removals_are_final: bool

    def delivery(
        self,
        delivery_id: str,
        sent_id: str,
        body: bytes,
        items: Sequence[Item],
        rules: CompiledRules,
        foreseen: Sequence[Decision | None] = (),
    ) -> Delivery:
        """Return a delivery as it is written; `rules` are those in force, compiled."""
        headers = HEADERS | ({BACKFILL_HEADER: self.backfill} if self.backfill else {})
        return Delivery(
            id=delivery_id,
            source=self.source,
            sent_id=sent_id,
            headers=msgspec.json.encode(headers).decode(),
            body=body,
            events=items,
            removals_are_final=self.removals_are_final,
            backfill=self.backfill,
            answers=self.answers,
            rules=rules,
            foreseen=foreseen,
        )


@dataclass(frozen=True)
class Prepared:
    """What becomes of the deliveries of a group if all of them are new, ready to be written."""

    terms: Terms
    at: datetime
    receipts: Sequence[Receipt]
    arguments: Sequence[object]

    def holds(self, terms: Terms, now: datetime) -> bool:
        """Return whether it is what would be decided now, but for a time that nobody can tell from now."""
        return self.terms == terms and abs(now - self.at) <= MAX_PREPARED_AGE


@dataclass(frozen=True)
class Outlook:
    """What decisions assume that are made before anything is read: the terms, the rules in force, and the time."""

    terms: Terms
    rules: CompiledRules
    at: datetime

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
                    self.terms.source,
                    self.at,
                    str(ids()),
                    removals_are_final=self.terms.removals_are_final,
                    rules=self.rules,
                )
            foreseen.append(decision)
        return foreseen

    def holds(self, terms: Terms, now: datetime) -> bool:
        """Return whether what was foreseen is still what would be decided now."""
        return self.terms == terms and now - self.at <= MAX_OUTLOOK_AGE


@dataclass(frozen=True)
class Portion:
    """Rows that become one delivery; if foreseen, what they say, and what becomes of each where nothing is known."""

    rows: Rows
    items: Sequence[Item] | None = None
    foreseen: Sequence[Decision | None] = ()
    outlook: Outlook | None = None

    @property
    def sent_id(self) -> str:
        """The id of the delivery, the same for the same rows."""
        return f"msg_{self.rows.digest}"


@dataclass(frozen=True)
class Batch:
    """Portions that are written in one transaction, and how they are written if all of it is new, if that is known."""

    portions: Sequence[Portion]
    prepared: Prepared | None = None

    @property
    def row_count(self) -> int:
        """How many rows it has."""
        return sum(len(portion.rows.rows) for portion in self.portions)


def terms_of(of: Import, source: KeyedSource, in_force: RulesInForce, *, is_polled: bool) -> Terms:
    """Return what all deliveries of an import have in common."""
    return Terms(
        source=source,
        in_force=in_force,
        answers=answers_of(source.platform, source.mapping, is_polled=is_polled),
        backfill=Backfill.ALL if of.backfill else Backfill.NONE,
        removals_are_final=ADAPTERS[source.platform].tells.removals_are_final,
    )


async def write(
    work: UnitOfWork, process: UUID, of: Import, source: KeyedSource, batch: Batch, rejects: Sequence[Reject]
) -> None:
    """Write a batch of an import, and that it is so far by then. Its order keys must be locked.

    Args:
        work: the open unit of work.
        process: whose the import is.
        of: the import, as it was before.
        source: that the rows are of.
        batch: what to write.
        rejects: rows before and between these that cannot be taken.

    Raises:
        LostImportError: it is no longer this process's import; nothing may be committed.
        UnusableFileError: too many of its rows cannot be taken.
    """
    is_polled = await sources.is_polled(work.tx, of.tenant_id, of.source_id)
    in_force = await sorting_rules.in_force(work.tx, of.tenant_id)
    terms = terms_of(of, source, in_force, is_polled=is_polled)
    prepared = batch.prepared
    if (
        prepared is not None
        and prepared.holds(terms, work.tx.now)
        and await hooks.write_prepared(work, prepared.arguments)
    ):
        receipts = prepared.receipts
    else:
        receipts = await _take(work, terms, batch.portions)
    accepted = unchanged = 0
    told = [*rejects]
    for portion, receipt in zip(batch.portions, receipts, strict=True):
        refused = _refused(portion, receipt)
        taken = len(portion.rows.rows) - len(refused)
        told += refused
        accepted += taken
        unchanged += taken if receipt.duplicate else min(taken, receipt.outcome.unchanged)
    counts = Counts(rows=batch.row_count, accepted=accepted, unchanged=unchanged)
    await advance(work.tx, process, of, counts, told)


async def _take(work: UnitOfWork, terms: Terms, portions: Sequence[Portion]) -> Sequence[Receipt]:
    """Write portions, whatever is known of their reviews."""
    outlook = portions[0].outlook
    if outlook is not None and outlook.terms.in_force == terms.in_force:
        rules = outlook.rules
    else:
        rules = await sorting_rules.rules_of(work.tx, terms.source.tenant_id)
    read = ADAPTERS["native"].read
    deliveries = []
    for portion in portions:
        holds = portion.outlook is not None and portion.outlook.holds(terms, work.tx.now)
        items = portion.items
        if not holds or items is None:
            items = read(portion.rows.body, terms.source)
        foreseen = portion.foreseen if holds else ()
        deliveries.append(terms.delivery(str(work.ids()), portion.sent_id, portion.rows.body, items, rules, foreseen))
    return await hooks.take(work, deliveries)


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
