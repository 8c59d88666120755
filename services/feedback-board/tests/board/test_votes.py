"""Votes that visitors of the public pages cast and take back."""

import asyncio
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from plaudit_testing.board_pages import BOARD, activity_of, page_of, put_on_board, submit

pytestmark = pytest.mark.postgres


async def test_a_visitor_votes_takes_it_back_and_votes_again(api: httpx.AsyncClient, clients) -> None:
    await put_on_board(api, "Dark mode", votes=2)
    visitor = clients.visitor()
    seen = []
    page = page_of(await visitor.get(BOARD))
    for _ in range(3):
        answer = await submit(visitor, page.one("li", class_="row").one("form"))
        page = page_of(answer)
        button = page.one("button", class_="vote")
        seen.append((page.one(role="status").text, button.one(class_="number").text, button.attributes["aria-pressed"]))
        assert button.text.endswith("Vote for Dark mode")
    assert seen == [
        ("Thank you, your vote counts.", "3", "true"),
        ("Your vote is taken back.", "2", "false"),
        ("Thank you, your vote counts.", "3", "true"),
    ]
    assert urlsplit(str(answer.url)).fragment == "request-dark-mode"
    people = {entry["person"] for entry in await activity_of(api, "voted")}
    assert len([person for person in people if person.startswith("visitor:")]) == 1


@pytest.mark.parametrize("page", ["list", "request"])
async def test_a_first_vote_that_is_sent_twice_before_its_answer_is_one_vote(
    api: httpx.AsyncClient, clients, page: str
) -> None:
    path = await put_on_board(api, "Dark mode")
    first, second = clients.visitor(), clients.visitor()
    seen = page_of(await first.get(BOARD if page == "list" else path))
    form = (seen.one("li", class_="row") if page == "list" else seen).one("form", action=f"{path}/votes")
    await asyncio.gather(submit(first, form), submit(second, form))
    assert dict(first.cookies) == dict(second.cookies)
    assert page_of(await second.get(path)).one("p", class_="tally").text == "1 vote"


async def test_two_visitors_are_two_people(api: httpx.AsyncClient, clients) -> None:
    path = await put_on_board(api, "Dark mode")
    for _ in range(2):
        visitor = clients.visitor()
        answer = await submit(visitor, page_of(await visitor.get(path)).one("form", action=f"{path}/votes"))
        answer = await visitor.post(f"{path}/votes", data={"choice": "vote"}, follow_redirects=True)
    assert page_of(answer).one("p", class_="tally").text == "2 votes"


@pytest.mark.settings(votes_per_hour_per_network=3, requests_per_hour_per_network=1)
async def test_a_network_has_limits_of_votes_and_of_requests_per_hour(api: httpx.AsyncClient, clients, clock) -> None:
    path = await put_on_board(api, "Dark mode")

    async def vote(address: str) -> httpx.Response:
        return await clients.visitor(address=address).post(f"{path}/votes", data={"choice": "vote"})

    same_network = [await vote(f"203.0.113.{number}") for number in range(4)]
    assert [answer.status_code for answer in same_network] == [303, 303, 303, 429]
    assert 0 < int(same_network[-1].headers["retry-after"]) <= 3_601
    assert (await vote("198.51.100.1")).status_code == 303
    assert (await vote("2001:db8:1::1")).status_code == 303
    visitor = clients.visitor()
    made = [await visitor.post(f"{BOARD}/requests", data={"title": f"Request {n}"}) for n in range(2)]
    assert [answer.status_code for answer in made] == [303, 429]
    await clock.move_to(timedelta(hours=1))
    assert (await vote("203.0.113.9")).status_code == 303
    dark = next(item for item in (await api.get("/v1/requests")).json()["items"] if item["title"] == "Dark mode")
    assert dark["votes"] == 6


async def test_no_address_of_a_visitor_is_kept(api: httpx.AsyncClient, clients, worker) -> None:
    path = await put_on_board(api, "Dark mode")
    await clients.visitor(address="203.0.113.77").post(f"{path}/votes", data={"choice": "vote"})
    async with worker.transaction() as tx:
        kept = await tx.raw.fetchval(
            "SELECT string_agg(row, ' ') FROM (SELECT rate_limits::text AS row FROM rate_limits UNION ALL "
            "SELECT activity::text FROM activity UNION ALL SELECT votes::text FROM votes) AS everything"
        )
    assert "203.0.113" not in kept
    assert b"203.0.113".hex() not in kept
