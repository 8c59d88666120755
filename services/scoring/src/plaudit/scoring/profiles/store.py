"""Every statement over the revisions of profiles, and which one badges show."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import distinct_on

from plaudit.common.db import SqlTx, Tx
from plaudit.scoring.profiles.domain import TRUST, Profile, ProfileRevision, parameters_of, profile_of
from plaudit.scoring.profiles.tables import profile_revisions

_SHOWN: Final = "SELECT profile FROM badge_profiles WHERE tenant_id = $1"
_SHOW: Final = """
INSERT INTO badge_profiles (tenant_id, profile, chosen_by) VALUES ($1, $2, $3)
ON CONFLICT (tenant_id) DO UPDATE SET (profile, chosen_by) = ($2, $3)
"""
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


async def shown_by_badges(tx: Tx, tenant_id: str) -> str:
    """Return the name of the profile that all badges of a tenant show: `trust` where none was chosen."""
    found: str | None = await tx.raw.fetchval(_SHOWN, tenant_id)
    return TRUST.name if found is None else found


async def show_by_badges(tx: Tx, tenant_id: str, name: str, chosen_by: str) -> None:
    """Store which profile all badges of a tenant show from now on."""
    await tx.raw.execute(_SHOW, tenant_id, name, chosen_by)


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
