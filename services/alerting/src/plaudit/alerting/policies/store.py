"""Every statement about revisions of policies, and about which are in force."""

import asyncio
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
from asyncpg import Record

from plaudit.alerting.calendars import store as calendars
from plaudit.alerting.calendars.domain import Calendar
from plaudit.alerting.policies.domain.conditions import Facts
from plaudit.alerting.policies.domain.coverage import (
    MAX_GROUPS,
    SEEN_WITHIN,
    Coverage,
    OwnerOf,
    Seen,
    coverage,
    fields_looked_at,
)
from plaudit.alerting.policies.domain.default import NEWEST, RENAMED, SHIPPED_ID, of_product, shipped
from plaudit.alerting.policies.domain.document import Format
from plaudit.alerting.policies.domain.preview import MAX_PREVIEWED, PREVIEWED, Preview, preview
from plaudit.alerting.policies.domain.revisions import Policies, PolicyRevision
from plaudit.alerting.policies.domain.stored import (
    NEVER_ACTIVATED,
    Activation,
    RevisionKey,
    StoredRevision,
    UnknownRevisionError,
    shipped_revision,
)
from plaudit.alerting.policies.tables import policy_activations, policy_revisions
from plaudit.alerting.reviews import store as reviews
from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns

CACHED_REVISIONS: Final = 1_000
_ACTIVATION: Final = Columns(policy_activations, without=("tenant_id",))
_REVISION: Final = Columns(policy_revisions)

_IN_FORCE: Final = f"""
SELECT DISTINCT ON (tenant_id) tenant_id, {_ACTIVATION.listed} FROM policy_activations
WHERE tenant_id = ANY($1::text[]) ORDER BY tenant_id, id DESC
"""
_EVER_IN_FORCE: Final = """
SELECT tenant_id, policy_id, number, compiled FROM policy_revisions AS r
WHERE tenant_id = ANY($1::text[]) AND EXISTS (
    SELECT FROM policy_activations AS a
    WHERE a.tenant_id = r.tenant_id AND a.policy_id = r.policy_id AND a.number = r.number
)
"""
_ADD: Final = f"INSERT INTO policy_revisions ({_REVISION.listed}) VALUES ({_REVISION.values()})"
_ACTIVATE: Final = f"""
INSERT INTO policy_activations (tenant_id, policy_id, number, activated_at, activated_by) VALUES ($1, $2, $3, $4, $5)
RETURNING {_ACTIVATION.listed}
"""
_FIND: Final = f"""
SELECT {_REVISION.listed} FROM policy_revisions WHERE tenant_id = $1 AND policy_id = $2 AND number = $3
"""
_NEWEST: Final = f"""
SELECT {_REVISION.listed} FROM policy_revisions WHERE tenant_id = $1 AND policy_id = $2 ORDER BY number DESC LIMIT 1
"""
_LIST: Final = f"""
SELECT {_REVISION.listed} FROM policy_revisions
WHERE tenant_id = $1 AND ($2::int IS NULL OR number < $2) ORDER BY number DESC LIMIT $3
"""
_ACTIVATIONS: Final = f"""
SELECT {_ACTIVATION.listed} FROM policy_activations
WHERE tenant_id = $1 AND ($2::bigint IS NULL OR id < $2) ORDER BY id DESC LIMIT $3
"""

_encode: Final = msgspec.json.Encoder().encode
_decoder: Final[msgspec.json.Decoder[PolicyRevision]] = msgspec.json.Decoder(PolicyRevision)


async def load(tx: Tx, tenants: Collection[str]) -> Policies:
    """Return the policies of these tenants: what is in force, and all that clocks can be pinned to."""
    asked = sorted(tenants)
    # In this order: each statement sees what has committed by then, so what is in force is among what ever was.
    activations = await tx.raw.fetch(_IN_FORCE, asked)
    rows = await tx.raw.fetch(_EVER_IN_FORCE, asked)
    revisions = {(row["tenant_id"], row["policy_id"], row["number"]): _decoded(row["compiled"]) for row in rows}
    products = of_product()
    in_force = {}
    for row in activations:
        tenant_id, key = row["tenant_id"], RevisionKey(row["policy_id"], row["number"])
        in_force[tenant_id] = products[key] if key in products else revisions[tenant_id, key.policy_id, key.number]
    return Policies(shipped(NEWEST), in_force, revisions, products, RENAMED)


async def calendars_of(tx: Tx, tenant_id: str) -> dict[str, Calendar]:
    """Return name → calendar in force, of those that a tenant has; `always` is among them."""
    return {name: calendar for (_, name), calendar in (await calendars.newest(tx, [tenant_id])).items()}


async def in_force(tx: Tx, tenant_id: str) -> Activation:
    """Return which revision is in force for a tenant, since when and by whom."""
    row = await tx.raw.fetchrow(_ACTIVATIONS, tenant_id, None, 1)
    return NEVER_ACTIVATED if row is None else _activation(row)


async def activations(tx: Tx, tenant_id: str, before: int | None, limit: int) -> Sequence[Activation]:
    """Return what was put into force, the latest first.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        before: only those with a smaller id.
        limit: at most so many.
    """
    return [_activation(row) for row in await tx.raw.fetch(_ACTIVATIONS, tenant_id, before, limit)]


async def find(tx: Tx, tenant_id: str, key: RevisionKey) -> StoredRevision | None:
    """Return a revision of a tenant's policy, or a shipped one."""
    if key.policy_id == SHIPPED_ID:
        return shipped_revision(key.number) if key in of_product() else None
    row = await tx.raw.fetchrow(_FIND, tenant_id, *key)
    return None if row is None else _stored(row)


async def get(tx: Tx, tenant_id: str, key: RevisionKey) -> StoredRevision:
    """Return a revision of a tenant's policy, or a shipped one.

    Raises:
        UnknownRevisionError: there is none.
    """
    found = await find(tx, tenant_id, key)
    if found is None:
        raise UnknownRevisionError("there is no such revision")
    return found


async def revision_in_force(tx: Tx, tenant_id: str) -> StoredRevision:
    """Return the revision that new clocks of a tenant are pinned to."""
    return await get(tx, tenant_id, (await in_force(tx, tenant_id)).key)


async def newest(tx: Tx, tenant_id: str, policy_id: str) -> StoredRevision | None:
    """Return the newest revision of a tenant's policy, in force or not."""
    row = await tx.raw.fetchrow(_NEWEST, tenant_id, policy_id)
    return None if row is None else _stored(row)


async def revisions(tx: Tx, tenant_id: str, before: int | None, limit: int) -> Sequence[StoredRevision]:
    """Return the revisions of a tenant's policy, the newest first.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        before: only those with a smaller number.
        limit: at most so many.
    """
    return [_stored(row) for row in await tx.raw.fetch(_LIST, tenant_id, before, limit)]


async def add(tx: Tx, tenant_id: str, revision: StoredRevision) -> None:
    """Store a new revision."""
    values: dict[str, Any] = {
        "tenant_id": tenant_id,
        "policy_id": revision.policy.id,
        "number": revision.policy.number,
        "title": revision.policy.title,
        "format": revision.format,
        "document": revision.document,
        "compiled": _encode(revision.policy).decode(),
        "saved_at": revision.saved_at,
        "saved_by": revision.saved_by,
    }
    await tx.raw.execute(_ADD, *(values[name] for name in _REVISION.names))


async def activate(tx: Tx, tenant_id: str, key: RevisionKey, actor: str) -> Activation:
    """Note that a revision is in force from now on."""
    return _activation(await tx.raw.fetchrow(_ACTIVATE, tenant_id, *key, tx.now, actor))


async def preview_of(tx: Tx, tenant_id: str, revision: StoredRevision) -> Preview:
    """Return what a revision would have done with the reviews that were published in the last 30 days."""
    found = await reviews.published_since(tx, tenant_id, tx.now - PREVIEWED, MAX_PREVIEWED + 1)
    is_cut = len(found) > MAX_PREVIEWED
    by_name = await calendars_of(tx, tenant_id)
    # In a thread, so that other requests are answered meanwhile.
    return await asyncio.to_thread(preview, revision.policy, found[:MAX_PREVIEWED], by_name, tx.now, is_cut=is_cut)


async def coverage_of(tx: Tx, tenant_id: str, owner_of: OwnerOf) -> Coverage:
    """Return what was seen in the last 90 days and is caught by nobody, by the policy in force.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        owner_of: who owns what has these facts. Of facts, only those that conditions look at are given.
    """
    policy = (await revision_in_force(tx, tenant_id)).policy
    since = tx.now - SEEN_WITHIN
    rows = await reviews.grouped(tx, tenant_id, since, fields_looked_at(policy), MAX_GROUPS + 1)
    seen = [_seen(row) for row in rows[:MAX_GROUPS]]
    return await asyncio.to_thread(coverage, policy, seen, owner_of, since, is_cut=len(rows) > MAX_GROUPS)


def _seen(row: Any) -> Seen:
    facts = Facts(
        subject=row["subject"],
        severity=row["severity"],
        kind=row["kind"],
        rating=row["rating"],
        source=row["source_id"],
        platform=row["platform"],
        language=row["language"],
        personas=tuple(row["personas"] or ()),
        topics=tuple(row["topics"] or ()),
        verified=row["verified"],
        origin=row["origin"],
    )
    return Seen(facts, row["source_name"], row["reviews"], row["last_published_at"])


@lru_cache(maxsize=CACHED_REVISIONS)
def _decoded(compiled: str) -> PolicyRevision:
    return _decoder.decode(compiled)


def _stored(row: Record) -> StoredRevision:
    return StoredRevision(
        policy=_decoded(row["compiled"]),
        format=Format(row["format"]),
        document=row["document"],
        saved_at=row["saved_at"],
        saved_by=row["saved_by"],
    )


def _activation(row: Record | None) -> Activation:
    assert row is not None
    return msgspec.convert(dict(row), Activation)
