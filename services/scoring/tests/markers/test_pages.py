"""The pages of markers, in the console's shell, on a real database."""

import html
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from plaudit.common.contracts import Kind
from plaudit.scoring.insight.consumer import INSIGHT
from plaudit.scoring.markers import pages
from plaudit.scoring.markers.pages import read_form
from plaudit_testing.review_events import SOURCE, pending_envelope, review_state

pytestmark = pytest.mark.postgres

FORM = {"kind": "release", "name": "Refunds at the till", "at": "2026-03-02T09:00", "about": "acme", "link": ""}
OURS = {"sec-fetch-site": "same-origin"}
LIST = "/console/scores/markers"


@pytest.fixture
async def writer(client_of) -> httpx.AsyncClient:
    client = await client_of("default", "scores:read", "markers:write")
    key = client.headers.pop("authorization").removeprefix("Bearer ")
    client.headers["accept"] = "text/html"
    assert (await client.post("/sign-in", data={"key": key}, headers=OURS)).status_code == 303
    return client


async def test_csat_is_shown_in_percent(writer, bus) -> None:
    now = datetime.now(UTC)
    for rating, days in ((5.0, 4), (4.0, 5), (1.0, 6), (1.0, 7), (5.0, 15)):
        at = now - timedelta(days=days)
        await bus.tell(None, review_state(rating, "acme/berlin", rated_at=at, kind=Kind.CSAT))

    made = await writer.post(LIST, data={**FORM, "at": f"{now - timedelta(days=10):%Y-%m-%dT%H:%M}"}, headers=OURS)
    page = (await writer.get(f"{made.headers['location']}?figure=csat&days=7")).text

    for words in (">100 %</td>", ">50 %</td>", ">15 % to 85 %</td>"):
        assert words in page


async def test_what_changed_is_compared_of_one_source_and_by_how_many_come(writer, bus) -> None:
    now = datetime.now(UTC)
    for hours in (400 * 24, *range(0, 120, 5)):
        number, state = hours, review_state(5.0, "acme/berlin", rated_at=now - timedelta(hours=hours))
        await bus.tell(None, state)
        await bus.give(INSIGHT, pending_envelope(None, state), sequence=number + 1)

    made = await writer.post(LIST, data={**FORM, "at": f"{now - timedelta(days=7):%Y-%m-%dT%H:%M}"}, headers=OURS)
    path = made.headers["location"]
    pace = (await writer.get(f"{path}?figure=reviews_per_day&days=7")).text
    of_source = (await writer.get(f"{path}?days=7&source={SOURCE.id}")).text
    of_none = (await writer.get(f"{path}?days=7&source=shop")).text
    answered = (await writer.get(f"{path}?figure=answered_share&days=7")).text

    assert "The number of reviews rose measurably, from 0.00 a day, with 0 reviews" in pace
    assert "This is of reviews from “Acme shop” alone." in of_source
    assert "alone." not in of_none
    assert f'<option value="{SOURCE.id}" selected>Acme shop</option>' in of_source
    assert '<option value="" selected>all sources</option>' in of_none
    assert "Too few reviews to tell whether the share of answered reviews changed" in answered
    assert "as they stood at the end of each time" in answered


async def test_how_many_come_is_counted_from_the_first_review_on(writer, bus) -> None:
    now = datetime.now(UTC)
    for days in range(12):
        await bus.tell(None, review_state(5.0, "acme/berlin", rated_at=now - timedelta(days=days, hours=1)))

    made = await writer.post(LIST, data={**FORM, "at": f"{now - timedelta(days=7):%Y-%m-%dT%H:%M}"}, headers=OURS)
    page = (await writer.get(f"{made.headers['location']}?figure=reviews_per_day&days=7")).text

    assert (
        "No measurable change of the number of reviews: from 1.24 a day, with 5 reviews in the 4 days between" in page
    )
    assert "days before the first review are not days without reviews" in page


async def test_a_marker_is_noted_compared_shown_on_the_chart_and_deleted(writer, bus) -> None:
    now = datetime.now(UTC)
    for number in range(12):
        for rating, days in ((1.0, 15 + number), (5.0, number)):
            await bus.tell(None, review_state(rating, "acme/berlin", rated_at=now - timedelta(days=days)))

    made = await writer.post(LIST, data={**FORM, "at": f"{now - timedelta(days=13):%Y-%m-%dT%H:%M}"}, headers=OURS)
    path = made.headers["location"]
    marker = (await writer.get(path)).text
    by_share = (await writer.get(f"{path}?figure=positive_share&days=7")).text
    chart = (await writer.get("/console/scores/subject?subject=acme/berlin")).text
    listed = (await writer.get(LIST)).text

    assert made.status_code == 303
    for words in ("The marker is noted.", "The mean rating rose measurably", ">5.00</td>", "What changed around it"):
        assert words in marker
    assert "Share of four and five stars" in by_share
    assert ">100 %</td>" in by_share
    assert "Refunds at the till" in chart
    assert f'<a href="{path}" dir="auto">Refunds at the till</a>' in listed
    assert (await writer.post(f"{path}/delete", headers=OURS)).status_code == 303
    assert (await writer.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("kind", "party", "Say what it is."),
        ("name", " ", "A name is one line"),
        ("name", "x" * 121, "A name is one line"),
        ("name", "two\u2028lines", "holds a character that cannot be printed"),
        ("name", "\u200b", "holds nothing that can be seen"),
        ("at", "monday", "Give a day and a time"),
        ("at", "0001-01-01T00:00", "must lie between the years"),
        ("at", "0001-01-01T00:00+23:59", "Give a day and a time"),
        ("about", "Acme!", "A subject is a path"),
        ("link", "javascript:alert(1)", "A link is an address"),
    ],
)
async def test_what_cannot_be_is_said_at_the_field_and_the_form_keeps_the_rest(
    writer, field: str, value: str, words: str
) -> None:
    page = await writer.post(LIST, data={**FORM, field: value}, headers=OURS)

    assert page.status_code == 422
    assert words in page.text
    assert 'aria-invalid="true"' in page.text
    assert ('value="Refunds at the till"' in page.text) is (field != "name")


async def test_a_page_of_no_marker_says_what_markers_are_for(writer) -> None:
    page = (await writer.get(LIST)).text
    of_subject = (await writer.get(f"{LIST}?subject=acme/berlin")).text

    assert "No marker is noted." in page
    assert "No marker concerns acme/berlin." in of_subject
    assert of_subject.count('value="acme/berlin"') == 2, "the list and the form of a new one are of it"


async def test_the_page_of_a_subject_lists_what_its_chart_shows(writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "ROWS", 2)
    for day, about in enumerate(("acme", "acme/berlin", "acme/berlin/shop-3", "globex", "acme", "acme/paris"), 1):
        form = {**FORM, "name": f"Day {day}", "at": f"2026-03-0{day}T09:00", "about": about}
        assert (await writer.post(LIST, data=form, headers=OURS)).status_code == 303

    first = (await writer.get(f"{LIST}?subject=acme/berlin")).text
    following = html.unescape(re.search(r'href="([^"]+)">More markers<', first)[1])
    second = (await writer.get(following)).text

    assert [re.findall(r">(Day \d)</a>", page) for page in (first, second)] == [["Day 5", "Day 2"], ["Day 1"]]
    assert "More markers" not in second
    assert "Markers of acme/berlin" in first
    assert f'<a href="{LIST}">Show all markers</a>' in first


async def test_what_is_no_subject_is_said_at_its_field(writer) -> None:
    page = await writer.get(f"{LIST}?subject=Acme!")

    assert page.status_code == 422
    assert "A subject is a path" in page.text


async def test_who_may_only_read_sees_no_form(staff: httpx.AsyncClient) -> None:
    assert "Note a marker" not in (await staff.get(LIST)).text
    assert (await staff.post(LIST, data=FORM, headers=OURS)).status_code == 403


def test_times_of_the_form_are_in_utc() -> None:
    draft, errors = read_form(FORM)

    assert errors == {}
    assert draft is not None
    assert draft.at == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert draft.link is None
