"""Feeds are read ahead of what is taken: pages side by side, in their order, of some tenants at a time."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest

from plaudit.scoring.history.domain import ERASED_TYPE, SortedReview
from plaudit.scoring.rebuilds.domain import RebuildStoppedError
from plaudit.scoring.refills.domain import (
    MAX_PAGES_AHEAD,
    MAX_TENANTS_AT_ONCE,
    FedChange,
    FedPage,
    Page,
    Position,
    Reading,
)
from plaudit.scoring.refills.jobs.feed import Feed
from plaudit.scoring.refills.jobs.reading import read_all
from plaudit.scoring.sums.domain.review import ReviewSource

NOW = datetime(2026, 2, 14, tzinfo=UTC)
POSITION = Position(1, {})
PAGES = 12


def review(rating: float, subject: str = "acme") -> SortedReview:
    return SortedReview(
        subject, "stars", rating, verified=True, origin="organic", rated_at=NOW, source=ReviewSource(str(UUID(int=1)))
    )


def change(number: int, *, rating: float = 4, erased: bool = False, kind: str = "review.created") -> FedChange:
    """That of a review by its number."""
    after = None if erased else review(rating)
    return FedChange(
        before=None,
        after=after,
        review_id=str(UUID(int=number)),
        revision=1,
        type=kind,
        known_at=NOW,
        partition=0,
        erased=erased,
    )


class Written(Feed):
    """A feed whose pages are told by a function of tenant and number, as long ones after as many as are ahead."""

    def __init__(self, items: Callable[[str, int], list[FedChange]], *, ahead: int = MAX_PAGES_AHEAD) -> None:
        super().__init__("http://nowhere.invalid", {})
        self._items, self._ahead = items, ahead
        self.asked: Counter[tuple[str, int]] = Counter()
        self.open: set[tuple[str, int]] = set()
        self.most_open: Counter[str] = Counter()
        self.most_tenants = 0

    async def answer(self, tenant_id: str, number: int) -> None:
        """Let others be asked for meanwhile."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def page(self, tenant_id: str, after: str | None) -> Page:
        number = 0 if after is None else int(after)
        self.asked[tenant_id, number] += 1
        self.open.add((tenant_id, number))
        open_of = Counter(tenant for tenant, _ in self.open)
        self.most_open |= open_of
        self.most_tenants = max(self.most_tenants, len(open_of))
        await self.answer(tenant_id, number)
        self.open.discard((tenant_id, number))
        following = [str(place) for place in range(number + 1, PAGES)]
        return Page(
            self._items(tenant_id, number),
            POSITION,
            following[0] if following else None,
            tuple(following[1 : 1 + self._ahead]),
        )


def taking() -> tuple[dict[str, list[FedPage]], Callable[[str, list[FedPage]], Awaitable[None]]]:
    """What was taken of each tenant, and what takes it."""
    taken: dict[str, list[FedPage]] = defaultdict(list)

    async def take(tenant_id: str, pages: list[FedPage]) -> None:
        taken[tenant_id] += pages

    return taken, take


def readings(*tenants: str, after: str | None = None) -> list[Reading]:
    return [Reading(tenant_id=tenant, after=after, is_read=False) for tenant in tenants]


@pytest.mark.parametrize("ahead", [0, 1, MAX_PAGES_AHEAD, MAX_PAGES_AHEAD + 5])
@pytest.mark.parametrize("after", [None, "5"])
async def test_pages_are_taken_in_their_order_whatever_is_asked_for_at_the_same_time(
    ahead: int, after: str | None
) -> None:
    feed = Written(lambda _, number: [change(number)], ahead=ahead)
    taken, take = taking()

    await read_all(feed, readings("default", after=after), take)

    first = int(after or 0)
    assert [int(page.after or 0) for page in taken["default"]] == list(range(first, PAGES))
    assert [[each.review_id for each in page.changes] for page in taken["default"]] == [
        [str(UUID(int=number))] for number in range(first, PAGES)
    ]
    assert set(feed.asked.values()) == {1}
    assert feed.most_open["default"] == 1 + min(ahead, MAX_PAGES_AHEAD)


async def test_of_many_tenants_some_are_read_at_a_time_and_all_in_the_end() -> None:
    tenants = [f"tenant-{number}" for number in range(3 * MAX_TENANTS_AT_ONCE)]
    feed = Written(lambda _, number: [change(number)])
    taken, take = taking()

    await read_all(feed, readings(*tenants), take)

    assert feed.most_tenants == MAX_TENANTS_AT_ONCE
    assert taken.keys() == set(tenants)
    for pages in taken.values():
        assert [int(page.after or 0) for page in pages] == list(range(PAGES))


async def test_pages_of_one_tenant_at_a_time_are_taken() -> None:
    feed, taking_now, most = Written(lambda _, number: [change(number)]), 0, 0

    async def take(_tenant_id: str, _pages: list[FedPage]) -> None:
        nonlocal taking_now, most
        taking_now += 1
        most = max(most, taking_now)
        await asyncio.sleep(0)
        taking_now -= 1

    await read_all(feed, readings("a", "b", "c"), take)
    assert most == 1


async def test_a_page_that_cannot_be_had_ends_the_reading_of_all_tenants() -> None:
    class Failing(Written):
        async def answer(self, tenant_id: str, number: int) -> None:
            await super().answer(tenant_id, number)
            if (tenant_id, number) == ("b", 7):
                raise RebuildStoppedError("it cannot be read now")

    feed = Failing(lambda _, number: [change(number)])
    taken, take = taking()
    running = asyncio.all_tasks()

    with pytest.raises(RebuildStoppedError, match="cannot be read now"):
        await read_all(feed, readings("a", "b", "c"), take)

    assert [int(page.after or 0) for page in taken["b"]] == list(range(7))
    assert asyncio.all_tasks() == running


async def test_what_cannot_be_taken_ends_all_and_no_page_is_asked_for_any_more() -> None:
    feed = Written(lambda _, number: [change(number)])
    running = asyncio.all_tasks()

    async def take(_tenant_id: str, _pages: list[FedPage]) -> None:
        raise RebuildStoppedError("another process makes the ledger anew")

    with pytest.raises(RebuildStoppedError, match="another process"):
        await read_all(feed, readings("a", "b"), take)

    assert asyncio.all_tasks() == running


@pytest.mark.parametrize("distance", range(1, 1 + MAX_PAGES_AHEAD))
async def test_a_review_that_was_erased_between_two_pages_that_were_read_the_other_way_round_does_not_come_back(
    distance: int,
) -> None:
    """The later page was answered first, when nothing was erased, and is taken after the earlier one."""

    late_is_read = asyncio.Event()

    class Crossed(Written):
        async def answer(self, tenant_id: str, number: int) -> None:
            if number == 3:
                await late_is_read.wait()
            if number == 3 + distance:
                late_is_read.set()

    def items(_tenant_id: str, number: int) -> list[FedChange]:
        if number == 3:
            return [change(77, erased=True), change(88, erased=True, kind=ERASED_TYPE), change(3)]
        return [change(77), change(88), change(number)] if number == 3 + distance else [change(number)]

    taken, take = taking()
    await read_all(Crossed(items), readings("default"), take)

    pages = taken["default"]
    assert [(each.review_id, each.is_told) for each in pages[3].erased] == [
        (str(UUID(int=77)), False),
        (str(UUID(int=88)), True),
    ]
    assert [[each.review_id for each in page.changes] for page in pages] == [
        [str(UUID(int=number))] for number in range(PAGES)
    ]


async def test_what_no_figure_can_be_made_of_is_counted_and_what_moves_none_is_read_alone() -> None:
    def items(_tenant_id: str, number: int) -> list[FedChange]:
        same = review(4)
        return [
            change(1, rating=9),
            FedChange(
                before=same, after=same, review_id=str(UUID(int=2)), revision=2, type="review.edited", known_at=NOW,
                partition=0, erased=False,
            ),
            change(3),
        ]  # fmt: skip

    taken, take = taking()
    await read_all(Written(items), readings("default"), take)

    [page, *_] = taken["default"]
    assert (page.revisions, page.refused, [each.review_id for each in page.changes]) == (3, 1, [str(UUID(int=3))])
