"""Signing in, and the step past a full budget, in a real browser."""

from pathlib import Path

import httpx
import pytest
from playwright.async_api import expect

from plaudit_testing.accessibility import faults_of
from plaudit_testing.board_pages import BOARD, link_in, put_on_board
from plaudit_testing.browser import browsing, needs_browser

pytestmark = [pytest.mark.postgres, needs_browser]


def at(url: str, path: str) -> str:
    return str(httpx.URL(url).join(path))


@pytest.mark.settings(votes_per_hour_per_network=1)
async def test_the_script_finds_a_proof_and_the_vote_counts(
    parts, api: httpx.AsyncClient, clients, tmp_path: Path
) -> None:
    path = await put_on_board(api, "Dark mode")
    await clients.visitor(address="127.0.0.1").post(f"{path}/votes", data={"choice": "vote"})
    async with browsing(parts.app, tmp_path, with_scripts=True) as page:
        await page.goto(at(page.url, path))
        await page.get_by_role("button", name="Vote for this").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("One more step")
        send = page.get_by_role("button", name="Send it")
        await expect(send).to_be_enabled(timeout=60_000)
        assert await faults_of(page) == []
        await send.click()
        await expect(page.get_by_label("Votes and figures")).to_contain_text("2 votes")


@pytest.mark.settings(votes_per_hour_per_network=1)
async def test_without_scripts_a_mailed_link_casts_the_vote(
    parts, api: httpx.AsyncClient, clients, mailbox, tmp_path: Path
) -> None:
    path = await put_on_board(api, "Dark mode")
    await clients.visitor(address="127.0.0.1").post(f"{path}/votes", data={"choice": "vote"})
    async with browsing(parts.app, tmp_path) as page:
        await page.goto(at(page.url, path))
        await page.get_by_role("button", name="Vote for this").click()
        await expect(page.get_by_role("button", name="Send it")).to_be_hidden()
        await page.get_by_label("Your e-mail address").fill("ada@example.com")
        await page.get_by_role("button", name="Mail me a link").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")
        await page.goto(at(page.url, link_in(mailbox)))
        await page.get_by_label("The name to show").fill("Ada")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_label("Votes and figures")).to_contain_text("2 votes")
        await expect(page.get_by_role("button", name="Take back your vote")).to_be_visible()


async def test_every_page_about_a_person_is_usable_by_everybody_and_fits_a_phone(
    parts, api: httpx.AsyncClient, mailbox, tmp_path: Path
) -> None:
    async with browsing(parts.app, tmp_path) as page:
        for choice in ("download", "delete"):
            await page.goto(at(page.url, f"{BOARD}/your-data"))
            await page.get_by_label("Your e-mail address").fill("ada@example.com")
            await page.get_by_role("button", name=choice).click()
            await page.goto(at(page.url, link_in(mailbox)))
            assert await faults_of(page) == []
        await page.get_by_role("button", name="Delete all about me").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("All about you is being deleted")
        receipt = httpx.URL(page.url).path
        for path in (f"{BOARD}/sign-in", f"{BOARD}/me", f"{BOARD}/your-data", f"{BOARD}/sign-in/token", receipt):
            await page.goto(at(page.url, path))
            assert await faults_of(page) == [], path
            for width in (360, 1280):
                await page.set_viewport_size({"width": width, "height": 900})
                assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
