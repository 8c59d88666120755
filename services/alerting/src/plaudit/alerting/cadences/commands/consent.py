"""What events tell of consent goes to the log that holds what people choose; told twice, it is there once."""

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from plaudit.alerting.cadences.domain.consent import Said, entry_of
from plaudit.alerting.cadences.domain.person import Person
from plaudit.alerting.cadences.store import persons
from plaudit.alerting.cadences.store.persons import PersonKey
from plaudit.common import erasure
from plaudit.common.db import Tx
from plaudit.common.delivery.consent import store
from plaudit.common.delivery.domain.consent import wants_nothing


async def hear(tx: Tx, said: Sequence[Said]) -> None:
    """Note what customers have said, with the time at which they said it: late or twice, the latest counts.

    What a person said before being erased does not come back. The persons' order keys are held.
    """
    if not said:
        return
    people = {(each.tenant_id, each.person) for each in said}
    erased = await erasure.erased_persons(tx, people)
    left = [
        each
        for each in said
        if (each.tenant_id, each.person) not in erased or each.said_at > erased[each.tenant_id, each.person]
    ]
    known = await store.of_people(tx, people)
    there = {entry for entries in known.values() for entry in entries}
    await store.add(tx, [each for each in dict.fromkeys(map(entry_of, left)) if each not in there])


async def persons_of(tx: Tx, keys: Collection[PersonKey]) -> dict[PersonKey, Person]:
    """Return those of the persons that are known, each with whether they want to hear nothing any more."""
    known = await persons.load(tx, keys)
    wanting = await want_nothing(tx, set(keys))
    return {key: replace(each, wants_nothing=key in wanting) for key, each in known.items()}


async def want_nothing(tx: Tx, people: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return those of the people who want nothing any more, over no channel."""
    return {key for key, entries in (await store.of_people(tx, people)).items() if wants_nothing(entries)}
