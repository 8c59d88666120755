"""The console's page of requests: what staff see, and what they can change."""

import httpx
import pytest

from plaudit.feedback_board.board.pages import console
from plaudit_testing.board_pages import Element, page_of, put_on_board, submit

pytestmark = pytest.mark.postgres


@pytest.fixture
async def staff(clients) -> httpx.AsyncClient:
    """A browser that is signed in with every scope."""
    return await clients.staff("default", "*")


async def page_of_request(browser: httpx.AsyncClient, api: httpx.AsyncClient, **parameters: str) -> Element:
    """The console's page of the newest request."""
    return page_of(await browser.get(await console_path(api), params=parameters))


async def console_path(api: httpx.AsyncClient) -> str:
    newest = (await api.get("/v1/requests", params={"sort": "newest"})).json()["items"][0]
    return f"/console/requests/{newest['id']}"


def form_of(page: Element, name: str) -> Element:
    """The form whose address ends so."""
    (found,) = [form for form in page.all("form") if form.attributes["action"].partition("?")[0].endswith(f"/{name}")]
    return found


def said(page: Element) -> list[str]:
    return [each.text for role in ("status", "alert") for each in page.all(role=role)]


def titles(page: Element) -> list[str]:
    return [link.text for link in page.all("a", class_="name")]


async def test_the_undecided_requests_stand_in_the_order_of_priority_and_others_can_be_shown(
    api: httpx.AsyncClient, staff
) -> None:
    await put_on_board(api, "Little", votes=3, size=(1, 3))
    await put_on_board(api, "Much", "under_review", votes=2, size=(3, 1))
    await put_on_board(api, "Later", "planned")
    await put_on_board(api, "Unsized", votes=9)
    page = page_of(await staff.get("/console/requests"))
    assert titles(page) == ["Much", "Little", "Unsized"]
    assert page.one("h2", id="selected").text == "Much"
    figures = {each.one("dt").text: each.one("dd").text for each in page.one("dl", class_="strip").all("div")}
    assert list(figures.values()) == ["2", "1", "1", "0", "0"]
    assert titles(page_of(await staff.get("/console/requests?show=planned"))) == ["Later"]
    assert len(titles(page_of(await staff.get("/console/requests?show=all")))) == 4


async def test_the_list_goes_on_by_cursor_and_keeps_what_is_shown(
    api: httpx.AsyncClient, staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "ROWS", 2)
    for number in range(3):
        await put_on_board(api, f"Request {number}", "planned", votes=3 - number)
    first = page_of(await staff.get("/console/requests?show=planned"))
    assert titles(first) == ["Request 0", "Request 1"]
    (more,) = first.one("nav", class_="pager").all("a")
    second = page_of(await staff.get(f"{more.attributes['href']}"))
    assert titles(second) == ["Request 2"]
    assert [link.text for link in second.one("nav", class_="pager").all("a")] == ["First page"]
    for show in ("shipped", "all"):
        other = f"{more.attributes['href']}".replace("show=planned", f"show={show}")
        assert (await staff.get(other)).status_code == 422, "a cursor is of one list only"


async def test_a_status_is_set_with_its_reason_and_the_next_page_says_so_once(api: httpx.AsyncClient, staff) -> None:
    path = await put_on_board(api, "Dark mode")
    form = form_of(await page_of_request(staff, api, show="all"), "status")
    after = page_of(await submit(staff, form, status="planned", reason="Many ask for it."))
    assert said(after) == ["“Dark mode” is planned."]
    assert said(await page_of_request(staff, api)) == []
    assert "Many ask for it." in (await staff.get(path)).text
    entries = (await api.get(f"/v1/requests/{(await console_path(api)).rpartition('/')[2]}/activity")).json()["items"]
    assert entries[0]["actor"].startswith("key:")


async def test_only_statuses_that_can_follow_are_offered(api: httpx.AsyncClient, staff) -> None:
    await put_on_board(api, "Dark mode", "shipped")
    form = form_of(await page_of_request(staff, api), "status")
    assert [option.attributes["value"] for option in form.all("option")] == ["in_progress"]


async def test_a_status_without_the_reason_that_it_needs_says_so_beside_the_field(
    api: httpx.AsyncClient, staff
) -> None:
    await put_on_board(api, "Dark mode")
    form = form_of(await page_of_request(staff, api), "status")
    refused = page_of(await submit(staff, form, status="declined", reason=""))
    assert "only with a public reason" in form_of(refused, "status").one(id="reason-error").text
    await submit(staff, form, status="planned", reason="")
    assert (await api.get("/v1/requests")).json()["items"][0]["status"] == "planned"


async def test_an_error_stands_beside_its_field_and_what_was_typed_is_kept(api: httpx.AsyncClient, staff) -> None:
    await put_on_board(api, "Dark mode")
    page = await page_of_request(staff, api)
    refused = await submit(staff, form_of(page, "status"), status="declined", reason="no")
    assert refused.status_code == 422
    after = form_of(page_of(refused), "status")
    assert after.one(id="reason-error").text == "Reason must have 3 to 2000 characters; it has 2."
    assert after.one("textarea").text == "no"
    assert [option.text for option in after.all("option") if "selected" in option.attributes] == ["Declined"]
    for impact, effort, field in (
        ("1", "", "effort"),
        ("", "2", "impact"),
        ("7", "2", "impact"),
        ("1", "NaN", "effort"),
    ):
        refused = await submit(staff, form_of(page, "sizing"), impact=impact, effort_weeks=effort)
        assert refused.status_code == 422
        assert page_of(refused).one(class_="error").attributes["id"] == f"{field}-error"
    assert (await api.get("/v1/requests")).json()["items"][0]["impact"] is None


async def test_a_size_is_set_and_taken_back(api: httpx.AsyncClient, staff) -> None:
    await put_on_board(api, "Dark mode", votes=3)
    form = form_of(await page_of_request(staff, api), "sizing")
    after = page_of(await submit(staff, form, impact="2", effort_weeks="1,5"))
    assert said(after) == ["“Dark mode” has a priority of 4."]
    assert "2 × 3 ÷ 1.5 = 4" in after.text
    after = page_of(await submit(staff, form_of(after, "sizing"), impact="", effort_weeks=""))
    assert said(after) == ["“Dark mode” is not sized any more."]


async def test_a_form_that_is_older_than_the_request_changes_nothing(api: httpx.AsyncClient, staff) -> None:
    await put_on_board(api, "Dark mode")
    page = await page_of_request(staff, api)
    await submit(staff, form_of(page, "status"), status="planned", reason="We want it.")
    late = await submit(staff, form_of(page, "status"), status="declined", reason="We do not want it.")
    assert late.status_code == 422
    assert "has changed since you read it" in page_of(late).one(id="status-error").text
    assert (await api.get("/v1/requests")).json()["items"][0]["status"] == "planned"


async def test_a_key_that_only_reads_sees_no_form_and_may_send_none(api: httpx.AsyncClient, clients) -> None:
    await put_on_board(api, "Dark mode")
    reader = await clients.staff("default", "board:read")
    page = await page_of_request(reader, api)
    assert [form.attributes["action"] for form in page.all("form")] == ["/sign-out"]
    sent = {"revision": "1", "status": "planned", "reason": "Because."}
    answer = await reader.post(f"{await console_path(api)}/status", data=sent)
    assert "add, size and answer requests" in answer.text
    assert (await api.get("/v1/requests")).json()["items"][0]["status"] == "open"


async def test_another_tenants_request_is_not_there(api: httpx.AsyncClient, clients) -> None:
    await put_on_board(api, "Dark mode")
    stranger = await clients.staff("stranger", "*")
    assert (await stranger.get(await console_path(api))).status_code == 404
    sent = {"revision": "1", "status": "planned", "reason": "Because."}
    assert (await stranger.post(f"{await console_path(api)}/status", data=sent)).status_code == 404
    assert titles(page_of(await stranger.get("/console/requests?show=all"))) == []


async def test_without_a_session_the_console_is_a_form_and_a_form_from_elsewhere_is_refused(
    api: httpx.AsyncClient, clients, staff
) -> None:
    await put_on_board(api, "Dark mode")
    path = await console_path(api)
    visitor = clients.visitor()
    assert page_of(await visitor.get(path)).one("form").attributes["action"] == "/sign-in"
    sent = {"revision": "1", "status": "planned", "reason": "Because."}
    assert (await visitor.post(f"{path}/status", data=sent)).status_code in {200, 401}
    foreign = await staff.post(f"{path}/status", data=sent, headers={"sec-fetch-site": "cross-site"})
    assert foreign.status_code == 403
    assert (await api.get("/v1/requests")).json()["items"][0]["status"] == "open"


async def test_the_public_board_says_nothing_of_whoever_is_signed_in(api: httpx.AsyncClient, staff) -> None:
    await put_on_board(api, "Dark mode")
    page = (await staff.get("/b/default")).text
    assert "Sign out" not in page
    assert "/console" not in page
