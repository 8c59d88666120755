"""What people write: a consumer with SQLAlchemy's ORM and one transaction an event, which moves the position too.

So each event counts exactly once, however often it comes.
"""

import asyncio
import json
import os

from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import Double, MetaData, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from benchmarks.peers.decayed import BOOTSTRAP, PARTITIONS, TOPIC, Progress, added, rows_of
from plaudit.common.db.database import sqlalchemy_url


class Base(DeclarativeBase):
    """The tables."""

    metadata = MetaData(schema="per_event")


class Row(Base):
    """Sums of a prefix, a source and a block."""

    __tablename__ = "rows"
    key: Mapped[str] = mapped_column(primary_key=True)
    numbers: Mapped[list[float]] = mapped_column(ARRAY(Double))


class Position(Base):
    """The offset that a partition goes on from."""

    __tablename__ = "positions"
    partition: Mapped[int] = mapped_column(primary_key=True)
    next_offset: Mapped[int]


async def main() -> None:
    """Count all events."""
    engine = create_async_engine(sqlalchemy_url(os.environ["PLAUDIT_DATABASE_URL"]))
    async with engine.begin() as connection:
        await connection.execute(text("CREATE SCHEMA IF NOT EXISTS per_event"))
        await connection.run_sync(Base.metadata.create_all)
    sessions, progress = async_sessionmaker(engine, expire_on_commit=False), Progress()
    consumer = AIOKafkaConsumer(bootstrap_servers=BOOTSTRAP, enable_auto_commit=False)
    await consumer.start()
    consumer.assign([TopicPartition(TOPIC, partition) for partition in range(PARTITIONS)])
    await consumer.seek_to_beginning()
    is_last = False
    while not is_last:
        record = await consumer.getone()
        async with sessions() as session, session.begin():
            position = await session.get(Position, record.partition, with_for_update=True)
            if position is None:
                position = Position(partition=record.partition, next_offset=0)
                session.add(position)
            if record.offset < position.next_offset:
                continue
            position.next_offset = record.offset + 1
            for key, is_top, sign, review in rows_of(json.loads(record.value)["data"]):
                row = await session.get(Row, key, with_for_update=True)
                if row is None:
                    row = Row(key=key, numbers=None)
                    session.add(row)
                row.numbers = added(row.numbers, sign, review)
                if is_top:
                    progress.hold(key, row.numbers)
        is_last = progress.one_more()
    await consumer.stop()
    await engine.dispose()
    progress.end()


if __name__ == "__main__":
    asyncio.run(main())
