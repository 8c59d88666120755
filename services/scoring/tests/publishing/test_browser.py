"""A page of scores in a real browser: it shows what has changed since, while scripts run."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Route, expect

from plaudit.common.http import event_stream
from plaudit.scoring.main import build
from plaudit.scoring.publishing.api import EVENTS
from plaudit.scoring.scores.pages import LIVE
from plaudit_testing.browser import browser, needs_browser
from plaudit_testing.review_events import review_state
from plaudit_testing.serving import serving

pytestmark = [pytest.mark.postgres, needs_browser]


def test_pages_follow_the_stream_that_there_is() -> None:
    assert LIVE == EVENTS


async def test_a_page_shows_what_has_changed_and_keeps_the_focus(
    bus, publisher, resources, api, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "PAUSE_SECONDS", 0.1)
    key = api.headers["authorization"].removeprefix("Bearer ")
    await bus.tell(None, review_state(5.0, "acme", rated_at=datetime.now(UTC)))
    await bus.tell(None, review_state(5.0, "globex", rated_at=datetime.now(UTC)))
    app = build(resources).app
    assert app is not None
    async with serving(app) as client, browser(tmp_path, with_scripts=True) as page:
        await page.goto(f"{str(client.base_url).rstrip('/')}/console/scores")
        await page.get_by_label("API key").fill(key)
        await page.get_by_role("button", name="Sign in").click()
        acme = page.get_by_role("row", name="acme")
        await expect(acme.locator("[data-label=Reviews]")).to_have_text("1")
        link = acme.get_by_role("link", name="acme", exact=True)
        await link.focus()

        await bus.tell(None, review_state(1.0, "acme", rated_at=datetime.now(UTC)))
        await publisher.marked()
        await expect(acme.locator("[data-label=Reviews]")).to_have_text("2")
        await expect(acme.locator("[data-label='1 ★']")).to_have_text("1")
        await expect(link).to_be_focused()
        await page.close()


async def test_the_page_of_a_subject_is_current_and_does_not_jump(
    bus, publisher, resources, api, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "PAUSE_SECONDS", 0.1)
    key = api.headers["authorization"].removeprefix("Bearer ")
    for days_ago in (40, 20, 2):
        await bus.tell(None, review_state(5.0, "acme", rated_at=datetime.now(UTC) - timedelta(days=days_ago)))
    await publisher.marked()
    app = build(resources).app
    assert app is not None
    async with serving(app) as client, browser(tmp_path / "browser", with_scripts=True) as page:
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"{str(client.base_url).rstrip('/')}/console/scores/subject?subject=acme")
        await page.get_by_label("API key").fill(key)
        await page.get_by_role("button", name="Sign in").click()
        beside, told, state = page.locator("#beside"), page.locator("#told"), page.locator(".as-of")
        await expect(state).to_contain_text("live · as of")
        await expect(beside.locator("[data-label=Reviews]")).to_have_text("3")
        before, height = await told.text_content(), await page.evaluate("document.documentElement.scrollHeight")
        table = page.get_by_text("The figures as a table")
        await table.click()
        link = beside.get_by_role("link", name="acme", exact=True)
        await link.focus()

        await bus.tell(None, review_state(1.0, "acme", rated_at=datetime.now(UTC)))
        await publisher.marked()
        await expect(beside.locator("[data-label=Reviews]")).to_have_text("4")
        await expect(told).not_to_have_text(before or "")
        await expect(page.locator("#panel .distribution tr").last).to_contain_text("1")
        await expect(link).to_be_focused()
        await expect(page.locator("#course details")).to_have_attribute("open", "")
        drawn = [float(each or "nan") for each in await page.locator("#course tbody td").all_text_contents()]
        words = await told.text_content() or ""
        assert any(f"The score is {each:.2f} now" in words for each in drawn)
        await table.click()
        assert await page.evaluate("document.documentElement.scrollHeight") == height

        assert complaints == []
        await page.close()


async def test_a_page_says_that_its_connection_is_lost(
    bus, publisher, resources, api, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "PAUSE_SECONDS", 0.1)
    key = api.headers["authorization"].removeprefix("Bearer ")
    await bus.tell(None, review_state(5.0, "acme", rated_at=datetime.now(UTC)))
    app = build(resources).app
    assert app is not None
    async with serving(app) as client, browser(tmp_path / "browser", with_scripts=True) as page:
        await page.goto(f"{str(client.base_url).rstrip('/')}/console/scores/subject?subject=acme")
        await page.get_by_label("API key").fill(key)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.locator(".as-of")).to_contain_text("live · as of")
        await page.context.set_offline(True)
        await page.evaluate(
            "dispatchEvent(new Event('pagehide')); document.dispatchEvent(new Event('visibilitychange'))"
        )
        await expect(page.locator(".as-of")).to_contain_text("connection lost · as of")
        await page.context.set_offline(False)
        await expect(page.locator(".as-of")).to_contain_text("live · as of")
        await page.close()


async def test_a_page_comes_back_after_an_answer_that_is_no_stream(
    bus, publisher, resources, api, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "PAUSE_SECONDS", 0.1)
    key = api.headers["authorization"].removeprefix("Bearer ")
    await bus.tell(None, review_state(5.0, "acme", rated_at=datetime.now(UTC)))
    refused: list[str] = []

    async def refuse_once(route: Route) -> None:
        if refused:
            await route.continue_()
        else:
            refused.append(route.request.url)
            await route.fulfill(status=502, content_type="text/html", body="Bad gateway")

    app = build(resources).app
    assert app is not None
    async with serving(app) as client, browser(tmp_path, with_scripts=True) as page:
        await page.route(f"**{LIVE}*", refuse_once)
        await page.goto(f"{str(client.base_url).rstrip('/')}/console/scores")
        await page.get_by_label("API key").fill(key)
        async with page.expect_response(lambda answer: LIVE in answer.url and answer.ok):
            await page.get_by_role("button", name="Sign in").click()

        await bus.tell(None, review_state(1.0, "acme", rated_at=datetime.now(UTC)))
        await publisher.marked()
        acme = page.get_by_role("row", name="acme")
        await expect(acme.locator("[data-label=Reviews]")).to_have_text("2")
        await page.close()
    assert len(refused) == 1
