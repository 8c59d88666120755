"""How a tenant weighs people: its view of reach, and the personas that are muted now.

Whoever counts people holds this as it is until the transaction ends, and whoever changes it, or who has which persona,
locks `weighing_key`. Otherwise a vote could be counted by what was in force before, and be marked for no recount, since
the change did not see the vote yet.
"""

from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

from plaudit.common.db import OrderKey, Tx, lock_shared
from plaudit.feedback_board.requests.domain.weighing import ReachView, Weighing

Person: TypeAlias = tuple[str, str]
"""Tenant id, person key."""

_FIND = """
SELECT asked.tenant_id, view, cap, ARRAY(
    SELECT stratum FROM muted_strata WHERE muted_strata.tenant_id = asked.tenant_id AND until > $2
) AS muted
FROM unnest($1::text[]) AS asked (tenant_id) LEFT JOIN reach_views ON reach_views.tenant_id = asked.tenant_id
"""

# Each is looked up by itself, behind OFFSET 0: otherwise a plan made over a small table would read all of it.
_STRATA = """
SELECT asked.tenant_id, asked.person_key, found.stratum
FROM unnest($1::text[], $2::text[]) AS asked (tenant_id, person_key)
CROSS JOIN LATERAL (
    SELECT stratum FROM strata WHERE strata.tenant_id = asked.tenant_id AND strata.person_key = asked.person_key
    OFFSET 0
) AS found
"""


def weighing_key(tenant_id: str) -> OrderKey:
    """Return the order key of how a tenant weighs people, and of who has which persona."""
    return f"weighing:{tenant_id}"


def _weighing(row: Mapping[str, Any]) -> Weighing:
    muted = frozenset(row["muted"])
    if row["view"] is None:
        return Weighing(muted=muted)
    return Weighing(view=ReachView(row["view"]), cap=row["cap"], muted=muted)


async def find(tx: Tx, tenant_id: str) -> Weighing:
    """Return how a tenant weighs people at the time of the transaction: capped, unless it has said otherwise."""
    (row,) = await tx.raw.fetch(_FIND, [tenant_id], tx.now)
    return _weighing(dict(row))


async def hold(tx: Tx, tenant_id: str) -> Weighing:
    """Return how a tenant weighs people, and let nobody change it until the transaction ends."""
    return (await hold_several(tx, [tenant_id]))[tenant_id]


async def hold_several(tx: Tx, tenant_ids: Collection[str]) -> dict[str, Weighing]:
    """Return how tenants weigh people, and let nobody change it until the transaction ends.

    The transaction waits for no order key after this.
    """
    await lock_shared(tx, map(weighing_key, tenant_ids))
    rows = await tx.raw.fetch(_FIND, sorted(set(tenant_ids)), tx.now)
    return {row["tenant_id"]: _weighing(dict(row)) for row in rows}


async def strata_of(tx: Tx, people: Collection[Person]) -> dict[Person, str]:
    """Return the strata of people; whoever has no persona is left out."""
    if not people:
        return {}
    rows = await tx.raw.fetch(_STRATA, *map(list, zip(*people, strict=True)))
    return {(row["tenant_id"], row["person_key"]): row["stratum"] for row in rows}
