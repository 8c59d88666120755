"""The lists of the public board: searched, filtered and ordered by their address."""

import httpx
import pytest

from plaudit.feedback_board.similar.jobs import IndexJob
from plaudit_testing.board_pages import BOARD, Element, page_of, put_on_board, submit

pytestmark = pytest.mark.postgres


def titles(page: Element) -> list[str]:
    return [row.one(class_="title").text for row in page.all("li", class_="row")]


async def test_a_search_finds_requests_that_have_every_word_whatever_their_status(
    api: httpx.AsyncClient, clients, worker
) -> None:
    await put_on_board(api, "Pumps at stations", text="For BIKES, 100 % of them.")
    await put_on_board(api, "Pumps in shops", "declined")
    await put_on_board(api, "Helmets")
    await IndexJob(worker).turn()
    visitor = clients.visitor()
    for words, expected in (
        ("pumps", {"Pumps at stations", "Pumps in shops"}),
        ("bikes PUMPS", {"Pumps at stations"}),
        ("100 %", {"Pumps at stations"}),
        ("%", set()),
        ("_", set()),
        ("nothing of this", set()),
    ):
        page = page_of(await visitor.get(BOARD, params={"q": words}))
        assert set(titles(page)) == expected, words
        assert page.one("input", name="q").attributes["value"] == words
    assert "No request matches." in page.text
    assert page.one("meta", name="robots").attributes["content"] == "noindex"


async def test_a_list_is_of_a_status_or_of_a_persona(api: httpx.AsyncClient, clients) -> None:
    await put_on_board(api, "Ours", persona="commuter")
    await put_on_board(api, "Theirs", persona="tourist")
    await put_on_board(api, "Built", "shipped", persona="tourist")
    visitor = clients.visitor()
    page = page_of(await visitor.get(BOARD))
    assert [each.text for each in page.one("select", name="persona").all("option")] == [
        "anybody",
        "commuter",
        "tourist",
    ]
    for params, expected in (
        ({}, {"Ours", "Theirs"}),
        ({"persona": "tourist"}, {"Theirs"}),
        ({"persona": "tourist", "status": "all"}, {"Theirs", "Built"}),
        ({"status": "shipped"}, {"Built"}),
        ({"persona": "nobody"}, set()),
    ):
        assert set(titles(page_of(await visitor.get(BOARD, params=params)))) == expected, params
    assert (await visitor.get(BOARD, params={"status": "done"})).status_code == 422


async def test_the_links_of_a_list_lead_through_every_order_and_keep_the_rest(api: httpx.AsyncClient, clients) -> None:
    for number, votes in enumerate((1, 3, 2)):
        await put_on_board(api, f"Request {number}", votes=votes, persona="commuter")
    visitor = clients.visitor()
    page = page_of(await visitor.get(BOARD, params={"persona": "commuter"}))
    (choices,) = [each for each in page.all("nav") if each.attributes.get("aria-label") == "Order"]
    orders = {link.text: link.attributes["href"] for link in choices.all("a")}
    assert orders.keys() >= {"By priority", "Most votes", "Newest"}
    by_votes = page_of(await visitor.get(orders["Most votes"]))
    assert titles(by_votes) == ["Request 1", "Request 2", "Request 0"]
    assert titles(page_of(await visitor.get(orders["Newest"]))) == ["Request 2", "Request 1", "Request 0"]
    assert "persona=commuter" in orders["Newest"]


async def test_every_order_pages_through_each_request_once(api: httpx.AsyncClient, clients) -> None:
    for number in range(45):
        await api.post("/v1/requests", json={"title": f"Request number {number}"})
    visitor = clients.visitor()
    for sort in ("priority", "votes", "newest"):
        address, seen = f"{BOARD}?sort={sort}", []
        while address:
            page = page_of(await visitor.get(address))
            seen += titles(page)
            address = next((link.attributes["href"] for link in page.all("a", rel="next")), "")
        assert len(seen) == len(set(seen)) == 45, sort


async def test_a_vote_in_a_filtered_list_comes_back_to_it(api: httpx.AsyncClient, clients, worker) -> None:
    await put_on_board(api, "Pumps")
    await put_on_board(api, "Helmets")
    await IndexJob(worker).turn()
    visitor = clients.visitor()
    page = page_of(await visitor.get(BOARD, params={"q": "pumps", "sort": "votes"}))
    answer = await submit(visitor, page.one("li", class_="row").one("form"))
    assert (answer.url.params["q"], answer.url.params["sort"]) == ("pumps", "votes")
    assert titles(page_of(answer)) == ["Pumps"]


async def test_a_forged_way_back_leads_nowhere_else(api: httpx.AsyncClient, clients) -> None:
    path = await put_on_board(api, "Pumps")
    data = {"choice": "vote", "back": "board", "list": "q=x&next=//evil.example&notice=You+won&//evil.example"}
    answer = await clients.visitor().post(f"{path}/votes", data=data)
    assert answer.headers["location"] == f"{BOARD}?notice=voted&q=x#request-pumps"


async def test_the_front_page_stays_small_when_the_board_is_full(api: httpx.AsyncClient, clients) -> None:
    for number in range(60):
        status = ("open", "planned", "in_progress", "shipped")[number % 4]
        made = await api.post("/v1/requests", json={"title": f"Request {number} " + "x" * 100, "text": "word " * 900})
        if status != "open":
            body = {"status": status, "reason": "reason " * 280}
            await api.put(f"/v1/requests/{made.json()['id']}/status", json=body)
    answer = await clients.visitor().get(BOARD)
    assets = [link.attributes["href"] for link in page_of(answer).all("link", rel="stylesheet")] + [
        script.attributes["src"] for script in page_of(answer).all("script")
    ]
    sizes = [len((await clients.visitor().get(asset)).content) for asset in assets]
    assert len(answer.content) + sum(sizes) <= 100 * 1024


async def test_the_roadmap_has_a_page_with_counts_in_its_headings_and_words_where_nothing_is(
    api: httpx.AsyncClient, clients
) -> None:
    await put_on_board(api, "Pumps", "planned", votes=1)
    page = page_of(await clients.visitor().get(f"{BOARD}/roadmap"))
    assert [each.text for each in page.all("h2")] == ["Planned 1", "In progress 0", "Shipped 0"]
    assert page.one("ol", class_="cards").one("h3").text == "Pumps"
    assert "Nothing is being built at the moment." in page.text


async def test_the_history_says_whether_a_visitor_or_the_team_made_a_request(api: httpx.AsyncClient, clients) -> None:
    by_team = await put_on_board(api, "Dark mode")
    visitor = clients.visitor()
    form = page_of(await visitor.get(BOARD)).one("section", id="make-a-request").one("form")
    by_visitor = page_of(await submit(visitor, form, title="Pumps"))
    assert by_visitor.one("ol", class_="history").text.endswith("A visitor made this request.")
    shown = page_of(await visitor.get(by_team)).one("ol", class_="history").text
    assert shown.endswith("The team put this request on the board.")


async def test_the_first_page_is_at_most_100_kb_however_long_the_words_are(api: httpx.AsyncClient, clients) -> None:
    for number in range(34):
        title, text = f"{number} {'ü' * 115}", "\u65e5" * 5_000
        made = (await api.post("/v1/requests", json={"title": title, "text": text, "persona": f"p{number}"})).json()
        if number < 12:
            reason = {"status": ("planned", "in_progress", "shipped")[number % 3], "reason": "\u672c" * 1_000}
            assert (await api.put(f"/v1/requests/{made['id']}/status", json=reason)).status_code == 200
    answer = await clients.visitor().get(BOARD)
    assert len(page_of(answer).all("button", class_="vote")) == 20
    assert len(answer.content) <= 100_000
