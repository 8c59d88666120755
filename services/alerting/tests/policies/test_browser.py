"""The pages of policies in a real browser, on wide and narrow screens, without scripts."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from plaudit.alerting.main import build
from plaudit.alerting.policies.schemas import EXAMPLE_YAML
from plaudit.common.api_keys import commands as api_keys
from plaudit.common.tenants import commands as tenants
from plaudit_testing.accessibility import faults_of
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.clocks import answered, at, drastic, review

pytestmark = [pytest.mark.postgres, needs_browser]


@pytest.fixture
async def page(stage, seen, all_owned, tmp_path) -> AsyncIterator[Page]:
    """The console, signed in, of a tenant with some reviews."""
    early = {"published_at": at(-60), "rated_at": at(-60), "received_at": at(-60)}
    await seen(
        review(**early),
        answered(review(2.0, **early), at(-50)),
        drastic(review(subject="northlight-bikes/rotterdam/central-station", **early)),
        review(4.0, **early),
        review(5.0, subject="northlight-bikes/rotterdam/central-station", **early),
    )
    async with stage.common.transaction() as tx:
        await tenants.create(tx, "default", "Kite Coffee")
        key = await api_keys.create(tx, "default", "page", ["*"])
    async with browsing(build(stage.resources).app, tmp_path) as opened:
        await opened.get_by_label("API key").fill(key)
        await opened.get_by_role("button", name="Sign in").click()
        await opened.get_by_role("navigation", name="Console").get_by_role("link", name="Policies").click()
        yield opened


async def test_a_policy_is_written_previewed_and_activated_by_everybody(page: Page):
    await expect(page.get_by_role("heading", level=1)).to_have_text("Policies")
    assert await faults_of(page) == []
    await page.get_by_label("The policy as YAML or JSON").fill(EXAMPLE_YAML.replace("24 h", "a day"))
    await page.get_by_role("button", name="Check and save").click()
    await expect(page.get_by_role("alert")).to_contain_text("Line 7, /classes/0/due_within")
    assert await faults_of(page) == []
    await page.get_by_label("The policy as YAML or JSON").fill(EXAMPLE_YAML)
    await page.get_by_role("button", name="Check and save").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Revision 1")
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Put it into force").click()
    await expect(page.get_by_role("heading", name="In force: Shop hours")).to_be_visible()
    await page.get_by_role("link", name="What nobody catches").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("What nobody catches")
    await expect(page.get_by_role("link", name="northlight-bikes/rotterdam/central-station")).to_be_visible()
    assert await faults_of(page) == []


async def test_no_page_is_wider_than_a_phone(page: Page):
    await page.set_viewport_size({"width": 360, "height": 800})
    for path in ("", "/revisions/shipped", "/coverage"):
        await page.goto(page.url.partition("/console")[0] + f"/console/policies{path}")
        assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
