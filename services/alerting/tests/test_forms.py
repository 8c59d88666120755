"""Forms of the console as large as what they are for may be."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from plaudit.alerting.calendars.domain.calendar import MAX_OVERRIDES, MAX_REASON_CHARS
from plaudit_testing.signing_in import OURS, signed_in

pytestmark = pytest.mark.postgres

HOURS = ", ".join(f"{hour:02}:{minute:02}-{hour:02}:{minute + 15:02}" for hour in range(12) for minute in (0, 30))
LINES = [f"{date(2027, 1, 1) + timedelta(days=each)} {HOURS} {'é' * MAX_REASON_CHARS}" for each in range(MAX_OVERRIDES)]
COMMENTS = "\n".join(["title: Ours", *("# Größe" for _ in range(8_000))])
NOBODY = UUID(int=1)
OFFICE = {"name": "berlin", "zone": "Europe/Berlin", "monday": "09:00-17:00", "categories": "public", "seen": "0"}


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/console/policies", {"document": COMMENTS}),
        ("/console/owners", {"document": COMMENTS}),
        ("/console/cadences/rules", {"document": COMMENTS}),
        ("/console/answers/check", {"text": "я" * 10_000, "review": "я" * 5_000, "language": ""}),
        (f"/console/incidents/{NOBODY}/breach/affected", {"people": "ada.lovelace@acme.example\n" * 10_000}),
    ],
)
async def test_a_form_takes_as_much_as_what_it_is_for(stage, path, form):
    browser = await signed_in(stage, "*")
    answer = await browser.post(path, data=form, headers=OURS)
    assert answer.status_code in {200, 303, 404, 422}


async def test_a_calendar_with_as_many_overrides_as_it_may_have_is_changed_by_its_form(stage):
    browser = await signed_in(stage, "*")

    async def sends(path, **fields):
        return await browser.post(f"/console/calendars/{path}", data=OFFICE | {"do": "save"} | fields, headers=OURS)

    assert (await sends("-/new", overrides="\n".join(LINES))).status_code == 303
    [kept] = await stage.rows("SELECT document FROM calendar_revisions")
    assert str(kept["document"]).count("é" * MAX_REASON_CHARS) == MAX_OVERRIDES
    assert (await sends("berlin/change", seen="1", overrides="\n".join(LINES[1:]))).status_code == 303


async def test_a_name_of_an_override_that_is_too_long_is_refused_and_not_cut(stage):
    browser = await signed_in(stage, "*")
    overrides = "2026-03-10 closed Inventory\n2026-03-11 closed " + "x" * (MAX_REASON_CHARS + 1)
    answer = await browser.post("/console/calendars/-/new", data=OFFICE | {"overrides": overrides}, headers=OURS)
    assert answer.status_code == 422
    assert "Line 2: a name has at most 100 characters." in answer.text
