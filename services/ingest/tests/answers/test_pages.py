"""The console's pages of answers: what waits, the text to copy, and the forms."""

from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import expect

from plaudit_testing.accessibility import faults_of
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.running_ingest import Ingest, Source, created

pytestmark = pytest.mark.postgres

PAGE = "/console/answers"
OURS = {"sec-fetch-site": "same-origin", "accept": "text/html"}
TEXT = "Thank you <b>. We have refunded it."


async def signed_in(ingest: Ingest, *scopes: str) -> httpx.AsyncClient:
    """The test's client, signed in to the console."""
    answer = await ingest.client.post("/sign-in", data={"key": await ingest.key("default", *scopes)}, headers=OURS)
    assert answer.status_code == 303, answer.text
    ingest.client.cookies.update(answer.cookies)
    ingest.client.headers.update(OURS)
    return ingest.client


async def review(ingest: Ingest, source: Source, **data: Any) -> str:
    await ingest.post(source, created("r-1", 2, title="Cold soup", text="It was cold.", **data))
    [row] = await ingest.rows("SELECT id FROM ingest.reviews")
    return str(row["id"])


async def test_an_answer_is_written_copied_and_noted_as_published(ingest: Ingest, source: Source):
    review_id = await review(ingest, source, url="https://shop.example/r-1")
    staff = await signed_in(ingest, "reviews:read", "answers:write")
    assert "Nothing waits for you." in (await staff.get(PAGE)).text
    path = f"{PAGE}/{review_id}"
    assert f'href="{path}"' in (await staff.get(f"/console/reviews/{review_id}")).text
    form = (await staff.get(path)).text
    assert "It was cold." in form
    assert 'value="platform"' not in form, "native has no interface"
    sent = await staff.post(path, data={"text": TEXT, "via": "by_hand", "answered_by": "Ada"})
    assert (sent.status_code, sent.headers["location"]) == (303, path)
    page = unescape((await staff.get(path)).text)
    assert "The answer waits to be posted by hand." in page
    assert TEXT in page
    assert 'href="https://shop.example/r-1"' in page
    assert TEXT[:20] in unescape((await staff.get(PAGE)).text)
    assert (await staff.post(f"{path}/published", data={"answered_by": "Bob"})).status_code == 303
    page = (await staff.get(path)).text
    assert "The answer is published." in page
    assert "On the platform" in page
    assert "Nothing waits for you." in (await staff.get(PAGE)).text
    assert "in the name of" in page
    again = await staff.post(f"{path}/published", data={})
    assert again.status_code == 303


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\u200b", "The answer must hold something that can be read."),
        ("x" * 20_001, "The answer must have at most 20,000 characters."),
    ],
)
async def test_a_form_that_is_refused_keeps_what_was_typed(ingest: Ingest, source: Source, text: str, words: str):
    review_id = await review(ingest, source)
    staff = await signed_in(ingest, "reviews:read", "answers:write")
    refused = await staff.post(f"{PAGE}/{review_id}", data={"text": text, "answered_by": "Ada"})
    assert refused.status_code == 422
    assert words in refused.text
    assert 'value="Ada"' in refused.text
    assert await ingest.rows("SELECT FROM ingest.answers") == []


async def test_whoever_may_only_read_sees_no_form_and_changes_nothing(ingest: Ingest, source: Source):
    review_id = await review(ingest, source)
    staff = await signed_in(ingest, "reviews:read")
    page = (await staff.get(f"{PAGE}/{review_id}")).text
    assert "<textarea" not in page
    assert "/console/answers/" not in (await staff.get(f"/console/reviews/{review_id}")).text
    assert (await staff.post(f"{PAGE}/{review_id}", data={"text": TEXT})).status_code == 403
    assert (await staff.get(f"{PAGE}/00000000-0000-0000-0000-000000000000")).status_code == 404


async def test_a_form_of_another_site_changes_nothing(ingest: Ingest, source: Source):
    review_id = await review(ingest, source)
    staff = await signed_in(ingest, "reviews:read", "answers:write")
    sent = await staff.post(f"{PAGE}/{review_id}", data={"text": TEXT}, headers={"sec-fetch-site": "cross-site"})
    assert sent.status_code == 403


@needs_browser
async def test_the_page_is_usable_by_everybody_on_every_screen(ingest: Ingest, source: Source, tmp_path: Path):
    review_id = await review(ingest, source, url="https://shop.example/r-1", subject="acme/rotterdam/central-station")
    assert ingest.parts.app is not None
    async with browsing(ingest.parts.app, tmp_path, path=f"{PAGE}/{review_id}") as page:
        await page.get_by_label("API key").fill(await ingest.key())
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Answers")
        for step in ("empty", "waiting", "published"):
            if step == "waiting":
                await page.get_by_label("Your answer").fill(f"{TEXT} {'x' * 200}")
                await page.get_by_role("button", name="Submit").click()
                await expect(page.get_by_label("The answer, to be copied")).to_be_visible()
            if step == "published":
                await page.get_by_role("button", name="It is published there").click()
                await expect(page.get_by_role("heading", name="On the platform")).to_be_visible()
            assert await faults_of(page) == [], step
