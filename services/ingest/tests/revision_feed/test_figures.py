"""The feed of what figures are made of: what the feed of revisions tells, less words, in pages side by side."""

from typing import Any

import pytest

from plaudit.ingest.revision_feed.domain import MAX_FIGURED_ITEMS, PAGES_AHEAD
from plaudit_testing.problems import problem_of
from plaudit_testing.running_ingest import Ingest, Source, created

pytestmark = pytest.mark.postgres

FEED = "/v1/review-revisions"
FIGURES = f"{FEED}/figures"
SAME = ("review_id", "revision", "type", "known_at", "partition", "erased")
OF_A_STATE = ("subject", "kind", "rating", "verified", "origin", "rated_at")
STEPS: list[Any] = [
    [created("a", 2, text="The delivery was late."), created("b", 4), created("c", 5), created("d", 1)],
    {"type": "review.edited", "data": {"id": "a", "rating": 4}},
    {"type": "review.edited", "data": {"id": "c", "text": "Words alone."}},
    {"type": "review.removed", "data": {"id": "b"}},
    {"type": "review.restored", "data": {"id": "b"}},
]


@pytest.fixture
async def history(ingest: Ingest, source: Source) -> None:
    """Reviews that came, changed, went and came back, all of it published; and one that is not."""
    for step in STEPS:
        assert (await ingest.post(source, step)).status_code == 202
    await ingest.superuser.execute("UPDATE ingest.relay_cursor SET xid = pg_current_xact_id(), id = 0")
    assert (await ingest.post(source, created("later"))).status_code == 202


async def pages_of(ingest: Ingest, path: str, limit: int) -> list[dict[str, Any]]:
    """All pages, one after the other."""
    pages = [(await ingest.get(path, limit=limit)).json()]
    while pages[-1]["next"] is not None:
        pages.append((await ingest.get(path, limit=limit, after=pages[-1]["next"])).json())
    return pages


def figured(state: dict[str, Any] | None) -> dict[str, Any] | None:
    """What figures are made of, of a state in the feed of revisions."""
    if state is None:
        return None
    return {
        **{name: state[name] for name in OF_A_STATE},
        "source": {"id": state["source"]["id"]},
        "topics": state.get("topics", []),
    }


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize("limit", [1, 2, 3, 500])
async def test_it_tells_what_the_feed_of_revisions_tells_but_for_words(ingest: Ingest, limit: int) -> None:
    [whole] = await pages_of(ingest, FEED, 500)
    pages = await pages_of(ingest, FIGURES, limit)

    assert {str(page["position"]) for page in pages} == {str(whole["position"])}
    assert [item for page in pages for item in page["items"]] == [
        {
            **{name: item[name] for name in SAME},
            "before": figured(item["before"]),
            "after": figured(item["after"]),
        }
        for item in whole["items"]
    ]
    assert any("delivery" in item["after"]["topics"] for page in pages for item in page["items"] if item["after"])


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 9])
async def test_pages_ahead_are_those_that_follow_and_none_lies_behind_the_end(ingest: Ingest, limit: int) -> None:
    pages = await pages_of(ingest, FIGURES, limit)
    places = [page["next"] for page in pages]

    for number, page in enumerate(pages):
        following = [place for place in places[number + 1 :] if place is not None]
        told = page["ahead"]
        assert told[: len(following)] == following[:PAGES_AHEAD]
        assert len(told) <= PAGES_AHEAD
        # Where the last page is full, nobody knows yet that nothing follows it: what is there is empty.
        for place in told[len(following) :]:
            answer = (await ingest.get(FIGURES, limit=limit, after=place)).json()
            assert (answer["items"], answer["next"], answer["ahead"]) == ([], None, [])


@pytest.mark.usefixtures("history")
async def test_places_of_the_one_feed_are_refused_by_the_other(ingest: Ingest) -> None:
    here, there = [(await ingest.get(path, limit=1)).json()["next"] for path in (FIGURES, FEED)]

    refused = [await ingest.get(FIGURES, after=there), await ingest.get(FEED, after=here)]
    assert {problem_of(each) for each in refused} == {(422, "invalid-cursor")}


async def test_a_page_has_no_more_than_its_limit_allows(ingest: Ingest) -> None:
    asked = [(await ingest.get(FIGURES, limit=limit)).status_code for limit in (MAX_FIGURED_ITEMS, 0)]
    assert asked == [200, 422]
    assert (await ingest.get(FIGURES, limit=MAX_FIGURED_ITEMS + 1)).status_code == 422


@pytest.mark.usefixtures("history")
async def test_each_tenant_reads_its_own_alone(ingest: Ingest) -> None:
    assert (await ingest.get(FIGURES, "other")).json()["items"] == []
