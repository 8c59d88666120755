"""What is read for scores: sums, profiles and subjects. `sums/store.py` has the statements that add to sums."""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import select

from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.subjects import range_below, within
from plaudit.common.names import nearest
from plaudit.scoring.cells import store as cells
from plaudit.scoring.half_lives import store as half_lives
from plaudit.scoring.half_lives.domain import READY, ProfileNotReadyError, Progress, own_half_life, progress_of
from plaudit.scoring.history import store as history
from plaudit.scoring.profiles import store as profiles
from plaudit.scoring.profiles.domain import BUILT_IN, Profile, ProfileRevision, UnknownProfileError
from plaudit.scoring.profiles.store import stored_profile
from plaudit.scoring.scores import domain
from plaudit.scoring.scores.domain import (
    FOR_EVER,
    Moment,
    ProfileChoices,
    UnknownSubjectAskedError,
    UnknownSubjectError,
)
from plaudit.scoring.sums.domain.decay import are_sound
from plaudit.scoring.sums.domain.kept import KeptSums
from plaudit.scoring.sums.domain.parts import KeptPart, Part, parts_for
from plaudit.scoring.sums.store import totals
from plaudit.scoring.sums.tables import sums

MAX_COMPARED_SUBJECTS: Final = 1_000
"""Of one level, the most that a name which nobody knows is compared with."""
MAX_NAMED_SUBJECTS: Final = 3
"""The most that may have been meant."""

# Each step looks up the next prefix in the index, and goes past all that lies below the present child at once. No
# character of a subject sorts after '~'.
_CHILDREN = """
WITH RECURSIVE steps AS (
    (SELECT prefix FROM sums WHERE tenant_id = $1 AND prefix >= $2 AND prefix < $3 ORDER BY prefix LIMIT 1)
    UNION ALL
    SELECT (
        SELECT prefix FROM sums
        WHERE tenant_id = $1 AND prefix < $3 AND prefix > CASE
            WHEN cardinality(parts) > $4 THEN array_to_string(parts[1:$4], '/') || '/~' ELSE steps.prefix
        END COLLATE "C"
        ORDER BY prefix LIMIT 1
    )
    FROM steps, string_to_array(steps.prefix, '/') AS parts WHERE steps.prefix IS NOT NULL
)
SELECT prefix FROM steps WHERE cardinality(string_to_array(prefix, '/')) = $4 LIMIT $5
"""
_REVIEWS = """
SELECT coalesce(sum(n1 + n2 + n3 + n4 + n5), 0)::bigint FROM sums WHERE tenant_id = $1 AND prefix = $2
"""
_OWN_PROFILE = """
SELECT r.parameters, h.phase, h.entries_read, h.entries_total, h.waits_for,
    (SELECT count(*) FROM half_life_partitions p
     WHERE p.tenant_id = h.tenant_id AND p.half_life_us = h.half_life_us AND p.is_live) AS partitions_live
FROM profile_revisions r
LEFT JOIN half_lives h ON h.tenant_id = r.tenant_id AND h.half_life_us = r.half_life_us
WHERE r.tenant_id = $1 AND r.name = $2 ORDER BY r.revision DESC LIMIT 1
"""
_TOTALS = totals(sums, KeptSums._fields)


async def sums_of(
    tx: SqlTx, tenant_id: str, prefixes: Sequence[str], *, by_source: bool = False
) -> dict[str, list[KeptPart]]:
    """Return prefix → its sums over all partitions, by traits and block.

    A prefix that never had a review is left out. Where sums are damaged, until they are summed anew, those of the
    ledger are returned.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        prefixes: of which subjects.
        by_source: whether each source's sums stand apart; otherwise all sources are one, which is None.
    """
    groups = [sums.c.prefix, *([sums.c.source_id] if by_source else []), sums.c.traits, sums.c.block]
    statement = (
        select(*groups, *_TOTALS).where(sums.c.tenant_id == tenant_id, sums.c.prefix.in_(prefixes)).group_by(*groups)
    )
    found: dict[str, list[KeptPart]] = {}
    for row in await tx.sql.execute(statement):
        kept = KeptSums._make(getattr(row, name) for name in KeptSums._fields)
        source_id = str(row.source_id) if by_source else None
        found.setdefault(row.prefix, []).append(KeptPart(source_id, row.traits, row.block, kept))
    for prefix in [each for each, parts in found.items() if not all(are_sound(part.kept) for part in parts)]:
        of_ledger = await cells.kept_at(tx, tenant_id, prefix, FOR_EVER)
        found[prefix] = of_ledger if by_source else [part._replace(source_id=None) for part in of_ledger]
    return found


async def _own_sums_of(
    tx: SqlTx, tenant_id: str, half_life_us: int, prefixes: Sequence[str], *, by_source: bool
) -> dict[str, list[Part]]:
    """Return the same of a half-life of the tenant's own that is kept."""
    found = await half_lives.parts_of(tx, tenant_id, half_life_us, prefixes, by_source=by_source)
    for prefix in [each for each, parts in found.items() if not all(are_sound(part.sums) for part in parts)]:
        of_ledger = await history.parts_at(tx, tenant_id, prefix, half_life_us, FOR_EVER, FOR_EVER)
        found[prefix] = of_ledger if by_source else [part._replace(source_id=None) for part in of_ledger]
    return found


async def kept_of(
    tx: SqlTx, tenant_id: str, subject: str, moment: Moment, *, source_id: str | None = None
) -> list[KeptPart]:
    """Return the kept sums of a subject and all below it, as they stand or stood; by source.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: it.
        moment: when. What stands now is read from the sums, everything else from cells or the ledger.
        source_id: of this source alone, if given.
    """
    if moment.is_now:
        parts = (await sums_of(tx, tenant_id, [subject], by_source=True)).get(subject, [])
    else:
        known_at = None if moment.known_at == FOR_EVER else moment.known_at
        parts = await cells.kept_at(tx, tenant_id, subject, moment.at, known_at)
    return [part for part in parts if source_id is None or part.source_id == source_id]


async def parts_of(
    tx: SqlTx, tenant_id: str, subject: str, moment: Moment, profile: Profile, *, source_id: str | None = None
) -> list[Part]:
    """Return what a profile needs of a subject and all below it, as it stands or stood: its sums of the half-life.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: it.
        moment: when.
        profile: of which only the half-life matters here; one of the tenant's own must be kept.
        source_id: of this source alone, if given.

    Raises:
        TooManyReviewsError: it is another moment than now by a half-life of the tenant's own, of so many reviews.
    """
    half_life_us = own_half_life(profile)
    if half_life_us is None:
        kept = await kept_of(tx, tenant_id, subject, moment, source_id=source_id)
        return parts_for(kept, profile.half_life_us)
    if moment.is_now:
        found = await _own_sums_of(tx, tenant_id, half_life_us, [subject], by_source=True)
        parts = found.get(subject, [])
    else:
        reviews = await tx.raw.fetchval(_REVIEWS, tenant_id, subject)
        if reviews > domain.MAX_REVIEWS_READ:
            raise domain.TooManyReviewsError(subject, reviews, profile)
        parts = await history.parts_at(tx, tenant_id, subject, half_life_us, moment.at, moment.known_at)
    return [part for part in parts if source_id is None or part.source_id == source_id]


async def present_parts(
    tx: SqlTx, tenant_id: str, subjects: Sequence[str], profile: Profile, *, source_id: str | None = None
) -> dict[str, list[Part]]:
    """Return subject → what a profile needs of it now, as `parts_of`; one that never had a review is left out."""
    by_source = bool(profile.source_weights) or source_id is not None
    half_life_us = own_half_life(profile)
    if half_life_us is not None:
        parts = await _own_sums_of(tx, tenant_id, half_life_us, subjects, by_source=by_source)
    else:
        found = await sums_of(tx, tenant_id, subjects, by_source=by_source)
        parts = {subject: parts_for(kept, profile.half_life_us) for subject, kept in found.items()}
    if source_id is None:
        return parts
    return {subject: [part for part in each if part.source_id == source_id] for subject, each in parts.items()}


async def own_profile(tx: SqlTx, tenant_id: str, name: str) -> tuple[Profile, Progress] | None:
    """Return a profile of a tenant's own, and how far its half-life is filled; None where there is none of the name."""
    row = await tx.raw.fetchrow(_OWN_PROFILE, tenant_id, name)
    profile = stored_profile(name, row["parameters"]) if row is not None else None
    if row is None or profile is None:
        return None
    if own_half_life(profile) is None:
        return profile, READY
    progress = {field: row[field] for field in Progress.__struct_fields__}
    return profile, msgspec.convert(progress, Progress)


async def find_profile(tx: SqlTx, tenant_id: str, name: str) -> Profile:
    """Return a profile by its name: one that every tenant has, or one of the tenant's own.

    Raises:
        UnknownProfileError: there is none of this name.
        ProfileNotReadyError: its half-life is being filled.
    """
    if (built_in := BUILT_IN.get(name)) is not None:
        return built_in
    found = await own_profile(tx, tenant_id, name)
    if found is None:
        own = await profiles.present(tx, tenant_id)
        raise UnknownProfileError(name, (*BUILT_IN, *(each.name for each in own)))
    profile, progress = found
    if not progress.is_ready:
        raise ProfileNotReadyError(name, progress)
    return profile


Own = tuple[ProfileRevision, Profile, Progress]
"""A revision that stands, the profile that it sets, and how far its half-life is filled."""


async def own_profiles(tx: SqlTx, tenant_id: str) -> list[Own]:
    """Return all profiles of a tenant's own that are not deleted, by name."""
    present = await profiles.present(tx, tenant_id)
    standing = [(each, each.profile) for each in present if each.profile is not None]
    wanted = {own_half_life(profile) for _, profile in standing}
    found = await half_lives.progress(tx, tenant_id, [each for each in wanted if each is not None])
    return [(revision, profile, progress_of(profile, found)) for revision, profile in standing]


async def choices_of(tx: SqlTx, tenant_id: str) -> ProfileChoices:
    """Return the profiles that a tenant may choose from."""
    own = await own_profiles(tx, tenant_id)
    return ProfileChoices(
        ready={**BUILT_IN, **{profile.name: profile for _, profile, progress in own if progress.is_ready}},
        filling={profile.name: progress for _, profile, progress in own if not progress.is_ready},
    )


async def is_known(tx: SqlTx, tenant_id: str, subject: str) -> bool:
    """Return whether a subject ever had a review of any kind."""
    wanted = select(sums.c.prefix).where(sums.c.tenant_id == tenant_id, sums.c.prefix == subject).limit(1)
    return (await tx.sql.execute(wanted)).first() is not None


async def prefixes_after(tx: SqlTx, tenant_id: str, after: str, under: str | None, limit: int) -> list[str]:
    """Return prefixes that have or had reviews of any kind, in their order.

    Args:
        tx: the open transaction.
        tenant_id: whose prefixes.
        after: only those that come after this one; the empty text comes before all.
        under: only this subject and what is below it, if given.
        limit: at most so many.
    """
    prefix = sums.c.prefix
    wanted = [sums.c.tenant_id == tenant_id, prefix > after, *([] if under is None else [within(prefix, under)])]
    statement = select(prefix).where(*wanted).group_by(prefix).order_by(prefix).limit(limit)
    return list((await tx.sql.execute(statement)).scalars())


async def children_of(tx: Tx, tenant_id: str, parent: str, limit: int, depth: int = 1) -> list[str]:
    """Return prefixes that have or had reviews and lie so many segments below one, in their order.

    Args:
        tx: the open transaction.
        tenant_id: whose prefixes.
        parent: the prefix; the empty text is above all.
        limit: at most so many.
        depth: how many segments below it, from 1 on.
    """
    low, high, above = (*range_below(parent), parent.count("/") + 1) if parent else ("", "~", 0)
    return [row["prefix"] for row in await tx.raw.fetch(_CHILDREN, tenant_id, low, high, above + depth, limit)]


async def unknown_asked(tx: SqlTx, tenant_id: str, subject: str) -> UnknownSubjectAskedError:
    """Return the error of a query that names known subjects."""
    return UnknownSubjectAskedError(str(await unknown_subject(tx, tenant_id, subject)))


async def unknown_subject(tx: SqlTx, tenant_id: str, subject: str) -> UnknownSubjectError:
    """Return the error that names known subjects, found at the first segment that is not known.

    It is for a subject that never had a review; whoever asks has looked that up.
    """
    segments = subject.split("/")
    known = ""
    for depth, segment in enumerate(segments, start=1):
        children = {
            child.rpartition("/")[2]: child for child in await children_of(tx, tenant_id, known, MAX_COMPARED_SUBJECTS)
        }
        if segment not in children:
            near = [children[name] for name in nearest(segment, children, MAX_NAMED_SUBJECTS)]
            whole = ["/".join((child, *segments[depth:])) for child in near]
            found = await sums_of(tx, tenant_id, whole)
            meant = [each for each in whole if each in found] or near or ([known] if known else [])
            return UnknownSubjectError(subject, meant, min(children.values(), default=""))
        known = children[segment]
    return UnknownSubjectError(subject, [known])
