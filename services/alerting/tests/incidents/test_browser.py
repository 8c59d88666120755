"""The public page and the page of an incident in a real browser, without scripts, on a phone too."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from plaudit.alerting.main import build
from plaudit.common.api_keys import commands as api_keys
from plaudit_testing.accessibility import faults_of
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.incidents import ARABIC, after, iso, page_of

pytestmark = [pytest.mark.postgres, needs_browser]


@pytest.fixture
async def page(stage, incidents, tmp_path) -> AsyncIterator[Page]:
    """The console, signed in."""
    async with stage.common.transaction() as tx:
        key = await api_keys.create(tx, "default", "page", ["*"])
    async with browsing(build(stage.resources).app, tmp_path) as opened:
        await opened.get_by_label("API key").fill(key)
        await opened.get_by_role("button", name="Sign in").click()
        yield opened


async def narrow(page: Page) -> bool:
    await page.set_viewport_size({"width": 360, "height": 800})
    return bool(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


async def test_the_public_page_is_readable_by_everybody_on_every_screen(page: Page, incidents):
    opened = await incidents.opened()
    await incidents.updated(opened, {"fix": "x" * 300}, ARABIC)
    origin = page.url.partition("/console")[0]
    for path in (page_of(opened), f"{page_of(opened)}?language=ar", "/incidents/default"):
        await page.goto(origin + path)
        assert await faults_of(page) == [], path
        assert await narrow(page), path
    await page.goto(origin + page_of(opened))
    await page.get_by_role("link", name="العربية").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(ARABIC["title"])
    assert await page.evaluate("document.documentElement.dir") == "rtl"


async def test_an_incident_is_opened_told_and_shown_by_everybody(page: Page, incidents):
    origin = page.url.partition("/console")[0]
    await page.goto(f"{origin}/console/incidents/new")
    await page.get_by_label("What is wrong, in one line").fill("Payments fail")
    await page.get_by_label("Who is told").select_option("public")
    await page.get_by_label("Subjects that are affected").fill("acme/berlin")
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Open it").click()
    await page.get_by_role("link", name="Write an update").click()
    await page.get_by_label("Apology").fill("We are sorry.")
    await page.get_by_label("The cause is not known yet").check()
    await page.get_by_label("What you do about it").fill("We mend it.")
    await page.get_by_role("button", name="Show what each channel will have").click()
    await expect(page.locator("#en-prevention-error")).to_be_visible()
    await page.get_by_label("What you do so that").fill("Two cables.")
    await page.get_by_role("button", name="Show what each channel will have").click()
    await expect(page.get_by_role("heading", name="What each channel will have")).to_be_visible()
    assert await faults_of(page) == []
    assert await narrow(page)
    await page.get_by_role("button", name="Publish over every channel").click()
    await expect(page.get_by_role("status")).to_have_text("Update 1 is published.")
    [opened] = (await incidents.api.get("/v1/incidents")).json()["items"]
    await incidents.puts(opened, "breach", aware_at=iso(after(-1)), zone="Europe/Berlin", country="DE")
    await page.reload()
    assert await faults_of(page) == []
    assert await narrow(page)
    await page.goto(f"{origin}/console/incidents")
    assert await faults_of(page) == []
