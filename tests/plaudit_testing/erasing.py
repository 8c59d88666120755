"""What a schema still holds of something that was erased, and which tables there are to look into."""

from collections.abc import Sequence

import asyncpg

from plaudit.common.db import Database
from plaudit.common.db.roles import schema_name
from plaudit.common.erasure.commands import Scrub, carry_on

_TABLES = """
SELECT relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
WHERE nspname = $1 AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname
"""


async def tables_of(connection: asyncpg.Connection, service: str) -> list[str]:
    """All tables of a service's schema, those of the runtime among them."""
    return [row["relname"] for row in await connection.fetch(_TABLES, schema_name(service))]


async def holders(connection: asyncpg.Connection, service: str, *needles: str) -> list[str]:
    """The tables of a service that hold one of the needles in any column, as text or as bytes."""
    spelled: Sequence[str] = [text for needle in needles for text in (needle, needle.encode().hex())]
    found = []
    for table in await tables_of(connection, service):
        held = f"SELECT EXISTS (SELECT FROM {schema_name(service)}.{table} AS t, unnest($1::text[]) AS needle "
        if await connection.fetchval(f"{held} WHERE position(needle IN t::text) > 0)", spelled):
            found.append(table)
    return found


async def scrub_all(database: Database, scrub: Scrub) -> int:
    """Take the turns of the job of erasures until nothing is left to do now; how many these were."""
    turns = 0
    while True:
        async with database.transaction() as tx:
            if not await carry_on(tx, scrub):
                return turns
        turns += 1
