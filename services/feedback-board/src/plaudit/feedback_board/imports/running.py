"""An import from its file to its report: read in groups, each of which is one transaction."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from plaudit.common.db import Database
from plaudit.common.failpoints import failpoint
from plaudit.common.ids import IdSource
from plaudit.common.outbox import Outbox, UnitOfWork
from plaudit.feedback_board.imports import commands
from plaudit.feedback_board.imports.commands import Import, MovedError, Outcome
from plaudit.feedback_board.imports.domain.reading import read_file
from plaudit.feedback_board.imports.domain.rows import Form, ImportRow, Refusal, Verdict

GROUP_ROWS: Final = 100
MAX_TOLD: Final = 1_000
"""Refused rows that a report names; of more it says how many."""


@dataclass(slots=True)
class Report:
    """What became of a file."""

    dry_run: bool
    counts: Counter[Verdict] = field(default_factory=Counter)
    refusals: list[Refusal] = field(default_factory=list)

    def refuse(self, refusal: Refusal) -> None:
        """Count a row that is not taken, and name it."""
        self.counts[Verdict.REFUSED] += 1
        if len(self.refusals) < MAX_TOLD:
            self.refusals.append(refusal)

    def add(self, outcome: Outcome) -> None:
        """Count a row."""
        if outcome.refusal is not None:
            self.refuse(outcome.refusal)
        else:
            self.counts[outcome.verdict] += 1


class _DryRunError(Exception):
    """Ends the transaction of a group that is not to be written."""


@dataclass(frozen=True, slots=True)
class Runner:
    """What an import needs besides its file."""

    database: Database
    outbox: Outbox
    ids: IdSource

    async def run(self, begun: Import, body: bytes, form: Form, source: str, *, dry_run: bool) -> Report:
        """Import a file, or only report what an import would do.

        Raises:
            UnusableFileError: nothing of the file can be read; nothing was written.
        """
        async with self.database.driver_snapshot(begun.tenant_id) as tx:
            now = tx.now
        # Read as a whole before anything is written: a file beyond a limit is refused without a trace.
        found = await asyncio.to_thread(lambda: list(read_file(body, form, source, now)))
        report = Report(dry_run)
        rows = iter(found)
        while group := await asyncio.to_thread(_next_rows, rows, report):
            for outcome in await self._write(begun, group, dry_run=dry_run):
                report.add(outcome)
            failpoint("board-import-group-written")
        report.refusals.sort(key=lambda each: each.line)
        return report

    async def _write(self, begun: Import, group: Sequence[ImportRow], *, dry_run: bool) -> list[Outcome]:
        while True:
            outcomes: list[Outcome] = []
            async with self.database.driver_snapshot(begun.tenant_id) as tx:
                before = await commands.expected(tx, begun.tenant_id, group)
            try:
                async with self.database.driver_transaction(begun.tenant_id) as tx:
                    work = UnitOfWork(tx, self.outbox, self.ids)
                    outcomes = await commands.write(work, begun, group, before)
                    if dry_run:
                        raise _DryRunError  # noqa: TRY301 - rolls the transaction back
            except MovedError:
                continue
            except _DryRunError:
                pass
            return outcomes


def _next_rows(found: Iterator[ImportRow | Refusal], report: Report) -> list[ImportRow]:
    """Return the next group of rows, and name the refused ones between them."""
    rows: list[ImportRow] = []
    for each in found:
        if isinstance(each, Refusal):
            report.refuse(each)
            continue
        rows.append(each)
        if len(rows) == GROUP_ROWS:
            break
    return rows


__all__ = ["Report", "Runner"]
