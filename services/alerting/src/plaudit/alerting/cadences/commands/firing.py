"""What comes due: occurrences become touchpoints, invitations, reasons why not, or later occurrences."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from msgspec.structs import replace

from plaudit.alerting.cadences.commands import digests
from plaudit.alerting.cadences.commands.consent import persons_of
from plaudit.alerting.cadences.commands.persons import replan
from plaudit.alerting.cadences.commands.rules import in_force, order_key
from plaudit.alerting.cadences.commands.sending import send_touchpoints
from plaudit.alerting.cadences.domain.decide import Decision, History, Move, Why, Withhold, decide
from plaudit.alerting.cadences.domain.invitations import mail_id, mail_message
from plaudit.alerting.cadences.domain.person import Person
from plaudit.alerting.cadences.domain.plan import Occurrence, Step, reminder_of
from plaudit.alerting.cadences.domain.rules import Purpose, Revision, Rule
from plaudit.alerting.cadences.domain.touchpoint import State, Touchpoint, touchpoint_id
from plaudit.alerting.cadences.store import occurrences, touchpoints
from plaudit.alerting.cadences.store.persons import PersonKey
from plaudit.alerting.calendars.domain.local_times import local_date
from plaudit.alerting.people import store as people
from plaudit.alerting.people.domain import Owner
from plaudit.common.db import Tx, lock, try_lock
from plaudit.common.db.storable import reason_of


@dataclass(slots=True)
class Fired:
    """What one turn has done."""

    claimed: list[Occurrence] = field(default_factory=list)
    touchpoints: list[Touchpoint] = field(default_factory=list)
    """That are open now; what is withheld is not among them."""
    digests: int = 0


async def fire(tx: Tx, due: Collection[PersonKey], fallback: Owner, public_url: str) -> Fired:
    """Fire what is due of those persons whose order key is free, and plan what comes after.

    Args:
        tx: the open transaction; it has read and written nothing that waits.
        due: persons of whom something is due; the empty person stands for the digest.
        fallback: who does what nobody is named for.
        public_url: where the console is, for links.
    """
    keys = {order_key(*each): each for each in due}
    free = await try_lock(tx, keys)
    claimed = await occurrences.claim(tx, [keys[each] for each in free])
    revisions = await in_force(tx, {each.tenant_id for each in claimed})
    of_digests = [each for each in claimed if not each.person]
    fired = Fired(claimed, digests=await digests.compose_due(tx, of_digests, revisions, fallback, public_url))
    fired.touchpoints = await _fire_persons(tx, [each for each in claimed if each.person], revisions, fallback)
    leads = _review_at(fired.touchpoints, revisions)
    await send_touchpoints(tx, fired.touchpoints, public_url, leads)
    return fired


async def set_aside(tx: Tx, key: PersonKey, error: Exception) -> None:
    """Mark what is due of a person and cannot fire, so that it is not tried again."""
    await lock(tx, [order_key(*key)])
    await occurrences.set_aside(tx, key, reason_of(error))


async def _fire_persons(
    tx: Tx, claimed: Sequence[Occurrence], revisions: Mapping[str, Revision], fallback: Owner
) -> list[Touchpoint]:
    by_person: defaultdict[PersonKey, list[Occurrence]] = defaultdict(list)
    for each in claimed:
        by_person[each.tenant_id, each.person].append(each)
    known = await persons_of(tx, by_person.keys())
    named = await people.load(tx, {key[0] for key in by_person})
    histories = await touchpoints.histories(tx, {key: _cap_since(tx, revisions[key[0]]) for key in by_person})
    still_open = {(each.tenant_id, each.person, each.rule) for each in await touchpoints.open_of(tx, by_person.keys())}
    made: list[Touchpoint] = []
    later: list[Occurrence] = []
    for key, person in known.items():
        history = histories.get(key, History())
        revision = revisions[key[0]]
        for occurrence, rule, is_last in _in_turn(by_person[key], revision):
            is_open = rule.purpose is Purpose.TOUCHPOINT and (*key, rule.id) in still_open
            decided = (
                decide(rule, occurrence, person, revision, history._replace(is_open=is_open), tx.now)
                if is_last
                else Withhold(Why.COLLAPSED)
            )
            if isinstance(decided, Move):
                later.append(occurrence._replace(due_at=decided.due_at))
                continue
            owner = revision.owner_of(rule, named[key[0]], fallback, person.subject)
            made.append(_touchpoint(tx, occurrence, rule, person, decided, owner.address, revision.review_at(rule)))
            if made[-1].state is State.OPEN:
                history = _after(tx, history, made[-1])
                reminder = reminder_of(rule, occurrence, revision, tx.now)
                later += [] if reminder is None else [reminder]
    new = await touchpoints.add(tx, made)
    await occurrences.add(tx, later)
    await replan(tx, known, revisions, dict.fromkeys(known, tx.now))
    return [each for each in made if each.id in new and each.state is State.OPEN]


def _in_turn(due: Sequence[Occurrence], revision: Revision) -> list[tuple[Occurrence, Rule, bool]]:
    """Return what is due with its rule, and whether it is the last of its rule and step: those before are collapsed.

    What the rules in force no longer say is left out.
    """
    last = {(each.rule, each.step): each for each in sorted(due, key=lambda each: each.local_date)}
    rules = revision.by_id
    return [(each, rules[each.rule], last[each.rule, each.step] is each) for each in due if each.rule in rules]


def _touchpoint(
    tx: Tx, occurrence: Occurrence, rule: Rule, person: Person, decided: Decision, owner: str, leads_to: str
) -> Touchpoint:
    why = decided.why.value if isinstance(decided, Withhold) else None
    touchpoint = Touchpoint(
        tenant_id=occurrence.tenant_id,
        id=touchpoint_id(occurrence),
        person=occurrence.person,
        rule=rule.id,
        step=occurrence.step,
        local_date=occurrence.local_date,
        purpose=rule.purpose,
        title=rule.title,
        subject=person.subject,
        revision=occurrence.revision,
        generation=person.generation,
        owner=owner,
        state=State.WITHHELD if why else State.OPEN,
        why=why,
        fired_at=tx.now,
    )
    is_mailed = rule.purpose is Purpose.INVITATION and touchpoint.state is State.OPEN and bool(leads_to)
    return replace(touchpoint, mail_id=mail_id(mail_message(touchpoint, leads_to))) if is_mailed else touchpoint


def _review_at(fired: Sequence[Touchpoint], revisions: Mapping[str, Revision]) -> dict[UUID, str]:
    """Return where those of the touchpoints lead to that are mailed."""
    mailed = [each for each in fired if each.mail_id is not None]
    return {each.id: revisions[each.tenant_id].review_at(revisions[each.tenant_id].by_id[each.rule]) for each in mailed}


def _after(tx: Tx, history: History, made: Touchpoint) -> History:
    """Return what has come of a person's occurrences when one more has fired."""
    is_invitation = made.purpose is Purpose.INVITATION and made.step is Step.FIRST
    return history._replace(contacts=history.contacts + 1, invited_at=tx.now if is_invitation else history.invited_at)


def _cap_since(tx: Tx, revision: Revision) -> date:
    return local_date(revision.zone, tx.now) - timedelta(days=revision.cadences.cap.days)
