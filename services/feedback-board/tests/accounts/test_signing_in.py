"""People sign in on the board by a mailed link: once, and with what they did before."""

import hashlib
import hmac

import httpx
import pytest

from plaudit.common.db import Database, Role
from plaudit_testing.board_pages import BOARD, activity_of, link_in, page_of, put_on_board, submit

pytestmark = pytest.mark.postgres


async def test_a_link_signs_in_once_and_looking_at_it_does_not_use_it_up(
    api: httpx.AsyncClient, clients, mailbox
) -> None:
    browser = clients.visitor()
    await browser.post(f"{BOARD}/sign-in", data={"email": "Ada@Example.com", "next": f"{BOARD}/me"})
    assert mailbox.recipients == ["ada@example.com"]
    path = link_in(mailbox)
    for _ in range(2):  # a mail program looks at it
        assert (await clients.visitor().get(path)).status_code == 200
        assert (await clients.visitor().head(path)).status_code in {200, 405}
    signed_in = await browser.post(path, data={"name": "Ada"})
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, f"{BOARD}/me")
    assert "Signed in as Ada" in page_of(await browser.get(f"{BOARD}/me")).text
    again = clients.visitor()
    assert (await again.post(path)).status_code == 410
    assert (await again.get(path)).status_code == 410
    assert not again.cookies


async def test_the_page_of_a_link_says_whose_it_is_and_not_the_address(
    api: httpx.AsyncClient, clients, mailbox
) -> None:
    await clients.visitor().post(f"{BOARD}/sign-in", data={"email": "eve.evans@example.com"})
    page = page_of(await clients.visitor().get(link_in(mailbox)))
    assert "e…@example.com" in page.text
    assert "eve.evans" not in page.text


@pytest.mark.parametrize("field", ["vote", "form", "next", "title", "text", "email"])
async def test_what_no_form_of_ours_can_send_breaks_nothing(
    api: httpx.AsyncClient, clients, mailbox, field: str
) -> None:
    typed = {"email": "ada@example.com", "title": "A title", "text": "A text", field: "\0../<b>\ufffe"}
    answer = await clients.visitor().post(f"{BOARD}/sign-in", data=typed)
    assert answer.status_code in {200, 422}, answer.text
    if mailbox.mails:
        assert (await clients.visitor().post(link_in(mailbox))).status_code == 303


async def test_who_signs_out_is_a_visitor_again_and_the_session_is_no_more(
    api: httpx.AsyncClient, clients, sign_in
) -> None:
    browser = clients.visitor()
    await sign_in(browser, "ada@example.com", "Ada")
    cookie = browser.cookies["plaudit_person_default"]
    assert (await browser.post(f"{BOARD}/sign-out")).status_code == 303
    assert "plaudit_person_default" not in browser.cookies
    thief = clients.visitor()
    thief.cookies.set("plaudit_person_default", cookie)
    assert "Ada" not in (await thief.get(f"{BOARD}/me")).text


async def test_votes_of_the_cookie_become_the_persons_and_count_once(
    api: httpx.AsyncClient, clients, worker, sign_in
) -> None:
    shared, only_cookie = await put_on_board(api, "Shared"), await put_on_board(api, "Only by the cookie")
    first = clients.visitor()
    await sign_in(first, "ada@example.com")
    await first.post(f"{shared}/votes", data={"choice": "vote"})
    second = clients.visitor()
    for path in (shared, only_cookie):
        await second.post(f"{path}/votes", data={"choice": "vote"})
    before = {each["title"]: each for each in (await api.get("/v1/requests")).json()["items"]}
    assert (before["Shared"]["votes"], before["Shared"]["anonymous_votes"]) == (2, 1)

    await sign_in(second, "ada@example.com")
    after = {each["title"]: each for each in (await api.get("/v1/requests")).json()["items"]}
    for title in ("Shared", "Only by the cookie"):
        figures = {name: after[title][name] for name in ("votes", "anonymous_votes", "reach", "anonymous_reach")}
        assert figures == {"votes": 1, "anonymous_votes": 0, "reach": 1, "anonymous_reach": 0}, title
    assert "plaudit_visitor_default" not in second.cookies
    for path in (shared, only_cookie):
        assert "Take back your vote" in page_of(await second.get(path)).text
    (adopted,) = await activity_of(api, "vote_adopted")
    assert adopted["detail"]["visitor"].startswith("visitor:")
    async with worker.transaction() as tx:
        assert await tx.raw.fetchval("SELECT count(*) FROM votes WHERE starts_with(person_key, 'visitor:')") == 0


async def test_a_vote_keeps_when_it_was_cast_when_it_becomes_the_persons(
    api: httpx.AsyncClient, clients, worker, sign_in
) -> None:
    path = await put_on_board(api, "Dark mode")
    browser = clients.visitor()
    await browser.post(f"{path}/votes", data={"choice": "vote"})
    async with worker.transaction() as tx:
        cast_at = await tx.raw.fetchval("SELECT voted_at FROM votes")
    await sign_in(browser, "ada@example.com")
    async with worker.transaction() as tx:
        assert await tx.raw.fetchval("SELECT voted_at FROM votes") == cast_at


async def test_votes_within_a_merged_set_stay_distinct_people(api: httpx.AsyncClient, clients, sign_in) -> None:
    made = [(await api.post("/v1/requests", json={"title": title})).json() for title in ("Root", "Branch")]
    root, branch = (f"{BOARD}/r/{each['slug']}" for each in made)
    person, cookie = clients.visitor(), clients.visitor()
    await sign_in(person, "ada@example.com")
    await person.post(f"{root}/votes", data={"choice": "vote"})
    await cookie.post(f"{branch}/votes", data={"choice": "vote"})
    merge = f"/v1/requests/{made[1]['id']}/merge"
    await api.put(merge, json={"into": made[0]["id"], "reason": "The same."})
    assert (await api.get(f"/v1/requests/{made[0]['id']}")).json()["votes"] == 2
    await sign_in(cookie, "ada@example.com")
    one = (await api.get(f"/v1/requests/{made[0]['id']}")).json()
    assert (one["votes"], one["anonymous_votes"], one["reach"]) == (1, 0, 1)
    await api.delete(merge)
    for each in made:
        alone = (await api.get(f"/v1/requests/{each['id']}")).json()
        assert (alone["votes"], alone["anonymous_votes"], alone["reach"]) == (1, 0, 1)


async def test_a_vote_that_somebody_signs_in_for_is_cast_and_leads_back_to_the_request(
    api: httpx.AsyncClient, clients, sign_in
) -> None:
    path = await put_on_board(api, "Dark mode")
    answer = await sign_in(clients.visitor(), "ada@example.com", vote=path.rpartition("/")[2])
    assert answer.headers["location"].startswith(f"{path}?notice=voted")
    (found,) = (await api.get("/v1/requests")).json()["items"]
    assert (found["votes"], found["reach"]) == (1, 1)


async def test_a_request_that_somebody_signs_in_for_is_made_with_their_vote(
    api: httpx.AsyncClient, clients, sign_in
) -> None:
    words = {"title": "Pumps at the pier", "text": "Line one\nline two\n\n<b>three</b>", "form": "f1"}
    browser = clients.visitor()
    answer = await sign_in(browser, "ada@example.com", **words)
    assert answer.headers["location"] == f"{BOARD}/r/pumps-at-the-pier?notice=requested"
    (found,) = (await api.get("/v1/requests")).json()["items"]
    assert (found["title"], found["text"], found["votes"], found["reach"]) == (words["title"], words["text"], 1, 1)
    mine = page_of(await browser.get(f"{BOARD}/me"))
    assert mine.text.count("Pumps at the pier") == 2


@pytest.mark.parametrize(
    "elsewhere",
    [
        *("https://evil.example/", "//evil.example", "/\\evil.example", "/console", "/b/other", "/b/defaultx"),
        *("/b/default/../../console", "javascript:alert(1)", "/b/default\r\nSet-Cookie: a=b", "b/default"),
    ],
)
async def test_signing_in_leads_nowhere_but_to_the_board(
    api: httpx.AsyncClient, clients, sign_in, elsewhere: str
) -> None:
    answer = await sign_in(clients.visitor(), "ada@example.com", next=elsewhere)
    assert answer.headers["location"] == BOARD


async def test_another_sites_forms_are_refused(api: httpx.AsyncClient, clients, mailbox, sign_in) -> None:
    browser = clients.visitor()
    await browser.post(f"{BOARD}/sign-in", data={"email": "ada@example.com"})
    path, forged = link_in(mailbox), {"sec-fetch-site": "cross-site"}
    for address, data in (
        (f"{BOARD}/sign-in", {"email": "eve@example.com"}),
        (path, {}),
        (f"{BOARD}/sign-out", {}),
        (f"{BOARD}/me", {"name": "Eve"}),
        (f"{BOARD}/your-data", {"email": "ada@example.com", "choice": "deletion"}),
    ):
        assert (await browser.post(address, data=data, headers=forged)).status_code == 403
    assert len(mailbox.mails) == 1
    assert (await browser.get(path)).status_code == 200


async def test_the_answer_does_not_tell_whether_anybody_has_the_address(
    api: httpx.AsyncClient, clients, sign_in
) -> None:
    await sign_in(clients.visitor(), "known@example.com")
    answers = [
        await clients.visitor().post(f"{BOARD}/sign-in", data={"email": email})
        for email in ("known@example.com", "other@example.com")
    ]
    assert answers[0].text == answers[1].text.replace("other@", "known@")
    assert answers[0].status_code == answers[1].status_code


@pytest.mark.parametrize(
    "email", ["", "ada", "ada@localhost", "a@b.example, c@d.example", "ada@example.com\r\nBcc: eve@example.com"]
)
async def test_what_is_no_mailbox_gets_no_mail_and_comes_back(
    api: httpx.AsyncClient, clients, mailbox, email: str
) -> None:
    answer = await clients.visitor().post(f"{BOARD}/sign-in", data={"email": email, "title": "Kept words"})
    assert answer.status_code == 422
    assert page_of(answer).one("input", id="title").attributes["value"] == "Kept words"
    assert not mailbox.mails


async def test_a_board_whose_name_has_line_breaks_writes_one_subject(
    api: httpx.AsyncClient, clients, mailbox, resources
) -> None:
    owner = Database(resources.settings, "common", Role.OWNER, pool_size=1)
    async with owner.transaction() as tx:
        await tx.raw.execute("UPDATE common.tenants SET name = E'Ours\\r\\nBcc: eve@example.com' WHERE id = 'default'")
    await owner.close()
    await clients.visitor().post(f"{BOARD}/sign-in", data={"email": "ada@example.com"})
    (mail,) = mailbox.mails
    assert mail["Bcc"] is None
    assert mailbox.recipients == ["ada@example.com"]


@pytest.mark.settings(sign_in_links_per_hour_per_address=2)
async def test_nobody_is_mailed_more_often_than_the_budget_of_an_address_allows(
    api: httpx.AsyncClient, clients, mailbox
) -> None:
    for number, status in enumerate((200, 200, 429)):
        browser = clients.visitor(address=f"198.51.{number}.7")
        spelling = ("ada@example.com", "ADA@example.com.", "Ada <ada@example.com>")[number]
        answer = await browser.post(f"{BOARD}/sign-in", data={"email": spelling, "title": "My words"})
        assert answer.status_code == status
    assert int(answer.headers["retry-after"]) > 0
    assert page_of(answer).one("input", id="title").attributes["value"] == "My words"
    assert len(mailbox.mails) == 2


@pytest.mark.settings(smtp_host="")
async def test_without_a_mail_server_the_page_says_so(api: httpx.AsyncClient, clients) -> None:
    assert "sends no mails" in page_of(await clients.visitor().get(f"{BOARD}/sign-in")).text
    assert (await clients.visitor().post(f"{BOARD}/sign-in", data={"email": "a@example.com"})).status_code == 503


async def test_no_address_is_stored_and_the_link_row_goes_with_its_use(
    api: httpx.AsyncClient, clients, worker, mailbox, sign_in
) -> None:
    await clients.visitor().post(f"{BOARD}/sign-in", data={"email": "ada@example.com"})
    async with worker.transaction() as tx:
        rows = await tx.raw.fetch("SELECT visitor_links::text AS row FROM visitor_links")
    assert rows
    assert not any("ada" in row["row"] for row in rows)
    await sign_in(clients.visitor(), "ada@example.com")
    async with worker.transaction() as tx:
        assert await tx.raw.fetchval("SELECT count(*) FROM visitor_links") == 1
        person = await tx.raw.fetchval("SELECT person_key FROM visitors")
        key = await tx.raw.fetchval("SELECT common.person_key('default')")
    assert person == hmac.new(key, b"ada@example.com", hashlib.sha256).hexdigest()


async def test_a_session_of_one_board_says_nothing_on_another(api: httpx.AsyncClient, clients, sign_in) -> None:
    await clients.with_key("northwind", "*")
    browser = clients.visitor()
    await sign_in(browser, "ada@example.com", "Ada")
    browser.cookies.set("plaudit_person_northwind", browser.cookies["plaudit_person_default"])
    assert "Ada" not in (await browser.get("/b/northwind/me")).text


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\u202eevil", "\u200b\u200b", "x" * 60])
async def test_a_hostile_name_is_shown_as_text_or_not_at_all(
    api: httpx.AsyncClient, clients, sign_in, name: str
) -> None:
    browser = clients.visitor()
    await sign_in(browser, "ada@example.com", name)
    page = await browser.get(f"{BOARD}/me")
    assert "<script>alert" not in page.text
    assert "\u202e" not in page.text
    if name.startswith("\u200b"):
        assert "Signed in as a visitor" in page_of(page).text


async def test_what_is_signed_in_by_the_form_of_a_page_works_without_scripts(
    api: httpx.AsyncClient, clients, mailbox
) -> None:
    browser = clients.visitor()
    form = page_of(await browser.get(f"{BOARD}/sign-in?next={BOARD}/me")).one("form", class_="card")
    await submit(browser, form, email="ada@example.com")
    form = page_of(await browser.get(link_in(mailbox))).one("form", class_="card")
    form.attributes["action"] = link_in(mailbox)
    answer = await submit(browser, form, name="Ada")
    assert "Signed in as Ada" in page_of(answer).text
