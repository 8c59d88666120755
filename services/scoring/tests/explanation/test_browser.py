"""Why a score moved and where it goes, in a real browser, on wide and narrow screens, without scripts."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import expect

from plaudit.common.ids import uuid7
from plaudit.common.process import Resources
from plaudit.scoring.main import build
from plaudit.scoring.settings import ScoringSettings
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.review_events import SOURCE, review_state
from plaudit_testing.screens import check, sign_in

pytestmark = [pytest.mark.postgres, needs_browser]
LONG = f"acme/{'a-very-long-name-of-a-shop-' * 2}1"


async def reviewed(bus) -> None:
    """Tell of the reviews of a year, from two sources, and of what became of one of them."""
    chance, now = random.Random(5), datetime.now(UTC)
    other = msgspec.structs.replace(SOURCE, id="01956d00-0000-7000-8000-000000000002")
    for _ in range(40):
        at = now - timedelta(days=chance.random() * 365)
        source = chance.choice([SOURCE, other])
        state = review_state(chance.choice([1, 3, 4, 5, 5, 5]), LONG, rated_at=at, published_at=at, source=source)
        await bus.tell(None, state, time=at)
    old, review_id = now - timedelta(days=300), str(uuid7())
    before = review_state(1, LONG, rated_at=old, published_at=old)
    await bus.tell(None, before, review_id=review_id, time=old)
    raised = msgspec.structs.replace(before, rating=4.0, rated_at=now)
    await bus.tell(before, raised, review_id=review_id, time=now, revision=2)


async def test_from_the_list_one_gets_to_why_a_score_moved_and_to_where_it_goes(
    resources: Resources[ScoringSettings], client_of, bus, tmp_path: Path
) -> None:
    await reviewed(bus)
    key = (await client_of()).headers["authorization"].removeprefix("Bearer ")
    app = build(resources).app
    assert app is not None
    async with browsing(app, tmp_path, path="/console/scores") as page:
        await sign_in(page, key)
        await check(page, "Scores")
        await page.get_by_role("link", name=f"why the score of {LONG} moved").click()
        await check(page, f"Why the score of {LONG} moved")
        await expect(page.get_by_role("rowheader", name="1 review raised from 1 ★ to 4 ★")).to_be_visible()
        await expect(page.get_by_role("img", name="The score went from")).to_be_visible()
        await page.get_by_label("Subject").fill("acme/hamburg")
        await page.get_by_role("button", name="Explain").click()
        await expect(page.get_by_text("Nothing was ever said about acme/hamburg.")).to_be_visible()
        await check(page, "Why the score of acme/hamburg moved")
        await page.get_by_label("Subject").fill(LONG)
        await page.get_by_role("button", name="Explain").click()
        await page.get_by_role("link", name="where it goes").click()
        await check(page, f"Where the score of {LONG} goes")
        await expect(page.get_by_role("img", name="in a year it is")).to_be_visible()
        await page.get_by_label("Wanted score").fill("4,8")
        await page.get_by_role("button", name="Look ahead").click()
        await expect(page.get_by_role("heading", name="What 4.8 would take")).to_be_visible()
        await check(page, f"Where the score of {LONG} goes")
