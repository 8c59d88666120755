"""Stores the two policies of before policies were documents, which clocks are still pinned to by their names."""

from collections.abc import Collection, Iterable, Sequence

import msgspec
from asyncpg import Record

from plaudit.alerting.policies.domain import Policies, Policy
from plaudit.alerting.policies.tables import policies
from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns

_POLICY = Columns(policies, without=("tenant_id", "created_at"))

_LOAD = f"SELECT tenant_id, {_POLICY.listed} FROM policies WHERE tenant_id = ANY($1::text[])"

_LIST = f"SELECT {_POLICY.listed} FROM policies WHERE tenant_id = $1 ORDER BY id, revision"

_KEEP = f"""
INSERT INTO policies (tenant_id, created_at, {_POLICY.listed})
SELECT tenant_id, $2, {_POLICY.values(3)} FROM unnest($1::text[]) AS tenant_id
ON CONFLICT DO NOTHING
"""


async def load(tx: Tx, tenants: Collection[str]) -> Policies:
    """Return all revisions of these tenants' policies."""
    rows = await tx.raw.fetch(_LOAD, list(tenants))
    loaded = [(row["tenant_id"], _policy(row)) for row in rows]
    return Policies({(tenant_id, policy.ref): policy for tenant_id, policy in loaded})


async def list_policies(tx: Tx, tenant_id: str) -> Sequence[Policy]:
    """Return all stored revisions of a tenant's policies."""
    return [_policy(row) for row in await tx.raw.fetch(_LIST, tenant_id)]


async def keep(tx: Tx, tenants: Collection[str], policies: Iterable[Policy]) -> None:
    """Store revisions for these tenants, where they are not stored yet."""
    for policy in policies:
        await tx.raw.execute(_KEEP, list(tenants), tx.now, *_POLICY.row(policy))


def _policy(row: Record) -> Policy:
    return msgspec.convert(dict(row), Policy)
