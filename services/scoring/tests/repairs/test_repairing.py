"""What insight and answers keep is made whole from the feed of a real ingest."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from plaudit.common.failpoints import FailpointError
from plaudit.scoring.rebuilds.domain import RebuildStoppedError
from plaudit.scoring.reconciliation.domain import Scope
from plaudit.scoring.reconciliation.jobs import derived
from plaudit.scoring.refills.jobs.feed import Feed
from plaudit.scoring.repairs.domain import FedPage
from plaudit.scoring.repairs.jobs import PagesOfFeed, discard, status
from plaudit_testing.repaired import TABLES, Product
from plaudit_testing.running_ingest import created

pytestmark = pytest.mark.postgres

POINTS = [
    ("repair_note_before_commit", 1),
    ("repair_note_before_commit", 3),
    ("repair_page_before_commit", 1),
    ("repair_page_before_commit", 4),
    ("repair_clear_before_commit", 1),
    ("repair_clear_before_commit", 2),
    ("repair_before_end", 1),
]
SEEN = "UPDATE scoring.insight_reviews SET {} WHERE subject IS NOT NULL"
DAMAGES = [
    *map(
        SEEN.format,
        (
            "polarity = 0 - sign(polarity + 0.5), day = day - 3",
            "subject = 'stranger', topics = 'delivery'",
            "words = 'Another text.', stems = 'other', surfaces = 'other'",
            "source_id = gen_random_uuid(), is_drastic = NOT is_drastic, ease = 2",
            "personas = NULL, stems = NULL",
            "subject = 'no subject at all/', source_id = NULL",
            "subject = NULL",
        ),
    ),
    "UPDATE scoring.answer_reviews SET life = '[]'",
    "UPDATE scoring.answer_reviews SET life = 'damaged'",
    "UPDATE scoring.answer_reviews SET life = replace(life, 'acme', 'stranger') WHERE life LIKE '%acme%'",
    "UPDATE scoring.answer_reviews SET life = regexp_replace(life, '^..1,[0-9]+', '[[1,5')",
    "UPDATE scoring.answer_reviews SET life = regexp_replace(life, '^..1,[0-9]+', '[[1,9223372036854775808')",
]
UNKNOWN = """
INSERT INTO scoring.answer_reviews SELECT tenant_id, gen_random_uuid(), life FROM scoring.answer_reviews LIMIT 5
"""


@dataclass
class Told:
    """Pages that a function tells."""

    tenants: list[str]
    tell: Callable[..., Awaitable[FedPage]]

    async def page(self, tenant_id: str, after: str | None) -> FedPage:
        return await self.tell(tenant_id, after)


async def test_what_both_groups_have_missed_is_kept_as_if_they_had_not(product: Product) -> None:
    await product.happens(30)
    await product.miss()
    await product.go_on(15)
    gapped = await product.held()

    done = await product.repair()

    repaired, right = await product.held(), await product.from_scratch()
    assert repaired == right
    assert all(gapped[table] != right[table] for table in TABLES)
    assert (done.tenants_done, done.tenants, done.gone, done.refused) == (1, 1, 0, 0)
    await product.is_over()


async def test_all_of_it_comes_back_where_nothing_is_left(product: Product) -> None:
    right = await product.held()
    await product.superuser.execute(f"TRUNCATE {', '.join(f'scoring.{table}' for table in TABLES)}")

    await product.repair()

    assert await product.held() == right


async def test_what_is_right_stays_as_it_is_and_nothing_counts_twice(product: Product) -> None:
    right = await product.held()
    assert (await product.repair()).damaged == 0
    assert (await product.repair()).damaged == 0
    assert await product.held() == right


async def compare_all(product: Product) -> None:
    """As a night does, which lets counts and places say what a damaged review says."""
    await derived.reconcile_places(product.worker, Scope())
    for root in ("acme", "globex", "stranger"):
        await derived.reconcile_days(product.worker, "default", root)


@pytest.mark.parametrize("is_after_a_night", [False, True])
@pytest.mark.parametrize("damage", DAMAGES)
async def test_reviews_that_are_kept_otherwise_than_the_feed_tells_them_are_replaced(
    product: Product, damage: str, is_after_a_night: bool
) -> None:
    right = await product.held()
    status = await product.superuser.execute(damage)
    if is_after_a_night:
        await compare_all(product)

    done = await product.repair()

    assert done.damaged >= int(status.split()[1]) > 0
    assert await product.held() == right
    await product.is_over()


async def test_newer_revisions_that_come_meanwhile_are_kept_by_whoever_is_first(product: Product) -> None:
    await product.happens(20)
    await product.miss()
    read = product.feed.page
    comes: list[int] = []

    async def while_reviews_come(*place: Any) -> FedPage:
        page = await read(*place)
        comes.append(len(comes))
        # Some pages are older than what has come by the bus when they are taken, and some of it is still to come.
        await (product.go_on(4) if len(comes) % 2 else product.happens(2))
        return page

    product.feed = Told(product.feed.tenants, while_reviews_come)
    await product.repair()
    await product.carry()

    repaired = await product.held()
    assert len(comes) > 5
    assert repaired == await product.from_scratch()


async def test_records_that_come_late_change_nothing_that_the_feed_has_told(product: Product) -> None:
    await product.happens(30)
    await product.told.publish()

    await product.repair()
    told = await product.held()
    await product.carry()

    assert await product.held() == told == await product.from_scratch()


@pytest.mark.parametrize(("point", "hit"), POINTS)
async def test_wherever_it_dies_another_process_goes_on_and_nothing_is_lost_or_doubled(
    product: Product, armed: Callable[[str], None], point: str, hit: int
) -> None:
    await product.happens(20)
    await product.miss()
    await product.superuser.execute(UNKNOWN)
    armed(f"{point}=raise@{hit}")
    with pytest.raises(FailpointError):
        await product.repair()
    found = await status(product.worker)
    assert found is not None
    assert found[1] is None
    await product.go_on(6)

    done = await product.repair()

    repaired = await product.held()
    assert done.gone == 5
    assert repaired == await product.from_scratch()
    await product.is_over()


async def test_reviews_that_ingest_does_not_know_are_taken_away_and_no_others(product: Product) -> None:
    await product.superuser.execute(
        "DELETE FROM ingest.revisions WHERE review_id IN "
        "(SELECT id FROM ingest.reviews WHERE external_id IN ('w-1', 'w-2'))"
    )
    gone = {
        row["id"] for row in await product.ingest.rows(
            "SELECT id FROM ingest.reviews WHERE external_id IN ('w-1', 'w-2')"
        )
    }  # fmt: skip
    before = await product.held()

    done = await product.repair()

    after = await product.held()
    assert done.gone == 2
    for table in ("insight_reviews", "insight_places", "answer_reviews", "answer_places"):
        assert after[table] == [row for row in before[table] if not gone & set(row)]
        assert after[table] != before[table]
    assert after["insight_days"] != before["insight_days"]


async def test_an_erasure_that_was_missed_takes_away_what_is_kept_and_nothing_brings_it_back(
    product: Product, erase: Callable[[str], Awaitable[None]]
) -> None:
    [row] = await product.ingest.rows("SELECT id FROM ingest.reviews WHERE external_id = 'w-1'")
    await erase("w-1")
    await product.miss()

    await product.repair()

    for table in ("insight_reviews", "insight_places"):
        assert not [kept for kept in (await product.held())[table] if row["id"] in kept]
    places = [kept for kept in (await product.held())["answer_places"] if row["id"] in kept]
    assert places
    assert all(until_us < 2**62 for _, _, _, _, _, until_us, *_ in places)
    await product.superuser.execute(
        "UPDATE scoring.positions SET next_offset = 0, epoch = 0, sequence = 0 WHERE consumer_group = 'scoring-insight'"
    )
    await product.carry()
    assert not [kept for kept in (await product.held())["insight_reviews"] if row["id"] in kept]


async def test_what_is_erased_between_a_page_and_its_taking_does_not_come_back(
    product: Product, erase: Callable[[str], Awaitable[None]]
) -> None:
    [row] = await product.ingest.rows("SELECT id FROM ingest.reviews WHERE external_id = 'w-1'")
    await product.superuser.execute("DELETE FROM scoring.insight_reviews WHERE review_id = $1", row["id"])
    read = product.feed.page
    erased: list[FedPage] = []

    async def erased_once_it_is_read(*place: Any) -> FedPage:
        page = await read(*place)
        if row["id"] in page.review_ids and not erased:
            erased.append(page)
            await erase("w-1")
            await product.carry()
        return page

    product.feed = Told(product.feed.tenants, erased_once_it_is_read)
    await product.repair()

    assert erased
    assert not [kept for kept in (await product.held())["insight_reviews"] if row["id"] in kept]


async def test_other_tenants_stay_as_they_are(product: Product) -> None:
    other = await product.ingest.source("other")
    await product.ingest.post(other, [created("a", 1, text="The delivery was late."), created("b", 5)])
    await product.carry()
    before = await product.held("other")
    await product.ingest.post(other, created("c", 1))
    await product.happens(10)
    await product.miss()

    await product.repair()

    assert await product.held("other") == before
    assert len(before["insight_reviews"]) == len(before["answer_reviews"]) == 2
    assert await product.held() == await product.from_scratch()


async def test_a_feed_that_is_behind_both_groups_is_not_read(product: Product) -> None:
    before = await product.held()
    await product.superuser.execute("UPDATE scoring.positions SET sequence = sequence + 1000")
    with pytest.raises(RebuildStoppedError, match="does not tell of all that scoring-insight and scoring-answers have"):
        await product.repair()
    await product.superuser.execute("UPDATE scoring.positions SET epoch = 2")
    with pytest.raises(RebuildStoppedError, match="numbers its events in epoch 1, and scoring reads epoch 2"):
        await product.repair()
    assert await product.held() == before


async def test_two_at_once_are_refused_until_the_first_has_ended(
    product: Product, feed_of: Callable[..., Awaitable[Feed]]
) -> None:
    read, refused = product.feed.page, []
    another = Product(**{**vars(product), "feed": PagesOfFeed(await feed_of())})

    async def another_operator_begins(*place: Any) -> FedPage:
        for attempt in (another.repair(), discard(product.owner)):
            with pytest.raises(RebuildStoppedError) as raised:
                await attempt
            refused.append(str(raised.value)[:25])
        return await read(*place)

    product.feed = Told(product.feed.tenants, another_operator_begins)
    await product.repair()

    assert set(refused) == {"another process repairs, "}
    assert not await discard(product.owner)


async def test_one_that_was_discarded_begins_anew_for_whom_it_is_told(
    product: Product, feed_of: Callable[..., Awaitable[Feed]], armed: Callable[[str], None]
) -> None:
    armed("repair_page_before_commit=raise@3")
    with pytest.raises(FailpointError):
        await product.repair()
    default, product.feed = product.feed, PagesOfFeed(await feed_of("default", "other"))
    with pytest.raises(RebuildStoppedError, match="begun for default: name keys of the same tenants"):
        await product.repair()

    assert await discard(product.owner)
    await product.is_over()
    assert (await product.repair()).tenants == 2
    product.feed = default
    right = await product.held()
    assert right == await product.from_scratch()
