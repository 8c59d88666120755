"""Admins make, rotate and revoke keys on pages; a key is shown once, and nobody gives more than they have."""

import logging
import re
from datetime import timedelta

import httpx
import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from plaudit.common.api_keys import commands, store
from plaudit.common.api_keys.domain import ApiKey
from plaudit.common.people.domain import Role
from plaudit_testing.board_pages import Element, page_of
from plaudit_testing.signing_in import without_zone

pytestmark = pytest.mark.postgres

OURS = {"sec-fetch-site": "same-origin"}
KEYS = "/console/keys"
KEY = re.compile(r"plaudit_[a-z2-7]{16}_[A-Za-z0-9_-]{43}")


@pytest.fixture
async def admin(site) -> httpx.AsyncClient:
    return await site.signed_in(await site.account(Role.ADMIN))


async def with_key(site, *scopes: str) -> httpx.AsyncClient:
    browser = await site.new_browser()
    await browser.post("/sign-in", data={"key": await site.key(*scopes)}, headers=OURS)
    return browser


async def key_named(site, name: str) -> ApiKey:
    async with site.owner.transaction() as tx:
        [found] = [key for key in await store.list_keys(tx) if key.name == name]
    return found


async def shown(browser: httpx.AsyncClient, path: str = KEYS) -> Element:
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return page_of(answer)


def hidden_fields(page: Element) -> dict[str, str]:
    form = page.one("main").all("form")[0]
    return {each.attributes["name"]: each.attributes["value"] for each in form.all("input", type="hidden")}


async def make(browser: httpx.AsyncClient, name: str = "dashboard", **more: object) -> httpx.Response:
    hidden = hidden_fields(await shown(browser, f"{KEYS}/new"))
    form = {"name": name, "scopes": ["scores:read", "reviews:read"], "days": "90", **hidden, **more}
    return await browser.post(f"{KEYS}/new", data=form, headers=OURS)


async def rotate(browser: httpx.AsyncClient, public_id: str, **form: str) -> httpx.Response:
    hidden = hidden_fields(await shown(browser, f"{KEYS}/{public_id}"))
    return await browser.post(f"{KEYS}/{public_id}/rotate", data={**hidden, **form}, headers=OURS)


async def is_accepted(site, key: str) -> bool:
    site.app.state.api_keys._cache.clear()
    return await site.app.state.api_keys.principal(key) is not None


class TestMaking:
    async def test_a_key_is_shown_once_and_works(self, site, admin):
        answer = await make(admin)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        [key] = set(KEY.findall(answer.text))
        principal = await site.app.state.api_keys.principal(key)
        assert principal.scopes == {"reviews:read", "scores:read"}
        stored = await key_named(site, "dashboard")
        assert stored.expires_at - stored.created_at == timedelta(days=90)
        for path in (KEYS, f"{KEYS}/{stored.public_id}", f"{KEYS}/{stored.public_id}/revoke", f"{KEYS}/new"):
            assert key.rpartition("_")[2] not in (await admin.get(path)).text

    async def test_the_list_says_what_each_may_do_and_who_made_it(self, site, admin):
        await site.key("*")
        await make(admin)
        rows = [
            [cell.text for cell in row.children if isinstance(cell, Element)] for row in (await shown(admin)).all("tr")
        ]
        made, by_operator = rows[1:]
        assert made[0].startswith("dashboard")
        assert made[1] == "read reviews and their revisions; read scores and why they are what they are"
        assert made[2].endswith("by Ada")
        assert (made[3], made[5]) == ("never", "valid")
        assert by_operator[1] == "do everything"
        assert by_operator[2].endswith("by an operator")
        assert by_operator[4] == "never"

    async def test_a_form_that_is_sent_twice_makes_one_key(self, site, admin):
        hidden = hidden_fields(await shown(admin, f"{KEYS}/new"))
        form = {"name": "dashboard", "scopes": "scores:read", "days": "", **hidden}
        first = await admin.post(f"{KEYS}/new", data=form, headers=OURS)
        again = await admin.post(f"{KEYS}/new", data=form, headers=OURS)
        assert KEY.search(first.text)
        assert again.status_code == 303
        page = await shown(admin, again.headers["location"])
        assert "made, and is not shown again" in page.one(role="alert").text
        assert (await key_named(site, "dashboard")).expires_at is None

    async def test_what_is_wrong_is_said_beside_the_field_and_what_was_typed_is_kept(self, admin):
        answer = await make(admin, name=" ", scopes=[], days="4")
        page = page_of(answer)
        assert answer.status_code == 422
        assert page.one(id="name-error").text.startswith("A name has 1 to 100 characters")
        assert page.one(id="scopes-error").text == "Tick what the key may do."
        assert page.one(id="days-error").text == "Choose one of these."
        answer = await make(admin, name="", scopes=["scores:read"], days="365")
        page = page_of(answer)
        [ticked] = [
            box.attributes["value"] for box in page.all("input", type="checkbox") if "checked" in box.attributes
        ]
        [chosen] = [each.attributes["value"] for each in page.all("option") if "selected" in each.attributes]
        assert (ticked, chosen) == ("scores:read", "365")

    async def test_an_unknown_scope_is_named_with_the_nearest(self, admin):
        page = page_of(await make(admin, scopes=["score:read"]))
        assert "did you mean 'scores:read'" in page.one(id="scopes-error").text

    async def test_a_name_from_a_stranger_is_escaped(self, admin):
        await make(admin, name="<script>alert(1)</script>")
        assert "<script" not in without_zone((await admin.get(KEYS)).text)


class TestWhatMayBeGiven:
    async def test_a_key_gives_only_what_it_may_do_itself(self, site):
        browser = await with_key(site, "keys:write", "scores:read")
        boxes = [box.attributes["value"] for box in (await shown(browser, f"{KEYS}/new")).all("input", type="checkbox")]
        assert boxes == ["keys:write", "scores:read"]
        for scopes in (["*"], ["reviews:read"], ["scores:read", "people:write"]):
            answer = await make(browser, scopes=scopes)
            assert answer.status_code == 422
            assert "may not do more" in page_of(answer).one(id="scopes-error").text
        assert KEY.search((await make(browser, scopes=["scores:read"])).text)

    async def test_it_cannot_get_the_secret_of_a_key_that_may_do_more(self, site):
        browser = await with_key(site, "keys:write")
        more = (await site.key("*")).split("_")[1]
        page = await shown(browser, f"{KEYS}/{more}")
        assert "may do more than you" in page.text
        answer = await browser.post(f"{KEYS}/{more}/rotate", data={"overlap": "0", "seen": ""}, headers=OURS)
        assert (answer.status_code, KEY.findall(answer.text)) == (403, [])

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.RESPONDER])
    async def test_no_other_role_sees_keys(self, site, role):
        browser = await site.signed_in(await site.account(role))
        assert (await browser.get(KEYS)).status_code == 403
        assert KEYS not in (await browser.get("/console/account")).text


class TestRotating:
    async def test_the_new_secret_is_shown_once_and_the_old_one_is_valid_for_so_long(self, site, admin):
        old = await site.key("scores:read")
        answer = await rotate(admin, old.split("_")[1], overlap="1", days="30")
        [new] = set(KEY.findall(answer.text))
        assert answer.headers["cache-control"] == "no-store"
        assert await is_accepted(site, old)
        await site.move("1 hour")
        assert (await is_accepted(site, old), await is_accepted(site, new)) == (False, True)
        await site.move("30 days")
        assert not await is_accepted(site, new)

    async def test_at_once_ends_the_old_one_and_the_sessions_that_began_with_it(self, site, admin):
        old = await site.key("*")
        signed_in = await site.new_browser()
        await signed_in.post("/sign-in", data={"key": old}, headers=OURS)
        assert (await signed_in.get("/")).json() == []
        [new] = set(KEY.findall((await rotate(admin, old.split("_")[1], overlap="0")).text))
        # Nothing is looked up anew by the test: the process that rotates knows at once.
        assert 'action="/sign-in"' in (await signed_in.get("/")).text
        assert await site.app.state.api_keys.principal(old) is None
        assert await is_accepted(site, new)

    async def test_a_form_that_is_sent_again_does_not_end_the_key_that_was_just_shown(self, site, admin):
        public_id = (await site.key("*")).split("_")[1]
        form = {**hidden_fields(await shown(admin, f"{KEYS}/{public_id}")), "overlap": "0"}
        first = await admin.post(f"{KEYS}/{public_id}/rotate", data=form, headers=OURS)
        again = await admin.post(f"{KEYS}/{public_id}/rotate", data=form, headers=OURS)
        assert again.status_code == 422
        assert "after this page was shown" in page_of(again).one(id="overlap-error").text
        assert await is_accepted(site, KEY.search(first.text)[0])

    async def test_while_the_last_one_overlaps_it_is_refused_beside_the_field(self, site, admin):
        public_id = (await site.key("*")).split("_")[1]
        await rotate(admin, public_id, overlap="24")
        answer = await rotate(admin, public_id, overlap="24")
        assert answer.status_code == 422
        assert "rotate it then, or now without an overlap" in page_of(answer).one(id="overlap-error").text

    async def test_what_is_no_choice_is_refused(self, site, admin):
        public_id = (await site.key("*")).split("_")[1]
        page = page_of(await rotate(admin, public_id, overlap="x", days="-1"))
        assert page.one(id="overlap-error").text == page.one(id="days-error").text == "Choose one of these."


class TestRevoking:
    async def test_it_is_asked_and_then_done(self, site, admin):
        key = await site.key("*")
        path = f"{KEYS}/{key.split('_')[1]}"
        assert "cannot be undone" in (await shown(admin, f"{path}/revoke")).one("main").text
        assert await is_accepted(site, key)
        answer = await admin.post(f"{path}/revoke", headers=OURS)
        assert (answer.status_code, answer.headers["location"]) == (303, KEYS)
        assert await site.app.state.api_keys.principal(key) is None
        page = await shown(admin)
        assert "is revoked" in page.one(role="status").text
        assert "There is no key." in page.text
        assert "revoked" in (await shown(admin, f"{KEYS}?show=all")).one("table").text
        page = await shown(admin, path)
        assert page.one("main").all("form") == []

    async def test_whoever_signed_in_with_it_is_signed_out(self, site, admin):
        key = await site.key("*")
        signed_in = await site.new_browser()
        await signed_in.post("/sign-in", data={"key": key}, headers=OURS)
        assert (await signed_in.get("/")).json() == []
        await admin.post(f"{KEYS}/{key.split('_')[1]}/revoke", headers=OURS)
        assert 'action="/sign-in"' in (await signed_in.get("/")).text


async def test_another_tenants_key_is_not_there(site, admin) -> None:
    key = await site.key("*", tenant_id="acme")
    path = f"{KEYS}/{key.split('_')[1]}"
    for answer in (
        await admin.get(path),
        await admin.get(f"{path}/revoke"),
        await admin.post(f"{path}/revoke", headers=OURS),
        await admin.post(f"{path}/rotate", data={"overlap": "0"}, headers=OURS),
    ):
        assert answer.status_code == 404
    assert await is_accepted(site, key)
    assert "There is no key." in (await shown(admin)).text


async def test_a_long_list_has_pages_and_every_key_is_on_one_of_them(site, admin) -> None:
    async with site.owner.transaction() as tx:
        for number in range(120):
            await commands.create(tx, "default", f"key {number}", ["*"])
    path, names = KEYS, []
    while path:
        page = await shown(admin, path)
        names += [link.text for row in page.all("tr")[1:] for link in row.all("a")]
        following = [link for link in page.all("a") if link.text == "More keys"]
        path = following[0].attributes["href"] if following else ""
    assert len(names) == 120
    assert set(names) == {f"key {number}" for number in range(120)}


async def test_no_secret_of_a_key_is_told_anywhere_but_on_the_page_that_shows_it(
    site, admin, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as lines:
        made = await make(admin)
        public_id = KEY.search(made.text)[0].split("_")[1]
        rotated = await rotate(admin, public_id, overlap="1")
        revoked = await admin.post(f"{KEYS}/{public_id}/revoke", headers=OURS)
        answers = [made, rotated, revoked, *[await admin.get(path) for path in (KEYS, f"{KEYS}/{public_id}")]]
    secrets = {KEY.search(answer.text)[0].split("_", 2)[2] for answer in (made, rotated)}
    assert len(secrets) == 2
    headers = str([answer.headers.multi_items() for answer in answers]) + str([str(answer.url) for answer in answers])
    libraries = [each.getMessage() for each in caplog.records if not each.name.startswith(("httpcore", "httpx"))]
    pages = [answer.text for answer in answers[2:]]
    assert "key_rotated" in str(lines)
    for told in (headers, str(dict(admin.cookies)), str(lines), str(libraries), generate_latest().decode(), *pages):
        assert [secret for secret in secrets if secret in told] == []
