"""Every statement over the revisions of profiles."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import distinct_on

from plaudit.common.db import SqlTx
from plaudit.scoring.profiles.domain import Profile, ProfileRevision, parameters_of, profile_of
from plaudit.scoring.profiles.tables import profile_revisions

_NEWEST_FIRST = profile_revisions.c.revision.desc()


async def add(tx: SqlTx, tenant_id: str, revision: ProfileRevision) -> None:
    """Store a new revision."""
    profile = revision.profile
    values = {
        "tenant_id": tenant_id,
        "name": revision.name,
        "revision": revision.revision,
        "parameters": None if profile is None else parameters_of(profile),
        "half_life_us": None if profile is None else profile.half_life_us,
        "changed_at": revision.changed_at,
        "changed_by": revision.changed_by,
    }
    await tx.sql.execute(insert(profile_revisions).values(values))


async def latest(tx: SqlTx, tenant_id: str, name: str) -> ProfileRevision | None:
    """Return the latest revision of a name, which may be that it was deleted; None where there never was one."""
    found = await revisions(tx, tenant_id, name, None, 1)
    return found[0] if found else None


async def revisions(tx: SqlTx, tenant_id: str, name: str, before: int | None, limit: int) -> list[ProfileRevision]:
    """Return revisions of a name, the latest first.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        name: of the profile.
        before: only those before this one, if given.
        limit: at most so many.
    """
    columns = profile_revisions.c
    wanted = [columns.tenant_id == tenant_id, columns.name == name]
    if before is not None:
        wanted.append(columns.revision < before)
    statement = select(profile_revisions).where(*wanted).order_by(_NEWEST_FIRST).limit(limit)
    return [_revision(row) for row in (await tx.sql.execute(statement)).mappings()]


async def present(tx: SqlTx, tenant_id: str) -> list[ProfileRevision]:
    """Return the latest revision of every profile of a tenant's own that is not deleted, by name."""
    columns = profile_revisions.c
    newest = (
        select(profile_revisions)
        .ext(distinct_on(columns.name))
        .where(columns.tenant_id == tenant_id)
        .order_by(columns.name, _NEWEST_FIRST)
    )
    found = [_revision(row) for row in (await tx.sql.execute(newest)).mappings()]
    return [each for each in found if each.profile is not None]


def stored_profile(name: str, parameters: Mapping[str, Any] | None) -> Profile | None:
    """Return the profile of a row; None for a row that deletes it."""
    return None if parameters is None else profile_of(name, parameters)


def _revision(row: Mapping[Any, Any]) -> ProfileRevision:
    return ProfileRevision(
        name=row["name"],
        revision=row["revision"],
        profile=stored_profile(row["name"], row["parameters"]),
        changed_at=row["changed_at"],
        changed_by=row["changed_by"],
    )
