"""Timers: what comes next for a clock. A row is deleted when it fires, or when it no longer applies."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID

from plaudit.alerting.clocks.domain.clock import ClockKey, Stream
from plaudit.alerting.policies.domain.revisions import PolicyRef
from plaudit.alerting.timers.domain import PLANS, Timer
from plaudit.alerting.timers.tables import timers
from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns

_TIMER: Final = Columns(timers, without=("failed_at", "error"))

_timer_of: Final = itemgetter(*map(_TIMER.names.index, Timer._fields))

_ADD = f"INSERT INTO timers ({_TIMER.listed}) SELECT * FROM {_TIMER.unnest()} ON CONFLICT DO NOTHING"

# A generation that begins in this transaction has no timers yet; looking for conflicts all the same would double the
# cost of a row. Rows of a select list need not be stored on the way. Texts are few, and sent once.
_PLAN = """
INSERT INTO timers (tenant_id, clock_id, generation, kind, root, topic, partition, due_at, breach_at)
SELECT ($1::text[])[name], clock_id, generation, ($2::text[])[name], root, ($3::text[])[name], ($4::int[])[name],
    due_at, breach_at
FROM (
    SELECT unnest($5::int[]) AS name, unnest($6::uuid[]) AS clock_id, unnest($7::int[]) AS generation,
        unnest($8::uuid[]) AS root, unnest($9::timestamptz[]) AS due_at, unnest($10::timestamptz[]) AS breach_at
) AS t
"""

# A contact that was told counts for a clock whatever becomes of its stages; who looks for it finds that out.
_CANCEL = "DELETE FROM timers WHERE tenant_id = $1 AND clock_id = ANY ($2::uuid[]) AND kind <> 'contact'"

# A plan that is kept reads the whole table, if it was made while that was small.
_PLAN_ANEW = "SET LOCAL plan_cache_mode = force_custom_plan"
_KEEP_PLANS = "SET LOCAL plan_cache_mode TO DEFAULT"

_LATEST_DUE = """
SELECT p.topic, p.partition, t.due_at
FROM unnest($1::text[], $2::int[]) AS p (topic, partition)
CROSS JOIN LATERAL (
    SELECT due_at FROM timers
    WHERE topic = p.topic AND partition = p.partition AND failed_at IS NULL AND due_at <= $3
    ORDER BY due_at DESC LIMIT 1
) t
"""

ANY_DUE: Final = """
SELECT EXISTS (
    SELECT FROM unnest($1::text[], $2::int[]) AS p (topic, partition)
    CROSS JOIN LATERAL (
        SELECT FROM timers
        WHERE topic = p.topic AND partition = p.partition AND failed_at IS NULL AND due_at <= {now} LIMIT 1
    ) t
)
"""
"""Whether any stream, given by topics and partitions, has a due timer; for `Database.holds`."""

_DUE = """
SELECT t.tenant_id, t.clock_id, t.root, p.decide_until
FROM unnest($1::text[], $2::int[], $3::timestamptz[]) AS p (topic, partition, decide_until)
CROSS JOIN LATERAL (
    SELECT tenant_id, clock_id, root FROM timers
    WHERE topic = p.topic AND partition = p.partition AND failed_at IS NULL AND due_at <= p.decide_until
    ORDER BY due_at LIMIT $4
) t
"""

# The clock's order key is held, so no other process of ours locks these rows; rows locked by others are skipped.
# The rows are looked up clock by clock over the primary key, whatever the planner thinks of a table that grows and
# shrinks by the minute.
_CLAIM = f"""
DELETE FROM timers WHERE ctid = ANY (ARRAY(
    SELECT t.place
    FROM unnest($1::text[], $2::uuid[], $3::timestamptz[]) AS k (tenant_id, clock_id, decide_until)
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM timers
        WHERE tenant_id = k.tenant_id AND clock_id = k.clock_id AND due_at <= k.decide_until AND failed_at IS NULL
        FOR UPDATE SKIP LOCKED
    ) t
))
RETURNING {_TIMER.listed}
"""

_DUE_OF_CLOCK = "tenant_id = $1 AND clock_id = $2 AND failed_at IS NULL AND due_at <= $3"
_DUE_BY = f"SELECT {_TIMER.listed} FROM timers WHERE {_DUE_OF_CLOCK}"
_SET_ASIDE = f"""
UPDATE timers SET failed_at = $4, error = $5, breach_at = CASE WHEN kind = 'breach' THEN breach_at END
WHERE {_DUE_OF_CLOCK}
"""


_OPEN: Final = "waiting AND state IN ('running', 'paused')"
"""Clocks of which something is still to come; the words of an index."""
_PLANS: Final = [str(each.__struct_config__.tag) for each in PLANS]
_RANGE: Final = "> ($1, $2::uuid) AND {key} <= ($3, $4::uuid)"

_PAGE_END = f"""
SELECT tenant_id, id FROM clocks WHERE (tenant_id, id) > ($1, $2) AND {_OPEN}
ORDER BY tenant_id, id OFFSET $3 LIMIT 1
"""

_CLASSES = f"""
SELECT DISTINCT tenant_id, policy_id, policy_revision, policy_class FROM clocks
WHERE (tenant_id, id) {_RANGE.format(key="(tenant_id, id)")} AND {_OPEN}
"""

# One statement, and so of one instant: clocks and their timers change together. What it names is looked at again under
# the order key of the clock. Of the log only those few are read of which another stage comes next than the first.
_DIFFERING = f"""
WITH page AS MATERIALIZED (
    SELECT c.tenant_id, c.id, c.generation, c.due_at, c.topic, c.partition, c.state = 'paused' AS is_paused,
        string_to_array(w.kinds, ' ') AS kinds
    FROM clocks c LEFT JOIN unnest($5::text[], $6::text[], $7::int[], $8::text[], $9::text[])
        AS w (tenant_id, policy_id, policy_revision, policy_class, kinds)
        USING (tenant_id, policy_id, policy_revision, policy_class)
    WHERE (c.tenant_id, c.id) {_RANGE.format(key="(c.tenant_id, c.id)")} AND {_OPEN}
), held AS MATERIALIZED (
    SELECT tenant_id, clock_id AS id, generation, count(*) AS timers, max(breach_at) AS breach_at, max(kind) AS kind,
        max(due_at) AS due_at, min(topic) AS topic, max(topic) AS last_topic,
        min(partition) AS partition, max(partition) AS last_partition
    FROM timers WHERE (tenant_id, clock_id) {_RANGE.format(key="(tenant_id, clock_id)")} AND kind <> 'contact'
    GROUP BY 1, 2, 3
)
SELECT DISTINCT tenant_id, id, NOT coalesce(h.breach_at = p.due_at, false) AS is_sure
FROM page p FULL JOIN held h USING (tenant_id, id, generation)
WHERE CASE
    WHEN p.due_at IS NULL THEN true
    WHEN p.is_paused THEN h.timers IS NOT NULL
    WHEN h.breach_at IS DISTINCT FROM p.due_at OR h.due_at > h.breach_at THEN true
    WHEN h.timers > 1 OR (h.kind = 'breach' AND h.due_at <> h.breach_at) THEN true
    WHEN (h.topic, h.last_topic) <> (p.topic, p.topic) THEN true
    WHEN (h.partition, h.last_partition) <> (p.partition, p.partition) THEN true
    WHEN p.kinds IS NULL OR h.kind = p.kinds[1] THEN false
    ELSE h.kind IS DISTINCT FROM p.kinds[1 + (
        SELECT count(*) FILTER (WHERE kind = 'warned' AND e.id > e.planned)
        FROM (
            SELECT id, kind, max(id) FILTER (WHERE kind = ANY($10::text[])) OVER () AS planned
            FROM clock_events WHERE tenant_id = p.tenant_id AND clock_id = p.id
        ) AS e
    )]
END
ORDER BY tenant_id, id
"""

_OF_CLOCKS = f"""
SELECT {_TIMER.of("t")} FROM unnest($1::text[], $2::uuid[]) AS k (tenant_id, clock_id)
CROSS JOIN LATERAL (SELECT * FROM timers WHERE tenant_id = k.tenant_id AND clock_id = k.clock_id OFFSET 0) t
"""

_REMOVE = "DELETE FROM timers WHERE tenant_id = $1 AND clock_id = $2 AND generation = $3 AND kind = $4"

_NOT_FIRED = """
SELECT count(*) FILTER (WHERE NOT is_aside) AS late, count(*) FILTER (WHERE is_aside) AS aside FROM (
    (SELECT false AS is_aside FROM timers WHERE failed_at IS NULL AND due_at < $1 LIMIT $2)
    UNION ALL (SELECT true FROM timers WHERE failed_at IS NOT NULL LIMIT $2)
) AS found
"""

_OPEN_TRANSACTIONS = "SELECT oldest_seconds, hidden FROM open_transactions()"


class Due(NamedTuple):
    """What may fire of a clock."""

    root: UUID
    """The group of clocks under whose order key it fires."""
    until: datetime
    """The latest due time of its timers that may fire."""


DueClocks = Mapping[ClockKey, Due]
"""Clock → what of it may fire."""

FIRST_KEY: Final[ClockKey] = ("", UUID(int=0))
LAST_KEY: Final[ClockKey] = ("\U0010ffff", UUID(int=2**128 - 1))
"""Before and after the keys of all clocks."""
PinnedClass: TypeAlias = tuple[str, PolicyRef]
"""(tenant, class) that clocks are pinned to."""


class Suspects(NamedTuple):
    """Clocks of a page whose timers may not be those that their logs ask for."""

    sure: list[ClockKey]
    """The due time is missing or wrong, or there is a timer where none should be."""
    short: list[ClockKey]
    """Another stage comes next than the log seems to ask for; some of these are well, such as late ones."""


class OpenTransactions(NamedTuple):
    """What is open on the server of the database."""

    oldest_seconds: float
    """Age of the oldest transaction."""
    hidden: int
    """Sessions that the schema's owner may not see."""


class NotFired(NamedTuple):
    """How many timers have not fired in their time, counted up to a limit."""

    late: int
    aside: int
    """Set aside, since they could not fire."""


async def add(tx: Tx, added: Sequence[Timer]) -> None:
    """Write timers."""
    if added:
        await tx.raw.execute(_ADD, *_TIMER.arrays(added))


async def plan(tx: Tx, planned: Sequence[Timer]) -> None:
    """Write timers of generations of clocks that begin in this transaction.

    Raises:
        UniqueViolationError: a generation has such timers already.
    """
    if not planned:
        return
    numbers: dict[tuple[str, str, str, int], int] = {}
    named = [
        numbers.setdefault((tenant_id, kind, topic, partition), len(numbers) + 1)
        for tenant_id, _, _, kind, _, topic, partition, *_ in planned
    ]
    columns = list(zip(*planned, strict=True))
    places = map(Timer._fields.index, ("clock_id", "generation", "root", "due_at", "breach_at"))
    await tx.raw.execute(_PLAN, *map(list, zip(*numbers, strict=True)), named, *(columns[place] for place in places))


async def cancel(tx: Tx, keys: Collection[ClockKey]) -> None:
    """Delete the timers of all stages of these clocks. The clocks' order keys must be held."""
    if not keys:
        return
    of_tenant: defaultdict[str, list[UUID]] = defaultdict(list)
    for tenant_id, clock_id in keys:
        of_tenant[tenant_id].append(clock_id)
    await tx.raw.execute(_PLAN_ANEW)
    await tx.raw.executemany(_CANCEL, of_tenant.items())
    await tx.raw.execute(_KEEP_PLANS)


async def latest_due(tx: Tx, streams: Sequence[Stream]) -> dict[Stream, datetime]:
    """Return, of each stream that has timers due by now, the latest due time among them. Locks nothing."""
    rows = await tx.raw.fetch(_LATEST_DUE, *columns_of(streams), tx.now)
    return {Stream(row["topic"], row["partition"]): row["due_at"] for row in rows}


async def due(tx: Tx, decide_until: Mapping[Stream, datetime], limit: int) -> DueClocks:
    """Return clocks with timers that may fire, the longest due of each stream first.

    Locks nothing and assigns no xid.

    Args:
        tx: the open transaction.
        decide_until: stream → the latest due time that may fire.
        limit: how many timers to look at, each stream having the same share.
    """
    share = max(1, limit // max(1, len(decide_until)))
    rows = await tx.raw.fetch(_DUE, *columns_of(decide_until), list(decide_until.values()), share)
    return {(row["tenant_id"], row["clock_id"]): Due(row["root"], row["decide_until"]) for row in rows}


async def claim(tx: Tx, clocks: DueClocks) -> list[Timer]:
    """Delete and return the due timers of these clocks. The clocks' order keys must be held."""
    rows = await tx.raw.fetch(
        _CLAIM,
        [tenant_id for tenant_id, _ in clocks],
        [clock for _, clock in clocks],
        [due.until for due in clocks.values()],
    )
    return [Timer(*_timer_of(row)) for row in rows]


def columns_of(streams: Iterable[Stream]) -> tuple[list[str], list[int]]:
    """Return streams as two parameters: topics, and partitions."""
    listed = list(streams)
    return [stream.topic for stream in listed], [stream.partition for stream in listed]


async def due_of(tx: Tx, key: ClockKey, until: datetime) -> list[Timer]:
    """Return the timers of a clock, due up to a moment, that were not set aside."""
    return [Timer(*_timer_of(row)) for row in await tx.raw.fetch(_DUE_BY, *key, until)]


async def set_aside(tx: Tx, key: ClockKey, until: datetime, error: str) -> None:
    """Mark the timers of a clock that cannot fire, due up to a moment, so that they are not tried again.

    No warning among them has a `breach_at` any more: nothing follows from it.
    """
    await tx.raw.execute(_SET_ASIDE, *key, until, tx.now, error)


async def look_up_by_index(tx: Tx) -> None:
    """Let this transaction read no table whole where an index will do.

    A plan for any range of two columns takes it for a ninth of the table: each page would cost as much as all timers.
    """
    await tx.raw.execute("SET LOCAL enable_seqscan = off")
    await tx.raw.execute("SET LOCAL plan_cache_mode = force_custom_plan")


async def page_end(tx: Tx, after: ClockKey, size: int) -> ClockKey:
    """Return the key up to which `size` clocks follow of which something is to come; the last of all keys at the end.

    Args:
        tx: the open transaction.
        after: the end of the page before.
        size: at least 1.
    """
    row = await tx.raw.fetchrow(_PAGE_END, *after, size - 1)
    return LAST_KEY if row is None else (row["tenant_id"], row["id"])


async def classes(tx: Tx, after: ClockKey, until: ClockKey) -> set[PinnedClass]:
    """Return what the clocks of a page are pinned to: those after one key, up to another."""
    rows = await tx.raw.fetch(_CLASSES, *after, *until)
    return {(row[0], PolicyRef(*row[1:])) for row in rows}


async def suspects(tx: Tx, after: ClockKey, until: ClockKey, kinds: Mapping[PinnedClass, Sequence[str]]) -> Suspects:
    """Return the clocks of a page whose timers may not be those that their logs ask for. Locks nothing.

    Args:
        tx: the open transaction.
        after: the end of the page before.
        until: the end of this page.
        kinds: of the stages of each class of the page, in their order.
    """
    of_classes = [(tenant_id, *ref, " ".join(stages)) for (tenant_id, ref), stages in kinds.items()]
    columns = ([row[n] for row in of_classes] for n in range(5))
    rows = await tx.raw.fetch(_DIFFERING, *after, *until, *columns, _PLANS)
    found = [((row["tenant_id"], row["id"]), row["is_sure"]) for row in rows]
    sure = dict.fromkeys(key for key, is_sure in found if is_sure)
    return Suspects(list(sure), [key for key, is_sure in found if not is_sure and key not in sure])


async def of_clocks(tx: Tx, keys: Collection[ClockKey]) -> list[Timer]:
    """Return all timers of these clocks, those that were set aside too."""
    rows = await tx.raw.fetch(_OF_CLOCKS, [tenant_id for tenant_id, _ in keys], [clock for _, clock in keys])
    return [Timer(*_timer_of(row)) for row in rows]


async def remove(tx: Tx, stray: Collection[Timer]) -> None:
    """Delete timers one by one. The clocks' order keys must be held."""
    if stray:
        await tx.raw.executemany(_REMOVE, [timer[:4] for timer in stray])


async def open_transactions(tx: Tx) -> OpenTransactions:
    """Return how old the oldest open transaction on the server is, this one left out."""
    row = await tx.raw.fetchrow(_OPEN_TRANSACTIONS)
    assert row is not None
    return OpenTransactions(row["oldest_seconds"] or 0.0, row["hidden"])


async def not_fired(tx: Tx, since: datetime, most: int) -> NotFired:
    """Return how many timers that were due before an instant have not fired, and how many were set aside."""
    row = await tx.raw.fetchrow(_NOT_FIRED, since, most)
    assert row is not None
    return NotFired(row["late"], row["aside"])
