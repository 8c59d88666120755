"""Staff sign in with a key or a mailed link, and see pages under their own tenant; nobody else does."""

import html
import re
from datetime import timedelta
from email.message import EmailMessage

import httpx
import pytest

from plaudit.common.api_keys import commands as api_keys
from plaudit.common.db import Database
from plaudit.common.people import commands
from plaudit.common.people.domain import Account, Role
from plaudit.common.sessions.domain import form_token
from plaudit_testing.mailbox import Mailbox

pytestmark = pytest.mark.postgres

OURS = {"sec-fetch-site": "same-origin"}
EMAIL = "ada@example.com"
COOKIE = "plaudit_session"


async def sign_in(browser: httpx.AsyncClient, key: str, **more: str) -> httpx.Response:
    return await browser.post("/sign-in", data={"key": key, **more}, headers=OURS)


async def rotate(site, key: str, overlap: timedelta) -> str:
    async with site.owner.transaction() as tx:
        _, text = await api_keys.rotate(tx, key.split("_")[1], overlap)
    return text


async def is_out(browser: httpx.AsyncClient) -> bool:
    return 'action="/sign-in"' in (await browser.get("/")).text


def links_in(mail: EmailMessage) -> list[str]:
    text = mail.get_body(("plain",)).get_content()
    return re.findall(r"http://\S+?(/sign-in/link/\S+)", text)


class TestStaffPages:
    async def test_a_page_shows_the_form_to_whoever_is_not_signed_in(self, browser):
        answer = await browser.get("/?subject=acme")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert '<form method="post" action="/sign-in">' in answer.text
        assert 'name="next" value="/?subject=acme"' in answer.text

    async def test_whoever_sends_a_form_after_the_session_ended_is_told_that_nothing_was_done(self, site, browser):
        person = await site.account(Role.RESPONDER)
        browser = await site.signed_in(person)
        await site.move("12 hours")
        site.see_anew()
        answer = await browser.post("/things/1", headers=OURS)
        assert (answer.status_code, "nothing was done" in answer.text) == (401, True)
        assert 'action="/sign-in"' in answer.text
        assert "nothing was done" not in (await browser.get("/")).text

    async def test_a_page_sees_the_rows_of_its_own_tenant(self, site, browser, worker_database: Database):
        async with worker_database.transaction() as tx:
            await tx.raw.execute("INSERT INTO things VALUES ('default', 1), ('acme', 2)")
        await sign_in(browser, await site.key("*", tenant_id="acme"))
        assert (await browser.get("/")).json() == [2]

    async def test_a_key_without_the_scopes_is_told_which_the_page_needs(self, site, browser):
        await sign_in(browser, await site.key("sources:read"))
        answer = await browser.get("/")
        assert answer.status_code == 403
        assert (
            "This page is for those who may read clocks, reports about them, policies and calendars, and read alerts."
            in answer.text
        )
        assert "The key that you signed in with does not let you; sign in with another." in answer.text

    async def test_a_problem_below_the_console_leads_back_into_it(self, browser):
        missing = await browser.get("/console/nothing", headers={"accept": "text/html"})
        assert missing.status_code == 404
        assert '<a href="/console/account">' in missing.text
        assert '<a href="/">' in (await browser.get("/nothing", headers={"accept": "text/html"})).text

    async def test_a_role_sees_the_pages_of_its_scopes_only(self, site):
        viewer = await site.signed_in(await site.account(Role.VIEWER))
        assert (await viewer.get("/")).status_code == 200
        refused = await viewer.post("/things/1", headers=OURS)
        assert refused.status_code == 403
        assert "Your role does not let you; an admin can give you another." in refused.text
        responder = await site.account(Role.RESPONDER, "bob@example.com")
        done = await (await site.signed_in(responder)).post("/things/1", headers=OURS)
        assert (done.status_code, done.json()) == (200, f"person:{responder.id}")


class TestAKey:
    async def test_it_is_exchanged_for_a_cookie_that_scripts_and_other_sites_cannot_use(self, site, browser):
        key = await site.key("*")
        answer = await sign_in(browser, f" {key} ", next="/?subject=acme")
        assert (answer.status_code, answer.headers["location"]) == (303, "/?subject=acme")
        cookie = answer.headers["set-cookie"].lower()
        assert re.fullmatch(r"plaudit_session=[\w-]{43}; httponly; max-age=604800; path=/; samesite=lax", cookie)
        assert (await browser.get("/")).json() == []
        assert key.split("_", 2)[2] not in str(dict(browser.cookies))

    @pytest.mark.parametrize("next_path", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/\r\na"])
    async def test_it_never_leads_to_another_host(self, site, browser, next_path):
        answer = await sign_in(browser, await site.key("*"), next=next_path)
        assert answer.headers["location"] == "/console"

    async def test_a_wrong_one_is_told_and_sets_nothing(self, browser):
        for form in ({"key": "plaudit_nobody_nothing"}, {}):
            answer = await browser.post("/sign-in", data=form, headers=OURS)
            assert answer.status_code == 401
            assert "not valid" in answer.text
            assert "set-cookie" not in answer.headers

    @pytest.mark.parametrize("path", ["/sign-in", "/sign-in/link"])
    @pytest.mark.parametrize("count", [11, 999, 1_001, 20_000])
    async def test_a_form_of_any_number_of_fields_is_answered_and_signs_nobody_in(self, browser, path, count):
        many = {f"f{number}": "x" for number in range(count)}
        urlencoded = browser.build_request("POST", path, data={"key": "plaudit_nobody_nothing", **many}, headers=OURS)
        multipart = browser.build_request("POST", path, files=dict.fromkeys(many, (None, "x")), headers=OURS)
        for form in (urlencoded, multipart):
            # In one piece: a client that writes each of its fields alone takes ten seconds.
            answer = await browser.post(path, content=form.read(), headers=form.headers)
            assert answer.status_code in {400, 401, 413, 422}, answer.text
            assert answer.headers["x-request-id"]
            assert "set-cookie" not in answer.headers

    async def test_a_revoked_one_ends_its_sessions(self, site, browser):
        key = await site.key("*")
        await sign_in(browser, key)
        assert not await is_out(browser)
        async with site.owner.transaction() as tx:
            await tx.raw.execute(
                "UPDATE common.api_keys SET revoked_at = now() WHERE public_id = $1", key.split("_")[1]
            )
        site.see_anew()
        assert await is_out(browser)

    async def test_an_expired_one_ends_its_sessions(self, site, browser):
        async with site.owner.transaction() as tx:
            key = await api_keys.create(tx, "default", "page", ["*"], timedelta(hours=2))
        await sign_in(browser, key)
        await site.move("119 minutes")
        site.see_anew()
        assert not await is_out(browser)
        await site.move("2 hours")
        site.see_anew()
        assert await is_out(browser)

    async def test_one_that_is_rotated_at_once_ends_its_sessions(self, site, browser):
        key = await site.key("*")
        await sign_in(browser, key)
        renewed = await rotate(site, key, timedelta())
        site.see_anew()
        assert await is_out(browser)
        await sign_in(browser, renewed)
        assert not await is_out(browser)

    async def test_a_session_ends_with_the_secret_that_it_was_exchanged_for(self, site):
        old = await site.key("*")
        before, after, during = [await site.new_browser() for _ in range(3)]
        await sign_in(before, old)
        new = await rotate(site, old, timedelta(hours=1))
        await sign_in(during, old)
        await sign_in(after, new)
        await site.move("59 minutes")
        site.see_anew()
        assert [await is_out(each) for each in (before, during, after)] == [False] * 3
        await site.move("1 hour")
        site.see_anew()
        assert [await is_out(each) for each in (before, during, after)] == [True, True, False]

    async def test_one_that_is_rotated_at_once_during_an_overlap_ends_the_sessions_of_both_secrets(self, site):
        old = await site.key("*")
        first, second = [await site.new_browser() for _ in range(2)]
        await sign_in(first, old)
        await sign_in(second, await rotate(site, old, timedelta(hours=1)))
        await rotate(site, old, timedelta())
        site.see_anew()
        assert [await is_out(each) for each in (first, second)] == [True, True]

    async def test_a_cookie_that_is_a_key_opens_nothing(self, site, browser):
        key = await site.key("*")
        for name in (COOKIE, "plaudit_key"):
            browser.cookies.set(name, key)
        assert await is_out(browser)


class TestALink:
    async def test_it_comes_by_mail_and_signs_in_once(self, site, browser, mailbox: Mailbox):
        await site.account()
        answer = await browser.post("/sign-in/link", data={"email": " ADA@example.com"}, headers=OURS)
        assert (answer.status_code, "on its way" in answer.text) == (200, True)
        await site.settled()
        [mail] = mailbox.mails
        assert mailbox.recipients == [EMAIL]
        [path] = links_in(mail)
        assert path in mail.get_body(("html",)).get_content()
        used = await browser.post(path, headers=OURS)
        assert (used.status_code, used.headers["location"]) == (303, "/console")
        assert (await browser.get("/")).status_code == 200
        again = await (await site.new_browser()).post(path, headers=OURS)
        assert again.status_code == 410
        assert "set-cookie" not in again.headers

    async def test_it_leads_to_the_page_that_was_asked_for(self, site, browser, mailbox: Mailbox):
        await site.account()
        asked = (await browser.get("/?subject=acme")).text
        form = re.search(r'action="/sign-in/link">(.+?)</form>', asked, re.DOTALL)[1]
        to = html.unescape(re.search(r'name="next" value="(.+?)"', form)[1])
        await browser.post("/sign-in/link", data={"email": EMAIL, "next": to}, headers=OURS)
        await site.settled()
        [path] = links_in(mailbox.mails[0])
        other = await site.new_browser()
        assert (await other.get(path)).status_code == 200
        assert (await other.post(path, headers=OURS)).headers["location"] == "/?subject=acme"

    @pytest.mark.parametrize("next_path", ["//evil.example", "/\\evil.example", "https://evil.example"])
    async def test_it_never_leads_to_another_host(self, site, browser, mailbox: Mailbox, next_path):
        person = await site.account()
        await browser.post("/sign-in/link", data={"email": EMAIL, "next": next_path}, headers=OURS)
        await site.settled()
        assert "next" not in links_in(mailbox.mails[0])[0]
        answer = await browser.post(await site.link(person), params={"next": next_path}, headers=OURS)
        assert (answer.status_code, answer.headers["location"]) == (303, "/console")

    async def test_whoever_opens_it_again_is_led_into_the_console(self, site, browser):
        path = await site.link(await site.account())
        await browser.post(path, headers=OURS)
        for answer in (await browser.get(path), await browser.post(path, headers=OURS)):
            assert (answer.status_code, 'href="/console"' in answer.text) == (410, True)
        stranger = await (await site.new_browser()).get(path)
        assert (stranger.status_code, 'href="/console"' in stranger.text) == (410, False)

    async def test_looking_at_it_does_not_use_it_up(self, site, browser):
        path = await site.link(await site.account())
        for _ in range(3):
            assert (await browser.head(path)).status_code == 200
            shown = await browser.get(path)
            assert "Sign in as Ada" in shown.text
            assert shown.headers["cache-control"] == "no-store"
            assert "set-cookie" not in shown.headers
        assert (await browser.post(path, headers=OURS)).status_code == 303

    async def test_it_ends_after_its_time(self, site, browser):
        path = await site.link(await site.account(), minutes=15)
        await site.move("15 minutes")
        assert (await browser.get(path)).status_code == 410
        assert (await browser.post(path, headers=OURS)).status_code == 410

    async def test_an_unknown_one_is_told(self, browser):
        for token in ("A" * 43, "x", "%00"):
            answer = await browser.post(f"/sign-in/link/{token}", headers=OURS)
            assert answer.status_code in {400, 410}
            assert "set-cookie" not in answer.headers

    async def test_it_is_void_once_its_account_was_deactivated(self, site, browser):
        await site.account(Role.ADMIN, "other@example.com")
        person = await site.account()
        path = await site.link(person)
        await change_account(site, person, active=False)
        assert (await browser.post(path, headers=OURS)).status_code == 410
        await change_account(site, person, active=True)
        assert (await browser.post(path, headers=OURS)).status_code == 410

    async def test_the_answer_is_the_same_for_an_address_without_an_account(self, site, browser, mailbox: Mailbox):
        await site.account()
        known = await browser.post("/sign-in/link", data={"email": EMAIL}, headers=OURS)
        unknown = await browser.post("/sign-in/link", data={"email": "nobody@example.com"}, headers=OURS)
        assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
        await site.settled()
        assert mailbox.recipients == [EMAIL]

    async def test_an_address_at_two_tenants_gets_a_link_for_each(self, site, browser, mailbox: Mailbox):
        await site.account()
        await site.account(tenant_id="acme")
        await browser.post("/sign-in/link", data={"email": EMAIL}, headers=OURS)
        await site.settled()
        assert mailbox.subjects == ["Sign in to Acme", "Sign in to Default"]

    async def test_a_mail_server_that_refuses_changes_nothing_of_the_answer(self, site, browser, mailbox: Mailbox):
        await site.account()
        mailbox.answer = lambda: "554 no"
        assert (await browser.post("/sign-in/link", data={"email": EMAIL}, headers=OURS)).status_code == 200
        await site.settled()
        assert (mailbox.attempts, mailbox.mails) == (1, [])


@pytest.mark.parametrize("more_settings", [{"smtp_host": ""}])
async def test_without_a_mail_server_the_page_says_so_and_keys_still_work(site, browser) -> None:
    assert 'name="email"' not in (await browser.get("/sign-in")).text
    answer = await browser.post("/sign-in/link", data={"email": EMAIL}, headers=OURS)
    assert (answer.status_code, "sends no mails" in answer.text) == (503, True)
    assert (await sign_in(browser, await site.key("*"))).status_code == 303


class TestLimits:
    @pytest.mark.parametrize("more_settings", [{"sign_in_links_per_hour_per_address": 2}])
    async def test_an_address_gets_so_many_links_an_hour_whether_it_has_an_account_or_not(self, site, browser):
        await site.account()
        for email in (EMAIL, "nobody@example.com"):
            statuses = [
                (await browser.post("/sign-in/link", data={"email": email}, headers=OURS)).status_code for _ in range(3)
            ]
            assert statuses == [200, 200, 429]

    @pytest.mark.parametrize("more_settings", [{"sign_ins_per_hour_per_network": 3}])
    async def test_a_network_has_so_many_attempts_an_hour_of_all_kinds(self, site, browser):
        key = await site.key("*")
        await sign_in(browser, "wrong")
        await browser.post(f"/sign-in/link/{'A' * 43}", headers=OURS)
        assert (await sign_in(browser, key)).status_code == 303
        refused = await sign_in(browser, key)
        assert (refused.status_code, "retry-after" in refused.headers) == (429, True)


class TestSigningOut:
    async def test_it_ends_the_session_also_for_whoever_has_copied_the_cookie(self, site, browser):
        await sign_in(browser, await site.key("*"))
        thief = await site.new_browser()
        thief.cookies.set(COOKIE, browser.cookies[COOKIE])
        assert not await is_out(thief)
        answer = await browser.post("/sign-out", headers=OURS)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
        assert COOKIE not in browser.cookies
        assert await is_out(thief)

    async def test_everywhere_ends_all_sessions_of_the_person_and_nobody_elses(self, site):
        person = await site.account()
        first, second = await site.signed_in(person), await site.signed_in(person)
        other = await site.signed_in(await site.account(email="bob@example.com"))
        for browser in (first, second, other):
            assert not await is_out(browser)
        await first.post("/sign-out", data={"everywhere": "1"}, headers=OURS)
        assert [await is_out(browser) for browser in (first, second, other)] == [True, True, False]

    async def test_without_a_session_it_does_nothing(self, browser):
        assert (await browser.post("/sign-out", headers=OURS)).status_code == 303


class TestASession:
    async def test_signing_in_again_gives_a_new_id_and_ends_the_old_one(self, site, browser):
        await sign_in(browser, await site.key("*"))
        old = browser.cookies[COOKIE]
        await sign_in(browser, await site.key("*"))
        assert browser.cookies[COOKIE] != old
        thief = await site.new_browser()
        thief.cookies.set(COOKIE, old)
        assert await is_out(thief)

    @pytest.mark.parametrize("more_settings", [{"session_idle_hours": 12, "session_max_days": 1}])
    async def test_it_ends_when_it_was_not_used_and_by_its_age(self, site):
        person = await site.account()
        idle, busy = await site.signed_in(person), await site.signed_in(person)
        for hours in (11, 22):
            await site.move(f"{hours} hours")
            site.see_anew()
            assert not await is_out(busy)
        assert await is_out(idle)
        await site.move("24 hours")
        site.see_anew()
        assert await is_out(busy)

    async def test_its_use_is_written_down_once_a_minute(self, site):
        browser = await site.signed_in(await site.account())
        seen = []
        for seconds in (59, 61, 90):
            await site.move(f"{seconds} seconds")
            site.see_anew()
            await browser.get("/")
            async with site.owner.transaction() as tx:
                seen.append(await tx.raw.fetchval("SELECT last_seen_at FROM common.sessions"))
        assert seen[0] < seen[1] == seen[2]

    async def test_a_deactivated_person_has_none_and_their_old_ones_never_come_back(self, site):
        await site.account(Role.ADMIN, "other@example.com")
        person = await site.account()
        browser = await site.signed_in(person)
        assert not await is_out(browser)
        for active in (False, True):
            await change_account(site, person, active=active)
            site.see_anew()
            assert await is_out(browser)

    async def test_a_new_role_holds_for_sessions_that_are_open(self, site):
        person = await site.account(Role.VIEWER)
        browser = await site.signed_in(person)
        assert (await browser.post("/things/1", headers=OURS)).status_code == 403
        await change_account(site, person, role=Role.RESPONDER)
        site.see_anew()
        assert (await browser.post("/things/1", headers=OURS)).status_code == 200

    async def test_only_its_hash_is_stored(self, site, browser):
        await sign_in(browser, await site.key("*"))
        async with site.owner.transaction() as tx:
            rows = await tx.raw.fetch("SELECT * FROM common.sessions")
        assert len(rows) == 1
        assert browser.cookies[COOKIE] not in str(rows)

    @pytest.mark.parametrize("more_settings", [{"public_url": "https://plaudit.example"}])
    async def test_its_cookie_is_bound_to_the_host_on_https(self, site, browser):
        answer = await sign_in(browser, await site.key("*"))
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-plaudit_session=")
        assert "; Secure" in cookie
        assert "domain" not in cookie.lower()


class TestForms:
    @pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}, {}])
    @pytest.mark.parametrize("path", ["/sign-in", "/sign-in/link", "/sign-out", "/things/1", "/v1/things/1"])
    async def test_one_from_elsewhere_is_refused(self, site, browser, worker_database: Database, path, headers):
        key = await site.key("*")
        await sign_in(browser, key)
        answer = await browser.post(path, data={"key": key, "email": EMAIL}, headers=headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
        async with worker_database.transaction() as tx:
            assert await tx.raw.fetchval("SELECT count(*) FROM things") == 0

    @pytest.mark.parametrize("origin", ["http://[", "http://[::1", "http://a]b", "http://[v1.x]", "null", "x", ""])
    @pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/things/1", "/v1/things/1"])
    async def test_one_whose_origin_is_no_address_is_refused(self, site, browser, path, origin):
        await sign_in(browser, await site.key("*"))
        assert (await browser.post(path, headers={"origin": origin})).status_code == 403

    async def test_one_of_our_own_page_is_accepted(self, site, browser, worker_database: Database):
        await sign_in(browser, await site.key("alerts:write"))
        assert (await browser.post("/things/1", headers=OURS)).status_code == 200
        async with worker_database.transaction() as tx:
            assert await tx.raw.fetchval("SELECT id FROM things WHERE tenant_id = 'default'") == 1

    async def test_where_the_browser_does_not_say_where_it_is_from_the_sessions_token_counts(self, site, browser):
        await sign_in(browser, await site.key("*"))
        token, other = form_token(browser.cookies[COOKIE]), form_token("A" * 43)
        assert (await browser.post("/things/1", data={"form_token": other})).status_code == 403
        assert (await browser.post("/things/1", data={"form_token": token})).status_code == 200
        elsewhere = {"sec-fetch-site": "cross-site"}
        assert (await browser.post("/things/2", data={"form_token": token}, headers=elsewhere)).status_code == 403

    async def test_the_api_accepts_the_session_from_our_own_pages(self, site):
        person = await site.account(Role.RESPONDER)
        browser = await site.signed_in(person)
        assert (await browser.post("/v1/things/1", headers=OURS)).json() == f"person:{person.id} 1"
        wrong_key = {**OURS, "authorization": "Bearer nonsense"}
        assert (await browser.post("/v1/things/1", headers=wrong_key)).status_code == 401


async def change_account(site, person: Account, *, active: bool | None = None, role: Role | None = None) -> None:
    async with site.owner.transaction() as tx:
        if role is not None:
            await commands.change_role(tx, person.tenant_id, person.id, role)
        if active is not None:
            change = commands.activate if active else commands.deactivate
            await change(tx, person.tenant_id, person.id)
