"""How mails about clocks come about, and what is asked once more before one leaves."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from plaudit.alerting.clocks import store as clock_store
from plaudit.alerting.clocks.commands import Follower, rules_of
from plaudit.alerting.clocks.domain.about import AboutKind
from plaudit.alerting.clocks.domain.clock import Clock, ClockKey, LogEntry, thread_of
from plaudit.alerting.clocks.domain.clock_events import Breached, Retracted, Started, Warned
from plaudit.alerting.clocks.domain.terms import Rules
from plaudit.alerting.library import store as library_store
from plaudit.alerting.library.domain.guideline import Revision, best_match
from plaudit.alerting.mails.domain.again import TOLD_AGAIN, told_again
from plaudit.alerting.mails.domain.aid import BAD, NO_AID, Aid, severity_of
from plaudit.alerting.mails.domain.flapping import notice_at
from plaudit.alerting.mails.domain.history import told as told_before
from plaudit.alerting.mails.domain.letters import (
    BREACHED,
    FLAPS,
    LEFT,
    MOVED,
    NO_LONGER_SO,
    NOT_TOLD,
    PAUSE_LOOKED_AT,
    PAUSED,
    STARTED,
    Letter,
    LetterKind,
    is_moved,
    is_urgent,
    is_wanted,
    letter_about,
    letter_of,
    message_of,
    stands_still,
    tells_standing,
    unsilenced,
    warned_at,
)
from plaudit.alerting.mails.domain.lines import item_of
from plaudit.alerting.mails.domain.words import DESK, content_of
from plaudit.alerting.people import store as people
from plaudit.alerting.people.domain import Owner, Owners
from plaudit.alerting.reviews import store as review_store
from plaudit.alerting.reviews.domain import History, Review
from plaudit.common.contracts import Severity
from plaudit.common.db import Tx
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery import store as delivery_store
from plaudit.common.delivery.commands import Check, Due, Later, Verdict, Withdraw
from plaudit.common.delivery.domain.message import Channel, Item, Message
from plaudit.common.delivery.gatherings.commands import Gatherer
from plaudit.common.events import Outgoing
from plaudit.common.time_zones import zone_of

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
        messages: list[Message] = []
        for clock, letter in wanted:
            messages.append(_to_owner(letter, clock, owners[clock.tenant_id], self._fallback, tx.now))
            if letter.kind is LetterKind.RETRACTION:
                messages += await _to_others(tx, letter, clock, messages[-1].to.address)
        await deliveries.queue(tx, messages)
        return ()


async def tell_unsilenced(tx: Tx, clocks: Sequence[Clock], silence_id: UUID, owners: Owners, fallback: Owner) -> None:
    """Tell the owners of clocks of one tenant that a silence has ended, and that these are still due."""
    await deliveries.queue(
        tx, [_to_owner(unsilenced(clock, silence_id), clock, owners, fallback, tx.now) for clock in clocks]
    )


def _to_owner(letter: Letter, clock: Clock, owners: Owners, fallback: Owner, now: datetime) -> Message:
    """Return a mail to whoever answers for a clock now, not before the end of their quiet hours."""
    about = clock.about
    owner = owners.owner(fallback, about.subject, about.source_id, about.severity)
    return message_of(letter, clock, owner.address, owner.not_before(now, is_urgent=is_urgent(clock)))


async def _to_others(tx: Tx, letter: Letter, clock: Clock, owner: str) -> list[Message]:
    """Return the same for whoever was told of the breach and is not the owner any more."""
    told = await delivery_store.recipients(tx, clock.tenant_id, thread_of(clock.id), BREACHED)
    return [
        message_of(letter, clock, address) for channel, address in told if channel == Channel.EMAIL and address != owner
    ]


def check_of(public_url: str, fallback: Owner, withheld: Withheld) -> Check:
    """Return what composes mails about clocks as they leave, by their clocks as they stand, or withdraws them.

    Args:
        public_url: the address of Plaudit from outside; empty where it is not known.
        fallback: the owner of the settings, in whose zone whoever is not named reads times.
        withheld: of which clocks nothing is told now, and why.
    """

    async def check(tx: Tx, due: Sequence[Due]) -> Mapping[UUID, Verdict]:
        looked_up = await _looked_up(tx, due, fallback, withheld)
        wanted = [said.clock for said in looked_up.values() if isinstance(said, _Wanted)]
        aids = await aids_of(tx, [clock for clock in wanted if is_bad(clock)])
        verdicts: dict[UUID, Verdict] = {}
        for delivery_id, said in looked_up.items():
            if isinstance(said, _Wanted):
                verdicts[delivery_id] = content_of(
                    said.letter,
                    said.clock,
                    now=tx.now,
                    owner=said.reader,
                    public_url=public_url,
                    history=await history_of(tx, said.clock),
                    aid=NO_AID if said.letter.kind is LetterKind.RETRACTION else aids.get(said.clock.key, NO_AID),
                )
            else:
                verdicts[delivery_id] = said
        return verdicts

    return check


def gatherer_of(public_url: str, fallback: Owner, withheld: Withheld) -> Gatherer:
    """Return what lists clocks in a gathered mail, as they stand when it leaves.

    Args:
        public_url: the address of Plaudit from outside; empty where it is not known.
        fallback: the owner of the settings, in whose zone whoever is not named reads times.
        withheld: of which clocks nothing is told now, and why.
    """

    async def lister(tx: Tx, due: Sequence[Due]) -> Mapping[UUID, Item | Withdraw | Later]:
        urgent = {each.delivery.id: each.delivery.is_urgent for each in due}
        found: dict[UUID, Item | Withdraw | Later] = {}
        looked_up = await _looked_up(tx, due, fallback, withheld)
        again = told_again(
            [each.delivery for each in due],
            {
                delivery_id: (said.clock.key, said.letter.percent)
                for delivery_id, said in looked_up.items()
                if isinstance(said, _Wanted) and tells_standing(said.letter)
            },
        )
        for delivery_id, said in looked_up.items():
            if delivery_id in again:
                found[delivery_id] = Withdraw(TOLD_AGAIN)
            elif isinstance(said, _Wanted):
                zone, is_first = zone_of(said.reader.zone), urgent[delivery_id]
                found[delivery_id] = item_of(
                    said.letter, said.clock, now=tx.now, zone=zone, public_url=public_url, is_urgent=is_first
                )
            else:
                found[delivery_id] = said
        return found

    console = public_url.rstrip("/")
    return Gatherer(lister, f"{console}{DESK}" if console else "", "Open the desk")


class _Wanted(NamedTuple):
    """A mail that is to leave, and the clock that it is about, as it stands."""

    letter: Letter
    clock: Clock
    reader: Owner


async def _looked_up(
    tx: Tx, due: Sequence[Due], fallback: Owner, withheld: Withheld
) -> dict[UUID, _Wanted | Withdraw | Later]:
    """Return what is still to be told, and of the other mails why not."""
    letters = {each.delivery.id: letter_of(each.content) for each in due}
    # Neither these nor the bundles that they are in have reached anybody yet.
    held = [*letters, *{each.delivery.bundle_id for each in due if each.delivery.bundle_id is not None}]
    clocks = await clock_store.load(tx, {(each.delivery.tenant_id, letters[each.delivery.id].clock_id) for each in due})
    reasons = await withheld(tx, list(clocks.values()))
    owners = await people.load(tx, {each.delivery.tenant_id for each in due})
    noticed = await _noticed_at(tx, due, letters, held)
    rules = await _rules_of_moved(tx, letters.values(), clocks)
    found: dict[UUID, _Wanted | Withdraw | Later] = {}
    elsewhere: list[Message] = []
    for each in due:
        letter, tenant_id = letters[each.delivery.id], each.delivery.tenant_id
        clock = clocks.get((tenant_id, letter.clock_id))
        # Whoever was told of a breach hears that it is taken back, whatever is silenced since.
        is_over = letter.kind is LetterKind.RETRACTION
        reason = "" if is_over else reasons.get((tenant_id, letter.clock_id), "")
        if not reason and clock is not None and stands_still(letter, clock):
            found[each.delivery.id] = Later(tx.now + PAUSE_LOOKED_AT, PAUSED)
            continue
        objection = Withdraw(reason) if reason else await _objection(tx, letter, clock, held, each.delivery.recipient)
        people_now = owners[tenant_id]
        reader = _reader(people_now, each.delivery.recipient, fallback)
        if objection or clock is None:
            found[each.delivery.id] = objection or Withdraw(NO_LONGER_SO)
        elif not is_over and people_now.known(each.delivery.recipient, fallback) is None:
            elsewhere.append(_to_owner(letter, clock, people_now, fallback, tx.now))
            found[each.delivery.id] = Withdraw(LEFT)
        else:
            found[each.delivery.id] = (
                _not_yet(letter, clock, noticed.get(each.delivery.id), tx.now)
                or _as_moved(letter, clock, reader, rules, tx.now)
                or _Wanted(letter, clock, reader)
            )
    await deliveries.queue(tx, elsewhere)
    return found


async def _objection(
    tx: Tx, letter: Letter, clock: Clock | None, held: Sequence[UUID], recipient: str
) -> Withdraw | None:
    """Return why a mail does not leave; None where it may."""
    if clock is None or not is_wanted(letter, clock, tx.now):
        return Withdraw(NO_LONGER_SO)
    if letter.kind is LetterKind.RETRACTION and not await _was_told(tx, clock, held, recipient):
        return Withdraw(NOT_TOLD)
    return None


async def aids_of(tx: Tx, clocks: Collection[Clock]) -> dict[ClockKey, Aid]:
    """Return what helps to answer the reviews that clocks are about: the customer's history, and the guideline.

    Reviews are read apart from the clocks: until one has been, the guideline goes by severity alone.
    """
    about = {
        clock.key: ((clock.tenant_id, clock.about.review_id), severity_of(clock.about.severity, clock.about.stars))
        for clock in clocks
        if clock.about.review_id
    }
    aids = await aids_of_reviews(tx, dict(about.values()))
    return {key: aids[review] for key, (review, _) in about.items()}


async def aids_of_reviews(tx: Tx, severities: Mapping[tuple[str, str], Severity | None]) -> dict[tuple[str, str], Aid]:
    """Return what helps to answer reviews: (tenant, review id) → what is known, by how severe each is."""
    reviews = await review_store.load(tx, set(severities))
    histories = await review_store.histories(
        tx, {(each.tenant_id, each.person) for each in reviews.values() if each.person}
    )
    library = {tenant_id: await library_store.newest(tx, tenant_id) for tenant_id in {key[0] for key in severities}}
    return {
        key: _aid(key[0], severity, reviews.get(key), histories, library[key[0]])
        for key, severity in severities.items()
    }


def is_bad(clock: Clock) -> bool:
    """Say whether a clock is about a review that the owner gets help for: a negative or drastic one, still known."""
    about = clock.about
    is_known = clock.erased_at is None and about.review_id is not None
    return is_known and severity_of(about.severity, about.stars) in BAD


def _aid(
    tenant_id: str,
    severity: Severity | None,
    review: Review | None,
    histories: Mapping[tuple[str, str], History],
    library: Sequence[Revision],
) -> Aid:
    match = best_match(
        library,
        topics=review.topics if review else (),
        severity=severity,
        language=review.language if review else None,
    )
    person = review.person if review else None
    return Aid(
        review=review,
        history=histories.get((tenant_id, person)) if person else None,
        guideline=match.guideline if match else None,
    )


def _not_yet(letter: Letter, clock: Clock, noticed_at: datetime | None, now: datetime) -> Later | None:
    """Return until when a notice waits because its owner had one a short time ago; None where it may leave."""
    if letter.kind is not LetterKind.NOTICE:
        return None
    until = notice_at(noticed_at, clock.run.started_at, now)
    return Later(until, FLAPS) if until > now else None


async def _rules_of_moved(tx: Tx, letters: Iterable[Letter], clocks: Mapping[ClockKey, Clock]) -> Rules | None:
    """Return by what the clocks run that were moved while warnings of them waited; None where none were."""
    of_clock = {clock.id: clock for clock in clocks.values()}
    of_letters = [(letter, of_clock[letter.clock_id]) for letter in letters if letter.clock_id in of_clock]
    moved = {clock.key: clock for letter, clock in of_letters if is_moved(letter, clock)}.values()
    return await rules_of(tx, {each.tenant_id for each in moved}, moved) if moved else None


def _as_moved(
    letter: Letter, clock: Clock, reader: Owner, rules: Rules | None, now: datetime
) -> Withdraw | Later | None:
    """Return until when a warning waits whose run was moved while it waited; None where it may leave.

    It is planned anew only where it is still to come, and then tells nobody a second time.
    """
    if rules is None or not is_moved(letter, clock):
        return None
    at = warned_at(letter, clock, rules.pinned(clock.tenant_id, clock.run.pin))
    if at is None:
        return Withdraw(NO_LONGER_SO)
    return None if at <= now else Later(reader.not_before(at, is_urgent=is_urgent(clock)) or at, MOVED)


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


def _reader(owners: Owners, address: str, fallback: Owner) -> Owner:
    """Return the person at an address, who is in the fallback's zone where nothing is known of them."""
    return owners.by_address(address) or msgspec.structs.replace(fallback, address=address, name=address)


async def _was_told(tx: Tx, clock: Clock, held: Sequence[UUID], recipient: str) -> bool:
    """Return whether a recipient may have read of the breach."""
    return await delivery_store.was_sent(tx, clock.tenant_id, thread_of(clock.id), BREACHED, held, recipient)


async def history_of(tx: Tx, clock: Clock) -> list[tuple[datetime, str]]:
    """Return what happened with the clock before its present run, the oldest first; nothing of an incident's."""
    if clock.about.kind == AboutKind.INCIDENT:
        return []
    log = await clock_store.log_of(tx, clock.tenant_id, clock.id)
    return told_before([event for event, _ in log], clock.metric)


def _is_noticed(entry: LogEntry) -> bool:
    return entry.terms.rule.notify_within_seconds is not None
