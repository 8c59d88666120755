"""The pages of cadences in a real browser: for everybody, and on each screen."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page

from plaudit.alerting.main import build
from plaudit.common.api_keys import commands as api_keys
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
        assert await faults_of(page) == []
        await check(page, heading)
        await shoot(page, path)
    await page.goto(f"{root}/console/cadences/tasks?show=all")
    await page.locator("main table a").first.click()
    await shoot(page, "/task")


async def shoot(page: Page, name: str) -> None:
    folder = os.environ.get("SHOTS")
    if folder:
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            for width in (1280, 360):
                await page.set_viewport_size({"width": width, "height": 900})
                path = (
                    Path(folder)
                    / f"{name.strip('/').replace('/', '-').replace('?', '-') or 'home'}-{width}-{scheme}.png"
                )
                await page.screenshot(path=path, full_page=True)
