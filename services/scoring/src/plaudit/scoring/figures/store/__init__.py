"""The statements that figures are read by: what of the reviews that count sums do not tell, but when they were rated.

Of a large subject it is read from cells by when reviews were rated, and from the entries of the days that a stretch
begins and ends within; of any other subject, and by a half-life of a tenant's own, from the ledger.
"""

from collections.abc import Mapping
from contextlib import suppress
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.scoring.cells import store as cells
from plaudit.scoring.figures.domain.figures import Aged, Reply
from plaudit.scoring.figures.store import of_cells, of_ledger
from plaudit.scoring.half_lives.domain import own_half_life
from plaudit.scoring.profiles.domain import Profile
from plaudit.scoring.scores.domain import FOR_EVER, Moment
from plaudit.scoring.sums.domain.decay import DamagedSumsError


async def aged(
    tx: Tx,
    tenant_id: str,
    subject: str,
    moment: Moment,
    profile: Profile,
    weights: Mapping[int, float],
    source_id: UUID | None,
) -> Aged | None:
    """Return how old the reviews are that count; None where none does.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: it, and all below it.
        moment: when.
        profile: how they fade, and what sources weigh.
        weights: traits → the weight of a fresh review, of those that count.
        source_id: of this source alone, if given.
    """
    if await _has_cells(tx, tenant_id, subject, moment, profile):
        with suppress(DamagedSumsError):
            asked = _of(tenant_id, subject, moment, profile, weights, source_id)
            return await of_cells.aged(tx, asked, profile, weights)
    return await of_ledger.aged(tx, tenant_id, subject, moment, profile, weights, source_id)


async def replies(
    tx: Tx,
    tenant_id: str,
    subject: str,
    moment: Moment,
    profile: Profile,
    weights: Mapping[int, float],
    source_id: UUID | None,
) -> list[Reply]:
    """Return what the replies that count weigh by rating, from the least; otherwise as `aged`."""
    if await _has_cells(tx, tenant_id, subject, moment, profile):
        with suppress(DamagedSumsError):
            asked = _of(tenant_id, subject, moment, profile, weights, source_id)
            return await of_cells.replies(tx, asked, profile, weights)
    return await of_ledger.replies(tx, tenant_id, subject, moment, profile, weights, source_id)


async def _has_cells(tx: Tx, tenant_id: str, subject: str, moment: Moment, profile: Profile) -> bool:
    """Return whether there are cells that tell of a profile at a moment."""
    if own_half_life(profile) is not None or moment.known_at != FOR_EVER:
        return False
    return await cells.is_celled(tx, tenant_id, subject)


def _of(
    tenant_id: str,
    subject: str,
    moment: Moment,
    profile: Profile,
    weights: Mapping[int, float],
    source_id: UUID | None,
) -> of_cells.Asked:
    return of_cells.Asked(
        tenant_id=tenant_id,
        subject=subject,
        at=moment.at,
        traits=weights,
        source_id=source_id,
        by_source=bool(profile.source_weights),
    )
