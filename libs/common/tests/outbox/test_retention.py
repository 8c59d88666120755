"""The lease, the cursor and the days of the outbox, on a real PostgreSQL."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from plaudit.common.db import Database
from plaudit.common.outbox import cursor as cursors
from plaudit.common.outbox.cursor import Cursor, SupersededError
from plaudit.common.outbox.lease import Lease, LeaseLostError
from plaudit.common.outbox.retention import RETENTION_DAYS, apply_retention
from plaudit.common.settings import Settings
from plaudit_testing.runtime import count_event, counting_topic, outbox_of, until

pytestmark = pytest.mark.postgres

TOPIC = counting_topic("count.v1")
FAR = Cursor(2**62, 0, 1, {}, {})
NOWHERE = Cursor(0, 0, 1, {}, {})


async def days_of(database: Database) -> set[str]:
    async with database.transaction() as tx:
        rows = await tx.raw.fetch(
            "SELECT right(inhrelid::regclass::text, 8) AS day FROM pg_inherits WHERE inhparent = 'outbox'::regclass"
        )
    return {row["day"] for row in rows if row["day"].isdigit()}


async def today(database: Database) -> date:
    async with database.transaction() as tx:
        found: date = await tx.raw.fetchval("SELECT (now() AT TIME ZONE 'UTC')::date")
    return found


async def make_day(database: Database, day: date) -> None:
    async with database.transaction() as tx:
        await tx.raw.execute("SELECT testing.outbox_make_day($1)", day)


async def drop_day(database: Database, day: date) -> None:
    async with database.transaction() as tx:
        await tx.raw.execute("SELECT testing.outbox_drop_day($1)", day)


async def write_one(database: Database, settings: Settings, day: date) -> None:
    async with database.transaction() as tx:
        await outbox_of(settings).append(tx, [count_event(TOPIC, "key", 1)])
    async with database.transaction() as tx:
        await tx.raw.execute("SET LOCAL ROLE plaudit_testing_owner")
        await tx.raw.execute("UPDATE outbox SET written_at = $1::date + interval '12 hours'", day)


async def test_today_and_tomorrow_are_made_ahead_and_a_second_time_changes_nothing(database: Database) -> None:
    now = await today(database)
    wanted = {f"{now:%Y%m%d}", f"{now + timedelta(days=1):%Y%m%d}"}
    await drop_day(database, now + timedelta(days=1))
    assert not wanted <= await days_of(database)
    await apply_retention(database, NOWHERE)
    made = await days_of(database)
    assert wanted <= made
    await apply_retention(database, NOWHERE)
    assert await days_of(database) == made


async def test_an_old_day_is_dropped_once_the_cursor_has_passed_all_of_it(
    database: Database, settings: Settings
) -> None:
    old = await today(database) - timedelta(days=RETENTION_DAYS + 1)
    await make_day(database, old)
    await write_one(database, settings, old)
    await apply_retention(database, NOWHERE)
    assert f"{old:%Y%m%d}" in await days_of(database)
    await apply_retention(database, FAR)
    assert f"{old:%Y%m%d}" not in await days_of(database)


async def test_a_published_day_is_kept_as_long_as_the_retention_says(database: Database) -> None:
    last = await today(database) - timedelta(days=RETENTION_DAYS)
    await make_day(database, last)
    await apply_retention(database, FAR)
    assert f"{last:%Y%m%d}" in await days_of(database)


async def test_the_lease_has_one_holder_and_goes_to_the_next_one_when_it_is_given_back_or_ends(
    database: Database,
) -> None:
    first, second = Lease(database, uuid4(), seconds=0.3), Lease(database, uuid4(), seconds=5)
    assert await first.acquire()
    assert not await second.acquire()
    with pytest.raises(LeaseLostError):
        second.check()
    assert await first.acquire(), "its holder may renew it"
    await first.release()
    assert await second.acquire()
    await second.release()
    assert await first.acquire()
    await until(second.acquire, "the lease has run out")
    assert not first.valid
    assert second.valid


async def test_only_one_relay_can_move_the_cursor_from_where_it_stands(database: Database) -> None:
    async with database.transaction() as tx:
        stored = await cursors.load(tx)
    moved = Cursor(stored.xid + 5, 9, stored.epoch, {}, {})
    await cursors.move(database, stored, moved)
    with pytest.raises(SupersededError):
        await cursors.move(database, stored, moved)
    with pytest.raises(SupersededError):
        await cursors.name_topics(database, stored, {})
    async with database.transaction() as tx:
        assert (await cursors.load(tx)).xid == moved.xid
