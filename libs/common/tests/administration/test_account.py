"""Whoever is signed in sees what they may do and where they are signed in, and ends sessions of their own."""

import base64

import httpx
import pytest

from plaudit.common.people.domain import Role
from plaudit_testing.board_pages import Element, page_of

pytestmark = pytest.mark.postgres

OURS = {"sec-fetch-site": "same-origin"}
ACCOUNT = "/console/account"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Safari/604.1"


async def shown(browser: httpx.AsyncClient) -> Element:
    answer = await browser.get(ACCOUNT)
    assert answer.status_code == 200, answer.text
    return page_of(answer)


async def sign_in(site, person, user_agent: str) -> httpx.AsyncClient:
    browser = await site.new_browser()
    browser.headers["user-agent"] = user_agent
    await browser.post(await site.link(person), headers=OURS)
    return browser


async def sign_in_by_key(site, key: str) -> httpx.AsyncClient:
    browser = await site.new_browser()
    await browser.post("/sign-in", data={"key": key}, headers=OURS)
    return browser


def rows(page: Element) -> list[Element]:
    return page.one("table").all("tr")[1:]


async def send(browser: httpx.AsyncClient, form: Element) -> httpx.Response:
    fields = {each.attributes["name"]: each.attributes["value"] for each in form.all("input")}
    return await browser.post(form.attributes["action"], data=fields, headers=OURS)


async def is_out(browser: httpx.AsyncClient) -> bool:
    return 'action="/sign-in"' in (await browser.get(ACCOUNT)).text


@pytest.mark.parametrize("role", Role)
async def test_every_role_sees_its_own_page_and_what_it_may_do(site, role) -> None:
    page = await shown(await site.signed_in(await site.account(role)))
    facts = page.one("dl").text
    assert "Ada" in facts
    assert "ada@example.com" in facts
    assert f"{role}:" in facts
    allowed = [each.text for each in page.one("details").all("li")]
    assert "read scores and why they are what they are" in allowed
    assert ("see, make, rotate and revoke API keys" in allowed) == (role is Role.ADMIN)


async def test_the_persons_name_leads_there_from_every_page(site) -> None:
    page = await shown(await site.signed_in(await site.account(Role.ADMIN)))
    link = page.one("footer").one("a", href=ACCOUNT)
    assert (link.text, link.attributes["aria-current"]) == ("Ada", "page")
    assert ACCOUNT not in [each.attributes["href"] for each in page.one("header").all("a")]


async def test_the_sessions_are_told_apart_and_this_one_is_marked(site) -> None:
    person = await site.account()
    await site.signed_in(await site.account(Role.ADMIN, "other@example.com"))
    phone, desk = await sign_in(site, person, PHONE), await sign_in(site, person, FIREFOX)
    names = [row.one("th").text for row in rows(await shown(desk))]
    assert sorted(names) == ["Firefox on Linux this one", "Safari on iPhone"]
    assert sorted(row.one("th").text for row in rows(await shown(phone))) == [
        "Firefox on Linux",
        "Safari on iPhone this one",
    ]


async def test_another_browser_of_the_same_person_is_signed_out_and_this_one_stays(site) -> None:
    person = await site.account()
    phone, desk = await sign_in(site, person, PHONE), await sign_in(site, person, FIREFOX)
    assert not await is_out(phone)
    [row] = [row for row in rows(await shown(desk)) if "iPhone" in row.text]
    answer = await send(desk, row.one("form"))
    assert answer.headers["location"] == ACCOUNT
    assert await is_out(phone)
    page = await shown(desk)
    assert "signed out" in page.one(role="status").text
    assert len(rows(page)) == 1
    assert (await send(desk, row.one("form"))).status_code == 404


async def test_everywhere_ends_all_sessions_of_the_person_and_no_others(site) -> None:
    person = await site.account()
    other = await site.signed_in(await site.account(Role.ADMIN, "other@example.com"))
    phone, desk = await sign_in(site, person, PHONE), await sign_in(site, person, FIREFOX)
    assert not await is_out(phone)
    await send(desk, (await shown(desk)).one("section", **{"aria-labelledby": "sessions"}).all("form")[-1])
    assert [await is_out(each) for each in (phone, desk, other)] == [True, True, False]


async def test_nobody_ends_a_session_of_somebody_else(site) -> None:
    person, other = await site.account(), await site.account(Role.ADMIN, "other@example.com")
    by_key = await sign_in_by_key(site, await site.key("*"))
    victims = [await site.signed_in(other), await site.signed_in(other), by_key]
    attacker = await site.signed_in(person)
    async with site.owner.transaction() as tx:
        stored = await tx.raw.fetch(
            "SELECT id_hash FROM common.sessions WHERE person_id IS DISTINCT FROM $1", person.id
        )
    assert len(stored) == len(victims)
    for row in stored:
        form = {"session": base64.urlsafe_b64encode(row["id_hash"]).decode()}
        assert (await attacker.post(f"{ACCOUNT}/sessions/end", data=form, headers=OURS)).status_code == 404
    site.see_anew()
    assert [await is_out(each) for each in victims] == [False] * len(victims)


@pytest.mark.parametrize("session", ["", "x", "A" * 43 + "=", "<b>"])
async def test_what_is_no_session_is_not_there(site, session) -> None:
    browser = await site.signed_in(await site.account())
    answer = await browser.post(f"{ACCOUNT}/sessions/end", data={"session": session}, headers=OURS)
    assert answer.status_code == 404
    assert not await is_out(browser)


async def test_a_session_that_has_ended_by_itself_is_not_listed(site) -> None:
    person = await site.account()
    await sign_in(site, person, PHONE)
    await site.move("13 hours")
    assert [row.one("th").text for row in rows(await shown(await sign_in(site, person, FIREFOX)))] == [
        "Firefox on Linux this one"
    ]


async def test_a_key_sees_what_it_may_do_and_the_sessions_that_began_with_it(site) -> None:
    key = await site.key("scores:read")
    browser = await sign_in_by_key(site, key)
    await sign_in_by_key(site, key)
    await sign_in_by_key(site, await site.key("*"))
    page = await shown(browser)
    assert key.split("_")[1] in page.one("dl").text
    assert key.split("_", 2)[2] not in page.text
    assert [each.text for each in page.one("details").all("li")] == ["read scores and why they are what they are"]
    assert len(rows(page)) == 2


async def test_a_form_from_elsewhere_ends_nothing(site) -> None:
    person = await site.account()
    phone, desk = await sign_in(site, person, PHONE), await sign_in(site, person, FIREFOX)
    [row] = [row for row in rows(await shown(desk)) if "iPhone" in row.text]
    fields = {each.attributes["name"]: each.attributes["value"] for each in row.one("form").all("input")}
    elsewhere = {"sec-fetch-site": "cross-site"}
    assert (await desk.post(f"{ACCOUNT}/sessions/end", data=fields, headers=elsewhere)).status_code == 403
    assert not await is_out(phone)
    # Where a browser says nothing of where a form is from, its token counts.
    without = {name: value for name, value in fields.items() if name != "form_token"}
    assert (await desk.post(f"{ACCOUNT}/sessions/end", data=without)).status_code == 403
    assert (await desk.post(f"{ACCOUNT}/sessions/end", data=fields)).status_code == 303
    assert await is_out(phone)
