"""Where a score goes, over HTTP, on a real database."""

from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest

from plaudit.common.ids import uuid7
from plaudit.scoring.profiles.domain import MAX_WEIGHT
from plaudit.scoring.projection.domain.outlook import pace_days
from plaudit_testing.answered import SOURCES
from plaudit_testing.own_profiles import own, set_profile
from plaudit_testing.problems import problem_of
from plaudit_testing.review_events import SOURCE, review_state

pytestmark = pytest.mark.postgres


async def reviewed(bus, *reviews: tuple[float, float], subject: str = "acme") -> None:
    """Tell of reviews: rating, and days ago."""
    for rating, days_ago in reviews:
        at = datetime.now(UTC) - timedelta(days=days_ago)
        await bus.tell(None, review_state(rating, subject, rated_at=at, published_at=at), time=at)


async def projected(api: httpx.AsyncClient, **params: str) -> dict:
    answer = await api.get("/v1/score-projections/acme", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_without_reviews_the_score_is_what_the_api_says_of_the_future(api: httpx.AsyncClient, bus) -> None:
    await reviewed(bus, *[(5, 10)] * 20, (1, 200), (4, 700), subject="acme/berlin")

    for profile in ("trust", "recent", "lifetime"):
        found = await projected(api, profile=profile)
        for later in found["without_reviews"]["scores"]:
            asked = {"at": later["at"], "profile": profile}
            told = (await api.get("/v1/scores/acme", params=asked)).json()
            assert later["score"] == pytest.approx(told["score"], rel=1e-9)


async def test_the_stars_change_when_the_score_of_the_future_crosses_the_threshold(api: httpx.AsyncClient, bus) -> None:
    await reviewed(bus, *[(5, 0)] * 30)

    change = (await projected(api))["without_reviews"]["next_stars"]

    at = datetime.fromisoformat(change["at"])
    around = [at + timedelta(seconds=seconds) for seconds in (-60, 60)]
    stars = [(await api.get("/v1/scores/acme", params={"at": each.isoformat()})).json()["stars"] for each in around]
    assert (change["threshold"], change["stars"], stars) == (4.25, 4.0, [4.5, 4.0])


async def test_the_fewest_reviews_are_enough_and_one_less_is_not(api: httpx.AsyncClient, bus) -> None:
    await reviewed(bus, (3, 0), (4, 0))
    takes = {each["rating"]: each["now"] for each in (await projected(api, target="4"))["target"]["takes"]}

    assert takes[4] is None
    await reviewed(bus, *[(5, 0)] * (takes[5] - 1))
    assert (await api.get("/v1/scores/acme")).json()["score"] < 4
    await reviewed(bus, (5, 0))
    assert (await api.get("/v1/scores/acme")).json()["score"] >= 4


async def test_the_pace_is_that_of_the_reviews_that_came_lately_and_stand(api: httpx.AsyncClient, bus) -> None:
    await reviewed(bus, (5, 1), (4, 89), (1, 91))
    at, review_id = datetime.now(UTC) - timedelta(days=2), str(uuid7())
    state = review_state(2, "acme", rated_at=at)
    await bus.tell(None, state, review_id=review_id, time=at)
    edited = msgspec.structs.replace(state, rating=3.0, rated_at=datetime.now(UTC) - timedelta(days=1))
    await bus.tell(state, edited, review_id=review_id, time=edited.rated_at, revision=2)
    gone = str(uuid7())
    await bus.tell(None, state, review_id=gone, time=at)
    await bus.tell(state, None, review_id=gone, time=at + timedelta(hours=1), revision=2)

    pace = (await projected(api))["pace"]

    assert pace == {"reviews": 3, "days": 90, "per_day": pytest.approx(3 / 90), "rating": pytest.approx(4)}


async def test_the_days_before_the_first_review_are_not_days_without_reviews(api: httpx.AsyncClient, bus) -> None:
    await reviewed(bus, (5, 1), (4, 10), (3, 20))

    pace = (await projected(api))["pace"]

    assert pace == {
        "reviews": 3,
        "days": pytest.approx(20, abs=0.01),
        "per_day": pytest.approx(3 / 20, abs=0.001),
        "rating": pytest.approx(4),
    }


@pytest.mark.parametrize(("days", "told"), [(0, 7), (6, 7), (89, 89), (91, 90), (-1, 7)])
def test_a_pace_is_taken_from_a_week_at_least_and_from_90_at_most(days: float, told: float) -> None:
    now = datetime.now(UTC)

    assert pace_days(now - timedelta(days=days), now) == told


async def test_where_no_review_came_lately_there_is_no_pace(api: httpx.AsyncClient, bus) -> None:
    await reviewed(bus, (5, 100))

    found = await projected(api)

    assert (found["pace"], found["at_pace"]) == (None, None)
    assert [each["at_pace"] for each in found["target"]["takes"]] == [None, None]


async def test_raising_a_review_is_worth_what_the_score_then_gains(api: httpx.AsyncClient, bus) -> None:
    await reviewed(bus, (5, 3), (5, 50))
    at, review_id = datetime.now(UTC) - timedelta(days=300), str(uuid7())
    state = review_state(1, "acme", rated_at=at, published_at=at)
    await bus.tell(None, state, review_id=review_id, time=at)
    before = (await api.get("/v1/scores/acme")).json()["score"]
    [raised] = (await projected(api))["raised"]

    now = datetime.now(UTC)
    await bus.tell(state, msgspec.structs.replace(state, rating=4.0, rated_at=now), review_id=review_id, time=now)

    after = (await api.get("/v1/scores/acme")).json()["score"]
    assert (raised["stars"], raised["reviews"]) == (1, 1)
    assert raised["effect"] == pytest.approx(after - before, abs=1e-6)


async def test_it_is_told_when_the_score_falls_below_a_target(api: httpx.AsyncClient, bus) -> None:
    await reviewed(bus, *[(5, 0)] * 30)

    found = (await projected(api, target="4.5"))["without_reviews"]

    at = datetime.fromisoformat(found["falls_below_target_at"])
    around = [at + timedelta(seconds=seconds) for seconds in (-60, 60)]
    scores = [(await api.get("/v1/scores/acme", params={"at": each.isoformat()})).json()["score"] for each in around]
    assert found["reaches_target_at"] is None
    assert scores[0] >= 4.5 > scores[1]


async def test_a_pace_may_be_asked_for(api: httpx.AsyncClient, bus) -> None:
    await reviewed(bus, (3, 100), (3, 100))

    found = await projected(api, per_day="2.5", rating="4.8", target="4.5")

    assert (found["pace"], found["expected"]) == (None, {"per_day": 2.5, "rating": 4.8})
    assert found["at_pace"]["limit"] > 4.7
    five, four = found["target"]["takes"]
    assert five["at_pace"]["reviews"] >= five["now"]
    assert four["at_pace"] is None


async def test_a_projection_may_be_of_one_source_alone(api: httpx.AsyncClient, bus) -> None:
    for rating, source in ((5, SOURCES[0]), (5, SOURCES[0]), (1, SOURCES[1])):
        at = datetime.now(UTC) - timedelta(days=3)
        await bus.tell(None, review_state(rating, "acme", rated_at=at, published_at=at, source=source), time=at)

    everything, one = await projected(api), await projected(api, source_id=SOURCES[0].id)
    none = await projected(api, source_id=SOURCES[2].id)

    assert [(each["count"], each["source_id"]) for each in (everything, one)] == [(3, None), (2, SOURCES[0].id)]
    assert [each["pace"]["rating"] for each in (everything, one)] == [pytest.approx(11 / 3), pytest.approx(5)]
    of_source = (await api.get("/v1/scores/acme", params={"source_id": SOURCES[0].id})).json()
    assert one["score"] == pytest.approx(of_source["score"], rel=1e-6)
    assert (none["score"], none["count"], none["pace"]) == (None, 0, None)


async def test_where_the_most_stars_are_shown_there_is_no_target_but_one_that_is_asked_for(
    api: httpx.AsyncClient, bus
) -> None:
    await reviewed(bus, *[(5, 0)] * 60)

    assert (await projected(api))["target"] is None
    assert (await projected(api, target="4.5"))["target"]["takes"][0]["now"] == 0


async def test_a_subject_without_a_score_goes_nowhere(api: httpx.AsyncClient, bus) -> None:
    state, review_id = review_state(5, "acme"), str(uuid7())
    await bus.tell(None, state, review_id=review_id)
    await bus.tell(state, None, review_id=review_id)

    found = await projected(api)

    assert (found["score"], found["count"], found["without_reviews"]["next_stars"]) == (None, 0, None)
    assert {each["score"] for each in found["without_reviews"]["scores"]} == {3.5}


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"by": "2020-01-01T00:00:00Z"}, "past-date"),
        ({"target": "5.1"}, "invalid-request"),
        ({"target": "nan"}, "invalid-request"),
        ({"profile": "fast"}, "unknown-profile"),
        ({"per_day": "0"}, "invalid-request"),
        ({"per_day": "inf"}, "invalid-request"),
        ({"rating": "5.5"}, "invalid-request"),
    ],
)
async def test_what_cannot_be_is_refused(api: httpx.AsyncClient, bus, asked: dict[str, str], problem: str) -> None:
    await reviewed(bus, (5, 0))

    assert problem_of(await api.get("/v1/score-projections/acme", params=asked)) == (422, problem)


async def test_an_unknown_subject_is_a_404(api: httpx.AsyncClient) -> None:
    assert problem_of(await api.get("/v1/score-projections/acme")) == (404, "unknown-subject")


async def test_a_profile_whose_weights_are_all_as_high_as_may_be_is_projected(
    api: httpx.AsyncClient, bus, superuser
) -> None:
    origins = {"organic": MAX_WEIGHT, "invited": MAX_WEIGHT}
    weights = {"verified_weight": MAX_WEIGHT, "unverified_weight": MAX_WEIGHT, "origin_weights": origins}
    await set_profile(superuser, own("heavy", None, **weights, source_weights={SOURCE.id: MAX_WEIGHT}))
    await reviewed(bus, (5, 1), (1, 2), (3, 3))

    found = await projected(api, profile="heavy", target="3.5")

    assert found["score"] == pytest.approx(3.0, abs=1e-6)
    # The three weigh 10^9 each, and one of a source without a weight 10^6: (2 + 3 * 10^9) * 0.5 / (10^6 * 1.5).
    assert found["target"]["takes"][0]["now"] == 1_001
    assert [each["stars"] for each in found["raised"]] == [1, 3]
