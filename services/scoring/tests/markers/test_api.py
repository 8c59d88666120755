"""Markers over HTTP, on a real database."""

import asyncio
import functools
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from plaudit.common.contracts import Kind, Origin
from plaudit.common.ids import uuid7
from plaudit.scoring.figures.domain.catalogue import FIGURES, OF_ANSWERS, STANDING, Figure
from plaudit.scoring.markers import commands
from plaudit_testing.answered import SOURCES, Told
from plaudit_testing.answered import answer as reply
from plaudit_testing.problems import problem_of
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

NOW = datetime.now(UTC)
REFUNDS = {"kind": "release", "name": "Refunds at the till", "at": "2026-03-02T09:00:00Z", "subject": "acme"}


@pytest.fixture
async def writer(client_of) -> httpx.AsyncClient:
    return await client_of("default", "scores:read", "markers:write")


async def noted(writer: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await writer.post("/v1/markers", json={**REFUNDS, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_marker_is_made_read_listed_and_deleted(writer) -> None:
    made = await noted(writer, link="https://status.example/1")

    assert (await writer.get(f"/v1/markers/{made['id']}")).json() == made
    assert (await writer.get("/v1/markers")).json() == {"items": [made], "next": None}
    assert (await writer.delete(f"/v1/markers/{made['id']}")).status_code == 204
    for gone in (await writer.get(f"/v1/markers/{made['id']}"), await writer.delete(f"/v1/markers/{made['id']}")):
        assert problem_of(gone) == (404, "not-found")


async def test_a_repeat_under_its_key_gets_the_first_answer(writer) -> None:
    answers = await asyncio.gather(
        *(writer.post("/v1/markers", json=REFUNDS, headers={"idempotency-key": "k-1"}) for _ in range(3))
    )
    other = await writer.post("/v1/markers", json={**REFUNDS, "name": "x"}, headers={"idempotency-key": "k-1"})

    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sorted(answer.headers.get("idempotent-replayed", "") for answer in answers) == ["", "true", "true"]
    assert problem_of(other) == (422, "idempotency-key-reused")
    assert len((await writer.get("/v1/markers")).json()["items"]) == 1


async def test_pages_hold_every_marker_once_the_latest_first(writer) -> None:
    for day in (1, 2, 2, 3, 4):
        await noted(writer, at=f"2026-03-0{day}T09:00:00Z", name=f"day {day}")
    await noted(writer, subject="globex", kind="incident")

    found, cursor = [], None
    while True:
        params = {"subject": "acme", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await writer.get("/v1/markers", params=params)).json()
        found += page["items"]
        if not (cursor := page["next"]):
            break

    assert [each["name"] for each in found] == ["day 4", "day 3", "day 2", "day 2", "day 1"]
    incidents = (await writer.get("/v1/markers", params={"kind": "incident"})).json()["items"]
    assert [each["subject"] for each in incidents] == ["globex"]


async def test_the_effect_compares_what_was_rated_before_with_what_was_rated_after(writer, bus) -> None:
    at = NOW - timedelta(days=20)
    for number in range(12):
        for rating, rated_at in ((1.0 + number % 2, at - timedelta(days=number)), (5.0, at + timedelta(days=number))):
            await bus.tell(None, review_state(rating, "acme/berlin", rated_at=rated_at))
    removed = review_state(1.0, "acme/berlin", rated_at=at + timedelta(days=2))
    await bus.tell(None, removed, review_id="01956d00-0000-7000-8000-000000000011")
    await bus.tell(removed, None, review_id="01956d00-0000-7000-8000-000000000011", time=NOW - timedelta(days=1))
    await bus.tell(None, review_state(1.0, "globex", rated_at=at + timedelta(days=2)))
    marker = await noted(writer, at=at.isoformat())

    found = (await writer.get(f"/v1/markers/{marker['id']}/effect")).json()
    shares = (await writer.get(f"/v1/markers/{marker['id']}/effect?figure=positive_share&days=7")).json()

    # The review of the instant itself was rated after.
    assert (found["before"]["n"], found["after"]["n"], found["verdict"]) == (11, 13, "rose")
    assert found["days"] == pytest.approx((datetime.now(UTC) - at) / timedelta(days=1), abs=0.01)
    assert found["after"]["value"] == pytest.approx((12 * 5 + 1) / 13)
    assert found["words"].startswith("The mean rating rose measurably")
    assert (shares["before"]["n"], shares["after"]["n"], shares["difference"]) == (7, 8, pytest.approx(7 / 8))
    assert (shares["verdict"], shares["days"]) == ("rose", 7)


async def test_an_effect_is_of_one_source_and_of_one_origin_where_that_is_asked(writer, bus) -> None:
    at = NOW - timedelta(days=20)
    ours, other = SOURCES[:2]
    for number in range(8):
        for rated_at, of_ours in ((at - timedelta(days=number + 1), 1.0), (at + timedelta(days=number), 5.0)):
            await bus.tell(None, review_state(of_ours, "acme", rated_at=rated_at, source=ours))
            asked = review_state(3.0, "acme", rated_at=rated_at, source=other, origin=Origin.INVITED)
            await bus.tell(None, asked)
    marker = await noted(writer, at=at.isoformat())

    async def effect(**params: str) -> dict[str, Any]:
        answer = await writer.get(f"/v1/markers/{marker['id']}/effect", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    everything, of_ours, of_other = await effect(), await effect(source_id=ours.id), await effect(source_id=other.id)
    organic = await effect(origin="organic")

    assert (everything["before"]["n"], everything["source_id"], everything["origin"]) == (16, None, None)
    for found in (of_ours, organic):
        assert (found["before"]["n"], found["before"]["value"], found["after"]["value"]) == (8, 1.0, 5.0)
    assert (of_ours["source_id"], organic["origin"]) == (ours.id, "organic")
    assert (of_other["before"]["value"], of_other["verdict"]) == (3.0, "no_measurable_change")


async def test_how_many_reviews_come_a_day_is_compared(writer, bus) -> None:
    at = NOW - timedelta(days=10)
    for hours in [-9_600, *range(-200, 0, 40), *range(1, 230, 8)]:
        await bus.tell(None, review_state(4.0, "acme", rated_at=at + timedelta(hours=hours)))
    marker = await noted(writer, at=at.isoformat())

    found = (await writer.get(f"/v1/markers/{marker['id']}/effect?figure=reviews_per_day&days=10")).json()

    assert (found["before"]["n"], found["after"]["n"], found["verdict"]) == (5, 29, "rose")
    assert (found["before"]["value"], found["after"]["value"]) == (pytest.approx(0.5), pytest.approx(2.9))
    assert found["interval"]["low"] > 0


@pytest.fixture
async def answered(bus, answering) -> datetime:
    """Before an instant one of six reviews is answered within a day, and raised; afterwards five are, and raised."""
    at = NOW - timedelta(days=40)
    await bus.tell(None, review_state(1.0, "acme", rated_at=at, published_at=at))
    for begins, soon in ((at - timedelta(days=10), 1), (at, 5)):
        for number in range(6):
            published_at = begins + timedelta(days=number)
            state = review_state(1.0, "acme", source=SOURCES[0], rated_at=published_at, published_at=published_at)
            # Those that are answered late are answered after the windows have ended, as is looked at below.
            answered_at = published_at + (timedelta(hours=3) if number < soon else timedelta(days=25))
            replied = msgspec.structs.replace(state, answer=reply(answered_at))
            raised_at = answered_at + timedelta(hours=1)
            raised = msgspec.structs.replace(replied, rating=4.0, rated_at=raised_at)
            review_id = str(uuid7())
            await answering.tell(
                Told(review_id, 1, "review.created", published_at, None, state),
                Told(review_id, 2, "review.answered", answered_at, state, replied),
                Told(review_id, 3, "review.edited", raised_at, replied, raised),
            )
    return at


@pytest.mark.parametrize(
    ("figure", "before", "after"),
    [
        ("answered_share", (6, 1 / 6), (6, 5 / 6)),
        ("answered_within_24_hours", (6, 1 / 6), (6, 5 / 6)),
        ("answered_within_72_hours", (6, 1 / 6), (6, 5 / 6)),
        ("recovery_share", (1, 1.0), (5, 1.0)),
    ],
)
async def test_how_reviews_are_answered_is_compared_as_it_stood_at_the_end_of_each_window(
    writer, answered: datetime, figure: str, before: tuple[int, float], after: tuple[int, float]
) -> None:
    marker = await noted(writer, at=answered.isoformat())

    answer = await writer.get(f"/v1/markers/{marker['id']}/effect?figure={figure}&days=10")
    assert answer.status_code == 200, answer.text
    found = answer.json()

    assert (found["before"]["n"], found["before"]["value"]) == (before[0], pytest.approx(before[1]))
    assert (found["after"]["n"], found["after"]["value"]) == (after[0], pytest.approx(after[1]))
    assert found["verdict"] == ("too_few" if before[0] < 5 else "rose")


async def test_the_median_time_to_answer_is_compared_where_its_interval_is_known(writer, bus, answering) -> None:
    at = NOW - timedelta(days=40)
    await bus.tell(None, review_state(1.0, "acme", rated_at=at, published_at=at))
    for begins, hours in ((at - timedelta(days=10), 10), (at, 2)):
        for number in range(12):
            published_at = begins + timedelta(hours=number)
            state = review_state(1.0, "acme", source=SOURCES[0], rated_at=published_at, published_at=published_at)
            answered_at = published_at + timedelta(hours=hours, minutes=number)
            replied, review_id = msgspec.structs.replace(state, answer=reply(answered_at)), str(uuid7())
            await answering.tell(
                Told(review_id, 1, "review.created", published_at, None, state),
                Told(review_id, 2, "review.answered", answered_at, state, replied),
            )
    marker = await noted(writer, at=at.isoformat())

    effect = f"/v1/markers/{marker['id']}/effect?figure=median_answer_seconds&days=10"
    found = (await writer.get(effect)).json()

    assert (found["before"]["n"], found["before"]["value"]) == (12, 36_300.0)
    assert (found["after"]["value"], found["difference"], found["verdict"]) == (7_500.0, -28_800.0, "fell")
    assert found["after"]["interval"]["low"] < 7_500 < found["after"]["interval"]["high"]
    assert "from 10.1 hours of 12 reviews" in found["words"]


@pytest.mark.parametrize("figure", list(Figure))
async def test_every_figure_is_compared_and_says_what_it_is_read_by(writer, bus, answering, figure: Figure) -> None:
    at = NOW - timedelta(days=20)
    for days in [*range(-40, 0, 2), *range(0, 19, 1)]:
        for kind in (Kind.STARS, Kind.NPS, Kind.CSAT, Kind.CES):
            rated_at = at + timedelta(days=days)
            await bus.tell(None, review_state(float(1 + days % 5), "acme", rated_at=rated_at, kind=kind))
    marker = await noted(writer, at=at.isoformat())

    answer = await writer.get(f"/v1/markers/{marker['id']}/effect", params={"figure": figure, "profile": "recent"})
    assert answer.status_code == 200, answer.text
    found = answer.json()

    assert found["profile"] == ("recent" if figure in STANDING else None)
    assert FIGURES[figure].noun.lower() in found["words"].lower()
    if figure in OF_ANSWERS:
        assert (found["before"]["n"], found["verdict"]) == (0, "too_few")
        return
    for end in (found["before"], found["after"]):
        assert end["n"] >= (5 if figure is Figure.RATIO else 10)
    assert found["difference"] == pytest.approx(found["after"]["value"] - found["before"]["value"])
    compared = [(found["interval"], found["difference"])]
    compared += [(end["interval"], end["value"]) for end in (found["before"], found["after"])]
    for interval, value in compared:
        if figure is Figure.NEWEST_AGE:  # it is known exactly
            assert interval is None
        else:
            assert interval["low"] <= value <= interval["high"]


async def test_figures_that_stand_are_those_of_both_ends(writer, bus, api) -> None:
    at = NOW - timedelta(days=20)
    for days in [*range(-200, 0, 5), *range(0, 19, 2)]:
        origin = Origin.INVITED if days % 3 else Origin.ORGANIC
        await bus.tell(
            None, review_state(float(1 + days % 5), "acme", rated_at=at + timedelta(days=days), origin=origin)
        )
    marker = await noted(writer, at=at.isoformat())
    ends = {"before": at - timedelta(microseconds=1), "after": at + timedelta(days=7) - timedelta(microseconds=1)}
    wanted = {
        name: (await api.get("/v1/score-figures/acme", params={"at": end.isoformat()})).json()
        for name, end in ends.items()
    }

    for figure in sorted(STANDING):
        effect = f"/v1/markers/{marker['id']}/effect?figure={figure}&days=7"
        found = (await writer.get(effect)).json()
        for name, each in wanted.items():
            value = functools.reduce(dict.__getitem__, FIGURES[figure].read_at.split("."), each)
            assert found[name]["value"] == pytest.approx(value, rel=1e-9)
    organic = (await writer.get(f"/v1/markers/{marker['id']}/effect?figure=score&origin=organic&days=7")).json()
    named = (await writer.get(f"/v1/markers/{marker['id']}/effect?figure=organic_score&days=7")).json()
    assert organic["before"] == named["before"]


async def test_the_organic_score_of_another_origin_is_refused(writer, bus) -> None:
    await bus.tell(None, review_state(5.0, "acme"))
    marker = await noted(writer, at=(NOW - timedelta(days=2)).isoformat())

    answer = await writer.get(f"/v1/markers/{marker['id']}/effect?figure=organic_score&origin=invited")

    assert problem_of(answer) == (422, "invalid-request")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/origin"]


async def test_figures_of_answers_are_of_one_source_but_not_of_one_origin(writer, answered: datetime) -> None:
    marker = await noted(writer, at=answered.isoformat())
    effect = f"/v1/markers/{marker['id']}/effect"
    asked = {"figure": "answered_share", "days": "10"}

    other = (await writer.get(effect, params={**asked, "source_id": SOURCES[1].id})).json()
    of_origin = await writer.get(effect, params={**asked, "origin": "organic"})

    assert (other["before"]["n"], other["after"]["n"], other["verdict"]) == (0, 0, "too_few")
    assert problem_of(of_origin) == (422, "invalid-request")
    assert [each["pointer"] for each in of_origin.json()["errors"]] == ["/origin"]


async def test_markers_are_listed_by_when_and_by_what_concerns_a_subject(writer) -> None:
    for day, subject in ((1, "acme"), (2, "acme/berlin"), (3, "acme/berlin/shop-3"), (4, "globex"), (5, "acme/paris")):
        await noted(writer, at=f"2026-03-0{day}T09:00:00Z", subject=subject)

    async def listed(**params: str) -> list[str]:
        answer = await writer.get("/v1/markers", params=params)
        assert answer.status_code == 200, answer.text
        return [each["subject"] for each in answer.json()["items"]]

    assert await listed(concerning="acme/berlin") == ["acme/berlin", "acme"]
    assert await listed(concerning="acme/berlin/shop-3", subject="acme/berlin") == ["acme/berlin/shop-3", "acme/berlin"]
    whole = {"from": "2026-03-02T09:00:00Z", "to": "2026-03-04T09:00:00Z"}
    assert await listed(**whole) == ["acme/berlin/shop-3", "acme/berlin"]


async def test_a_marker_of_the_future_has_not_happened(writer) -> None:
    marker = await noted(writer, at=(NOW + timedelta(days=2)).isoformat())

    found = (await writer.get(f"/v1/markers/{marker['id']}/effect")).json()

    assert (found["verdict"], found["words"]) == ("too_few", "“Refunds at the till” has not happened yet.")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(
            ("kind", "party"),
            ("name", ""),
            ("name", " x"),
            ("name", "x" * 121),
            ("name", "two\nlines"),
            ("at", "monday"),
        ),
        *(
            ("at", "0001-01-01T00:00:00Z"),
            ("subject", "ACME"),
            ("link", "javascript:alert(1)"),
            ("link", "https://a b"),
        ),
        ("colour", "red"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(writer, field: str, value: str) -> None:
    answer = await writer.post("/v1/markers", json={**REFUNDS, field: value})

    assert problem_of(answer) == (422, "invalid-request")
    assert [each["pointer"] for each in answer.json()["errors"]] == [f"/{field}"]


@pytest.mark.parametrize("name", ["a\x1b[31m", "a\u2028b", "\u202egnp", "\u200b", "a\x85b", "\uffff", "\u0301"])
async def test_a_name_that_cannot_be_shown_is_refused(writer, name: str) -> None:
    answer = await writer.post("/v1/markers", json={**REFUNDS, "name": name})

    assert problem_of(answer) == (422, "wrong-name")


async def test_a_tenant_has_so_many_markers_and_no_more(writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "MAX_MARKERS", 1)
    await noted(writer)

    assert problem_of(await writer.post("/v1/markers", json=REFUNDS)) == (409, "too-many-markers")


async def test_each_tenant_sees_its_own_and_readers_only_read(writer, api, client_of) -> None:
    made = await noted(writer)
    other = await client_of("other", "scores:read", "markers:write")

    assert (await other.get("/v1/markers")).json()["items"] == []
    assert problem_of(await other.delete(f"/v1/markers/{made['id']}")) == (404, "not-found")
    assert problem_of(await other.get(f"/v1/markers/{made['id']}/effect")) == (404, "not-found")
    assert problem_of(await api.post("/v1/markers", json=REFUNDS)) == (403, "forbidden")
