"""Reading the log of deliveries."""

import asyncio
import json
from uuid import uuid4

import pytest

from plaudit.common.http.paging import encode_cursor
from plaudit_testing.running_ingest import Ingest, Source, created
from plaudit_testing.webhooks import headers

pytestmark = pytest.mark.postgres

COUNT = 12


async def test_each_filter_finds_what_it_says_the_latest_first(ingest: Ingest, source: Source):
    other = await ingest.source(subject="globex")
    posted = [
        (source, created("r-1"), "msg_whole"),
        (source, [created("r-2"), created("r-3", 9)], "msg_partly"),
        (source, b"{", "msg_bad"),
        (other, created("r-1"), "msg_whole"),
        (source, created("r-9"), "msg_whole"),  # the id again, with another body
    ]
    for each in posted:
        await ingest.post(*each)

    async def sent(**filters: object) -> list[str]:
        return [item["sent_id"] for item in await ingest.items("/v1/deliveries", **filters)]

    assert await sent() == ["msg_whole", "msg_whole", "msg_bad", "msg_partly", "msg_whole"]
    assert await sent(source_id=other.id) == ["msg_whole"]
    assert await sent(source_id=source.id) == ["msg_whole", "msg_bad", "msg_partly", "msg_whole"]
    assert await sent(sent_id="msg_whole") == ["msg_whole"] * 3
    assert await sent(quarantined=True) == ["msg_whole", "msg_bad", "msg_partly"]
    assert await sent(quarantined=False) == ["msg_whole", "msg_whole"]
    assert await sent(quarantined=False, source_id=source.id) == ["msg_whole"]
    assert await sent(sent_id="never") == []


async def test_pages_hold_each_delivery_once_also_those_of_one_commit(ingest: Ingest, source: Source):
    await asyncio.gather(*(ingest.post(source, created(f"r-{number}"), f"msg_{number}") for number in range(COUNT)))
    instants = {item["received_at"] for item in await ingest.items("/v1/deliveries")}
    assert len(instants) < COUNT, "no two were committed together"
    for limit in (1, 5, COUNT, COUNT + 1):
        pages = await ingest.pages("/v1/deliveries", limit=limit)
        found = [item["sent_id"] for page in pages for item in page]
        assert sorted(found) == sorted(f"msg_{number}" for number in range(COUNT))


async def test_a_list_shows_no_bodies_and_a_delivery_all_of_itself(ingest: Ingest, source: Source):
    await ingest.post(source, created("r-1", text="canary"), "msg_1")
    listed = await ingest.get("/v1/deliveries")
    assert "canary" not in listed.text
    [item] = listed.json()["items"]
    read = (await ingest.get(f"/v1/deliveries/{item['id']}")).json()
    assert "canary" in read["body"]
    assert {name: read[name] for name in item} == item
    assert read["body_bytes"] == len(read["body"])


async def test_a_delivery_that_is_none_is_a_404(ingest: Ingest):
    assert (await ingest.get(f"/v1/deliveries/{uuid4()}")).status_code == 404


LIST = "/v1/deliveries?"
"""What the cursors of the whole list belong to."""


async def test_a_parameter_that_cannot_be_is_refused_and_never_a_500(ingest: Ingest):
    hostile = {
        "limit": ["0", "501", "x"],
        "cursor": ["", "x", encode_cursor(1, of=LIST), encode_cursor("0001-01-01T00:00:00+14:00", uuid4(), of=LIST)],
        "source_id": ["x"],
        "quarantined": ["maybe"],
        "sent_id": [""],
    }
    for name, values in hostile.items():
        for value in values:
            answer = await ingest.get("/v1/deliveries", **{name: value})
            assert answer.status_code == 422, (name, value, answer.text)
    assert await ingest.items("/v1/deliveries", sent_id="é'; --") == []


async def test_a_large_body_is_stored_as_it_came_without_the_time_that_compression_takes(
    ingest: Ingest, source: Source
):
    many = [created(f"r-{number}", text="all the same " * 10) for number in range(100)]
    assert (await ingest.post(source, many)).status_code == 202
    [[stored_bytes, body_bytes]] = await ingest.rows("SELECT pg_column_size(body), length(body) FROM ingest.deliveries")
    assert stored_bytes == body_bytes > 8192


async def test_a_search_finds_by_ids_and_by_words_of_a_reason(ingest: Ingest, source: Source):
    other = await ingest.source(subject="globex")
    await ingest.post(source, created("r-1"), "msg_1")
    await ingest.post(source, [created("r-2"), created("r_3", 9)], "msg_2")
    await ingest.post(source, {"type": "review.removed", "data": {"id": "late"}}, "msg_held")
    await ingest.post(source, {"type": "ping", "data": {}}, "msg_ping")
    await ingest.post(other, created("r-1", 2), "msg_other")
    await ingest.post(source, {"type": "review.edited", "data": {"id": "r-1", "rating": 1}}, "msg_edit")
    await ingest.post(source, created("r-8"), "msg_1")  # the id again, with another body
    [[first_id]] = await ingest.rows("SELECT id FROM ingest.deliveries WHERE dedup_id = 'msg_1'")

    async def sent(search: str, **filters: object) -> list[str]:
        found = await ingest.items("/v1/deliveries", search=search, **filters)
        return [item["sent_id"] for item in found]

    assert await sent("msg_1") == ["msg_1", "msg_1"]
    assert await sent("msg_1", quarantined=True) == ["msg_1"]
    assert await sent(str(first_id)) == ["msg_1"]
    assert await sent("r-1") == ["msg_edit", "msg_other", "msg_1"]
    assert await sent("r-1", source_id=other.id) == ["msg_other"]
    assert await sent("late") == ["msg_held"]
    assert await sent("SCALE") == ["msg_2"]
    assert await sent("ping") == ["msg_ping"]
    assert await sent("%") == await sent('"') == await sent("r_") == await sent("never") == []
    assert await sent("'late'") == ["msg_held"]
    pages = await ingest.pages("/v1/deliveries", search="r-1", limit=1)
    assert [item["sent_id"] for page in pages for item in page] == ["msg_edit", "msg_other", "msg_1"]
    await ingest.key("globex")
    assert await ingest.items("/v1/deliveries", "globex", search=str(first_id)) == []


async def test_a_delivery_says_what_became_of_each_event_and_how_long_it_took(ingest: Ingest, source: Source):
    await ingest.post(source, created("r-1"), "msg_1")
    events = [
        created("r-1"),
        created("r-2"),
        created("r-3", 9),
        {"type": "review.answered", "data": {"id": "late", "answer": {"text": "Thanks"}}},
        {"type": "ping", "data": {}},
        {"type": "review.edited", "data": {"id": "r-2", "rating": 1}},
    ]
    await ingest.post(source, events, "msg_2")
    [item] = await ingest.items("/v1/deliveries", sent_id="msg_2")
    read = (await ingest.get(f"/v1/deliveries/{item['id']}")).json()
    told = [(each["index"], each["type"], each["external_id"], each["verdict"]) for each in read["events"]]
    assert told == [
        (0, "create", "r-1", "unchanged"),
        (1, "create", "r-2", "taken"),
        (2, None, None, "quarantined"),
        (3, "answer", "late", "held"),
        (4, None, None, "ignored"),
        (5, "edit", "r-2", "taken"),
    ]
    assert "scale" in read["events"][2]["reason"]
    [[review_id]] = await ingest.rows("SELECT id FROM ingest.reviews WHERE external_id = 'r-2'")
    assert (read["events"][5]["review_id"], read["events"][5]["revisions"]) == (str(review_id), [1, 2])
    assert read["latency_ms"] > 0


async def test_the_attributes_of_a_cloud_event_are_kept_with_its_body(ingest: Ingest, source: Source):
    body = json.dumps(created("r-1")["data"]).encode()
    attributes = {"ce-specversion": "1.0", "ce-type": "review.created", "ce-source": "/shop", "ce-id": "e-1"}
    answer = await ingest.send(source.hook, body, headers(source.secret, body, "msg_1") | attributes)
    assert answer.status_code == 202, answer.text
    read = (await ingest.get(f"/v1/deliveries/{answer.json()['delivery_id']}")).json()
    assert attributes.items() <= read["headers"].items()
    assert [(each["external_id"], each["verdict"]) for each in read["events"]] == [("r-1", "taken")]
