"""The page of a subject in a real browser, on wide and narrow screens, without scripts."""

import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from playwright.async_api import expect

from plaudit.common.api_keys import commands as api_keys
from plaudit.common.db import Database, Role
from plaudit.common.tenants import commands as tenants
from plaudit.scoring.answers.consumer import ANSWERS
from plaudit.scoring.main import build
from plaudit_testing.accessibility import faults_of
from plaudit_testing.answered import answer
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.review_events import SOURCE, pending_envelope, review_state

pytestmark = [pytest.mark.postgres, needs_browser]

OTHER = msgspec.structs.replace(SOURCE, id="01956d00-0000-7000-8000-000000000002")


async def test_everybody_can_use_the_page_on_every_screen(resources, bus, tmp_path) -> None:
    chance = random.Random(4)
    now = datetime.now(UTC)
    for number in range(60):
        shop = chance.choice(
            ["berlin", "paris", "a-town-with-a-long-name-that-goes-on/shop-3", "porto", "rotterdam", "oslo"]
        )
        state = review_state(
            chance.choice([5.0, 5.0, 4.0, 3.0, 1.0]),
            f"kite-coffee/{shop}",
            rated_at=now - timedelta(days=chance.randrange(420), hours=number),
            source=chance.choice([SOURCE, OTHER]),
        )
        await bus.tell(None, state)
        published_at = now - timedelta(days=chance.randrange(80))
        reply = answer(published_at + timedelta(hours=9)) if state.source == OTHER else None
        told = msgspec.structs.replace(state, published_at=published_at, rated_at=published_at, answer=reply)
        await bus.give(ANSWERS, pending_envelope(None, told, time=now), number + 1)
    owner = Database(resources.settings, "common", Role.OWNER, pool_size=1)
    async with owner.transaction() as tx:
        await tenants.create(tx, "default", "Kite Coffee")
        key = await api_keys.create(tx, "default", "page", ["*"])
    await owner.close()
    async with browsing(build(resources).app, tmp_path / "browser", path="/sign-in") as page:
        await page.get_by_label("API key").fill(key)
        await page.get_by_role("button", name="Sign in").click()
        root = page.url.partition("/console")[0]
        await page.goto(f"{root}/console/scores")
        await page.get_by_role("link", name="kite-coffee", exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("kite-coffee")
        assert await faults_of(page) == []
        await page.get_by_label("Compare with").fill("kite-coffee/berlin")
        await page.get_by_role("button", name="Compare").click()
        await expect(page.get_by_text("The figures as a table").first).to_be_visible()
        assert await faults_of(page) == []
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            for width in (1280, 768, 375, 320):
                await page.set_viewport_size({"width": width, "height": 900})
                assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
                await page.screenshot(path=tmp_path / f"compared-{scheme}-{width}.png", full_page=True)
        await page.get_by_role("link", name="Take away kite-coffee/berlin").click()
        await page.get_by_role("link", name="Markers: what was done").click()
        await page.get_by_label("Name").fill("Refunds at the till")
        await page.get_by_label("When (UTC)").fill(f"{now - timedelta(days=90):%Y-%m-%dT%H:%M}")
        assert await faults_of(page) == []
        await page.screenshot(path=tmp_path / "markers-light-1280.png", full_page=True)
        await page.get_by_role("button", name="Note it").click()
        await expect(page.get_by_role("heading", name="What changed around it")).to_be_visible()
        assert await faults_of(page) == []
        for width in (1280, 768, 375, 320):
            await page.set_viewport_size({"width": width, "height": 900})
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
            await page.screenshot(path=tmp_path / f"marker-light-{width}.png", full_page=True)
        await page.goto(f"{root}/console/scores/subject?subject=kite-coffee")
        await expect(page.get_by_text("Refunds at the till").first).to_be_attached()
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            for width in (1280, 375):
                await page.set_viewport_size({"width": width, "height": 900})
                await page.screenshot(path=tmp_path / f"one-{scheme}-{width}.png", full_page=True)
