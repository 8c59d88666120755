"""Dead letters: rows of the consuming group, written in the transaction that moves the position past their record.

*Invalid* records go there at once. A record that a handler keeps raising on is parked (*failed*), and later records
with one of its order keys with it (*held*), so that nothing of a key overtakes. A fuse stops the consumer when too
much goes there: a flood means that we are wrong, not the records.
"""

from collections.abc import Iterable, Sequence

import msgspec
import structlog

from plaudit.common.db import Tx
from plaudit.common.ids import uuid7
from plaudit.common.kafka.decode import Letter
from plaudit.common.observability import metrics

log = structlog.get_logger()

FUSE_WINDOW_SECONDS = 3_600
MAX_LETTERS_IN_WINDOW = 100
"""Invalid and failed ones of a group on a topic."""
MAX_HELD_IN_WINDOW = 5_000
MAX_ERROR_CHARS = 1_000

_WRITE = """
INSERT INTO dead_letters (id, consumer_group, topic, partition, record_offset, epoch, sequence, record_key, headers,
    value, order_keys, reason, error, tries)
SELECT id, $1, $2, partition, record_offset, epoch, sequence, record_key, headers::jsonb, value,
    ARRAY(SELECT jsonb_array_elements_text(order_keys::jsonb)), reason, error, tries
FROM unnest($3::uuid[], $4::int[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bytea[], $9::text[], $10::bytea[],
    $11::text[], $12::text[], $13::text[], $14::int[])
    AS letter (id, partition, record_offset, epoch, sequence, record_key, headers, value, order_keys, reason, error,
    tries)
"""
_COUNT = """
SELECT count(*) FILTER (WHERE reason <> 'held') AS letters, count(*) FILTER (WHERE reason = 'held') AS held
FROM dead_letters
WHERE consumer_group = $1 AND topic = $2 AND created_at > now() - make_interval(secs => $3)
"""
_BLOCKED = """
SELECT DISTINCT key FROM dead_letters, unnest(order_keys) AS key
WHERE state = 'open' AND consumer_group = $1 AND topic = $2 AND order_keys && $3::text[] AND key = ANY($3::text[])
"""


class FuseBlownError(Exception):
    """Too many records of a group went to its dead letters; the consumer stops until somebody has looked."""


async def write(tx: Tx, group: str, topic: str, letters: Sequence[Letter]) -> None:
    """Write the letters.

    Raises:
        FuseBlownError: with these the group has more in the window than it may.
    """
    await tx.raw.execute(
        _WRITE,
        group,
        topic,
        [uuid7() for _ in letters],
        [letter.raw.partition for letter in letters],
        [letter.raw.offset for letter in letters],
        [letter.epoch for letter in letters],
        [letter.sequence for letter in letters],
        [letter.raw.key for letter in letters],
        [_headers(letter) for letter in letters],
        [letter.raw.value for letter in letters],
        [msgspec.json.encode([_storable(key) for key in letter.order_keys]).decode() for letter in letters],
        [letter.reason for letter in letters],
        [_storable(letter.error)[:MAX_ERROR_CHARS] for letter in letters],
        [letter.tries for letter in letters],
    )
    row = await tx.raw.fetchrow(_COUNT, group, topic, FUSE_WINDOW_SECONDS)
    if row and (row["letters"] > MAX_LETTERS_IN_WINDOW or row["held"] > MAX_HELD_IN_WINDOW):
        raise FuseBlownError(
            f"{row['letters']} records were set aside and {row['held']} held back within "
            f"{FUSE_WINDOW_SECONDS // 60} minutes (at most {MAX_LETTERS_IN_WINDOW} and {MAX_HELD_IN_WINDOW}): "
            "look at the newest in dead_letters, mend what raises, and restart the consumer"
        )


async def blocked(tx: Tx, group: str, topic: str, order_keys: Iterable[str]) -> set[str]:
    """Return those of the keys that an open letter holds back. The keys must be locked."""
    by_stored = {_storable(key): key for key in order_keys}
    rows = await tx.raw.fetch(_BLOCKED, group, topic, list(by_stored))
    return {by_stored[row["key"]] for row in rows}


def told(group: str, topic: str, letters: Iterable[Letter]) -> None:
    """Count and log letters that were committed. The error's text may quote the record, so it stays in the table."""
    for letter in letters:
        metrics.DEAD_LETTERS.labels(group, topic, letter.reason).inc()
        log.warning(
            "dead_letter",
            group=group,
            topic=topic,
            partition=letter.raw.partition,
            offset=letter.raw.offset,
            sequence=letter.sequence,
            reason=letter.reason,
            tries=letter.tries,
        )


def _headers(letter: Letter) -> str:
    pairs = [[_storable(name), None if value is None else value.hex()] for name, value in letter.raw.headers]
    return msgspec.json.encode(pairs).decode()


def _storable(text: str) -> str:
    """Return the text without what PostgreSQL cannot store: NUL and lone surrogates."""
    return text.replace("\x00", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode()
