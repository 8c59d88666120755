"""Lists and forms of the console in a real browser, without scripts: on a phone and on wide screens, light and dark."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from playwright.async_api import Page

from plaudit.alerting.main import build
from plaudit.alerting.people.schemas import EXAMPLE
from plaudit.common.api_keys import commands as api_keys
from plaudit_testing.accessibility import faults_of
from plaudit_testing.browser import browsing, needs_browser

pytestmark = [pytest.mark.postgres, needs_browser]

LONG: Final = "a-very-long-name-of-a-place/another-one-below-it/and-one-more"
PAGES: Final = (
    "silences",
    "owners",
    "policies/coverage",
    "messages",
    "messages/endpoints",
    "audit",
    "library",
    "library/new",
    "reports",
    "cadences",
    "cadences/rules",
    "answers/check",
)


async def fill(api: Any) -> None:
    """Make one of each thing that a list shows."""
    endpoint = {"name": "O" * 60, "channel": "slack", "url": "https://hooks.example.com/x", "topics": ["*"]}
    for method, path, body in (("PUT", "/v1/owners", EXAMPLE), ("POST", "/v1/endpoints", endpoint)):
        answer = await api.request(method, path, json=body)
        assert answer.is_success, answer.text


@pytest.fixture
async def page(stage, tmp_path) -> AsyncIterator[Page]:
    """The console, signed in."""
    await fill(await stage.client())
    async with stage.common.transaction() as tx:
        key = await api_keys.create(tx, "default", "page", ["*"])
    async with browsing(build(stage.resources).app, tmp_path) as opened:
        await opened.get_by_label("API key").fill(key)
        await opened.get_by_role("button", name="Sign in").click()
        await opened.goto(opened.url.partition("/console")[0] + "/console/silences")
        await opened.locator("#subject").fill(LONG)
        await opened.locator("#reason").fill(
            "The shop is closed, and everybody who works there is at another place. " * 4
        )
        await opened.get_by_role("button", name="Silence it").click()
        yield opened


async def test_each_page_fits_every_screen_and_can_be_used_by_everybody(page: Page):
    root = page.url.partition("/console")[0]
    for path in PAGES:
        await page.goto(f"{root}/console/{path}")
        assert await faults_of(page) == [], path


async def test_on_a_phone_the_sections_take_one_line_that_begins_at_the_present_one(page: Page):
    await page.set_viewport_size({"width": 390, "height": 800})
    await page.goto(page.url.partition("/console")[0] + "/console/audit")
    present = page.get_by_role("navigation", name="Console").get_by_role("link", name="Audit")
    height, left, right = await present.evaluate(
        """each => {
            const {left, right} = each.getBoundingClientRect();
            return [each.closest("ul").clientHeight, left, right];
        }"""
    )
    assert height < 60
    assert 0 <= left < right <= 390
