"""Comments of requests that are merged: they are shown and changed at the root."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from plaudit.common.db import lock
from plaudit.common.outbox import UnitOfWork
from plaudit.feedback_board.comments import commands
from plaudit.feedback_board.requests.commands import request_key
from plaudit_testing.board_pages import BOARD, Element, page_of, submit
from plaudit_testing.problems import problem_of

pytestmark = pytest.mark.postgres

LINKS = "https://a.example https://b.example https://c.example"


async def make(api: httpx.AsyncClient, title: str) -> dict[str, str]:
    made: dict[str, str] = (await api.post("/v1/requests", json={"title": title})).json()
    return made


async def merge(api: httpx.AsyncClient, request: dict[str, str], into: dict[str, str]) -> None:
    body = {"into": into["id"], "reason": "Both ask for the same."}
    assert (await api.put(f"/v1/requests/{request['id']}/merge", json=body)).status_code == 200


async def say(api: httpx.AsyncClient, request: dict[str, str], text: str) -> httpx.Response:
    said = {"text": text, "name": "Anna", "person": "native:anna"}
    return await api.post(f"/v1/requests/{request['id']}/comments", json=said)


async def talk_of(visitor: httpx.AsyncClient, request: dict[str, str]) -> Element:
    page = page_of(await visitor.get(f"{BOARD}/r/{request['slug']}", follow_redirects=True))
    return page.one("section", id="comments")


async def texts(api: httpx.AsyncClient, request: dict[str, str]) -> list[str]:
    answer = await api.get(f"/v1/requests/{request['id']}/comments")
    return [item["text"] for item in answer.json()["items"]]


async def test_the_root_shows_the_comments_of_its_set_with_the_titles_of_where_they_were_made(api, clients) -> None:
    root, merged = await make(api, "Dark mode"), await make(api, "Night colours")
    await say(api, merged, "At night, please.")
    await say(api, root, "In the dark, please.")
    await merge(api, merged, root)
    talk = await talk_of(clients.visitor(), merged)
    assert talk.one("h2").text == "Comments 2"
    first, second = [each.text for each in talk.all("article")]
    assert "Night colours" in first
    assert "Dark mode" not in second
    assert await texts(api, root) == ["At night, please.", "In the dark, please."]
    assert await texts(api, merged) == ["At night, please."]
    await api.delete(f"/v1/requests/{merged['id']}/merge")
    assert await texts(api, root) == ["In the dark, please."]


async def test_pages_of_comments_of_a_set_visit_each_once_in_order(api) -> None:
    root, *others = [await make(api, f"Request {number}") for number in range(3)]
    for number in range(7):
        await say(api, [root, *others][number % 3], f"Comment {number}")
    for other in others:
        await merge(api, other, root)
    seen, cursor = [], None
    while True:
        parameters = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await api.get(f"/v1/requests/{root['id']}/comments", params=parameters)).json()
        seen += [item["text"] for item in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert seen == [f"Comment {number}" for number in range(7)]


async def test_a_merged_request_takes_no_comments_and_the_form_comes_back_at_the_root_with_its_words(
    api, clients
) -> None:
    root, merged = await make(api, "Dark mode"), await make(api, "Night colours")
    visitor = clients.visitor()
    form = (await talk_of(visitor, merged)).one("form")
    await merge(api, merged, root)
    assert problem_of(await say(api, merged, "Please.")) == (409, "request-merged")
    answer = await submit(visitor, form, text="Long words about the night.", name="Anna")
    assert answer.status_code == 409
    again = page_of(answer).one("form")
    assert again.one("textarea").text == "Long words about the night."
    assert await texts(api, root) == []
    await submit(visitor, again)
    assert await texts(api, root) == ["Long words about the night."]


@pytest.mark.parametrize("choice", ["edit", "take_back"])
async def test_an_author_changes_a_comment_that_was_merged_meanwhile(api, clients, choice: str) -> None:
    root, merged = await make(api, "Dark mode"), await make(api, "Night colours")
    visitor = clients.visitor()
    await submit(visitor, (await talk_of(visitor, merged)).one("form"), text="Pleese.")
    (link,) = [each for each in (await talk_of(visitor, merged)).all("a") if "Edit" in each.text]
    old = link.attributes["href"]
    await merge(api, merged, root)
    (link,) = [each for each in (await talk_of(visitor, root)).all("a") if "Edit" in each.text]
    assert (await visitor.get(old)).status_code == 200
    answer = await visitor.post(link.attributes["href"], data={"choice": choice, "text": "Please."})
    assert answer.status_code == 303
    assert await texts(api, root) == (["Please."] if choice == "edit" else [])


async def test_staff_change_comments_of_a_set_at_the_root(api) -> None:
    root, merged = await make(api, "Dark mode"), await make(api, "Night colours")
    comment = (await say(api, merged, "Swear word.")).json()
    held = (await say(api, merged, LINKS)).json()
    await merge(api, merged, root)
    at_root = f"/v1/requests/{root['id']}/comments/{comment['id']}"
    assert (await api.patch(at_root, json={"text": "Word."})).json()["text"] == "Word."
    at_merged = at_root.replace(root["id"], merged["id"])
    assert problem_of(await api.delete(at_merged)) == (409, "request-merged")
    for act, body, left in (
        ("approve", None, ["Word.", LINKS]),
        ("remove", {"reason": "Advertises a shop."}, ["Word."]),
    ):
        answer = await api.post(f"/v1/moderation/posts/comment/{held['id']}/{act}", json=body)
        assert answer.status_code == 200
        assert await texts(api, root) == left


async def test_a_root_of_others_stays_on_the_board_and_what_is_held_is_merged_into_nothing(api, clients) -> None:
    visitor = clients.visitor()
    form = page_of(await visitor.get(BOARD)).one("section", id="make-a-request").one("form")
    made = await submit(visitor, form, title="Dark mode")
    (root,) = (await api.get("/v1/requests")).json()["items"]
    merged = await make(api, "Night colours")
    await merge(api, merged, root)
    remove = f"/v1/moderation/posts/request/{root['id']}/remove"
    refused = await api.post(remove, json={"reason": "Advertises a shop."})
    assert problem_of(refused) == (409, "requests-merged-into-it")
    for typed in ({"choice": "take_back"}, {"choice": "edit", "title": f"Dark mode {LINKS}", "text": "Words."}):
        answer = await visitor.post(f"{made.url.path}/edit", data=typed)
        assert answer.status_code == 422
        assert "Other requests are merged into this one" in answer.text
    assert (await api.get("/v1/moderation/queue")).json()["items"] == []
    staff = await clients.staff("default", "*")
    console = page_of(await staff.get("/console/moderation"))
    token = next(each for each in console.all("input") if each.attributes.get("type") == "hidden").attributes
    fields = {token["name"]: token["value"], "reason": "Advertises a shop."}
    said = await staff.post(f"/console/moderation/request/{root['id']}/remove", data=fields, follow_redirects=True)
    assert "Other requests are merged into this one" in page_of(said).text
    await api.delete(f"/v1/requests/{merged['id']}/merge")
    assert (await api.post(remove, json={"reason": "Advertises a shop."})).status_code == 200
    body = {"into": root["id"], "reason": "Both ask for the same."}
    assert (await api.put(f"/v1/requests/{merged['id']}/merge", json=body)).status_code == 404


async def test_an_authors_edit_of_a_request_that_was_merged_meanwhile_keeps_its_words(api, clients) -> None:
    visitor = clients.visitor()
    form = page_of(await visitor.get(BOARD)).one("section", id="make-a-request").one("form")
    made = await submit(visitor, form, title="Night colours")
    (merged,) = (await api.get("/v1/requests")).json()["items"]
    await merge(api, merged, await make(api, "Dark mode"))
    typed = {"choice": "edit", "title": "Night colours", "text": "Long words."}
    answer = await visitor.post(f"{made.url.path}/edit", data=typed)
    assert answer.status_code == 422
    page = page_of(answer)
    assert "Long words." in page.text
    assert "merged into another one" in page.one(role="alert").text


async def test_an_erasure_waits_for_who_changes_the_comments_of_the_root(api, worker, resources) -> None:
    root, merged = await make(api, "Dark mode"), await make(api, "Night colours")
    await say(api, merged, "My number is 1.")
    await merge(api, merged, root)

    async def erase() -> int:
        async with worker.transaction() as tx:
            work = UnitOfWork(tx, resources.outbox, resources.ids)
            return await commands.erase(work, "default", "native:anna", datetime.now(UTC) + timedelta(days=1), 10)

    async with worker.transaction() as tx:
        await lock(tx, [request_key("default", UUID(root["id"]))])
        erasing = asyncio.create_task(erase())
        while not await tx.raw.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
            assert not erasing.done(), "it did not wait"
            await asyncio.sleep(0.01)
    assert await erasing == 1
    assert await texts(api, root) == [""]
