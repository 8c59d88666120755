"""What is told of customers, and what follows for what is to come."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from plaudit.alerting.cadences.commands import sending
from plaudit.alerting.cadences.commands.consent import persons_of, want_nothing
from plaudit.alerting.cadences.commands.rules import in_force
from plaudit.alerting.cadences.domain.decide import lost
from plaudit.alerting.cadences.domain.person import Happening, Person, first_of, tell
from plaudit.alerting.cadences.domain.plan import Occurrence, plan
from plaudit.alerting.cadences.domain.rules import Revision
from plaudit.alerting.cadences.store import occurrences, persons, touchpoints
from plaudit.alerting.cadences.store.persons import PersonKey
from plaudit.alerting.calendars.domain.local_times import local_date
from plaudit.common import erasure
from plaudit.common.db import Tx

LOOK_BACK: Final = timedelta(days=1)
"""Of what has fired, beside what may be planned: a local date is not the same everywhere."""


async def tell_all(tx: Tx, happenings: Sequence[Happening]) -> None:
    """Apply what is told of customers, in any order; what is told twice changes nothing.

    What a person did before being erased does not come back.
    """
    erased = await erasure.erased_persons(tx, {(each.tenant_id, each.person) for each in happenings})
    told = [each for each in happenings if not _is_erased(each, erased)]
    if not told:
        return
    revisions = await in_force(tx, {each.tenant_id for each in told})
    wanted = {(each.tenant_id, each.person) for each in told}
    known = await persons_of(tx, wanted)
    wanting_nothing = await want_nothing(tx, wanted - known.keys())
    since: dict[PersonKey, datetime] = {}
    for each in told:
        key = (each.tenant_id, each.person)
        known[key] = tell(known.get(key) or first_of(each, wants_nothing=key in wanting_nothing), each)
        since[key] = max(since.get(key, each.received_at), each.received_at)
    await replan(tx, known, revisions, since)


async def replan(
    tx: Tx,
    known: Mapping[PersonKey, Person],
    revisions: Mapping[str, Revision],
    since: Mapping[PersonKey, datetime],
) -> None:
    """Plan persons by the rules in force, save them, and end open touchpoints that have lost their object.

    Args:
        tx: the open transaction; the persons' order keys are held.
        known: as they stand now.
        revisions: tenant → the rules in force.
        since: what was due before the local date of this is not made up for.
    """
    pending: defaultdict[PersonKey, list[Occurrence]] = defaultdict(list)
    for each in await occurrences.of_persons(tx, known.keys()):
        pending[each.tenant_id, each.person].append(each)
    floors = {
        key: local_date(revisions[key[0]].zone, max(since[key], revisions[key[0]].active_from)) - LOOK_BACK
        for key in known
    }
    fired = await touchpoints.fired(tx, floors)
    added: list[Occurrence] = []
    removed: list[Occurrence] = []
    for key, person in known.items():
        before = pending[key]
        after = plan(person, revisions[key[0]], since[key], fired=fired.get(key, ()), pending=before)
        kept = set(before) & set(after)
        keys_after = {each.key for each in after}
        removed += [each for each in before if each.key not in keys_after]
        added += [each for each in after if each not in kept]
    await occurrences.delete(tx, removed)
    await occurrences.add(tx, added)
    await persons.save(tx, [replace(each, planned=revisions[each.tenant_id].number) for each in known.values()])
    await _end_lost(tx, known, revisions)


async def plan_again(tx: Tx, keys: Sequence[PersonKey]) -> int:
    """Plan persons by the rules in force, as after a new revision; return how many. Their order keys are held."""
    known = await persons_of(tx, keys)
    revisions = await in_force(tx, {tenant_id for tenant_id, _ in known})
    await replan(tx, known, revisions, {key: person.received_at for key, person in known.items()})
    return len(known)


async def scrub(tx: Tx, key: PersonKey, erased_at: datetime | None = None) -> None:
    """Delete all that is kept of a person who was erased. The person's order key is held.

    Args:
        tx: the open transaction.
        key: whose.
        erased_at: only if anything of then or before is kept; a person who came back later stays. None: in any case.
    """
    if erased_at is not None and not await persons.is_known_since(tx, key, erased_at):
        return
    await occurrences.delete_all(tx, key)
    await persons.delete(tx, key)
    await touchpoints.delete_of(tx, key)
    await sending.erase(tx, key)


async def _end_lost(tx: Tx, known: Mapping[PersonKey, Person], revisions: Mapping[str, Revision]) -> None:
    ended = []
    for each in await touchpoints.open_of(tx, known.keys()):
        why = lost(each, revisions[each.tenant_id].by_id.get(each.rule), known[each.tenant_id, each.person])
        if why is not None:
            ended.append((each, why.value))
    await touchpoints.end(tx, ended)


def _is_erased(happening: Happening, erased: Mapping[PersonKey, datetime]) -> bool:
    erased_at = erased.get((happening.tenant_id, happening.person))
    return erased_at is not None and happening.happened_at <= erased_at
