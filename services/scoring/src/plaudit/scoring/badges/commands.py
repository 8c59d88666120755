"""Make the score of a subject public, and private again, and choose the profile of all badges."""

from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.order_locks import lock
from plaudit.common.names import checked_name
from plaudit.common.text import one_line
from plaudit.scoring.badges import store
from plaudit.scoring.badges.domain.badge import (
    MAX_BADGES,
    Badge,
    Kind,
    TooManyBadgesError,
    UnfitProfileError,
    UnknownBadgeError,
)
from plaudit.scoring.profiles import store as profiles
from plaudit.scoring.profiles.domain import Profile, order_key
from plaudit.scoring.scores import store as scores


def badge(tenant_id: str, subject: str, name: str, kind: Kind, allowed_by: str) -> Badge:
    """Return a badge that may be allowed.

    Raises:
        WrongInputError: the name is empty or too long, or holds what cannot be seen.
    """
    return Badge(
        tenant_id=tenant_id, subject=subject, name=checked_name(one_line(name)), kind=kind, allowed_by=allowed_by
    )


async def allow(tx: Tx, badge: Badge) -> bool:
    """Let everybody see a subject's score; return whether nobody could before.

    Raises:
        TooManyBadgesError: the tenant shows as many as it may.
    """
    await lock(tx, [f"badges/{badge.tenant_id}"])
    is_new = await store.find(tx, badge.tenant_id, badge.subject) is None
    if is_new and await store.count(tx, badge.tenant_id) >= MAX_BADGES:
        raise TooManyBadgesError
    await store.save(tx, badge)
    return is_new


async def choose_profile(tx: SqlTx, tenant_id: str, name: str, chosen_by: str) -> Profile:
    """Let all badges of a tenant show the score by one profile; return it.

    It is one for all of them: nobody chooses, for a subject, the one by which it looks best.

    Raises:
        UnknownProfileError: there is none of this name.
        ProfileNotReadyError: its half-life is being filled.
        UnfitProfileError: it does not count all stars and thumbs.
    """
    await lock(tx, [order_key(tenant_id)])
    profile = (await scores.choices_of(tx, tenant_id)).named(name)
    if not profile.fits_badges:
        raise UnfitProfileError(name)
    await profiles.show_by_badges(tx, tenant_id, name, chosen_by)
    return profile


async def forbid(tx: Tx, tenant_id: str, subject: str) -> None:
    """Let nobody see a subject's score any more.

    Raises:
        UnknownBadgeError: nobody could.
    """
    await lock(tx, [f"badges/{tenant_id}"])
    if not await store.delete(tx, tenant_id, subject):
        raise UnknownBadgeError(subject)
