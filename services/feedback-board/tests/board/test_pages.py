"""The public board, as a browser without scripts sees and uses it."""

import asyncio
import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest

pytestmark = pytest.mark.postgres

BOARD = "/b/default"
VOID = {"meta", "link", "input", "br", "img", "path", "circle", "hr"}


@dataclass
class Element:
    """An element of a page."""

    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    children: list["Element | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text within, with single spaces."""
        parts = (child if isinstance(child, str) else child.text for child in self.children)
        return " ".join(" ".join(parts).split())

    def all(self, tag: str = "", **attributes: str) -> list["Element"]:
        """Elements within, of a tag, with attributes (`class_` holds the word)."""
        return [element for element in self._within() if element._is(tag, attributes)]

    def one(self, tag: str = "", **attributes: str) -> "Element":
        """The only such element within."""
        (found,) = self.all(tag, **attributes)
        return found

    def _within(self) -> Iterator["Element"]:
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child._within()

    def _is(self, tag: str, attributes: dict[str, str]) -> bool:
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        words = wanted.pop("class", "").split()
        return (
            (not tag or self.tag == tag)
            and all(self.attributes.get(name) == value for name, value in wanted.items())
            and set(words) <= set(self.attributes.get("class", "").split())
        )


class _Parser(HTMLParser):
    """Builds elements, and refuses what is not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.root = self._at = Element("", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self._at)
        self._at.children.append(element)
        if tag not in VOID:
            self._at = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._at.children.append(Element(tag, {name: value or "" for name, value in attrs}, self._at))

    def handle_endtag(self, tag: str) -> None:
        assert self._at.tag == tag, f"</{tag}> closes <{self._at.tag}>"
        assert self._at.parent is not None
        self._at = self._at.parent

    def handle_data(self, data: str) -> None:
        self._at.children.append(data)


def page_of(answer: httpx.Response) -> Element:
    """The page of an answer, all elements closed in order."""
    assert answer.headers["content-type"].startswith("text/html"), answer.text
    parser = _Parser()
    parser.feed(answer.text)
    parser.close()
    assert parser._at is parser.root, f"<{parser._at.tag}> is not closed"
    return parser.root


async def submit(client: httpx.AsyncClient, form: Element, **typed: str) -> httpx.Response:
    """Send a form as a browser does: its fields, what was typed, and then follow the redirect."""
    fields = {field.attributes["name"]: field.attributes.get("value", "") for field in form.all("input")}
    fields |= {field.attributes["name"]: field.text for field in form.all("textarea")}
    assert form.attributes["method"] == "post"
    return await client.post(form.attributes["action"], data={**fields, **typed}, follow_redirects=True)


async def _request(api: httpx.AsyncClient, title: str, status: str = "open", votes: int = 0, **more: Any) -> str:
    size = more.pop("size", None)
    made = (await api.post("/v1/requests", json={"title": title, **more})).json()
    path = f"/v1/requests/{made['id']}"
    for number in range(votes):
        await api.post(f"{path}/votes", json={"person": f"native:{number}"})
    if size:
        await api.put(f"{path}/sizing", json={"impact": size[0], "effort_weeks": size[1]})
    if status != "open":
        await api.put(f"{path}/status", json={"status": status, "reason": f"Because it is {status}."})
    return f"{BOARD}/r/{made['slug']}"


async def test_the_board_shows_three_columns_and_the_open_requests(api: httpx.AsyncClient, clients) -> None:
    for status in ("planned", "in_progress", "shipped", "under_review", "declined", "open"):
        await _request(api, f"Request that is {status}", status, votes=2)
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
    await _request(api, "Sized", votes=3, size=(2, 4))
    await _request(api, "Unsized", votes=5)
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
    await _request(api, "Much", votes=2, size=(3, 1))
    await _request(api, "Unsized, many", votes=4)
    await _request(api, "Little", votes=3, size=(1, 3))
    await _request(api, "Unsized, few", votes=1)
    page = page_of(await clients.visitor().get(BOARD))
    titles = [row.one(class_="title").text for row in page.all("li", class_="row")]
    assert titles == ["Much", "Little", "Unsized, many", "Unsized, few"]


async def test_a_request_has_a_page_with_its_text_status_reasons_and_reviews(
    api: httpx.AsyncClient, clients, reviews
) -> None:
    path = await _request(api, "Refund at once", "planned", votes=1, text="First.\n\nSecond\nthird.", size=(1, 1))
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
    path = await _request(api, "Refund at once")
    request = (await api.get("/v1/requests")).json()["items"][0]
    review = await reviews.published(text="Eleven days!")
    await api.post(f"/v1/requests/{request['id']}/links", json={"review_id": str(review)})
    assert "Eleven days!" in (await clients.visitor().get(path)).text
    await reviews.removed(review)
    assert "Eleven days!" not in (await clients.visitor().get(path)).text


async def test_a_visitor_votes_takes_it_back_and_votes_again(api: httpx.AsyncClient, clients) -> None:
    await _request(api, "Dark mode", votes=2)
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
    people = {entry["person"] for entry in await _activity(api, "voted")}
    assert len([person for person in people if person.startswith("visitor:")]) == 1


async def _activity(api: httpx.AsyncClient, kind: str) -> list[dict[str, Any]]:
    request = (await api.get("/v1/requests")).json()["items"][0]
    entries = (await api.get(f"/v1/requests/{request['id']}/activity")).json()["items"]
    return [entry for entry in entries if entry["type"] == kind]


@pytest.mark.parametrize("page", ["list", "request"])
async def test_a_first_vote_that_is_sent_twice_before_its_answer_is_one_vote(
    api: httpx.AsyncClient, clients, page: str
) -> None:
    path = await _request(api, "Dark mode")
    first, second = clients.visitor(), clients.visitor()
    seen = page_of(await first.get(BOARD if page == "list" else path))
    form = (seen.one("li", class_="row") if page == "list" else seen.one("aside")).one("form")
    await asyncio.gather(submit(first, form), submit(second, form))
    assert dict(first.cookies) == dict(second.cookies)
    assert page_of(await second.get(path)).one("p", class_="tally").text == "1 vote"


async def test_a_first_request_that_is_sent_twice_leaves_the_visitor_who_has_voted_for_it(
    api: httpx.AsyncClient, clients
) -> None:
    first, second = clients.visitor(), clients.visitor()
    form = page_of(await first.get(BOARD)).one("section", id="make-a-request").one("form")
    answers = [await submit(client, form, title="Pumps") for client in (first, second)]
    assert all("Take back your vote" in page_of(answer).text for answer in answers)


async def test_forms_of_two_visits_and_made_up_ones_are_different_newcomers(api: httpx.AsyncClient, clients) -> None:
    path = await _request(api, "Dark mode")
    for made_up in ({}, {}, {"newcomer": "00000000000000000000000000000001.nonsense"}, {"newcomer": ""}):
        visitor = clients.visitor()
        form = page_of(await visitor.get(path)).one("aside").one("form")
        page = page_of(await submit(visitor, form, **made_up))
    assert page.one("p", class_="tally").text == "4 votes"


async def test_two_visitors_are_two_people(api: httpx.AsyncClient, clients) -> None:
    path = await _request(api, "Dark mode")
    for _ in range(2):
        visitor = clients.visitor()
        answer = await submit(visitor, page_of(await visitor.get(path)).one("form"))
        answer = await visitor.post(f"{path}/votes", data={"choice": "vote"}, follow_redirects=True)
    assert page_of(answer).one("p", class_="tally").text == "2 votes"


async def test_who_only_looks_gets_no_cookie(api: httpx.AsyncClient, clients) -> None:
    path = await _request(api, "Dark mode", "shipped")
    visitor = clients.visitor()
    for address in ("/", BOARD, path, f"{BOARD}/status/shipped"):
        answer = await visitor.get(address)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    await visitor.post(f"{path}/votes", data={"choice": "withdraw"})
    assert not visitor.cookies


@pytest.mark.settings(public_url="https://requests.example")
async def test_the_cookie_is_kept_from_scripts_and_other_sites(api: httpx.AsyncClient, clients) -> None:
    path = await _request(api, "Dark mode")
    answer = await clients.visitor().post(f"{path}/votes", data={"choice": "vote"})
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("plaudit_visitor_default=")
    assert {"httponly", "samesite=lax", "secure", "path=/"} <= {part.strip() for part in cookie.split(";")}


async def test_a_cookie_that_someone_made_up_is_another_visitor(api: httpx.AsyncClient, clients) -> None:
    path = await _request(api, "Dark mode")
    forged = clients.visitor()
    forged.cookies.set("plaudit_visitor_default", f"{'a' * 32}.{'b' * 64}")
    await forged.post(f"{path}/votes", data={"choice": "vote"})
    (voted,) = await _activity(api, "voted")
    assert voted["person"] != f"visitor:{'a' * 32}"


@pytest.mark.parametrize("form", [False, True])
async def test_a_cookie_that_was_signed_formerly_keeps_its_votes_and_is_replaced_once(
    api: httpx.AsyncClient, clients, worker, form: bool
) -> None:
    path = await _request(api, "Dark mode")
    visitor = clients.visitor()
    await visitor.post(f"{path}/votes", data={"choice": "vote"})
    (voted,) = await _activity(api, "voted")
    visitor_id = UUID(voted["person"].removeprefix("visitor:"))
    async with worker.transaction() as tx:
        key = await tx.raw.fetchval("SELECT common.person_key('default')")
    tag = hmac.new(key, b"board visitor:" + visitor_id.bytes, hashlib.sha256).hexdigest()

    old = clients.visitor()
    old.cookies.set("plaudit_visitor_default", f"{visitor_id.hex}.{tag}", domain="board.example", path="/")
    if form:
        replaced = await old.post(f"{path}/votes", data={"choice": "vote"})
    else:
        replaced = await old.get(path)
        assert "Take back your vote" in replaced.text
    assert replaced.headers["set-cookie"].startswith(f"plaudit_visitor_default={visitor_id.hex}.")
    assert tag not in replaced.headers["set-cookie"]
    again = await old.get(path)
    assert "set-cookie" not in again.headers
    assert page_of(again).one("p", class_="tally").text == "1 vote"


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


async def test_what_people_write_is_text_and_never_markup(api: httpx.AsyncClient, clients) -> None:
    path = await _request(api, "<script>alert(1)</script>", text="</p><img src=x onerror=alert(2)>", persona="<i>x</i>")
    for address in (BOARD, path):
        answer = await clients.visitor().get(address)
        main = page_of(answer).one("main")
        assert main.all("script") == main.all("img") == main.all("i") == []
        assert "<script>alert(1)</script>" in main.text
        assert "script-src" in answer.headers["content-security-policy"]


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
    path = await _request(api, "Dark mode")
    for headers, status in [*((one, 303) for one in ours), *((one, 403) for one in others)]:
        client = clients.visitor(headers=headers)
        vote = await client.post(f"{path}/votes", data={"choice": "vote"})
        made = await client.post(f"{BOARD}/requests", data={"title": f"From {headers}"})
        assert (vote.status_code, made.status_code) == (status, status), headers
    listed = (await api.get("/v1/requests")).json()["items"]
    assert len(listed) == 1 + len(ours)
    assert sum(item["votes"] for item in listed) == 2 * len(ours)


@pytest.mark.settings(votes_per_hour_per_network=3, requests_per_hour_per_network=1)
async def test_a_network_has_limits_of_votes_and_of_requests_per_hour(api: httpx.AsyncClient, clients, clock) -> None:
    from datetime import timedelta

    path = await _request(api, "Dark mode")

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
    path = await _request(api, "Dark mode")
    await clients.visitor(address="203.0.113.77").post(f"{path}/votes", data={"choice": "vote"})
    async with worker.transaction() as tx:
        kept = await tx.raw.fetchval(
            "SELECT string_agg(row, ' ') FROM (SELECT rate_limits::text AS row FROM rate_limits UNION ALL "
            "SELECT activity::text FROM activity UNION ALL SELECT votes::text FROM votes) AS everything"
        )
    assert "203.0.113" not in kept
    assert b"203.0.113".hex() not in kept


async def test_a_decided_request_shows_no_button_and_refuses_a_late_form(api: httpx.AsyncClient, clients) -> None:
    path = await _request(api, "Dark mode", "declined", votes=1)
    visitor = clients.visitor()
    page = page_of(await visitor.get(path))
    assert page.all("form") == []
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
        await _request(api, f"Request number {number}")
    visitor = clients.visitor()
    first = page_of(await visitor.get(BOARD))
    (following,) = [link for link in first.all("a") if link.text == "More requests"]
    second = page_of(await visitor.get(following.attributes["href"]))
    titles = [[row.one(class_="title").text for row in page.all("li", class_="row")] for page in (first, second)]
    assert [len(page) for page in titles] == [20, 3]
    assert len({*titles[0], *titles[1]}) == 23
    answer = await submit(visitor, second.all("li", class_="row")[0].one("form"))
    assert "cursor=" in str(answer.url)


async def test_every_tenant_has_a_board_of_its_own(api: httpx.AsyncClient, clients) -> None:
    other = await clients.with_key("northwind", "*")
    await _request(api, "Ours")
    made = (await other.post("/v1/requests", json={"title": "Theirs"})).json()
    visitor = clients.visitor()
    ours, theirs = [(await visitor.get(path)).text for path in ("/", "/b/northwind")]
    assert ("Ours" in ours, "Theirs" in ours) == (True, False)
    assert ("Ours" in theirs, "Theirs" in theirs) == (False, True)
    assert "Northwind" in theirs
    assert (await visitor.get(f"/b/northwind/r/{made['slug']}")).status_code == 200
    assert (await visitor.get(f"{BOARD}/r/{made['slug']}")).status_code == 404


@pytest.mark.settings(board_hosts={"requests.northwind.example": "northwind"}, board_name="The bike shop")
async def test_the_host_says_whose_board_is_at_the_front(clients) -> None:
    await clients.with_key("northwind", "*")
    visitor = clients.visitor()
    by_host = page_of(await visitor.get("/", headers={"host": "Requests.Northwind.example:8443"}))
    assert by_host.one("span", class_="brand").text == "Northwind"
    assert page_of(await visitor.get("/")).one("span", class_="brand").text == "The bike shop"


async def test_a_cookie_of_one_board_says_nothing_on_another(api: httpx.AsyncClient, clients) -> None:
    other = await clients.with_key("northwind", "*")
    made = (await other.post("/v1/requests", json={"title": "Theirs"})).json()
    path = await _request(api, "Ours")
    visitor = clients.visitor()
    for address in (path, f"/b/northwind/r/{made['slug']}"):
        await visitor.post(f"{address}/votes", data={"choice": "vote"})
    assert {cookie.name for cookie in visitor.cookies.jar} == {"plaudit_visitor_default", "plaudit_visitor_northwind"}
    people = []
    for client, request_id in ((api, (await api.get("/v1/requests")).json()["items"][0]["id"]), (other, made["id"])):
        (entry, _) = (await client.get(f"/v1/requests/{request_id}/activity")).json()["items"]
        people.append(entry["person"])
    assert people[0] != people[1]


async def test_what_is_not_there_has_a_page_that_says_so(clients) -> None:
    board = f"{BOARD}/r"
    for path in ("/b/nobody", f"{board}/nothing", f"{board}/No%20slug", f"{board}/%F0%9F%9A%B2", "/b/%27%3B--"):
        answer = await clients.visitor().get(path, headers={"accept": "text/html"})
        assert answer.status_code == 404, path
        assert page_of(answer).one("h1").text == "Not found"


async def test_a_made_up_cursor_or_notice_is_refused(clients) -> None:
    visitor = clients.visitor()
    assert (await visitor.get(f"{BOARD}?cursor=x")).status_code == 400
    assert (await visitor.get(f"{BOARD}?notice=You+won")).status_code == 422


async def test_pages_have_landmarks_labels_and_one_first_heading(api: httpx.AsyncClient, clients) -> None:
    path = await _request(api, "Dark mode", "planned", votes=1, size=(1, 1))
    await _request(api, "Light mode", "declined")
    await _request(api, "Dim mode", "under_review", size=(1, 1))
    await _request(api, "Red mode")
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
        assert page.all("script") == []
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
    assert answer.headers["vary"] == "Cookie"
