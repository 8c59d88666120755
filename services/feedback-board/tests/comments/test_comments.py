"""Comments and official responses: over the API, and from the public pages without scripts."""

from datetime import timedelta

import httpx
import pytest

from plaudit_testing.board_pages import BOARD, page_of, put_on_board, submit

pytestmark = pytest.mark.postgres

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "{{ 7 * 7 }} ${7*7}",
    "a\u200bb\u2060c",
    "ש" * 20,
    "e" + "\u0301" * 50,
]


def form_of(page):
    return page.one("section", id="comments").one("form")


async def say(visitor: httpx.AsyncClient, path: str, text: str, **more: str) -> httpx.Response:
    return await submit(visitor, form_of(page_of(await visitor.get(path))), text=text, **more)


def texts(page) -> list[str]:
    return [each.text for each in page.one("section", id="comments").all("article")]


async def test_a_comment_stands_on_the_page_under_a_name_or_as_one_of_a_visitor(api, clients, outbox) -> None:
    path = await put_on_board(api, "Dark mode")
    visitor, other = clients.visitor(), clients.visitor()
    await say(visitor, path, "Please.", name="Anna")
    page = page_of(await say(other, path, "Me too."))
    assert [text.split()[0] for text in texts(page)] == ["Anna", "A"]
    assert "Please." in texts(page)[0]
    assert (await outbox.types())[-2:] == ["comment.created"] * 2
    for event in await outbox.events():
        assert "Please." not in str(event)
        assert "visitor:" not in str(event)


async def test_a_form_sent_twice_makes_one_comment(api, clients) -> None:
    path = await put_on_board(api, "Dark mode")
    visitor = clients.visitor()
    form = form_of(page_of(await visitor.get(path)))
    for _ in range(2):
        page = page_of(await submit(visitor, form, text="Please."))
    assert len(texts(page)) == 1


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_hostile_comment_is_text_and_nothing_else(api, clients, text: str) -> None:
    path = await put_on_board(api, "Dark mode")
    answer = await say(clients.visitor(), path, f"Words {text}", name="Anna")
    assert answer.status_code == 200
    page = page_of(answer)
    assert not [each for each in page.all("img") if "onerror" in each.attributes]
    assert "alert(1)" not in "".join(each.text for each in page.all("script"))
    (comment,) = page.one("section", id="comments").all("article")
    assert all(each.attributes.get("dir") == "auto" for each in comment.all("p") if "Words" in each.text)


@pytest.mark.parametrize("text", ["", "\u200b\u2060", "x" * 20_000, "turned \u202e round"])
async def test_a_refused_comment_comes_back_with_its_words(api, clients, text: str) -> None:
    path = await put_on_board(api, "Dark mode")
    answer = await say(clients.visitor(), path, text, name="Anna")
    assert answer.status_code == 422
    page = page_of(answer)
    assert page.one("input", name="name").attributes["value"] == "Anna"
    assert page.one("textarea").text == " ".join(text.split())
    assert texts(page_of(await clients.visitor().get(path))) == []


async def test_a_comment_of_a_megabyte_is_refused_before_it_is_read(api, clients) -> None:
    path = await put_on_board(api, "Dark mode")
    assert (await say(clients.visitor(), path, "x" * 1_000_000)).status_code == 413
    assert texts(page_of(await clients.visitor().get(path))) == []


@pytest.mark.settings(comments_per_hour_per_network=1)
async def test_a_comment_past_the_budget_comes_back_with_its_words_and_says_when(api, clients) -> None:
    path = await put_on_board(api, "Dark mode")
    visitor = clients.visitor()
    await say(visitor, path, "First.")
    answer = await say(visitor, path, "A long second one.")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert page_of(answer).one("textarea", name="text").text == "A long second one."


async def test_an_author_edits_and_takes_back_within_ten_minutes_and_nobody_else(api, clients, clock) -> None:
    path = await put_on_board(api, "Dark mode")
    visitor, other = clients.visitor(), clients.visitor()
    page = page_of(await say(visitor, path, "Pleese."))
    await say(other, path, "Other words.")
    (link,) = [each for each in page.one("section", id="comments").all("a") if "Edit" in each.text]
    address = link.attributes["href"]
    edit = {"choice": "edit", "text": "Please."}
    assert (await other.get(address)).status_code == 404
    assert (await other.post(address, data=edit)).status_code == 404
    after = page_of(await visitor.post(address, data=edit, follow_redirects=True))
    assert "Please." in texts(after)[0]
    assert "edited" in texts(after)[0]
    await clock.move_to(timedelta(minutes=11))
    late = await visitor.post(address, data={"choice": "edit", "text": "Too late."})
    assert late.status_code == 409
    assert "within 10 minutes" in late.text
    await clock.move_to(timedelta(0))
    gone = page_of(await visitor.post(address, data={"choice": "take_back"}, follow_redirects=True))
    assert len(texts(gone)) == 1


async def test_an_author_edits_a_request_and_takes_it_back(api, clients, clock, outbox) -> None:
    visitor, other = clients.visitor(), clients.visitor()
    form = page_of(await visitor.get(BOARD)).one("section", id="make-a-request").one("form")
    made = await submit(visitor, form, title="Dark moode", name="Anna")
    path = str(made.url.path)
    assert "Anna made this request." in page_of(made).text
    assert (await other.post(f"{path}/edit", data={"choice": "take_back"})).status_code == 404
    edited = await visitor.post(f"{path}/edit", data={"choice": "edit", "title": "Dark mode"}, follow_redirects=True)
    assert page_of(edited).one("h1").text == "Dark mode"
    await clock.move_to(timedelta(minutes=11))
    assert (await visitor.post(f"{path}/edit", data={"choice": "take_back"})).status_code == 422
    await clock.move_to(timedelta(0))
    assert (await visitor.post(f"{path}/edit", data={"choice": "take_back"})).status_code == 303
    assert (await visitor.get(path)).status_code == 404
    assert (await api.get("/v1/requests")).json()["items"] == []
    assert (await outbox.types())[-2:] == ["request.edited", "request.removed"]


async def test_pages_of_comments_visit_each_once_while_others_come(api, request_path: str) -> None:
    for number in range(5):
        await api.post(f"{request_path}/comments", json={"text": f"Comment {number}"})
    seen, cursor = [], None
    while True:
        parameters = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await api.get(f"{request_path}/comments", params=parameters)).json()
        seen += [item["text"] for item in page["items"]]
        if len(seen) == 2:
            await api.post(f"{request_path}/comments", json={"text": "Late"})
        if (cursor := page["next"]) is None:
            break
    assert seen == [*(f"Comment {number}" for number in range(5)), "Late"]


async def test_staff_comments_are_marked_and_so_are_their_edits(api, request_path: str, clients) -> None:
    made = (await api.post(f"{request_path}/comments", json={"text": "We look.", "name": "Ada"})).json()
    assert (made["by_staff"], made["person"]) == (True, None)
    of_person = {"text": "Swear word.", "person": "native:anna", "name": "Anna"}
    other = (await api.post(f"{request_path}/comments", json=of_person)).json()
    await api.patch(f"{request_path}/comments/{other['id']}", json={"text": "Word."})
    slug = (await api.get(request_path)).json()["slug"]
    shown = texts(page_of(await clients.visitor().get(f"{BOARD}/r/{slug}")))
    assert "Team" in shown[0]
    assert "edited by the team" in shown[1]
    assert "native:anna" not in (await clients.visitor().get(f"{BOARD}/r/{slug}")).text
    await api.delete(f"{request_path}/comments/{other['id']}")
    assert len((await api.get(f"{request_path}/comments")).json()["items"]) == 1


async def test_the_official_response_is_one_and_its_revisions_are_kept(api, request_path: str, clients, outbox) -> None:
    address = f"{request_path}/official-response"
    for text in ("We think about it.", "We build it.", "We build it."):
        assert (await api.put(address, json={"text": text})).status_code == 200
    listed = (await api.get(address)).json()["items"]
    assert [(each["revision"], each["text"]) for each in listed] == [(2, "We build it."), (1, "We think about it.")]
    slug = (await api.get(request_path)).json()["slug"]
    page = page_of(await clients.visitor().get(f"{BOARD}/r/{slug}"))
    assert "We build it." in page.one("section", class_="response").text
    assert (await api.delete(address)).status_code == 204
    page = page_of(await clients.visitor().get(f"{BOARD}/r/{slug}"))
    assert page.all("section", class_="response") == []
    assert (await outbox.types()).count("response.published") == 3


async def test_another_tenants_comments_are_not_found(api, request_path: str, clients) -> None:
    made = (await api.post(f"{request_path}/comments", json={"text": "Ours."})).json()
    other = await clients.with_key("other", "*")
    answers = [
        await other.get(f"{request_path}/comments"),
        await other.post(f"{request_path}/comments", json={"text": "Theirs."}),
        await other.patch(f"{request_path}/comments/{made['id']}", json={"text": "Theirs."}),
        await other.delete(f"{request_path}/comments/{made['id']}"),
        await other.put(f"{request_path}/official-response", json={"text": "Theirs."}),
        await other.post(f"/v1/moderation/posts/comment/{made['id']}/remove", json={"reason": "Not ours."}),
        await other.post(f"/v1/moderation/posts/request/{made['request_id']}/approve"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 7


async def test_a_comment_counts_only_when_our_own_page_sent_it(api, clients) -> None:
    path = await put_on_board(api, "Dark mode")
    foreign = clients.visitor(headers={"sec-fetch-site": "cross-site"})
    assert (await foreign.post(f"{path}/comments", data={"text": "Please."})).status_code == 403
    assert texts(page_of(await clients.visitor().get(path))) == []
