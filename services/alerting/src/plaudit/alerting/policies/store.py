"""Policies and their revisions."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from plaudit.alerting.domain.policy import BUILT_IN, Policy, PolicyRef
from plaudit.common.db import Tx

_LOAD = """
SELECT tenant_id, id, revision, metric, kinds, max_stars, target_seconds, grace_seconds, warn_percent
FROM policies WHERE tenant_id = ANY($1::text[])
"""

_INSERT = """
INSERT INTO policies (tenant_id, id, revision, metric, kinds, max_stars, target_seconds, grace_seconds, warn_percent,
                      created_at)
SELECT tenant, $2, $3, $4, $5, $6, $7, $8, $9, $10 FROM unnest($1::text[]) AS tenant
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Policies:
    """All revisions of the policies of some tenants; who has none has the built-in one."""

    revisions: Mapping[tuple[str, PolicyRef], Policy]

    def newest(self, tenant: str) -> Policy:
        """Return the revision that new runs are pinned to."""
        own = [ref for owner, ref in self.revisions if owner == tenant]
        return self.revisions[tenant, max(own, key=lambda ref: ref.revision)] if own else BUILT_IN

    def pinned(self, tenant: str, ref: PolicyRef) -> Policy:
        """Return the revision that a clock is pinned to.

        Raises:
            KeyError: nobody has written it down.
        """
        return BUILT_IN if ref == BUILT_IN.ref else self.revisions[tenant, ref]


async def load(tx: Tx, tenants: Collection[str]) -> Policies:
    """Return all revisions of these tenants' policies."""
    rows = await tx.raw.fetch(_LOAD, list(tenants))
    return Policies(
        {
            (row["tenant_id"], PolicyRef(row["id"], row["revision"])): Policy(
                ref=PolicyRef(row["id"], row["revision"]),
                metric=row["metric"],
                kinds=frozenset(row["kinds"]),
                max_stars=row["max_stars"],
                target=timedelta(seconds=row["target_seconds"]),
                grace=timedelta(seconds=row["grace_seconds"]),
                warn_percent=tuple(row["warn_percent"]),
            )
            for row in rows
        }
    )


async def keep(tx: Tx, tenants: Collection[str], policy: Policy) -> None:
    """Write a revision down for these tenants, where it is not there yet."""
    await tx.raw.execute(
        _INSERT,
        list(tenants),
        *policy.ref,
        policy.metric,
        sorted(policy.kinds),
        policy.max_stars,
        int(policy.target.total_seconds()),
        int(policy.grace.total_seconds()),
        list(policy.warn_percent),
        tx.now,
    )
