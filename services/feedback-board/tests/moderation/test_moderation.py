"""What is held, and what staff do about it."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from plaudit_testing.board_pages import BOARD, page_of, put_on_board, submit

pytestmark = pytest.mark.postgres

LINKS = "https://a.example https://b.example https://c.example"


async def ask(visitor: httpx.AsyncClient, title: str, **more: str) -> httpx.Response:
    form = page_of(await visitor.get(BOARD)).one("section", id="make-a-request").one("form")
    return await submit(visitor, form, title=title, **more)


async def queue(api: httpx.AsyncClient) -> list[dict]:
    return (await api.get("/v1/moderation/queue")).json()["items"]


async def test_a_held_request_is_seen_by_its_author_alone_and_counts_nowhere(api, clients, outbox, recount) -> None:
    visitor, other = clients.visitor(), clients.visitor()
    answer = await ask(visitor, "Cheap pumps", text=LINKS)
    assert "waits for a look" in page_of(answer).text
    path = answer.url.path
    assert (await other.get(path)).status_code == 404
    assert (await other.post(f"{path}/votes", data={"choice": "vote"})).status_code == 404
    assert (await visitor.post(f"{path}/votes", data={"choice": "vote"})).status_code == 404
    assert "Cheap pumps" not in (await other.get(BOARD)).text
    feed = f"{BOARD}/feeds/requests/{path.rpartition('/')[2]}.atom"
    assert (await visitor.get(feed)).status_code == 404, (
        "no feed, not for its author either: others keep copies of feeds"
    )
    for address in ("feeds/requests.atom", "requests.json", "sitemap.xml"):
        assert "heap" not in (await visitor.get(f"{BOARD}/{address}")).text
    (post,) = await queue(api)
    assert (post["kind"], post["reasons"]) == ("request", ["links"])
    assert (await api.get(f"/v1/requests/{post['id']}")).status_code == 404
    assert (await api.post(f"/v1/requests/{post['id']}/votes", json={"person": "native:a"})).status_code == 404
    assert (await api.get("/v1/requests")).json()["items"] == []
    assert await recount() == 0
    assert await outbox.types() == []


async def test_an_approved_request_is_told_and_has_its_authors_vote(api, clients, outbox) -> None:
    answer = await ask(clients.visitor(), "Cheap pumps", text=LINKS)
    (post,) = await queue(api)
    for _ in range(2):
        assert (await api.post(f"/v1/moderation/posts/request/{post['id']}/approve")).status_code == 200
    assert await queue(api) == []
    assert (await clients.visitor().get(answer.url.path)).status_code == 200
    shown = (await api.get(f"/v1/requests/{post['id']}")).json()
    assert (shown["votes"], shown["anonymous_votes"], shown["reach"], shown["anonymous_reach"]) == (1, 1, 0, 1)
    assert await outbox.types() == ["request.created", "request.voted"]
    log = (await api.get("/v1/moderation/log")).json()["items"]
    assert [(entry["action"], entry["actor"][:4]) for entry in log] == [("approved", "key:")]


async def test_a_removed_request_is_nowhere_and_comes_back_with_its_votes(api, request_path: str, clients) -> None:
    await api.post(f"{request_path}/votes", json={"person": "native:anna"})
    request = (await api.get(request_path)).json()
    post = f"/v1/moderation/posts/request/{request['id']}"
    assert (await api.post(f"{post}/remove", json={"reason": "Advertises a shop."})).status_code == 200
    assert (await api.get(request_path)).status_code == 404
    assert (await clients.visitor().get(f"{BOARD}/r/{request['slug']}")).status_code == 404
    assert (await api.post(f"{post}/approve")).status_code == 200
    assert (await api.get(request_path)).json()["votes"] == 1


async def test_a_held_comment_is_seen_by_its_author_alone(api, clients, outbox) -> None:
    path = await put_on_board(api, "Dark mode")
    visitor, other = clients.visitor(), clients.visitor()
    form = page_of(await visitor.get(path)).one("section", id="comments").one("form")
    page = page_of(await submit(visitor, form, text=LINKS))
    assert "Only you see this." in page.text
    assert "a.example" not in (await other.get(path)).text
    (post,) = await queue(api)
    assert (await api.get(f"/v1/requests/{post['request_id']}/comments")).json()["items"] == []
    assert "comment.created" not in await outbox.types()
    await api.post(f"/v1/moderation/posts/comment/{post['id']}/approve")
    assert "a.example" in (await other.get(path)).text
    assert (await outbox.types())[-1] == "comment.created"


@pytest.mark.settings(least_form_seconds=2)
async def test_a_form_that_was_not_shown_or_comes_back_at_once_twice_is_held(api, clients) -> None:
    await clients.visitor().post(f"{BOARD}/requests", data={"title": "Without a form"})
    visitor = clients.visitor()
    form = page_of(await ask(visitor, "Too fast")).one("section", id="make-a-request").one("form")
    await submit(visitor, form)
    assert [post["reasons"] for post in await queue(api)] == [["too_fast"]] * 2


@pytest.mark.settings(least_form_seconds=2)
async def test_a_request_that_comes_back_at_once_is_shown_again_with_its_words_and_then_taken(
    api, clients, clock
) -> None:
    visitor = clients.visitor()
    answer = await ask(visitor, "Filled in by the browser", text="With long words.", name="Anna")
    assert answer.status_code == 422
    form = page_of(answer).one("section", id="make-a-request").one("form")
    assert "Nothing is posted yet" in form.one(role="alert").text
    assert await queue(api) == []
    await clock.move_to(timedelta(seconds=3))
    assert "Your request is on the board" in page_of(await submit(visitor, form)).text
    (made,) = (await api.get("/v1/requests")).json()["items"]
    assert (made["title"], made["text"]) == ("Filled in by the browser", "With long words.")


@pytest.mark.settings(least_form_seconds=2)
async def test_a_comment_that_comes_back_at_once_is_shown_again_with_its_words_and_then_taken(
    api, clients, clock
) -> None:
    path = await put_on_board(api, "Dark mode")
    visitor = clients.visitor()
    form = page_of(await visitor.get(path)).one("section", id="comments").one("form")
    answer = await submit(visitor, form, text="Filled in by the browser.", name="Anna")
    assert answer.status_code == 422
    form = page_of(answer).one("form")
    assert form.one("textarea").text == "Filled in by the browser."
    await clock.move_to(timedelta(seconds=3))
    shown = page_of(await submit(visitor, form)).one("section", id="comments")
    assert "Filled in by the browser." in shown.one("article").text
    assert await queue(api) == []


async def test_the_field_that_people_do_not_see_holds_what_fills_it_in(api, clients) -> None:
    await ask(clients.visitor(), "Pumps", website="https://shop.example")
    assert [post["reasons"] for post in await queue(api)] == [["trap"]]


async def test_the_rules_of_a_board_hold_first_posts_and_blocked_words(api, clients) -> None:
    rules = {"first_of_visitors": True, "most_links": 0, "blocked_words": ["casino"]}
    assert (await api.put("/v1/moderation/rules", json=rules)).json() == rules
    visitor = clients.visitor()
    await ask(visitor, "A good idea")
    (post,) = await queue(api)
    assert post["reasons"] == ["first_post"]
    await api.post(f"/v1/moderation/posts/request/{post['id']}/approve")
    await ask(visitor, "A second idea")
    assert await queue(api) == []
    await ask(visitor, "A casino idea")
    assert [post["reasons"] for post in await queue(api)] == [["blocked_word"]]


async def test_a_blocked_person_keeps_the_words_and_is_told_and_posts_again_when_the_block_ends(
    api, clients, clock
) -> None:
    visitor = clients.visitor()
    await ask(visitor, "Cheap pumps", text=LINKS)
    (post,) = await queue(api)
    until = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    block = {"person": post["person"], "standing": "blocked", "reason": "Advertises a shop.", "until": until}
    assert (await api.put("/v1/moderation/people", json=block)).status_code == 200
    answer = await ask(visitor, "Another one", text="With long words.")
    assert answer.status_code == 422
    page = page_of(answer)
    assert "You cannot post on this board until" in page.text
    assert "Advertises" not in page.text
    assert page.one("textarea", id="new-text").text == "With long words."
    blocked = await api.get("/v1/requests")
    assert blocked.json()["items"] == []
    await clock.move_to(timedelta(days=4))
    assert (await ask(visitor, "Another one")).status_code == 200
    assert len((await api.get("/v1/requests")).json()["items"]) == 1


async def test_a_trusted_person_is_never_held_and_can_be_one_like_others_again(api, request_path: str) -> None:
    comment = {"text": LINKS, "person": "native:anna"}
    trust = {"person": "native:anna", "standing": "trusted", "reason": "A partner."}
    await api.put("/v1/moderation/people", json=trust)
    assert (await api.post(f"{request_path}/comments", json=comment)).json()["visibility"] == "published"
    people = (await api.get("/v1/moderation/people")).json()["items"]
    assert [(each["person"], each["standing"]) for each in people] == [("native:anna", "trusted")]
    await api.request("DELETE", "/v1/moderation/people", json={"person": "native:anna"})
    assert (await api.post(f"{request_path}/comments", json=comment)).json()["visibility"] == "held"


async def test_staff_moderate_on_the_console(api, clients) -> None:
    staff, visitor = await clients.staff("default", "*"), clients.visitor()
    await ask(visitor, "Cheap pumps", text=LINKS)
    await ask(visitor, "Cheaper pumps", text=LINKS + " and more")
    page = page_of(await staff.get("/console/moderation"))
    assert page.text.count("many links") == 2
    forms = [form for form in page.all("form") if form.attributes["action"].endswith("/remove")]
    refused = await submit(staff, forms[0], reason="no", block="yes")
    assert refused.status_code == 422
    after = page_of(await submit(staff, forms[0], reason="Advertises a shop.", block="yes", days="7"))
    assert "The post is removed, and its author is blocked." in after.text
    (approve,) = [form for form in after.all("form") if form.attributes["action"].endswith("/approve")]
    after = page_of(await submit(staff, approve, trust=""))
    assert "The post is on the board." in after.text
    assert [item["title"] for item in (await api.get("/v1/requests")).json()["items"]] == ["Cheaper pumps"]
    gone = page_of(await submit(staff, forms[0], reason="Advertises a shop.", block=""))
    assert "The post is removed." in gone.text
    actions = [entry["action"] for entry in (await api.get("/v1/moderation/log")).json()["items"]]
    assert actions == ["approved", "blocked", "removed"]
    reader = await clients.staff("default", "board:read")
    assert "<button" not in (await reader.get("/console/moderation")).text.split("<main")[1].split("</main")[0]
