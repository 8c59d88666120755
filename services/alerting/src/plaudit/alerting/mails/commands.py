"""How mails about clocks come about, and what is asked once more before one leaves."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from plaudit.alerting.clocks import store as clock_store
from plaudit.alerting.clocks.commands import Follower
from plaudit.alerting.clocks.domain.clock import Clock, LogEntry
from plaudit.alerting.clocks.domain.clock_events import Breached, Retracted, Started, Warned
from plaudit.alerting.mails.domain.flapping import notice_at
from plaudit.alerting.mails.domain.history import told as told_before
from plaudit.alerting.mails.domain.letters import (
    BREACHED,
    FLAPS,
    NO_LONGER_SO,
    NOT_TOLD,
    STARTED,
    Letter,
    LetterKind,
    is_urgent,
    is_wanted,
    letter_about,
    letter_of,
    message_of,
    thread_of,
)
from plaudit.alerting.mails.domain.lines import item_of
from plaudit.alerting.mails.domain.words import CLOCKS, content_of
from plaudit.common.db import Tx
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery import store as delivery_store
from plaudit.common.delivery.commands import Check, Due, Later, Verdict, Withdraw
from plaudit.common.delivery.domain.message import Item
from plaudit.common.delivery.gatherings.commands import Gatherer
from plaudit.common.events import Outgoing


class OwnerMails(Follower):
    """Tells the owner of a start, of much of the time having passed, of a breach, and of one that is taken back."""

    follows = frozenset({Started, Warned, Breached, Retracted})

    def __init__(self, owner_email: str) -> None:
        self._owner_email = owner_email

    async def follow(self, tx: Tx, entries: Sequence[LogEntry]) -> Sequence[Outgoing]:
        """Queue mails; publishes nothing."""
        letters = [(each, letter_about(each.clock, each.event, is_noticed=_is_noticed(each))) for each in entries]
        await deliveries.queue(
            tx,
            [
                message_of(letter, entry.clock, self._owner_email, urgent=is_urgent(entry.terms.rule))
                for entry, letter in letters
                if letter is not None
            ],
        )
        return ()


def check_of(public_url: str, zone: ZoneInfo) -> Check:
    """Return what composes mails about clocks as they leave, by their clocks as they stand, or withdraws them.

    Args:
        public_url: the address of Plaudit from outside; empty where it is not known.
        zone: the reader's.
    """

    async def check(tx: Tx, due: Sequence[Due]) -> Mapping[UUID, Verdict]:
        verdicts: dict[UUID, Verdict] = {}
        for delivery_id, said in (await _looked_up(tx, due)).items():
            if isinstance(said, _Wanted):
                history = await _history(tx, said.clock)
                verdicts[delivery_id] = content_of(
                    said.letter, said.clock, now=tx.now, zone=zone, public_url=public_url, history=history
                )
            else:
                verdicts[delivery_id] = said
        return verdicts

    return check


def gatherer_of(public_url: str, zone: ZoneInfo) -> Gatherer:
    """Return what lists clocks in a gathered mail, as they stand when it leaves.

    Args:
        public_url: the address of Plaudit from outside; empty where it is not known.
        zone: the reader's.
    """

    async def lister(tx: Tx, due: Sequence[Due]) -> Mapping[UUID, Item | Withdraw | Later]:
        urgent = {each.delivery.id: each.delivery.is_urgent for each in due}
        return {
            delivery_id: item_of(
                said.letter, said.clock, now=tx.now, zone=zone, public_url=public_url, is_urgent=urgent[delivery_id]
            )
            if isinstance(said, _Wanted)
            else said
            for delivery_id, said in (await _looked_up(tx, due)).items()
        }

    console = public_url.rstrip("/")
    return Gatherer(lister, f"{console}{CLOCKS}" if console else "", "Open all clocks")


class _Wanted(NamedTuple):
    """A mail that is to leave, and the clock that it is about, as it stands."""

    letter: Letter
    clock: Clock


async def _looked_up(tx: Tx, due: Sequence[Due]) -> dict[UUID, _Wanted | Withdraw | Later]:
    """Return what is still to be told, and of the other mails why not."""
    letters = {each.delivery.id: letter_of(each.content) for each in due}
    # Neither these nor the bundles that they are in have reached anybody yet.
    held = [*letters, *{each.delivery.bundle_id for each in due if each.delivery.bundle_id is not None}]
    clocks = await clock_store.load(tx, {(each.delivery.tenant_id, letters[each.delivery.id].clock_id) for each in due})
    told = await _noticed_at(tx, due, letters, held)
    found: dict[UUID, _Wanted | Withdraw | Later] = {}
    for each in due:
        letter = letters[each.delivery.id]
        clock = clocks.get((each.delivery.tenant_id, letter.clock_id))
        if clock is None or not is_wanted(letter, clock, tx.now):
            found[each.delivery.id] = Withdraw(NO_LONGER_SO)
        elif letter.kind is LetterKind.RETRACTION and not await _was_told(tx, clock, held):
            found[each.delivery.id] = Withdraw(NOT_TOLD)
        elif (
            letter.kind is LetterKind.NOTICE
            and (until := notice_at(told.get(each.delivery.id), clock.run.started_at, tx.now)) > tx.now
        ):
            found[each.delivery.id] = Later(until, FLAPS)
        else:
            found[each.delivery.id] = _Wanted(letter, clock)
    return found


async def _noticed_at(
    tx: Tx, due: Sequence[Due], letters: Mapping[UUID, Letter], held: Sequence[UUID]
) -> dict[UUID, datetime]:
    """Return when the recipients of notices last had one of the same clock; an urgent one counts urgent ones only."""
    told: dict[UUID, datetime] = {}
    for urgent in (False, True):
        notices = {
            each.delivery.id: (each.delivery.tenant_id, each.delivery.thread, each.delivery.recipient)
            for each in due
            if letters[each.delivery.id].kind is LetterKind.NOTICE and each.delivery.is_urgent is urgent
        }
        if notices:
            last = await delivery_store.last_told(tx, set(notices.values()), STARTED, held, urgent_only=urgent)
            told |= {delivery_id: last[key] for delivery_id, key in notices.items() if key in last}
    return told


async def _was_told(tx: Tx, clock: Clock, held: Sequence[UUID]) -> bool:
    """Return whether anybody may have read of the breach."""
    return await delivery_store.was_sent(tx, clock.tenant_id, thread_of(clock.id), BREACHED, held)


async def _history(tx: Tx, clock: Clock) -> list[tuple[datetime, str]]:
    """Return what happened with the clock before its present run, the oldest first."""
    return told_before([event for event, _ in await clock_store.log_of(tx, clock.tenant_id, clock.id)])


def _is_noticed(entry: LogEntry) -> bool:
    return entry.terms.rule.notify_within_seconds is not None
