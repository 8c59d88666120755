"""The form of a new request, as a browser without scripts sends it."""

import httpx
import pytest

from plaudit_testing.board_pages import BOARD, page_of, put_on_board, submit

pytestmark = pytest.mark.postgres


async def test_a_visitor_makes_a_request_that_carries_their_vote(api: httpx.AsyncClient, clients, outbox) -> None:
    visitor = clients.visitor()
    form = page_of(await visitor.get(BOARD)).one("section", id="make-a-request").one("form")
    answer = await submit(visitor, form, title="Pumps at every station", text="Mine is at home.")
    page = page_of(answer)
    assert str(answer.url).endswith(f"{BOARD}/r/pumps-at-every-station?notice=requested")
    assert page.one("h1").text == "Pumps at every station"
    assert page.one("p", class_="tally").text == "1 vote"
    assert "Take back your vote" in page.text
    assert await outbox.types() == ["request.created", "request.voted"]


async def test_a_form_sent_twice_makes_one_request_and_filled_anew_another(api: httpx.AsyncClient, clients) -> None:
    visitor = clients.visitor()
    form = page_of(await visitor.get(BOARD)).one("section", id="make-a-request").one("form")
    for title in ("Pumps", "Pumps", "Helmets"):
        answer = await submit(visitor, form, title=title)
        assert answer.status_code == 200
    titles = [item["title"] for item in (await api.get("/v1/requests", params={"sort": "newest"})).json()["items"]]
    assert titles == ["Helmets", "Pumps"]


async def test_a_request_against_the_rules_comes_back_with_what_was_typed(api: httpx.AsyncClient, clients) -> None:
    visitor = clients.visitor()
    form = page_of(await visitor.get(BOARD)).one("section", id="make-a-request").one("form")
    answer = await submit(visitor, form, title="No", text="<b>But</b> a long text.")
    assert answer.status_code == 422
    form = page_of(answer).one("section", id="make-a-request").one("form")
    assert "title must have 3 to 120 characters" in form.one(role="alert").text
    assert form.one("input", name="title").attributes["value"] == "No"
    assert form.one("input", name="title").attributes["aria-invalid"] == "true"
    assert form.one("textarea").text == "<b>But</b> a long text."
    assert (await api.get("/v1/requests")).json()["items"] == []


@pytest.mark.parametrize(
    "title", ["\u200e\u200f\u200e", "\u200b\u2060\ufeff", "\u00ad\ufe0f\u3164\u2800", "a\u200b\u200bb"]
)
async def test_a_title_that_shows_too_little_is_refused_by_the_page_and_by_the_api(
    api: httpx.AsyncClient, clients, title: str
) -> None:
    visitor = clients.visitor()
    form = page_of(await visitor.get(BOARD)).one("section", id="make-a-request").one("form")
    assert (await submit(visitor, form, title=title)).status_code == 422
    assert (await api.post("/v1/requests", json={"title": title})).status_code == 422
    assert (await api.get("/v1/requests")).json()["items"] == []


async def test_a_form_counts_only_when_our_own_page_sent_it(api: httpx.AsyncClient, clients) -> None:
    ours: list[dict[str, str]] = [
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"origin": "http://board.example"},
    ]
    others: list[dict[str, str]] = [
        {},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "http://board.example"},
        {"origin": "http://evil.example"},
        {"origin": "http://board.example.evil.example"},
        {"origin": "null"},
    ]
    path = await put_on_board(api, "Dark mode")
    for headers, status in [*((one, 303) for one in ours), *((one, 403) for one in others)]:
        client = clients.visitor(headers=headers)
        vote = await client.post(f"{path}/votes", data={"choice": "vote"})
        made = await client.post(f"{BOARD}/requests", data={"title": f"From {headers}"})
        assert (vote.status_code, made.status_code) == (status, status), headers
    listed = (await api.get("/v1/requests")).json()["items"]
    assert len(listed) == 1 + len(ours)
    assert sum(item["votes"] for item in listed) == 2 * len(ours)
