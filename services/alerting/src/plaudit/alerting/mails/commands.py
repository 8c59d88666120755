"""How mails about clocks come about, and what is asked once more before one leaves."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from plaudit.alerting.clocks import store as clock_store
from plaudit.alerting.clocks.commands import Follower
from plaudit.alerting.clocks.domain.clock import Clock, ClockKey, LogEntry, thread_of
from plaudit.alerting.clocks.domain.clock_events import Breached, Retracted, Started, Warned
from plaudit.alerting.library import store as library_store
from plaudit.alerting.library.domain.guideline import Revision, best_match
from plaudit.alerting.mails.domain.aid import BAD, NO_AID, Aid, severity_of
from plaudit.alerting.mails.domain.history import told
from plaudit.alerting.mails.domain.letters import (
    BREACHED,
    NO_LONGER_SO,
    NOT_TOLD,
    Letter,
    LetterKind,
    is_urgent,
    is_wanted,
    letter_about,
    letter_of,
    message_of,
)
from plaudit.alerting.mails.domain.words import content_of
from plaudit.alerting.people import store as people
from plaudit.alerting.people.domain import Owner, Owners
from plaudit.alerting.reviews import store as review_store
from plaudit.alerting.reviews.domain import History, Review
from plaudit.common.db import Tx
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery import store as delivery_store
from plaudit.common.delivery.commands import Check, Due, Verdict, Withdraw
from plaudit.common.delivery.domain.message import Message
from plaudit.common.events import Outgoing

Withheld = Callable[[Tx, Sequence[Clock]], Awaitable[Mapping[ClockKey, str]]]
"""Clocks → those of which nothing is told now, and why."""


class OwnerMails(Follower):
    """Tells the owner of a start, of much of the time having passed, of a breach, and of one that is taken back."""

    follows = frozenset({Started, Warned, Breached, Retracted})

    def __init__(self, fallback: Owner) -> None:
        """Take the owner of the settings, who answers where a tenant names nobody."""
        self._fallback = fallback

    async def follow(self, tx: Tx, entries: Sequence[LogEntry]) -> Sequence[Outgoing]:
        """Queue mails, each not before the end of its owner's quiet hours unless it is urgent; publishes nothing."""
        letters = [
            (entry.clock, letter_about(entry.clock, entry.event, is_noticed=_is_noticed(entry))) for entry in entries
        ]
        wanted = [(clock, letter) for clock, letter in letters if letter is not None]
        owners = await people.load(tx, {clock.tenant_id for clock, _ in wanted}) if wanted else {}
        await deliveries.queue(
            tx, [self._message(letter, clock, owners[clock.tenant_id], tx.now) for clock, letter in wanted]
        )
        return ()

    def _message(self, letter: Letter, clock: Clock, owners: Owners, now: datetime) -> Message:
        about = clock.about
        owner = owners.owner(self._fallback, about.subject, about.source_id, about.severity)
        not_before = owner.not_before(now, is_urgent=is_urgent(clock))
        return message_of(letter, clock, owner.address, not_before)


def check_of(public_url: str, fallback: Owner, withheld: Withheld) -> Check:
    """Return what composes mails about clocks as they leave, by their clocks as they stand, or withdraws them.

    Args:
        public_url: the address of Plaudit from outside; empty where it is not known.
        fallback: the owner of the settings, in whose zone whoever is not named reads times.
        withheld: of which clocks nothing is told now, and why.
    """

    async def check(tx: Tx, due: Sequence[Due]) -> Mapping[UUID, Verdict]:
        letters = {each.delivery.id: letter_of(each.content) for each in due}
        clocks = await clock_store.load(
            tx, {(each.delivery.tenant_id, letters[each.delivery.id].clock_id) for each in due}
        )
        aids = await aids_of(tx, [clock for clock in clocks.values() if is_bad(clock)])
        reasons = await withheld(tx, list(clocks.values()))
        owners = await people.load(tx, {each.delivery.tenant_id for each in due})
        verdicts: dict[UUID, Verdict] = {}
        for each in due:
            letter = letters[each.delivery.id]
            key = each.delivery.tenant_id, letter.clock_id
            reader = _reader(owners[key[0]], each.delivery.recipient, fallback)
            reason = reasons.get(key)
            if reason:
                verdicts[each.delivery.id] = Withdraw(reason)
                continue
            clock, aid = clocks.get(key), aids.get(key, NO_AID)
            verdicts[each.delivery.id] = await _verdict(tx, letter, clock, public_url, reader, list(letters), aid)
        return verdicts

    return check


async def _verdict(
    tx: Tx,
    letter: Letter,
    clock: Clock | None,
    public_url: str,
    reader: Owner,
    held: Sequence[UUID],
    aid: Aid,
) -> Verdict:
    if clock is None or not is_wanted(letter, clock, tx.now):
        return Withdraw(NO_LONGER_SO)
    if letter.kind is LetterKind.RETRACTION and not await _was_told(tx, clock, held):
        return Withdraw(NOT_TOLD)
    history = await _history(tx, clock)
    aid = NO_AID if letter.kind is LetterKind.RETRACTION else aid
    return content_of(letter, clock, now=tx.now, owner=reader, public_url=public_url, history=history, aid=aid)


async def aids_of(tx: Tx, clocks: Collection[Clock]) -> dict[ClockKey, Aid]:
    """Return what helps to answer the reviews that clocks are about: the customer's history, and the guideline.

    Reviews are read apart from the clocks: until one has been, the guideline goes by severity alone.
    """
    about = {clock.key: (clock.tenant_id, clock.about.review_id) for clock in clocks if clock.about.review_id}
    reviews = await review_store.load(tx, set(about.values()))
    persons = {(each.tenant_id, each.person) for each in reviews.values() if each.person}
    histories = await review_store.histories(tx, persons)
    library = {tenant_id: await library_store.newest(tx, tenant_id) for tenant_id in {key[0] for key in about}}
    return {
        clock.key: _aid(clock, reviews.get(about[clock.key]), histories, library[clock.tenant_id])
        for clock in clocks
        if clock.key in about
    }


def is_bad(clock: Clock) -> bool:
    """Say whether a clock is about a review that the owner gets help for: a negative or drastic one, still known."""
    about = clock.about
    is_known = clock.erased_at is None and about.review_id is not None
    return is_known and severity_of(about.severity, about.stars) in BAD


def _aid(
    clock: Clock, review: Review | None, histories: Mapping[tuple[str, str], History], library: Sequence[Revision]
) -> Aid:
    match = best_match(
        library,
        topics=review.topics if review else (),
        severity=severity_of(clock.about.severity, clock.about.stars),
        language=review.language if review else None,
    )
    person = review.person if review else None
    return Aid(
        review=review,
        history=histories.get((clock.tenant_id, person)) if person else None,
        guideline=match.guideline if match else None,
    )


def _reader(owners: Owners, address: str, fallback: Owner) -> Owner:
    """Return the person at an address, who is in the fallback's zone where nothing is known of them."""
    return owners.by_address(address) or msgspec.structs.replace(fallback, address=address, name=address)


async def _was_told(tx: Tx, clock: Clock, held: Sequence[UUID]) -> bool:
    """Return whether anybody may have read of the breach."""
    return await delivery_store.was_sent(tx, clock.tenant_id, thread_of(clock.id), BREACHED, held)


async def _history(tx: Tx, clock: Clock) -> list[tuple[datetime, str]]:
    """Return what happened with the clock before its present run, the oldest first."""
    return told([event for event, _ in await clock_store.log_of(tx, clock.tenant_id, clock.id)])


def _is_noticed(entry: LogEntry) -> bool:
    return entry.terms.rule.notify_within_seconds is not None
