"""The page of reviews in a real browser, on wide and narrow screens, without scripts."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from plaudit_testing.accessibility import faults_of
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.running_ingest import Ingest, Source, created

pytestmark = [pytest.mark.postgres, needs_browser]
SAID = f"They stole my deposit. {'Nobody called back for weeks. ' * 9}I am a loyal customer and I will sue them."
LONG = "A very long title about the deposit that nobody gave back for nineteen days"


async def test_the_page_is_usable_by_everybody_on_every_screen(ingest: Ingest, source: Source, tmp_path: Path):
    reviews = [
        created("a", 1, title=LONG, text="x" * 400, subject="northlight-bikes/rotterdam/central-station"),
        created("b", 5, title="שירות מצוין", text="הכול היה טוב", answer={"text": "תודה"}),
        created("c", 4),
        created("d", 2, title="Never again", text=SAID, subject="acme/berlin", published_at="2026-03-01T00:00:00Z"),
    ]
    await ingest.post(source, reviews)
    assert ingest.parts.app is not None
    async with browsing(ingest.parts.app, tmp_path, path="/console/reviews") as page:
        await page.get_by_label("API key").fill(await ingest.key())
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Reviews")
        for width in (1280, 768, 375, 320):
            await page.set_viewport_size({"width": width, "height": 900})
            assert await faults_of(page) == [], width
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
