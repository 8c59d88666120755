"""What reads how the subjects below one stand."""

import asyncio
from uuid import UUID

from plaudit.common.db import SqlTx
from plaudit.scoring.profiles.domain import Profile
from plaudit.scoring.ranking.domain import MAX_RANKED, Standing, TooManySubjectsError, standing
from plaudit.scoring.scores import store as scores


async def standings(
    tx: SqlTx,
    tenant_id: str,
    under: str | None,
    depth: int,
    profile: Profile,
    at_us: int,
    *,
    source_id: UUID | None = None,
) -> list[Standing]:
    """Return how the subjects stand that lie so many segments below one; by one source's reviews alone, if given.

    Raises:
        TooManySubjectsError: they are more than are compared.
        UnknownSubjectAskedError: the one never had a review.
    """
    found = await scores.children_of(tx, tenant_id, under or "", MAX_RANKED + 1, depth)
    if len(found) > MAX_RANKED:
        raise TooManySubjectsError
    if not found and under is not None and not await scores.is_known(tx, tenant_id, under):
        raise await scores.unknown_asked(tx, tenant_id, under)
    of_source = None if source_id is None else str(source_id)
    parts = await scores.present_parts(tx, tenant_id, found, profile, source_id=of_source)
    # In a thread, so that other requests are answered meanwhile.
    return await asyncio.to_thread(
        lambda: [standing(subject, parts.get(subject, []), at_us, profile) for subject in found]
    )
