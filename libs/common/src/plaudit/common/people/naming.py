"""How whoever did something is called on a page: a person by the name of the account, a key as it stands."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final
from uuid import UUID

from plaudit.common.db import Database
from plaudit.common.people import store

FORMER: Final = "a former account"
"""What a person is called whose account is deleted."""
_PERSON: Final = "person"


async def namer(database: Database, tenant_id: str, actors: Iterable[str]) -> Callable[[str], str]:
    """Return what says how an actor is called.

    Args:
        database: of the schema that has the accounts.
        tenant_id: whose actors they are.
        actors: as principals name themselves: `person:<id>`, `key:<id>`, or a word such as `system`.

    Returns:
        a function of one of these actors: the name of the account, `a former account` where there is none any more,
        and of what is no person `key <id>` or the word.
    """
    ids = {person for actor in actors if (person := person_id(actor))}
    names: Mapping[UUID, str] = {}
    if ids:
        async with database.snapshot(tenant_id) as tx:
            names = await store.names_of(tx, tenant_id, ids)

    def name_of(actor: str) -> str:
        person = person_id(actor)
        return names.get(person, FORMER) if person else actor.replace(":", " ", 1)

    return name_of


def person_id(actor: str) -> UUID | None:
    """Return the id of the account of an actor; None for what is no person."""
    kind, _, given = actor.partition(":")
    try:
        return UUID(given) if kind == _PERSON else None
    except ValueError:
        return None
