"""Profiles of a tenant's own, put into the database as they are once they are set and filled; and their truth."""

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from plaudit.common.contracts import ReviewState
from plaudit.scoring.half_lives.domain import own_half_life
from plaudit.scoring.profiles.domain import STAR_KINDS, Profile, parameters_of
from plaudit.scoring.sums.domain.review import ScoredReview

PARTITIONS = 3


def own(name: str = "fast", half_life_days: float | None = 3.0, **parameters: Any) -> Profile:
    """A profile of a tenant's own."""
    usual = {"prior_weight": 2.0, "prior_value": 3.0, "kinds": STAR_KINDS}
    return Profile(name=name, half_life_days=half_life_days, **{**usual, **parameters})


async def set_profile(
    superuser: asyncpg.Connection,
    profile: Profile,
    *,
    tenant_id: str = "default",
    revision: int = 1,
    phase: str = "kept",
    is_deleted: bool = False,
) -> None:
    """Set or delete a profile. Live adds to its half-life from now on; what came before is not in its sums."""
    await superuser.execute(
        "INSERT INTO scoring.profile_revisions VALUES ($1, $2, $3, $4, $5, now(), 'key:test')",
        tenant_id,
        profile.name,
        revision,
        None if is_deleted else msgspec.json.encode(parameters_of(profile)).decode(),
        None if is_deleted else profile.half_life_us,
    )
    if (half_life_us := own_half_life(profile)) is None or is_deleted:
        return
    await superuser.execute(
        """INSERT INTO scoring.half_lives (tenant_id, half_life_us, phase, wanted_at, next_turn_at)
        VALUES ($1, $2, $3, now(), 'infinity')
        ON CONFLICT (tenant_id, half_life_us) DO UPDATE SET phase = excluded.phase""",
        tenant_id,
        half_life_us,
        phase,
    )
    await superuser.execute(
        """INSERT INTO scoring.half_life_partitions (tenant_id, half_life_us, partition, epoch, sequence,
            resolved_letters, is_live)
        SELECT $1, $2, partition, 0, 0, 0, true FROM generate_series(0, $3::int - 1) AS partition
        ON CONFLICT DO NOTHING""",
        tenant_id,
        half_life_us,
        PARTITIONS,
    )


def from_scratch(
    profile: Profile, states: Iterable[ReviewState | ScoredReview], subject: str, at: datetime
) -> tuple[float | None, dict[str, int]]:
    """Score and distribution of a subject by their definition, from the reviews that stand; of no frozen profile."""
    counting = [each for each in states if f"{each.subject}/".startswith(f"{subject}/") and each.kind in profile.kinds]
    half_life_days = math.inf if profile.half_life_days is None else profile.half_life_days
    total, points, distribution = profile.prior_weight, profile.prior_weight * profile.prior_value, [0] * 6
    for each in counting:
        weight = 0.5 ** ((at - each.rated_at) / timedelta(days=1) / half_life_days)
        weight *= profile.weight(verified=each.verified, origin=each.origin, source_id=each.source.id)
        total, points = total + weight, points + weight * each.rating
        distribution[math.floor(each.rating + 0.5)] += 1
    by_star = {str(star): distribution[star] for star in range(1, 6)}
    return (points / total if counting else None), by_star
