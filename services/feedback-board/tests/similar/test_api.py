"""Similar requests over the API: found by a title, proposed to staff as duplicates, and never merged by themselves."""

import asyncio

import pytest

from plaudit.common.db import Role
from plaudit.feedback_board.similar import commands

pytestmark = pytest.mark.postgres


@pytest.fixture
def similar(api):
    """What is similar to a title: (likeness, title) of each."""

    async def look(q: str) -> list[tuple[str, str]]:
        answer = await api.get("/v1/requests/similar", params={"q": q})
        assert answer.status_code == 200, answer.text
        return [(each["likeness"], each["request"]["title"]) for each in answer.json()["items"]]

    return look


async def test_the_same_comes_before_the_related_and_the_rest_not_at_all(ask_for, similar):
    await ask_for("Dark mode for pages and editor", "Dark mode for all pages", "Export invoices", "Vertical tabs")
    assert await similar("Dark mode for all pages") == [
        ("same", "Dark mode for all pages"),
        ("related", "Dark mode for pages and editor"),
    ]


async def test_a_merged_request_is_found_as_its_root_and_once(api, ask_for, similar):
    one, other = await ask_for("Dark mode for all pages", "Night theme with dark mode everywhere")
    await api.put(f"/v1/requests/{one}/merge", json={"into": other, "reason": "Both ask for it."})
    assert await similar("Dark mode for all pages") == [("same", "Night theme with dark mode everywhere")]


async def test_what_is_new_is_found_when_it_is_indexed(api, index, similar):
    await api.post("/v1/requests", json={"title": "Dark mode for all pages"})
    assert await similar("Dark mode for all pages") == []
    assert await index() == 1
    assert await similar("Dark mode for all pages") == [("same", "Dark mode for all pages")]


async def test_a_title_that_changes_is_found_by_its_new_words_alone(worker, resources, ask_for, index, similar):
    (one,) = await ask_for("Dark mode for all pages")
    async with resources.database(Role.API).transaction("default") as tx:
        await tx.raw.execute("UPDATE requests SET title = 'Import a file' WHERE id = $1", one)
    assert await index() == 1
    assert await similar("Dark mode for all pages") == []
    assert await similar("Import files") == [("same", "Import a file")]
    async with worker.transaction() as tx:
        rows = await tx.raw.fetch("SELECT stem FROM title_stems ORDER BY stem")
        gone = await tx.raw.fetchval("SELECT titles FROM stem_counts WHERE stem = 'dark'")
    assert ([row["stem"] for row in rows], gone) == (["fil", "import"], 0)


async def test_another_tenant_is_told_of_none(clients, ask_for):
    await ask_for("Dark mode")
    other = await clients.with_key("other", "*")
    assert (await other.get("/v1/requests/similar", params={"q": "Dark mode"})).json() == {"items": []}


async def test_counts_of_stems_are_those_of_the_titles(worker, ask_for, index):
    await ask_for("Dark mode", "Dark pages", "Light pages")
    async with worker.transaction() as tx:
        counted = await tx.raw.fetch("SELECT stem, titles FROM stem_counts WHERE stem <> '' ORDER BY stem")
        stored = await tx.raw.fetch("SELECT stem, count(*)::int AS titles FROM title_stems GROUP BY stem ORDER BY stem")
        all_titles = await tx.raw.fetchval("SELECT titles FROM stem_counts WHERE stem = ''")
    assert [tuple(row) for row in counted] == [tuple(row) for row in stored]
    assert all_titles == 3


async def test_two_workers_index_each_request_once(worker, api, resources):
    for number in range(6):
        await api.post("/v1/requests", json={"title": f"Dark mode of page {number}"})

    async def turn() -> int:
        async with worker.transaction() as tx:
            return await commands.index_words(tx, 2)

    done = 0
    while done < 6:
        done += sum(await asyncio.gather(turn(), turn()))
    async with worker.transaction() as tx:
        assert await tx.raw.fetchval("SELECT titles FROM stem_counts WHERE stem = ''") == 6
        assert await tx.raw.fetchval("SELECT count(*) FROM words_to_index") == 0


async def test_a_duplicate_is_proposed_until_it_is_rejected_and_then_never_again(api, ask_for):
    one, other = await ask_for("Print the editor contents", "Allow to print the editor contents")

    async def proposed(request_id: str) -> list[str]:
        answer = await api.get(f"/v1/requests/{request_id}/duplicates")
        assert answer.status_code == 200, answer.text
        return [each["request"]["id"] for each in answer.json()["items"]]

    assert await proposed(one) == [other]
    assert await proposed(other) == [one]
    path = f"/v1/requests/{one}/duplicates/{other}/rejection"
    assert (await api.put(path)).json() == {"already": False}
    assert (await api.put(f"/v1/requests/{other}/duplicates/{one}/rejection")).json() == {"already": True}
    assert await proposed(one) == await proposed(other) == []
    log = (await api.get(f"/v1/requests/{other}/activity")).json()["items"]
    assert (log[0]["type"], log[0]["detail"]["request_id"]) == ("duplicate_rejected", one)

    assert (await api.delete(path)).json() == {"already": False}
    assert (await api.delete(path)).json() == {"already": True}
    assert await proposed(one) == [other]


async def test_a_related_request_and_a_merged_one_have_no_duplicates(api, ask_for):
    one, other, third = await ask_for("Hide the status bar", "Show the status bar", "Hiding the status bar")
    assert (await api.get(f"/v1/requests/{other}/duplicates")).json() == {"items": []}
    await api.put(f"/v1/requests/{third}/merge", json={"into": one, "reason": "Both ask for it."})
    assert (await api.get(f"/v1/requests/{third}/duplicates")).json() == {"items": []}
    assert (await api.get(f"/v1/requests/{one}/duplicates")).json() == {"items": []}


async def test_a_request_is_no_duplicate_of_itself_or_of_one_that_there_is_not(api, ask_for, clients):
    (one,) = await ask_for("Dark mode")
    missing = "00000000-0000-7000-8000-000000000000"
    assert (await api.put(f"/v1/requests/{one}/duplicates/{one}/rejection")).status_code == 422
    assert (await api.put(f"/v1/requests/{one}/duplicates/{missing}/rejection")).status_code == 404
    assert (await api.get(f"/v1/requests/{missing}/duplicates")).status_code == 404
    other = await clients.with_key("other", "*")
    assert (await other.get(f"/v1/requests/{one}/duplicates")).status_code == 404


async def test_the_api_role_reads_no_words_of_another_tenant(resources, ask_for):
    await ask_for("Dark mode")
    async with resources.database(Role.API).transaction("other") as tx:
        for table in ("searched_requests", "title_stems", "stem_counts"):
            assert await tx.raw.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_an_empty_time_of_deflection_is_refused(api):
    same = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-01T00:00:00Z"}
    refused = await api.get("/v1/board/deflection", params=same)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (422, "problems#empty-time")
    counted = (await api.get("/v1/board/deflection")).json()
    assert (counted["attempts"], counted["share"]) == (0, None)


async def test_what_is_held_or_removed_is_similar_to_nothing(api, clients, index):
    visitor = clients.visitor()
    links = "https://a.example https://b.example https://c.example"
    await visitor.post("/b/default/requests", data={"title": "Print the editor contents", "text": links})
    removed = (await api.post("/v1/requests", json={"title": "Print the contents of the editor"})).json()
    path = f"/v1/moderation/posts/request/{removed['id']}/remove"
    assert (await api.post(path, json={"reason": "Off the subject."})).status_code == 200
    await index()
    answer = await api.get("/v1/requests/similar", params={"q": "Print the editor contents"})
    assert answer.json() == {"items": []}
    assert (await api.get("/v1/requests", params={"q": "editor"})).json()["items"] == []
