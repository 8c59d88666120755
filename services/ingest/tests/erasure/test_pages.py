"""The console's pages of erasures: asked twice, carried out, and shown as a receipt."""

import re
from html import unescape
from pathlib import Path

import httpx
import pytest
from playwright.async_api import expect

from plaudit.common.db import Role
from plaudit.common.vault import vault_of
from plaudit.ingest.erasure.domain import STORES
from plaudit.ingest.erasure.jobs import ErasureJob
from plaudit.ingest.erasure.pages import COUNTED
from plaudit_testing.accessibility import faults_of
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.running_ingest import Ingest, Source, created

pytestmark = pytest.mark.postgres
PAGE = "/console/erasures"
ERASER = ("erasures:read", "erasures:write", "reviews:read")
OURS = {"sec-fetch-site": "same-origin", "accept": "text/html"}


async def signed_in(ingest: Ingest, *scopes: str, tenant: str = "default") -> httpx.AsyncClient:
    answer = await ingest.client.post("/sign-in", data={"key": await ingest.key(tenant, *scopes)}, headers=OURS)
    assert answer.status_code == 303, answer.text
    ingest.client.cookies.update(answer.cookies)
    ingest.client.headers.update(OURS)
    return ingest.client


async def shown(staff: httpx.AsyncClient, path: str) -> str:
    answer = await staff.get(path)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


async def carry_out(ingest: Ingest) -> None:
    resources = ingest.resources
    vault = vault_of(resources.settings)
    job = ErasureJob(resources.database(Role.WORKER), resources.outbox, resources.ids, vault, settling_seconds=0)
    while await job.turn():
        pass


def test_every_count_of_a_receipt_has_words():
    assert COUNTED.keys() <= STORES.keys()
    deleted = {"outbox", "import_rejects", "held_events", "contacts", "customer_events", "survey_invitations"}
    assert deleted <= COUNTED.keys()


async def test_a_person_is_erased_after_a_second_look_and_the_receipt_says_what_was_deleted(
    ingest: Ingest, source: Source
):
    await ingest.post(source, created("r-1", 1, text="Mine.", author={"email": "Ada@Example.com"}))
    staff = await signed_in(ingest, *ERASER)
    assert "Nothing was erased." in await shown(staff, PAGE)
    asked = await staff.post(PAGE, data={"named": " ada@example.com "})
    assert asked.status_code == 200
    assert "<dt>Reviews</dt><dd>1</dd>" in asked.text
    assert await ingest.rows("SELECT FROM ingest.erasures") == []
    sent = await staff.post(PAGE, data={"named": "ada@example.com", "sure": "yes"})
    assert sent.status_code == 303
    receipt = sent.headers["location"]
    begun = await shown(staff, receipt)
    assert "The erasure begins." in begun
    assert 'http-equiv="refresh"' in begun
    await carry_out(ingest)
    done = await shown(staff, receipt)
    assert "<dt>Reviews emptied</dt><dd>1</dd>" in done
    assert "SHA-256 of the receipt" in done
    assert 'http-equiv="refresh"' not in done
    assert "ada@" not in done.lower()
    assert (await ingest.rows("SELECT erased_at FROM ingest.reviews"))[0]["erased_at"] is not None
    assert receipt in await shown(staff, PAGE)
    again = await staff.post(PAGE, data={"named": "ada@example.com"})
    assert "Nothing is stored under this address." in again.text


@pytest.mark.parametrize("named", ["", "ada", "ada@", "ada@example", "native:", "a" * 300])
async def test_what_names_nobody_is_refused_beside_the_field(ingest: Ingest, named: str):
    staff = await signed_in(ingest, *ERASER)
    refused = await staff.post(PAGE, data={"named": named, "sure": "yes"})
    assert refused.status_code == 422
    assert 'id="named-error">Write an e-mail address' in refused.text
    assert f'value="{named}"' in refused.text
    assert await ingest.rows("SELECT FROM ingest.erasures") == []


async def test_the_page_of_a_review_leads_to_the_erasure_of_its_writer(ingest: Ingest, source: Source):
    await ingest.post(source, [created("r-1", 1, author={"id": "c-1"}), created("r-2", 5)])
    known, unknown = [each["id"] for each in await ingest.items("/v1/reviews", sort="rating")]
    staff = await signed_in(ingest, *ERASER)
    page = await shown(staff, f"/console/reviews/{known}/erase")
    [person] = re.findall(r'name="named" value="([^"]*)"', page)
    assert "<dt>Reviews</dt><dd>1</dd>" in (await staff.post(PAGE, data={"named": person})).text
    assert 'name="named"' not in await shown(staff, f"/console/reviews/{unknown}/erase")


async def test_a_review_is_erased_from_its_page(ingest: Ingest, source: Source):
    await ingest.post(source, [created("r-1", 1, text="<b>Mine</b>."), created("r-2", 5)])
    [found] = await ingest.items("/v1/reviews", rating_lt=2)
    staff = await signed_in(ingest, *ERASER)
    path = f"/console/reviews/{found['id']}/erase"
    assert f'href="{path}"' in await shown(staff, path.removesuffix("/erase"))
    assert "<b>Mine</b>." in await shown(staff, path)
    sent = await staff.post(path)
    assert sent.status_code == 303
    await carry_out(ingest)
    assert re.search(r"<dt>Review</dt><dd><code>" + found["id"], await shown(staff, sent.headers["location"]))
    assert (await staff.get(path)).status_code == 404
    assert len(await ingest.items("/v1/reviews")) == 1


async def test_only_those_who_may_see_and_erase(ingest: Ingest, source: Source):
    await ingest.post(source, created("r-1", 1))
    [found] = await ingest.items("/v1/reviews")
    path = f"/console/reviews/{found['id']}"
    staff = await signed_in(ingest, "erasures:read", "reviews:read")
    assert "<form class" not in await shown(staff, PAGE)
    assert f"{path}/erase" not in await shown(staff, path)
    for refused in (PAGE, f"{path}/erase"):
        assert (await staff.post(refused, data={"named": "native:c", "sure": "yes"})).status_code == 403
    staff = await signed_in(ingest, "reviews:read")
    assert (await staff.get(PAGE)).status_code == 403
    staff = await signed_in(ingest, *ERASER)
    sent = await staff.post(f"{path}/erase", headers={"sec-fetch-site": "cross-site"})
    assert sent.status_code == 403
    receipt = (await staff.post(f"{path}/erase")).headers["location"]
    staff = await signed_in(ingest, *ERASER, tenant="other")
    assert [(await staff.get(each)).status_code for each in (receipt, f"{path}/erase")] == [404, 404]
    assert (await staff.post(f"{path}/erase")).status_code == 404
    assert len(await ingest.rows("SELECT FROM ingest.erasures")) == 1


@needs_browser
async def test_the_pages_are_usable_by_everybody_on_every_screen(ingest: Ingest, source: Source, tmp_path: Path):
    await ingest.post(source, created("r-1", 1, text="x" * 300, author={"id": "c-1"}))
    [found] = await ingest.items("/v1/reviews")
    assert ingest.parts.app is not None
    async with browsing(ingest.parts.app, tmp_path, path=f"/console/reviews/{found['id']}/erase") as page:
        await page.get_by_label("API key").fill(await ingest.key())
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Erase this review?")
        assert await faults_of(page) == []
        await page.get_by_role("link", name="Keep it").click()
        await page.get_by_role("link", name="Erasures", exact=True).click()
        assert await faults_of(page) == []
        await page.get_by_label("Address or person key").fill("native:c-1")
        await page.get_by_role("button", name="Look").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Erase this person?")
        assert await faults_of(page) == []
        await page.get_by_role("button", name="Erase this person").click()
        await expect(page.get_by_role("heading", name="So far")).to_be_visible()
        await carry_out(ingest)
        await expect(page.get_by_role("heading", name="The receipt")).to_be_visible()
        assert await faults_of(page) == []
        await page.get_by_role("link", name="All erasures").click()
        await expect(page.get_by_role("cell", name="a person")).to_be_visible()
        assert await faults_of(page) == []
