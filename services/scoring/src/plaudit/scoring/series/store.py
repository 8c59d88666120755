"""The sums that series are made of. The statements over the ledger alone are in `history/store.py`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plaudit.common.db import SqlTx, Tx
from plaudit.scoring.cells import store as cells
from plaudit.scoring.cells.domain import Grain
from plaudit.scoring.half_lives.domain import own_half_life
from plaudit.scoring.history import store as history
from plaudit.scoring.profiles.domain import Profile
from plaudit.scoring.scores import store as scores
from plaudit.scoring.scores.domain import FOR_EVER, Moment
from plaudit.scoring.series.domain import THE_LEAST, Span, in_days
from plaudit.scoring.sums.domain.decay import are_sound, time_of, unix_us
from plaudit.scoring.sums.domain.kept import BLOCK_US, NEVER_US, KeptSums
from plaudit.scoring.sums.domain.parts import KeptPart, KeptStep, Part, StepPart, parts_for

_ENTRY = "source_id, traits, sign, rating, rated_at"
_STEP = "width_bucket(valid_at, $3::timestamptz[]) - 1"
_OF_STRETCH = (
    f"SELECT {_ENTRY}, valid_at FROM ledger "
    "WHERE tenant_id = $1 AND {} AND valid_at >= stretch.from_at AND valid_at < stretch.until_at"
)
_KEPT: Final = ", ".join(KeptSums._fields)
_TAKEN: Final = ", ".join(name if name == "newest_us" else f"-{name}" for name in KeptSums._fields)
_PROMPT: Final = "CASE WHEN is_prompt THEN n1 + n2 + n3 + n4 + n5 ELSE 0 END"
_NOTHING: Final = ", ".join(str(NEVER_US) if name == "newest_us" else "0" for name in KeptSums._fields)
# $3 has the start of each step, $4 is the end of the last. Of what took effect in a step, `prompt` counts the reviews
# that were rated at that instant, and the late ones are looked up: what is new in a step was rated in it. OFFSET 0 has
# each stretch looked up by its times; the planner would read all of the ledger once to join it.
_STEPS_OF_CELLS = f"""
WITH days AS (SELECT * FROM unnest($5::int[], $6::int[], $7::int[]) AS days (first, until, step)),
entries AS (
    SELECT CASE WHEN valid_at >= ($3::timestamptz[])[1] AND valid_at < $4 THEN {_STEP} ELSE -1 END AS step, owner,
        valid_at = rated_at AS is_prompt, {_ENTRY}
    FROM unnest($8::timestamptz[], $9::timestamptz[], $10::int[]) AS stretch (from_at, until_at, owner)
    CROSS JOIN LATERAL (
        {" UNION ALL ".join(_OF_STRETCH.format(which) for which in cells.OF_SUBJECT)}
        OFFSET 0
    ) AS of_stretch
    UNION ALL
    SELECT step, -1, valid_at = rated_at, {_ENTRY} FROM ({cells.of_tail(f"{_ENTRY}, valid_at")}) AS of_tail
    JOIN days ON {history.day_of("valid_at")} BETWEEN first AND until - 1
),
of_entries AS MATERIALIZED (
    {history.kept_sums("SELECT * FROM entries", "step", "owner", "source_id", "traits", "is_prompt")}
),
found AS (
    SELECT step, source_id, traits, block, {_KEPT}, prompt
    FROM days CROSS JOIN LATERAL (
        SELECT * FROM cells WHERE tenant_id = $1 AND prefix = $2 AND valid_grain = {Grain.DAY:d}
          AND known_grain = {Grain.ALL:d} AND valid_span >= first AND valid_span < until
        OFFSET 0
    ) AS held
    UNION ALL
    SELECT step, source_id, traits, block, {_KEPT}, {_PROMPT} FROM of_entries WHERE step >= 0
    UNION ALL
    SELECT owner, source_id, traits, block, {_TAKEN}, -{_PROMPT} FROM of_entries WHERE owner >= 0
    UNION ALL
    SELECT step, source_id, traits, floor({history.RATED_US} / {BLOCK_US}::float8)::int, {_NOTHING}, sign
    FROM unnest($3::timestamptz[], ($3::timestamptz[])[2:] || $4::timestamptz)
        WITH ORDINALITY AS steps (from_at, until_at, number)
    CROSS JOIN LATERAL (
        SELECT number::int - 1 AS step, source_id, traits, sign, rated_at FROM ledger
        WHERE tenant_id = $1 AND (subject = $2 OR {cells.BELOW})
          AND valid_at <> rated_at AND rated_at >= from_at AND rated_at < until_at AND valid_at < until_at
        OFFSET 0
    ) AS late
)
SELECT step, CASE WHEN $11 THEN source_id END AS source_id, traits, block,
    {cells.totals("found", *KeptSums._fields, "prompt")}
FROM found GROUP BY 1, 2, 3, 4 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class MovedSums:
    """How the sums of a subject moved."""

    before: Sequence[Part]
    """Just before the first step."""
    changes: Sequence[StepPart]
    """What the steps added."""


async def moved(
    tx: SqlTx,
    tenant_id: str,
    subject: str,
    steps: Sequence[Span],
    profiles: Iterable[Profile],
    *,
    as_known: bool,
    source_id: UUID | None = None,
) -> Mapping[int | None, MovedSums] | None:
    """Return half-life → how the sums of a subject and all below it moved; None if it never had a review of any kind.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: it.
        steps: at least one; they follow on each other.
        profiles: those whose half-lives are wanted.
        as_known: whether a change counts from when it was known too, not only had taken effect.
        source_id: of this source alone, if given.
    """
    wanted, of_source = [*profiles], None if source_id is None else str(source_id)
    just_before = steps[0].start - THE_LEAST
    moment = Moment(at=just_before, known_at=just_before if as_known else FOR_EVER)
    found: dict[int | None, MovedSums] = {}
    shared = [each for each in wanted if own_half_life(each) is None]
    if shared:
        before = await scores.kept_of(tx, tenant_id, subject, moment, source_id=of_source)
        by_source = of_source is not None or any(each.source_weights for each in shared)
        kept = await _kept_steps(tx, tenant_id, subject, steps, shared, as_known=as_known, by_source=by_source)
        changes = [each for each in kept if of_source in {None, each.part.source_id}]
        found = {each.half_life_us: _of_half_life(before, changes, each.half_life_us) for each in shared}
    starts, end = [step.start for step in steps], steps[-1].end
    for profile in wanted:
        own = own_half_life(profile)
        if own is not None and own not in found:
            parts = await scores.parts_of(tx, tenant_id, subject, moment, profile, source_id=of_source)
            added = await history.steps_of_half_life(tx, tenant_id, subject, own, starts, end, as_known=as_known)
            found[own] = MovedSums(parts, [each for each in added if of_source in {None, each.part.source_id}])
    is_empty = not any(each.before or each.changes for each in found.values())
    return None if is_empty and not await scores.is_known(tx, tenant_id, subject) else found


def _of_half_life(before: Sequence[KeptPart], changes: Sequence[KeptStep], half_life_us: int | None) -> MovedSums:
    parts = parts_for((each.part for each in changes), half_life_us)
    steps = [StepPart(each.step, part, each.rated) for each, part in zip(changes, parts, strict=True)]
    return MovedSums(parts_for(before, half_life_us), steps)


async def _kept_steps(
    tx: Tx,
    tenant_id: str,
    subject: str,
    steps: Sequence[Span],
    profiles: Collection[Profile],
    *,
    as_known: bool,
    by_source: bool,
) -> list[KeptStep]:
    """Return what each step added, by source where that is wanted.

    Of a large subject it comes from cells of whole days, and from the entries of pieces of others.

    What was known later than it took effect counts in other steps where they are of what was shown; the ledger alone
    tells it. A frozen score needs to know of the newest review of each step, which cells do not tell of a part of a
    day.
    """
    starts, end = [step.start for step in steps], steps[-1].end
    if as_known or not await cells.is_celled(tx, tenant_id, subject):
        return await history.steps_of(tx, tenant_id, subject, starts, end, as_known=as_known)
    has_frozen = any(each.is_frozen for each in profiles)
    days, stretches = in_days([unix_us(each) for each in (*starts, end)], may_subtract=not has_frozen)
    given = [
        *([each[n] for each in days] for n in range(3)),
        *([time_of(each[n]) for each in stretches] for n in range(2)),
        [each.owner for each in stretches],
        by_source,
    ]
    rows = await tx.raw.fetch(_STEPS_OF_CELLS, tenant_id, subject, starts, end, *given)
    if not all(are_sound(row[name] for name in KeptSums._fields) for row in rows):
        return await history.steps_of(tx, tenant_id, subject, starts, end, as_known=as_known)
    return [
        KeptStep(
            row["step"],
            KeptPart(_spelt(row["source_id"]), row["traits"], row["block"], KeptSums(*[*row.values()][4:-1])),
            row["prompt"],
        )
        for row in rows
    ]


def _spelt(source_id: object) -> str | None:
    return None if source_id is None else str(source_id)
