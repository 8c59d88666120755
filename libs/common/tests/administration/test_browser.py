"""The pages of keys, people and the account in a real browser, wide and narrow, by keyboard, without scripts."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from plaudit.common.api_keys import commands as api_keys
from plaudit.common.people import commands as people
from plaudit.common.people.domain import Role
from plaudit_testing.accessibility import faults_of, first_focused
from plaudit_testing.browser import browser as open_browser
from plaudit_testing.browser import needs_browser

pytestmark = [pytest.mark.postgres, needs_browser]


@pytest.fixture
async def page(site, tmp_path) -> AsyncIterator[Page]:
    """The account of an admin, signed in at a tenant that has keys and people of every kind."""
    ada = await site.account(Role.ADMIN)
    bob = await site.account(Role.VIEWER, "a-very-long-address-of-somebody@success.northlight-bikes.example.com")
    async with site.owner.transaction() as tx:
        await people.rename(tx, "default", ada.id, "Ada King-Noel, Countess of Lovelace")
        await people.deactivate(tx, "default", bob.id)
        for scopes in (["*"], ["scores:read", "reviews:read", "board:read", "clocks:read", "alerts:read"]):
            await api_keys.create(tx, "default", "Dashboard of the branch in Rotterdam", scopes, timedelta(days=30))
        key, _ = await api_keys.issue(tx, "default", "Old importer", ["sources:write"])
        await api_keys.rotate(tx, key.public_id, timedelta(hours=24))
        key, _ = await api_keys.issue(tx, "default", "לוח מחוונים", ["scores:read"])
        await api_keys.revoke(tx, key.public_id)
    for _ in range(2):
        await site.signed_in(ada)
    address = str((await site.new_browser()).base_url).rstrip("/")
    async with open_browser(tmp_path) as opened:
        await opened.goto(address + await site.link(ada))
        await opened.get_by_role("button", name="Sign in").click()
        await opened.goto(f"{address}/console/account")
        yield opened


async def go(page: Page, name: str) -> None:
    await page.get_by_role("navigation", name="Console").get_by_role("link", name=name).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(name)


async def test_every_page_of_keys_is_usable_by_everybody(page: Page) -> None:
    await go(page, "API keys")
    assert await faults_of(page) == []
    assert await first_focused(page) == "Skip to the content"
    await page.get_by_role("link", name="all", exact=True).click()
    assert await faults_of(page) == []
    await page.get_by_role("link", name="Old importer").click()
    await expect(page.get_by_role("heading", name="Rotate")).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Rotate the key").click()
    await expect(page.locator("#overlap-error")).to_contain_text("was rotated before")
    assert await faults_of(page) == []
    await page.get_by_label("The old secret").select_option("ends at once")
    await page.get_by_role("button", name="Rotate the key").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("The key has another secret")
    assert await faults_of(page) == []
    await page.get_by_role("link", name="I have copied it").click()
    await page.get_by_role("link", name="Old importer").click()
    await page.get_by_role("link", name="Revoke the key").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Old importer")
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Revoke it").click()
    await expect(page.get_by_role("status")).to_contain_text("is revoked")


async def test_a_key_is_made_by_keyboard_and_a_mistake_is_told_beside_its_field(page: Page) -> None:
    await go(page, "API keys")
    await page.get_by_role("link", name="Make a key").focus()
    await page.keyboard.press("Enter")
    await page.get_by_label("Name").fill("Importer")
    await page.get_by_label("Name").press("Enter")
    await expect(page.locator("#scopes-error")).to_have_text("Tick what the key may do.")
    assert await faults_of(page) == []
    await page.get_by_label("Make, change and delete sources").press("Space")
    await page.get_by_label("Valid").select_option("for a year")
    await page.get_by_role("button", name="Make the key").press("Enter")
    await expect(page.locator(".secret")).to_contain_text("plaudit_")
    assert await faults_of(page) == []
    await page.locator(".secret").click()
    assert (await page.evaluate("getSelection().toString()")).strip().startswith("plaudit_")


async def test_every_page_of_people_is_usable_by_everybody(page: Page) -> None:
    await go(page, "People")
    assert await faults_of(page) == []
    await page.get_by_role("link", name="Invite somebody").click()
    assert await faults_of(page) == []
    await page.get_by_label("E-mail address").fill("eve@example.com")
    await page.get_by_label("Name").fill("Eve")
    await page.get_by_label("Role").select_option("responder")
    await page.get_by_role("button", name="Invite").click()
    await expect(page.get_by_role("status")).to_contain_text("on its way")
    assert await faults_of(page) == []
    await page.get_by_role("link", name="Deactivate the account").click()
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Deactivate").click()
    await expect(page.get_by_role("button", name="Activate the account")).to_be_visible()
    assert await faults_of(page) == []


async def test_the_account_is_usable_by_everybody_and_signs_out_another_browser(page: Page) -> None:
    assert await faults_of(page) == []
    assert await page.get_by_role("row").count() == 4
    await page.get_by_role("button", name="Sign out Unknown browser").first.click()
    await expect(page.get_by_role("status")).to_contain_text("signed out")
    assert await page.get_by_role("row").count() == 3
    await page.get_by_role("button", name="Sign out everywhere").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
