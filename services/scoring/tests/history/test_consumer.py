"""What each change of a review leaves in the ledger."""

from datetime import timedelta

import asyncpg
import msgspec
import pytest

from plaudit.common.db import Database
from plaudit.common.ids import uuid7
from plaudit.scoring.history.consumer import HISTORY
from plaudit_testing.review_events import PUBLISHED, RECORDED, RESOLUTION, pending_envelope, review_state

pytestmark = pytest.mark.postgres


async def ledger(worker: Database) -> list[tuple[int, int, str, float]]:
    """Sequence, sign, subject and rating of every entry."""
    async with worker.transaction() as tx:
        rows = await tx.raw.fetch("SELECT sequence, sign, subject, rating FROM ledger ORDER BY sequence, sign")
    return [tuple(row) for row in rows]


async def test_every_change_takes_away_what_was_and_adds_what_is(bus, worker: Database) -> None:
    created, edited, moved = review_state(1), review_state(4), review_state(4, "acme/hamburg")
    for before, after in [(None, created), (created, edited), (edited, moved), (moved, None), (None, moved)]:
        await bus.tell(before, after)

    assert await ledger(worker) == [
        (1, 1, "acme/berlin", 1),
        (2, -1, "acme/berlin", 1),
        (2, 1, "acme/berlin", 4),
        (3, -1, "acme/berlin", 4),
        (3, 1, "acme/hamburg", 4),
        (4, -1, "acme/hamburg", 4),
        (5, 1, "acme/hamburg", 4),
    ]


async def test_an_edit_of_the_text_alone_leaves_no_entry(bus, worker: Database) -> None:
    await bus.tell(review_state(3), review_state(3, text="Another text.", edited_at=PUBLISHED + timedelta(days=9)))

    assert await ledger(worker) == []


async def test_a_review_that_is_settled_leaves_no_entry(bus, worker: Database) -> None:
    await bus.tell(review_state(3), review_state(3, resolution=RESOLUTION))

    assert await ledger(worker) == []


async def test_an_entry_says_which_revision_and_when_it_was_known(bus, worker: Database) -> None:
    review_id = uuid7()
    await bus.tell(None, review_state(3), review_id=str(review_id), revision=6)

    async with worker.transaction() as tx:
        (row,) = await tx.raw.fetch("SELECT review_id, revision, known_at, rated_at FROM ledger")
    assert tuple(row) == (review_id, 6, RECORDED, PUBLISHED)


async def test_no_word_that_a_person_wrote_is_kept(bus, worker: Database) -> None:
    state = msgspec.structs.replace(review_state(3), text="Zanzibar", title="Zanzibar", person="native:zanzibar")
    await bus.tell(None, state)

    async with worker.transaction() as tx:
        assert await tx.raw.fetchval("SELECT count(*) FROM ledger AS l WHERE l::text ILIKE '%zanzibar%'") == 0
        assert await tx.raw.fetchval("SELECT count(*) FROM sums AS s WHERE s::text ILIKE '%zanzibar%'") == 0


async def test_a_record_that_comes_again_is_refused_by_its_key(bus, worker: Database) -> None:
    pending = pending_envelope(None, review_state(3))
    await bus.give(HISTORY, pending, sequence=1)

    with pytest.raises(asyncpg.UniqueViolationError):
        await bus.give(HISTORY, pending, sequence=1)

    assert len(await ledger(worker)) == 1
