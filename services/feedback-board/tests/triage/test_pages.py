"""The console's inbox and roadmap: what waits, and what staff do about it where it stands."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from plaudit_testing.board_pages import Element, page_of, put_on_board, submit

pytestmark = pytest.mark.postgres

TRIAGE = "/console/triage"
ROADMAP = "/console/roadmap"


@pytest.fixture
async def staff(clients: Any) -> httpx.AsyncClient:
    """A browser that is signed in with every scope."""
    browser: httpx.AsyncClient = await clients.staff("default", "*")
    return browser


def form_of(page: Element, end: str) -> Element:
    """The form whose address ends so."""
    (found,) = [form for form in page.all("form") if form.attributes["action"].partition("?")[0].endswith(end)]
    return found


def said(page: Element) -> list[str]:
    return [each.text for role in ("status", "alert") for each in page.all(role=role)]


def titles(page: Element) -> list[str]:
    return [each.text for each in page.one("main").all("h3", class_="title")]


def sections(page: Element) -> dict[str, int]:
    """The number of each section, by its words."""
    links = [link.text.rpartition(" ") for link in page.one("nav", **{"aria-label": "Sections"}).all("a")]
    return {words: int(number) for words, _, number in links}


async def ids_of(api: httpx.AsyncClient) -> dict[str, str]:
    return {each["title"]: each["id"] for each in (await api.get("/v1/requests")).json()["items"]}


async def test_each_section_lists_what_its_number_counts(api: httpx.AsyncClient, clients: Any, clock: Any) -> None:
    await put_on_board(api, "Forgotten")
    await put_on_board(api, "Planned for ever", "planned")
    await clock.move_to(timedelta(days=91))
    staff = await clients.staff("default", "*")  # who was signed in before is not any more
    await put_on_board(api, "Brand new")
    await put_on_board(api, "Looked at", "under_review")
    await put_on_board(api, "Many want it", "under_review", votes=10)
    await put_on_board(api, "Shipped", "shipped")
    found = {}
    for show, words in (
        ("new", "new"),
        ("waiting", "under review"),
        ("suspicious", "suspicious"),
        ("links", "suggested links"),
        ("unsized", "not sized"),
        ("stale_open", "untriaged"),
        ("stale_planned", "planned for long"),
        ("stale_in_progress", "in progress for long"),
    ):
        page = page_of(await staff.get(TRIAGE, params={"show": show}))
        assert sections(page)[words] == len(titles(page)), show
        found[show] = titles(page)
    assert found == {
        "new": ["Brand new"],
        "waiting": ["Many want it", "Looked at"],
        "suspicious": [],
        "links": [],
        "unsized": ["Many want it"],
        "stale_open": ["Forgotten"],
        "stale_planned": ["Planned for ever"],
        "stale_in_progress": [],
    }
    counted = (await api.get("/v1/board/triage")).json()
    assert [(row["section"], row["title"]) for row in counted["first"]] == [
        (show, title) for show, listed in found.items() for title in listed
    ]


async def test_a_row_gets_its_status_and_its_size_where_it_stands(api: httpx.AsyncClient, staff: Any) -> None:
    await put_on_board(api, "Dark mode", votes=3)
    of = (await ids_of(api))["Dark mode"]
    sized = await submit(
        staff,
        form_of(page_of(await staff.get(TRIAGE)), f"/{of}/sizing"),
        impact="2",
        effort_weeks="1,5",
        note="As the last one.",
    )
    page = page_of(sized)
    assert (sized.url.path, said(page), titles(page)) == (TRIAGE, ["“Dark mode” has a priority of 4."], ["Dark mode"])
    after = await submit(staff, form_of(page, f"/{of}/status"), status="under_review")
    page = page_of(after)
    assert (after.url.path, after.url.params["show"]) == (TRIAGE, "new")
    assert (said(page), titles(page)) == (["“Dark mode” is under review."], [])


async def test_a_refusal_keeps_what_was_typed_beside_its_row(api: httpx.AsyncClient, staff: Any) -> None:
    await put_on_board(api, "Dark mode")
    await put_on_board(api, "Light mode")
    of = (await ids_of(api))["Dark mode"]
    page = page_of(await staff.get(TRIAGE))
    answer = await submit(staff, form_of(page, f"/{of}/status"), status="declined", reason="")
    assert answer.status_code == 422
    refused = page_of(answer)
    (opened,) = [each for each in refused.all("details") if "open" in each.attributes]
    assert "Dark mode" in opened.one("summary").text
    assert "only with a public reason" in opened.text
    size = await submit(staff, form_of(page, f"/{of}/sizing"), impact="2", effort_weeks="soon", note="A guess.")
    kept = form_of(page_of(size), f"/{of}/sizing")
    assert size.status_code == 422
    assert kept.one("input", name="effort_weeks").attributes["value"] == "soon"
    assert kept.one("textarea", name="note").text == "A guess."


async def test_what_somebody_else_moved_meanwhile_is_shown_again_with_the_words_that_were_typed(
    api: httpx.AsyncClient, staff: Any
) -> None:
    await put_on_board(api, "Dark mode")
    of = (await ids_of(api))["Dark mode"]
    page = page_of(await staff.get(TRIAGE))
    await api.put(f"/v1/requests/{of}/status", json={"status": "under_review"})
    answer = await submit(staff, form_of(page, f"/{of}/status"), status="planned", reason="In spring.")
    assert answer.status_code == 422
    refused = page_of(answer)
    assert titles(refused) == ["Dark mode"], "though it is in this section no more"
    assert form_of(refused, f"/{of}/status").one("textarea", name="reason").text == "In spring."


async def test_many_anonymous_votes_of_one_network_are_shown_with_what_they_were_for(
    api: httpx.AsyncClient, staff: Any, clients: Any, clock: Any
) -> None:
    path = await put_on_board(api, "Dark mode")
    for number in range(11):
        visitor = clients.visitor(address=f"203.0.113.{number}")
        await visitor.post(f"{path}/votes", data={"choice": "vote"})
        if number == 9:
            page = page_of(await staff.get(TRIAGE, params={"show": "suspicious"}))
            assert sections(page)["suspicious"] == 0, "ten votes of an office are no burst"
    elsewhere = clients.visitor(address="198.51.100.9")
    await elsewhere.post(f"{path}/votes", data={"choice": "vote"})
    page = page_of(await staff.get(TRIAGE, params={"show": "suspicious"}))
    assert sections(page)["suspicious"] == 1
    assert "11 votes within the hour of" in page.one("main").text
    assert "Dark mode" in page.one("main").text
    assert (await api.get("/v1/board/triage")).json()["vote_bursts"] == 1
    assert (await api.get("/v1/requests")).json()["items"][0]["votes"] == 12, "no vote is taken away"
    await clock.move_to(timedelta(days=8))
    assert (await api.get("/v1/board/triage")).json()["vote_bursts"] == 0


async def test_a_held_post_is_approved_or_removed_there(api: httpx.AsyncClient, staff: Any, clients: Any) -> None:
    await put_on_board(api, "Dark mode")
    visitor = clients.visitor()
    for title in ("First of them", "Second of them"):
        text = "https://a.example https://b.example https://c.example"
        await visitor.post("/b/default/requests", data={"title": title, "text": text})
    page = page_of(await staff.get(TRIAGE, params={"show": "suspicious"}))
    assert sections(page)["suspicious"] == 2
    approve = [form for form in page.all("form") if form.attributes["action"].endswith("/approve")]
    page = page_of(await submit(staff, approve[0]))
    assert (said(page), sections(page)["suspicious"]) == (["The post is on the board."], 1)
    refused = await submit(staff, form_of(page, "/remove"), reason="")
    assert refused.status_code == 422
    page = page_of(await submit(staff, form_of(page_of(refused), "/remove"), reason="Advertising."))
    assert (said(page), sections(page)["suspicious"]) == (["The post is removed."], 0)


async def test_the_roadmap_moves_without_dragging(api: httpx.AsyncClient, staff: Any) -> None:
    for title, status in (("Soon", "planned"), ("Now", "in_progress"), ("Done", "shipped"), ("Else", "open")):
        await put_on_board(api, title, status)
    page = page_of(await staff.get(ROADMAP))
    assert titles(page) == ["Soon", "Now", "Done"]
    of = (await ids_of(api))["Now"]
    back = await submit(staff, form_of(page, f"/{of}/status"), status="planned", reason="")
    assert back.status_code == 422, "a move back needs a reason that everybody reads"
    after = await submit(staff, form_of(page_of(back), f"/{of}/status"), status="planned", reason="It takes longer.")
    page = page_of(after)
    assert (after.url.path, said(page), titles(page)) == (ROADMAP, ["“Now” is planned."], ["Now", "Soon", "Done"])


async def test_who_may_only_read_sees_no_form_and_others_nothing(api: httpx.AsyncClient, clients: Any) -> None:
    await put_on_board(api, "Dark mode", "planned")
    await put_on_board(api, "Light mode")
    of = (await ids_of(api))["Light mode"]
    reader = await clients.staff("default", "board:read")
    stranger = await clients.staff("default", "scores:read")
    other = await clients.staff("other", "*")
    for path in (TRIAGE, ROADMAP):
        assert not page_of(await reader.get(path)).one("main").all("form")
        assert (await stranger.get(path)).status_code == 403
        assert titles(page_of(await other.get(path))) == []
        fields = {"revision": "1", "status": "under_review"}
        assert (await reader.post(f"{path}/{of}/status", data=fields)).status_code == 403
        gone = await other.post(f"{path}/{of}/status", data=fields, follow_redirects=True)
        assert said(page_of(gone)) == ["This is not here any more."]
    assert (await api.get(f"/v1/requests/{of}")).json()["status"] == "open"


async def test_hostile_words_stay_words(api: httpx.AsyncClient, staff: Any) -> None:
    await put_on_board(api, "<script>alert(1)</script>", "planned")
    await put_on_board(api, "<img src=x onerror=alert(2)>")
    for path in (TRIAGE, ROADMAP):
        text = (await staff.get(path)).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
