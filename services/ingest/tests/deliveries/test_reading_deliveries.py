"""Reading the log of deliveries."""

import asyncio
from uuid import uuid4

import pytest

from plaudit.common.http.paging import encode_cursor
from plaudit_testing.running_ingest import Ingest, Source, created

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
