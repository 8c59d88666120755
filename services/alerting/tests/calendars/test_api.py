from datetime import timedelta

import pytest

from plaudit_testing.clocks import PUBLISHED

pytestmark = pytest.mark.postgres

WEEK = {
    "monday": ["09:00-12:00", "13:00-17:00"],
    "tuesday": ["09:00-17:00"],
    "wednesday": ["09:00-17:00"],
    "thursday": ["09:00-17:00"],
    "friday": ["22:00-06:00"],
    "saturday": [],
    "sunday": ["00:00-24:00"],
}
BERLIN = {
    "zone": "Europe/Berlin",
    "week": WEEK,
    "overrides": [{"date": "2026-12-24", "hours": ["09:00-12:00"], "name": "Christmas Eve"}],
    "holidays": {"country": "DE", "subdivision": "BE", "categories": ["public"]},
}
PATH = "/v1/calendars/berlin"


@pytest.fixture
async def api(stage):
    return await stage.client()


async def test_given_nothing_when_calendars_are_listed_then_there_is_the_one_that_everybody_has(api):
    [always] = (await api.get("/v1/calendars")).json()["items"]
    assert (always["name"], always["is_built_in"], always["revision"]) == ("always", True, 0)
    read = await api.get("/v1/calendars/always")
    assert (read.json(), read.headers["etag"]) == (always, '"0"')
    assert (await api.get("/v1/calendars/always/revisions")).json() == {"items": [], "next": None}


async def test_given_a_calendar_when_it_is_set_then_it_is_read_as_it_was_written_with_its_holidays_frozen(api):
    made = await api.put(PATH, json=BERLIN)
    assert made.status_code == 200, made.text
    body = made.json()
    assert {key: body[key] for key in BERLIN} == BERLIN
    assert (body["revision"], made.headers["etag"]) == (1, '"1"')
    assert (body["holidays_from"], body["holidays_to"]) == ("2025-03-01", "2028-04-01")
    assert body["holiday_count"] > 25
    assert (await api.get(PATH)).json() == body
    assert [each["name"] for each in (await api.get("/v1/calendars")).json()["items"]] == ["always", "berlin"]


async def test_the_same_again_makes_no_revision_and_a_change_makes_one(api):
    await api.put(PATH, json=BERLIN)
    assert (await api.put(PATH, json=BERLIN)).json()["revision"] == 1
    changed = await api.put(PATH, json=BERLIN | {"zone": "Europe/Vienna"})
    assert changed.json()["revision"] == 2
    first = (await api.get(f"{PATH}/revisions", params={"limit": 1})).json()
    assert [(each["revision"], each["zone"]) for each in first["items"]] == [(2, "Europe/Vienna")]
    assert first["items"][0]["changed_by"].startswith("key:")
    rest = (await api.get(f"{PATH}/revisions", params={"limit": 1, "cursor": first["next"]})).json()
    assert [each["revision"] for each in rest["items"]] == [1]
    assert rest["next"] is None


async def test_what_somebody_else_has_changed_is_not_overwritten(api):
    assert (await api.put(PATH, json=BERLIN, headers={"If-Match": '"1"'})).status_code == 412
    assert (await api.put(PATH, json=BERLIN, headers={"If-Match": '"0"'})).status_code == 200
    other = BERLIN | {"overrides": []}
    refused = await api.put(PATH, json=other, headers={"If-Match": '"0"'})
    assert (refused.status_code, refused.json()["type"]) == (412, "/problems#precondition-failed")
    assert (await api.put(PATH, json=other, headers={"If-Match": '"1"'})).status_code == 200
    assert (await api.put(PATH, json=BERLIN, headers={"If-Match": "*"})).status_code == 200


@pytest.mark.parametrize(
    ("change", "pointer", "words"),
    [
        ({"zone": "Europe/Berln"}, "/zone", "did you mean Europe/Berlin"),
        ({"zone": "berlin"}, "/zone", "Europe/Berlin"),
        ({"zone": "../../etc/passwd"}, "/zone", "no zone"),
        ({"week": WEEK | {"monday": ["9-17"]}}, "/week/monday/0", "09:00-17:00"),
        ({"week": WEEK | {"monday": ["09:00-25:00", "13:00-17:00"]}}, "/week/monday/1", "overlap"),
        ({"week": WEEK | {"monday": ["13:00-17:00", "09:00-12:00"]}}, "/week/monday/1", "order"),
        ({"week": WEEK | {"monday": ["09:00-12:00", "11:00-17:00"]}}, "/week/monday/1", "overlap"),
        ({"week": WEEK | {"thursday": ["22:00-06:00"], "friday": ["05:00-09:00"]}}, "/week/friday", "midnight"),
        ({"week": WEEK | {"sunday": ["22:00-09:30"]}}, "/week/monday", "midnight"),
        ({"week": {day: [] for day in WEEK}}, "/week", "open time"),
        ({"overrides": BERLIN["overrides"] * 2}, "/overrides/1/date", "one override"),
        (
            {"overrides": [BERLIN["overrides"][0], {"date": "2026-12-29", "hours": ["09:00-24:00", "23:00-24:00"]}]},
            "/overrides/1/intervals/1",
            "overlap",
        ),
        (
            {"holidays": {"country": "Germany", "categories": ["public"]}},
            "/holidays/country",
            "did you mean DE (Germany)",
        ),
        ({"holidays": {"country": "de", "categories": ["public"]}}, "/holidays/country", "did you mean DE (Germany)"),
        (
            {"holidays": {"country": "DE", "subdivision": "Bayer", "categories": ["public"]}},
            "/holidays/subdivision",
            "did you mean Bayern",
        ),
        ({"holidays": {"country": "DE", "categories": ["publik"]}}, "/holidays/categories/0", "did you mean public"),
        ({"holidays": {"country": "DE", "categories": []}}, "/holidays/categories", "at least one"),
        (
            {"holidays": {"country": "DE", "categories": ["public", "public"]}},
            "/holidays/categories/1",
            "named once",
        ),
    ],
)
async def test_what_cannot_be_a_calendar_is_refused_where_it_is_wrong(api, change, pointer, words):
    for method, path in (("PUT", PATH), ("POST", "/v1/calendars/preview")):
        answer = await api.request(method, path, json=BERLIN | change)
        assert answer.status_code == 422, answer.text
        assert answer.json()["type"] == "/problems#invalid-calendar"
        [error] = answer.json()["errors"]
        assert (error["in"], error["pointer"]) == ("body", pointer)
        assert words in error["detail"]
    assert (await api.get(PATH)).status_code == 404


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"zones": "Europe/Berlin"}, "/zones"),
        ({"week": {"monday": []}}, "/week/tuesday"),
        ({"week": WEEK | {"mondays": []}}, "/week/mondays"),
        ({"overrides": [{"date": 1_800_000_000, "hours": []}]}, "/overrides/0/date"),
        ({"overrides": [{"date": "2026-02-30", "hours": []}]}, "/overrides/0/date"),
        ({"overrides": [{"date": "2026-12-24"}]}, "/overrides/0/hours"),
        ({"holidays": {"country": "DE"}}, "/holidays/categories"),
    ],
)
async def test_a_body_of_another_form_is_refused_where_it_differs(api, change, pointer):
    answer = await api.put(PATH, json=BERLIN | change)
    assert answer.status_code == 422
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}


async def test_always_is_nobodys_own_and_no_calendar_is_found_by_a_name_near_it(api):
    refused = await api.put("/v1/calendars/always", json=BERLIN)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems#built-in-calendar")
    await api.put(PATH, json=BERLIN)
    missing = await api.get("/v1/calendars/berlim")
    assert (missing.status_code, missing.json()["detail"]) == (
        404,
        "There is no calendar `berlim`. Did you mean `berlin`?",
    )
    assert (await api.get("/v1/calendars/hamburg/revisions")).status_code == 404
    assert (await api.put("/v1/calendars/Berlin", json=BERLIN)).status_code == 422


async def test_a_preview_shows_what_is_open_by_local_dates_and_stores_nothing(stage, api):
    await stage.move_to(PUBLISHED.replace(year=2026, month=12, day=20))
    shown = (await api.post("/v1/calendars/preview", json=BERLIN, params={"days": 8})).json()
    days = {day["date"]: day for day in shown["days"]}
    assert list(days) == [f"2026-12-{number}" for number in range(20, 28)]
    assert days["2026-12-20"]["open"] == [{"start": "2026-12-20T00:00:00+01:00", "end": "2026-12-21T00:00:00+01:00"}]
    assert [each["start"] for each in days["2026-12-21"]["open"]] == [
        "2026-12-21T09:00:00+01:00",
        "2026-12-21T13:00:00+01:00",
    ]
    assert (days["2026-12-24"]["override"], days["2026-12-24"]["open_seconds"]) == ("Christmas Eve", 3 * 3600)
    assert days["2026-12-25"]["holiday"]["name"] == "Christmas Day"
    assert days["2026-12-25"]["open"] == []
    # The second holiday has a night before it that is closed: Friday is a holiday.
    assert days["2026-12-26"]["open"] == []
    assert shown["open_seconds"] == sum(day["open_seconds"] for day in shown["days"])
    assert (await api.get(PATH)).status_code == 404


async def test_a_preview_says_what_is_estimated_and_when_clocks_change(stage, api):
    await stage.move_to(PUBLISHED.replace(month=3, day=20))
    emirates = {"zone": "Asia/Dubai", "week": WEEK, "holidays": {"country": "AE", "categories": ["public"]}}
    shown = (await api.post("/v1/calendars/preview", json=emirates)).json()
    assert any("are estimates" in note for note in shown["notes"])
    shown = (await api.post("/v1/calendars/preview", json=BERLIN)).json()
    assert any(note.startswith("Clocks change on 2026-03-29") for note in shown["notes"])
    early = BERLIN | {"week": WEEK | {"tuesday": ["00:00-23:59"]}}
    shown = (await api.post("/v1/calendars/preview", json=early)).json()
    assert any(note.startswith("On Tuesday hours end at 23:59") for note in shown["notes"])


async def test_the_address_of_previews_is_that_of_no_calendar(api):
    for method in ("GET", "PUT"):
        answer = await api.request(method, "/v1/calendars/preview", json=BERLIN)
        assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")


async def test_a_calendar_with_as_much_as_it_may_have_is_taken(api):
    first = PUBLISHED.date()
    hours = [f"{hour:02}:{minute:02}-{hour:02}:{minute + 15:02}" for hour in range(12) for minute in (0, 30)]
    days = [(first + timedelta(days=each)).isoformat() for each in range(1_000)]
    overrides = [{"date": day, "hours": hours, "name": "é" * 100} for day in days]
    answer = await api.put(PATH, json=BERLIN | {"overrides": overrides})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["overrides"]) == 1_000
    beyond = [*overrides, {**overrides[0], "date": (first + timedelta(days=1_000)).isoformat()}]
    refused = await api.put(PATH, json=BERLIN | {"overrides": beyond})
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems#invalid-request")
    assert [each["pointer"] for each in refused.json()["errors"]] == ["/overrides"]


async def test_lists_of_holidays_say_what_there_is_to_choose(api):
    asked = {"country": "HK", "year": 2026, "category": ["public"]}
    public = (await api.get("/v1/holidays", params=asked)).json()
    assert (public["country_name"], "optional" in public["categories"]) == ("Hong Kong", True)
    assert "Good Friday" not in {each["name"] for each in public["items"]}
    both = (await api.get("/v1/holidays", params=asked | {"category": ["public", "optional"]})).json()
    assert "Good Friday" in {each["name"] for each in both["items"]}
    estimated = (await api.get("/v1/holidays", params={"country": "AE", "year": 2028, "category": "public"})).json()
    eid = next(each for each in estimated["items"] if each["name"] == "Eid al-Fitr")
    assert eid["is_estimated"]
    one_off = (await api.get("/v1/holidays", params={"country": "GB", "year": 2023, "category": "public"})).json()
    assert "2023-05-08" in {each["date"] for each in one_off["items"]}


@pytest.mark.parametrize(
    ("asked", "pointer", "words"),
    [
        ({"country": "Germany"}, "/country", "did you mean DE (Germany)"),
        ({"subdivision": "Bayrn"}, "/subdivision", "did you mean Bayern"),
        ({"category": "publc"}, "/category/0", "did you mean public"),
    ],
)
async def test_a_list_that_there_is_not_names_the_nearest_one(api, asked, pointer, words):
    answer = await api.get("/v1/holidays", params={"country": "DE", "year": 2027, "category": "public"} | asked)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems#unknown-holidays")
    [error] = answer.json()["errors"]
    assert (error["in"], error["pointer"]) == ("query", pointer)
    assert words in error["detail"]


async def test_each_scope_opens_its_own_doors_and_another_tenant_sees_nothing(stage, api):
    await api.put(PATH, json=BERLIN)
    reader = await stage.client("clocks:read")
    assert (await reader.get(PATH)).status_code == 200
    assert (await reader.post("/v1/calendars/preview", json=BERLIN)).status_code == 200
    assert (await reader.put(PATH, json=BERLIN)).status_code == 403
    stranger = await stage.client(tenant="stranger")
    assert (await stranger.get(PATH)).status_code == 404
    assert (await stranger.get(f"{PATH}/revisions")).status_code == 404
    assert len((await stranger.get("/v1/calendars")).json()["items"]) == 1


async def test_a_tenant_has_so_many_calendars_and_no_more(stage, api, monkeypatch):
    monkeypatch.setattr("plaudit.alerting.calendars.commands.MAX_CALENDARS", 1)
    await api.put(PATH, json=BERLIN)
    refused = await api.put("/v1/calendars/hamburg", json=BERLIN)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems#too-many-calendars")
    assert (await api.put(PATH, json=BERLIN | {"overrides": []})).status_code == 200


async def test_a_list_is_frozen_for_the_month_in_which_the_calendar_is_set(stage, api):
    await api.put(PATH, json=BERLIN)
    await stage.move_to(PUBLISHED + timedelta(days=20))
    assert (await api.put(PATH, json=BERLIN)).json()["revision"] == 1
    await stage.move_to(PUBLISHED + timedelta(days=40))
    again = (await api.put(PATH, json=BERLIN)).json()
    assert (again["revision"], again["holidays_to"]) == (2, "2028-05-01")


POLICY = """
title: Office hours
classes:
  - {name: drastic, metric: first_answer, when: {severity: [drastic]}, due_within: 4 h, grace: 1 h, calendar: berlin}
  - {name: others, metric: first_answer, due_within: 14 days, grace: 7 days, calendar: always}
"""


async def test_a_calendar_by_which_a_severer_class_would_be_due_later_than_a_milder_one_is_refused(api):
    await api.put(PATH, json=BERLIN)
    saved = await api.post("/v1/policies/revisions", content=POLICY, headers={"content-type": "application/yaml"})
    assert saved.status_code in {200, 201}, saved.text
    name = saved.json()["name"]
    activated = await api.post(f"/v1/policies/revisions/{name}/activate", json={"skip_preview": True})
    assert activated.status_code == 200, activated.text
    seldom = BERLIN | {"week": {day: [] for day in WEEK} | {"monday": ["09:00-10:00"]}}
    refused = await api.put(PATH, json=seldom)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems#invalid-calendar")
    assert "The policy in force counts by it and would no longer hold" in refused.json()["errors"][0]["detail"]
    assert (await api.get(PATH)).json()["revision"] == 1
    assert (await api.put("/v1/calendars/other", json=seldom)).status_code == 200
