"""How mails about clocks come about, and what is asked once more before one leaves."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from plaudit.alerting.clocks import store as clock_store
from plaudit.alerting.clocks.commands import Follower
from plaudit.alerting.clocks.domain.about import AboutKind
from plaudit.alerting.clocks.domain.clock import Clock, LogEntry
from plaudit.alerting.clocks.domain.clock_events import Breached, Retracted, Started, Warned
from plaudit.alerting.mails.domain.history import told
from plaudit.alerting.mails.domain.letters import (
    BREACHED,
    NO_LONGER_SO,
    NOT_TOLD,
    Letter,
    LetterKind,
    is_wanted,
    letter_about,
    letter_of,
    message_of,
    thread_of,
)
from plaudit.alerting.mails.domain.words import content_of
from plaudit.common.db import Tx
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery import store as delivery_store
from plaudit.common.delivery.commands import Check, Due, Verdict, Withdraw
from plaudit.common.events import Outgoing


class OwnerMails(Follower):
    """Tells the owner of a start, of much of the time having passed, of a breach, and of one that is taken back."""

    follows = frozenset({Started, Warned, Breached, Retracted})

    def __init__(self, owner_email: str) -> None:
        self._owner_email = owner_email

    async def follow(self, tx: Tx, entries: Sequence[LogEntry]) -> Sequence[Outgoing]:
        """Queue mails; publishes nothing."""
        letters = [
            (entry.clock, letter_about(entry.clock, entry.event, is_noticed=_is_noticed(entry))) for entry in entries
        ]
        await deliveries.queue(
            tx, [message_of(letter, clock, self._owner_email) for clock, letter in letters if letter is not None]
        )
        return ()


def check_of(public_url: str, zone: ZoneInfo) -> Check:
    """Return what composes mails about clocks as they leave, by their clocks as they stand, or withdraws them.

    Args:
        public_url: the address of Plaudit from outside; empty where it is not known.
        zone: the reader's.
    """

    async def check(tx: Tx, due: Sequence[Due]) -> Mapping[UUID, Verdict]:
        letters = {each.delivery.id: letter_of(each.content) for each in due}
        clocks = await clock_store.load(
            tx, {(each.delivery.tenant_id, letters[each.delivery.id].clock_id) for each in due}
        )
        verdicts: dict[UUID, Verdict] = {}
        for each in due:
            letter = letters[each.delivery.id]
            clock = clocks.get((each.delivery.tenant_id, letter.clock_id))
            verdicts[each.delivery.id] = await _verdict(tx, letter, clock, public_url, zone, list(letters))
        return verdicts

    return check


async def _verdict(
    tx: Tx, letter: Letter, clock: Clock | None, public_url: str, zone: ZoneInfo, held: Sequence[UUID]
) -> Verdict:
    if clock is None or not is_wanted(letter, clock, tx.now):
        return Withdraw(NO_LONGER_SO)
    if letter.kind is LetterKind.RETRACTION and not await _was_told(tx, clock, held):
        return Withdraw(NOT_TOLD)
    history = await _history(tx, clock)
    return content_of(letter, clock, now=tx.now, zone=zone, public_url=public_url, history=history)


async def _was_told(tx: Tx, clock: Clock, held: Sequence[UUID]) -> bool:
    """Return whether anybody may have read of the breach."""
    return await delivery_store.was_sent(tx, clock.tenant_id, thread_of(clock.id), BREACHED, held)


async def _history(tx: Tx, clock: Clock) -> list[tuple[datetime, str]]:
    """Return what happened with the clock before its present run, the oldest first; nothing of an incident's."""
    if clock.about.kind == AboutKind.INCIDENT:
        return []
    return told([event for event, _ in await clock_store.log_of(tx, clock.tenant_id, clock.id)])


def _is_noticed(entry: LogEntry) -> bool:
    return entry.terms.rule.notify_within_seconds is not None
