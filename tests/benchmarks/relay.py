"""The relay: an outbox full of events, drained into Kafka by the real relay process of ingest on one core."""

import asyncio
from itertools import islice

from benchmarks import cores, servers, topic
from benchmarks.cpu import Meter
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.progress import Drained, tell, watch
from benchmarks.report import Report
from benchmarks.reviews import Shape, outgoing
from benchmarks.servers import PARTITIONS, Product, Servers
from plaudit.common.contracts.topics import REVIEWS
from plaudit.common.db import Database, Role
from plaudit.common.ids import uuid7
from plaudit.common.outbox import Outbox

EVENTS = 400_000
SHAPE = Shape("outbox", subjects=50_000, exponent=0.9, depth=1, sources=4)
ROWS_PER_TRANSACTION = 2_000

_PUBLISHED = """
SELECT coalesce(sum(number::bigint), 0)::bigint FROM ingest.relay_cursor, jsonb_each_text(numbers) AS n (place, number)
"""


def run(report: Report, options: Options) -> None:
    """Fill an outbox, drain it, read the topic back."""
    events = options.scaled(EVENTS)
    with servers.running() as backing:
        asyncio.run(backing.prepare("ingest"))
        describe(report, backing)
        report.note(f"writing {events:,} events to the outbox")
        average_bytes = asyncio.run(_fill(backing, events))
        report.heading("relay")
        report.text(
            f"{events:,} events of {average_bytes:,} bytes in the outbox, {PARTITIONS} partitions; read, numbered, "
            "published with acks=all and LZ4, cursor moved after each chunk"
        )
        with servers.product(backing, "plaudit.ingest.main", "relay", profile=options.profile) as relay:
            drained = _drain(backing, relay, events)
        report.profile(relay.profile)
        tell(report, drained)
        report.note("reading the topic back")
        content = asyncio.run(topic.read(backing, REVIEWS.name))
    report.check("records in Kafka", content.records, events)
    report.check("distinct events among them", len(content.ids), events)
    report.check("gaps or repeats in a partition's sequence", content.breaks, 0)


async def _fill(backing: Servers, events: int) -> int:
    database = Database(backing.settings, "ingest", Role.WORKER, pool_size=2)
    outbox = Outbox("ingest", PARTITIONS, uuid7)
    made = outgoing(SHAPE, events)
    try:
        while group := list(islice(made, ROWS_PER_TRANSACTION)):
            async with database.transaction() as tx:
                await outbox.append(tx, group)
        async with database.transaction() as tx:
            return int(await tx.raw.fetchval("SELECT avg(octet_length(envelope)) FROM outbox"))
    finally:
        await database.close()


def _drain(backing: Servers, relay: Product, events: int) -> Drained:
    meter = Meter({"relay": relay.cpu_seconds, **backing.readers()}, frozenset({"relay"}), cores.tested())
    return asyncio.run(watch(backing.database_url, _PUBLISHED, events, meter, lambda: relay.process.running))
