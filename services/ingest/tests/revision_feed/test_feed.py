"""The feed of revisions: what it holds, up to which position on the bus, and live."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from plaudit.common.db import Role
from plaudit.common.http import event_stream
from plaudit.common.http.paging import encode_cursor
from plaudit.common.vault import vault_of
from plaudit.ingest.erasure.jobs import ErasureJob
from plaudit.ingest.revision_feed import store
from plaudit.ingest.revision_feed.domain import Place
from plaudit_testing.problems import problem_of
from plaudit_testing.running_ingest import Ingest, Source, created
from plaudit_testing.runtime import until

pytestmark = pytest.mark.postgres

FEED = "/v1/review-revisions"


def about(kind: str, external_id: str, **data: Any) -> dict[str, Any]:
    return {"type": f"review.{kind}", "data": {"id": external_id, **data}}


async def publish(ingest: Ingest, events: int) -> None:
    """Move the relay's cursor behind so many further events, as the relay does."""
    await ingest.superuser.execute(
        """
        WITH taken AS (
            SELECT o.xid, o.id, o.topic || '/' || o.partition AS place FROM ingest.outbox o, ingest.relay_cursor c
            WHERE (o.xid, o.id) > (c.xid, c.id) ORDER BY o.xid, o.id LIMIT $1
        ), last AS (SELECT xid, id FROM taken ORDER BY xid DESC, id DESC LIMIT 1)
        UPDATE ingest.relay_cursor SET xid = last.xid, id = last.id, numbers = numbers || (
            SELECT jsonb_object_agg(place, n + coalesce((numbers ->> place)::int, 0))
            FROM (SELECT place, count(*) AS n FROM taken GROUP BY place) AS counts
        ) FROM last
        """,
        events,
    )


async def rebuilt(ingest: Ingest, limit: int) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """All items of a reading, and the sequences that it states."""
    items: list[dict[str, Any]] = []
    page: dict[str, Any] = (await ingest.get(FEED, limit=limit)).json()
    position = page["position"]
    while True:
        assert page["position"] == position
        items += page["items"]
        if page["next"] is None:
            return items, position["sequences"]
        page = (await ingest.get(FEED, limit=limit, after=page["next"])).json()


STEPS: list[Any] = [
    [created("a", 2, version=1), created("b", 4, version=1), created("c", 5)],
    about("edited", "a", rating=4, version=2),
    about("edited", "a", version=3),
    [about("removed", "b", version=2), about("edited", "b", text="Late.", version=3)],
    about("restored", "b", version=4),
    about("removed", "never seen", version=9),
]


async def events(ingest: Ingest) -> list[tuple[int, dict[str, Any]]]:
    """The outbox as the relay publishes it: partition and data."""
    rows = await ingest.rows("SELECT partition, envelope FROM ingest.outbox ORDER BY xid, id")
    return [(row["partition"], json.loads(row["envelope"])["data"]) for row in rows]


def without_times(state: dict[str, Any] | None) -> tuple[Any, ...] | None:
    return None if state is None else (state["external_id"], state["rating"], state.get("text"))


@pytest.mark.parametrize("limit", [1, 2, 500])
async def test_the_feed_and_later_events_make_the_same_state_wherever_the_relay_stands(
    ingest: Ingest, source: Source, limit: int
):
    for step in STEPS:
        assert (await ingest.post(source, step)).status_code == 202
    told = await events(ingest)
    wanted: dict[str, Any] = {}
    for _, change in told:
        wanted[change["review_id"]] = without_times(change["after"])
    for published in range(len(told) + 1):
        items, sequences = await rebuilt(ingest, limit)
        state: dict[str, Any] = {}
        for item in items:
            assert without_times(item["before"]) == state.get(item["review_id"]), item
            state[item["review_id"]] = without_times(item["after"])
        numbers: dict[int, int] = {}
        for partition, change in told:
            numbers[partition] = numbers.get(partition, 0) + 1
            if numbers[partition] > sequences.get(str(partition), 0):
                assert without_times(change["before"]) == state.get(change["review_id"]), published
                state[change["review_id"]] = without_times(change["after"])
        assert {key: value for key, value in state.items() if value} == {k: v for k, v in wanted.items() if v}
        if published < len(told):
            await publish(ingest, 1)


async def test_the_feed_names_the_partition_of_the_events(ingest: Ingest, source: Source):
    await ingest.post(source, [created("a", subject="acme/berlin"), created("b", subject="bolt")])
    await publish(ingest, 2)
    items, _ = await rebuilt(ingest, 10)
    told = {change["review_id"]: partition for partition, change in await events(ingest)}
    assert {item["review_id"]: item["partition"] for item in items} == told


async def test_each_tenant_reads_its_own_revisions_only(ingest: Ingest, source: Source):
    await ingest.post(source, created("a"))
    await publish(ingest, 1)
    assert len(await ingest.items(FEED)) == 1
    assert await ingest.items(FEED, "other") == []


@pytest.mark.parametrize(("xid", "revision"), [(-1, 1), (1, -1), (1, 2**31)])
async def test_an_invented_place_that_no_revision_can_have_is_refused(ingest: Ingest, xid: int, revision: int):
    after = encode_cursor(*(1, False, 1, {}, xid, uuid4(), revision), of=FEED)
    key = {"authorization": f"Bearer {await ingest.key()}", "accept": "text/event-stream"}
    last_id = encode_cursor(xid, uuid4(), revision, of=f"{FEED} live")

    live = await ingest.client.get(FEED, headers={**key, "last-event-id": last_id})
    assert [(await ingest.get(FEED, after=after)).status_code, live.status_code] == [422, 422]


async def test_a_place_that_is_none_is_refused(ingest: Ingest):
    for after in ("x", "A" * 3_000, ""):
        assert (await ingest.get(FEED, after=after)).status_code == 422


async def streamed(ingest: Ingest, wanted: int, last_id: str | None, post: Any = None) -> list[tuple[str, Any]]:
    """(id, data) of so many events of a live stream."""
    headers = {"authorization": f"Bearer {await ingest.key()}", "accept": "text/event-stream"}
    if last_id is not None:
        headers["last-event-id"] = last_id
    found: list[tuple[str, Any]] = []
    async with ingest.client.stream("GET", FEED, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        event_id = ""
        async for line in answer.aiter_lines():
            if line.startswith("retry:") and post:
                await post()
            if line.startswith("id: "):
                event_id = line[4:]
            if line.startswith("data: "):
                found.append((event_id, json.loads(line[6:])))
                if len(found) == wanted:
                    return found
    return found


async def test_a_stream_tells_what_is_new_and_goes_on_from_its_last_id(
    ingest: Ingest, source: Source, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(event_stream, "PAUSE_SECONDS", 0.05)
    await ingest.post(source, created("before"))
    first = await streamed(ingest, 2, None, lambda: ingest.post(source, [created("a"), created("b")]))
    names = [data["after"]["external_id"] for _, data in first]
    assert sorted(names) == ["a", "b"]
    await ingest.post(source, created("c"))
    again = await streamed(ingest, 2, first[0][0])
    assert [data["after"]["external_id"] for _, data in again] == [names[1], "c"]


@pytest.mark.parametrize("sent", [None, ""], ids=("without an id", "with an empty id, as some clients send it"))
async def test_a_client_that_no_event_has_come_to_misses_nothing_when_it_comes_back(
    ingest: Ingest, source: Source, monkeypatch: pytest.MonkeyPatch, sent: str | None
):
    monkeypatch.setattr(event_stream, "PAUSE_SECONDS", 0.01)
    await ingest.post(source, created("before"))
    headers = {"authorization": f"Bearer {await ingest.key()}", "accept": "text/event-stream"}
    headers |= {} if sent is None else {"last-event-id": sent}
    with monkeypatch.context() as short:
        short.setattr(event_stream, "STREAM_AGE", event_stream.STREAM_AGE / 60_000)
        quiet = await ingest.client.get(FEED, headers=headers)
    assert (quiet.status_code, "data:" in quiet.text) == (200, False)
    [line] = [line for line in quiet.text.splitlines() if line.startswith("id: ")]
    await ingest.post(source, created("between"))
    [(_, data)] = await streamed(ingest, 1, line.removeprefix("id: "))
    assert data["after"]["external_id"] == "between"


async def test_a_stream_beats_while_nothing_comes_ends_when_it_is_old_and_gives_its_place_back(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(event_stream, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.02)
    monkeypatch.setattr(event_stream, "STREAM_AGE", event_stream.STREAM_AGE / 6_000)
    headers = {"authorization": f"Bearer {await ingest.key()}", "accept": "text/event-stream"}
    answer = await ingest.client.get(FEED, headers=headers)
    assert ": still here" in answer.text
    assert ingest.parts.app.state.event_streams.open == 0


async def test_too_many_streams_are_told_to_come_back(ingest: Ingest, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(event_stream, "MAX_STREAMS", 1)
    monkeypatch.setattr(event_stream, "PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.05)
    headers = {"authorization": f"Bearer {await ingest.key()}", "accept": "text/event-stream"}
    async with ingest.client.stream("GET", FEED, headers=headers) as first:
        await anext(first.aiter_lines())
        refused = await ingest.client.get(FEED, headers=headers)
        assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
    streams = ingest.parts.app.state.event_streams
    await until(lambda: streams.open == 0, "a client that has left holds no place")


async def test_of_a_review_that_is_erased_the_feed_says_that_alone(ingest: Ingest, source: Source):
    await ingest.post(source, [created("a", 2, text="Slow."), created("b")])
    await ingest.post(source, about("edited", "a", rating=4))
    [erased] = await ingest.rows("SELECT id FROM ingest.reviews WHERE external_id = 'a'")
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    asked = await ingest.client.post("/v1/erasures", json={"review_id": str(erased["id"])}, headers=headers)
    assert asked.status_code == 202
    resources = ingest.resources
    vault = vault_of(resources.settings)
    job = ErasureJob(resources.database(Role.WORKER), resources.outbox, resources.ids, vault, settling_seconds=0)
    while await job.has_work():
        await job.turn()
    await publish(ingest, 10)

    items, _ = await rebuilt(ingest, 10)

    told = [(item["type"], item["erased"], item["before"], item["after"]) for item in items]
    assert [each for each in told if each[1]] == [
        (kind, True, None, None) for kind in ("review.created", "review.edited", "review.erased")
    ]
    [(_, _, before, after)] = [each for each in told if not each[1]]
    assert before is None
    assert after["external_id"] == "b"


async def test_a_place_that_a_restored_database_has_not_come_to_is_refused_and_an_open_stream_ends(
    ingest: Ingest, source: Source, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(event_stream, "PAUSE_SECONDS", 0.01)
    await ingest.post(source, [created("a"), created("b")])
    await publish(ingest, 2)
    after = (await ingest.get(FEED, limit=1)).json()["next"]
    headers = {"authorization": f"Bearer {await ingest.key()}", "accept": "text/event-stream"}
    asked, end = 0, store.end

    async def restored(tx: Any) -> Place:
        nonlocal asked
        asked += 1
        return await end(tx) if asked <= 2 else Place(7, UUID(int=0), 0)

    monkeypatch.setattr(store, "end", restored)
    open_stream = await ingest.client.get(FEED, headers=headers)
    [place] = [line.removeprefix("id: ") for line in open_stream.text.splitlines() if line.startswith("id: ")]

    refused = [
        await ingest.get(FEED, limit=1, after=after),
        await ingest.client.get(FEED, headers=headers | {"last-event-id": place}),
    ]
    assert {problem_of(each) for each in refused} == {(422, "invalid-cursor")}
    assert all("restored" in each.json()["detail"] for each in refused)
    assert len(await ingest.items(FEED)) == 2, "whoever begins anew reads all that there is"
