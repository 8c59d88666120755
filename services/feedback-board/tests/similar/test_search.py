"""Requests are found by words of title and text: in any form and order, and nearly so where none has them."""

from itertools import pairwise

import pytest

from plaudit.common.db import Role
from plaudit.feedback_board.requests.store import search

pytestmark = pytest.mark.postgres

FILL = """
INSERT INTO request_words (tenant_id, request_id, words, stems)
SELECT 'default', gen_random_uuid(), array_to_tsvector(ARRAY['default:w' || n, 'default:all']), '{}'
FROM generate_series(1, 5000) AS n
"""


@pytest.fixture
def found(api):
    """The titles that a search finds."""

    async def look(q: str, **more: object) -> list[str]:
        answer = await api.get("/v1/requests", params={"q": q, **more})
        assert answer.status_code == 200, answer.text
        return [each["title"] for each in answer.json()["items"]]

    return look


async def test_a_request_is_found_by_all_words_in_any_form_and_order(ask_for, found):
    await ask_for("Export invoices as PDF", "Export bookmarks")
    assert await found("pdf exporting") == ["Export invoices as PDF"]
    assert await found("invoice") == ["Export invoices as PDF"]
    assert await found("invoice bookmarks") == []


async def test_the_text_is_searched_too(ask_for, found):
    await ask_for("Dark mode", text="My eyes hurt at night.")
    assert await found("eyes night") == ["Dark mode"]


async def test_the_last_word_may_be_the_beginning_of_one(ask_for, found):
    await ask_for("Export bookmarks")
    assert await found("export bookm") == ["Export bookmarks"]
    assert await found("expo bookmarks") == []


async def test_a_misspelt_word_of_a_title_is_found_where_nothing_else_is(ask_for, found):
    await ask_for("Export bookmarks", "Rename a bookmrak by hand")
    assert await found("bookmraks") == ["Export bookmarks"] or await found("bookmarsk") == ["Export bookmarks"]
    assert await found("bookmrak") == ["Rename a bookmrak by hand"], "what is spelt so comes alone"


async def test_a_search_is_combined_with_a_status(api, ask_for, found):
    one, _ = await ask_for("Export bookmarks", "Export invoices")
    await api.put(f"/v1/requests/{one}/status", json={"status": "planned", "reason": "This spring."})
    assert await found("export", status="planned") == ["Export bookmarks"]
    assert await found("export", status="open") == ["Export invoices"]


async def test_a_merged_request_is_not_found(api, ask_for, found):
    one, other = await ask_for("Export bookmarks", "Export my bookmarks")
    await api.put(f"/v1/requests/{one}/merge", json={"into": other, "reason": "Both ask for it."})
    assert await found("bookmarks") == ["Export my bookmarks"]


async def test_what_shows_nothing_finds_nothing(ask_for, found):
    await ask_for("Export bookmarks")
    assert await found("\u200b ?!") == []


async def test_a_search_of_no_letter_is_refused_with_its_reason(api):
    assert (await api.get("/v1/requests", params={"q": ""})).status_code == 422
    assert (await api.get("/v1/requests", params={"q": "x" * 121})).status_code == 422


@pytest.mark.parametrize("most", [search.MAX_LISTED, 0], ids=["by ids", "by a condition"])
async def test_pages_of_a_search_hold_each_request_once_in_its_order(api, ask_for, monkeypatch, most):
    monkeypatch.setattr(search, "MAX_LISTED", most)
    await ask_for(*(f"Export number {number}" for number in range(7)), "Import all")
    seen, cursor = [], None
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        answer = (await api.get("/v1/requests", params={"q": "export", "sort": "newest", "limit": 3, **more})).json()
        seen += [each["created_at"] for each in answer["items"]]
        if (cursor := answer["next"]) is None:
            break
    assert len(seen) == 7
    assert all(one > other for one, other in pairwise(seen))


async def test_another_tenant_finds_none_of_it(clients, ask_for):
    await ask_for("Export bookmarks")
    other = await clients.with_key("other", "*")
    assert (await other.get("/v1/requests", params={"q": "bookmarks"})).json()["items"] == []


async def test_words_are_looked_up_in_their_index(resources, worker):
    """Row level security keeps operators of full text away from an index; the view does not."""
    async with worker.transaction() as tx:
        await tx.raw.execute(FILL)
    async with resources.database(Role.API).transaction("default") as tx:
        plan = await tx.raw.fetch(f"EXPLAIN {search.FOUND}", "'default:w7'", 10)
    assert "request_words_words" in "\n".join(row[0] for row in plan)
