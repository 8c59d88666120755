"""The pages of cadences in a real browser: for everybody, and on each screen."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from plaudit.alerting.main import build
from plaudit.common.api_keys import commands as api_keys
from plaudit.common.delivery.consent.links import preferences_url
from plaudit.common.tenants import commands as tenants
from plaudit_testing.accessibility import faults_of
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.cadences import Cadence, on
from plaudit_testing.screens import check, sign_in

pytestmark = [pytest.mark.postgres, needs_browser]


@pytest.fixture
async def page(cadence: Cadence, stage, tmp_path) -> AsyncIterator[Page]:
    """The console, signed in: customers of every stage, a digest, and invitations given and withheld."""
    for number, stage_name in enumerate(("new", "active", "lapsed", "prospect")):
        person = f"{number}f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
        await cadence.told("stage_entered", on(-14), person=person, received=on(-14), stage=stage_name)
        await cadence.told("purchased", on(-6), person=person, received=on(-1))
    await cadence.requested("r-1", "open", 12, "מצב כהה")
    await cadence.scored("northlight-bikes/rotterdam/central-station", 1, 4.5)
    await cadence.goes_to(on(7, 3))
    async with stage.common.transaction() as tx:
        await tenants.create(tx, "default", "Kite Coffee")
        key = await api_keys.create(tx, "default", "page", ["*"])
    async with browsing(build(stage.resources).app, tmp_path) as opened:
        await sign_in(opened, key)
        yield opened


async def test_every_page_of_cadences_is_usable_by_everybody(page: Page):
    root = page.url.partition("/console")[0]
    for path, heading in (
        ("", "Cadences"),
        ("/tasks", "Tasks"),
        ("/tasks?show=all", "Tasks"),
        ("/rules", "Rules of cadences"),
        ("/digests/2026-03-09", "The week to 9 March 2026"),
    ):
        await page.goto(f"{root}/console/cadences{path}")
        await check(page, heading)
    await page.goto(f"{root}/console/cadences/tasks?show=all")
    await page.locator("main table a").first.click()
    await expect(page.get_by_role("heading", name="The contact")).to_be_visible()
    assert await faults_of(page) == []


async def test_the_page_of_preferences_is_usable_by_everybody_and_without_scripts(page: Page, stage):
    async with stage.worker.transaction() as tx:
        path = await preferences_url(tx, "default", "native:ann", "")
    await page.goto(page.url.partition("/console")[0] + path)
    await check(page, "What you are told")
    box = page.get_by_role("checkbox", name="Invitations to review")
    await expect(box).not_to_be_checked()
    await box.press("Space")
    await page.get_by_role("button", name="Keep my choice").press("Enter")
    await expect(page.get_by_role("status")).to_have_text("Your choice is kept.")
    await expect(box).to_be_checked()
    assert await page.evaluate("document.scripts.length") == 0
    await page.get_by_role("button", name="Tell me nothing any more").click()
    await expect(box).not_to_be_checked()
    await check(page, "What you are told")
