"""The console's pages of calendars, on a real database."""

import re

import pytest

from plaudit_testing.clocks import PUBLISHED

pytestmark = pytest.mark.postgres

CALENDARS = "/console/calendars"
NEW = "/console/calendars/-/new"
FORM = {
    "name": "berlin", "zone": "Europe/Berlin", "monday": "09:00-12:00, 13:00-17:00", "tuesday": "09:00-17:00",
    "wednesday": "09:00-17:00", "thursday": "09:00-17:00", "friday": "09:00-15:00", "saturday": "closed", "sunday": "",
    "country": "DE", "subdivision": "BE", "categories": "public", "seen": "0", "do": "preview",
    "overrides": "2026-03-10 09:00 - 12:00, 14:00-15:00 Inventory <b>\n2026-03-11 closed",
}  # fmt: skip
SAME_ORIGIN = {"sec-fetch-site": "same-origin"}


async def signed_in(stage, *scopes):
    client = await stage.client(*scopes)
    key = client.headers.pop("authorization").removeprefix("Bearer ")
    client.headers["accept"] = "text/html"
    assert (await client.post("/sign-in", data={"key": key}, headers=SAME_ORIGIN)).status_code == 303
    return client


@pytest.fixture
async def admin(stage):
    return await signed_in(stage)


async def send(client, path=NEW, **fields):
    return await client.post(path, data=FORM | fields, headers=SAME_ORIGIN)


def said(page):
    """The text of a page without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", page.text).split())


async def test_a_calendar_is_seen_before_it_is_saved(admin):
    assert "You have no calendar of your own." in (await admin.get(CALENDARS)).text
    assert (await admin.get(NEW)).status_code == 200
    shown = await send(admin)
    assert shown.status_code == 200
    words = said(shown)
    assert "Nothing is saved yet." in words
    assert "09:00-12:00, 14:00-15:00 Inventory &lt;b&gt;" in words
    assert "Women&#39;s Day" in words
    assert "clocks change" in words
    assert "You have no calendar of your own." in (await admin.get(CALENDARS)).text


async def test_a_saved_calendar_is_listed_shown_by_months_and_can_be_changed(stage, admin):
    saved = await send(admin, do="save")
    assert (saved.status_code, saved.headers["location"]) == (303, f"{CALENDARS}/berlin")
    await stage.move_to(PUBLISHED.replace(month=3, day=10, hour=12, minute=30))
    listed = said(await admin.get(CALENDARS))
    assert "berlin closed until 14:00 Monday 09:00-12:00, 13:00-17:00 Tuesday to Thursday 09:00-17:00" in listed
    march = said(await admin.get(f"{CALENDARS}/berlin"))
    assert "March 2026" in march
    assert "Germany, BE: public" in march
    december = said(await admin.get(f"{CALENDARS}/berlin?month=2026-12"))
    assert "December 2026" in december
    assert "25 closed Christmas Day" in december
    form = await admin.get(f"{CALENDARS}/berlin/change")
    assert "2026-03-10 09:00-12:00,14:00-15:00 Inventory &lt;b&gt;\n2026-03-11 closed" in form.text
    changed = await send(admin, f"{CALENDARS}/berlin/change", do="save", seen="1", country="", overrides="")
    assert changed.status_code == 303
    after = said(await admin.get(f"{CALENDARS}/berlin"))
    assert "None: it is open on holidays." in after
    assert re.search("Revisions 2: .* by key [a-z2-7]+ ?, time zones of", after)


async def test_what_somebody_else_has_changed_is_not_overwritten_by_an_old_form(admin):
    await send(admin, do="save")
    again = await send(admin, do="save", overrides="")
    assert (again.status_code, "Nothing is saved; look, and try again." in said(again)) == (422, True)
    for seen in ("", "x", "7"):
        old = await send(admin, f"{CALENDARS}/berlin/change", do="save", seen=seen, overrides="")
        assert old.status_code == 422


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "Berlin"}, "A name has 1 to 32 small letters"),
        ({"name": "always"}, "Every tenant has the calendar always"),
        ({"name": "preview"}, "The address of a calendar preview is that of previews"),
        ({"zone": "Europe/Berln"}, "did you mean Europe/Berlin"),
        ({"monday": "nine to five"}, "Hours are written as 09:00-17:00"),
        ({"monday": "09:00-12:00, 11:00-13:00"}, "do not overlap"),
        ({"country": "XX"}, "no list for this one"),
        ({"subdivision": "Bavaria"}, "no such subdivision"),
        ({"categories": "publc"}, "did you mean public"),
        ({"categories": ","}, "at least one category"),
        ({"overrides": "2026-03-10 closed\ntomorrow closed"}, "Line 2 is not written as"),
        ({"overrides": "2026-02-30 closed"}, "Line 1: there is no date 2026-02-30"),
        ({"overrides": "2026-03-10 9:99-12:00"}, "Line 1: hours are written"),
        ({"overrides": "2026-03-10 closed\n2026-03-10 closed"}, "Line 2 is of a date that a line above is of"),
        (dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), "closed"), "needs open time"),
    ],
)
async def test_what_cannot_be_is_said_at_its_field_and_nothing_typed_is_lost(admin, fields, words):
    for do in ("preview", "save"):
        answer = await send(admin, do=do, **fields)
        assert answer.status_code == 422
        assert words in said(answer)
        assert "Inventory &lt;b&gt;" in answer.text or "overrides" in fields
    assert "You have no calendar of your own." in (await admin.get(CALENDARS)).text


async def test_two_faults_are_told_at_once(admin):
    answer = await send(admin, monday="x", overrides="y")
    assert "2 fields cannot be taken so" in said(answer)


async def test_a_reader_sees_calendars_and_no_form(stage, admin):
    await send(admin, do="save")
    reader = await signed_in(stage, "clocks:read")
    assert (await reader.get(f"{CALENDARS}/berlin")).status_code == 200
    assert "Admins make and change them." in (await reader.get(CALENDARS)).text
    for path in (NEW, f"{CALENDARS}/berlin/change"):
        assert (await reader.get(path)).status_code == 403
        assert (await send(reader, path, do="save")).status_code == 403


async def test_a_form_from_elsewhere_does_not_count(admin):
    answer = await admin.post(NEW, data=FORM | {"do": "save"}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


async def test_what_there_is_not_is_not_found_and_always_has_a_page(admin):
    assert (await admin.get(f"{CALENDARS}/hamburg")).status_code == 404
    assert (await admin.get(f"{CALENDARS}/hamburg/change")).status_code == 404
    assert (await admin.get(f"{CALENDARS}/always/change")).status_code == 404
    assert (await send(admin, f"{CALENDARS}/always/change")).status_code == 404
    always = said(await admin.get(f"{CALENDARS}/always?month=2026-02"))
    assert "672 hours are open." in always
    for month in ("2026-13", "0001-01", "9999-12", "x"):
        assert "March 2026" in said(await admin.get(f"{CALENDARS}/always?month={month}"))
