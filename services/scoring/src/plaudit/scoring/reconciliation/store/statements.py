"""The statements that compare sums with the ledger and set rows anew: of `sums`, and of a tenant's own half-life.

Both tables hold the same of their half-lives, so both have the same statements, derived from the columns of each.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Table

from plaudit.common.contracts import REVIEWS
from plaudit.common.db.columns import Columns
from plaudit.common.db.subjects import is_within, is_within_one_range
from plaudit.scoring.half_lives.tables import ROW, tenant_sums
from plaudit.scoring.history.store import half_life_sums, kept_sums
from plaudit.scoring.reconciliation.domain import TOLERANCE
from plaudit.scoring.sums.domain.decay import COUNTS
from plaudit.scoring.sums.domain.kept import NEVER_US, KeptSums
from plaudit.scoring.sums.tables import sums

LIVE_GROUP: Final = "scoring-live"
HISTORY_GROUP: Final = "scoring-history"

_GROUPS = ("prefix", "source_id", "traits", "partition")
# Somebody has let live go on after a halt: until its next record, its position does not say what sums hold.
_IS_SET_BY_HAND = "(live.epoch = 0 AND live.sequence = 0 AND live.next_offset > 0)"
_DEPTH = "cardinality(string_to_array($2, '/'))"
_OF_PREFIXES = f"""
SELECT array_to_string(parts[1:depth], '/') COLLATE "C" AS prefix, source_id, traits, of_subject.partition,
    sign, rating, rated_at
FROM (
    SELECT ledger.* FROM ledger JOIN even USING (partition)
    WHERE tenant_id = $1 AND {is_within_one_range("subject", "$2")}
      AND (ledger.epoch, ledger.sequence) <= (even.epoch, even.sequence)
) AS of_subject, string_to_array(subject, '/') AS parts,
    generate_series({_DEPTH}, CASE WHEN $3 THEN {_DEPTH} ELSE cardinality(parts) END) AS depth
"""
_LATER = f"""
SELECT wanted.prefix, source_id, traits, sign, rating, rated_at
FROM (
    SELECT * FROM ledger WHERE partition = $2 AND epoch = $3 AND sequence > $4 AND sequence <= $5 AND tenant_id = $1
) AS later
JOIN (SELECT DISTINCT prefix FROM truth) AS wanted
    ON {is_within("later.subject", "wanted.prefix")}
"""


class Shape(NamedTuple):
    """A table of sums, and what its statements differ in."""

    table: Table
    block: str
    """The last column of its key."""
    numbers: tuple[str, ...]
    """The others but for its key."""
    weights: Mapping[str, str]
    """Number → what its rounding is judged beside, of the row `{truth}`."""
    summed: Callable[..., str]
    """Makes a statement that sums entries of the ledger by groups, as the table holds them."""
    of_half_life: str
    """The condition that rows are of the half-life $6; empty where the table holds no other."""
    is_live: str
    """The condition that live adds to a partition."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that name a row of one tenant, partition and half-life."""
        return ("prefix", "source_id", "traits", self.block)

    @property
    def fixed(self) -> Mapping[str, str]:
        """Column → parameter, of the key's other columns."""
        half_life = {"half_life_us": "$6"} if self.of_half_life else {}
        return {"tenant_id": "$1", "partition": "$2", **half_life}


def _weighed(name: str, weights: Sequence[str]) -> str:
    """Return what a number is judged beside: a star's weight beside that of all, any other beside itself."""
    if name in weights:
        return " + ".join(f"abs({{truth}}.{each})" for each in weights)
    return f"abs({{truth}}.{name})"


def _weights_of(prefix: str) -> list[str]:
    return [f"{prefix}w{star}" for star in range(1, 6)]


KEPT: Final = Shape(
    table=sums,
    block="block",
    numbers=KeptSums._fields,
    weights={
        name: _weighed(name, _weights_of("trust_" if name.startswith("trust_") else "recent_"))
        for name in KeptSums._fields
    },
    summed=kept_sums,
    of_half_life="",
    is_live="true",
)
OWN: Final = Shape(
    table=tenant_sums,
    block="landmark",
    numbers=ROW,
    weights={name: _weighed(name, _weights_of("")) for name in ROW},
    summed=lambda entries, *groups: half_life_sums(entries, *groups, half_life="$6::bigint"),
    of_half_life="AND half_life_us = $6",
    is_live="""EXISTS (
        SELECT FROM half_life_partitions AS each
        WHERE each.tenant_id = $1 AND each.half_life_us = $6 AND each.partition = live.partition AND each.is_live
    )""",
)


def _counts_differ(shape: Shape, held: str, truth: str) -> str:
    """Return the condition that more than rounding is wrong with what is held: counts, or a number that is none."""
    differ = [f"coalesce({held}.{name}, 0) <> coalesce({truth}.{name}, 0)" for name in COUNTS]
    differ.append(f"coalesce({held}.newest_us, {NEVER_US}) <> coalesce({truth}.newest_us, {NEVER_US})")
    differ += [f"coalesce({held}.{name} IN ('NaN', 'Infinity', '-Infinity'), false)" for name in _sums_of(shape)]
    return " OR ".join(differ)


def _rounding_shows(shape: Shape, held: str, truth: str) -> str:
    return " OR ".join(
        f"abs(coalesce({held}.{name}, 0) - coalesce({truth}.{name}, 0))"
        f" > {TOLERANCE} * coalesce({shape.weights[name].format(truth=truth)}, 0)"
        for name in _sums_of(shape)
    )


def _sums_of(shape: Shape) -> list[str]:
    return [name for name in shape.numbers if name not in {*COUNTS, "newest_us"}]


def comparison(shape: Shape) -> str:
    """Return the statement that compares a table with the ledger.

    It sees sums, ledger and both positions as of one instant: live commits a batch with its position, history too. So
    nothing is locked, and the ledger is summed exactly up to where live stands.

    $1 tenant, $2 subject, $3 whether it alone, $4 partitions that are left out, $5 most rows, $6 the half-life.
    """
    key = (*_GROUPS, shape.block)
    return f"""
WITH live AS (
    SELECT * FROM positions AS live
    WHERE consumer_group = '{LIVE_GROUP}' AND topic = '{REVIEWS.name}' AND {shape.is_live}
),
history AS (SELECT * FROM positions WHERE consumer_group = '{HISTORY_GROUP}' AND topic = '{REVIEWS.name}'),
even AS MATERIALIZED (
    SELECT live.partition, live.epoch, live.sequence FROM live JOIN history USING (partition)
    WHERE (history.epoch, history.sequence) >= (live.epoch, live.sequence) AND NOT live.partition = ANY($4::int[])
      AND NOT {_IS_SET_BY_HAND}
),
truth AS ({shape.summed(_OF_PREFIXES, *_GROUPS)}),
held AS (
    SELECT held.* FROM {shape.table.name} AS held JOIN even USING (partition)
    WHERE tenant_id = $1 {shape.of_half_life}
      AND CASE WHEN $3 THEN prefix = $2 ELSE {is_within_one_range("prefix", "$2")} END AND prefix >= $2
),
compared AS (
    SELECT {", ".join(f"coalesce(truth.{name}, held.{name}) AS {name}" for name in key)}, {
        ", ".join(
            f"coalesce(truth.{name}, {NEVER_US if name == 'newest_us' else 0}) AS {name}" for name in shape.numbers
        )
    },
        ({_counts_differ(shape, "held", "truth")}) AS counts_differ,
        ({_rounding_shows(shape, "held", "truth")}) AS rounding_shows
    FROM truth FULL JOIN held USING ({", ".join(key)})
)
SELECT compared.*, (SELECT count(*) FROM compared) AS rows, even.epoch, even.sequence,
    ARRAY(
        SELECT live.partition FROM live JOIN history USING (partition)
        WHERE (history.epoch, history.sequence) < (live.epoch, live.sequence)
    ) AS behind
FROM (SELECT 1) AS one
LEFT JOIN (SELECT * FROM compared WHERE counts_differ OR rounding_shows LIMIT $5) AS compared ON true
LEFT JOIN even USING (partition)
"""


def truths(shape: Shape) -> Columns:
    """Return the columns of rows that `summing_anew` is given."""
    return Columns(shape.table, without=({*shape.fixed, "id"} & set(shape.table.c.keys())))


def summing_anew(shape: Shape) -> str:
    """Return the statement that sets rows of one partition to what the ledger says; it returns the keys of those.

    A row that is right by now is left as it is: another comparison may have found it, too, and have come first.

    $1 tenant, $2 partition, $3 epoch and $4 sequence up to which they were summed, $5 where live stands, then the
    half-life if the table holds several, and the columns of `truths`.
    """
    given = truths(shape)
    numbers = ", ".join(
        f"greatest(truth.{name}, later.{name}) AS {name}"
        if name == "newest_us"
        else f"truth.{name} + coalesce(later.{name}, 0) AS {name}"
        for name in shape.numbers
    )
    listed = [*shape.fixed, *shape.keys, *shape.numbers]
    return f"""
WITH truth AS (
    SELECT * FROM {given.unnest(7 if shape.of_half_life else 6)} AS truth ({given.listed})
),
later AS ({shape.summed(_LATER, "prefix", "source_id", "traits")}),
anew AS (
    SELECT {", ".join(f"truth.{name}" for name in shape.keys)}, {numbers}
    FROM truth LEFT JOIN later USING ({", ".join(shape.keys)})
)
INSERT INTO {shape.table.name} AS held ({", ".join(listed)})
SELECT {", ".join(shape.fixed.get(name, f"anew.{name}") for name in listed)} FROM anew
ON CONFLICT ({", ".join(column.name for column in shape.table.primary_key)}) DO UPDATE
SET {", ".join(f"{name} = excluded.{name}" for name in shape.numbers)}
WHERE {_counts_differ(shape, "held", "excluded")} OR {_rounding_shows(shape, "held", "excluded")}
RETURNING {", ".join(f"held.{name}" for name in shape.keys)}
"""
