"""What several operators do to one rebuild from the feed, or to it and a rebuild of sums."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from plaudit.common.failpoints import FailpointError
from plaudit.scoring.rebuilds.domain import RebuildStoppedError
from plaudit.scoring.rebuilds.jobs import rebuild
from plaudit.scoring.refills.jobs.steps import discard, status
from plaudit_testing.refilled import DAMAGES, TABLES, Product

pytestmark = pytest.mark.postgres


async def test_two_at_once_are_refused_and_the_first_one_goes_on(
    product: Product, beside_pages: Callable[..., None], feed_of: Any
) -> None:
    refused: list[str] = []
    another = replace(product, feed=await feed_of())

    async def another_process_begins(after: str | None) -> None:
        if after is not None and not refused:
            with pytest.raises(RebuildStoppedError) as raised:
                await another.refill()
            refused.append(str(raised.value))

    beside_pages(before=another_process_begins)
    right = await product.ledger()
    await product.refill()

    # Whether it holds the lock of its step just then, or its lease alone.
    assert [each.startswith("another process makes") and "the ledger anew" in each for each in refused] == [True]
    assert await product.ledger() == right


async def test_what_another_process_works_on_cannot_be_discarded_until_it_has_ended(
    product: Product, beside_pages: Callable[..., None]
) -> None:
    refused: list[str] = []

    async def another_operator_wants_to_end_it(after: str | None) -> None:
        found = await status(product.worker)
        assert found is not None
        assert found[1] is not None
        assert 0 <= found[1] < 60
        with pytest.raises(RebuildStoppedError) as raised:
            await discard(product.owner)
        refused.append(str(raised.value))
        if after is not None:
            raise RebuildStoppedError("it is stopped")

    beside_pages(before=another_operator_wants_to_end_it)
    with pytest.raises(RebuildStoppedError, match="it is stopped"):
        await product.refill()

    assert {each[:62] for each in refused} == {"another process makes the ledger anew, or did a minute ago: st"}
    found = await status(product.worker)
    assert found is not None
    assert found[1] is None
    assert await discard(product.owner)
    assert await status(product.worker) is None


async def test_one_that_was_discarded_while_it_stood_still_says_so(
    product: Product, beside_pages: Callable[..., None]
) -> None:
    async def a_minute_goes_by_and_somebody_discards_it(after: str | None) -> None:
        while after is not None:
            await product.expire()
            try:
                await discard(product.owner)
            except RebuildStoppedError:  # it takes a step just now
                continue
            break

    beside_pages(before=a_minute_goes_by_and_somebody_discards_it)
    right = await product.ledger()

    with pytest.raises(RebuildStoppedError, match=r"was discarded|another process makes the ledger anew"):
        await product.refill()
    assert await product.ledger() == right


async def test_a_rebuild_of_sums_does_not_mix_with_it_until_it_is_discarded(
    product: Product, beside_pages: Callable[..., None]
) -> None:
    await product.superuser.execute(DAMAGES["all is gone"])

    async def somebody_stops_it(after: str | None) -> None:
        if after is not None:
            raise RebuildStoppedError("it is stopped")

    beside_pages(before=somebody_stops_it)
    with pytest.raises(RebuildStoppedError, match="it is stopped"):
        await product.refill()
    with pytest.raises(RebuildStoppedError, match="--from-feed, or --discard"):
        await rebuild(product.worker, product.owner, lambda _: None)

    assert await discard(product.owner)
    assert not await discard(product.owner)
    assert await product.ledger() == []
    for table in TABLES:
        assert await product.superuser.fetchval(f"SELECT count(*) FROM scoring.{table}") == 0


async def test_it_is_refused_for_others_than_it_was_begun_for(
    product: Product, feed_of: Any, armed: Callable[[str], None]
) -> None:
    armed("refill_page_before_commit=raise@2")
    with pytest.raises(FailpointError):
        await product.refill()
    await product.expire()
    product.feed = await feed_of("default", "other")

    with pytest.raises(RebuildStoppedError, match="begun for default: name keys of the same tenants"):
        await product.refill()
