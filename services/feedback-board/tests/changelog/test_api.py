"""The changelog in the API: written, published with who asked, and taken back."""

from uuid import uuid4

import httpx
import pytest

from plaudit_testing.board_pages import put_on_board

pytestmark = pytest.mark.postgres

ENTRY = {"title": "Deposits come back at once", "changed": "We pay at once now."}


async def _requests(api: httpx.AsyncClient) -> list[str]:
    return [item["id"] for item in (await api.get("/v1/requests")).json()["items"]]


async def test_an_entry_is_a_draft_until_it_is_published_and_then_tells_who_asked(
    api: httpx.AsyncClient, clients, reviews
) -> None:
    paths = [await put_on_board(api, title) for title in ("Refund at once", "Refund faster")]
    ids = await _requests(api)
    for each in ids:  # the same person asked for both
        assert (await api.post(f"/v1/requests/{each}/votes", json={"person": "native:anna"})).status_code in {200, 201}
    await clients.visitor().post(f"{paths[0]}/votes", data={"choice": "vote"})
    review = await reviews.published(person="native:bo")
    await api.post(f"/v1/requests/{ids[0]}/links", json={"review_id": str(review)})

    made = await api.post("/v1/changelog", json={**ENTRY, "request_ids": ids})
    assert made.status_code == 201, made.text
    entry = made.json()
    visitor = clients.visitor()
    assert (await visitor.get(entry["page"])).status_code == 404
    answer = await api.put(f"/v1/changelog/{entry['id']}/publication", json={"published": True})
    assert (answer.json()["people"], answer.json()["visitors"], answer.json()["reviews"]) == (2, 1, 1)
    assert (await visitor.get(entry["page"])).status_code == 200
    back = (await api.put(f"/v1/changelog/{entry['id']}/publication", json={"published": False})).json()
    assert back["published_at"] is None
    assert (await visitor.get(entry["page"])).status_code == 404


async def test_an_entry_is_about_no_request_that_was_removed(api: httpx.AsyncClient, clients) -> None:
    path = await put_on_board(api, "Refund at once")
    (request_id,) = await _requests(api)
    await api.post(f"/v1/requests/{request_id}/votes", json={"person": "native:anna"})
    entry = (await api.post("/v1/changelog", json={**ENTRY, "request_ids": [request_id]})).json()
    removed = await api.post(f"/v1/moderation/posts/request/{request_id}/remove", json={"reason": "An advertisement."})
    assert removed.status_code == 200
    published = await api.put(f"/v1/changelog/{entry['id']}/publication", json={"published": True})
    assert published.json()["people"] == 0
    assert path not in (await clients.visitor().get(entry["page"])).text
    assert (await api.post("/v1/changelog", json={**ENTRY, "request_ids": [request_id]})).status_code == 422


async def test_an_entry_that_does_not_say_what_was_changed_is_not_published(api: httpx.AsyncClient) -> None:
    entry = (await api.post("/v1/changelog", json={"title": "Nothing yet", "changed": "\u200b"})).json()
    answer = await api.put(f"/v1/changelog/{entry['id']}/publication", json={"published": True})
    assert (answer.status_code, answer.json()["type"].rpartition("#")[2]) == (409, "entry-not-ready")


async def test_an_entry_is_rewritten_only_at_the_revision_that_was_read(api: httpx.AsyncClient) -> None:
    made = await api.post("/v1/changelog", json=ENTRY)
    path = f"/v1/changelog/{made.json()['id']}"
    changed = await api.put(path, json={**ENTRY, "learned": "The bank was slow."}, headers={"if-match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    late = await api.put(path, json={**ENTRY, "learned": "It was us."}, headers={"if-match": made.headers["etag"]})
    assert late.status_code == 412
    assert (await api.get(path)).json()["learned"] == "The bank was slow."


async def test_a_published_entry_is_not_deleted_and_a_draft_is(api: httpx.AsyncClient) -> None:
    path = f"/v1/changelog/{(await api.post('/v1/changelog', json=ENTRY)).json()['id']}"
    await api.put(f"{path}/publication", json={"published": True})
    assert (await api.delete(path)).status_code == 409
    await api.put(f"{path}/publication", json={"published": False})
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).status_code == 404


async def test_an_entry_names_only_requests_of_its_own_board(api: httpx.AsyncClient, clients) -> None:
    other = await clients.with_key("other", "*")
    theirs = (await other.post("/v1/requests", json={"title": "Theirs"})).json()["id"]
    for unknown in (theirs, str(uuid4())):
        answer = await api.post("/v1/changelog", json={**ENTRY, "request_ids": [unknown]})
        assert answer.status_code == 422
        assert unknown in answer.text
    ours = (await api.post("/v1/changelog", json=ENTRY)).json()["id"]
    assert (await other.get(f"/v1/changelog/{ours}")).status_code == 404
    assert (await other.delete(f"/v1/changelog/{ours}")).status_code == 404


async def test_every_change_of_an_entry_is_in_the_log_with_all_of_it(api: httpx.AsyncClient, worker) -> None:
    path = f"/v1/changelog/{(await api.post('/v1/changelog', json=ENTRY)).json()['id']}"
    await api.put(path, json={**ENTRY, "since": "Nobody has asked again."})
    await api.put(f"{path}/publication", json={"published": True})
    async with worker.transaction() as tx:
        rows = await tx.raw.fetch(
            "SELECT detail ->> 'since' AS since, detail ->> 'published_at' AS published_at, detail ->> 'changed' AS "
            "changed FROM activity WHERE type = 'changelog_saved' ORDER BY id"
        )
    assert [row["since"] for row in rows] == ["", "Nobody has asked again.", "Nobody has asked again."]
    assert [row["published_at"] is None for row in rows] == [True, True, False]
    assert {row["changed"] for row in rows} == {ENTRY["changed"]}
