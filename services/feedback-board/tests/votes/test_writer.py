"""Votes that come together share a transaction, and each has its own outcome."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from plaudit.common.ids import uuid7
from plaudit.common.process import Resources
from plaudit.feedback_board.main import SERVICE, build
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.problems import problem_of
from plaudit_testing.runtime import running

pytestmark = pytest.mark.postgres

MANY = 1_000
AT_A_TIME = 100


@pytest.fixture
async def other(resources, api_key: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a second application over the same database, with connections and groups of its own."""
    second = Resources(resources.settings, SERVICE.name)
    parts = build(second)
    transport = httpx.ASGITransport(parts.app)
    headers = {"authorization": f"Bearer {api_key}"}
    async with (
        running(*(job for job in parts.jobs if job.with_api)),
        httpx.AsyncClient(
            transport=transport, base_url="http://board.example", headers=headers, timeout=DEADLINE_SECONDS
        ) as client,
    ):
        yield client
    await second.close()


async def _vote(clients: list[httpx.AsyncClient], path: str, people: list[str]) -> list[int]:
    """Let people vote in parallel, in turns over several applications; return the statuses."""
    free = asyncio.Semaphore(AT_A_TIME)

    async def one(number: int, person: str) -> int:
        async with free:
            answer = await clients[number % len(clients)].post(f"{path}/votes", json={"person": person})
            assert answer.status_code in {200, 201}, answer.text
            return answer.status_code

    return list(await asyncio.gather(*(one(number, person) for number, person in enumerate(people))))


async def test_a_thousand_votes_over_two_applications_count_each_person_once(
    api: httpx.AsyncClient, other: httpx.AsyncClient, request_path: str
) -> None:
    of_one = await _vote([api, other], request_path, ["native:anna"] * MANY)
    assert sorted(of_one) == [200] * (MANY - 1) + [201]
    of_all = await _vote([api, other], request_path, [f"native:{number}" for number in range(MANY)])
    assert set(of_all) == {201}
    request = (await api.get(request_path)).json()
    assert (request["votes"], request["reach"]) == (MANY + 1, MANY + 1)
    taken = await other.request("DELETE", f"{request_path}/votes", json={"person": "native:anna"})
    assert taken.json()["request"]["votes"] == MANY
    assert await _vote([api, other], request_path, ["native:anna"] * 2) in ([200, 201], [201, 200])
    assert (await api.get(request_path)).json()["votes"] == MANY + 1


async def test_a_refused_vote_costs_no_vote_of_its_group(api: httpx.AsyncClient, parts, outbox) -> None:
    open_path, closed_path = [
        (await api.post("/v1/requests", json={"title": title})).headers["location"] for title in ("Open", "Closed")
    ]
    await api.post(f"{closed_path}/votes", json={"person": "native:anna"})
    await api.put(f"{closed_path}/status", json={"status": "declined", "reason": "We do not do this."})
    paths = [open_path, closed_path, f"/v1/requests/{uuid7()}", open_path, closed_path]
    people = ["native:anna", "native:ben", "native:anna", "native:ben", "native:anna"]
    answers = await asyncio.gather(
        *(api.post(f"{path}/votes", json={"person": person}) for path, person in zip(paths, people, strict=True))
    )
    assert [answer.status_code for answer in answers] == [201, 409, 404, 201, 200]
    assert problem_of(answers[1]) == (409, "voting-closed")
    assert (await api.get(open_path)).json()["votes"] == 2
    assert (await api.get(closed_path)).json()["votes"] == 1


async def test_a_vote_for_a_request_of_another_tenant_in_one_group_is_unknown(clients, request_path: str, api) -> None:
    stranger = await clients.with_key("northwind", "*")
    own = (await stranger.post("/v1/requests", json={"title": "Of northwind"})).headers["location"]
    answers = await asyncio.gather(
        api.post(f"{request_path}/votes", json={"person": "native:anna"}),
        stranger.post(f"{request_path}/votes", json={"person": "native:anna"}),
        stranger.post(f"{own}/votes", json={"person": "native:anna"}),
        api.post(f"{own}/votes", json={"person": "native:anna"}),
    )
    assert [answer.status_code for answer in answers] == [201, 404, 201, 404]


async def test_a_process_that_stops_takes_no_vote_and_says_so(parts, api: httpx.AsyncClient, request_path: str) -> None:
    parts.app.state.vote_writer._stopped = True
    answer = await api.post(f"{request_path}/votes", json={"person": "native:anna"})
    assert problem_of(answer) == (503, "unavailable")
    assert (await api.get(request_path)).json()["votes"] == 0
