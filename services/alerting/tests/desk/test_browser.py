"""The staff page in a real browser, on a wide and on a narrow screen."""

import pytest

from plaudit.alerting.main import build
from plaudit.common.api_keys import commands as api_keys
from plaudit.common.tenants import commands as tenants
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.clocks import at, review

pytestmark = [pytest.mark.postgres, needs_browser]


async def key_of_default(stage):
    async with stage.common.transaction() as tx:
        await tenants.create(tx, "default", "Default")
        return await api_keys.create(tx, "default", "page", ["*"])


@pytest.mark.parametrize("width", [320, 375, 1280])
async def test_late_clocks_fit_their_screen_and_no_duration_wraps(stage, tmp_path, width):
    long = "A very long title about the deposit that nobody gave back for nineteen days"
    for number, subject in enumerate(("acme/berlin", "northlight-bikes/rotterdam/central-station")):
        await stage.happens(None, review(title=long, subject=subject), at(0), review_id=f"late {number}")
    await stage.move_to(at(33.5))
    await stage.happens(None, review(published_at=at(33), received_at=at(33)), at(33), review_id="next")
    await stage.fires()
    async with browsing(build(stage.resources).app, tmp_path) as page:
        await page.get_by_label("API key").fill(await key_of_default(stage))
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("heading", name="Late").wait_for()
        await page.set_viewport_size({"width": width, "height": 900})
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        for table in await page.locator("table").all():
            assert await table.evaluate("table => table.scrollWidth <= table.clientWidth")
        durations = page.locator("td.nowrap")
        assert await durations.count() == 3
        assert await durations.evaluate_all(
            "cells => cells.map(cell => { const range = document.createRange(); range.selectNodeContents(cell); "
            "return range.getClientRects().length; })"
        ) == [1, 1, 1]
