"""Badges in a real browser, on wide and narrow screens, by day and by night, without scripts."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import expect

from plaudit.common.process import Resources
from plaudit.scoring.main import build
from plaudit.scoring.settings import ScoringSettings
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.own_profiles import own, set_profile
from plaudit_testing.review_events import SOURCE, review_state
from plaudit_testing.screens import check, sign_in

pytestmark = [pytest.mark.postgres, needs_browser]
FAIR = own(
    "fair-to-those-who-were-not-asked",
    45.0,
    is_frozen=True,
    unverified_weight=0.5,
    origin_weights={"invited": 0.75, "incentivised": 0.25},
    source_weights={SOURCE.id: 2.0},
)


async def test_a_score_is_made_public_and_everybody_sees_how_it_is_calculated(
    resources: Resources[ScoringSettings], client_of, bus, tmp_path: Path, superuser
) -> None:
    await set_profile(superuser, FAIR)
    now = datetime.now(UTC)
    for rating in (5, 5, 4.5, 4, 3, 1):
        await bus.tell(None, review_state(rating, "acme/berlin", rated_at=now), time=now)
    client = await client_of("default", "scores:read", "scores:write")
    key = client.headers["authorization"].removeprefix("Bearer ")
    app = build(resources).app
    assert app is not None
    async with browsing(app, tmp_path, path="/console/scores/badges") as page:
        await sign_in(page, key)
        await check(page, "Badges")
        await page.get_by_label("Subject").fill("acme/berlin")
        await page.get_by_label("Name").fill("A Café of which the name is longer than the badge is wide")
        await page.get_by_label("It is").select_option("local_business")
        await page.get_by_role("button", name="Make public").click()
        await expect(page.get_by_role("status")).to_contain_text("Everybody can see the score")
        await page.get_by_text("What to paste to show it").click()
        await expect(page.get_by_text("<iframe src=")).to_be_visible()
        await check(page, "Badges")
        await page.get_by_role("link", name="The badge of").click()
        await check(page, "A Café of which the name is longer than the badge is wide")
        address = page.url
        await page.goto(f"{address.partition('/badges/')[0]}/scores/how/trust?tenant=default&subject=acme%2Fberlin")
        await check(page, "How the score “trust” is calculated")
        await expect(page.get_by_text("ratings between two stars")).to_be_visible()
        await page.get_by_role("link", name="lifetime").click()
        await check(page, "How the score “lifetime” is calculated")
        await page.goto(f"{address.partition('/badges/')[0]}/console/scores/badges")
        await page.get_by_label("Badges show scores by").select_option(FAIR.name)
        await page.get_by_role("button", name="Choose").click()
        await expect(page.get_by_role("status")).to_contain_text("All badges show scores by the profile")
        await check(page, "Badges")
        await page.goto(address)
        await page.reload()  # the browser may show what it has for five minutes
        await expect(page.get_by_text(f"How the score “{FAIR.name}” is calculated")).to_be_visible()
        await page.goto(
            f"{address.partition('/badges/')[0]}/scores/how/{FAIR.name}?tenant=default&subject=acme%2Fberlin"
        )
        await check(page, f"How the score “{FAIR.name}” is calculated")
        await expect(page.get_by_text("given for a reward × 0.25")).to_be_visible()
