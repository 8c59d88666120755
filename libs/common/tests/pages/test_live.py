"""A live page in a real browser: what changes is replaced, and whoever reads it stays where they are."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from plaudit.common.pages.static import SHARED
from plaudit_testing.browser import browser, needs_browser

pytestmark = needs_browser

SITE = "http://live.example"
STREAM = "retry: 50\n\nevent: changed\ndata: {}\n\n"
"""It ends at once; the browser comes back after its pause, which reads the page again."""
ROWS = "<br>".join(map(str, range(200)))


class Site:
    """A page with one live part, which shows a number."""

    def __init__(self) -> None:
        self.number = 1

    @property
    def part(self) -> str:
        return (
            f'<section id="now" data-live="/events" data-live-type="changed" data-live-from="/now"><b>{self.number}</b>'
            f'<a href="/one">one</a> <a href="/two">two</a><details><summary>All</summary><div class="scroll">{ROWS}'
            "</div></details></section>"
        )

    @property
    def page(self) -> str:
        script = SHARED.content["live.js"].decode()
        style = ".scroll { height: 60px; overflow: auto; }"
        return f"<html><head><style>{style}</style></head><body>{self.part}<script>{script}</script></body></html>"

    async def answer(self, route: Route) -> None:
        match route.request.url.removeprefix(SITE):
            case "/":
                await route.fulfill(body=self.page, content_type="text/html")
            case "/now":
                await route.fulfill(body=self.part, content_type="text/html")
            case "/events":
                await route.fulfill(body=STREAM, content_type="text/event-stream")
            case _:
                await route.fulfill(status=404)


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
async def page(site: Site, tmp_path: Path) -> AsyncIterator[Page]:
    async with browser(tmp_path, with_scripts=True) as opened:
        await opened.route(f"{SITE}/**", site.answer)
        await opened.goto(f"{SITE}/")
        yield opened
        await opened.unroute_all(behavior="ignoreErrors")


async def change(page: Page, site: Site) -> None:
    site.number += 1
    await expect(page.locator("#now b")).to_have_text(str(site.number))


async def test_what_is_read_stays_open_and_where_it_was_scrolled_to(page: Page, site: Site) -> None:
    await page.locator("summary").click()
    await page.locator(".scroll").evaluate("each => { each.scrollTop = 90; }")

    await change(page, site)

    assert await page.locator("details").evaluate("each => each.open")
    assert await page.locator(".scroll").evaluate("each => each.scrollTop") == 90


@pytest.mark.parametrize("stop", ["summary", "a[href='/two']"])
async def test_what_has_the_focus_has_it_again(page: Page, site: Site, stop: str) -> None:
    await page.locator(stop).focus()

    await change(page, site)

    assert await page.locator(stop).evaluate("each => each === document.activeElement")


async def test_who_is_elsewhere_is_left_there(page: Page, site: Site) -> None:
    await change(page, site)

    assert await page.evaluate("document.activeElement === document.body")
