"""The page of figures over time, and those of a marker's, in a real browser, on wide and narrow screens."""

import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from playwright.async_api import expect

from plaudit.common.api_keys import commands as api_keys
from plaudit.common.contracts import Kind
from plaudit.common.db import Database, Role
from plaudit.common.tenants import commands as tenants
from plaudit.scoring.answers.consumer import ANSWERS
from plaudit.scoring.main import build
from plaudit_testing.accessibility import faults_of
from plaudit_testing.answered import answer
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.review_events import pending_envelope, review_state

pytestmark = [pytest.mark.postgres, needs_browser]

WIDTHS = (1280, 390)


async def test_everybody_can_use_the_pages_on_every_screen(resources, bus, tmp_path) -> None:
    chance, now = random.Random(4), datetime.now(UTC)
    for number in range(120):
        kind = Kind.NPS if number % 2 else Kind.STARS
        at = now - timedelta(days=chance.randrange(300), hours=number)
        rating = chance.choice([5.0, 5.0, 4.0, 3.0, 1.0])
        state = review_state(rating, "kite-coffee/berlin", kind=kind, rated_at=at, published_at=at)
        await bus.tell(None, state)
        if kind is Kind.STARS:
            reply = answer(at + timedelta(hours=1 + number % 30)) if number % 8 else None
            told = msgspec.structs.replace(state, answer=reply)
            await bus.give(ANSWERS, pending_envelope(None, told, time=now), number + 1)
    owner = Database(resources.settings, "common", Role.OWNER, pool_size=1)
    async with owner.transaction() as tx:
        await tenants.create(tx, "default", "Kite Coffee")
        key = await api_keys.create(tx, "default", "page", ["*"])
    await owner.close()
    async with browsing(build(resources).app, tmp_path / "browser", path="/sign-in") as page:

        async def looked_at(name: str) -> None:
            assert await faults_of(page) == []
            for width in WIDTHS:
                await page.set_viewport_size({"width": width, "height": 900})
                assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, width)
                await page.screenshot(path=tmp_path / f"{name}-{width}.png", full_page=True)

        await page.get_by_label("API key").fill(key)
        await page.get_by_role("button", name="Sign in").click()
        root = page.url.partition("/console")[0]
        await page.goto(f"{root}/console/scores/subject?subject=kite-coffee")
        await page.get_by_role("link", name="Figures over time").click()
        await page.get_by_label("Figure", exact=True).select_option("nps")
        await page.get_by_role("button", name="Show").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("NPS of kite-coffee")
        await looked_at("nps")
        await page.get_by_label("Figure", exact=True).select_option("median_answer_seconds")
        await page.get_by_label("In steps of").select_option("month")
        await page.get_by_role("button", name="Show").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Median time to answer of kite-coffee")
        await looked_at("answer-time")
        await page.goto(f"{root}/console/scores/markers?subject=kite-coffee")
        await page.get_by_label("Name").fill("Refunds at the till")
        await page.get_by_label("When (UTC)").fill(f"{now - timedelta(days=120):%Y-%m-%dT%H:%M}")
        await page.get_by_role("button", name="Note it").click()
        await page.get_by_label("Figure", exact=True).select_option("median_weight_age_days")
        await page.get_by_role("button", name="Compare").click()
        await expect(page.get_by_role("columnheader", name="As it stood")).to_be_attached()
        await looked_at("marker")
        await page.goto(f"{root}/console/scores/markers?subject=kite-coffee/berlin")
        await expect(page.get_by_role("link", name="Refunds at the till")).to_be_visible()
        await looked_at("markers")
        await page.goto(f"{root}/console/scores/explanation?subject=kite-coffee&from={now - timedelta(days=250):%F}")
        await looked_at("explanation")
