"""Followers: written, and what a person wants of a request with all that is merged into it."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed
from plaudit.feedback_board.notifications.domain.followers import Follower, State
from plaudit.feedback_board.notifications.tables import followers
from plaudit.feedback_board.requests.store import sets

_ALL = Columns(followers)

_PUT = f"""
INSERT INTO followers ({_ALL.listed}) VALUES ({_ALL.values()})
ON CONFLICT (tenant_id, request_id, person_key) DO UPDATE
SET state = excluded.state, source = excluded.source, changed_at = excluded.changed_at
"""
_ADD = f"INSERT INTO followers ({_ALL.listed}) VALUES ({_ALL.values()}) ON CONFLICT DO NOTHING"

# What a person chose last counts for the whole set; at one instant, to stop does.
CHOICE: Final = """
SELECT chosen.state FROM followers AS chosen
JOIN requests AS member ON member.tenant_id = chosen.tenant_id AND member.id = chosen.request_id
WHERE chosen.tenant_id = {tenant} AND chosen.person_key = {person} AND chosen.source = 'chosen'
  AND coalesce(member.merged_into, member.id) = {root}
ORDER BY chosen.changed_at DESC, chosen.state DESC LIMIT 1
"""
_STOPPED = f"""
SELECT k.tenant_id, k.root_id, k.person_key
FROM unnest($1::text[], $2::uuid[], $3::text[]) AS k (tenant_id, root_id, person_key)
CROSS JOIN LATERAL ({CHOICE.format(tenant="k.tenant_id", person="k.person_key", root="k.root_id")}) AS choice
WHERE choice.state = 'stopped'
"""
_CHOICE_OF = CHOICE.format(tenant="$1", person="$3", root="$2").replace(
    "chosen.person_key, chosen.state", "chosen.state", 1
)
_FOLLOWS_BY_DEFAULT = f"""
SELECT EXISTS (
    SELECT FROM mentions WHERE tenant_id = $1 AND root_id = $2 AND person_key = $3 AND NOT is_review
) OR EXISTS (
    SELECT FROM followers WHERE tenant_id = $1 AND request_id IN ({sets.MEMBERS}) AND person_key = $3
)
"""
_MOVE = """
INSERT INTO followers (tenant_id, request_id, person_key, state, source, changed_at)
SELECT tenant_id, request_id, $3, state, source, changed_at FROM followers WHERE tenant_id = $1 AND person_key = $2
ON CONFLICT (tenant_id, request_id, person_key) DO UPDATE
SET state = excluded.state, source = excluded.source, changed_at = excluded.changed_at
WHERE followers.source <> 'chosen' AND excluded.source = 'chosen'
"""
_FORGET = "DELETE FROM followers WHERE tenant_id = $1 AND person_key = $2"
_ERASE = f"{_FORGET} AND changed_at <= $3"


async def put(tx: Tx, follower: Follower) -> None:
    """Write what a person has chosen, over what was there."""
    await tx.raw.execute(_PUT, *_ALL.row(follower))


async def add(tx: Tx, follower: Follower) -> bool:
    """Write that a person follows, unless there is a row of theirs; return whether it is new."""
    return rows_changed(await tx.raw.execute(_ADD, *_ALL.row(follower))) == 1


async def choice(tx: Tx, tenant_id: str, root_id: UUID, person_key: str) -> State | None:
    """Return what a person has chosen last about a root or what is merged into it; None where nothing."""
    found = await tx.raw.fetchval(_CHOICE_OF, tenant_id, root_id, person_key)
    return None if found is None else State(found)


async def follows_by_default(tx: Tx, tenant_id: str, root_id: UUID, person_key: str) -> bool:
    """Return whether a person has done anything by which they follow a root, or what is merged into it."""
    return bool(await tx.raw.fetchval(_FOLLOWS_BY_DEFAULT, tenant_id, root_id, person_key))


async def stopped(tx: Tx, asked: Collection[tuple[str, UUID, str]]) -> frozenset[tuple[str, UUID, str]]:
    """Return those of (tenant id, root id, person key) whose person wants to hear of the root no more."""
    if not asked:
        return frozenset()
    return frozenset(map(tuple, await tx.raw.fetch(_STOPPED, *map(list, zip(*asked, strict=True)))))


async def move(tx: Tx, tenant_id: str, person_key: str, to_key: str) -> None:
    """Give what one person key follows and has stopped to another one; what that one has chosen itself stays."""
    await tx.raw.execute(_MOVE, tenant_id, person_key, to_key)
    await tx.raw.execute(_FORGET, tenant_id, person_key)


async def erase(tx: Tx, tenant_id: str, person_key: str, until: datetime) -> None:
    """Delete what a person followed and stopped up to a time."""
    await tx.raw.execute(_ERASE, tenant_id, person_key, until)
