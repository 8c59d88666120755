"""Dead letters: rows of the consuming group, written in the transaction that moves the position past their record.

*Invalid* records are set aside at once. A record that a handler keeps raising on is set aside after its tries
(*failed*). Later records that share one of its order keys are held back (*held*), so that none overtakes it.
"""

from collections.abc import Iterable, Sequence
from typing import Any, get_args

import msgspec
import structlog
from sqlalchemy import ARRAY, BigInteger, Column, Integer, LargeBinary, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.storable import storable
from plaudit.common.erasure import scrub_values
from plaudit.common.ids import uuid7
from plaudit.common.kafka.decoding import Letter, Reason
from plaudit.common.observability import metrics

log = structlog.get_logger()

MAX_ERROR_CHARS = 1_000
ERASED = "erased"
"""In place of the error of a record that tells of what was erased."""

dead_letters = Table(
    "dead_letters",
    MetaData(),
    Column("id", Uuid, primary_key=True),
    Column("consumer_group", Text),
    Column("topic", Text),
    Column("partition", Integer),
    Column("record_offset", BigInteger),
    Column("epoch", BigInteger),
    Column("sequence", BigInteger),
    Column("record_key", LargeBinary),
    Column("headers", JSONB),
    Column("value", LargeBinary),
    Column("order_keys", ARRAY(Text)),
    Column("reason", Text),
    Column("error", Text),
    Column("tries", Integer),
)
_LETTER = Columns(dead_letters)
_WRITE = f"INSERT INTO dead_letters ({_LETTER.listed}) VALUES ({_LETTER.values()})"
_BLOCKED = """
SELECT DISTINCT key FROM dead_letters, unnest(order_keys) AS key
WHERE state = 'open' AND consumer_group = $1 AND topic = $2 AND order_keys && $3::text[] AND key = ANY($3::text[])
"""


def count_none_yet(group: str, topic: str) -> None:
    """Show from the start that there are none: of a series that begins with its first letter nobody sees a rise."""
    for reason in get_args(Reason):
        metrics.DEAD_LETTERS.labels(group, topic, reason)


async def write(tx: Tx, group: str, topic: str, letters: Sequence[Letter]) -> None:
    """Write the letters, at least one; what was erased is not written."""
    values = await scrub_values(tx, [letter.raw.value for letter in letters])
    rows = [
        _row(group, topic, letter, value, is_scrubbed=is_scrubbed)
        for letter, (value, is_scrubbed) in zip(letters, values, strict=True)
    ]
    await tx.raw.executemany(_WRITE, rows)


async def blocked(tx: Tx, group: str, topic: str, order_keys: Iterable[str]) -> set[str]:
    """Return those of the keys that an open letter holds back. The keys must be locked."""
    by_stored = {storable(key): key for key in order_keys}
    rows = await tx.raw.fetch(_BLOCKED, group, topic, list(by_stored))
    return {by_stored[row["key"]] for row in rows}


def report(group: str, topic: str, letters: Iterable[Letter]) -> None:
    """Count and log committed letters. The error's text may quote the record, so it stays in the table."""
    for letter in letters:
        metrics.DEAD_LETTERS.labels(group, topic, letter.reason).inc()
        log.warning(
            "dead_letter",
            group=group,
            topic=topic,
            partition=letter.partition,
            offset=letter.raw.offset,
            sequence=letter.sequence,
            reason=letter.reason,
            tries=letter.tries,
        )


def _row(group: str, topic: str, letter: Letter, value: bytes | None, *, is_scrubbed: bool) -> tuple[Any, ...]:
    headers = [[storable(name), None if value is None else value.hex()] for name, value in letter.raw.headers]
    row = {
        "id": uuid7(),
        "consumer_group": group,
        "topic": topic,
        "partition": letter.partition,
        "record_offset": letter.raw.offset,
        "epoch": letter.epoch,
        "sequence": letter.sequence,
        # The key of a record may name a person, and an error may quote the record.
        "record_key": None if is_scrubbed else letter.raw.key,
        "headers": msgspec.json.encode(headers).decode(),
        "value": value,
        "order_keys": [storable(key) for key in letter.order_keys],
        "reason": letter.reason,
        "error": ERASED if is_scrubbed else storable(letter.error)[:MAX_ERROR_CHARS],
        "tries": letter.tries,
    }
    return tuple(row[name] for name in _LETTER.names)
