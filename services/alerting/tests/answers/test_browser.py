"""The pages of drafts and of the library in a real browser: on wide and narrow screens, without scripts."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from plaudit.alerting.main import build
from plaudit.common.api_keys import commands as api_keys
from plaudit.common.tenants import commands as tenants
from plaudit_testing.accessibility import faults_of
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.clocks import at
from plaudit_testing.drafts import TEMPLATE, TEMPLATE_OF_ANOTHER

pytestmark = [pytest.mark.postgres, needs_browser]
WIDTHS = (320, 375, 1280)


@pytest.fixture
async def page(stage, answers, tmp_path) -> AsyncIterator[Page]:
    """The console, signed in, with one published answer."""
    await answers(TEMPLATE, 1)
    await stage.move_to(at(2))
    async with stage.common.transaction() as tx:
        await tenants.create(tx, "default", "Kite Coffee")
        key = await api_keys.create(tx, "default", "page", ["*"])
    async with browsing(build(stage.resources).app, tmp_path) as opened:
        await opened.get_by_label("API key").fill(key)
        await opened.get_by_role("button", name="Sign in").click()
        yield opened


async def fits(page: Page) -> None:
    """Nothing is cut at any width, and everybody can use it."""
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 900})
        assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), width
    assert await faults_of(page) == []


async def test_a_draft_is_checked(page: Page):
    await page.goto(page.url.partition("/console")[0] + "/console/answers/check")
    await fits(page)
    await page.get_by_label("Your answer").fill(TEMPLATE_OF_ANOTHER + "\nYou failed to read the manual.")
    await page.get_by_label("What the review says").fill("The left hinge of the door broke.")
    await page.get_by_label("Its rating").select_option("1")
    await page.get_by_role("button", name="Check it").click()
    await expect(page.get_by_role("heading", level=2)).to_contain_text("to look at again")
    await expect(page.locator("mark").first).to_contain_text("Thank you for your review")
    await fits(page)


async def test_a_guideline_is_found_added_and_restored(page: Page):
    await page.get_by_role("navigation", name="Console").get_by_role("link", name="Library").click()
    await page.get_by_label("It mentions").select_option("delivery")
    await page.get_by_label("It is").select_option("negative")
    await page.get_by_role("button", name="Show").click()
    await expect(page.get_by_role("heading", level=2, name="Delivery")).to_be_visible()
    await fits(page)
    await page.get_by_role("link", name="New guideline").click()
    await page.get_by_label("What we stand for").fill("Leaving is as easy as coming.")
    await page.get_by_label("Points to cover, one in each line").fill("Dear Tom, it ends")
    await page.get_by_role("button", name="Add it").click()
    await expect(page.get_by_text("greets a customer")).to_be_visible()
    await page.get_by_label("Points to cover, one in each line").fill("Name the day\nSay what is paid back")
    await page.get_by_label("Severity").select_option("drastic")
    await page.get_by_label("Topic").select_option("ads_privacy")
    await page.get_by_role("button", name="Add it").click()
    await expect(page.get_by_role("heading", name="History")).to_be_visible()
    await page.get_by_role("button", name="Withdraw the guideline").click()
    await page.get_by_role("link", name="Advertising and privacy").click()
    await page.get_by_role("button", name="Restore revision 1").click()
    await expect(page.get_by_text("restores 1")).to_be_visible()
    await fits(page)
