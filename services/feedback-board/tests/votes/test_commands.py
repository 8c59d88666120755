"""Votes that are cast at the same time."""

import asyncio
from collections.abc import Awaitable
from typing import Any
from uuid import UUID

import httpx
import pytest

from plaudit.common.db import Role
from plaudit.feedback_board.votes import store
from plaudit.feedback_board.votes.domain import Vote

pytestmark = pytest.mark.postgres


async def _at_once(*requests: Awaitable[httpx.Response]) -> list[httpx.Response]:
    return list(await asyncio.gather(*requests))


async def test_votes_of_one_person_at_the_same_time_count_once(
    api: httpx.AsyncClient, request_path: str, outbox
) -> None:
    answers = await _at_once(*(api.post(f"{request_path}/votes", json={"person": "native:anna"}) for _ in range(16)))
    assert sorted(answer.status_code for answer in answers) == [200] * 15 + [201]
    request = (await api.get(request_path)).json()
    assert (request["votes"], request["reach"]) == (1, 1)
    assert (await outbox.types()).count("request.voted") == 1


async def test_votes_of_many_people_at_the_same_time_all_count(
    api: httpx.AsyncClient, request_path: str, outbox
) -> None:
    answers = await _at_once(*(api.post(f"{request_path}/votes", json={"person": f"native:{n}"}) for n in range(24)))
    assert {answer.status_code for answer in answers} == {201}
    request = (await api.get(request_path)).json()
    assert (request["votes"], request["reach"]) == (24, 24)
    told = [event["data"]["request"]["votes"] for event in await outbox.events() if event["type"] == "request.voted"]
    assert told == list(range(1, 25)), "notices of one request come in the order of what they tell"


async def test_votes_and_their_withdrawals_leave_what_the_rows_say(
    api: httpx.AsyncClient, request_path: str, worker
) -> None:
    def turn(number: int) -> Any:
        method = "DELETE" if number % 3 == 2 else "POST"
        return api.request(method, f"{request_path}/votes", json={"person": f"native:{number % 5}"})

    await _at_once(*(turn(number) for number in range(45)))
    async with worker.transaction() as tx:
        rows = await tx.raw.fetchval("SELECT count(*) FROM votes")
    request = (await api.get(request_path)).json()
    assert (request["votes"], request["reach"]) == (rows, rows)


async def test_one_statement_counts_a_person_once_even_without_the_order_lock(
    resources, api: httpx.AsyncClient, request_path: str
) -> None:
    request_id = UUID(request_path.rpartition("/")[2])
    database = resources.database(Role.API)

    async def vote() -> int:
        async with database.transaction("default") as tx:
            vote = Vote(tenant_id="default", request_id=request_id, person_key="native:anna", voted_at=tx.now)
            return len(await store.add(tx, [vote]))

    counted = await asyncio.gather(*(vote() for _ in range(8)))
    assert sorted(counted) == [0] * 7 + [1]
    assert (await api.get(request_path)).json()["votes"] == 1
