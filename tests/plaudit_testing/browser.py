"""A real browser, with scripts of pages switched off unless a test wants them."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from plaudit.common.http import Api
from plaudit_testing.serving import serving

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
PATIENCE_MS = 60_000
"""For whatever a busy machine may do slowly."""

expect.set_options(timeout=PATIENCE_MS)
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (apt-get install chromium)")


@asynccontextmanager
async def browser(folder: Path, *, with_scripts: bool = False) -> AsyncIterator[Page]:
    """Start a browser that keeps its data in the folder, and open an empty page."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            folder,
            executable_path=CHROMIUM,
            args=ARGUMENTS,
            java_script_enabled=with_scripts,
            viewport={"width": 1280, "height": 900},
            timeout=PATIENCE_MS,
        )
        context.set_default_timeout(PATIENCE_MS)
        yield await context.new_page()
        await context.close()


@asynccontextmanager
async def browsing(app: Api, folder: Path, *, path: str = "/", with_scripts: bool = False) -> AsyncIterator[Page]:
    """Serve an application, and open a page of it in a browser that keeps its data in the folder."""
    async with serving(app) as client, browser(folder, with_scripts=with_scripts) as page:
        await page.goto(f"{str(client.base_url).rstrip('/')}{path}")
        yield page
