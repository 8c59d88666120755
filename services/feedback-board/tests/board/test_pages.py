"""What the public pages show, to a browser without scripts."""

import re

import httpx
import pytest

from plaudit_testing.board_pages import BOARD, page_of, put_on_board, submit

pytestmark = pytest.mark.postgres


async def test_the_board_shows_three_columns_and_the_open_requests(api: httpx.AsyncClient, clients) -> None:
    for status in ("planned", "in_progress", "shipped", "under_review", "declined", "open"):
        await put_on_board(api, f"Request that is {status}", status, votes=2)
    page = page_of(await clients.visitor().get(BOARD))
    for status, heading in (("planned", "Planned"), ("in_progress", "In progress"), ("shipped", "Shipped")):
        column = page.one("section", class_=f"column {status}")
        assert column.one("h3").text == f"{heading} 1"
        assert column.one("h4").text == f"Request that is {status}"
        assert f"Because it is {status}." in column.text
        assert "2 votes" in column.text
    rows = page.all("li", class_="row")
    assert {row.one(class_="title").text for row in rows} == {"Request that is open", "Request that is under_review"}
    assert "1 declined request" in page.text
    assert "Request that is declined" not in page.text


async def test_an_empty_board_says_so_and_invites(clients) -> None:
    page = page_of(await clients.visitor().get("/"))
    for said in (
        "Nothing is planned",
        "Nothing is being built",
        "Nothing has shipped yet",
        "There are no open requests",
    ):
        assert said in page.text
    assert page.all("li", class_="row") == []


async def test_a_priority_stands_beside_what_it_was_made_of(api: httpx.AsyncClient, clients) -> None:
    await put_on_board(api, "Sized", votes=3, size=(2, 4))
    await put_on_board(api, "Unsized", votes=5)
    page = page_of(await clients.visitor().get(BOARD))
    sized, unsized = page.all("li", class_="row")
    parts = {part.one("dt").text: part.one("dd").text for part in sized.one("dl").all("div")}
    assert parts == {"Priority": "1.5", "impact": "2", "people reached": "3", "person-weeks": "4"}
    assert unsized.all("dl") == []
    assert "5 people reached" in unsized.text
    assert "Not sized yet" in page.text


async def test_requests_stand_in_the_order_of_their_priority_and_the_unsized_after_them(
    api: httpx.AsyncClient, clients
) -> None:
    await put_on_board(api, "Much", votes=2, size=(3, 1))
    await put_on_board(api, "Unsized, many", votes=4)
    await put_on_board(api, "Little", votes=3, size=(1, 3))
    await put_on_board(api, "Unsized, few", votes=1)
    page = page_of(await clients.visitor().get(BOARD))
    titles = [row.one(class_="title").text for row in page.all("li", class_="row")]
    assert titles == ["Much", "Little", "Unsized, many", "Unsized, few"]


async def test_a_request_has_a_page_with_its_text_status_reasons_and_reviews(
    api: httpx.AsyncClient, clients, reviews
) -> None:
    path = await put_on_board(api, "Refund at once", "planned", votes=1, text="First.\n\nSecond\nthird.", size=(1, 1))
    request = (await api.get("/v1/requests")).json()["items"][0]
    for person, text in (("native:x", "Eleven days!"), (None, "Still waiting.")):
        review = await reviews.published(person=person, title=None, text=text, rating=2.0)
        await api.post(f"/v1/requests/{request['id']}/links", json={"review_id": str(review)})
    page = page_of(await clients.visitor().get(path))
    assert page.one("h1").text == "Refund at once"
    assert {"First.", "Second third."} <= {element.text for element in page.all("p")}
    history = page.one("ol", class_="history").all("li")
    assert ["Planned Because it is planned." in entry.text for entry in history] == [True, False, False]
    assert "impact 1 (medium), effort 1 person-week" in history[1].text
    figures = {part.one("dt").text: part.one("dd").text for part in page.one("dl", class_="figures").all("div")}
    assert figures == {
        "Reviews that say so": "2",
        "of authors unknown to us, not in reach": "1",
        "Impact, medium": "1",
        "× Reach, people": "2",
        "÷ Effort, person-weeks": "1",
        "= Priority": "2",
    }
    assert {quote.text for quote in page.all("blockquote")} == {"Eleven days!", "Still waiting."}
    assert "2 of 5 stars" in page.text


async def test_a_removed_review_is_quoted_no_more(api: httpx.AsyncClient, clients, reviews) -> None:
    path = await put_on_board(api, "Refund at once")
    request = (await api.get("/v1/requests")).json()["items"][0]
    review = await reviews.published(text="Eleven days!")
    await api.post(f"/v1/requests/{request['id']}/links", json={"review_id": str(review)})
    assert "Eleven days!" in (await clients.visitor().get(path)).text
    await reviews.removed(review)
    assert "Eleven days!" not in (await clients.visitor().get(path)).text


async def test_what_people_write_is_text_and_never_markup(api: httpx.AsyncClient, clients) -> None:
    path = await put_on_board(
        api, "<script>alert(1)</script>", text="</p><img src=x onerror=alert(2)>", persona="<i>x</i>"
    )
    for address in (BOARD, path):
        answer = await clients.visitor().get(address)
        main = page_of(answer).one("main")
        assert main.all("script") == main.all("img") == main.all("i") == []
        assert "<script>alert(1)</script>" in main.text
        assert "script-src" in answer.headers["content-security-policy"]


async def test_a_decided_request_shows_no_button_and_refuses_a_late_form(api: httpx.AsyncClient, clients) -> None:
    path = await put_on_board(api, "Dark mode", "declined", votes=1)
    visitor = clients.visitor()
    page = page_of(await visitor.get(path))
    assert page.all("form", class_="vote-form") == []
    assert page.all("button", class_="vote") == []
    late = page_of(await visitor.post(f"{path}/votes", data={"choice": "vote"}, follow_redirects=True))
    assert late.one(role="status").text == "This request has been decided, so it takes no more votes."
    assert late.one("p", class_="tally").text == "1 vote"
    listed = page_of(await visitor.get(f"{BOARD}/status/declined"))
    assert "Because it is declined." in listed.text
    assert listed.all("form") == []


async def test_requests_beyond_a_page_are_a_link_away_and_votes_there_come_back_there(
    api: httpx.AsyncClient, clients
) -> None:
    for number in range(23):
        await put_on_board(api, f"Request number {number}")
    visitor = clients.visitor()
    first = page_of(await visitor.get(BOARD))
    (following,) = [link for link in first.all("a") if link.text == "More requests"]
    second = page_of(await visitor.get(following.attributes["href"]))
    titles = [[row.one(class_="title").text for row in page.all("li", class_="row")] for page in (first, second)]
    assert [len(page) for page in titles] == [20, 3]
    assert len({*titles[0], *titles[1]}) == 23
    answer = await submit(visitor, second.all("li", class_="row")[0].one("form"))
    assert "cursor=" in str(answer.url)


async def test_what_is_not_there_has_a_page_that_says_so(clients) -> None:
    board = f"{BOARD}/r"
    titles = dict.fromkeys((f"{board}/nothing", f"{board}/No%20slug", f"{board}/%F0%9F%9A%B2"), "Not found")
    titles |= dict.fromkeys(("/b/nobody", "/b/%27%3B--"), "No public board here")
    for path, title in titles.items():
        answer = await clients.visitor().get(path, headers={"accept": "text/html"})
        assert answer.status_code == 404, path
        assert page_of(answer).one("h1").text == title


async def test_a_made_up_cursor_or_notice_is_refused(clients) -> None:
    visitor = clients.visitor()
    assert (await visitor.get(f"{BOARD}?cursor=x")).status_code == 422
    assert (await visitor.get(f"{BOARD}?notice=You+won")).status_code == 422


async def test_pages_have_landmarks_labels_and_one_first_heading(api: httpx.AsyncClient, clients) -> None:
    path = await put_on_board(api, "Dark mode", "planned", votes=1, size=(1, 1))
    await put_on_board(api, "Light mode", "declined")
    await put_on_board(api, "Dim mode", "under_review", size=(1, 1))
    await put_on_board(api, "Red mode")
    for address in ("/", path, f"{BOARD}/status/declined"):
        page = page_of(await clients.visitor().get(address))
        assert page.one("html").attributes["lang"] == "en"
        assert len(page.all("main")) == 1
        assert len(page.all("h1")) == 1
        levels = [int(element.tag[1]) for element in page.all() if re.fullmatch("h[1-6]", element.tag)]
        assert all(after <= before + 1 for before, after in zip([0, *levels], levels, strict=False)), levels
        ids = [element.attributes["id"] for element in page.all() if "id" in element.attributes]
        assert len(ids) == len(set(ids))
        for element in page.all():
            for name in ("aria-labelledby", "aria-describedby", "for"):
                assert element.attributes.get(name, ids[0] if ids else "") in ids or name not in element.attributes
        labelled = {label.attributes["for"] for label in page.all("label")}
        fields = [*page.all("input"), *page.all("textarea")]
        for control in fields:
            assert control.attributes.get("type") == "hidden" or control.attributes["id"] in labelled
        assert all(button.text for button in page.all("button"))
        assert all(link.text for link in page.all("a"))
        assert all(script.attributes.keys() == {"src", "defer"} for script in page.all("script"))
        assert not any("style" in element.attributes for element in page.all())


async def test_the_stylesheet_may_be_kept_for_ever_under_its_own_address(clients) -> None:
    visitor = clients.visitor()
    links = page_of(await visitor.get("/")).all("link", rel="stylesheet")
    for link in links:
        answer = await visitor.get(link.attributes["href"])
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/css")
        assert "immutable" in answer.headers["cache-control"]
    old = await visitor.get("/board-static/000000000000/board.css")
    assert (old.status_code, old.headers["cache-control"]) == (200, "no-cache")


async def test_a_page_is_not_shared_between_visitors(clients) -> None:
    answer = await clients.visitor().get("/")
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["vary"] == "Cookie, Accept-Language"
