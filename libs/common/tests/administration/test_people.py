"""Admins invite staff and change their accounts on pages; a tenant always keeps an admin."""

import re
from uuid import uuid4

import httpx
import pytest

from plaudit.common.people import commands, store
from plaudit.common.people.domain import ROLE_SCOPES, Account, Role
from plaudit_testing.board_pages import Element, page_of
from plaudit_testing.mailbox import Mailbox

pytestmark = pytest.mark.postgres

OURS = {"sec-fetch-site": "same-origin"}
PEOPLE = "/console/people"
BOB = "bob@example.com"
LINK = re.compile(r"/sign-in/link/[\w-]{43}")


@pytest.fixture
async def ada(site) -> Account:
    return await site.account(Role.ADMIN)


@pytest.fixture
async def admin(site, ada) -> httpx.AsyncClient:
    return await site.signed_in(ada)


@pytest.fixture
async def bob(site) -> Account:
    return await site.account(Role.VIEWER, BOB)


async def shown(browser: httpx.AsyncClient, path: str = PEOPLE) -> Element:
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return page_of(answer)


async def invite(browser: httpx.AsyncClient, **form: str) -> httpx.Response:
    filled = {"email": BOB, "name": "Bob", "role": "responder", **form}
    return await browser.post(f"{PEOPLE}/new", data=filled, headers=OURS)


async def send(browser: httpx.AsyncClient, account: Account, what: str, **form: str) -> httpx.Response:
    return await browser.post(f"{PEOPLE}/{account.id}/{what}", data=form, headers=OURS)


async def accounts(site) -> dict[str, Account]:
    async with site.owner.transaction() as tx:
        return {each.email: each for each in await store.list_accounts(tx, "default")}


class TestInviting:
    async def test_the_person_gets_a_mail_whose_link_signs_in(self, site, admin, mailbox: Mailbox):
        answer = await invite(admin, email=" Bob@Example.com", name="Bob  Burns")
        account = (await accounts(site))[BOB]
        assert (account.name, account.role) == ("Bob Burns", Role.RESPONDER)
        assert answer.headers["location"] == f"{PEOPLE}/{account.id}"
        assert "is on its way" in (await shown(admin, answer.headers["location"])).one(role="status").text
        [mail] = mailbox.mails
        assert mailbox.recipients == [BOB]
        [path] = LINK.findall(mail.get_body(("plain",)).get_content())
        assert path not in answer.text + str(answer.headers)
        browser = await site.new_browser()
        assert (await browser.post(path, headers=OURS)).status_code == 303
        assert (await browser.get("/")).status_code == 200

    @pytest.mark.parametrize("more_settings", [{"smtp_host": ""}])
    async def test_where_no_mails_are_sent_the_link_is_shown_once(self, site, admin):
        answer = await invite(admin)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        [path] = LINK.findall(answer.text)
        account = (await accounts(site))[BOB]
        page = await shown(admin, f"{PEOPLE}/{account.id}")
        assert "Invite again" not in page.text
        assert (await send(admin, account, "invitation")).status_code == 404
        assert (await (await site.new_browser()).post(path, headers=OURS)).status_code == 303

    async def test_a_mail_that_is_refused_is_said_and_can_be_sent_again(self, site, admin, mailbox: Mailbox):
        mailbox.answer = lambda: "554 no"
        answer = await invite(admin)
        page = await shown(admin, answer.headers["location"])
        assert "was not sent" in page.one(role="alert").text
        mailbox.answer = lambda: "250 OK"
        again = await send(admin, (await accounts(site))[BOB], "invitation")
        assert "invited again" in (await shown(admin, again.headers["location"])).one(role="status").text
        assert mailbox.recipients == [BOB]

    async def test_what_is_wrong_is_said_beside_the_field_and_what_was_typed_is_kept(self, site, admin, ada):
        answer = await invite(admin, email="bob", name="", role="boss")
        page = page_of(answer)
        assert answer.status_code == 422
        assert "not one e-mail address" in page.one(id="email-error").text
        assert "1 to 100 characters" in page.one(id="name-error").text
        assert "viewer, responder, admin" in page.one(id="role-error").text
        assert page.one("input", id="email").attributes["value"] == "bob"
        page = page_of(await invite(admin, email=ada.email))
        assert "There is an account with the address" in page.one(id="email-error").text
        assert set(await accounts(site)) == {ada.email}


class TestRoles:
    async def test_a_new_role_counts_at_once_in_a_session_that_is_open(self, site, admin, bob):
        browser = await site.signed_in(bob)
        assert (await browser.post("/things/1", headers=OURS)).status_code == 403
        answer = await send(admin, bob, "role", role="responder")
        assert "Ada is responder now." in (await shown(admin, answer.headers["location"])).one(role="status").text
        assert (await browser.post("/things/1", headers=OURS)).status_code == 200

    async def test_an_unknown_one_is_refused_beside_the_field(self, site, admin, bob):
        answer = await send(admin, bob, "role", role="boss")
        assert answer.status_code == 422
        assert "There is no role 'boss'" in page_of(answer).one(id="role-error").text
        assert (await accounts(site))[BOB].role is Role.VIEWER

    async def test_the_last_admin_is_neither_demoted_nor_deactivated(self, site, admin, ada, bob):
        for what, form, place in (
            ("role", {"role": "viewer"}, {"id": "role-error"}),
            ("deactivate", {}, {"role": "alert"}),
        ):
            answer = await send(admin, ada, what, **form)
            assert answer.status_code == 422
            assert "only active admin" in page_of(answer).one(**place).text
        await send(admin, bob, "role", role="admin")
        answer = await send(admin, ada, "role", role="viewer")
        assert answer.headers["location"] == "/console/account"
        assert (await accounts(site))[ada.email].role is Role.VIEWER
        assert (await admin.get(PEOPLE)).status_code == 403


class TestKeepingOut:
    async def test_it_is_asked_and_then_ends_the_sessions_and_links_of_the_person(self, site, admin, bob):
        browser, link = await site.signed_in(bob), await site.link(bob)
        assert "signed out everywhere" in (await shown(admin, f"{PEOPLE}/{bob.id}/deactivate")).one("main").text
        assert (await browser.get("/")).status_code == 200
        await send(admin, bob, "deactivate")
        assert 'action="/sign-in"' in (await browser.get("/")).text
        assert (await browser.post(link, headers=OURS)).status_code == 410
        rows = [row.text for row in (await shown(admin)).all("tr")]
        assert "deactivated" in rows[-1]

    async def test_whoever_is_let_in_again_signs_in_anew(self, site, admin, bob):
        browser, link = await site.signed_in(bob), await site.link(bob)
        await send(admin, bob, "deactivate")
        await send(admin, bob, "activate")
        assert 'action="/sign-in"' in (await browser.get("/")).text
        assert (await browser.post(link, headers=OURS)).status_code == 410
        account = (await accounts(site))[BOB]
        assert (await (await site.signed_in(account)).get("/")).status_code == 200

    async def test_whoever_keeps_themselves_out_is_signed_out(self, site, admin, ada, bob):
        await send(admin, bob, "role", role="admin")
        answer = await send(admin, ada, "deactivate")
        assert 'action="/sign-in"' in (await admin.get(answer.headers["location"])).text


async def test_a_key_changes_no_account_that_may_do_more_and_makes_none(site, ada, bob) -> None:
    browser = await site.new_browser()
    key = await site.key("people:write", *ROLE_SCOPES[Role.VIEWER])
    await browser.post("/sign-in", data={"key": key}, headers=OURS)
    roles = [each.attributes["value"] for each in (await shown(browser, f"{PEOPLE}/new")).all("option")]
    assert roles == ["viewer"]
    assert "may do more than you" in (await shown(browser, f"{PEOPLE}/{ada.id}")).text
    for answer in (
        await invite(browser, email="eve@example.com", role="admin"),
        await send(browser, bob, "role", role="responder"),
        await send(browser, ada, "role", role="viewer"),
        await send(browser, ada, "deactivate"),
        await send(browser, ada, "invitation"),
    ):
        assert answer.status_code == 403, answer.text
    assert {email: each.role for email, each in (await accounts(site)).items()} == {
        ada.email: Role.ADMIN,
        BOB: Role.VIEWER,
    }
    assert (await send(browser, bob, "deactivate")).status_code == 303


async def test_another_tenants_account_is_not_there(site, admin) -> None:
    stranger = await site.account(Role.ADMIN, BOB, tenant_id="acme")
    assert (await admin.get(f"{PEOPLE}/{stranger.id}")).status_code == 404
    assert (await admin.get(f"{PEOPLE}/{stranger.id}/deactivate")).status_code == 404
    for what in ("role", "deactivate", "activate", "invitation"):
        assert (await send(admin, stranger, what, role="viewer")).status_code == 404
    assert BOB not in (await shown(admin)).text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.RESPONDER])
async def test_no_other_role_sees_people(site, role) -> None:
    browser = await site.signed_in(await site.account(role))
    assert (await browser.get(PEOPLE)).status_code == 403


async def test_a_long_list_has_pages_and_everybody_is_on_one_of_them(site, admin) -> None:
    async with site.owner.transaction() as tx:
        for number in range(60):
            name = ("Zoë", "İpek", "ß", "bob")[number % 4]
            person = await commands.create(tx, "default", uuid4(), f"p{number}@example.com", name, Role.VIEWER)
            if number % 3 == 0:
                await commands.deactivate(tx, "default", person.id)
    path, seen = PEOPLE, []
    while path:
        rows = (page := await shown(admin, path)).all("tr")[1:]
        seen += [(row.all("td")[0].text, row.all("td")[3].text) for row in rows]
        following = [link for link in page.all("a") if link.text == "More people"]
        path = following[0].attributes["href"] if following else ""
    assert len(seen) == len(set(seen)) == 61
    states = [state for _, state in seen]
    assert states == sorted(states)
