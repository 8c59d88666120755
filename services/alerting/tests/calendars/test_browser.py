"""The pages of calendars in a real browser, without scripts: everybody can use them, on a phone, too."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from plaudit.alerting.main import build
from plaudit.common.api_keys import commands as api_keys
from plaudit.common.tenants import commands as tenants
from plaudit_testing.accessibility import faults_of
from plaudit_testing.browser import browsing, needs_browser

pytestmark = [pytest.mark.postgres, needs_browser]


@pytest.fixture
async def page(stage, tmp_path) -> AsyncIterator[Page]:
    """The console, signed in."""
    async with stage.common.transaction() as tx:
        await tenants.create(tx, "default", "Kite Coffee")
        key = await api_keys.create(tx, "default", "page", ["*"])
    async with browsing(build(stage.resources).app, tmp_path) as opened:
        await opened.get_by_label("API key").fill(key)
        await opened.get_by_role("button", name="Sign in").click()
        await expect(opened.get_by_role("heading", level=1)).to_have_text("Overview")
        yield opened


async def is_within(page: Page) -> bool:
    """Whether nothing of the page is wider than the screen."""
    return bool(await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


async def is_fine(page: Page, name: str) -> None:
    """Nobody is kept out, and it fits every screen."""
    assert await faults_of(page) == []
    for width in (320, 360, 1280):
        await page.set_viewport_size({"width": width, "height": 900})
        assert await is_within(page), (name, width)
        await _picture(page, name, width)


async def _picture(page: Page, name: str, width: int) -> None:
    """Keep a picture where PLAUDIT_PICTURES says, to look at."""
    if (folder := os.environ.get("PLAUDIT_PICTURES")) and width != 320:
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            await page.screenshot(path=Path(folder) / f"{name}-{width}-{scheme}.png", full_page=True)


async def test_a_calendar_is_made_seen_and_shown_by_everybody(page: Page):
    await page.get_by_role("navigation", name="Console").get_by_role("link", name="Calendars").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Calendars")
    await is_fine(page, "nothing")
    await page.get_by_role("link", name="New calendar").click()
    await is_fine(page, "new")
    await page.get_by_label("Name").fill("berlin")
    await page.get_by_label("Monday").fill("9 to 5")
    await page.get_by_label("Dates that differ").fill("tomorrow")
    await page.get_by_role("button", name="See what it looks like").click()
    await expect(page.get_by_role("alert")).to_contain_text("2 fields cannot be taken so")
    await is_fine(page, "refused")
    await page.get_by_label("Monday").fill("09:00-12:00, 13:00-17:00")
    await page.get_by_label("Friday").fill("22:00-06:00")
    await page.get_by_label("Holidays of").select_option("TR")
    await page.get_by_label("Kinds of holidays").fill("public, half_day")
    await page.get_by_label("Dates that differ").fill("2026-03-09 closed Inventory\n2026-03-10 10:00-12:00 Training")
    await page.get_by_role("button", name="See what it looks like").click()
    await expect(page.get_by_role("heading", name="The next 30 days")).to_be_visible()
    await expect(page.get_by_role("table")).to_contain_text("Inventory")
    await is_fine(page, "preview")
    await page.get_by_role("button", name="Save the calendar").click()
    await expect(page.get_by_role("status")).to_contain_text("The calendar berlin is saved.")
    await is_fine(page, "calendar")
    await page.get_by_role("link", name="Month after").click()
    await expect(page.get_by_role("heading", name="April 2026")).to_be_visible()
    await page.get_by_role("navigation", name="Console").get_by_role("link", name="Calendars").click()
    await is_fine(page, "list")
    await page.get_by_role("link", name="always", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("always")
    await is_fine(page, "always")
