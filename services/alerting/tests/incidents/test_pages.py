"""The console's pages of incidents: everything is done by plain forms."""

import re

import pytest

from plaudit.alerting.incidents.pages import listing
from plaudit.alerting.reviews.consumer import keep_reviews
from plaudit_testing.clocks import at, review
from plaudit_testing.signing_in import OURS, signed_in

pytestmark = pytest.mark.postgres

PAGE = "/console/incidents"
FORM = {"title": "Payments fail", "severity": "urgent", "audience": "public", "subjects": "acme/berlin\r\nacme/hamburg"}
UPDATE = {
    "language": "en",
    "en-title": "Card <b>payments</b> fail",
    "en-apology": "We are sorry.",
    "en-cause": "",
    "en-cause_unknown": "yes",
    "en-fix": "We mend it.",
    "en-prevention": "Two cables.",
    "state": "monitoring",
    "number": "1",
}
AWARE = {"aware_at": "2026-03-01T08:00", "zone": "Europe/Berlin", "country": "de"}


@pytest.fixture
async def browser(stage):
    return await signed_in(stage, "incidents:read", "incidents:write")


async def opened(browser, **members):
    answer = await browser.post(f"{PAGE}/new", data=FORM | members, headers=OURS)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def posts(browser, path, **form):
    return await browser.post(path, data=form, headers=OURS)


async def test_an_incident_is_opened_and_listed(browser):
    address = await opened(browser)
    page = (await browser.get(address)).text
    assert "acme/berlin, acme/hamburg" in page
    assert "Nothing was told yet." in page
    assert "Payments fail" in (await browser.get(PAGE)).text
    assert "alert-1" in (await browser.get(f"{PAGE}/new", params={"alert": "alert-1"})).text


async def test_more_incidents_than_are_counted_are_told_as_so_many_and_more(browser, monkeypatch):
    for _ in range(2):
        await opened(browser)
    assert '<span class="count">2<span' in (await browser.get(PAGE)).text
    monkeypatch.setattr(listing, "MAX_COUNTED", 2)
    assert '<span class="count">2+<span' in (await browser.get(PAGE)).text


@pytest.mark.usefixtures("first_answers_only")
async def test_an_incident_is_opened_from_the_page_of_an_alert(stage):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(25))
    await stage.fires()
    staff = await signed_in(stage, "*")
    page = (await staff.get(f"/console/desk/{(await stage.clock())['id']}")).text
    link = re.search(r'href="(/console/incidents/new\?[^"]+)">Open an incident of it', page)
    assert link is not None
    [alert] = await stage.rows("SELECT id FROM alerts")
    form = (await staff.get(link[1].replace("&amp;", "&"))).text
    assert str(alert["id"]) in form
    assert "acme/berlin" in form
    reader = await signed_in(stage, "clocks:read", "alerts:read")
    assert "Open an incident" not in (await reader.get(f"/console/desk/{(await stage.clock())['id']}")).text


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"title": " "}, "Say in one line what is wrong."),
        ({"subjects": ""}, "Name 1 to 20 subjects"),
        ({"severity": "huge"}, "Choose one of these."),
        ({"reviews": "review-9"}, "There is no review review-9."),
    ],
)
async def test_what_is_refused_is_told_at_its_field_and_what_was_typed_stays(browser, members, words):
    answer = await browser.post(f"{PAGE}/new", data=FORM | members, headers=OURS)
    assert (answer.status_code, words in answer.text) == (422, True)
    assert 'aria-invalid="true"' in answer.text


async def test_an_update_is_previewed_for_each_channel_and_then_published(browser):
    address = await opened(browser)
    form = f"{address}/update"
    assert 'name="en-apology"' in (await browser.get(form)).text
    preview = (await posts(browser, form, action="preview", **UPDATE)).text
    for name in ("Public page", "Mail, English", "Slack", "Teams", "Signed webhook", "Banner"):
        assert name in preview
    assert "<b>payments" not in preview
    assert "We do not know the cause yet." in preview
    assert "Nothing was told yet." in (await browser.get(address)).text
    published = await posts(browser, form, action="publish", **UPDATE)
    assert published.headers["location"] == address
    page = (await browser.get(address)).text
    assert "Update 1 is published." in page
    assert re.search(r'scope="row"[^>]*>banner</th>', page)
    assert "<b>payments" not in page
    again = await posts(browser, form, action="publish", **UPDATE)
    assert (again.status_code, "Another update was published" in (await browser.get(address)).text) == (303, True)


async def test_a_missing_part_is_told_at_its_field_in_its_language(browser):
    form = f"{await opened(browser)}/update"
    german = {name.replace("en-", "de-"): value for name, value in UPDATE.items() if name.startswith("en-")}
    both = {**UPDATE, **german, "language": ["en", "de"], "de-fix": ""}
    answer = await browser.post(form, data=both, headers=OURS)
    assert (answer.status_code, 'id="de-fix-error"' in answer.text) == (422, True)
    assert "We mend it." in answer.text


async def test_a_note_that_is_too_long_is_refused_at_its_field_and_not_cut(browser):
    address = await opened(browser)
    wrong = {"severity": "routine", "note": "x" * 1_001}
    refused = await posts(browser, f"{address}/severity", **wrong)
    assert (refused.status_code, 'id="severity-note-error"' in refused.text) == (422, True)
    assert wrong["note"] in refused.text
    assert (await posts(browser, f"{address}/state", state="monitoring", note="x" * 1_001)).status_code == 422
    assert (await posts(browser, f"{address}/severity", **wrong | {"note": "x" * 1_000})).status_code == 303


async def test_closing_asks_for_the_learnings(browser):
    address = await opened(browser)
    assert (await posts(browser, f"{address}/state", state="resolved")).status_code == 303
    refused = await posts(browser, f"{address}/state", state="closed", learnings="")
    assert (refused.status_code, "Say what was learned" in refused.text) == (422, True)
    assert (await posts(browser, f"{address}/state", state="closed", learnings="Watch it.")).status_code == 303
    page = (await browser.get(address)).text
    assert "Watch it." in page
    assert "Write an update" not in page


async def test_a_state_that_cannot_follow_is_told_and_changes_nothing(browser):
    address = await opened(browser)
    await posts(browser, f"{address}/state", state="closed", learnings="Too early.")
    assert "it can become monitoring or resolved" in (await browser.get(address)).text


async def test_a_data_breach_shows_both_readings_and_who_corrected_the_awareness(browser):
    address = await opened(browser)
    assert (await posts(browser, f"{address}/breach", **AWARE)).status_code == 303
    page = (await browser.get(address)).text
    assert "Regulation (EEC, Euratom) No 1182/71" in page
    assert "the public holidays of DE" in page
    assert 'datetime="2026-03-04T08:00:00+00:00"' in page
    wrong = await posts(browser, f"{address}/breach/awareness", aware_at="2026-02-28T08:00", reason=" ")
    assert (wrong.status_code, "Say why the time was wrong." in wrong.text) == (422, True)
    await posts(browser, f"{address}/breach/awareness", aware_at="2026-02-28T08:00", reason="It was in the log.")
    page = (await browser.get(address)).text
    assert "It was in the log." in page
    assert "Awareness corrected" in page


async def test_the_notice_the_count_and_the_people_told_are_noted_by_forms(browser):
    address = await opened(browser)
    await posts(browser, f"{address}/breach", **AWARE)
    await posts(browser, f"{address}/breach/notice", facts="A backup was open.")
    people = "person\nsecret-1\nsecret-2\n"
    await posts(browser, f"{address}/breach/affected", by="list", method="The export.", people=people)
    await posts(browser, f"{address}/breach/people", told="1", not_told="1", channel="By letter!", note="One moved.")
    form = {"notified_at": "2026-03-01T12:00", "channel": "portal", "reference": "2026-0815", "note": "First notice."}
    assert (await posts(browser, f"{address}/breach/authority", **form)).status_code == 303
    page = (await browser.get(address)).text
    for words in ("A backup was open.", "(list:", "by-letter", "2026-0815"):
        assert words in page
    assert "secret-1" not in page
    wrong = await posts(browser, f"{address}/breach/people", told="many", not_told="1", channel="x", note="x")
    assert (wrong.status_code, "Write a number." in wrong.text) == (422, True)


async def test_links_and_subscribers_are_added_by_forms(browser):
    address = await opened(browser)
    wrong = await posts(browser, f"{address}/subscribers", address="nobody", language="en")
    assert (wrong.status_code, "This is not one e-mail address" in wrong.text) == (422, True)
    assert (await posts(browser, f"{address}/subscribers", address="ada@a.example", language="en")).status_code == 303
    assert "ada@a.example" not in (await browser.get(address)).text
    wrong = await posts(browser, f"{address}/links", reviews="review-9")
    assert (wrong.status_code, "There is no review review-9." in wrong.text) == (422, True)
    assert (await posts(browser, f"{address}/severity", severity="routine")).status_code == 303
    assert (await posts(browser, f"{address}/redrive", outlet="")).status_code == 303


@pytest.mark.usefixtures("first_answers_only")
async def test_what_is_linked_is_named_and_leads_to_its_page(stage):
    record = stage.record(None, review(), at(0), "review-1")
    await stage.reads([record])
    async with stage.worker.transaction() as tx:
        await keep_reviews(tx, [record])
    await stage.move_to(at(25))
    await stage.fires()
    [alert] = await stage.rows("SELECT id, summary FROM alerts")
    browser = await signed_in(stage, "incidents:read", "incidents:write")
    address = await opened(browser, alerts=str(alert["id"]), reviews="review-1")
    page = (await browser.get(address)).text
    assert f'<a href="/console/alerts/{alert["id"]}" dir="auto">{alert["summary"]}</a>' in page
    assert '<a href="/console/reviews/review-1">1-star review of acme/berlin</a>' in page


async def test_a_viewer_reads_and_has_no_button(stage, browser):
    address = await opened(browser)
    await posts(browser, f"{address}/breach", **AWARE)
    viewer = await signed_in(stage, "incidents:read")
    page = (await viewer.get(address)).text
    assert "Write an update" not in page
    assert f'action="{address}' not in page
    assert (await posts(viewer, f"{address}/state", state="resolved")).status_code == 403


async def test_an_update_is_corrected_by_a_form_that_holds_what_it_says(browser):
    address = await opened(browser)
    await posts(browser, f"{address}/update", action="publish", **UPDATE)
    form = f"{address}/update/1"
    assert f'href="{form}"' in (await browser.get(address)).text
    page = (await browser.get(form)).text
    assert ("Correct update 1" in page, "We mend it." in page, 'name="state"' in page) == (True, True, False)
    right = UPDATE | {"en-fix": "We have mended it.", "number": "1", "reason": "It was done."}
    preview = (await posts(browser, form, action="preview", **right)).text
    assert ("Correction: " in preview, "We have mended it." in preview) == (True, True)
    wrong = await posts(browser, form, action="publish", **right | {"reason": " "})
    assert (wrong.status_code, 'id="reason-error"' in wrong.text) == (422, True)
    assert (await posts(browser, form, action="publish", **right)).headers["location"] == address
    page = (await browser.get(address)).text
    for words in ("Update 1 is corrected: revision 2.", "1 of 1, revision 2", "It was done.", "We have mended it."):
        assert words in page
    await posts(browser, form, action="publish", **right | {"en-fix": "No."})
    assert "The update was corrected since this form was shown." in (await browser.get(address)).text
    assert (await browser.get(f"{address}/update/2")).status_code == 404


@pytest.mark.parametrize(
    ("what", "form", "words"),
    [
        ("people", {"told": "1", "not_told": "0", "channel": "", "note": "x"}, "Say in one word how"),
        ("affected", {"by": "guess", "count": "3", "method": "x"}, "Choose one of these."),
        ("awareness", {"aware_at": "2026-02-28T08:00+02:00", "reason": "x"}, "Give date and time in UTC"),
    ],
)
async def test_a_form_of_a_data_breach_converts_nothing_in_silence(browser, what, form, words):
    address = await opened(browser)
    await posts(browser, f"{address}/breach", **AWARE)
    wrong = await posts(browser, f"{address}/breach/{what}", **form)
    assert (wrong.status_code, words in wrong.text) == (422, True)


def told_at(page):
    """The fields of a page that an error stands at."""
    return set(re.findall(r'<p class="error" id="([^"]+)-error">', page))


async def test_all_fields_of_a_new_incident_that_are_wrong_are_told_at_once(browser):
    wrong = {"title": "", "severity": "huge", "audience": "", "subjects": "No Subject"}
    answer = await browser.post(f"{PAGE}/new", data=wrong, headers=OURS)
    assert (answer.status_code, told_at(answer.text)) == (422, {"title", "severity", "audience", "subjects"})
    assert "4 fields cannot be taken so:" in answer.text


async def test_all_parts_of_an_update_that_are_missing_are_told_at_once_in_each_language(browser):
    form = f"{await opened(browser)}/update"
    empty = {"language": ["en", "de"], "de-title": "Karten", "de-apology": "Es tut uns leid.", "number": "1"}
    answer = await browser.post(form, data=empty | {"action": "publish"}, headers=OURS)
    missing = {"en-apology", "en-cause", "en-fix", "en-prevention", "de-cause", "de-fix", "de-prevention"}
    assert (answer.status_code, told_at(answer.text)) == (422, missing)
    assert '<a href="#de-fix">What you do about it (Deutsch)</a>' in answer.text


async def test_a_correction_tells_a_missing_part_and_a_missing_reason_at_once(browser):
    address = await opened(browser)
    await posts(browser, f"{address}/update", action="publish", **UPDATE)
    wrong = UPDATE | {"en-fix": "", "en-apology": " ", "reason": ""}
    answer = await posts(browser, f"{address}/update/1", action="publish", **wrong)
    assert (answer.status_code, told_at(answer.text)) == (422, {"en-fix", "en-apology", "reason"})


@pytest.mark.parametrize(
    ("what", "form", "fields"),
    [
        ("awareness", {"aware_at": "yesterday", "reason": ""}, {"right_aware_at", "reason"}),
        ("affected", {"by": "guess", "count": "many", "method": ""}, {"by", "count", "method"}),
        ("affected", {"by": "count", "count": "", "method": ""}, {"count", "method"}),
        ("authority", {}, {"notified_at", "notify-channel", "reference", "notify-note"}),
        ("people", {"not_told": "x"}, {"told", "not_told", "people-channel", "people-note"}),
        ("people", {"told": "1", "not_told": "0", "channel": "mail"}, {"people-note"}),
    ],
)
async def test_a_form_of_a_data_breach_tells_all_that_is_wrong_and_no_other_form_does(browser, what, form, fields):
    address = await opened(browser)
    await posts(browser, f"{address}/breach", **AWARE)
    answer = await posts(browser, f"{address}/breach/{what}", **form)
    assert (answer.status_code, told_at(answer.text)) == (422, fields)
    if "reason" in fields:
        assert 'value="yesterday"' in answer.text


async def test_what_is_wrong_with_a_declared_data_breach_is_told_at_once(browser):
    address = await opened(browser)
    answer = await posts(browser, f"{address}/breach", aware_at="", zone="Mars", country="")
    assert (answer.status_code, told_at(answer.text)) == (422, {"aware_at", "zone"})
