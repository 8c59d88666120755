"""The inbox and the roadmap in a real browser: by keyboard, without scripts, on a phone, for everybody."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import expect

from plaudit_testing.board_pages import put_on_board
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.screens import check, sign_in

pytestmark = [pytest.mark.postgres, needs_browser]

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
PATHS = {
    "/console/triage": "Triage",
    "/console/triage?show=suspicious": "Triage",
    "/console/roadmap": "Roadmap",
}


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_request_is_moved_with_and_without_scripts(
    parts: Any, api: httpx.AsyncClient, api_key: str, tmp_path: Path, scripts: bool
) -> None:
    await put_on_board(api, "First asked", "planned")
    async with browsing(parts.app, tmp_path, path="/console/roadmap", with_scripts=scripts) as page:
        await sign_in(page, api_key)
        await expect(page.get_by_role("heading", level=1)).to_have_text("Roadmap")
        if scripts:
            await page.keyboard.press("j")
            await expect(page.get_by_role("link", name="First asked")).to_be_focused()
            await page.keyboard.press("o")
        else:
            await page.locator("summary").click()
        await page.get_by_label("Becomes").select_option("in_progress")
        await page.get_by_role("button", name="Set the status").click()
        await expect(page.get_by_role("status")).to_have_text("“First asked” is in progress.")
        column = page.get_by_role("region", name="In progress")
        await expect(column.get_by_role("link", name="First asked")).to_be_visible()


async def test_every_page_is_usable_by_everybody_and_fits_a_phone(
    parts: Any, api: httpx.AsyncClient, api_key: str, clients: Any, tmp_path: Path
) -> None:
    for title, status in ((LONG, "open"), ("Soon", "planned"), ("Now", "in_progress"), ("Done", "shipped")):
        await put_on_board(api, title, status)
    spam = {"title": LONG, "text": "https://a.example https://b.example https://c.example"}
    await clients.visitor().post("/b/default/requests", data=spam)
    async with browsing(parts.app, tmp_path, path="/console/triage") as page:
        await sign_in(page, api_key)
        for path, heading in PATHS.items():
            await page.goto(str(httpx.URL(page.url).join(path)))
            await page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
            await check(page, heading)
