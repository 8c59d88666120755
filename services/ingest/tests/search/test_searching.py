"""Reviews are found by their words once the job has indexed them, in any script, and each tenant finds its own."""

import json
from typing import Any

import pytest

from plaudit.common.db import Role
from plaudit.ingest.search.jobs import REST_SECONDS, SearchIndexJob
from plaudit_testing.running_ingest import Ingest, Source, created

pytestmark = pytest.mark.postgres

TEXTS = {
    "soup": {"title": "Cold Soup", "text": "The waiter's smile was warm, the soup was not."},
    "strasse": {"text": "Die Lieferung in die STRASSE kam spät."},
    "japanese": {"text": "天気がいい"},
    "hebrew": {"text": "שירות מצוין"},
    "answered": {"text": "Fine.", "answer": {"text": "Gracias por su visita"}},
    "bare": {},
}


async def indexed(ingest: Ingest) -> None:
    job = SearchIndexJob(ingest.resources.database(Role.WORKER))
    while await job.has_work():
        await job.turn()


async def names(ingest: Ingest, text: str, tenant: str = "default", **more: Any) -> set[str]:
    return {review["external_id"] for review in await ingest.items("/v1/reviews", tenant, text=text, **more)}


@pytest.fixture
async def reviews(ingest: Ingest, source: Source) -> None:
    await ingest.post(source, [created(name, **content) for name, content in TEXTS.items()])
    await indexed(ingest)


@pytest.mark.usefixtures("reviews")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("soup", {"soup"}),
        ("SOUP waiter", {"soup"}),
        ("soup spät", set()),
        ("wait", {"soup"}),
        ("straße", {"strasse"}),
        ("天気", {"japanese"}),
        ("気天", {"japanese"}),
        ("雨", set()),
        ("שירות", {"hebrew"}),
        ("visita", {"answered"}),
        ("fi", set()),
        ("...", set()),
        ("o'brien \\ & | ! :* <->", set()),
        ("'", set()),
    ],
)
async def test_a_text_finds_reviews_that_have_all_its_words(ingest: Ingest, text: str, expected: set[str]):
    assert await names(ingest, text) == expected


@pytest.mark.usefixtures("reviews")
async def test_words_that_an_edit_took_away_find_nothing_and_other_filters_narrow(ingest: Ingest, source: Source):
    await ingest.post(source, {"type": "review.edited", "data": {"id": "soup", "title": None, "text": "Warm bread."}})
    await indexed(ingest)
    assert await names(ingest, "soup") == set()
    assert await names(ingest, "bread") == {"soup"}
    assert await names(ingest, "bread", rating_gte=4.5) == set()


@pytest.mark.usefixtures("reviews")
async def test_each_tenant_finds_its_own_words_only(ingest: Ingest):
    other = await _source_of_other(ingest)
    await ingest.post(other, created("theirs", text="Their soup."))
    await indexed(ingest)
    assert await names(ingest, "soup", "other") == {"theirs"}
    assert await names(ingest, "soup") == {"soup"}
    async with ingest.resources.database(Role.API).transaction("other") as tx:
        seen = await tx.raw.fetch("SELECT DISTINCT tenant_id FROM ingest.searched_texts")
    assert [row["tenant_id"] for row in seen] == ["other"]


async def _source_of_other(ingest: Ingest) -> Source:
    await ingest.key("other")
    return await ingest.source("other")


async def test_what_was_stored_before_is_indexed_and_its_columns_are_filled(ingest: Ingest, source: Source):
    await ingest.post(source, created("old", text="Cold soup.", language="en", verified=True))
    await ingest.superuser.execute("UPDATE ingest.reviews SET verified = NULL, origin = NULL, language = NULL")
    await ingest.superuser.execute("DELETE FROM ingest.review_texts")
    await ingest.superuser.execute("DELETE FROM ingest.review_text_positions")
    await indexed(ingest)
    assert await names(ingest, "soup", language="en", verified=True, origin="organic") == {"old"}


async def test_a_search_reads_its_index_and_no_whole_table(ingest: Ingest, source: Source):
    many = [created(f"r-{n}", text=f"word{n} common") for n in range(900)]
    await ingest.post(source, many)
    await indexed(ingest)
    # So few words would all be waiting to be taken in, where the planner rightly reads so small a table instead.
    await ingest.superuser.execute("SELECT gin_clean_pending_list('ingest.review_texts_words')")
    await ingest.superuser.execute("ANALYZE")
    async with ingest.resources.database(Role.API).transaction("default") as tx:
        rows = await tx.raw.fetch(
            "EXPLAIN (FORMAT JSON) SELECT review_id FROM ingest.searched_texts "
            "WHERE words @@ '''default:word7'''::tsquery"
        )
    plan = json.dumps(rows[0][0])
    assert "review_texts_words" in plan, plan
    assert "Seq Scan" not in plan, plan


@pytest.mark.usefixtures("reviews")
async def test_what_lists_ask_is_filled_where_it_is_from_before_it_was_kept(ingest: Ingest):
    kept = """
SELECT r.id, r.traits, v.traits AS of_revision
FROM ingest.reviews r JOIN ingest.revisions v ON v.review_id = r.id ORDER BY r.id
"""
    before = await ingest.rows(kept)
    assert all(row["traits"] and row["traits"] == row["of_revision"] for row in before)
    # As code of before has written it: the first bits alone, and nothing.
    await ingest.superuser.execute("UPDATE ingest.reviews SET traits = traits & 4194303")
    await ingest.superuser.execute("UPDATE ingest.revisions SET traits = NULL")
    for sort in ("newest", "changed"):
        assert await names(ingest, "soup", sort=sort, kind="stars") == {"soup"}
        assert await names(ingest, "soup", sort=sort, kind="nps") == set()
    await ingest.superuser.execute("UPDATE ingest.review_text_positions SET xid = '0', revision = 0")
    await indexed(ingest)
    assert await ingest.rows(kept) == before


@pytest.mark.usefixtures("reviews")
async def test_what_comes_right_after_a_turn_is_indexed_together_and_no_later_than_a_moment_after(
    ingest: Ingest, source: Source
):
    """Given a turn that took all; when reviews come; then they wait until the rest is over, and are found."""
    now_seconds = 0.0
    job = SearchIndexJob(ingest.resources.database(Role.WORKER), lambda: now_seconds)
    await ingest.post(source, [created("first", text="quince")])
    assert await job.turn() == 1
    for name in ("second", "third"):
        await ingest.post(source, [created(name, text="quince")])
        assert not await job.has_work()
        assert await job.turn() == 0

    now_seconds = REST_SECONDS
    assert await job.has_work()
    assert await job.turn() == 2
    assert await names(ingest, "quince") == {"first", "second", "third"}


@pytest.mark.usefixtures("reviews")
async def test_a_tenant_that_has_more_than_a_turn_takes_does_not_rest(
    ingest: Ingest, source: Source, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("plaudit.ingest.search.jobs.REVISIONS_OF_A_TURN", 2)
    job = SearchIndexJob(ingest.resources.database(Role.WORKER))
    await ingest.post(source, [created(f"more-{n}") for n in range(3)])
    assert [await job.turn() for _ in range(3)] == [2, 1, 0]
