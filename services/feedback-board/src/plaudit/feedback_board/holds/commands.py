"""What becomes of a post before it is stored: refused, held or public; in the transaction that stores it."""

from datetime import datetime
from typing import Final
from uuid import UUID

from plaudit.common.db import Database, Tx
from plaudit.common.people import store as people
from plaudit.common.tenants import store as tenants
from plaudit.feedback_board.holds import store
from plaudit.feedback_board.holds.domain import (
    COPIED_MIN_CHARACTERS,
    SAME_AGAIN_WITHIN,
    Held,
    HoldReason,
    PersonBlockedError,
    PersonStanding,
    Post,
    PostKind,
    Standing,
    reasons_to_hold,
)

BOARD: Final = "board"
"""The actor of what happens by itself."""
DELETED_AT_ONCE: Final = 100
"""Hashes of old words that one post deletes."""


async def check_not_blocked(tx: Tx, tenant_id: str, person_key: str) -> Standing | None:
    """Return the standing that a person has now, None for who is new.

    Raises:
        PersonBlockedError: the person may not post.
    """
    found = await store.standing_of(tx, tenant_id, person_key)
    if found is None:
        return None
    if found.standing is Standing.BLOCKED:
        if found.until is None or tx.now < found.until:
            raise PersonBlockedError(found.until)
        return Standing.KNOWN
    return found.standing


async def names_taken(database: Database, tenant_id: str, name: str | None) -> list[str]:
    """Return the names of the staff and of the organisation, for a post under a name; none for one without.

    Args:
        database: of the schema that has the accounts.
        tenant_id: whose board.
        name: that the post is to be shown under.
    """
    if name is None:
        return []
    async with database.snapshot(tenant_id) as tx:
        accounts = await people.list_accounts(tx, tenant_id)
        return [tenant_id, await tenants.name_of(tx, tenant_id) or tenant_id, *(each.name for each in accounts)]


async def judge(tx: Tx, tenant_id: str, post: Post) -> list[HoldReason]:
    """Return why a post is to wait for a look, nothing for one that is public at once, and remember its words.

    Raises:
        PersonBlockedError: the person may not post.
    """
    standing = await check_not_blocked(tx, tenant_id, post.person_key)
    reasons = reasons_to_hold(
        post,
        await store.rules_of(tx, tenant_id),
        standing=standing,
        is_again=await _is_again(tx, tenant_id, post),
    )
    await store.delete_old_words(tx, tenant_id, tx.now - SAME_AGAIN_WITHIN, DELETED_AT_ONCE)
    await store.remember_words(tx, tenant_id, post.fingerprint, post.person_key)
    if not reasons:
        await make_known(tx, tenant_id, post.person_key)
    return reasons


async def hold(
    tx: Tx, tenant_id: str, kind: PostKind, post_id: UUID, request_id: UUID, person_key: str, reasons: list[HoldReason]
) -> None:
    """Let a post wait for a look."""
    await store.hold(
        tx,
        Held(
            tenant_id=tenant_id,
            kind=kind,
            post_id=post_id,
            request_id=request_id,
            person_key=person_key,
            reasons=[str(reason) for reason in reasons],
            held_at=tx.now,
        ),
    )


async def make_known(tx: Tx, tenant_id: str, person_key: str) -> None:
    """Note that a person has posted something public."""
    known = PersonStanding(
        tenant_id=tenant_id,
        person_key=person_key,
        standing=Standing.KNOWN,
        reason=None,
        until=None,
        actor=BOARD,
        at=tx.now,
    )
    await store.make_known(tx, known)


async def erase_person(tx: Tx, tenant_id: str, person_key: str, until: datetime, limit: int) -> int:
    """Delete what is kept of a person up to a time; return how much was done."""
    return await store.erase_person(tx, tenant_id, person_key, until, limit)


async def _is_again(tx: Tx, tenant_id: str, post: Post) -> bool:
    if post.is_edit:
        return False
    by = None if len(post.text) >= COPIED_MIN_CHARACTERS else post.person_key
    return await store.is_again(tx, tenant_id, post.fingerprint, tx.now - SAME_AGAIN_WITHIN, by)
