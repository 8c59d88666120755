"""The console's pages of imports in a real browser, on wide and narrow screens, without scripts."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from plaudit_testing.accessibility import faults_of
from plaudit_testing.browser import browser, needs_browser
from plaudit_testing.running_ingest import Ingest, Source

pytestmark = [pytest.mark.postgres, needs_browser]
FILE = b"review_id,stars,date,text\r\nr-1,4,2026-01-01T00:00:00Z," + b"Averylongwordthatdoesnotbreak" * 8 + b"\r\n"


@pytest.fixture
async def page(ingest: Ingest, source: Source, tmp_path) -> AsyncIterator[Page]:
    """The list of imports, signed in."""
    async with browser(tmp_path) as opened:
        await opened.goto(f"{str(ingest.client.base_url).rstrip('/')}/console/imports")
        await opened.get_by_label("API key").fill(await ingest.key())
        await opened.get_by_role("button", name="Sign in").click()
        await expect(opened.get_by_role("heading", level=1)).to_have_text("Imports")
        yield opened


async def test_a_file_is_sent_looked_at_started_and_cancelled(page: Page):
    assert await faults_of(page) == []
    await page.get_by_role("link", name="Import a file").click()
    assert await faults_of(page) == []
    await page.get_by_label("File").set_input_files({"name": "r.csv", "mimeType": "text/csv", "buffer": FILE})
    await page.get_by_role("button", name="Send it and look at it").click()
    await expect(page.get_by_role("heading", name="As it is read")).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_label("Time zone").fill("Nowhere/Land")
    await page.get_by_role("button", name="Show it read so").click()
    await expect(page.locator("#zone-error")).to_contain_text("no zone")
    await expect(page.locator("#zone")).to_be_focused()
    assert await faults_of(page) == []
    await page.get_by_label("Time zone").fill("")
    await page.get_by_role("button", name="Import it").click()
    await expect(page.get_by_role("button", name="Cancel it")).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Cancel it").click()
    await expect(page.get_by_text("The import is cancelled.")).to_be_visible()
