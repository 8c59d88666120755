"""Every SQL statement of a refill: how far it is, what the ledger's twin gets, and what is waited for."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Tx
from plaudit.scoring.cells.domain import LARGE_ENTRIES
from plaudit.scoring.history.domain import Happened
from plaudit.scoring.history.tables import ledger
from plaudit.scoring.moves.store import DAY
from plaudit.scoring.rebuilds.domain import MAX_SWITCH_SECONDS
from plaudit.scoring.rebuilds.store import Ledger
from plaudit.scoring.reconciliation.store.statements import HISTORY_GROUP, LIVE_GROUP
from plaudit.scoring.refills.domain import FEED_EPOCH, LEASE, ErasedReview, Position, Reading, RefillProgress
from plaudit.scoring.refills.store import pasts, twins
from plaudit.scoring.refills.store.twins import LEDGER, SCHEMA
from plaudit.scoring.topics.domain import ERASED

_GROUPS: Final = (LIVE_GROUP, HISTORY_GROUP)
_POSITIONS = f"SELECT * FROM positions WHERE topic = '{REVIEWS.name}' AND consumer_group"
_LIVE = f"({_POSITIONS} = '{LIVE_GROUP}')"
_HISTORY = f"({_POSITIONS} = '{HISTORY_GROUP}')"
# Sums go no further than live stands, and no further than the new ledger is copied.
ANEW: Final = Ledger(
    LEDGER,
    f"""
SELECT live.partition, least.epoch, least.sequence
FROM {_LIVE} AS live JOIN refill_partitions AS copied USING (partition)
CROSS JOIN LATERAL (
    SELECT epoch, sequence FROM (
        VALUES (live.epoch, live.sequence), (
            copied.copied_epoch,
            CASE WHEN copied.copied_epoch = {FEED_EPOCH} THEN copied.next_number - 1 ELSE copied.copied_sequence END
        )
    ) AS both_of (epoch, sequence) ORDER BY epoch, sequence LIMIT 1
) AS least
""",
)
_TABLES = "refills, refill_tenants, refill_places, refill_partitions, refill_erased"
_ANEW_TABLES = "sums_anew, tenant_sums_anew, rebuild_places, rebuild_half_lives, rebuild_rounded"
_RESOLVED: Final = f"""
SELECT count(*) FROM dead_letters
WHERE consumer_group = ANY($1::text[]) AND topic = '{REVIEWS.name}' AND state <> 'open'
"""
_OPEN_LETTERS: Final = f"""
SELECT count(*) FROM dead_letters
WHERE consumer_group = ANY($1::text[]) AND topic = '{REVIEWS.name}' AND state = 'open'
"""
_BEGIN = f"""
INSERT INTO refills (id, run_id, seen_at, resolved_letters, refused) VALUES (1, $2, now(), ({_RESOLVED}), 0)
"""
_BEGIN_TENANTS = "INSERT INTO refill_tenants SELECT unnest($1::text[]), NULL, 0, false"
_BEGIN_PARTITIONS = f"""
INSERT INTO refill_partitions (partition, first_number, next_number, copied_epoch, copied_sequence)
SELECT each.partition, first.number, first.number, 0, 0
FROM unnest($1::int[]) AS each (partition) CROSS JOIN LATERAL (
    SELECT 1 + coalesce(max(sequence), 0) AS number FROM ledger
    WHERE ledger.partition = each.partition AND ledger.epoch = {FEED_EPOCH}
) AS first
ON CONFLICT DO NOTHING
"""
_KEEP = """
UPDATE refills SET run_id = $1, seen_at = now() WHERE run_id = $1 OR seen_at < now() - $2::interval
RETURNING resolved_letters
"""
_RELEASE = "UPDATE refills SET seen_at = '-infinity' WHERE run_id = $1"
_IS_KEPT = """
SELECT EXISTS (SELECT FROM refills WHERE seen_at >= now() - $1::interval AND ($2::uuid IS NULL OR run_id = $2))
"""
_SECONDS_SINCE = """
SELECT CASE WHEN isfinite(seen_at) THEN date_part('epoch', now() - seen_at) END FROM refills
"""
_READINGS = "SELECT tenant_id, after, is_read FROM refill_tenants ORDER BY tenant_id"
_LOCK_READING = "SELECT tenant_id, after, is_read FROM refill_tenants WHERE tenant_id = $1 FOR UPDATE"
_MOVE_READING = """
UPDATE refill_tenants SET after = $2::text, is_read = $2::text IS NULL, revisions = revisions + $3 WHERE tenant_id = $1
"""
_REFUSE = "UPDATE refills SET refused = refused + $1"
_EPOCHS = f"""
SELECT partition, max(epoch) AS epoch FROM positions WHERE topic = '{REVIEWS.name}' AND consumer_group = ANY($1::text[])
GROUP BY partition
"""
_STATE_PLACES = f"""
INSERT INTO refill_places
SELECT $1, partition, $2, coalesce(sequence, 0)
FROM (
    SELECT partition::int FROM {_HISTORY} AS history UNION SELECT partition FROM unnest($3::int[]) AS stated (partition)
) AS every
LEFT JOIN unnest($3::int[], $4::bigint[]) AS stated (partition, sequence) USING (partition)
"""
_NUMBERS = "SELECT partition, next_number FROM refill_partitions ORDER BY partition FOR UPDATE"
_MOVE_NUMBERS = """
UPDATE refill_partitions AS held SET next_number = moved.number
FROM unnest($1::int[], $2::bigint[]) AS moved (partition, number) WHERE held.partition = moved.partition
"""
_NOTE_ERASED = """
INSERT INTO refill_erased AS held
SELECT tenant_id, review_id, bool_or(is_told), false
FROM unnest($1::text[], $2::uuid[], $3::bool[]) AS found (tenant_id, review_id, is_told) GROUP BY tenant_id, review_id
ON CONFLICT (tenant_id, review_id) DO UPDATE SET is_told = held.is_told OR excluded.is_told
"""
_TAKE_BACK = f"DELETE FROM {LEDGER} WHERE tenant_id = ANY($1::text[]) AND review_id = ANY($2::uuid[])"
_BEHIND = f"""
SELECT count(*) FROM (
    SELECT partition, max(epoch) AS epoch, max(sequence) AS sequence FROM refill_places GROUP BY partition
) AS stated LEFT JOIN {_LIVE} AS live USING (partition) LEFT JOIN {_HISTORY} AS history USING (partition)
WHERE stated.sequence > 0 AND (
    (coalesce(live.epoch, 0), coalesce(live.sequence, 0)) < (stated.epoch, stated.sequence)
    OR (coalesce(history.epoch, 0), coalesce(history.sequence, 0)) < (stated.epoch, stated.sequence)
)
"""
# Up to there the twin may have entries of erased reviews, which are not to be taken for copied ones.
_IS_BEFORE_PLACES = """
SELECT EXISTS (
    SELECT FROM refill_places AS place JOIN refill_partitions AS copied USING (partition)
    WHERE place.sequence > 0 AND (place.epoch, place.sequence) > (copied_epoch, copied_sequence)
)
"""
_UNSETTLED = "SELECT tenant_id, review_id, is_told FROM refill_erased WHERE NOT is_settled ORDER BY 1, 2 LIMIT $1"
_SETTLE = "UPDATE refill_erased SET is_settled = true WHERE tenant_id = ANY($1::text[]) AND review_id = ANY($2::uuid[])"
# Of these, what the present ledger adds it takes away again: no figure of today depends on them.
_WHOLE = """
SELECT review_id FROM (
    SELECT review_id, sum(sign) AS times FROM ledger WHERE review_id = ANY($1::uuid[])
    GROUP BY review_id, tenant_id, partition, subject, source_id, traits, rating, rated_at
) AS states
GROUP BY review_id HAVING bool_and(times = 0)
"""
_LISTED = ", ".join(column.name for column in ledger.columns)
_OF_HELD = ", ".join(f"held.{column.name}" for column in ledger.columns)
_COPY_WHOLE = f"""
INSERT INTO {LEDGER} ({_LISTED})
SELECT {_OF_HELD} FROM ledger AS held JOIN refill_places AS place USING (tenant_id, partition)
WHERE review_id = ANY($1::uuid[]) AND (held.epoch, held.sequence) <= (place.epoch, place.sequence)
"""
_NEXT_COPY = f"""
SELECT copied.partition::smallint, copied_epoch, copied_sequence, history.epoch AS last_epoch,
    history.sequence AS last_sequence, step.epoch, step.sequence
FROM refill_partitions AS copied JOIN {_HISTORY} AS history USING (partition)
LEFT JOIN LATERAL (
    SELECT ledger.epoch, ledger.sequence FROM ledger
    WHERE ledger.partition = copied.partition
      AND (ledger.epoch, ledger.sequence) > (copied_epoch, copied_sequence)
      AND (ledger.epoch, ledger.sequence) <= (history.epoch, history.sequence)
    ORDER BY ledger.epoch, ledger.sequence OFFSET $1 LIMIT 1
) AS step ON true
WHERE (copied_epoch, copied_sequence) < (history.epoch, history.sequence)
ORDER BY copied.partition LIMIT 1
"""
# Whether cells and sums of changes are made of the twin: they learn of what is copied from now on as they do of what
# history appends, by the tail and by past days that have changed.
_IS_SUMMED = f"EXISTS (SELECT FROM {SCHEMA}.celled_prefixes)"
# When the present ledger says that an entry takes effect may go back to entries that it had wrong. What history's rule
# says is told by the entry and its counterpart, but of what is new, which goes back to nothing.
_TOOK_EFFECT = f"""
CASE
    WHEN other.rated_at <> held.rated_at AND (held.rated_at > other.rated_at) = (held.sign > 0)
        THEN greatest(held.rated_at, other.rated_at)
    WHEN other.rated_at IS NOT NULL
        OR held.happened IN ({Happened.REMOVED:d}, {Happened.RESTORED:d}, {Happened.ERASED:d})
        THEN held.known_at
    ELSE held.valid_at
END
"""
# No entry takes effect before the last one of its review, of those that the feed tells and those that are copied.
_VALID_AT = f"""
CASE
    WHEN place.tenant_id IS NULL THEN held.valid_at
    ELSE greatest(last.valid_at, max(least(held.known_at, greatest(held.rated_at, other.rated_at, {_TOOK_EFFECT})))
        OVER (PARTITION BY held.review_id ORDER BY held.epoch, held.sequence))
END
"""
_COPY = f"""
WITH copied AS (
    INSERT INTO {LEDGER} ({_LISTED})
    SELECT {", ".join(_VALID_AT if column.name == "valid_at" else f"held.{column.name}" for column in ledger.columns)}
    FROM ledger AS held
    LEFT JOIN refill_places AS place ON place.tenant_id = held.tenant_id AND place.partition = held.partition
    LEFT JOIN ledger AS other ON place.tenant_id IS NOT NULL AND other.partition = held.partition
        AND other.epoch = held.epoch AND other.sequence = held.sequence AND other.sign = -held.sign
    LEFT JOIN LATERAL (
        SELECT valid_at FROM {LEDGER} AS told
        WHERE place.tenant_id IS NOT NULL AND told.review_id = held.review_id ORDER BY valid_at DESC LIMIT 1
    ) AS last ON true
    WHERE held.partition = $1 AND (held.epoch, held.sequence) > ($2, $3) AND (held.epoch, held.sequence) <= ($4, $5)
      AND (held.epoch, held.sequence) > (coalesce(place.epoch, -1), coalesce(place.sequence, 0))
    RETURNING tenant_id, partition, epoch, sequence, valid_at, known_at
),
noted AS (
    INSERT INTO {SCHEMA}.tail (partition, epoch, first_sequence, last_sequence)
    SELECT partition, epoch, min(sequence), max(sequence) FROM copied WHERE {_IS_SUMMED} GROUP BY 1, 2
)
INSERT INTO {SCHEMA}.changed_days (tenant_id, day)
SELECT DISTINCT tenant_id, {DAY} FROM copied WHERE {_IS_SUMMED} AND greatest(valid_at, known_at) < $6
"""
# What a person wrote told the topics: those of a review that was erased are taken out of the twin, too.
_CLEAR_TOPICS = f"""
WITH cleared AS (
    UPDATE {LEDGER} SET topics = {ERASED} WHERE topics IS DISTINCT FROM {ERASED} AND review_id = ANY (ARRAY(
        SELECT review_id FROM ledger
        WHERE partition = $1 AND (epoch, sequence) > ($2, $3) AND (epoch, sequence) <= ($4, $5)
          AND happened = {Happened.ERASED:d}
    ))
    RETURNING tenant_id, valid_at, known_at
)
INSERT INTO {SCHEMA}.changed_days (tenant_id, day) SELECT DISTINCT tenant_id, {DAY} FROM cleared WHERE {_IS_SUMMED}
"""
_CLEAR_TOPICS_OF = f"""
UPDATE {LEDGER} SET topics = {ERASED} WHERE topics IS DISTINCT FROM {ERASED} AND review_id = ANY($1::uuid[])
"""
_MOVE_COPIED = "UPDATE refill_partitions SET copied_epoch = $2, copied_sequence = $3 WHERE partition = $1"
# Entries are counted by their numbers, of the feed and of the bus: not each number has one, and some have two.
_PROGRESS = f"""
SELECT coalesce(sum(revisions), 0)::bigint AS revisions,
    (SELECT coalesce(sum(refused), 0) FROM refills)::bigint AS refused,
    count(*) FILTER (WHERE is_read) AS tenants_read, count(*) AS tenants,
    (SELECT coalesce(sum(
        history.sequence - CASE WHEN copied_epoch = history.epoch THEN copied_sequence ELSE 0 END
    ), 0) FROM {_HISTORY} AS history JOIN refill_partitions USING (partition))::bigint AS records_left,
    (SELECT coalesce(sum(
        CASE WHEN place.epoch IS NULL THEN next_number - first_number
            WHEN place.epoch = {FEED_EPOCH} THEN next_number - greatest(first_number, place.sequence + 1) ELSE 0 END
        + copied_sequence - CASE WHEN place.epoch = copied_epoch THEN place.sequence ELSE 0 END
    ), 0) FROM refill_partitions LEFT JOIN rebuild_places AS place USING (partition))::bigint AS sums_left,
    (SELECT count(*) FROM {SCHEMA}.celled_prefixes WHERE NOT is_filled) AS large_left
FROM refill_tenants
"""
_HOLD_HISTORY = f"""
SELECT FROM positions WHERE consumer_group = '{HISTORY_GROUP}' AND topic = '{REVIEWS.name}'
ORDER BY partition FOR UPDATE
"""
_KEPT_TENANTS = """
WITH RECURSIVE found AS (
    (SELECT tenant_id FROM ledger ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT ledger.tenant_id FROM ledger WHERE ledger.tenant_id > found.tenant_id ORDER BY 1 LIMIT 1)
    FROM found WHERE found.tenant_id IS NOT NULL
)
SELECT tenant_id FROM found WHERE tenant_id IS NOT NULL ORDER BY 1
"""
# A subject that is large by the present ledger has many entries in the new one, too, or none, which costs nothing.
_NAME_LARGE = f"""
INSERT INTO {SCHEMA}.celled_prefixes (tenant_id, prefix)
SELECT tenant_id, prefix FROM celled_prefixes
UNION
SELECT tenant_id, prefix FROM sums_anew GROUP BY 1, 2 HAVING sum(n1 + n2 + n3 + n4 + n5) >= {LARGE_ENTRIES}
ON CONFLICT DO NOTHING
"""
_LET_IT_TAKE_LONGER = f"SET LOCAL statement_timeout = {round(MAX_SWITCH_SECONDS * 1000)}"


async def exists(tx: Tx) -> bool:
    """Return whether a refill is under way."""
    return await twins.exists(tx)


async def make(owner: Tx, run_id: UUID, tenants: Collection[str], partitions: Collection[int]) -> None:
    """Begin a refill: make the twins, and empty what sums are made anew in. Only the owner of the tables may."""
    await owner.raw.execute(f"TRUNCATE {_TABLES}, {_ANEW_TABLES}")
    await twins.make(owner)
    async with twins.as_worker(owner):
        await owner.raw.execute(_BEGIN, _GROUPS, run_id)
        await owner.raw.execute(_BEGIN_TENANTS, sorted(tenants))
        await owner.raw.execute(_BEGIN_PARTITIONS, sorted(partitions))


async def drop(owner: Tx) -> None:
    """Forget a refill, and what it has made. Only the owner may."""
    await twins.drop(owner)
    await owner.raw.execute(f"TRUNCATE {_TABLES}, {_ANEW_TABLES}")


async def keep(tx: Tx, run_id: UUID) -> int | None:
    """Note that a process works on the refill; return how many letters were settled before, None where it is another's.

    It is whoever's was last, for so long as its lease says.
    """
    found: int | None = await tx.raw.fetchval(_KEEP, run_id, LEASE)
    return found


async def release(tx: Tx, run_id: UUID) -> None:
    """Let another process go on at once."""
    await tx.raw.execute(_RELEASE, run_id)


async def is_kept(tx: Tx, run_id: UUID | None = None) -> bool:
    """Return whether a process works on the refill, or did less than a lease ago and has not said that it ended.

    Given a process, whether it is that one.
    """
    return bool(await tx.raw.fetchval(_IS_KEPT, LEASE, run_id))


async def seconds_since(tx: Tx) -> float | None:
    """Return for how long no process has taken a step; None where the last one has said that it ended."""
    found: float | None = await tx.raw.fetchval(_SECONDS_SINCE)
    return found


async def letters(tx: Tx) -> tuple[int, int]:
    """Return how many dead letters of both groups are open, and how many are settled."""
    return await tx.raw.fetchval(_OPEN_LETTERS, _GROUPS), await tx.raw.fetchval(_RESOLVED, _GROUPS)


async def readings(tx: Tx) -> list[Reading]:
    """Return how far the feed of each tenant is read."""
    return [msgspec.convert(dict(row), Reading) for row in await tx.raw.fetch(_READINGS)]


async def lock_reading(tx: Tx, tenant_id: str) -> Reading:
    """Return how far the feed of a tenant is read, and let nobody else move it before the transaction ends."""
    return msgspec.convert(dict(await tx.raw.fetchrow(_LOCK_READING, tenant_id) or {}), Reading)


async def move_reading(tx: Tx, tenant_id: str, after: str | None, revisions: int, refused: int) -> None:
    """Note up to where the feed of a tenant is read; None: to its end."""
    await tx.raw.execute(_MOVE_READING, tenant_id, after, revisions)
    await tx.raw.execute(_REFUSE, refused)


async def epochs(tx: Tx) -> dict[int, int]:
    """Return partition → the epoch that a group stands in."""
    return {row["partition"]: row["epoch"] for row in await tx.raw.fetch(_EPOCHS, _GROUPS)}


async def state_places(tx: Tx, tenant_id: str, position: Position) -> None:
    """Note up to where the feed of a tenant tells."""
    partitions = [int(partition) for partition in position.sequences]
    await tx.raw.execute(_STATE_PLACES, tenant_id, position.epoch, partitions, [*position.sequences.values()])


async def numbers(tx: Tx, partitions: Collection[int]) -> dict[int, int]:
    """Return partition → the next number of an entry that comes from the feed, of these partitions and all others."""
    await tx.raw.execute(_BEGIN_PARTITIONS, sorted(partitions))
    return {row["partition"]: row["next_number"] for row in await tx.raw.fetch(_NUMBERS)}


async def move_numbers(tx: Tx, moved: Mapping[int, int]) -> None:
    """Note the next numbers."""
    await tx.raw.execute(_MOVE_NUMBERS, list(moved), list(moved.values()))


async def note_erased(tx: Tx, erased: Sequence[ErasedReview]) -> None:
    """Note reviews of which the feed tells nothing any more, and take back what an earlier page told of them."""
    if erased:
        await tx.raw.execute(_NOTE_ERASED, *zip(*erased, strict=True))
        await tx.raw.execute(_TAKE_BACK, [each.tenant_id for each in erased], [each.review_id for each in erased])


async def are_behind(tx: Tx) -> bool:
    """Return whether a group has not come as far as the feed tells."""
    return bool(await tx.raw.fetchval(_BEHIND))


async def unsettled(tx: Tx, limit: int) -> list[ErasedReview]:
    """Return erased reviews of which it is not settled what becomes of their entries."""
    rows = await tx.raw.fetch(_UNSETTLED, limit)
    return [ErasedReview(row["tenant_id"], str(row["review_id"]), row["is_told"]) for row in rows]


async def whole(tx: Tx, review_ids: Sequence[str]) -> set[str]:
    """Return those reviews of which the present ledger takes away all that it adds."""
    return {str(row["review_id"]) for row in await tx.raw.fetch(_WHOLE, review_ids)}


async def settle(tx: Tx, erased: Sequence[ErasedReview], copied: Collection[str]) -> None:
    """Note that these are settled, and copy what the present ledger has of some up to where the feed tells."""
    await tx.raw.execute(_COPY_WHOLE, sorted(copied))
    await tx.raw.execute(_CLEAR_TOPICS_OF, sorted(copied))
    await tx.raw.execute(_SETTLE, [each.tenant_id for each in erased], [each.review_id for each in erased])


async def copy_some(tx: Tx, entries: int) -> bool:
    """Copy about so many entries of the present ledger that the feed does not tell; return False where none is left.

    The present ledger is copied up to where history stands.
    """
    row = await tx.raw.fetchrow(_NEXT_COPY, entries - 1)
    if row is None:
        return False
    until = (row["last_epoch"], row["last_sequence"]) if row["epoch"] is None else (row["epoch"], row["sequence"])
    copied = (row["partition"], row["copied_epoch"], row["copied_sequence"], *until)
    today = tx.now.replace(hour=0, minute=0, second=0, microsecond=0)
    await tx.raw.execute(_COPY, *copied, today)
    await pasts.tell_anew(tx, row["partition"], (row["copied_epoch"], row["copied_sequence"]), until)
    await tx.raw.execute(_CLEAR_TOPICS, *copied)
    await tx.raw.execute(_MOVE_COPIED, row["partition"], *until)
    return True


async def is_before_places(tx: Tx) -> bool:
    """Return whether the present ledger is not copied, or looked through, up to where a feed tells."""
    return bool(await tx.raw.fetchval(_IS_BEFORE_PLACES))


async def begin_partitions(tx: Tx, partitions: Collection[int]) -> None:
    """Copy these partitions, too."""
    await tx.raw.execute(_BEGIN_PARTITIONS, sorted(partitions))


async def progress(tx: Tx) -> RefillProgress:
    """Return how far the refill has come."""
    return msgspec.convert(dict(await tx.raw.fetchrow(_PROGRESS) or {}), RefillProgress)


async def tenants_of_ledger(tx: Tx) -> list[str]:
    """Return the tenants that the present ledger has entries of."""
    return [row["tenant_id"] for row in await tx.raw.fetch(_KEPT_TENANTS)]


async def name_large(tx: Tx) -> None:
    """Note the subjects that are large by the new ledger: their cells and changes are summed before the switch."""
    await tx.raw.execute(_LET_IT_TAKE_LONGER)
    await tx.raw.execute(_NAME_LARGE, timeout=MAX_SWITCH_SECONDS)


async def analyze(owner: Tx) -> None:
    """Let the planner know all that was made anew. Only the owner may."""
    await twins.analyze(owner)
    await owner.raw.execute("ANALYZE sums_anew, tenant_sums_anew", timeout=MAX_SWITCH_SECONDS)


async def hold_history(tx: Tx) -> None:
    """Hold history's positions until the transaction ends. Live's are held before, and history has come as far."""
    await tx.raw.execute(_HOLD_HISTORY)


async def take_the_place(owner: Tx) -> None:
    """Put the new ledger, and all that is made of it, in the place of the old one. Only the owner may."""
    await twins.take_the_place(owner)
    await owner.raw.execute(f"TRUNCATE {_TABLES}")
