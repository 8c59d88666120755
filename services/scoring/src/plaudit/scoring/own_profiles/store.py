"""What is read to try a profile that may not be kept."""

from plaudit.common.db import SqlTx
from plaudit.scoring.half_lives import store as half_lives
from plaudit.scoring.half_lives.domain import own_half_life
from plaudit.scoring.history import store as history
from plaudit.scoring.profiles.domain import Profile
from plaudit.scoring.scores import store as scores
from plaudit.scoring.scores.domain import FOR_EVER, Moment
from plaudit.scoring.sums.domain.parts import Part


async def example_subjects(tx: SqlTx, tenant_id: str, most: int) -> list[str]:
    """Return some subjects that have or had reviews: the first ones of one segment, and then below the first."""
    found = await scores.children_of(tx, tenant_id, "", most)
    if found and len(found) < most:
        found += await scores.children_of(tx, tenant_id, found[0], most - len(found))
    return found


async def parts_by_any(tx: SqlTx, tenant_id: str, subject: str, profile: Profile) -> list[Part]:
    """Return what any profile needs of a subject now, also one whose half-life is not kept: then from the ledger."""
    half_life_us = own_half_life(profile)
    if half_life_us is not None:
        kept = await half_lives.progress(tx, tenant_id, [half_life_us])
        if half_life_us not in kept or not kept[half_life_us].is_ready:
            return await history.parts_at(tx, tenant_id, subject, half_life_us, tx.now, FOR_EVER)
    return await scores.parts_of(tx, tenant_id, subject, Moment(at=tx.now, is_now=True), profile)
