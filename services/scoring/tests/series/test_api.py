"""Series over HTTP are what asking for each moment by itself says."""

import csv
import io
import json
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest

from plaudit.common.contracts import Kind
from plaudit_testing.lives import SOURCES, START, Life, lived_by
from plaudit_testing.own_profiles import own, set_profile
from plaudit_testing.problems import problem_of
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

LAST = timedelta(microseconds=1)
MARCH = {"subject": "acme", "from": "2026-03-01T00:00:00Z", "to": "2026-03-08T00:00:00Z"}


async def read(api: httpx.AsyncClient, params: Mapping[str, Any]) -> dict[str, Any]:
    answer = await api.get("/v1/score-series", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def asked(api: httpx.AsyncClient, **params: Any) -> dict[str, Any]:
    return await read(api, {**MARCH, **params})


async def one(api: httpx.AsyncClient, subject: str, profile: str, **moment: str) -> Mapping[str, Any]:
    answer = await api.get(f"/v1/scores/{subject}", params={"profile": profile, **moment})
    assert answer.status_code == 200, answer.text
    return answer.json()


def rated_in(lives: Sequence[Life], subject: str, start: datetime, last: datetime, known_at: datetime) -> int:
    """How many reviews were rated from a start on and stood at an instant, by their definition."""
    standing = [life.state(last, known_at) for life in lives]
    return sum(
        each is not None
        and each.kind in {Kind.STARS, Kind.THUMBS}
        and each.rated_at >= start
        and f"{each.subject}/".startswith(f"{subject}/")
        for each in standing
    )


@pytest.mark.parametrize("has_cells", [False, True])
@pytest.mark.parametrize(("known", "named"), [(False, "at"), (True, "known_at")])
async def test_each_point_is_the_score_of_its_last_instant(
    api, bus, large, known: bool, named: str, has_cells: bool
) -> None:
    chance = random.Random(20261129)
    lives = await lived_by(bus, chance, 120, large if has_cells else None)
    start = START + timedelta(days=500, hours=7)

    for step, days, zone in (
        ("hour", 9, "Asia/Kathmandu"),
        ("day", 40, "Europe/Berlin"),
        ("day", 300, "UTC"),
        ("day", 400, "Asia/Tokyo"),
        ("week", 300, "UTC"),
        ("week", 1500, "America/New_York"),
        ("month", 2000, "Pacific/Apia"),
    ):
        series = await asked(
            api,
            subject=["acme", "acme/berlin", "globex"],
            profile=["trust", "recent", "lifetime"],
            step=step,
            timezone=zone,
            known=known,
            **{"from": start.isoformat(), "to": (start + timedelta(days=days)).isoformat()},
        )
        assert [(each["subject"], each["profile"]) for each in series["items"]] == [
            (subject, profile)
            for subject in ("acme", "acme/berlin", "globex")
            for profile in ("trust", "recent", "lifetime")
        ]
        for each in series["items"]:
            assert each["points"][0]["from"] == start.isoformat().replace("+00:00", "Z")
            for point in chance.sample(each["points"], 8):
                last = datetime.fromisoformat(point["to"]) - LAST
                began_at = datetime.fromisoformat(point["from"])
                known_at = last if known else datetime.max.replace(tzinfo=UTC)
                assert point["new_reviews"] == rated_in(lives, each["subject"], began_at, last, known_at)
                wanted = await one(api, each["subject"], each["profile"], **{named: last.isoformat()})
                for field in ("stars", "count", "distribution"):
                    assert point[field] == wanted[field]
                for field in ("score", "effective_reviews"):
                    assert point[field] == (None if wanted[field] is None else pytest.approx(wanted[field], rel=1e-9))


@pytest.mark.parametrize("of", [{"source_id": SOURCES[0].id}, {"source_id": SOURCES[1].id, "origin": "organic"}])
@pytest.mark.parametrize(("known", "has_cells"), [(False, False), (False, True), (True, False)])
async def test_a_series_of_one_source_and_of_one_origin_is_that_of_the_scores_of_them(
    api, bus, large, superuser, of: dict[str, str], known: bool, has_cells: bool
) -> None:
    await set_profile(superuser, own("fast", 20.0))
    chance = random.Random(7)
    await lived_by(bus, chance, 80, large if has_cells else None)
    start = START + timedelta(days=500, hours=7)

    series = await asked(
        api,
        subject=["acme", "globex"],
        profile=["trust", "recent", "lifetime", "fast"],
        step="month",
        known=known,
        **{"from": start.isoformat(), "to": (start + timedelta(days=1500)).isoformat()},
        **of,
    )

    assert (series["source_id"], series["origin"]) == (of.get("source_id"), of.get("origin"))
    for each in series["items"]:
        for point in chance.sample(each["points"], 6):
            last = (datetime.fromisoformat(point["to"]) - LAST).isoformat()
            moment = {"known_at" if known else "at": last}
            wanted = await one(api, each["subject"], each["profile"], **moment, **of)
            assert (point["count"], point["distribution"]) == (wanted["count"], wanted["distribution"])
            near = None if wanted["score"] is None else pytest.approx(wanted["score"], rel=1e-9)
            assert point["score"] == near


async def test_new_reviews_are_those_rated_in_the_step_and_standing_at_its_end(api, bus) -> None:
    def at(day: int) -> datetime:
        return datetime(2026, 3, day, 12, tzinfo=UTC)

    first, second = (review_state(rating, "acme", rated_at=at(2)) for rating in (1.0, 4.0))
    rated_anew = review_state(5.0, "acme", rated_at=at(4))
    await bus.tell(None, first, time=at(3), review_id="01956d00-0000-7000-8000-000000000011")
    await bus.tell(None, second, time=at(2), review_id="01956d00-0000-7000-8000-000000000012")
    await bus.tell(first, rated_anew, time=at(5), review_id="01956d00-0000-7000-8000-000000000011")
    await bus.tell(second, None, time=at(6), review_id="01956d00-0000-7000-8000-000000000012")

    for known, new, counts in (
        (False, [0, 2, 0, 1, 0, 0, 0], [0, 2, 2, 2, 2, 1, 1]),
        (True, [0, 1, 0, 0, 0, 0, 0], [0, 1, 2, 2, 2, 1, 1]),
    ):
        [series] = (await asked(api, known=known))["items"]
        assert [point["new_reviews"] for point in series["points"]] == new
        assert [point["count"] for point in series["points"]] == counts


async def test_a_review_of_midnight_belongs_to_the_day_that_begins(api, bus) -> None:
    await bus.tell(None, review_state(5.0, "acme", rated_at=datetime(2026, 3, 3, tzinfo=UTC)))

    [series] = (await asked(api))["items"]

    assert [point["label"] for point in series["points"] if point["new_reviews"]] == ["2026-03-03"]


async def test_steps_of_the_future_show_what_scores_will_be(api, bus) -> None:
    await bus.tell(None, review_state(5.0, "acme", rated_at=datetime.now(UTC)))
    now = datetime.now(UTC)

    [series] = (await asked(api, **{"from": now.isoformat(), "to": (now + timedelta(days=365)).isoformat()}))["items"]

    assert series["points"][-1]["score"] == pytest.approx((7 * 3.5 + 0.25 * 5) / 7.25, rel=1e-5)


async def test_files_have_a_line_for_each_point(api, bus) -> None:
    await bus.tell(None, review_state(5.0, "acme/berlin", rated_at=datetime(2026, 3, 3, tzinfo=UTC)))
    params = {**MARCH, "subject": ["acme", "acme/berlin"], "profile": ["trust", "lifetime"]}
    items = (await asked(api, **params))["items"]
    wanted = [(each["subject"], each["profile"], point) for each in items for point in each["points"]]

    jsonl = await api.get("/v1/score-series", params={**params, "format": "jsonl"})
    as_csv = await api.get("/v1/score-series", params=params, headers={"accept": "text/csv"})

    lines = [json.loads(line) for line in jsonl.text.splitlines()]
    of_all = {"source_id": None, "origin": None}
    assert lines == [{"subject": subject, "profile": profile, **of_all, **point} for subject, profile, point in wanted]
    rows = [*csv.DictReader(io.StringIO(as_csv.text))]
    assert as_csv.headers["content-type"].startswith("text/csv")
    assert [(row["subject"], row["profile"], row["from"], row["to"], row["label"]) for row in rows] == [
        (subject, profile, point["from"], point["to"], point["label"]) for subject, profile, point in wanted
    ]
    assert [float(row["score"] or "nan") for row in rows] == pytest.approx(
        [float("nan") if point["score"] is None else point["score"] for _, _, point in wanted], nan_ok=True
    )
    assert [row["stars_5"] for row in rows] == [str(point["distribution"]["5"]) for _, _, point in wanted]
    assert not any(cell[:1] in tuple("=+-@'\t") for row in rows for cell in row.values() if cell)


async def test_each_line_of_a_file_says_of_which_source_and_origin_it_is(api, bus) -> None:
    await bus.tell(None, review_state(5.0, "acme", rated_at=datetime(2026, 3, 3, tzinfo=UTC)))
    params = {**MARCH, "source_id": SOURCES[0].id, "origin": "organic"}

    jsonl = await api.get("/v1/score-series", params={**params, "format": "jsonl"})
    as_csv = await api.get("/v1/score-series", params={**params, "format": "csv"})

    lines = [json.loads(line) for line in jsonl.text.splitlines()]
    rows = [*csv.DictReader(io.StringIO(as_csv.text))]
    for found in (lines, rows):
        assert [(each["source_id"], each["origin"]) for each in found] == [(SOURCES[0].id, "organic")] * 7


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("text/csv;q=0.1, application/json", "application/json"),
        ("application/json;q=0.5, application/jsonl", "application/jsonl"),
        ("text/csv;q=0", "application/json"),
    ],
)
async def test_the_form_is_the_one_that_a_client_prefers(api, bus, accept: str, wanted: str) -> None:
    await bus.tell(None, review_state(5.0, "acme"))

    answer = await api.get("/v1/score-series", params={**MARCH, "subject": "acme"}, headers={"accept": accept})

    assert answer.headers["content-type"].partition(";")[0] == wanted


@pytest.mark.parametrize(("step", "points"), [("day", 91), ("hour", 2_160)])
async def test_without_from_and_to_a_series_is_of_the_last_90_days_and_says_so(
    api, bus, step: str, points: int
) -> None:
    await bus.tell(None, review_state(5.0, "acme", rated_at=datetime.now(UTC) - timedelta(days=30)))
    before = datetime.now(UTC)

    series = await read(api, {"subject": "acme", "step": step})

    begins, ends = datetime.fromisoformat(series["from"]), datetime.fromisoformat(series["to"])
    assert before <= ends <= datetime.now(UTC)
    assert begins == (ends - timedelta(days=90)).replace(hour=0, minute=0, second=0, microsecond=0)
    [found] = [each["points"] for each in series["items"]]
    assert (found[0]["from"], found[-1]["to"], found[-1]["count"]) == (series["from"], series["to"], 1)
    assert points <= len(found) <= points + 24
    now = await one(api, "acme", "trust", at=(ends - LAST).isoformat())
    assert found[-1]["score"] == pytest.approx(now["score"], rel=1e-9)


async def test_with_its_end_alone_a_series_is_of_the_90_days_before(api, bus) -> None:
    await bus.tell(None, review_state(5.0, "acme"))

    series = await read(api, {"subject": "acme", "to": "2026-03-31T12:00:00Z", "timezone": "Europe/Berlin"})

    assert (series["from"], series["to"]) == ("2025-12-30T23:00:00Z", "2026-03-31T12:00:00Z")


async def test_a_beginning_to_come_needs_an_end(api) -> None:
    answer = await api.get("/v1/score-series", params={"subject": "acme", "from": "2199-01-01T00:00:00Z"})

    [error] = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, "/to")
    assert "which is now if it is not given" in error["detail"]


async def test_a_long_file_is_whole(api, bus) -> None:
    await bus.tell(None, review_state(5.0, "acme", rated_at=datetime(2026, 3, 3, tzinfo=UTC)))

    answer = await api.get(
        "/v1/score-series", params={**MARCH, "step": "hour", "from": "2025-07-01T00:00:00Z", "format": "csv"}
    )

    rows = [*csv.DictReader(io.StringIO(answer.text))]
    assert len(rows) == 250 * 24
    assert all(row["to"] == following["from"] for row, following in pairwise(rows))


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
async def test_a_subject_that_there_is_not_is_a_422_that_names_a_near_one(api, bus, form: str) -> None:
    await bus.tell(None, review_state(5.0, "acme"))

    answer = await api.get("/v1/score-series", params={**MARCH, "subject": ["acme", "acne"], "format": form})

    assert problem_of(answer) == (422, "unknown-subject")
    assert "Did you mean `acme`?" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"timezone": "Europe/Atlantis"}, "/timezone"),
        ({"to": "2026-03-01T00:00:00Z"}, "/to"),
        ({"from": "0001-01-01T00:00:00Z"}, "/from"),
        ({"to": "9999-12-31T23:59:59Z"}, "/to"),
        ({"step": "hour", "to": "2028-03-01T00:00:00Z"}, "/to"),
        ({"step": "hour", "to": "2027-03-01T00:00:00Z", "profile": ["trust", "recent", "lifetime"]}, "/to"),
        ({"step": "year"}, "/step"),
        ({"subject": [f"acme/{number}" for number in range(21)]}, "/subject"),
        ({"profile": "No profile"}, "/profile/0"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(api, params: dict[str, Any], pointer: str) -> None:
    answer = await api.get("/v1/score-series", params={**MARCH, **params})

    assert (answer.status_code, [each["pointer"] for each in answer.json()["errors"]]) == (422, [pointer])


async def test_a_profile_that_there_is_not_is_a_422(api) -> None:
    answer = await api.get("/v1/score-series", params={**MARCH, "profile": "fast"})

    assert problem_of(answer) == (422, "unknown-profile")


async def test_each_tenant_sees_its_own(api, bus, client_of) -> None:
    await bus.tell(None, review_state(5.0, "acme"))
    other = await client_of("other")

    assert problem_of(await other.get("/v1/score-series", params=MARCH)) == (422, "unknown-subject")
