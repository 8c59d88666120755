"""The console's pages of sorting: rules are tried, saved and applied; what is wrong is said beside its field."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import httpx
import pytest
from playwright.async_api import expect

from plaudit.common.db import Role
from plaudit.common.outbox import lag
from plaudit.ingest.platforms import answers_of
from plaudit.ingest.resorting import commands, store
from plaudit.ingest.resorting.jobs import SortAgainJob
from plaudit_testing.accessibility import faults_of
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.running_ingest import Ingest, Source, created

pytestmark = pytest.mark.postgres
PAGE = "/console/sorting"
WRITER = ("reviews:read", "sorting:write")
OURS = {"sec-fetch-site": "same-origin", "accept": "text/html"}
RULES = {
    "languages": "de, en",
    "drastic.safety": "zebra <1> me",
    "topic.delivery": "drone*",
    "off": "legal",
    "hidden": "ads_privacy",
    "mutes": "acme/bank legal lawyer/lawyers",
    "seen": "0",
}


async def signed_in(ingest: Ingest, *scopes: str, tenant: str = "default") -> httpx.AsyncClient:
    answer = await ingest.client.post("/sign-in", data={"key": await ingest.key(tenant, *scopes)}, headers=OURS)
    assert answer.status_code == 303, answer.text
    ingest.client.cookies.update(answer.cookies)
    ingest.client.headers.update(OURS)
    return ingest.client


async def shown(staff: httpx.AsyncClient, path: str = PAGE) -> str:
    answer = await staff.get(path)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


async def stored(ingest: Ingest, source: Source) -> None:
    events = [
        created("r-0", 1, text="Hello. The zebra bit <me>, twice.", language="en"),
        created("r-1", 1, text="Their lawyer wrote to me, I will sue them.", language="en"),
        created("r-2", 3, text="A drone brought it.", language="en"),
        created("r-3", 5, text="Fine."),
    ]
    assert (await ingest.post(source, events)).status_code == 202


async def test_rules_are_tried_saved_and_applied(ingest: Ingest, source: Source, monkeypatch: pytest.MonkeyPatch):
    for room in (store, commands):
        monkeypatch.setattr(room, "SETTLING", timedelta())
    monkeypatch.setattr(lag, "MAX_WAIT_SECONDS", 1e9)
    await stored(ingest, source)
    staff = await signed_in(ingest, *WRITER)
    first = await shown(staff)
    assert "Nobody has changed the shipped rules." in first
    assert "92 were so" in first
    tried = await staff.post(PAGE, data={**RULES, "do": "preview"})
    assert tried.status_code == 200
    page = unescape(tried.text)
    assert "<b>3</b> of the 4 latest reviews would be judged otherwise." in page
    assert "The <mark>zebra bit me</mark>" in page or "<mark>zebra bit <me</mark>" in page
    assert "Mentions then: Delivery" in page
    assert re.findall(r"<s>(.*?)</s>", page) == ["lawyer", "will sue them"], "what counts no more is struck out"
    assert 'value="legal" checked' in page
    assert await ingest.rows("SELECT FROM ingest.sorting_rules") == []
    saved = await staff.post(PAGE, data={**RULES, "do": "save"})
    assert (saved.status_code, saved.headers["location"]) == (303, PAGE)
    page = await shown(staff)
    assert "The rules are saved" in page
    assert "zebra <1> me" in page
    assert "acme/bank legal lawyer/lawyers" in page
    asked = await staff.post(f"{PAGE}/apply")
    assert asked.status_code == 303
    assert 'http-equiv="refresh"' in await shown(staff, asked.headers["location"])
    resources = ingest.resources
    job = SortAgainJob(resources.database(Role.WORKER), resources.outbox, resources.ids, answers_of)
    while await job.turn():
        pass
    run = await shown(staff, asked.headers["location"])
    assert "<dt>negative becomes drastic</dt><dd>1</dd>" in run
    assert 'http-equiv="refresh"' not in run
    assert asked.headers["location"] in await shown(staff)


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"drastic.safety": "zebra <x> me"}, "drastic-safety", "In 'safety'"),
        ({"drastic.fraud": "a" * 4_001}, "drastic-fraud", "longer than 4000 characters"),
        ({"topic.delivery": "!"}, "topic-delivery", "In 'delivery'"),
        ({"languages": "de, klingon"}, "languages", "No language is called 'klingon'"),
        ({"mutes": "acme/bank fraud"}, "mutes", "Line 1 is not written as: subject, category, phrase."),
        ({"mutes": "Not/ok fraud x"}, "mutes", "Line 1 is not written as"),
        ({"counted_anyway": "acme fraud no such phrase"}, "counted_anyway", "has no phrase 'no such phrase'"),
        ({"of_subject": "Not a subject"}, "of_subject", ""),
        ({"seen": "7"}, "languages", "Nothing is saved"),
    ],
)
async def test_what_is_refused_is_said_beside_its_field_and_nothing_is_lost(
    ingest: Ingest, changed: dict[str, str], field: str, words: str
):
    staff = await signed_in(ingest, *WRITER)
    refused = await staff.post(PAGE, data={**RULES, **changed, "do": "save"})
    assert refused.status_code == 422
    page = unescape(refused.text)
    errors = dict(re.findall(r'id="([\w-]+)-error">(.*?)</p>', page))
    assert words in errors.pop(field)
    assert errors == {}
    for text in {**RULES, **changed}.values():
        assert text in page
    assert await ingest.rows("SELECT FROM ingest.sorting_rules") == []


async def test_only_those_who_may_change_them(ingest: Ingest, source: Source):
    await stored(ingest, source)
    staff = await signed_in(ingest, *WRITER)
    await staff.post(PAGE, data={**RULES, "do": "save"})
    run = (await staff.post(f"{PAGE}/apply")).headers["location"]
    cross = await staff.post(PAGE, data={**RULES, "do": "save"}, headers={"sec-fetch-site": "cross-site"})
    assert cross.status_code == 403
    staff = await signed_in(ingest, "reviews:read")
    page = await shown(staff)
    assert "zebra <1> me" in page
    assert "<textarea" not in page
    assert (await staff.post(PAGE, data=RULES)).status_code == 403
    assert (await staff.post(f"{PAGE}/apply")).status_code == 403
    staff = await signed_in(ingest, *WRITER, tenant="other")
    assert (await staff.get(run)).status_code == 404
    assert "zebra" not in await shown(staff)


@needs_browser
async def test_the_pages_are_usable_by_everybody_on_every_screen(ingest: Ingest, source: Source, tmp_path: Path):
    await stored(ingest, source)
    assert ingest.parts.app is not None
    async with browsing(ingest.parts.app, tmp_path, path=PAGE) as page:
        await page.get_by_label("API key").fill(await ingest.key())
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Sorting")
        await page.get_by_role("textbox", name="Safety").fill("zebra <1> me")
        await page.get_by_text("What does not count").click()
        await page.get_by_role("checkbox", name="Legal").check()
        await page.get_by_role("button", name="See what would change").click()
        await expect(page.get_by_role("heading", name="What would change")).to_be_visible()
        assert await faults_of(page) == []
        await page.get_by_role("button", name="Save the rules").click()
        await expect(page.get_by_role("status")).to_contain_text("The rules are saved")
        await page.get_by_role("button", name="Apply the saved rules").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Stored reviews, sorted again")
        assert await faults_of(page) == []
