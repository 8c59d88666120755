"""The console's pages of profiles in a real browser, on wide and narrow screens, without scripts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from plaudit.common.api_keys import commands as api_keys
from plaudit.common.db import Database, Role
from plaudit.common.tenants import commands as tenants
from plaudit.scoring.main import build
from plaudit_testing.accessibility import faults_of
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.review_events import review_state

pytestmark = [pytest.mark.postgres, needs_browser]


async def key_of_default(resources) -> str:
    owner = Database(resources.settings, "common", Role.OWNER, pool_size=1)
    async with owner.transaction() as tx:
        await tenants.create(tx, "default", "Kite Coffee")
        key = await api_keys.create(tx, "default", "page", ["*"])
    await owner.close()
    return str(key)


async def test_a_profile_is_made_tried_and_corrected_by_everybody(resources, bus, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    for number, subject in enumerate(["kite-coffee/berlin", "kite-coffee/hamburg", "northlight-bikes/rotterdam"] * 4):
        rating = float(1 + number * 7 % 5)
        await bus.tell(None, review_state(rating, subject, rated_at=now - timedelta(days=9 * number)))

    async with browsing(build(resources).app, tmp_path, path="/console/scores/profiles") as page:
        await page.get_by_label("API key").fill(await key_of_default(resources))
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Profiles")
        assert await faults_of(page) == []

        await page.get_by_role("link", name="New profile").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("New profile")
        assert await faults_of(page) == []

        await page.get_by_label("Name").fill("Fast")
        await page.get_by_label("Stars of the prior").fill("6")
        await page.get_by_role("button", name="Save the profile").click()
        await expect(page.get_by_text("2 fields cannot be taken so:")).to_be_visible()
        assert await faults_of(page) == []

        await page.get_by_label("Name").fill("fast")
        await page.get_by_label("Stars of the prior").fill("3")
        await page.get_by_label("A review weighs half after").fill("10")
        await page.get_by_role("button", name="See what it makes of them").click()
        await expect(page.get_by_role("heading", name="What it makes of them")).to_be_visible()
        assert await faults_of(page) == []

        await page.get_by_role("button", name="Save the profile").click()
        await expect(page.get_by_text("The profile fast is saved.")).to_be_visible()
        await expect(page.get_by_text("It is about to begin.")).to_be_visible()
        assert await faults_of(page) == []

        await page.get_by_role("link", name="fast").click()
        await expect(page.get_by_role("heading", name="Revisions")).to_be_visible()
        assert await faults_of(page) == []
