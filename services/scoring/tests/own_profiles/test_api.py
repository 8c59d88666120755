"""Profiles of a tenant's own over HTTP: set, read, deleted, and scores by them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from plaudit.common.http.paging import encode_cursor
from plaudit.common.ids import uuid7
from plaudit.scoring.filling.jobs import HalfLivesJob
from plaudit.scoring.profiles.domain import MAX_PROFILES
from plaudit.scoring.scores import domain
from plaudit_testing.own_profiles import own, set_profile
from plaudit_testing.problems import problem_of
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

PATH = "/v1/score-profiles"
SOURCE_ID = "01956d00-0000-7000-8000-000000000001"
PLAIN: dict[str, Any] = {"half_life_days": None, "prior_weight": 1, "prior_value": 3, "kinds": ["stars"]}


@pytest.fixture
async def writer(client_of) -> AsyncIterator[httpx.AsyncClient]:
    """A client that may read scores and change profiles."""
    return await client_of("default", "scores:read", "scores:write")


async def put(writer: httpx.AsyncClient, name: str = "own", **parameters: Any) -> httpx.Response:
    return await writer.put(f"{PATH}/{name}", json=PLAIN | parameters)


async def score(client: httpx.AsyncClient, **params: str) -> Any:
    answer = await client.get("/v1/scores/acme", params={"profile": "own", **params})
    assert answer.status_code == 200, answer.text
    return answer.json()["score"]


async def test_a_profile_that_differs_in_prior_kinds_or_weights_counts_at_once(writer, bus) -> None:
    await bus.tell(None, review_state(5, "acme", verified=True))
    await bus.tell(None, review_state(2, "acme", verified=False, origin="invited"))

    made = await put(writer)
    assert (made.status_code, made.headers["etag"], made.json()["is_ready"]) == (200, '"1"', True)
    assert await score(writer) == pytest.approx((3 + 5 + 2) / 3)
    await put(writer, verified_weight=2)
    assert await score(writer) == pytest.approx((3 + 10 + 2) / 4)
    await put(writer, origin_weights={"invited": 0.5})
    assert await score(writer) == pytest.approx((3 + 5 + 1) / 2.5)
    await put(writer, source_weights={SOURCE_ID.upper(): 3})
    assert await score(writer) == pytest.approx((3 + 15 + 6) / 7)
    await put(writer, prior_weight=2, prior_value=1)
    assert await score(writer) == pytest.approx((2 + 5 + 2) / 4)
    await put(writer, kinds=["csat"])
    assert await score(writer) is None

    revisions = (await writer.get(f"{PATH}/own/revisions")).json()["items"]
    assert [each["revision"] for each in revisions] == [6, 5, 4, 3, 2, 1]
    assert revisions[-1]["parameters"]["prior_value"] == 3
    assert all(each["changed_by"].startswith("key:") for each in revisions)


async def test_the_same_again_makes_no_revision(writer) -> None:
    await put(writer)

    assert (await put(writer)).headers["etag"] == '"1"'


async def test_a_new_half_life_is_not_ready_until_it_is_filled_and_then_fades(
    writer, bus, worker, superuser, resources
) -> None:
    rated_at = datetime.now(UTC) - timedelta(days=10)
    await bus.tell(None, review_state(5, "acme", rated_at=rated_at))
    made = (await put(writer, half_life_days=10)).json()
    assert (made["is_ready"], made["progress"]) == (False, "It is about to begin.")

    for path in ("/v1/scores", "/v1/scores/acme"):
        refused = await writer.get(path, params={"profile": "own"})
        assert problem_of(refused) == (409, "profile-not-ready")
        assert refused.json()["detail"] == (
            "The profile `own` is being filled. It is about to begin. Other profiles answer as before."
        )
        assert (await writer.get(path)).status_code == 200

    await filled(worker, superuser, resources.settings.partitions)

    assert (await writer.get(f"{PATH}/own")).json()["is_ready"]
    assert await score(writer) == pytest.approx((3 + 2.5) / 1.5, rel=1e-4)
    [listed] = (await writer.get("/v1/scores", params={"profile": "own", "under": "acme"})).json()["items"]
    assert listed["score"] == pytest.approx((3 + 2.5) / 1.5, rel=1e-4)
    later = (datetime.now(UTC) + timedelta(days=10)).isoformat()
    assert await score(writer, at=later) == pytest.approx((3 + 1.25) / 1.25, rel=1e-4)
    assert await score(writer, known_at="2020-01-01T00:00:00Z") is None


async def filled(worker, superuser, partitions: int) -> None:
    """Both groups have applied what the bus told, and the job has filled all half-lives."""
    for group in ("scoring-live", "scoring-history"):
        for partition in range(partitions):
            await superuser.execute(
                "INSERT INTO scoring.positions VALUES ($1, 'reviews.v1', $2, gen_random_uuid(), 100, 1, 100)",
                group,
                partition,
            )
    job = HalfLivesJob(worker, partitions)
    for _ in range(100):
        if not await job.has_work():
            return
        await job.turn()
    raise AssertionError("there is still something to fill")


async def test_a_frozen_profile_of_any_half_life_stands_still_between_reviews(
    writer, bus, worker, superuser, resources
) -> None:
    rated_at = datetime.now(UTC) - timedelta(days=100)
    await bus.tell(None, review_state(5, "acme", rated_at=rated_at))
    await put(writer, half_life_days=10, is_frozen=True)
    await filled(worker, superuser, resources.settings.partitions)

    assert await score(writer) == pytest.approx((3 + 5) / 2)
    assert await score(writer, at=(rated_at + timedelta(days=30)).isoformat()) == pytest.approx((3 + 5) / 2)


async def test_the_figure_of_one_origin_stands_beside_the_public_one_and_says_so(writer, bus) -> None:
    await bus.tell(None, review_state(5, "acme", origin="incentivised"))
    await bus.tell(None, review_state(1, "acme"))
    await put(writer)

    public = (await writer.get("/v1/scores/acme", params={"profile": "own"})).json()
    organic = (await writer.get("/v1/scores/acme", params={"profile": "own", "origin": "organic"})).json()
    invited = (await writer.get("/v1/scores/acme", params={"profile": "own", "origin": "invited"})).json()

    assert (public["origin"], public["count"], public["score"]) == (None, 2, pytest.approx(3))
    assert (organic["origin"], organic["count"], organic["score"]) == ("organic", 1, pytest.approx(2))
    assert (invited["origin"], invited["count"], invited["score"]) == ("invited", 0, None)
    assert problem_of(await writer.get("/v1/scores/acme", params={"origin": "bought"})) == (422, "invalid-request")


async def test_a_deleted_profile_is_unknown_and_its_name_may_be_used_again(writer, bus) -> None:
    await bus.tell(None, review_state(5, "acme"))
    await put(writer)
    assert (await writer.delete(f"{PATH}/own")).status_code == 204

    refused = await writer.get("/v1/scores/acme", params={"profile": "own"})
    assert problem_of(refused) == (422, "unknown-profile")
    assert problem_of(await writer.get(f"{PATH}/own")) == (404, "not-found")
    assert problem_of(await writer.delete(f"{PATH}/own")) == (404, "not-found")
    assert (await writer.get(f"{PATH}/own/revisions")).json()["items"][0]["parameters"] is None

    assert (await put(writer)).headers["etag"] == '"3"'


async def test_an_unknown_name_is_answered_with_the_nearest_ones(writer) -> None:
    await put(writer, "quickly")

    assert (await writer.get(f"{PATH}/quikly")).json()["detail"] == (
        "There is no profile `quikly`. Did you mean `quickly`?"
    )
    assert (await writer.get("/v1/scores/acme", params={"profile": "quikly"})).json()["detail"] == (
        "There is no profile `quikly`; there are `trust`, `recent`, `lifetime`, `quickly`."
    )


@pytest.mark.parametrize("name", ["trust", "recent", "lifetime"])
async def test_what_every_tenant_has_is_nobodys_to_change(writer, name: str) -> None:
    assert problem_of(await put(writer, name)) == (409, "built-in-profile")
    assert problem_of(await writer.delete(f"{PATH}/{name}")) == (409, "built-in-profile")
    assert (await writer.get(f"{PATH}/{name}")).json()["is_built_in"]


async def test_a_tenant_has_at_most_twenty(writer) -> None:
    for number in range(MAX_PROFILES):
        assert (await put(writer, f"p{number}")).status_code == 200

    assert problem_of(await put(writer, "one-more")) == (409, "too-many-profiles")
    assert (await put(writer, "p3", prior_value=4)).status_code == 200
    assert len((await writer.get(PATH)).json()["items"]) == 3 + MAX_PROFILES


async def test_who_has_read_an_older_revision_changes_nothing(writer) -> None:
    await put(writer)
    await put(writer, prior_value=4)

    changing = await writer.put(f"{PATH}/own", json=PLAIN, headers={"if-match": '"1"'})
    deleting = await writer.delete(f"{PATH}/own", headers={"if-match": '"1"'})

    assert problem_of(changing) == problem_of(deleting) == (412, "precondition-failed")
    assert (await writer.delete(f"{PATH}/own", headers={"if-match": '"2"'})).status_code == 204


async def test_what_is_to_be_changed_whatever_it_is_must_be_there(writer) -> None:
    await put(writer)
    changed = await writer.put(f"{PATH}/own", json=PLAIN, headers={"if-match": "*"})
    await writer.delete(f"{PATH}/own", headers={"if-match": "*"})

    made = await writer.put(f"{PATH}/own", json=PLAIN, headers={"if-match": "*"})
    assert changed.status_code == 200
    assert problem_of(made) == (412, "precondition-failed")


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({"half_life_days": 0.04}, "/half_life_days"),
        ({"half_life_days": 36_526}, "/half_life_days"),
        ({"prior_weight": 0}, "/prior_weight"),
        ({"prior_value": 5.5}, "/prior_value"),
        ({"kinds": []}, "/kinds"),
        ({"kinds": ["stars", "nps"]}, "/kinds"),
        ({"kinds": ["emails"]}, "/kinds/0"),
        ({"verified_weight": 0}, "/verified_weight"),
        ({"origin_weights": {"bought": 1}}, "/origin_weights/bought"),
        ({"source_weights": {"shop": 1}}, "/source_weights/shop"),
        ({"source_weights": {SOURCE_ID: 1, SOURCE_ID.upper(): 2}}, "/source_weights"),
        ({"source_weights": {f"01956d00-0000-7000-8000-{n:012}": 1 for n in range(101)}}, "/source_weights"),
        ({"half_live": 3}, "/half_live"),
    ],
    ids=[
        *("an hour", "a hundred years", "prior", "stars", "none", "mixed", "kind", "weight", "origin", "source"),
        "twice",
        "many",
        "name",
    ],
)
async def test_a_parameter_that_breaks_a_rule_is_refused_by_its_place(writer, parameters, pointer: str) -> None:
    refused = await put(writer, **parameters)

    assert refused.status_code == 422
    assert [error["pointer"].removesuffix("/[key]") for error in refused.json()["errors"]] == [pointer]
    assert (await writer.get(f"{PATH}/own")).status_code == 404


async def test_nothing_is_defaulted_that_makes_a_figure(writer) -> None:
    refused = await writer.put(f"{PATH}/own", json={})

    assert {error["pointer"] for error in refused.json()["errors"]} == {
        "/half_life_days", "/prior_weight", "/prior_value", "/kinds"
    }  # fmt: skip


async def test_profiles_are_a_tenants_own_and_reading_is_not_writing(writer, api, client_of) -> None:
    await put(writer)
    other = await client_of("other", "scores:read", "scores:write")

    assert problem_of(await other.get(f"{PATH}/own")) == (404, "not-found")
    assert problem_of(await other.get("/v1/scores", params={"profile": "own"})) == (422, "unknown-profile")
    assert problem_of(await put(api)) == (403, "forbidden")
    assert (await api.get(f"{PATH}/own")).status_code == 200


async def test_two_that_set_a_profile_at_once_make_two_revisions(writer) -> None:
    answers = await asyncio.gather(*(put(writer, prior_value=value) for value in (2, 4)))

    assert sorted(answer.headers["etag"] for answer in answers) == ['"1"', '"2"']


async def test_another_moment_of_too_many_reviews_is_refused_by_a_half_life_of_the_tenants_own_alone(
    api: httpx.AsyncClient, bus, superuser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain, "MAX_REVIEWS_READ", 2)
    await set_profile(superuser, own("own", 2.0))
    for _ in range(3):
        await bus.tell(None, review_state(5, "acme/berlin"), review_id=str(uuid7()))
    await bus.tell(None, review_state(5, "acme/paris"), review_id=str(uuid7()))
    now = datetime.now(UTC)
    moment, window = {"at": now.isoformat()}, {"from": (now - timedelta(days=2)).isoformat(), "to": now.isoformat()}

    async def ask(subject: str, profile: str) -> list[httpx.Response]:
        return [
            await api.get(f"/v1/{path}", params={"profile": profile, **params})
            for path, params in (
                (f"scores/{subject}", moment),
                (f"score-figures/{subject}", moment),
                (f"score-explanations/{subject}", window),
                ("score-series", {"subject": subject, **window}),
            )
        ]

    assert [problem_of(each) for each in await ask("acme", "own")] == [(422, "too-many-reviews")] * 4
    assert "has 4 reviews" in (await ask("acme", "own"))[0].json()["detail"]
    for subject, profile in (("acme", "trust"), ("acme/paris", "own")):
        assert [each.status_code for each in await ask(subject, profile)] == [200] * 4
    assert (await api.get("/v1/scores/acme", params={"profile": "own"})).status_code == 200


@pytest.mark.parametrize("revision", [-1, 2**31, 2**63 - 1])
async def test_an_invented_cursor_that_no_revision_can_have_is_refused(writer, revision: int) -> None:
    path = f"{PATH}/own/revisions"

    answer = await writer.get(path, params={"cursor": encode_cursor(revision, of=f"{path}?")})

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems#invalid-cursor")
