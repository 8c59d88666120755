"""Deliveries, replays and the test console in a real browser, on wide and narrow screens, without scripts."""

import json
from pathlib import Path

import pytest
from playwright.async_api import expect

from plaudit.ingest.replays.jobs import ReplayJob
from plaudit_testing.accessibility import faults_of
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.running_ingest import Ingest, Source, created

pytestmark = [pytest.mark.postgres, needs_browser]
WIDE, NARROW = 1280, 320
LONG = "A very long text about the deposit that nobody gave back for nineteen days " * 5


async def test_what_was_refused_is_found_tried_and_taken_after_a_fix(
    ingest: Ingest, source: Source, job: ReplayJob, tmp_path: Path
):
    events = [created("r-1", subject="globex/a", text=LONG), created("x" * 120, 9), created("r-3", text="שלום")]
    await ingest.post(source, events, "msg_" + "1" * 80)
    await ingest.post(source, b'{"no json', "msg_2")
    await ingest.send(source.hook, b"{}", {"webhook-id": "m"})
    assert ingest.parts.app is not None
    async with browsing(ingest.parts.app, tmp_path, path="/console/deliveries") as page:
        address = page.url.partition("/console")[0]

        async def check(heading: str) -> None:
            await expect(page.get_by_role("heading", level=1)).to_have_text(heading)
            assert await faults_of(page) == [], heading
            await page.set_viewport_size({"width": NARROW, "height": 900})
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), heading
            await page.set_viewport_size({"width": WIDE, "height": 900})

        await page.get_by_label("API key").fill(await ingest.key())
        await page.get_by_role("button", name="Sign in").click()
        await check("Deliveries")
        await page.get_by_label("Find").fill("r-3")
        await page.get_by_role("button", name="Show").click()
        await page.locator("a.name").click()
        await check("Delivery")
        await page.get_by_role("link", name="Open it in the test console").click()
        await check("Test console")
        await page.get_by_role("button", name="Try it").click()
        await expect(page.get_by_role("heading", name="It would be accepted (202).")).to_be_visible()
        await check("Test console")
        body = json.dumps(created("r-9"))
        await page.get_by_label("Body", exact=True).fill(body)
        await page.get_by_label("Headers").fill("webhook-id: m-1\nwebhook-timestamp: 1\nwebhook-signature: v1,AAAA")
        await page.get_by_label("Sign it with the secret").uncheck()
        await page.get_by_role("button", name="Try it").click()
        await expect(page.get_by_role("heading", name="It would be refused (401).")).to_be_visible()
        await check("Test console")

        await ingest.superuser.execute("UPDATE ingest.sources SET subject = 'globex'")
        await page.goto(f"{address}/console/deliveries/quarantine")
        await check("Quarantine")
        await page.get_by_role("button", name="globex").or_(page.get_by_role("button", name="subject")).first.click()
        await expect(page.get_by_text("goes on")).to_be_visible()
        while await job.turn():
            pass
        await expect(page.get_by_text("taken now")).to_be_visible(timeout=60_000)
        await check("What is in quarantine for one reason of native of acme")
        await page.get_by_role("link", name="All replays").click()
        await check("Replays")
        await page.goto(f"{address}/console/deliveries?show=not-proven")
        await check("Deliveries")
