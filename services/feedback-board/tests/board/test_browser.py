"""The board in a real browser, by mouse and by keyboard, with scripts switched off."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, expect

from plaudit_testing.browser import browsing, needs_browser

pytestmark = [pytest.mark.postgres, needs_browser]


@pytest.fixture
async def page(parts, tmp_path: Path) -> AsyncIterator[Page]:
    """A page of a browser that has just opened the board."""
    async with browsing(parts.app, tmp_path) as opened:
        yield opened


async def test_a_visitor_makes_a_request_votes_and_sees_the_count(page: Page, api: httpx.AsyncClient) -> None:
    await page.get_by_label("In one line").fill("Pumps at every station")
    await page.get_by_label("What would it help you do?").fill("Mine is at home.")
    await page.get_by_role("button", name="Put it on the board").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Pumps at every station")
    await expect(page.get_by_role("status")).to_have_text("Your request is on the board, with your vote.")
    await expect(page.get_by_label("Votes and figures")).to_contain_text("1 vote")

    request = (await api.get("/v1/requests")).json()["items"][0]
    await api.post(f"/v1/requests/{request['id']}/votes", json={"person": "native:anna"})
    await page.get_by_role("button", name="Take back your vote").click()
    await expect(page.get_by_label("Votes and figures")).to_contain_text("1 vote")
    await page.get_by_role("button", name="Vote for this").click()
    await expect(page.get_by_label("Votes and figures")).to_contain_text("2 votes")

    await page.get_by_role("link", name="All requests").click()
    button = page.get_by_role("button", name="Vote for Pumps at every station")
    await expect(button).to_have_attribute("aria-pressed", "true")
    await expect(button).to_contain_text("2")


async def test_a_vote_can_be_cast_by_keyboard_alone(page: Page, api: httpx.AsyncClient) -> None:
    await api.post("/v1/requests", json={"title": "Dark mode"})
    await page.reload()
    button = page.get_by_role("button", name="Vote for Dark mode")
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await button.evaluate("element => element.matches(':focus-visible')"):
            break
    await page.keyboard.press("Enter")
    await expect(button).to_have_attribute("aria-pressed", "true")
    await expect(page.locator(":target")).to_contain_text("Dark mode")


async def test_nothing_is_wider_than_the_window(page: Page, api: httpx.AsyncClient) -> None:
    long_word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    made = (await api.post("/v1/requests", json={"title": long_word, "text": long_word * 3})).json()
    path = f"/v1/requests/{made['id']}"
    await api.put(f"{path}/sizing", json={"impact": 0.25, "effort_weeks": 999.75})
    for status in ("under_review", "planned"):
        await api.put(f"{path}/status", json={"status": status, "reason": long_word})
        for address in ("/", made["page"]):
            await page.goto(str(httpx.URL(page.url).join(address)))
            for width in (320, 390, 800, 1280):
                await page.set_viewport_size({"width": width, "height": 900})
                needed = await page.evaluate("document.documentElement.scrollWidth")
                assert needed <= width, (address, status)


async def test_every_text_stands_out_from_its_ground(page: Page, api: httpx.AsyncClient) -> None:
    """WCAG 2.2, 1.4.3: at least 4.5 : 1, or 3 : 1 for large text; by day and by night."""
    paths = ["/"]
    for status in ("open", "under_review", "planned", "in_progress", "shipped", "declined"):
        made = (await api.post("/v1/requests", json={"title": f"Request {status}", "text": "Text."})).json()
        await api.put(f"/v1/requests/{made['id']}/sizing", json={"impact": 1, "effort_weeks": 1})
        await api.put(f"/v1/requests/{made['id']}/status", json={"status": status, "reason": "Because."})
        paths.append(made["page"])
    for path in paths:
        await page.goto(str(httpx.URL(page.url).join(path)))
        if await page.get_by_role("button", name="Vote for").count():
            await page.get_by_role("button", name="Vote for").first.click()
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            assert await page.evaluate(CONTRAST) == [], (path, scheme)


CONTRAST = """
(() => {
  const parse = text => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return {r, g, b, a};
  };
  const luminance = ({r, g, b}) => {
    const part = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.a === 1) return colour;
    }
    return {r: 255, g: 255, b: 255};
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const [light, dark] = [luminance(parse(style.color)), luminance(ground(element))].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < (large ? 3 : 4.5)) poor.push([node.data.trim(), ratio.toFixed(2)]);
  }
  return poor;
})()
"""
