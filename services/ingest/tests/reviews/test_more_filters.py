"""Filters, orders and entity tags beyond those of a plain list."""

from typing import Any

import pytest

from plaudit.ingest.sources.domain import Answers
from plaudit_testing.running_ingest import Ingest, Source, created
from plaudit_testing.runtime import until

pytestmark = pytest.mark.postgres

REVIEWS = [
    created("a", 5, published_at="2026-03-01T00:00:00Z", language="en", verified=True, origin="invited"),
    created("b", 1, published_at="2026-03-02T00:00:00Z", language="de", answer={"text": "Sorry."}),
    created("c", 5, published_at="2026-03-03T00:00:00Z", language="en", origin="incentivised"),
    created("d", 3, published_at="2026-03-04T00:00:00Z"),
]


async def changed(ingest: Ingest, **more: str) -> dict[str, Any]:
    """The next changed reviews, as soon as there are any: they are told when all earlier writers have ended.

    That holds for writers in other databases of the server, too, and for those that PostgreSQL has of itself.
    """
    page: dict[str, Any] = {}

    async def come() -> bool:
        page.update((await ingest.get("/v1/reviews", sort="changed", **more)).json())
        return bool(page["items"])

    await until(come, "they are final")
    return page


async def names(ingest: Ingest, **filters: Any) -> list[str]:
    return [review["external_id"] for review in await ingest.items("/v1/reviews", **filters)]


@pytest.fixture
async def reviews(ingest: Ingest, source: Source) -> None:
    assert (await ingest.post(source, REVIEWS)).status_code == 202


@pytest.mark.usefixtures("reviews")
async def test_each_filter_finds_what_it_says(ingest: Ingest):
    expected: list[tuple[dict[str, Any], list[str]]] = [
        ({"language": "en"}, ["c", "a"]),
        ({"verified": True}, ["a"]),
        ({"verified": False}, ["d", "c", "b"]),
        ({"origin": "incentivised"}, ["c"]),
        ({"platform": "native"}, ["d", "c", "b", "a"]),
        ({"platform": "trustpilot"}, []),
        ({"answered": "unknown"}, []),
        ({"changed_after": "2026-01-01T00:00:00Z"}, ["d", "c", "b", "a"]),
        ({"changed_before": "2026-01-01T00:00:00Z"}, []),
        ({"changed_after": "9999-12-31T00:00:00Z"}, []),
        ({"changed_after": "0001-01-01T00:00:00Z", "language": "de"}, ["b"]),
    ]
    assert [(filters, await names(ingest, **filters)) for filters, _ in expected] == expected


@pytest.mark.usefixtures("reviews")
async def test_at_a_source_that_does_not_tell_of_answers_none_is_unknown_and_not_missing(ingest: Ingest):
    ingest.parts.app.state.answers_of = lambda *_, **__: Answers.UNTOLD
    assert await names(ingest, answered="unknown") == ["d", "c", "a"]
    assert await names(ingest, answered="false") == []
    assert await names(ingest, answered="true") == ["b"]


@pytest.mark.usefixtures("reviews")
@pytest.mark.parametrize(
    ("sort", "expected"),
    [("newest", "dcba"), ("oldest", "abcd"), ("rating", "bdca")],
)
async def test_each_order_holds_each_review_once_whatever_the_limit(ingest: Ingest, sort: str, expected: str):
    for limit in (1, 2, 3, 4):
        pages = await ingest.pages("/v1/reviews", sort=sort, limit=limit)
        assert "".join(item["external_id"] for page in pages for item in page) == expected


async def test_a_cursor_of_one_order_is_none_of_another(ingest: Ingest, reviews: None):
    first = (await ingest.get("/v1/reviews", sort="newest", limit=1)).json()
    answer = await ingest.get("/v1/reviews", sort="oldest", limit=1, cursor=first["next"])
    assert (answer.status_code, answer.json()["type"].rpartition("#")[2]) == (422, "invalid-cursor")


async def test_who_follows_the_changes_sees_each_change_once_and_removals_too(ingest: Ingest, source: Source):
    await ingest.post(source, REVIEWS[:2])
    first = (await ingest.get("/v1/reviews", sort="changed")).json()
    assert sorted(item["external_id"] for item in first["items"]) == ["a", "b"]
    nothing = (await ingest.get("/v1/reviews", sort="changed", cursor=first["next"])).json()
    assert nothing == {"items": [], "next": first["next"]}
    await ingest.post(source, {"type": "review.removed", "data": {"id": "a"}})
    await ingest.post(source, REVIEWS[2])
    more = (await ingest.get("/v1/reviews", sort="changed", cursor=first["next"])).json()
    assert [(item["external_id"], item["removed"]) for item in more["items"]] == [("a", True), ("c", False)]


async def test_who_follows_the_changes_misses_no_review_of_a_writer_that_commits_late(ingest: Ingest, source: Source):
    """The writer takes its place first and commits last; meanwhile others commit behind it."""
    await ingest.post(source, REVIEWS[0])
    late = ingest.superuser.transaction()
    await late.start()
    await ingest.superuser.execute("SELECT pg_current_xact_id()")
    await ingest.post(source, REVIEWS[1])
    seen = await changed(ingest)
    assert [item["external_id"] for item in seen["items"]] == ["a"], "what is behind an open writer waits for it"
    await ingest.superuser.execute(
        "UPDATE ingest.revisions SET xid = pg_current_xact_id() WHERE type = 'review.created'"
    )
    await late.commit()
    more = await changed(ingest, cursor=seen["next"])
    assert {item["external_id"] for item in more["items"]} == {"a", "b"}


@pytest.mark.usefixtures("reviews")
async def test_a_page_and_a_review_that_have_not_changed_are_not_sent_again(ingest: Ingest, source: Source):
    authorization = {"authorization": f"Bearer {await ingest.key()}"}
    [review, *_] = await ingest.items("/v1/reviews")
    for path in ("/v1/reviews?limit=2", f"/v1/reviews/{review['id']}"):
        tag = (await ingest.client.get(path, headers=authorization)).headers["etag"]
        known = {**authorization, "if-none-match": tag}
        again = await ingest.client.get(path, headers=known)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    await ingest.post(source, {"type": "review.edited", "data": {"id": "d", "title": "Better"}})
    for path in ("/v1/reviews?limit=2", f"/v1/reviews/{review['id']}"):
        assert (await ingest.client.get(path, headers=known)).status_code == 200
