"""Merges against a model, merges at the same time, and what the job and an erasure do to a set."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from plaudit.common.db import Database, Role, lock
from plaudit.common.outbox import UnitOfWork
from plaudit.feedback_board.merges import commands
from plaudit.feedback_board.merges.domain import MergeNotPossibleError
from plaudit.feedback_board.requests import commands as requests
from plaudit.feedback_board.requests.commands import create, request_key
from plaudit.feedback_board.requests.domain.errors import InvalidInputError, MergedRequestError
from plaudit.feedback_board.requests.domain.request import Draft
from plaudit.feedback_board.requests.store import sets
from plaudit.feedback_board.votes import commands as votes

pytestmark = pytest.mark.postgres

REFUSALS = (InvalidInputError, MergedRequestError, MergeNotPossibleError)
TENANT = "default"


class Board:
    """The board's commands, each in a transaction of its own."""

    def __init__(self, resources: Any) -> None:
        self._resources = resources
        self._api: Database = resources.database(Role.API)

    async def run(self, command: Any, *arguments: Any) -> Any:
        async with self._api.transaction(TENANT) as tx:
            work = UnitOfWork(tx, self._resources.outbox, self._resources.ids)
            return await command(work, TENANT, *arguments, "test")

    async def make(self, title: str) -> UUID:
        async with self._api.transaction(TENANT) as tx:
            work = UnitOfWork(tx, self._resources.outbox, self._resources.ids)
            made: UUID = (await create(work, TENANT, Draft(title=title, text=""), "test")).request.id
            return made

    async def merge(self, request_id: UUID, into: UUID) -> Any:
        return await self.run(commands.merge, request_id, into, "The same.")

    async def rows(self) -> dict[UUID, Any]:
        async with self._api.transaction(TENANT) as tx:
            return {row["id"]: row for row in await tx.raw.fetch("SELECT * FROM requests")}


@pytest.fixture
def board(resources) -> Board:
    """The board's commands."""
    return Board(resources)


class Model:
    """An oracle: who voted where, and what was merged into what was the root then."""

    def __init__(self) -> None:
        self.people: dict[UUID, set[str]] = {}
        self.into: dict[UUID, UUID] = {}

    def root(self, request: UUID) -> UUID:
        while request in self.into:
            request = self.into[request]
        return request

    def set_of(self, root: UUID) -> list[UUID]:
        return [each for each in self.people if self.root(each) == root]

    def voters(self, root: UUID) -> set[str]:
        return set().union(*(self.people[each] for each in self.set_of(root)))

    def vote(self, request: UUID, person: str) -> None:
        if request not in self.into and person not in self.voters(request):
            self.people[request].add(person)

    def withdraw(self, request: UUID, person: str) -> None:
        if request not in self.into:
            for each in self.set_of(request):
                self.people[each].discard(person)

    def merge(self, request: UUID, into: UUID) -> None:
        if request not in self.into and self.root(into) != request:
            self.into[request] = self.root(into)

    def unmerge(self, request: UUID) -> None:
        self.into.pop(request, None)


@pytest.mark.parametrize("seed", range(3))
async def test_votes_and_reach_of_every_root_are_its_distinct_people_whatever_was_merged(board: Board, seed) -> None:
    drawn, model = random.Random(seed), Model()
    ids = [await board.make(f"Request {number}") for number in range(6)]
    model.people = {each: set() for each in ids}
    merges = 0
    for _ in range(60):
        one, other, person = drawn.choice(ids), drawn.choice(ids), f"native:{drawn.randrange(5)}"
        match drawn.randrange(8):
            case 0 | 1 | 2:
                model.vote(one, person)
                step = board.run(votes.vote, one, person)
            case 3:
                model.withdraw(one, person)
                step = board.run(votes.withdraw, one, person)
            case 4 | 5 | 6:
                model.merge(one, other)
                step = board.merge(one, other)
            case _:
                model.unmerge(one)
                step = board.run(commands.unmerge, one)
        with suppress(REFUSALS):
            await step
        merges = max(merges, len(model.into))
        for request_id, row in (await board.rows()).items():
            root = model.root(request_id)
            assert row["merged_into"] == (None if root == request_id else root)
            if root == request_id:
                assert (row["votes"], row["reach"]) == (len(model.voters(root)),) * 2
    assert merges > 2, "the steps made sets of several requests"


async def _at_once(*steps: Any) -> list[Any]:
    return await asyncio.gather(*steps, return_exceptions=True)


async def test_merges_in_a_ring_at_the_same_time_end_in_one_tree(board: Board) -> None:
    for turn in range(4):
        ring = [await board.make(f"Request {turn}") for _ in range(4)]
        for person, request_id in enumerate(ring):
            await board.run(votes.vote, request_id, f"native:{person}")
        ended = await _at_once(*(board.merge(one, ring[place - 1]) for place, one in enumerate(ring)))
        refused = [each for each in ended if isinstance(each, BaseException)]
        assert [type(each) for each in refused] == [MergeNotPossibleError], "the one that would close the ring"
        rows = await board.rows()
        (root,) = [each for each in ring if rows[each]["merged_into"] is None]
        assert {rows[each]["merged_into"] for each in ring if each != root} == {root}
        assert (rows[root]["votes"], rows[root]["reach"]) == (4, 4)


async def test_votes_while_their_requests_are_merged_and_taken_out_again_are_counted_once(board: Board) -> None:
    one, other = await board.make("One"), await board.make("Other")
    steps = [board.run(votes.vote, drawn, f"native:{n % 12}") for n in range(12) for drawn in (one, other)]
    steps[5:5] = [board.merge(one, other)]
    steps[15:15] = [board.run(commands.unmerge, one)]
    ended = await _at_once(*steps)
    assert {type(each) for each in ended if isinstance(each, BaseException)} <= {MergedRequestError}
    await board.merge(one, other)
    async with board._api.transaction(TENANT) as tx:
        people = await tx.raw.fetchval("SELECT count(DISTINCT person_key) FROM votes")
    row = (await board.rows())[other]
    assert (row["votes"], row["reach"]) == (people, people)
    await board.run(commands.unmerge, one)
    async with board._api.transaction(TENANT) as tx:
        counted = dict(await tx.raw.fetch("SELECT request_id, count(*) FROM votes GROUP BY 1"))
    assert {each: row["votes"] for each, row in (await board.rows()).items()} == {
        each: counted.get(each, 0) for each in (one, other)
    }


async def test_a_review_of_a_merged_request_that_is_removed_counts_no_more_at_the_root(
    api: httpx.AsyncClient, board: Board, reviews, recount
) -> None:
    merged, root = await board.make("Merged"), await board.make("Root")
    review = await reviews.published()
    await api.post(f"/v1/requests/{merged}/links", json={"review_id": str(review)})
    await board.merge(merged, root)
    assert (await board.rows())[root]["reach"] == 1
    await reviews.removed(review)
    assert await recount() == 1
    rows = await board.rows()
    assert (rows[root]["reach"], rows[root]["linked_reviews"], rows[merged]["reach"]) == (0, 0, 1)
    assert await recount() == 0


async def test_a_mark_whose_request_is_taken_out_while_the_job_reads_is_counted_where_it_then_belongs(
    api: httpx.AsyncClient, board: Board, resources, reviews, recount, monkeypatch: pytest.MonkeyPatch
) -> None:
    merged, root = await board.make("Merged"), await board.make("Root")
    review = await reviews.published()
    await api.post(f"/v1/requests/{merged}/links", json={"review_id": str(review)})
    await board.merge(merged, root)
    try_lock = requests.try_lock
    async with AsyncExitStack() as unmerging:
        tx = await unmerging.enter_async_context(resources.database(Role.API).transaction(TENANT))
        await commands.unmerge(UnitOfWork(tx, resources.outbox, resources.ids), TENANT, merged, "test")
        await reviews.removed(review)  # neither is seen by the count of the unmerge, nor sees the unmerge

        async def after_the_unmerge(*arguments: Any) -> Any:
            await unmerging.aclose()
            return await try_lock(*arguments)

        monkeypatch.setattr(requests, "try_lock", after_the_unmerge)
        assert await recount() == 0, "the mark is of a request that the job has not locked"
        assert await recount() == 1
    assert (await board.rows())[merged]["linked_reviews"] == 0


async def test_time_takes_votes_of_a_merged_request_out_of_the_reach_of_its_root(
    api: httpx.AsyncClient, board: Board, clock, recount
) -> None:
    merged, root = await board.make("Merged"), await board.make("Root")
    await board.run(votes.vote, merged, "native:anna")
    await board.merge(merged, root)
    await clock.move_to(timedelta(days=91))
    assert await recount() == 1, "the root alone: a merged request has nothing to count"
    rows = await board.rows()
    assert (rows[root]["votes"], rows[root]["reach"]) == (1, 0)
    assert await recount() == 0


async def test_an_erased_person_counts_no_more_at_the_root_of_what_they_voted_for(
    board: Board, resources, worker
) -> None:
    merged, root = await board.make("Merged"), await board.make("Root")
    for request_id in (merged, root):
        await board.run(votes.vote, request_id, "native:anna")
    await board.run(votes.vote, merged, "native:ben")
    await board.merge(merged, root)
    assert (await board.rows())[root]["votes"] == 2
    async with worker.transaction() as tx:
        work = UnitOfWork(tx, resources.outbox, resources.ids)
        assert await votes.erase(work, TENANT, "native:anna", tx.now, 20) == 2
    row = (await board.rows())[root]
    assert (row["votes"], row["reach"]) == (1, 1)
    async with worker.transaction() as tx:
        assert await tx.raw.fetchval("SELECT count(*) FROM votes WHERE person_key = 'native:anna'") == 0


async def test_an_erasure_leaves_a_vote_of_the_person_that_is_later_counted_once(
    board: Board, resources, worker, clock
) -> None:
    merged, root = await board.make("Merged"), await board.make("Root")
    await board.run(votes.vote, merged, "native:anna")
    async with worker.transaction() as tx:
        erased_at = tx.now
    await clock.move_to(timedelta(minutes=1))
    await board.run(votes.vote, root, "native:anna")
    await board.merge(merged, root)
    async with worker.transaction() as tx:
        work = UnitOfWork(tx, resources.outbox, resources.ids)
        assert await votes.erase(work, TENANT, "native:anna", erased_at, 20) == 1
    row = (await board.rows())[root]
    assert (row["votes"], row["reach"]) == (1, 1)


async def test_a_merge_waits_for_whoever_changes_a_request_of_either_set(board: Board, worker) -> None:
    merged, below, root = [await board.make(title) for title in ("Merged", "Below", "Root")]
    await board.merge(below, merged)
    for held in (merged, below, root):
        async with worker.transaction() as tx:
            await lock(tx, [request_key(TENANT, held)])
            waiting = asyncio.create_task(board.merge(merged, root))
            await asyncio.sleep(0.3)
            assert not waiting.done()
        await waiting
        await board.run(commands.unmerge, merged)
    async with worker.transaction() as tx:
        assert set(await sets.members(tx, TENANT, merged)) == {merged, below}


def _replayed(log: list[dict[str, Any]]) -> Iterator[tuple[str, str | None]]:
    """Fold the log into request → root, and know nothing of the board's code."""
    into: dict[str, str] = {}
    for entry in log:
        match entry["type"]:
            case "request_merged":
                into[entry["request_id"]] = entry["into"]
            case "request_unmerged":
                assert into.pop(entry["request_id"]) == entry["into"]
    for request_id in {entry["request_id"] for entry in log}:
        root = request_id
        while root in into:
            root = into[root]
        yield request_id, None if root == request_id else root


async def test_the_log_alone_gives_back_what_is_merged_into_what(board: Board, worker) -> None:
    drawn = random.Random(7)
    ids = [await board.make(f"Request {number}") for number in range(6)]
    kinds: dict[str, int] = defaultdict(int)
    for _ in range(50):
        one, other = drawn.sample(ids, 2)
        step = board.merge(one, other) if drawn.randrange(3) else board.run(commands.unmerge, one)
        try:
            await step
        except REFUSALS:
            continue
    async with worker.transaction() as tx:
        rows = await tx.raw.fetch("SELECT request_id::text, type, detail ->> 'into' AS into FROM activity ORDER BY id")
    log = [dict(row) for row in rows]
    for entry in log:
        kinds[entry["type"]] += 1
    assert min(kinds["request_merged"], kinds["request_unmerged"]) > 2
    stored = {str(each): row["merged_into"] for each, row in (await board.rows()).items()}
    assert dict(_replayed(log)) == {each: None if root is None else str(root) for each, root in stored.items()}
