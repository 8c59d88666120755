"""What stops a rebuild from the feed: it says why, what to do, and changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from plaudit.common.contracts import REVIEWS
from plaudit.common.failpoints import FailpointError
from plaudit.common.ids import uuid7
from plaudit.scoring.history.consumer import HISTORY
from plaudit.scoring.rebuilds.domain import RebuildStoppedError
from plaudit.scoring.refills.jobs.steps import discard, status
from plaudit_testing.refilled import Product
from plaudit_testing.review_events import pending_envelope, review_state

pytestmark = pytest.mark.postgres


async def set_aside(product: Product) -> None:
    """History has set a record aside."""
    await product.superuser.execute(
        """INSERT INTO scoring.dead_letters (id, consumer_group, topic, partition, record_offset, epoch, sequence,
        headers, value, order_keys, reason, error, tries)
        VALUES ($1, $2, $3, 0, 9, 1, 9, '[]', $4, '{}', 'failed', '', 5)""",
        uuid7(),
        HISTORY.group,
        REVIEWS.name,
        pending_envelope(None, review_state(5, "acme")),
    )


async def test_records_that_are_set_aside_stop_it_before_anything_begins(product: Product) -> None:
    await set_aside(product)
    with pytest.raises(
        RebuildStoppedError, match=r"1 record of reviews.v1 is set aside .* `plaudit dead-letters discard"
    ):
        await product.refill()

    assert await status(product.worker) is None  # nothing has begun
    await product.superuser.execute("UPDATE scoring.dead_letters SET state = 'discarded'")
    await product.refill()
    await product.superuser.execute("UPDATE scoring.dead_letters SET state = 'redriven'")
    await product.figures_are_right()


async def test_a_record_that_is_settled_meanwhile_stops_it_until_it_begins_anew(
    product: Product, armed: Callable[[str], None]
) -> None:
    armed("refill_page_before_commit=raise@2")
    with pytest.raises(FailpointError):
        await product.refill()
    await set_aside(product)
    with pytest.raises(RebuildStoppedError, match=r"1 record of reviews.v1 is set aside"):
        await product.refill()
    await product.superuser.execute("UPDATE scoring.dead_letters SET state = 'discarded'")
    await product.expire()
    with pytest.raises(RebuildStoppedError, match="was settled since this rebuild was begun"):
        await product.refill()

    await discard(product.owner)
    await product.refill()
    await product.superuser.execute("UPDATE scoring.dead_letters SET state = 'redriven'")
    await product.figures_are_right()


async def test_groups_that_are_behind_the_feed_are_waited_for(product: Product) -> None:
    await product.world.go_on(5)
    await product.told.publish()
    right = await product.ledger()

    with pytest.raises(RebuildStoppedError, match="has not come as far as the feed tells"):
        await product.refill()
    assert await product.ledger() == right

    await product.told.carry()
    right = await product.ledger()
    await product.expire()
    await product.refill()
    assert await product.ledger() == right


async def test_a_feed_of_another_epoch_is_refused(product: Product) -> None:
    await product.superuser.execute("UPDATE ingest.relay_cursor SET epoch = 2")

    with pytest.raises(RebuildStoppedError, match="numbers its events in epoch 2, and scoring reads epoch 1"):
        await product.refill()


@pytest.mark.parametrize(
    ("address", "said"),
    [("http://127.0.0.1:9", "cannot be read now: no connection can be made"), ("/nowhere", "404 in place of the feed")],
)
async def test_an_address_that_is_none_is_told_with_what_to_do(
    product: Product, feed_at: Any, address: str, said: str
) -> None:
    base = str(product.ingest.client.base_url)
    keys = {"default": await product.ingest.key("default", "reviews:read")}
    product.feed = feed_at(address if address.startswith("http") else base.rstrip("/") + address, keys)

    with pytest.raises(RebuildStoppedError, match=said):
        await product.refill()


async def test_a_key_that_may_not_read_reviews_is_told_with_what_to_do(product: Product, feed_at: Any) -> None:
    key = await product.ingest.key("default", "scores:read")
    product.feed = feed_at(str(product.ingest.client.base_url), {"default": key})

    with pytest.raises(RebuildStoppedError, match="plaudit keys create --tenant default"):
        await product.refill()
