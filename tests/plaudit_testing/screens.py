"""What pages of the console are held to in a real browser: a heading, access for everybody, room on each screen."""

from typing import Final

from playwright.async_api import Page, expect

from plaudit_testing.accessibility import faults_of

WIDTHS: Final = (1280, 768, 375, 320)
"""Of screens in CSS pixels; at 320 a wide screen zoomed to 400 % is read (WCAG 2.2, 1.4.10)."""


async def sign_in(page: Page, key: str) -> None:
    """Sign in by an API key, on the page that asks for one."""
    await page.get_by_label("API key").fill(key)
    await page.get_by_role("button", name="Sign in").click()


async def check(page: Page, heading: str) -> None:
    """Hold the open page to its heading, to access for everybody, and to each width without scrolling sideways."""
    await expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    faults = await faults_of(page)
    assert not faults, (heading, faults)
    for width in reversed(WIDTHS):
        await page.set_viewport_size({"width": width, "height": 900})
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (heading, width)
