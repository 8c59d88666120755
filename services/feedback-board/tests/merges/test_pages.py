"""Merges on the console's pages and on the public ones."""

import httpx
import pytest

from plaudit_testing.board_pages import Element, page_of, put_on_board, submit

pytestmark = pytest.mark.postgres


@pytest.fixture
async def staff(clients) -> httpx.AsyncClient:
    """A browser that is signed in with every scope."""
    browser: httpx.AsyncClient = await clients.staff("default", "*")
    return browser


async def console_path(api: httpx.AsyncClient, public_path: str) -> str:
    for parameters in ({}, {"merged": "true"}):
        for each in (await api.get("/v1/requests", params=parameters)).json()["items"]:
            if each["page"] == public_path:
                return f"/console/requests/{each['id']}"
    raise AssertionError(f"no request is at {public_path}")


def form_of(page: Element, name: str) -> Element:
    (found,) = [form for form in page.all("form") if form.attributes["action"].endswith(f"/{name}")]
    return found


def posted(page: Element) -> Element:
    (found,) = [form for form in page.all("form", method="post") if form.attributes["action"].endswith("/merge")]
    return found


async def test_staff_merge_with_a_preview_and_undo_it(api: httpx.AsyncClient, staff) -> None:
    merged = await put_on_board(api, "Deposit back at once", votes=2)
    root = await put_on_board(api, "Refund the deposit", votes=3)
    path = await console_path(api, merged)
    shown = page_of(await staff.get(path))
    (way,) = [link for link in shown.all("a") if link.text == "Merge it into another request"]
    asked = page_of(await staff.get(way.attributes["href"]))
    assert asked.all("table") == []
    preview = page_of(await staff.get(way.attributes["href"], params={"into": f"https://board.example{root}?notice=x"}))
    first = preview.one("tbody").all("tr")[0]
    assert [cell.text for cell in first.all("td")] == ["2", "3", "3"]
    after = await submit(staff, posted(preview), reason="Both ask for the same.")
    page = page_of(after)
    assert [each.text for each in page.all(role="status")] == [
        "“Deposit back at once” is merged into “Refund the deposit”."
    ]
    assert "“Deposit back at once” was merged into this request: Both ask for the same." in page.text
    assert [link.text for link in page.one(id="selected").parent.parent.all("a") if link.attributes["href"] == path]
    taken_out = page_of(await staff.get(path))
    assert not [form for form in taken_out.all("form") if form.attributes["action"].endswith(("/status", "/sizing"))]
    undone = page_of(await submit(staff, form_of(taken_out, "unmerge")))
    assert "“Deposit back at once” is a request of its own again." in undone.text
    assert form_of(undone, "status")


async def test_a_merge_that_cannot_be_is_explained_beside_its_field(api: httpx.AsyncClient, staff) -> None:
    one, two = await put_on_board(api, "One"), await put_on_board(api, "Two")
    path, other = await console_path(api, one), await console_path(api, two)
    for named, words in ((one, "cannot be merged into itself"), ("nothing like it", "no such request")):
        answer = await staff.get(f"{path}/merge", params={"into": named})
        assert answer.status_code == 422
        page = page_of(answer)
        assert words in page.one(id="into-error").text
        assert page.one("input", id="into").attributes["value"] == named
    form = posted(page_of(await staff.get(f"{path}/merge", params={"into": other})))
    refused = await submit(staff, form, reason="no")
    assert refused.status_code == 422
    page = page_of(refused)
    assert page.one("textarea").text == "no"
    assert "3 to 2000 characters" in page.one(id="reason-error").text


async def test_the_pages_of_a_merged_request_lead_to_its_root_until_the_merge_is_undone(
    api: httpx.AsyncClient, clients
) -> None:
    merged, root = await put_on_board(api, "Deposit back at once"), await put_on_board(api, "Refund the deposit")
    ids = [(await console_path(api, each)).rpartition("/")[2] for each in (merged, root)]
    await api.put(f"/v1/requests/{ids[0]}/merge", json={"into": ids[1], "reason": "The same <b>thing</b>."})
    visitor = clients.visitor()
    led = await visitor.get(merged)
    assert (led.status_code, led.headers["location"]) == (303, f"{root}?notice=merged")
    assert led.headers["cache-control"] == "no-store"
    page = page_of(await visitor.get(led.headers["location"]))
    assert "is merged into this one" in page.one(class_="notice").text
    assert "“Deposit back at once” was merged into this request: The same <b>thing</b>." in page.text
    voted = await visitor.post(f"{merged}/votes", data={"choice": "vote"})
    assert (voted.status_code, voted.headers["location"]) == (303, f"{root}?notice=merged")
    assert (await api.get(f"/v1/requests/{ids[1]}")).json()["votes"] == 0
    assert merged not in (await visitor.get("/b/default")).text
    await api.delete(f"/v1/requests/{ids[0]}/merge")
    assert (await visitor.get(merged)).status_code == 200
    assert "is a request of its own again" in (await visitor.get(root)).text


async def test_one_who_voted_for_the_merged_one_sees_the_vote_at_the_root_and_can_take_it_back(
    api: httpx.AsyncClient, clients
) -> None:
    merged, root = await put_on_board(api, "Deposit back at once"), await put_on_board(api, "Refund the deposit")
    ids = [(await console_path(api, each)).rpartition("/")[2] for each in (merged, root)]
    visitor = clients.visitor()
    await visitor.post(f"{merged}/votes", data={"choice": "vote"})
    await api.put(f"/v1/requests/{ids[0]}/merge", json={"into": ids[1], "reason": "The same."})
    page = page_of(await visitor.get(root))
    assert page.one("form", action=f"{root}/votes").text == "Take back your vote"
    await submit(visitor, page.one("form", action=f"{root}/votes"))
    assert (await api.get(f"/v1/requests/{ids[1]}")).json()["votes"] == 0
    assert page_of(await visitor.get(root)).one("form", action=f"{root}/votes").text == "Vote for this"
