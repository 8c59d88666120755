"""What a review does to scores, over HTTP, on a real database."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from plaudit.scoring.profiles.domain import Profile
from plaudit_testing import oracle
from plaudit_testing.own_profiles import from_scratch, own, set_profile
from plaudit_testing.problems import problem_of
from plaudit_testing.review_events import SOURCE, review_state

pytestmark = pytest.mark.postgres


async def test_the_effect_is_the_difference_to_a_score_without_the_review(api: httpx.AsyncClient, bus) -> None:
    rated_at = datetime.now(UTC) - timedelta(days=3)
    for rating, subject in ((5, "acme/berlin"), (4, "acme/hamburg"), (1, "acme/berlin")):
        await bus.tell(None, review_state(rating, subject, rated_at=rated_at))

    asked = {"subject": "acme/berlin", "rating": "1", "rated_at": rated_at.isoformat()}
    answer = await api.get("/v1/score-effects", params=asked)

    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [each["subject"] for each in items] == ["acme/berlin", "acme"]
    for item in items:
        score = (await api.get(f"/v1/scores/{item['subject']}")).json()
        assert (item["score"], item["count"]) == (pytest.approx(score["score"], abs=1e-6), score["count"])
        assert item["effect"] == pytest.approx(item["score"] - item["score_without"], abs=1e-9)
    others = [
        oracle.Truth("acme/berlin", 5, rated_at, rated_at, "", version=1, published=True),
        oracle.Truth("acme/hamburg", 4, rated_at, rated_at, "", version=1, published=True),
    ]
    without = oracle.expected(others, "acme", datetime.now(UTC))["score"]
    assert items[1]["score_without"] == pytest.approx(without, abs=1e-6)


async def test_a_review_that_does_not_count_has_no_effects(api: httpx.AsyncClient, bus) -> None:
    await bus.tell(None, review_state(5, "acme"))

    asked = {"subject": "acme", "rating": "1", "rated_at": "2026-03-01T09:00:00Z"}
    answer = await api.get("/v1/score-effects", params=asked)

    assert (answer.status_code, answer.json()["items"]) == (200, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [("rating", "0"), ("rating", "5.1"), ("rating", "nan"), ("rated_at", "yesterday"), ("subject", "ACME")],
)
async def test_what_cannot_be_is_refused(api: httpx.AsyncClient, name: str, value: str) -> None:
    asked = {"subject": "acme", "rating": "1", "rated_at": "2026-03-01T09:00:00Z", name: value}

    assert (await api.get("/v1/score-effects", params=asked)).status_code == 422


TOLD = {"verified": "false", "origin": "invited", "source_id": SOURCE.id}
OWN = [
    own("fast", 3.0),
    own("ever", None),
    own("weighed", 3.0, unverified_weight=0.5, origin_weights={"invited": 3.0}, source_weights={SOURCE.id: 2.0}),
]


@pytest.mark.parametrize("profile", OWN, ids=lambda profile: profile.name)
async def test_the_effect_by_a_profile_of_the_tenants_own_is_the_difference_of_its_scores(
    api: httpx.AsyncClient, bus, superuser, profile: Profile
) -> None:
    await set_profile(superuser, profile)
    rated_at = datetime.now(UTC) - timedelta(days=2)
    others = [review_state(rating, "acme/berlin", rated_at=rated_at) for rating in (5, 4)]
    review = review_state(1, "acme/berlin", rated_at=rated_at, verified=False, origin="invited")
    for each in (*others, review):
        await bus.tell(None, each)

    asked = {"subject": "acme/berlin", "rating": "1", "rated_at": rated_at.isoformat(), **TOLD}
    answer = (await api.get("/v1/score-effects", params=asked | {"profile": profile.name})).json()

    assert answer["profile"] == profile.name
    assert [item["subject"] for item in answer["items"]] == ["acme/berlin", "acme"]
    for item in answer["items"]:
        present, without = (
            from_scratch(profile, states, item["subject"], datetime.now(UTC))[0]
            for states in ([*others, review], others)
        )
        assert item["score"] == pytest.approx(present, rel=1e-5)
        assert item["score_without"] == pytest.approx(without, rel=1e-5)


@pytest.mark.parametrize("name", TOLD)
async def test_what_a_profile_weighs_by_must_be_told(api: httpx.AsyncClient, superuser, name: str) -> None:
    await set_profile(superuser, OWN[2])
    told = {each: value for each, value in TOLD.items() if each != name}
    asked = {"subject": "acme", "rating": "1", "rated_at": "2026-03-01T09:00:00Z", "profile": "weighed", **told}

    answer = await api.get("/v1/score-effects", params=asked)

    assert problem_of(answer) == (422, "untold-weight")
    assert answer.json()["detail"] == f"The profile `weighed` weighs a review by its `{name}`; send what it has."


async def test_a_profile_that_counts_no_stars_is_moved_by_none(api: httpx.AsyncClient, bus, superuser) -> None:
    await set_profile(superuser, own("surveys", 3.0, kinds=frozenset({"nps"})))
    await bus.tell(None, review_state(5, "acme", kind="nps"))

    asked = {"subject": "acme", "rating": "5", "rated_at": "2026-03-01T09:00:00Z", "profile": "surveys"}
    assert (await api.get("/v1/score-effects", params=asked)).json()["items"] == []


@pytest.mark.parametrize(("rating", "days"), [("5", 1), ("5", 100), ("5", 10_000), ("4.5", 0)])
async def test_a_review_that_cannot_be_among_those_that_count_has_no_effects(
    api: httpx.AsyncClient, bus, rating: str, days: int
) -> None:
    now = datetime.now(UTC)
    for stars, age_days in ((5, 100), (1, 0)):
        await bus.tell(None, review_state(stars, "acme", rated_at=now - timedelta(days=age_days)))

    later = (now + timedelta(days=days)).isoformat()
    asked = {"subject": "acme", "rating": rating, "rated_at": later, "profile": "recent"}
    answer = await api.get("/v1/score-effects", params=asked)

    assert (answer.status_code, answer.json()["items"]) == (200, [])
