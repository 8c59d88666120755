"""Scores over HTTP, on a real database."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from plaudit.common.contracts import Kind, Origin
from plaudit.common.db import Database, Role
from plaudit.common.http import encode_cursor
from plaudit.scoring.scores import store
from plaudit_testing import oracle
from plaudit_testing.lives import SOURCES
from plaudit_testing.problems import problem_of
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

SUBJECTS = ("acme", "acme/berlin", "acme/berlin/shop-3", "acme/hamburg", "globex/lisbon")


def truths(count: int, seed: int = 20261128) -> list[oracle.Truth]:
    """Reviews of the last ten years, with every tenth one removed again."""
    chance = random.Random(seed)
    found = []
    for number in range(count):
        rated_at = datetime.now(UTC) - timedelta(seconds=chance.randrange(10 * 365 * 86_400))
        rating = chance.choice([1.0, 2.0, 2.5, 3.0, 4.0, 4.49, 4.5, 5.0])
        found.append(
            oracle.Truth(chance.choice(SUBJECTS), rating, rated_at, rated_at, "", version=1, published=number % 10 > 0)
        )
    return found


async def tell(bus, reviews: Sequence[oracle.Truth]) -> None:
    for truth in reviews:
        state = review_state(truth.rating, truth.subject, rated_at=truth.rated_at)
        await bus.tell(None, state)
        if not truth.published:
            await bus.tell(state, None)


def assert_is_as_the_oracle_says(answer: dict[str, Any], reviews: Sequence[oracle.Truth]) -> None:
    wanted = oracle.expected(reviews, answer["subject"], oracle.instant(answer["at"]))
    assert answer["score"] == (None if wanted["score"] is None else pytest.approx(wanted["score"], abs=1e-9))
    assert (answer["count"], answer["distribution"]) == (wanted["count"], wanted["distribution"])


async def pages(client: httpx.AsyncClient, **params: Any) -> list[list[str]]:
    """The subjects of all pages of the list."""
    found: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        body = (await client.get("/v1/scores", params={**params, **cursor})).json()
        found.append([item["subject"] for item in body["items"]])
        if body["next"] is None:
            return found
        cursor = {"cursor": body["next"]}


async def test_every_figure_is_what_a_computation_from_scratch_says(api: httpx.AsyncClient, bus) -> None:
    reviews = truths(60)
    await tell(bus, reviews)

    listed = (await api.get("/v1/scores")).json()
    assert [item["subject"] for item in listed["items"]] == sorted({*SUBJECTS, "globex"})
    assert listed["next"] is None
    for item in listed["items"]:
        assert_is_as_the_oracle_says(item, reviews)
        alone = await api.get(f"/v1/scores/{item['subject']}")
        assert alone.status_code == 200
        assert_is_as_the_oracle_says(alone.json(), reviews)


async def test_a_score_has_these_members(api: httpx.AsyncClient, bus) -> None:
    await bus.tell(None, review_state(5, "acme", rated_at=datetime.now(UTC)))

    answer = (await api.get("/v1/scores/acme")).json()

    assert set(answer) == {
        "subject", "profile", "source_id", "origin", "at",
        "score", "stars", "count", "distribution", "prior", "effective_reviews",
    }  # fmt: skip
    assert answer["score"] == pytest.approx(3.6875, abs=1e-3)
    assert (answer["profile"], answer["stars"], answer["prior"]) == ("trust", 3.5, 3.5)
    assert answer["effective_reviews"] == pytest.approx(1)


async def test_a_subject_whose_reviews_are_all_removed_has_no_score_but_a_prior(api: httpx.AsyncClient, bus) -> None:
    await bus.tell(None, review_state(5, "nobody/here"))
    await bus.tell(review_state(5, "nobody/here"), None)

    answer = await api.get("/v1/scores/nobody/here")

    assert answer.status_code == 200
    body = answer.json()
    assert (body["score"], body["stars"], body["count"], body["prior"]) == (None, None, 0, 3.5)
    assert body["distribution"] == dict.fromkeys("12345", 0)
    assert body["effective_reviews"] == 0


@pytest.mark.parametrize("kind", [Kind.NPS, Kind.CSAT, Kind.CES])
async def test_a_subject_with_reviews_of_other_kinds_only_is_known_and_has_no_score(
    api: httpx.AsyncClient, bus, kind: Kind
) -> None:
    await bus.tell(None, review_state(5, "acme/berlin"))
    await bus.tell(None, review_state(5, "globex/lisbon", kind=kind))

    for subject in ("globex", "globex/lisbon"):
        answer = await api.get(f"/v1/scores/{subject}")
        assert answer.status_code == 200
        body = answer.json()
        assert (body["score"], body["stars"], body["count"], body["prior"]) == (None, None, 0, 3.5)
    assert await pages(api, limit=3) == [["acme", "acme/berlin", "globex"], ["globex/lisbon"]]
    assert await pages(api, under="globex") == [["globex", "globex/lisbon"]]
    assert (await api.get("/v1/scores/globex/lisbom")).json()["detail"].endswith("Did you mean `globex/lisbon`?")


async def test_a_score_comes_with_the_first_review_that_counts(api: httpx.AsyncClient, bus) -> None:
    await bus.tell(None, review_state(5, "globex", kind=Kind.NPS))
    await bus.tell(None, review_state(5, "globex"))

    assert (await api.get("/v1/scores/globex")).json()["count"] == 1
    assert await pages(api) == [["globex"]]


@pytest.mark.parametrize(
    ("subject", "meant"),
    [
        ("acmee", "`acme`"),
        ("acne/berlin", "`acme/berlin`"),
        ("acme/berlni", "`acme/berlin`"),
        ("acme/berlin/shop-4", "`acme/berlin/shop-3`"),
        ("acme/hamburg/shop-3", "`acme/hamburg`"),
        ("acme/paris-sud", "`acme`"),
        ("globex/lisbon/x/y", "`globex/lisbon`"),
    ],
)
async def test_a_subject_that_nothing_was_ever_said_about_is_a_404_that_names_the_nearest(
    api: httpx.AsyncClient, bus, subject: str, meant: str
) -> None:
    for known in (*SUBJECTS, "acme/berlin-2", "acme/berlin.x/shop", "acme-2/x"):
        await bus.tell(None, review_state(5, known))

    answer = await api.get(f"/v1/scores/{subject}")

    assert problem_of(answer) == (404, "unknown-subject")
    said, _, names = answer.json()["detail"].partition(" Did you mean ")
    assert said == f"Nothing was ever said about `{subject}`."
    assert names.startswith(meant)


async def test_a_subject_that_is_like_none_is_told_one_that_is_known_and_not_that_it_was_meant(
    api: httpx.AsyncClient, bus
) -> None:
    await bus.tell(None, review_state(5, "harbour-dental"))
    said = (await api.get("/v1/scores/acme")).json()["detail"]
    assert said == "Nothing was ever said about `acme`. One that is known is `harbour-dental`."


async def test_where_nothing_was_ever_said_a_404_names_nothing(api: httpx.AsyncClient) -> None:
    assert (await api.get("/v1/scores/acme")).json()["detail"] == "Nothing was ever said about `acme`."


async def test_the_children_of_a_prefix_are_found_past_all_that_lies_below_them(
    api: httpx.AsyncClient, bus, resources
) -> None:
    for subject in ("a/b", "a/b/c/d", "a/b-2/x", "a/b.x", "a/b0/y/z", "a-1/q", "ab", "a/b/c2"):
        await bus.tell(None, review_state(5, subject))
    async with resources.database(Role.API).transaction("default") as tx:
        assert await store.children_of(tx, "default", "", 10) == ["a", "a-1", "ab"]
        assert await store.children_of(tx, "default", "a", 10) == ["a/b", "a/b-2", "a/b.x", "a/b0"]
        assert await store.children_of(tx, "default", "a/b", 10) == ["a/b/c", "a/b/c2"]
        assert await store.children_of(tx, "default", "a/b/c", 10) == ["a/b/c/d"]
        assert await store.children_of(tx, "default", "a/b/c/d", 10) == []
        assert await store.children_of(tx, "default", "a", 2) == ["a/b", "a/b-2"]
        assert await store.children_of(tx, "default", "", 10, 2) == ["a-1/q", "a/b", "a/b-2", "a/b.x", "a/b0"]
        assert await store.children_of(tx, "default", "a", 10, 2) == ["a/b-2/x", "a/b/c", "a/b/c2", "a/b0/y"]


async def test_a_subject_whose_reviews_are_all_removed_is_listed_without_a_score(api: httpx.AsyncClient, bus) -> None:
    await bus.tell(None, review_state(5, "acme"))
    await bus.tell(review_state(5, "acme"), None)

    (item,) = (await api.get("/v1/scores")).json()["items"]

    assert (item["subject"], item["score"], item["count"]) == ("acme", None, 0)


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
async def test_a_list_is_read_in_pages_without_gap_or_repeat(api: httpx.AsyncClient, bus, limit: int) -> None:
    for subject in SUBJECTS:
        await bus.tell(None, review_state(5, subject))

    found = await pages(api, limit=limit)

    assert [subject for page in found for subject in page] == sorted({*SUBJECTS, "globex"})
    assert all(len(page) == limit for page in found[:-1])


async def test_under_means_a_subject_and_what_is_below_it_and_no_neighbour(api: httpx.AsyncClient, bus) -> None:
    for subject in ("acme/berlin", "acme-2/x", "acme.b", "acme0", "acme_c", "acmes", "a", "acme/berlin-2", "acme/b"):
        await bus.tell(None, review_state(5, subject))

    assert await pages(api, under="acme") == [["acme", "acme/b", "acme/berlin", "acme/berlin-2"]]
    assert await pages(api, under="acme/berlin") == [["acme/berlin"]]
    assert await pages(api, under="acme", limit=3) == [["acme", "acme/b", "acme/berlin"], ["acme/berlin-2"]]
    assert await pages(api, under="nobody") == [[]]


async def test_a_tenant_sees_its_own_scores_only(client_of, bus) -> None:
    ours, theirs = await client_of("default"), await client_of("other")
    await bus.tell(None, review_state(5, "acme/berlin"), tenant_id="default")
    await bus.tell(None, review_state(1, "acme"), tenant_id="other")
    await bus.tell(None, review_state(1, "secret"), tenant_id="other")

    assert (await ours.get("/v1/scores/acme")).json()["distribution"]["5"] == 1
    assert (await theirs.get("/v1/scores/acme")).json()["distribution"]["5"] == 0
    hidden, absent = [await ours.get(f"/v1/scores/{subject}") for subject in ("secret", "secreu")]
    assert [answer.status_code for answer in (hidden, absent)] == [404, 404]
    assert "`secret`" not in absent.text
    assert await pages(ours) == [["acme", "acme/berlin"]]
    assert await pages(theirs) == [["acme", "secret"]]
    stolen = (await theirs.get("/v1/scores", params={"limit": 1})).json()["next"]
    assert (await ours.get("/v1/scores", params={"cursor": stolen})).json()["items"][0]["subject"] == "acme/berlin"


async def test_the_database_hides_other_tenants_sums_from_a_request_that_names_them(
    bus, worker: Database, resources
) -> None:
    await bus.tell(None, review_state(1, "secret"), tenant_id="other")
    await bus.tell(None, review_state(1, "hidden", kind=Kind.NPS), tenant_id="other")

    async with resources.database(Role.API).transaction("default") as tx:
        assert await store.sums_of(tx, "other", ["secret"]) == {}
        assert not await store.is_known(tx, "other", "hidden")
        assert await store.prefixes_after(tx, "other", "", None, 10) == []


@pytest.mark.parametrize("path", ["/v1/scores", "/v1/scores/acme", "/v1/scores/ACME"])
async def test_without_a_key_nothing_is_told(api: httpx.AsyncClient, path: str) -> None:
    for headers in ({"authorization": ""}, {"authorization": "Bearer plaudit_nobody_nothing"}):
        answer = await api.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["type"] == "/problems#unauthorized"


@pytest.mark.parametrize("path", ["/v1/scores", "/v1/scores/acme"])
async def test_a_key_without_the_scope_may_not_read_scores(client_of, path: str) -> None:
    answer = await (await client_of("default", "reviews:read")).get(path)

    assert answer.status_code == 403
    assert "scores:read" in answer.json()["detail"]


@pytest.mark.parametrize("subject", ["ACME", "acme//berlin", "acme/", "-acme", "a/b/c/d/e/f/g", "a" * 65, "acme%20x"])
async def test_a_malformed_subject_is_a_422_that_says_where_and_what_a_subject_is(
    api: httpx.AsyncClient, subject: str
) -> None:
    in_path = await api.get(f"/v1/scores/{subject}")
    in_query = await api.get(f"/v1/scores?under={subject}")

    for answer, place, pointer in [(in_path, "path", "/subject"), (in_query, "query", "/under")]:
        assert answer.status_code == 422
        assert answer.json()["type"] == "/problems#invalid-request"
        (error,) = answer.json()["errors"]
        assert (error["in"], error["pointer"], error["code"]) == (place, pointer, "subject")
        assert "path of 1 to 6 segments" in error["detail"]


@pytest.mark.parametrize("limit", ["0", "501", "many"])
async def test_a_page_has_from_one_to_five_hundred_scores(api: httpx.AsyncClient, limit: str) -> None:
    answer = await api.get("/v1/scores", params={"limit": limit})

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/limit"]


@pytest.mark.parametrize(
    "cursor", ["nonsense", "!", encode_cursor("acme", of="/v1/clocks?"), encode_cursor(7, of="/v1/scores?")]
)
async def test_a_cursor_of_another_list_is_refused(api: httpx.AsyncClient, cursor: str) -> None:
    answer = await api.get("/v1/scores", params={"cursor": cursor})

    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems#invalid-cursor"


@pytest.mark.parametrize(
    "of", [{"source_id": SOURCES[0].id}, {"origin": "organic"}, {"source_id": SOURCES[1].id, "origin": "invited"}]
)
async def test_the_list_is_of_one_source_and_of_one_origin_as_each_score_is(api, bus, of: dict[str, str]) -> None:
    chance = random.Random(8)
    for _ in range(60):
        origin = chance.choice([Origin.ORGANIC, Origin.INVITED])
        told = review_state(
            float(chance.randint(1, 5)), chance.choice(SUBJECTS[:4]), source=chance.choice(SOURCES), origin=origin
        )
        await bus.tell(None, told)
    await bus.tell(None, review_state(1.0, "globex", source=SOURCES[0], origin=Origin.INCENTIVISED))

    listed = (await api.get("/v1/scores", params=of)).json()["items"]

    assert [each["subject"] for each in listed] == [
        "acme",
        "acme/berlin",
        "acme/berlin/shop-3",
        "acme/hamburg",
        "globex",
    ]
    for each in listed:
        alone = (await api.get(f"/v1/scores/{each['subject']}", params={**of, "at": each["at"]})).json()
        assert each == {
            **alone,
            "score": alone["score"] and pytest.approx(alone["score"], rel=1e-9),
            "effective_reviews": pytest.approx(alone["effective_reviews"]),
        }
        assert (each["source_id"], each["origin"]) == (of.get("source_id"), of.get("origin"))
    counts = {each["subject"]: each["count"] for each in listed}
    assert 0 < counts["acme"] < 60
    assert counts["globex"] == (1 if of == {"source_id": SOURCES[0].id} else 0)
