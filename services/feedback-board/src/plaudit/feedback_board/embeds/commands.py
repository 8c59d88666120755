"""The way to change the embeds of a board: lock, load, decide and save, in the one transaction that is given in."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from plaudit.common.db import OrderKey, lock
from plaudit.common.outbox import UnitOfWork
from plaudit.feedback_board.embeds import store
from plaudit.feedback_board.embeds.domain import Embeds, SettingsRevisionError, clean_origins


def embeds_key(tenant_id: str) -> OrderKey:
    """Return the order key of the embeds of a board."""
    return f"embeds:{tenant_id}"


async def allow(
    work: UnitOfWork,
    tenant_id: str,
    origins: Sequence[str],
    actor: str,
    *,
    expected_revisions: Collection[int] | None = None,
) -> Embeds:
    """Let these sites show parts of the board in a frame, and no others. The same again changes nothing.

    Raises:
        InvalidInputError: one is no origin, or there are too many.
        SettingsRevisionError: they are no longer at one of `expected_revisions`.
    """
    cleaned = clean_origins(origins)
    await lock(work.tx, [embeds_key(tenant_id)])
    before = await store.find(work.tx, tenant_id)
    if before.origins == cleaned:
        return before
    if expected_revisions is not None and before.revision not in expected_revisions:
        raise SettingsRevisionError
    after = replace(before, origins=cleaned, revision=before.revision + 1, updated_at=work.tx.now, updated_by=actor)
    await store.save(work.tx, after)
    return after
