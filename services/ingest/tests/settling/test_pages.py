"""The console's page that settles a review, and follows its report to the platform."""

import re
from html import unescape
from pathlib import Path

import httpx
import pytest
from playwright.async_api import expect

from plaudit.common.db import Role
from plaudit.ingest.settling import pages as settling_pages
from plaudit.ingest.settling.jobs import ReportsJob
from plaudit_testing.accessibility import faults_of
from plaudit_testing.browser import browsing, needs_browser
from plaudit_testing.running_ingest import Ingest, Source, created

pytestmark = pytest.mark.postgres
OURS = {"sec-fetch-site": "same-origin", "accept": "text/html"}
FINDING = {"disposition": "wrong_fact", "outcome": "explained", "cause": "unclear_terms", "ease": "6"}


async def signed_in(ingest: Ingest, *scopes: str, tenant: str = "default") -> httpx.AsyncClient:
    answer = await ingest.client.post("/sign-in", data={"key": await ingest.key(tenant, *scopes)}, headers=OURS)
    assert answer.status_code == 303, answer.text
    ingest.client.cookies.update(answer.cookies)
    ingest.client.headers.update(OURS)
    return ingest.client


@pytest.fixture
async def page(ingest: Ingest, source: Source) -> str:
    """The path of the page of a review that is new."""
    await ingest.post(source, created("r-1", 1, title="Never again", text="Nobody called back."))
    [found] = await ingest.items("/v1/reviews")
    return f"/console/reviews/{found['id']}/settle"


async def shown(staff: httpx.AsyncClient, path: str) -> str:
    answer = await staff.get(path)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


async def test_a_review_is_settled_and_settled_anew(ingest: Ingest, page: str):
    staff = await signed_in(ingest, "reviews:read", "answers:write")
    review = page.removesuffix("/settle")
    assert f'href="{page}"' in await shown(staff, review)
    first = await shown(staff, page)
    assert "It is not settled." in first
    assert "Nobody called back." in first
    sent = await staff.post(page, data={**FINDING, "note": "One\r\ntwo", "seen": "0"})
    assert (sent.status_code, sent.headers["location"]) == (303, page)
    assert "The review is settled." in await shown(staff, page)
    told = "The customer is mistaken: <b>explained</b>, because of <b>unclear_terms</b>; it was easy to solve."
    assert told in await shown(staff, page)
    assert told in await shown(staff, review)
    assert (await ingest.rows("SELECT note FROM ingest.resolutions"))[0]["note"] == "One\ntwo"
    assert (await staff.post(page, data={**FINDING, "outcome": "refunded", "seen": "1"})).status_code == 303
    again = await shown(staff, page)
    assert "<b>refunded</b>" in again
    assert "What was said before" in again
    assert [row["outcome"] for row in await ingest.rows("SELECT outcome FROM ingest.resolutions ORDER BY number")] == [
        "explained",
        "refunded",
    ]
    known = re.findall(r'<datalist id="outcomes">(.*?)</datalist>', again)
    assert known == ['<option value="explained"></option><option value="refunded"></option>']


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"outcome": "Money Back!"}, "outcome", "such as money_back."),
        ({"outcome": "Geld zurück, groß"}, "outcome", "such as geld_zuruck_gross."),
        ({"outcome": ""}, "outcome", "such as refunded."),
        ({"cause": "late delivery"}, "cause", "such as late_delivery."),
        ({"ease": "8"}, "ease", "Choose one of these."),
        ({"disposition": "so what"}, "disposition", "Choose one of these."),
        ({"note": "x" * 5_001}, "note", "Write at most 5,000 characters"),
        ({"note": "a\0"}, "note", "none that cannot be seen."),
    ],
)
async def test_what_is_refused_is_said_beside_its_field_and_nothing_is_lost(
    ingest: Ingest, page: str, changed: dict[str, str], field: str, words: str
):
    staff = await signed_in(ingest, "reviews:read", "answers:write")
    refused = await staff.post(page, data={**FINDING, "note": "Keep <me>", "seen": "0", **changed})
    assert refused.status_code == 422
    text = unescape(refused.text)
    assert re.findall(rf'id="{field}-error">([^<]*{re.escape(words)}[^<]*)<', text) != []
    assert len(re.findall(r'class="error"', text)) == 1
    assert changed.get("note", "Keep <me>") in text
    assert f'value="{changed.get("outcome", "explained")}"' in text
    assert await ingest.rows("SELECT FROM ingest.resolutions") == []


async def test_all_that_is_wrong_is_said_at_once_with_links_to_its_fields(ingest: Ingest, page: str):
    staff = await signed_in(ingest, "reviews:read", "answers:write")
    refused = await staff.post(page, data={"disposition": "x", "outcome": "", "cause": "Two Words", "note": "a\0"})
    wrong = ["cause", "disposition", "note", "outcome"]
    assert sorted(re.findall(r'id="(\w+)-error"', refused.text)) == wrong
    assert sorted(re.findall(r'<li><a href="#(\w+)">', refused.text)) == wrong


async def test_the_rating_is_shown_as_stars(ingest: Ingest, page: str):
    staff = await signed_in(ingest, "reviews:read")
    assert 'aria-label="1 of 5 stars"' in await shown(staff, page)


async def test_of_two_who_settle_at_once_the_second_sees_what_the_first_said(ingest: Ingest, page: str):
    staff = await signed_in(ingest, "reviews:read", "answers:write")
    assert (await staff.post(page, data={**FINDING, "seen": "0"})).status_code == 303
    refused = await staff.post(page, data={**FINDING, "outcome": "refunded", "seen": "0"})
    assert refused.status_code == 422
    assert "Somebody else has settled it" in refused.text
    assert 'value="refunded"' in refused.text
    assert len(await ingest.rows("SELECT FROM ingest.resolutions")) == 1


async def test_a_report_is_noted_decided_and_noted_again(ingest: Ingest, page: str):
    staff = await signed_in(ingest, "reviews:read", "answers:write")
    wrong = await staff.post(f"{page}/report", data={"reason": "dislike", "evidence": "No order."})
    assert wrong.status_code == 422
    assert "No order." in wrong.text
    assert (await staff.post(f"{page}/report", data={"reason": "spam", "evidence": "No order."})).status_code == 303
    open_report = await shown(staff, page)
    assert "the platform decides" in open_report
    assert "it is spam or an advertisement" in open_report
    assert "Note the report" not in open_report
    twice = await staff.post(f"{page}/report", data={"reason": "other"})
    assert twice.status_code == 422
    assert "This review is reported, and its platform has not decided." in twice.text
    decided = await staff.post(f"{page}/decision", data={"state": "declined", "decision": "Within our rules."})
    assert decided.status_code == 303
    after = await shown(staff, page)
    assert "Within our rules." in after
    assert "Report it again" in after
    assert (await staff.post(f"{page}/decision", data={"state": "open"})).status_code == 422
    late = await staff.post(f"{page}/decision", data={"state": "accepted"})
    assert late.status_code == 303
    assert "No report of this review is open." in await shown(staff, page)


async def test_a_report_is_accepted_when_the_platform_has_taken_the_review_down(
    ingest: Ingest, source: Source, page: str
):
    staff = await signed_in(ingest, "reviews:read", "answers:write")
    await staff.post(f"{page}/report", data={"reason": "abusive"})
    await ingest.post(source, {"type": "review.removed", "data": {"id": "r-1"}})
    await ReportsJob(ingest.resources.database(Role.WORKER)).turn()
    text = await shown(staff, page)
    assert "accepted" in text
    assert "There is nothing to report." in text


async def test_only_those_who_may_see_and_change(ingest: Ingest, page: str):
    staff = await signed_in(ingest, "reviews:read")
    assert "<textarea" not in await shown(staff, page)
    assert (await staff.post(page, data=FINDING)).status_code == 403
    assert (await staff.post(f"{page}/report", data={"reason": "spam"})).status_code == 403
    assert (await staff.post(f"{page}/decision", data={"state": "declined"})).status_code == 403
    staff = await signed_in(ingest, "reviews:read", "answers:write", tenant="other")
    for path in (page, f"{page}/report", f"{page}/decision"):
        assert (await staff.post(path, data={**FINDING, "reason": "spam", "state": "declined"})).status_code == 404
    assert (await staff.get(page)).status_code == 404
    cross = await staff.post(page, data=FINDING, headers={"sec-fetch-site": "cross-site"})
    assert cross.status_code == 403


@needs_browser
async def test_the_page_is_usable_by_everybody_on_every_screen(ingest: Ingest, page: str, tmp_path: Path):
    assert ingest.parts.app is not None
    async with browsing(ingest.parts.app, tmp_path, path=page) as opened:
        await opened.get_by_label("API key").fill(await ingest.key())
        await opened.get_by_role("button", name="Sign in").click()
        await expect(opened.get_by_role("heading", level=1)).to_have_text("Settle a review")
        assert await faults_of(opened) == []
        await opened.get_by_label("What was done").fill("Gave the money back")
        await opened.get_by_role("button", name="Settle it").click()
        await expect(opened.get_by_label("What was done")).to_be_focused()
        assert await faults_of(opened) == []
        await opened.get_by_label("What was done").fill("refunded")
        await opened.get_by_role("button", name="Settle it").click()
        await expect(opened.get_by_role("status")).to_contain_text("The review is settled.")
        await opened.get_by_label("What proves it").fill("x" * 300)
        await opened.get_by_role("button", name="Note the report").click()
        await expect(opened.get_by_role("status")).to_contain_text("The report is noted.")
        assert await faults_of(opened) == []
        await opened.get_by_role("link", name="All about this review").click()
        await expect(opened.get_by_role("heading", name="How it is settled")).to_be_visible()
        assert await faults_of(opened) == []


async def test_all_reports_are_listed_the_open_ones_first_shown(ingest: Ingest, source: Source, page: str):
    staff = await signed_in(ingest, "reviews:read", "answers:write")
    path = "/console/reviews/reports"
    assert f'href="{path}"' in await shown(staff, "/console/reviews")
    assert "No report is open." in await shown(staff, path)
    await ingest.post(source, created("r-2", 1, title="Lies"))
    lies = next(each for each in await ingest.items("/v1/reviews") if each["title"] == "Lies")
    other = f"/console/reviews/{lies['id']}/settle"
    for each, evidence in ((page, "Not in our books."), (other, "He says so <b>.")):
        sent = await staff.post(f"{each}/report", data={"reason": "not_a_customer", "evidence": evidence})
        assert sent.status_code == 303
    listed = await shown(staff, path)
    assert re.findall(r'<a class="name"[^>]*>([^<]*)</a>', listed) == ["Lies", "Never again"]
    assert f'href="{other}"' in listed
    assert "Native format" in listed
    assert "native<" not in listed
    await staff.post(f"{other}/decision", data={"state": "declined", "decision": "Within our rules."})
    assert "Lies" not in await shown(staff, path)
    assert re.findall(r'<a class="name"[^>]*>([^<]*)</a>', await shown(staff, f"{path}?show=declined")) == ["Lies"]
    assert re.findall(r'<a class="name"[^>]*>([^<]*)</a>', await shown(staff, f"{path}?show=all")) == [
        "Lies",
        "Never again",
    ]


async def test_reports_have_pages_and_belong_to_their_tenant(
    ingest: Ingest, source: Source, page: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(settling_pages, "ROWS", 1)
    staff = await signed_in(ingest, "reviews:read", "answers:write")
    await ingest.post(source, created("r-2", 1, title="Lies"))
    for each in await ingest.items("/v1/reviews"):
        await staff.post(f"/console/reviews/{each['id']}/settle/report", data={"reason": "spam", "evidence": ""})
    first = await shown(staff, "/console/reviews/reports")
    [following] = re.findall(r'href="(/console/reviews/reports[^"]*cursor=[^"]*)"', first)
    names = [re.findall(r'<a class="name"[^>]*>([^<]*)</a>', each) for each in (first, await shown(staff, following))]
    assert sorted(names) == [["Lies"], ["Never again"]]
    stranger = await signed_in(ingest, "reviews:read", tenant="other")
    assert "No report is open." in await shown(stranger, "/console/reviews/reports")
