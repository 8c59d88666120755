"""The console's pages of sources in a real browser, on wide and narrow screens, without scripts."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from plaudit_testing.accessibility import faults_of, first_focused
from plaudit_testing.browser import browser, needs_browser
from plaudit_testing.running_ingest import Ingest, Source, created

pytestmark = [pytest.mark.postgres, needs_browser]
LONG = "The shop in the old town with a name that is much longer than any list of sources would like"


@pytest.fixture
async def page(ingest: Ingest, tmp_path) -> AsyncIterator[Page]:
    """The list of sources, signed in."""
    async with browser(tmp_path) as opened:
        await opened.goto(f"{str(ingest.client.base_url).rstrip('/')}/console/sources")
        await opened.get_by_label("API key").fill(await ingest.key())
        await opened.get_by_role("button", name="Sign in").click()
        await expect(opened.get_by_role("heading", level=1)).to_have_text("Sources")
        yield opened


async def test_a_source_is_made_waits_turns_green_and_is_deleted(ingest: Ingest, page: Page):
    assert await faults_of(page) == []
    await page.get_by_role("link", name="Guides of all platforms").click()
    assert await faults_of(page) == []
    for guide in ("Trustpilot", "Native format"):
        await page.get_by_role("link", name=guide).first.click()
        assert await faults_of(page) == []
        await page.go_back()
    await page.get_by_role("link", name="Trustpilot").click()
    await page.get_by_role("link", name="Make a source of it").press("Enter")
    assert await faults_of(page) == []
    await expect(page.get_by_role("combobox", name="Platform")).to_have_value("trustpilot")
    await page.get_by_role("combobox", name="Platform").select_option("native")
    await page.get_by_role("textbox", name="Name").fill(LONG)
    await page.get_by_role("textbox", name="Subject").fill("Not a subject")
    await page.get_by_role("button", name="Make the source").click()
    await expect(page.locator("#subject")).to_be_focused()
    assert await faults_of(page) == []
    await page.get_by_role("textbox", name="Subject").fill("northlight-bikes/rotterdam/central-station")
    await page.get_by_role("button", name="Make the source").click()
    await expect(page.get_by_role("heading", name="Waiting for the first event …")).to_be_visible()
    assert await first_focused(page) == "Skip to the content"
    await page.get_by_role("link", name="Stop looking").click()
    assert await faults_of(page) == []
    await page.get_by_role("link", name="Look every few seconds").click()
    [made] = await ingest.items("/v1/sources")
    secret = (await ingest.get(f"/v1/sources/{made['id']}/secret")).json()["secret"]
    await ingest.post(Source(made["id"], secret, made["hook"]), created("r-1"))
    await expect(page.get_by_role("status")).to_contain_text("Events arrive.")
    assert await faults_of(page) == []
    await page.get_by_role("link", name="Settings").click()
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Rotate").press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("The source has another secret")
    assert await faults_of(page) == []
    await page.get_by_role("link", name="Back to the source").click()
    await page.get_by_role("link", name="Settings").click()
    await page.get_by_role("button", name="Pause the source").click()
    await expect(page.get_by_role("heading", name="Paused")).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="Sources").click()
    assert await faults_of(page) == []
    await page.get_by_role("link", name=LONG).click()
    await page.get_by_role("link", name="Settings").click()
    await page.get_by_role("link", name="Delete the source").click()
    assert await faults_of(page) == []
    await page.get_by_label("Type its name to delete it").fill(LONG)
    await page.get_by_role("button", name="Delete it").click()
    await expect(page.get_by_text("There is no source.")).to_be_visible()
