import pytest

from plaudit.common.api_keys import commands as api_keys
from plaudit.common.tenants import commands as tenants
from plaudit_testing.clocks import answered, at, review

pytestmark = pytest.mark.postgres

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
    page = await stage.plain_client(accept="text/html").get("/")
    assert page.status_code == 200
    assert '<form method="post" action="/sign-in">' in page.text


async def test_a_key_opens_the_page_with_a_cookie_that_scripts_and_other_sites_cannot_use(stage):
    browser = stage.plain_client(accept="text/html")
    answer = await browser.post("/sign-in", data={"key": await key_of(stage, "*")}, headers=OURS)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    page = await browser.get("/")
    assert "Nothing is late." in page.text
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
    page = (await (await signed_in(stage, "*")).get("/")).text
    late, rest = page.split("<h2>Due next</h2>")
    upcoming, alerts = rest.split("<h2>Alerts</h2>")
    assert "1 late, 1 running" in late
    assert "Never &lt;again&gt;" in late
    assert "2 h 30 min" in late
    assert '<a href="https://shop.example/reviews/r-1"' in late
    assert "Slow" in upcoming
    assert "Done" not in page
    assert "1-star review of acme/berlin not answered in time" in alerts
    assert "<script" not in page


async def test_a_reviews_doubtful_address_is_no_link(stage):
    await stage.happens(None, review(url="javascript:alert(1)"), at(0))
    page = (await (await signed_in(stage, "*")).get("/")).text
    assert "acme/berlin" in page
    assert "javascript:" not in page


async def test_mails_that_could_not_be_delivered_are_said(stage, mailbox):
    mailbox.answer = lambda: "554 no"
    await stage.happens(None, review(), at(0))
    await stage.sends()
    page = (await (await signed_in(stage, "*")).get("/")).text
    assert "1 mail could not be delivered." in page


async def test_another_tenants_page_is_empty(stage):
    await stage.happens(None, review(), at(0))
    page = (await (await signed_in(stage, "*", tenant="stranger")).get("/")).text
    assert "No clock is running." in page
    assert "acme/berlin" not in page


async def test_a_wrong_key_is_told_and_sets_nothing(stage):
    browser = stage.plain_client(accept="text/html")
    answer = await browser.post("/sign-in", data={"key": "plaudit_nobody_nothing"}, headers=OURS)
    assert answer.status_code == 401
    assert "not valid" in answer.text
    assert "set-cookie" not in answer.headers


async def test_a_key_without_the_scopes_is_told_which(stage):
    page = await (await signed_in(stage, "clocks:read")).get("/")
    assert page.status_code == 403
    assert "alerts:read" in page.text


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
    assert 'action="/sign-in"' in (await browser.get("/")).text
