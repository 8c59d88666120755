"""What each change of a review does to the sums."""

from datetime import timedelta

import msgspec
import pytest

from plaudit.common.contracts import Kind, ReviewState
from plaudit.common.db import Database
from plaudit.common.kafka.subscription import InvalidRecordError, StaleMemoryError
from plaudit.scoring.live.consumer import LIVE, CountChanges
from plaudit.scoring.profiles.domain import TRUST
from plaudit.scoring.scores.store import sums_of
from plaudit.scoring.sums.domain.parts import merge_for, parts_for
from plaudit_testing.review_events import PUBLISHED, RESOLUTION, pending_envelope, record_of, review_state

pytestmark = pytest.mark.postgres


async def counts(worker: Database, tenant_id: str = "default") -> dict[str, tuple[int, ...]]:
    """Reviews by star of each prefix that has any."""
    async with worker.transaction() as tx:
        prefixes = [row["prefix"] for row in await tx.raw.fetch("SELECT DISTINCT prefix FROM sums")]
        found = await sums_of(tx, tenant_id, prefixes)
    merged = {prefix: merge_for(TRUST, parts_for(parts, None)).sums.counts for prefix, parts in found.items()}
    return {prefix: stars for prefix, stars in merged.items() if any(stars)}


async def rows(worker: Database) -> list[tuple[object, ...]]:
    async with worker.transaction() as tx:
        return [tuple(row) for row in await tx.raw.fetch("SELECT * FROM sums ORDER BY prefix, traits, block")]


async def test_a_new_review_counts_for_every_prefix_of_its_subject(bus, worker: Database) -> None:
    await bus.tell(None, review_state(4, "acme/berlin/shop-3"))

    assert await counts(worker) == dict.fromkeys(("acme", "acme/berlin", "acme/berlin/shop-3"), (0, 0, 0, 1, 0))


async def test_an_edited_rating_counts_instead_of_the_old_one(bus, worker: Database) -> None:
    old = review_state(1)
    await bus.tell(None, old)
    await bus.tell(old, msgspec.structs.replace(old, rating=4.0, rated_at=PUBLISHED + timedelta(days=1)))

    assert await counts(worker) == dict.fromkeys(("acme", "acme/berlin"), (0, 0, 0, 1, 0))


async def test_a_moved_review_counts_where_it_is_now(bus, worker: Database) -> None:
    await bus.tell(None, review_state(5, "acme/berlin"))
    await bus.tell(review_state(5, "acme/berlin"), review_state(5, "acme/hamburg"))

    assert await counts(worker) == dict.fromkeys(("acme", "acme/hamburg"), (0, 0, 0, 0, 1))


async def test_a_removed_review_counts_no_more_and_a_restored_one_again(bus, worker: Database) -> None:
    await bus.tell(None, review_state(5))
    before = await rows(worker)
    await bus.tell(review_state(5), None)
    assert await counts(worker) == {}

    await bus.tell(None, review_state(5))

    assert await rows(worker) == before


@pytest.mark.parametrize(
    "changed",
    [
        {"text": "Another text.", "edited_at": PUBLISHED + timedelta(days=9)},
        {"title": None},
        {"tags": ("delivery",)},
        {"resolution": RESOLUTION},
    ],
    ids=lambda changed: next(iter(changed)),
)
async def test_an_edit_that_leaves_the_rating_leaves_the_figures(bus, worker: Database, changed) -> None:
    old = review_state(3)
    await bus.tell(None, old)
    before = await rows(worker)

    await bus.tell(old, msgspec.structs.replace(old, **changed))

    assert await rows(worker) == before


@pytest.mark.parametrize("kind", [Kind.NPS, Kind.CSAT, Kind.CES])
async def test_other_kinds_are_never_mixed_into_stars(bus, worker: Database, kind: Kind) -> None:
    await bus.tell(None, review_state(5, kind=kind))
    await bus.tell(None, review_state(1))

    assert await counts(worker) == dict.fromkeys(("acme", "acme/berlin"), (1, 0, 0, 0, 0))
    assert len(await rows(worker)) == 4


async def test_partitions_may_tell_of_a_prefix_in_any_order(bus, worker: Database) -> None:
    moved = review_state(5, "acme/berlin")
    await bus.tell(moved, None, partition=1)
    await bus.tell(None, moved, partition=0)
    await bus.tell(None, review_state(2, "acme/berlin"), partition=1)

    assert await counts(worker) == dict.fromkeys(("acme", "acme/berlin"), (0, 1, 0, 0, 0))


async def test_tenants_are_counted_apart(bus, worker: Database) -> None:
    await bus.tell(None, review_state(5, "acme"), tenant_id="default")
    await bus.tell(None, review_state(1, "acme"), tenant_id="other")

    assert await counts(worker) == {"acme": (0, 0, 0, 0, 1)}
    assert await counts(worker, "other") == {"acme": (1, 0, 0, 0, 0)}


@pytest.mark.parametrize(
    ("state", "reason"),
    [(review_state(7), "off the scale; send a number from 1 to 5"), (review_state(5, "Acme"), "a subject is a path")],
    ids=["rating", "subject"],
)
async def test_a_review_that_cannot_be_scored_is_an_invalid_record_and_leaves_the_sums(
    bus, worker: Database, state: ReviewState, reason: str
) -> None:
    with pytest.raises(InvalidRecordError, match=reason):
        await bus.give(LIVE, pending_envelope(None, state), sequence=1)

    assert await rows(worker) == []


async def give(worker: Database, handle: CountChanges, *states: ReviewState) -> None:
    """One batch of new reviews."""
    records = [record_of(LIVE, pending_envelope(None, state), number) for number, state in enumerate(states, 1)]
    async with worker.transaction() as tx:
        await handle(tx, records)


async def test_known_rows_are_counted_by_their_ids_and_no_row_is_made_twice(worker: Database) -> None:
    handle = CountChanges()
    await give(worker, handle, review_state(4))
    await give(worker, handle, review_state(4), review_state(2), review_state(1, "acme/hamburg"))

    assert await counts(worker) == {
        "acme": (1, 1, 0, 2, 0),
        "acme/berlin": (0, 1, 0, 2, 0),
        "acme/hamburg": (1, 0, 0, 0, 0),
    }
    assert len(await rows(worker)) == 3


@pytest.mark.parametrize("ratings", [(5,), (5, 1)], ids=["one star", "several stars"])
async def test_when_a_known_row_is_not_there_nothing_is_counted_and_a_new_handler_counts_it_once(
    worker: Database, superuser, ratings: tuple[float, ...]
) -> None:
    handle = CountChanges()
    await give(worker, handle, review_state(3))
    await superuser.execute("DELETE FROM scoring.sums WHERE prefix = 'acme/berlin'")
    before = await rows(worker)

    with pytest.raises(StaleMemoryError, match="rows of sums that were known"):
        await give(worker, handle, *map(review_state, ratings))
    assert await rows(worker) == before

    await give(worker, CountChanges(), *map(review_state, ratings))
    assert sum((await counts(worker))["acme/berlin"]) == len(ratings)


@pytest.mark.parametrize("emptied", ["TRUNCATE scoring.sums RESTART IDENTITY", "VACUUM FULL scoring.sums"])
async def test_ids_are_not_taken_for_those_of_rows_in_another_table(worker: Database, superuser, emptied: str) -> None:
    one, other = CountChanges(), CountChanges()
    await give(worker, one, review_state(5, "acme"))
    await give(worker, other, review_state(1, "globex"))
    await superuser.execute(emptied)
    kept = await counts(worker)

    for handle, subject in ((other, "globex"), (one, "acme")):
        with pytest.raises(StaleMemoryError):
            await give(worker, handle, review_state(3, subject))
        with pytest.raises(StaleMemoryError, match="another table"):
            await give(worker, handle, review_state(3, f"{subject}-2"))
        await give(worker, CountChanges(), review_state(3, subject))

    wanted = {subject: kept.get(subject, (0, 0, 0, 0, 0)) for subject in ("acme", "globex")}
    assert await counts(worker) == {
        subject: (*stars[:2], stars[2] + 1, *stars[3:]) for subject, stars in wanted.items()
    }


async def marked(worker: Database) -> list[set[str]]:
    """The prefixes of the rows of each mark."""
    async with worker.transaction() as tx:
        marks = await tx.raw.fetch("SELECT row_ids FROM marks ORDER BY id")
        prefixes = {row["id"]: row["prefix"] for row in await tx.raw.fetch("SELECT id, prefix FROM sums")}
    return [{prefixes[row_id] for row_id in mark["row_ids"]} for mark in marks]


async def test_each_batch_marks_the_rows_that_it_has_changed_however_they_were_found(bus, worker: Database) -> None:
    handle = CountChanges()
    await give(worker, handle, review_state(4))
    await give(worker, handle, review_state(4), review_state(1), review_state(5, "acme/hamburg"))
    await give(worker, handle, review_state(4))
    await bus.tell(review_state(4), review_state(4, "acme/hamburg"))
    await bus.tell(review_state(4), review_state(4, text="Other words."))

    assert await marked(worker) == [
        {"acme", "acme/berlin"},
        {"acme", "acme/berlin", "acme/hamburg"},
        {"acme", "acme/berlin"},
        {"acme/berlin", "acme/hamburg"},
    ]


async def test_a_batch_that_is_rolled_back_marks_nothing(worker: Database, superuser) -> None:
    handle = CountChanges()
    await give(worker, handle, review_state(4))
    await superuser.execute("DELETE FROM scoring.sums WHERE prefix = 'acme/berlin'; DELETE FROM scoring.marks")
    with pytest.raises(StaleMemoryError):
        await give(worker, handle, review_state(4))

    assert await marked(worker) == []
