import re
from html import unescape
from uuid import UUID

import pytest

from plaudit.alerting.clocks.tables import clocks
from plaudit.alerting.desk.pages import shared, showing
from plaudit.common.api_keys import commands as api_keys
from plaudit.common.contracts import Answers
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery.domain.message import Content, Message, endpoint
from plaudit.common.tenants import commands as tenants
from plaudit_testing.clocks import answered, at, review
from plaudit_testing.directions import HEBREW, misplaced

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]

OURS = {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}


async def key_of(stage, *scopes, tenant="default"):
    async with stage.common.transaction() as tx:
        await tenants.create(tx, tenant, tenant.title())
        return await api_keys.create(tx, tenant, "page", scopes)


async def signed_in(stage, *scopes, tenant="default"):
    browser = stage.plain_client(accept="text/html")
    answer = await browser.post("/sign-in", data={"key": await key_of(stage, *scopes, tenant=tenant)}, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    return browser


async def test_without_a_key_the_page_is_a_form(stage):
    page = await stage.plain_client(accept="text/html").get("/console")
    assert page.status_code == 200
    assert '<form method="post" action="/sign-in">' in page.text


async def test_a_key_opens_the_page_with_a_cookie_that_scripts_and_other_sites_cannot_use(stage):
    browser = stage.plain_client(accept="text/html")
    answer = await browser.post("/sign-in", data={"key": await key_of(stage, "*")}, headers=OURS)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    page = await browser.get("/console")
    assert "No answer is due." in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_the_page_shows_what_is_late_what_is_next_and_the_alerts(stage):
    await stage.happens(None, review(title="Never <again>"), at(0), review_id="late")
    await stage.move_to(at(20))
    young = review(published_at=at(20), received_at=at(20), subject="acme/hamburg", title="Slow")
    await stage.happens(None, young, at(20), review_id="young")
    answered_one = review(title="Done")
    await stage.happens(None, answered_one, at(20), review_id="done")
    await stage.happens(answered_one, answered(answered_one, at(20)), at(20), review_id="done")
    await stage.move_to(at(26.5))
    await stage.fires()
    page = (await (await signed_in(stage, "*")).get("/console")).text
    figures, rest = page.split("</dl>", 1)
    due, alerts = rest.split('id="alerts"')
    assert re.findall(r"<dt>(.+)</dt><dd[^>]*>(.+)</dd>", figures) == [
        ("late", "1"),
        ("due within 4 hours", "0"),
        ("running in all", "1"),
        ("open alert", "1"),
        ("answered in time, 14 days (n = 2)", "50 %"),
    ]
    assert due.index("Never &lt;again&gt;") < due.index("Slow")
    assert '2 h 30 min<span class="unit">late' in due
    assert '17 h 29 min<span class="unit">left' in due
    assert "Done" not in page
    assert "1-star review of acme/berlin not answered in time" in alerts
    assert "Answers due each day: 2 in the last 14 days, 1 of them late." in page
    [script] = re.findall(r"<script[^>]*>", page)
    assert "/zone.js" in script, "the zone of the reader is all that the page needs one for"


async def test_the_navigation_of_overview_and_desk_counts_what_waits_as_far_as_the_reader_may_see_it(stage):
    for number in range(2):
        await stage.happens(None, review(), at(0), review_id=f"late {number}")
    await stage.happens(None, review(published_at=at(24), received_at=at(24)), at(24), review_id="next")
    opened = {"title": "Checkout fails", "severity": "routine", "audience": "internal", "subjects": ["acme"]}
    assert (await (await stage.client()).post("/v1/incidents", json=opened)).status_code == 201
    await stage.move_to(at(24.5))
    await stage.fires()
    counted = re.compile(r'href="([^"]+)"[^>]*>\w+<span class="count">([^<]+)')
    for scopes, incidents in ((("*",), {"/console/incidents": "1"}), (("clocks:read", "alerts:read"), {})):
        browser = await signed_in(stage, *scopes)
        for path in ("/console", "/console/desk"):
            page = (await browser.get(path)).text
            assert dict(counted.findall(page)) == {"/console/desk": "3", "/console/alerts": "2", **incidents}, path


async def test_of_the_days_to_come_the_chart_shows_only_answers_that_are_still_due(stage):
    for title in ("Done", "Slow"):
        young = review(published_at=at(20), received_at=at(20), title=title)
        await stage.happens(None, young, at(20), review_id=title)
        if title == "Done":
            await stage.happens(young, answered(young, at(20)), at(20), review_id=title)
    await stage.move_to(at(21))
    page = (await (await signed_in(stage, "*")).get("/console")).text
    shown = re.findall(r"<tr data-x=\"\d+\"><th scope=\"row\">(.+?)</th><td class=\"figure\">(.*?)</td>", page)
    assert [due for _, due in shown[showing.PAST_DAYS + 1 :] if due != "0"] == ["1"]


async def test_a_clock_has_a_page_with_its_review_and_what_happened(stage):
    await stage.happens(None, review(title="Never <again>"), at(0), review_id="late")
    await stage.move_to(at(26.5))
    await stage.fires()
    browser = await signed_in(stage, "*")
    (path,) = set(re.findall(r'href="(/console/desk/[0-9a-f-]{36})"', (await browser.get("/console/desk")).text))
    page = (await browser.get(path)).text
    assert '<a class="button" href="/console/answers/late#selected" data-key="r"' in page
    assert '<a class="button quiet" href="https://shop.example/reviews/r-1" rel="noopener nofollow"' in page
    assert "I waited two days." in page
    happened = [
        "The clock started: the review was published.",
        "50 % of the time had passed.",
        "80 % of the time had passed.",
        "No answer in time.",
    ]
    assert re.findall(r"<li><p>(.+?)</p>", page.split("What happened")[1]) == happened[::-1]


async def test_the_list_of_clocks_goes_on_by_cursor_and_can_be_narrowed(stage, monkeypatch):
    monkeypatch.setattr(shared, "ROWS", 2)
    for hours, title in ((0, "First"), (1, "Second"), (20, "Third")):
        state = review(title=title, published_at=at(hours), received_at=at(hours))
        await stage.happens(None, state, at(hours), review_id=title)
    await stage.move_to(at(26.5))
    browser = await signed_in(stage, "*")

    async def titles(address):
        page = (await browser.get(address)).text
        return re.findall(r'class="name"[^>]*>(\w+)<', page), re.findall(
            r'href="([^"]*cursor=[^"]*)">More clocks', page
        )

    shown, (more,) = await titles("/console/desk")
    assert shown == ["First", "Second"]
    assert await titles(unescape(more)) == (["Third"], [])
    assert await titles("/console/desk?show=late") == (["First", "Second"], [])
    assert await titles("/console/desk?show=next") == (["Third"], [])
    for other in (f"{unescape(more)}&show=late", f"{unescape(more)}&show=next"):
        assert (await browser.get(other)).status_code == 422, "a cursor is of one list only"


async def test_what_is_not_there_is_said(stage):
    browser = await signed_in(stage, "*")
    for address, words in (
        ("/console", "No answer is due."),
        ("/console", "No alert was raised."),
        ("/console/desk", "No answer is due."),
        ("/console/desk?show=late", "Nothing is late."),
        ("/console/desk?show=next", "No clock is running."),
    ):
        assert words in (await browser.get(address)).text
    assert (await browser.get("/console/desk/0b0f3f0a-0000-7000-8000-000000000000")).status_code == 404


async def test_the_shell_names_the_tenant_the_key_and_the_sections_that_it_may_see(stage):
    page = (await (await signed_in(stage, "clocks:read", "alerts:read", tenant="acme")).get("/console/desk")).text
    assert '<p dir="auto">Acme</p>' in page
    assert "API key " in page
    assert re.findall(r'<li><a href="(/console[a-z/]*)"( aria-current="page")?>', page.split("</nav>")[0]) == [
        ("/console", ""),
        ("/console/desk", ' aria-current="page"'),
        ("/console/alerts", ""),
        ("/console/reports", ""),
        ("/console/silences", ""),
        ("/console/owners", ""),
        ("/console/policies", ""),
        ("/console/calendars", ""),
    ]


async def test_the_front_page_leads_to_the_console_by_a_relative_address(stage):
    answer = await stage.plain_client(accept="text/html").get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")


async def test_a_reviews_doubtful_address_is_no_link(stage):
    await stage.happens(None, review(url="javascript:alert(1)"), at(0))
    page = (await (await signed_in(stage, "*")).get("/console")).text
    assert "acme/berlin" in page
    assert "javascript:" not in page


async def test_mails_that_could_not_be_delivered_are_said(stage, mailbox):
    mailbox.answer = lambda: "554 no"
    await stage.happens(None, review(), at(0))
    await stage.sends()
    page = (await (await signed_in(stage, "*")).get("/console")).text
    assert "1 message could not be delivered: " in page


async def test_a_right_to_left_review_is_set_right_to_left(stage):
    await stage.happens(None, review(title=HEBREW, text=HEBREW), at(0), review_id="hebrew")
    browser = await signed_in(stage, "*")
    for path in ("/console", "/console/desk"):
        assert misplaced((await browser.get(path)).text, HEBREW) == []


async def test_another_tenants_page_is_empty(stage):
    await stage.happens(None, review(), at(0))
    page = (await (await signed_in(stage, "*", tenant="stranger")).get("/console")).text
    assert "No answer is due." in page
    assert "acme/berlin" not in page


async def test_a_wrong_key_is_told_and_sets_nothing(stage):
    browser = stage.plain_client(accept="text/html")
    answer = await browser.post("/sign-in", data={"key": "plaudit_nobody_nothing"}, headers=OURS)
    assert answer.status_code == 401
    assert "not valid" in answer.text
    assert "set-cookie" not in answer.headers


async def test_a_key_without_the_scopes_is_told_which(stage):
    page = await (await signed_in(stage, "clocks:read")).get("/console")
    assert page.status_code == 403
    assert "read alerts" in page.text


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"}, {}],
)
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out"])
async def test_a_form_from_elsewhere_is_refused(stage, path, headers):
    browser = stage.plain_client(accept="text/html")
    answer = await browser.post(path, data={"key": await key_of(stage, "*")}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_an_older_browser_is_known_by_its_origin(stage):
    browser = stage.plain_client(accept="text/html", origin="http://alerting.example")
    assert (await browser.post("/sign-in", data={"key": await key_of(stage, "*")})).status_code == 303


async def test_signing_out_takes_the_key_away(stage):
    browser = await signed_in(stage, "*")
    await browser.post("/sign-out", headers=OURS)
    assert 'action="/sign-in"' in (await browser.get("/console")).text


async def test_a_flood_that_is_answered_hides_nothing_that_is_late_on_its_day(stage):
    done = review(title="Done")
    await stage.happens(None, done, at(0), review_id="done")
    await stage.happens(done, answered(done, at(1)), at(1), review_id="done")
    await stage.happens(None, review(title="Late"), at(0), review_id="late")
    same = ", ".join(each.name for each in clocks.c if each.computed is None and each.name != "id")
    await stage.rows(
        f"INSERT INTO clocks (id, {same}) SELECT gen_random_uuid(), {same} FROM clocks, generate_series(1, 1000) "
        "WHERE title = 'Done' AND state = 'fulfilled' RETURNING 1"
    )
    await stage.move_to(at(26.5))
    page = (await (await signed_in(stage, "*")).get("/console")).text
    assert "Answers due each day: at least 1,000 in the last 14 days, at least 1 of them late." in page
    assert "No more than 1,000 are counted for a day" in page
    assert "answered in time, 14 days" not in page


async def test_a_message_to_an_endpoint_names_it(stage):
    made = await (await stage.client()).post(
        "/v1/endpoints",
        json={"name": "On <call>", "channel": "webhook", "url": "https://hooks.acme.example/p", "topics": ["alert"]},
    )
    assert made.status_code == 201, made.text
    to = endpoint(UUID(made.json()["id"]))
    async with stage.worker.transaction() as tx:
        await deliveries.queue(tx, [Message("default", "one", "alert.raised", to, Content("Look at this", ""))])
    page = (await (await signed_in(stage, "*")).get("/console/desk")).text
    row = page[page.index("Look at this") :]
    assert "<bdi>On &lt;call&gt;</bdi>" in row
    assert f"<bdi>{made.json()['id']}</bdi>" not in row


async def test_where_answers_are_not_told_a_clock_is_neither_late_nor_in_time(stage):
    await stage.happens(None, review(title="Done"), at(0), review_id="done")
    await stage.happens(review(title="Done"), answered(review(title="Done"), at(20)), at(20), review_id="done")
    await stage.happens(None, review(title="Quiet"), at(0), review_id="quiet", answers=Answers.UNTOLD)
    await stage.move_to(at(26.5))
    browser = await signed_in(stage, "*")
    before = (await browser.get("/console")).text
    await stage.fires()
    for page in (before, (await browser.get("/console")).text):
        figures = dict(re.findall(r"<dt>(.+)</dt><dd[^>]*>(.+)</dd>", page.split("</dl>", 1)[0]))
        assert figures["late"] == "0"
        assert figures["answered in time, 14 days (n = 1)"] == "100 %"
        assert "Answers due each day: 2 in the last 14 days, 0 of them late." in page
        assert 'class="unit">late' not in page
    assert figures["unknown: answers not told"] == "1"
    assert "Quiet" not in (await browser.get("/console/desk")).text
    page = (await browser.get("/console/desk?show=unknown")).text
    assert '<span class="pill quiet">unknown</span>' in page
    assert '<a href="/console/answers/quiet#selected">Record the answer</a>' in page
    assert "<dt>Answered</dt><dd>unknown</dd>" in page
    assert "Whether it was answered by then is not told here." in page
    assert "No answer in time" not in page
