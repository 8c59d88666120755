"""What sets and deletes profiles of a tenant's own."""

from collections.abc import Collection

from plaudit.common.db import SqlTx
from plaudit.common.db.order_locks import lock
from plaudit.common.names import nearest
from plaudit.scoring.half_lives import store as half_lives
from plaudit.scoring.half_lives.domain import own_half_life
from plaudit.scoring.own_profiles.domain import (
    BuiltInProfileError,
    NoProfileError,
    ProfileChangedError,
    ShownProfileError,
    check_new,
    next_revision,
)
from plaudit.scoring.profiles import store
from plaudit.scoring.profiles.domain import BUILT_IN, Profile, ProfileRevision, order_key


async def set_profile(
    tx: SqlTx,
    tenant_id: str,
    profile: Profile,
    actor: str,
    *,
    expected_revisions: Collection[int] | None = None,
) -> ProfileRevision:
    """Set a profile of a tenant's own; the same parameters again make no revision.

    Weights, prior and kinds count at once. A half-life that is new to the tenant is filled first.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        profile: what it is to be.
        actor: who wants it.
        expected_revisions: the present revision must be one of these, if given; 0 where there is none.

    Raises:
        BuiltInProfileError: every tenant has a profile of this name.
        TooManyProfilesError: the tenant may have no more.
        ProfileChangedError: the present revision is another one.
        ShownProfileError: badges show it, and could not show it so.
    """
    await lock(tx, [order_key(tenant_id)])
    check_new(profile.name, await store.present(tx, tenant_id))
    latest = await store.latest(tx, tenant_id, profile.name)
    _check_expected(latest, expected_revisions)
    changed = next_revision(profile.name, latest, profile, actor, tx.now)
    if changed is None:
        assert latest is not None
        return latest
    if profile.name == await store.shown_by_badges(tx, tenant_id):
        await _check_shown(tx, tenant_id, profile)
    await store.add(tx, tenant_id, changed)
    await _want_half_lives(tx, tenant_id)
    return changed


async def delete_profile(
    tx: SqlTx, tenant_id: str, name: str, actor: str, *, expected_revisions: Collection[int] | None = None
) -> None:
    """Delete a profile of a tenant's own; its revisions stay, and the sums of its half-life for a day.

    Raises:
        BuiltInProfileError: every tenant has the profile.
        NoProfileError: there is none of this name.
        ProfileChangedError: as `set_profile`.
        ShownProfileError: badges show it.
    """
    if name in BUILT_IN:
        raise BuiltInProfileError(name)
    await lock(tx, [order_key(tenant_id)])
    latest = await store.latest(tx, tenant_id, name)
    changed = next_revision(name, latest, None, actor, tx.now)
    if changed is None:
        raise NoProfileError(name, nearest(name, [each.name for each in await store.present(tx, tenant_id)]))
    _check_expected(latest, expected_revisions)
    if name == await store.shown_by_badges(tx, tenant_id):
        raise ShownProfileError(name, "so it cannot be deleted.")
    await store.add(tx, tenant_id, changed)
    await _want_half_lives(tx, tenant_id)


async def _check_shown(tx: SqlTx, tenant_id: str, profile: Profile) -> None:
    """Refuse what badges could not show from this moment on."""
    if not profile.fits_badges:
        raise ShownProfileError(profile.name, "so it must count stars and thumbs.")
    half_life_us = own_half_life(profile)
    if half_life_us is not None and not await half_lives.stays_kept(tx, tenant_id, half_life_us):
        raise ShownProfileError(profile.name, "and a new half-life would have to be filled first.")


def _check_expected(latest: ProfileRevision | None, expected: Collection[int] | None) -> None:
    present = 0 if latest is None or latest.profile is None else latest.revision
    if expected is not None and present not in expected:
        raise ProfileChangedError


async def _want_half_lives(tx: SqlTx, tenant_id: str) -> None:
    profiles = [each.profile for each in await store.present(tx, tenant_id)]
    own = {own_half_life(profile) for profile in profiles if profile is not None}
    await half_lives.want(tx, tenant_id, [each for each in own if each is not None])
