"""Rankings over HTTP, on a real database."""

from datetime import UTC, datetime
from typing import Any

import pytest

from plaudit.scoring.profiles.domain import Profile
from plaudit.scoring.ranking import store as ranking
from plaudit.scoring.scores import store as scores
from plaudit_testing.answered import SOURCES
from plaudit_testing.own_profiles import from_scratch, own, set_profile
from plaudit_testing.problems import problem_of
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

RATED_AT = datetime(2026, 11, 1, tzinfo=UTC)


async def told(bus, **ratings: list[float]) -> None:
    for subject, each in ratings.items():
        for rating in each:
            await bus.tell(None, review_state(rating, f"acme/{subject}/shop", rated_at=RATED_AT))


async def test_pages_hold_every_child_once_and_in_order(api, bus) -> None:
    await told(bus, **{f"s{number:02}": [1.0 + number % 5] for number in range(12)})
    await bus.tell(None, review_state(5.0, "globex/s99"))

    found, cursor = [], None
    while True:
        page = (
            await api.get(
                "/v1/score-ranking", params={"under": "acme", "limit": 5} | ({"cursor": cursor} if cursor else {})
            )
        ).json()
        found += page["items"]
        cursor = page["next"]
        if not cursor:
            break

    wanted = sorted(range(12), key=lambda number: (-(number % 5), number))
    assert [each["subject"] for each in found] == [f"acme/s{number:02}" for number in wanted]
    assert [each["rank"] for each in found] == [1, 1, 3, 3, 5, 5, 7, 7, 7, 10, 10, 10]


async def test_a_ranking_is_of_the_asked_depth_and_order(api, bus) -> None:
    await told(bus, berlin=[5.0, 5.0], paris=[1.0])

    async def ranked(**params: str) -> list[str]:
        answer = await api.get("/v1/score-ranking", params=params)
        assert answer.status_code == 200, answer.text
        return [each["subject"] for each in answer.json()["items"]]

    assert await ranked() == ["acme"]
    assert await ranked(depth="2") == ["acme/berlin", "acme/paris"]
    assert await ranked(under="acme", order="worst", by="wilson") == ["acme/paris", "acme/berlin"]
    assert await ranked(under="acme", depth="2", minimum="2") == ["acme/berlin/shop"]
    assert await ranked(under="acme/berlin/shop") == []


async def test_figures_are_those_of_the_score(api, bus) -> None:
    await told(bus, berlin=[5.0, 4.0, 1.0])

    [item] = (await api.get("/v1/score-ranking", params={"under": "acme"})).json()["items"]
    score = (await api.get("/v1/scores/acme/berlin")).json()

    for name in ("score", "stars", "count", "effective_reviews"):
        assert item[name] == pytest.approx(score[name], rel=1e-6)
    assert item["positive_share"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(("order", "bound"), [("best", "score_lower_bound"), ("worst", "score_upper_bound")])
async def test_the_bounds_are_those_of_the_figures(api, bus, order: str, bound: str) -> None:
    await told(bus, berlin=[5.0, 4.0, 1.0], paris=[5.0])

    asked = {"under": "acme", "by": bound, "order": order}
    found = (await api.get("/v1/score-ranking", params=asked)).json()["items"]

    for item in found:
        interval = (await api.get(f"/v1/score-figures/{item['subject']}")).json()["score_interval"]
        assert item["score_lower_bound"] == pytest.approx(interval["low"], rel=1e-6)
        assert item["score_upper_bound"] == pytest.approx(interval["high"], rel=1e-6)
    assert [each[bound] for each in found] == sorted((each[bound] for each in found), reverse=order == "best")


@pytest.mark.parametrize("profile", ["trust", "fast"])
async def test_a_ranking_may_be_by_the_reviews_of_one_source_alone(api, bus, superuser, profile: str) -> None:
    await set_profile(superuser, own("fast", 3.0))
    for subject, rating, source in (
        ("acme/berlin", 5.0, SOURCES[0]),
        ("acme/berlin", 1.0, SOURCES[1]),
        ("acme/paris", 2.0, SOURCES[0]),
        ("acme/rome", 5.0, SOURCES[1]),
    ):
        await bus.tell(None, review_state(rating, subject, rated_at=datetime.now(UTC), source=source))

    async def ranked(**params: str) -> list[tuple[str, int]]:
        asked = {"under": "acme", "profile": profile, **params}
        found = (await api.get("/v1/score-ranking", params=asked)).json()["items"]
        for item in found:
            of = {"profile": profile, **params}
            score = (await api.get(f"/v1/scores/{item['subject']}", params=of)).json()
            assert item["score"] == pytest.approx(score["score"], rel=1e-5)
        return [(each["subject"], each["count"]) for each in found]

    assert await ranked() == [("acme/rome", 1), ("acme/berlin", 2), ("acme/paris", 1)]
    assert await ranked(source_id=SOURCES[0].id) == [("acme/berlin", 1), ("acme/paris", 1)]
    assert await ranked(source_id=SOURCES[1].id) == [("acme/rome", 1), ("acme/berlin", 1)]
    assert await ranked(source_id=SOURCES[2].id) == []


async def test_more_than_are_compared_are_refused(api, bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "MAX_RANKED", 1)
    await told(bus, berlin=[5.0], paris=[1.0])

    assert problem_of(await api.get("/v1/score-ranking", params={"under": "acme"})) == (422, "too-many-subjects")


async def test_a_subject_that_there_is_not_is_a_422(api, bus) -> None:
    await told(bus, berlin=[5.0])

    answer = await api.get("/v1/score-ranking", params={"under": "acne"})

    assert problem_of(answer) == (422, "unknown-subject")
    assert "Did you mean `acme`?" in answer.json()["detail"]


async def test_each_tenant_sees_its_own(api, bus, client_of) -> None:
    await told(bus, berlin=[5.0])
    other = await client_of("other")

    assert (await other.get("/v1/score-ranking")).json()["items"] == []


OWN = [own("fast", 3.0), own("weighed", 3.0, unverified_weight=0.25), own("plain", None, prior_weight=1.0)]


@pytest.mark.parametrize("profile", OWN, ids=lambda profile: profile.name)
async def test_a_ranking_by_a_profile_of_the_tenants_own_is_that_of_its_scores_and_one_statement(
    api, bus, superuser, monkeypatch: pytest.MonkeyPatch, profile: Profile
) -> None:
    await set_profile(superuser, profile)
    states = [
        review_state(float(1 + number % 5), f"acme/s{number % 7}", rated_at=RATED_AT, verified=number % 3 == 0)
        for number in range(40)
    ]
    for each in states:
        await bus.tell(None, each)
    asked: list[int] = []
    read = scores.present_parts

    async def counted(tx: Any, tenant_id: str, subjects: Any, by: Profile, **more: Any) -> Any:
        asked.append(len(subjects))
        return await read(tx, tenant_id, subjects, by, **more)

    monkeypatch.setattr(scores, "present_parts", counted)
    answer = await api.get("/v1/score-ranking", params={"under": "acme", "profile": profile.name})
    assert answer.status_code == 200, answer.text

    found = {item["subject"]: item["score"] for item in answer.json()["items"]}
    wanted = {subject: from_scratch(profile, states, subject, datetime.now(UTC))[0] for subject in found}
    assert asked == [len(wanted)] == [7]
    assert found == pytest.approx(wanted, rel=1e-5)
    # Scores that differ in their last bit alone share a rank, and stand by name.
    assert list(found.values()) == pytest.approx(sorted(found.values(), reverse=True), rel=1e-12)
    standing = [(item["rank"], item["subject"]) for item in answer.json()["items"]]
    assert standing == sorted(standing)


async def test_a_ranking_by_a_profile_that_is_being_filled_is_refused_until_it_is_ready(api, superuser) -> None:
    await set_profile(superuser, own("fast", 3.0), phase="reading")

    assert problem_of(await api.get("/v1/score-ranking", params={"profile": "fast"})) == (409, "profile-not-ready")
