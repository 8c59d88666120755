"""What brings what insight and answers keep up to the feed: a bounded part in each transaction.

No tables beside the present ones are filled: after each step, each review is as it was before, or as a later revision
says, so that readers may see any of them.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from plaudit.common import erasure
from plaudit.common.db import Tx
from plaudit.common.failpoints import failpoint
from plaudit.scoring.answers import commands as answers
from plaudit.scoring.insight import commands as insight
from plaudit.scoring.insight.commands import Said
from plaudit.scoring.rebuilds.domain import RebuildStoppedError
from plaudit.scoring.repairs import store
from plaudit.scoring.repairs.domain import GONE_OF_A_STEP, STEP_REVIEWS, FedPage, Standing
from plaudit.scoring.sources import store as sources

_STOP_IT: Final = "stop it and run this again in a minute"


async def begin(tx: Tx, run_id: UUID, tenants: Sequence[str]) -> list[Standing]:
    """Begin a repair for these tenants, or go on with the one that is under way; return how far each is.

    Raises:
        RebuildStoppedError: another process works on it, or it was begun for other tenants.
    """
    await store.begin(tx, run_id, tenants)
    await keep(tx, run_id)
    standings = await store.standings(tx)
    begun = [each.tenant_id for each in standings]
    if begun != list(tenants):
        raise RebuildStoppedError(
            f"this repair was begun for {', '.join(begun)}: name keys of the same tenants, or to begin anew run it "
            "with --discard, and then again"
        )
    return standings


async def keep(tx: Tx, run_id: UUID) -> None:
    """Let this process, and no other, take the next step.

    Raises:
        RebuildStoppedError: another process works on it, or it was discarded.
    """
    if await store.keep(tx, run_id):
        return
    if not await store.exists(tx):
        raise RebuildStoppedError(
            "this repair was discarded meanwhile, or has come to its end: `plaudit score repair --status` tells"
        )
    raise RebuildStoppedError(f"another process repairs, or did a minute ago: wait for it, or {_STOP_IT}")


async def discard(owner: Tx) -> bool:
    """Forget the repair that is under way; return whether there was one. What it has brought up to date stays so.

    Raises:
        RebuildStoppedError: another process works on it.
    """
    if await store.discard(owner):
        return True
    if await store.exists(owner):
        raise RebuildStoppedError(f"another process repairs, or did a minute ago: {_STOP_IT}")
    return False


async def note_some(tx: Tx, tenant_id: str) -> bool:
    """Note some of the reviews that are kept before the feed is read; return False where none is left."""
    is_left = await store.note_some(tx, tenant_id, STEP_REVIEWS)
    failpoint("repair_note_before_commit")
    return is_left


async def take_page(tx: Tx, tenant_id: str, page: FedPage) -> None:
    """Keep what a page of a tenant's feed tells, where nothing newer is kept; one that was taken before, never again.

    What is kept of the same revision, and is not as the feed tells it, was damaged, and is replaced.

    Erasures are noted, so that none of their words comes back. Rows are locked in the order in which the groups do.
    """
    if not await store.is_at(tx, tenant_id, page.after):
        return
    damaged = await insight.heal(tx, [Said(tenant_id, change, kept, None) for change, kept in page.said])
    await sources.note(tx, page.sources)
    damaged |= await answers.heal(tx, {(tenant_id, review_id): life for review_id, life in page.lives.items()})
    if page.erased:
        erasures = [erasure.Erasure(tenant_id, erasure.Kind.REVIEW, *each) for each in page.erased.items()]
        await erasure.note(tx, erasures)
    await store.tell(tx, tenant_id, page.review_ids)
    await store.move(tx, tenant_id, page.next, page.revisions, page.refused, len(damaged))
    failpoint("repair_page_before_commit")


async def clear_some(tx: Tx, tenant_id: str) -> bool:
    """Take away some reviews that the feed does not know; return False where none is left.

    They were kept before the feed was read, and it tells of everything that was published by then.
    """
    untold = await store.untold(tx, tenant_id, GONE_OF_A_STEP)
    await insight.withdraw(tx, tenant_id, untold)
    await answers.withdraw(tx, [(tenant_id, review_id) for review_id in untold])
    await store.tell(tx, tenant_id, untold)
    await store.cleared(tx, tenant_id, len(untold))
    failpoint("repair_clear_before_commit")
    return bool(untold)
