"""What a cookie wrote is the person's who signs in; what somebody signs in to write is looked at like the rest."""

import httpx
import pytest

from plaudit_testing.board_pages import BOARD, link_in, page_of, put_on_board

pytestmark = pytest.mark.postgres

LINKS = "https://a.example https://b.example https://c.example"


async def test_requests_and_comments_of_the_cookie_are_the_persons_to_edit_in_every_browser(
    api: httpx.AsyncClient, clients, worker, sign_in
) -> None:
    path = await put_on_board(api, "Dark mode")
    first = clients.visitor()
    made = await first.post(f"{BOARD}/requests", data={"title": "Pumps", "text": "At the pier."})
    said = await first.post(f"{path}/comments", data={"text": "It is dark."})
    held = await first.post(f"{path}/comments", data={"text": f"See {LINKS}"})
    assert "notice=held" in held.headers["location"]
    await sign_in(first, "ada@example.com")
    second = clients.visitor()
    await sign_in(second, "ada@example.com")
    own = made.headers["location"].partition("?")[0]
    for page in (f"{own}/edit", f"{path}/comments/{said.headers['location'].rpartition('#comment-')[2]}"):
        assert (await second.get(page)).status_code == 200, page
    mine = page_of(await second.get(f"{BOARD}/me")).text
    for words in ("Pumps", "It is dark.", "See https://a.example"):
        assert words in mine
    async with worker.transaction() as tx:
        for table, column in (("requests", "author_key"), ("comments", "author_key"), ("held_posts", "person_key")):
            query = f"SELECT count(*) FROM {table} WHERE starts_with({column}, 'visitor:')"
            assert await tx.raw.fetchval(query) == 0, table
        logged = await tx.raw.fetch(
            "SELECT person_key, detail ->> 'visitor' AS visitor FROM activity WHERE type = 'posts_adopted'"
        )
    assert len(logged) == 2
    assert all(row["visitor"].startswith("visitor:") != row["person_key"].startswith("visitor:") for row in logged)


async def test_a_request_that_is_held_is_the_persons_too_and_has_the_persons_vote_once_it_is_approved(
    api: httpx.AsyncClient, clients, sign_in
) -> None:
    browser = clients.visitor()
    held = await browser.post(f"{BOARD}/requests", data={"title": "Pumps", "text": LINKS})
    path = held.headers["location"].partition("?")[0]
    await sign_in(browser, "ada@example.com")
    assert (await browser.get(path)).status_code == 200
    (waiting,) = (await api.get("/v1/moderation/queue")).json()["items"]
    await api.post(f"/v1/moderation/posts/request/{waiting['id']}/approve")
    (found,) = (await api.get("/v1/requests")).json()["items"]
    assert (found["votes"], found["anonymous_votes"], found["reach"]) == (1, 0, 1)


async def test_who_is_blocked_stays_so_after_signing_in(api: httpx.AsyncClient, clients, worker, sign_in) -> None:
    path = await put_on_board(api, "Dark mode")
    browser = clients.visitor()
    await browser.post(f"{path}/comments", data={"text": "It is dark."})
    async with worker.transaction() as tx:
        cookie = await tx.raw.fetchval("SELECT author_key FROM comments")
    await api.put("/v1/moderation/people", json={"person": cookie, "standing": "blocked", "reason": "Advertises."})
    await sign_in(browser, "ada@example.com")
    answer = await browser.post(f"{path}/comments", data={"text": "It is darker."})
    assert answer.status_code == 409


async def test_a_comment_that_somebody_signs_in_for_is_posted_under_the_name_that_they_gave(
    api: httpx.AsyncClient, clients, mailbox
) -> None:
    path = await put_on_board(api, "Dark mode")
    browser = clients.visitor()
    wanted = {"comment": path.rpartition("/")[2], "text": "My eyes\nhurt.", "name": "Ada", "form": "f1"}
    await browser.post(f"{BOARD}/sign-in", data={"email": "ada@example.com", **wanted})
    link = link_in(mailbox)
    assert page_of(await browser.get(link)).one("input", id="name").attributes["value"] == "Ada"
    answer = await browser.post(link, data={"name": "Ada L."})
    assert answer.headers["location"].startswith(f"{path}?notice=commented#comment-")
    (comment,) = page_of(await browser.get(path)).all("li", class_="comment")
    assert "My eyes" in comment.text
    assert "Ada L." in comment.text


@pytest.mark.parametrize("kind", ["request", "comment"])
async def test_what_somebody_signs_in_for_waits_for_a_look_like_any_other_post(
    api: httpx.AsyncClient, clients, sign_in, kind: str
) -> None:
    path = await put_on_board(api, "Dark mode")
    wanted = {"title": "Pumps"} if kind == "request" else {"comment": path.rpartition("/")[2]}
    answer = await sign_in(clients.visitor(), "ada@example.com", text=LINKS, form="f1", **wanted)
    assert "notice=held" in answer.headers["location"]
    assert len((await api.get("/v1/moderation/queue")).json()["items"]) == 1
    assert len((await api.get("/v1/requests")).json()["items"]) == 1


@pytest.mark.settings(comments_per_hour_per_person=1)
async def test_a_link_whose_act_is_past_the_budget_can_be_used_later(
    api: httpx.AsyncClient, clients, mailbox, sign_in
) -> None:
    path = await put_on_board(api, "Dark mode")
    wanted = {"comment": path.rpartition("/")[2], "form": "f1"}
    await sign_in(clients.visitor(), "ada@example.com", text="The first.", **wanted)
    answer = await sign_in(clients.visitor(), "ada@example.com", text="The second.", **wanted)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "The second." in page_of(answer).text
    assert (await clients.visitor().get(answer.url.path)).status_code == 200


async def test_who_signs_in_by_mail_has_the_address_kept_sealed_and_follows_what_the_cookie_followed(
    api: httpx.AsyncClient, clients, worker, sign_in
) -> None:
    path = await put_on_board(api, "Dark mode")
    browser = clients.visitor()
    await browser.post(f"{path}/followers", data={"choice": "follow"})
    await sign_in(browser, "ada@example.com")
    async with worker.transaction() as tx:
        (kept,) = await tx.raw.fetch("SELECT person_key, sealed FROM board_contacts")
        assert await tx.raw.fetchval("SELECT person_key FROM followers") == kept["person_key"]
    assert "ada" not in kept["sealed"]
    assert page_of(await browser.get(path)).one("section", id="follow").one("button").text == "Stop following"


async def test_the_name_of_who_is_signed_in_stands_in_the_forms(api: httpx.AsyncClient, clients, sign_in) -> None:
    path = await put_on_board(api, "Dark mode")
    browser = clients.visitor()
    await sign_in(browser, "ada@example.com", "Ada")
    for page, field in ((BOARD, "new-name"), (path, "comment-name")):
        assert page_of(await browser.get(page)).one("input", id=field).attributes["value"] == "Ada"
