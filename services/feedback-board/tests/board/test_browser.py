"""The board in a real browser, by mouse and by keyboard, with scripts switched off."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, expect

from plaudit_testing.accessibility import faults_of, first_focused
from plaudit_testing.browser import browsing, needs_browser

pytestmark = [pytest.mark.postgres, needs_browser]


@pytest.fixture
async def page(parts, api: httpx.AsyncClient, tmp_path: Path) -> AsyncIterator[Page]:
    """A page of a browser that has just opened the board, which is public once `api` has made its tenant."""
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


async def test_every_page_of_the_board_is_usable_by_everybody(page: Page, api: httpx.AsyncClient, reviews) -> None:
    paths = ["/", "/b/default/status/shipped", "/b/nobody", "/docs", "/problems"]
    for status in ("open", "under_review", "planned", "in_progress", "shipped", "declined"):
        made = (await api.post("/v1/requests", json={"title": f"Request {status}", "text": "Text."})).json()
        await api.put(f"/v1/requests/{made['id']}/sizing", json={"impact": 1, "effort_weeks": 1})
        await api.put(f"/v1/requests/{made['id']}/status", json={"status": status, "reason": "Because."})
        review = await reviews.published(person="native:anna", external_id=status)
        await api.post(f"/v1/requests/{made['id']}/links", json={"review_id": str(review)})
        paths.append(made["page"])
    assert await first_focused(page) == "Skip to the content"
    for path in paths:
        await page.goto(str(httpx.URL(page.url).join(path)))
        if await page.get_by_role("button", name="Vote for").count():
            await page.get_by_role("button", name="Vote for").first.click()
        assert await faults_of(page) == [], path


async def test_staff_give_a_request_its_status_and_size_without_a_script(
    page: Page, api: httpx.AsyncClient, api_key: str
) -> None:
    for title in ("Refund the deposit at once", "Pumps at every station", "Dark mode"):
        await api.post(
            "/v1/requests", json={"title": title, "text": "It took eleven days. " * 9, "persona": "commuter"}
        )
    await page.goto(str(httpx.URL(page.url).join("/console/requests")))
    await page.get_by_label("API key").fill(api_key)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Requests")
    assert await faults_of(page) == []
    assert await first_focused(page) == "Skip to the content"

    await page.get_by_role("link", name="Dark mode").click()
    await page.get_by_label("Impact").select_option("2")
    await page.get_by_label("Effort").fill("a week")
    await page.get_by_role("button", name="Set the size").click()
    effort = page.get_by_label("Effort")
    await expect(effort).to_have_attribute("aria-invalid", "true")
    await expect(effort).to_have_value("a week")
    assert await effort.evaluate("field => field === document.activeElement")
    assert await faults_of(page) == []

    await effort.fill("0,5")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_text("“Dark mode” has a priority of 0.")
    assert await faults_of(page) == []

    await page.get_by_label("Becomes").select_option("planned")
    await page.get_by_label("Why").fill("Many of you ask for it, and it is small.")
    await page.get_by_role("button", name="Set the status").click()
    await expect(page.get_by_role("status")).to_have_text("“Dark mode” is planned.")
    await page.reload()
    await expect(page.get_by_role("status")).to_have_count(0)
    await page.get_by_role("link", name="Public page").click()
    await expect(page.get_by_text("Many of you ask for it, and it is small.").first).to_be_visible()


async def test_a_vote_needs_no_reload_where_scripts_run_and_is_announced(
    parts, api: httpx.AsyncClient, tmp_path: Path
) -> None:
    await api.post("/v1/requests", json={"title": "Dark mode"})
    async with browsing(parts.app, tmp_path, with_scripts=True) as page:
        await page.evaluate("window.isTheSamePage = true")
        button = page.get_by_role("button", name="Vote for Dark mode")
        said = page.locator("[aria-live=polite]")
        for votes, pressed, words in (
            ("1 vote", "true", "Thank you, your vote counts. 1 vote"),
            ("0 votes", "false", "Your vote is taken back. 0 votes"),
        ):
            await button.focus()
            await page.keyboard.press("Enter")
            await expect(said).to_have_text(words)
            await expect(button).to_have_attribute("aria-pressed", pressed)
            await expect(button).to_be_focused()
            await expect(button).to_contain_text(votes.split()[0])
        assert await page.evaluate("window.isTheSamePage")
    assert (await api.get("/v1/requests")).json()["items"][0]["votes"] == 0


async def test_the_changelog_the_roadmap_a_search_and_the_frames_are_usable_by_everybody(
    page: Page, api: httpx.AsyncClient
) -> None:
    await api.post("/v1/requests", json={"title": "Dark mode", "persona": "commuter"})
    made = (
        await api.post("/v1/changelog", json={"title": "It is dark", "changed": "It is.", "said": "Bright!"})
    ).json()
    await api.put(f"/v1/changelog/{made['id']}/publication", json={"published": True})
    board = "/b/default"
    for path in (
        f"{board}/roadmap",
        f"{board}/changelog",
        made["page"],
        f"{board}?q=dark&sort=votes",
        f"{board}?sort=trending",
        f"{board}/embed/roadmap",
        f"{board}/embed/request?made=dark-mode",
        f"{board}?language=de",
    ):
        await page.goto(str(httpx.URL(page.url).join(path)))
        assert await faults_of(page) == [], path
