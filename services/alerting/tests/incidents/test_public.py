"""What everybody sees of incidents: pages, feeds and the banner."""

import re
from xml.etree import ElementTree as ET

import pytest

from plaudit.alerting.incidents.domain.instants import CALENDARS
from plaudit.alerting.incidents.domain.wording import WORDINGS
from plaudit.common.tenants import commands as tenants
from plaudit_testing.incidents import ARABIC, TEXT, after, page_of

pytestmark = pytest.mark.postgres

HOSTILE = '<img src=x onerror=alert(1)>\x07 "quoted" & <b>bold</b> \uffff'
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def public(incidents):
    return incidents.stage.plain_client(accept="text/html")


async def test_a_page_is_public_from_the_first_update_on(incidents, public):
    opened = await incidents.opened()
    assert (await public.get(page_of(opened))).status_code == 404
    await incidents.updated(opened)
    page = await public.get(page_of(opened))
    assert (page.status_code, page.headers["cache-control"]) == (200, "public, max-age=30")
    for words in (TEXT["title"], TEXT["apology"], "We do not know the cause yet.", TEXT["fix"], TEXT["prevention"]):
        assert words in page.text
    assert "Payments fail" not in page.text  # the team's own title


@pytest.mark.parametrize("audience", ["subscribers", "internal"])
async def test_what_is_not_public_is_not_there(incidents, public, audience):
    opened = await incidents.opened(audience=audience)
    await incidents.updated(opened)
    for path in (page_of(opened), f"{page_of(opened)}/feed.atom"):
        assert (await public.get(path)).status_code == 404
    assert (await public.get("/incidents/default/banner.json")).json() == {"incidents": []}
    assert TEXT["apology"] not in (await public.get("/incidents/default")).text


async def test_a_page_is_in_the_direction_of_its_language(incidents, public):
    opened = await incidents.opened()
    await incidents.updated(opened, {}, ARABIC)
    english = (await public.get(page_of(opened))).text
    arabic = (await public.get(page_of(opened), params={"language": "ar"})).text
    assert '<html lang="en" dir="ltr">' in english
    assert '<html lang="ar" dir="rtl">' in arabic
    assert "لا نعرف السبب بعد." in arabic
    assert (await public.get(page_of(opened), params={"language": "xx"})).text == english


async def test_times_are_said_in_words_of_the_language_with_the_zone(incidents, public):
    await incidents.stage.move_to(after(0))
    opened = await incidents.opened()
    await incidents.updated(opened, {}, ARABIC, {"language": "de"})
    for language, words in (
        ("en", "2 March 2026, 09:00 UTC"),
        ("de", "2. März 2026, 09:00 Uhr UTC"),
        ("ar", "2 مارس 2026، 09:00 UTC"),
    ):
        for path in (page_of(opened), "/incidents/default"):
            page = (await public.get(path, params={"language": language})).text
            assert re.search(rf'<time datetime="2026-03-02T09:00:\d\d[^"]*">{words}</time>', page), (language, path)
    assert CALENDARS.keys() == WORDINGS.keys()
    assert all(len(set(each.months)) == 12 for each in CALENDARS.values())


async def test_hostile_text_stays_text_on_the_page_and_in_the_feed(incidents, public):
    opened = await incidents.opened()
    await incidents.updated(opened, {"title": HOSTILE, "apology": HOSTILE, "fix": HOSTILE})
    for path in (page_of(opened), "/incidents/default"):
        page = (await public.get(path)).text
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page
    for path in (f"{page_of(opened)}/feed.atom", "/incidents/default/feed.atom"):
        feed = await public.get(path)
        assert feed.headers["content-type"] == "application/atom+xml; charset=utf-8"
        [entry] = ET.fromstring(feed.text).findall(f"{ATOM}entry")
        assert "<img src=x onerror=alert(1)>" in (entry.findtext(f"{ATOM}content") or "")


async def test_the_feed_has_an_entry_for_each_update(incidents, public):
    opened = await incidents.opened()
    await incidents.updated(opened)
    await incidents.updated(opened, state="monitoring")
    feed = ET.fromstring((await public.get(f"{page_of(opened)}/feed.atom")).text)
    ids = [entry.findtext(f"{ATOM}id") for entry in feed.findall(f"{ATOM}entry")]
    url = f"http://plaudit.example{page_of(opened)}"
    assert ids == [f"{url}#update-2", f"{url}#update-1"]


async def test_the_banner_has_what_is_not_resolved_for_every_site_and_nothing_about_anybody(incidents, public):
    opened = await incidents.opened()
    await incidents.posts(opened, "subscribers", address="ada@customer.example", language="en")
    await incidents.updated(opened, {}, ARABIC)
    banner = await public.get("/incidents/default/banner.json", headers={"origin": "https://shop.example"})
    assert banner.headers["access-control-allow-origin"] == "*"
    [shown] = banner.json()["incidents"]
    assert set(shown) == {"id", "severity", "state", "since", "updated_at", "number", "revision", "url", "texts"}
    assert [(each["language"], each["direction"]) for each in shown["texts"]] == [("en", "ltr"), ("ar", "rtl")]
    assert "key:" not in banner.text
    again = await public.get("/incidents/default/banner.json", headers={"if-none-match": banner.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    await incidents.posts(opened, "resolve")
    assert (await public.get("/incidents/default/banner.json")).json() == {"incidents": []}


async def test_another_tenants_slug_shows_nothing(incidents, public):
    opened = await incidents.opened()
    await incidents.updated(opened)
    async with incidents.stage.common.transaction() as tx:
        await tenants.create(tx, "stranger", "Stranger")
    assert (await public.get(f"/incidents/stranger/{opened['slug']}")).status_code == 404
    for tenant in ("nobody", "No%20Tenant", "..%2f"):
        assert (await public.get(f"/incidents/{tenant}")).status_code == 404


async def test_every_other_address_of_the_api_still_needs_a_key(public):
    for path in ("/v1/incidents", "/v1/alerts"):
        assert (await public.get(path)).status_code == 401
