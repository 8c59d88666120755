"""Replays: what was not taken is, what was taken is not taken twice, and what was erased stays erased."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest

from plaudit.common.db import Role
from plaudit.common.outbox import lag
from plaudit.common.vault import Place, vault_of
from plaudit.ingest.erasure.jobs import ErasureJob
from plaudit.ingest.replays.jobs import ReplayJob
from plaudit_testing.running_ingest import Ingest, Source, created
from plaudit_testing.vault import lost
from plaudit_testing.webhooks import headers

pytestmark = pytest.mark.postgres

BROADER = "UPDATE ingest.sources SET subject = 'globex' WHERE id = $1"
"""The fix that the tests make: the subject that events name is the source's."""

TRUSTPILOT = {
    "id": "t-1",
    "title": "Late",
    "text": "Two hours late.",
    "createdAt": "2026-02-14T10:15:30Z",
    "consumer": {"id": "c-1", "name": "M."},
}


def edited(external_id: str, **data: Any) -> dict[str, Any]:
    return {"type": "review.edited", "data": {"id": external_id, **data}}


async def stored(ingest: Ingest) -> list[tuple[Any, ...]]:
    """All reviews and revisions, and how many events were published."""
    rows = await ingest.rows(
        "SELECT r.external_id, r.rating, r.removed, v.revision, v.type, v.delivery_id FROM ingest.reviews r "
        "JOIN ingest.revisions v ON v.review_id = r.id ORDER BY r.external_id, v.revision"
    )
    return [*map(tuple, rows), ((await ingest.counts())["outbox"],)]


async def ratings(ingest: Ingest) -> dict[str, float]:
    return dict(map(tuple, await ingest.rows("SELECT external_id, rating FROM ingest.reviews WHERE revision > 0")))


async def delivery_of(ingest: Ingest, sent_id: str) -> dict[str, Any]:
    [item] = await ingest.items("/v1/deliveries", sent_id=sent_id)
    read: dict[str, Any] = (await ingest.get(f"/v1/deliveries/{item['id']}")).json()
    return read


async def test_what_was_taken_is_not_taken_twice_in_any_history(ingest: Ingest, source: Source, replayed: Any):
    for number, event in enumerate(
        [
            created("back", 5),
            edited("back", rating=1),
            edited("back", rating=5),
            created("versions", 2, version=1),
            edited("versions", rating=4, version=3),
            edited("versions", rating=3, version=2),
            created("gone", 3),
            {"type": "review.removed", "data": {"id": "gone"}},
            [created("twice", 1), edited("twice", rating=5)],
            {"type": "review.answered", "data": {"id": "early", "answer": {"text": "Thanks"}}},
            created("early", 4),
            {"type": "review.removed", "data": {"id": "waits"}},
            {"type": "ping", "data": {}},
            created("bad", 9),
        ]
    ):
        await ingest.post(source, event, f"msg_{number}")
    before, held = await stored(ingest), await ingest.rows("SELECT * FROM ingest.held_events")
    log = await ingest.items("/v1/deliveries")
    for _ in range(2):
        done = await replayed(source_id=source.id)
        assert done["total"] == done["counts"]["deliveries"] == 14
        assert {name: done["counts"][name] for name in ("taken", "quarantined", "held", "ignored")} == {
            "taken": 0,
            "quarantined": 1,
            "held": 1,
            "ignored": 1,
        }
        assert await stored(ingest) == before
        assert await ingest.rows("SELECT * FROM ingest.held_events") == held
    changed = [each["sent_id"] for each in await ingest.items("/v1/deliveries") if each not in log]
    assert changed == ["msg_9"], "the answer that waited when it was received, and does no longer"


async def test_after_a_fix_what_was_quarantined_is_taken_event_by_event(ingest: Ingest, source: Source, replayed: Any):
    good, foreign = created("r-1"), [created("r-2", subject="globex/a"), created("r-3", subject="globex/b")]
    await ingest.post(source, [good, *foreign], "msg_1")
    refused = await ingest.post(source, foreign[0] | {"data": {**foreign[0]["data"], "id": "r-4"}}, "msg_2")
    assert refused.status_code == 422
    delivery = await delivery_of(ingest, "msg_1")
    assert [event["verdict"] for event in delivery["events"]] == ["taken", "quarantined", "quarantined"]
    await ingest.superuser.execute(BROADER, source.id)
    done = await replayed(delivery_id=delivery["id"], event_index=2)
    assert (done["counts"]["taken"], done["counts"]["unchanged"]) == (1, 0)
    delivery = await delivery_of(ingest, "msg_1")
    assert [event["verdict"] for event in delivery["events"]] == ["taken", "quarantined", "taken"]
    assert [each["index"] for each in delivery["quarantined"]] == [1]
    assert delivery["replayed_at"] is not None
    await replayed(source_id=source.id, quarantined_only=True)
    delivery, second = await delivery_of(ingest, "msg_1"), await delivery_of(ingest, "msg_2")
    assert (delivery["accepted"], delivery["quarantined"], delivery["first_status"]) == (3, [], None)
    assert (second["status"], second["first_status"], second["quarantine_reason"]) == (202, 422, None)
    assert set(await ratings(ingest)) == {"r-1", "r-2", "r-3", "r-4"}
    assert await ingest.items("/v1/quarantined-events") == []
    again = await ingest.post(source, foreign[0] | {"data": {**foreign[0]["data"], "id": "r-4"}}, "msg_2")
    assert (again.status_code, again.json()["duplicate"]) == (202, True)


async def test_what_a_replay_takes_of_a_back_fill_calls_nobody_either(ingest: Ingest, source: Source, replayed: Any):
    for sent_id, backfill in (("msg_old", "true"), ("msg_live", "false")):
        body = json.dumps(created(sent_id, subject="globex")).encode()
        sent = headers(source.secret, body, sent_id) | {"plaudit-backfill": backfill}
        assert (await ingest.send(source.hook, body, sent)).status_code == 422
    await ingest.superuser.execute(BROADER, source.id)
    assert (await replayed(source_id=source.id))["counts"]["taken"] == 2
    rows = await ingest.rows(
        "SELECT r.external_id, o.envelope FROM ingest.outbox o JOIN ingest.reviews r "
        "ON r.id::text = convert_from(o.envelope, 'UTF8')::jsonb #>> '{data,review_id}'"
    )
    told = {row["external_id"]: json.loads(row["envelope"])["data"].get("backfill", False) for row in rows}
    assert told == {"msg_old": True, "msg_live": False}


async def test_a_replay_of_one_reason_leaves_the_others(ingest: Ingest, source: Source, replayed: Any):
    await ingest.post(source, [created("r-1", subject="globex"), created("r-2", 9), created("r-0")], "msg_1")
    reasons = {each["index"]: each["reason"] for each in await ingest.items("/v1/quarantined-events")}
    await ingest.superuser.execute(BROADER, source.id)
    assert (await replayed(source_id=source.id, reason=reasons[1]))["counts"]["taken"] == 0
    done = await replayed(source_id=source.id, reason=reasons[0])
    assert (done["counts"]["taken"], done["counts"]["quarantined"]) == (1, 0)
    left = await ingest.items("/v1/quarantined-events", source_id=source.id)
    assert [(each["index"], each["reason"]) for each in left] == [(1, reasons[1])]
    assert await ingest.items("/v1/quarantined-events", reason="never") == []


async def test_an_older_event_never_wins_over_a_newer_one(ingest: Ingest, source: Source, replayed: Any):
    await ingest.post(source, created("r-1", 1, subject="globex"), "msg_1")
    await ingest.post(source, created("r-1", 5), "msg_2")
    await ingest.superuser.execute(BROADER, source.id)
    await replayed(source_id=source.id)
    assert await ratings(ingest) == {"r-1": 5}
    delivery = await delivery_of(ingest, "msg_1")
    assert [event["verdict"] for event in delivery["events"]] == ["unchanged"]


async def test_an_early_answer_that_expired_is_taken_when_its_review_is_there(
    ingest: Ingest, source: Source, replayed: Any
):
    await ingest.post(source, {"type": "review.answered", "data": {"id": "r-1", "answer": {"text": "Thanks"}}}, "msg_1")
    await ingest.superuser.execute("DELETE FROM ingest.held_events")
    await ingest.superuser.execute("DELETE FROM ingest.reviews")
    await ingest.superuser.execute(
        """UPDATE ingest.deliveries SET set_aside = NULL, quarantined = '[[0, "too late"]]', accepted = 0"""
    )
    await ingest.post(source, created("r-1"), "msg_2")
    done = await replayed(source_id=source.id)
    assert done["counts"]["taken"] == 1
    [[answered_at]] = await ingest.rows("SELECT answered_at FROM ingest.reviews")
    assert answered_at is not None


async def test_what_arrived_while_it_could_not_be_read_is_taken_as_of_its_receipt(
    ingest: Ingest, source: Source, replayed: Any
):
    body = json.dumps(created("r-1", 2))
    await ingest.post(source, body.encode(), "msg_1")
    await ingest.superuser.execute("DELETE FROM ingest.revisions")
    await ingest.superuser.execute("DELETE FROM ingest.reviews")
    await ingest.superuser.execute(
        "UPDATE ingest.deliveries SET quarantine_reason = 'source_paused', accepted = 0, "
        "received_at = received_at - interval '2 days'"
    )
    done = await replayed(source_id=source.id)
    assert done["counts"]["taken"] == 1
    [[revision]] = await ingest.rows("SELECT revision FROM ingest.reviews")
    review = (await ingest.items("/v1/reviews"))[0]
    delivery = await delivery_of(ingest, "msg_1")
    assert (revision, review["received_at"]) == (1, delivery["received_at"])
    assert (delivery["accepted"], delivery["quarantine_reason"]) == (1, None)


async def test_a_range_takes_what_came_in_it_and_nothing_else(ingest: Ingest, source: Source, replayed: Any):
    for number in range(4):
        await ingest.post(source, created(f"r-{number}", 9), f"msg_{number}")
    times = [each["received_at"] for each in reversed(await ingest.items("/v1/deliveries"))]
    assert (await replayed(source_id=source.id, received_from=times[1], received_before=times[3]))["total"] == 2
    assert (await replayed(source_id=source.id, received_from=times[2]))["total"] == 2
    assert (await replayed(source_id=source.id, received_before=times[0]))["total"] == 0


async def test_what_was_erased_stays_erased(ingest: Ingest, source: Source, replayed: Any):
    author = {"id": "c-1"}
    await ingest.post(source, [created("r-1", author=author), created("r-2", subject="globex", author=author)], "msg_1")
    await ingest.post(source, [created("r-3", subject="globex", author=author), created("r-4", 9)], "msg_2")
    await ingest.post(source, created("r-5", subject="globex"), "msg_3")
    await ingest.superuser.execute(BROADER, source.id)
    authorization = {"authorization": f"Bearer {await ingest.key()}"}
    await ingest.client.post("/v1/erasures", json={"person": "native:c-1"}, headers=authorization)
    # The person is kept out from here on, and the bytes are not scrubbed yet.
    await replayed(source_id=source.id)
    assert "r-3" not in await ratings(ingest) or (await ratings(ingest))["r-3"] is None
    resources = ingest.resources
    worker, vault = resources.database(Role.WORKER), vault_of(resources.settings)
    erasing = ErasureJob(worker, resources.outbox, resources.ids, vault, settling_seconds=0)
    while await erasing.turn():
        pass
    before = await stored(ingest)
    done = await replayed(source_id=source.id)
    assert done["counts"]["erased"] == 2
    assert await stored(ingest) == before
    live = await ingest.rows("SELECT external_id FROM ingest.reviews WHERE rating IS NOT NULL")
    assert [row[0] for row in live] == ["r-5"]


async def test_an_erasure_in_the_middle_of_a_replay_holds_whichever_comes_first(
    ingest: Ingest, source: Source, job: ReplayJob, replayed: Any
):
    author = {"id": "c-1"}
    for number in range(120):
        whose = {"author": author} if number % 2 else {}
        await ingest.post(source, created(f"r-{number}", subject="globex", **whose), f"msg_{number}")
    await ingest.superuser.execute(BROADER, source.id)
    authorization = {"authorization": f"Bearer {await ingest.key()}"}
    await ingest.client.post("/v1/replays", json={"source_id": source.id}, headers=authorization)
    for _ in range(2):
        await job.turn()
    begun = (await ingest.counts())["revisions"]
    assert 0 < begun < 120, "some came back before the erasure was asked for"
    await ingest.client.post("/v1/erasures", json={"person": "native:c-1"}, headers=authorization)
    resources = ingest.resources
    worker, vault = resources.database(Role.WORKER), vault_of(resources.settings)
    erasing = ErasureJob(worker, resources.outbox, resources.ids, vault, settling_seconds=0)

    async def run(each: ReplayJob | ErasureJob) -> None:
        while await each.turn():
            pass

    await asyncio.gather(run(job), run(erasing))
    for _ in range(2):
        live = await ingest.rows("SELECT external_id FROM ingest.reviews WHERE rating IS NOT NULL")
        assert sorted(row[0] for row in live) == sorted(f"r-{number}" for number in range(0, 120, 2))
        bodies = await ingest.rows("SELECT body FROM ingest.deliveries")
        assert [row["body"] for row in bodies if b"c-1" in row["body"]] == []
        await replayed(source_id=source.id)


async def test_two_processes_and_one_killed_in_between_do_each_delivery_once(
    ingest: Ingest, source: Source, job: ReplayJob, replayed: Any
):
    for number in range(120):
        await ingest.post(source, created(f"r-{number}", subject="globex"), f"msg_{number}")
    await ingest.superuser.execute(BROADER, source.id)
    authorization = {"authorization": f"Bearer {await ingest.key()}"}
    answer = await ingest.client.post("/v1/replays", json={"source_id": source.id}, headers=authorization)
    await job.turn()
    killed = asyncio.create_task(job.turn())
    await asyncio.sleep(0)
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)

    async def run() -> None:
        while await job.turn():
            pass

    await asyncio.gather(run(), run())
    done = (await ingest.get(f"/v1/replays/{answer.json()['id']}")).json()
    assert (done["total"], done["counts"]["deliveries"], done["counts"]["taken"]) == (120, 120, 120)
    assert (await ingest.counts())["outbox"] == (await ingest.counts())["revisions"] == 120
    assert (await replayed(source_id=source.id))["counts"]["taken"] == 0


async def test_a_delivery_that_the_database_refuses_costs_no_other(ingest: Ingest, source: Source, replayed: Any):
    for number in range(3):
        await ingest.post(source, created(f"r-{number}", subject="globex"), f"msg_{number}")
    await ingest.superuser.execute(BROADER, source.id)
    await ingest.superuser.execute("ALTER TABLE ingest.reviews ADD CHECK (external_id <> 'r-1')")
    done = await replayed(source_id=source.id)
    assert (done["counts"]["deliveries"], done["counts"]["taken"], done["counts"]["failed"]) == (3, 2, 1)
    await ingest.superuser.execute("ALTER TABLE ingest.reviews DROP CONSTRAINT reviews_external_id_check")
    assert (await replayed(source_id=source.id))["counts"]["taken"] == 1


async def test_who_may_not_and_what_is_not_there_is_refused(ingest: Ingest, source: Source):
    await ingest.post(source, created("r-1"), "msg_1")
    [item] = await ingest.items("/v1/deliveries")

    async def status(tenant: str, *scopes: str, **body: Any) -> int:
        headers = {"authorization": f"Bearer {await ingest.key(tenant, *scopes)}"}
        return (await ingest.client.post("/v1/replays", json=body, headers=headers)).status_code

    assert await status("default", "deliveries:read", delivery_id=item["id"]) == 403
    assert await status("default", "deliveries:write", delivery_id=item["id"]) == 202
    assert await status("globex", delivery_id=item["id"]) == 404
    assert await status("globex", source_id=source.id) == 404
    assert await status("default", delivery_id=str(uuid4())) == 404
    assert await status("default") == 422
    assert await status("default", delivery_id=item["id"], source_id=source.id) == 422
    assert await status("default", source_id=source.id, event_index=0) == 422
    [replay] = await ingest.items("/v1/replays")
    assert (await ingest.get(f"/v1/replays/{replay['id']}", "globex")).status_code == 404
    assert await ingest.items("/v1/replays", "globex") == []


async def test_a_range_is_replayed_while_deliveries_come_and_all_ends_as_if_it_had_not_been(
    ingest: Ingest, source: Source, job: ReplayJob
):
    reviews, rounds = 12, 8
    for number in range(reviews):
        await ingest.post(source, created(f"r-{number}", 1, subject="globex"), f"bad_{number}")
        await ingest.post(source, created(f"g-{number}", 1), f"msg_{number}")
    await ingest.superuser.execute(BROADER, source.id)
    authorization = {"authorization": f"Bearer {await ingest.key()}"}
    enough = asyncio.Event()

    async def replays() -> list[dict[str, Any]]:
        found = []
        while not enough.is_set():
            answer = await ingest.client.post("/v1/replays", json={"source_id": source.id}, headers=authorization)
            while await job.turn():
                pass
            found.append((await ingest.get(f"/v1/replays/{answer.json()['id']}")).json())
        return found

    async def traffic() -> None:
        for number in range(rounds):
            events = [edited(f"g-{each}", rating=2 + (number + each) % 2) for each in range(reviews)]
            assert (await ingest.post(source, events, f"edit_{number}")).status_code == 202
        enough.set()

    done, _ = await asyncio.gather(replays(), traffic())
    assert sum(each["counts"]["taken"] for each in done) == reviews, "what was refused before, once"
    assert sum(each["counts"]["failed"] for each in done) == 0
    last = rounds - 1
    assert await ratings(ingest) == {
        **{f"r-{each}": 1 for each in range(reviews)},
        **{f"g-{each}": 2 + (last + each) % 2 for each in range(reviews)},
    }
    counts = await ingest.counts()
    assert counts["revisions"] == counts["outbox"] == reviews + reviews * (1 + rounds)
    gaps = await ingest.rows(
        "SELECT FROM ingest.revisions GROUP BY review_id HAVING count(*) <> max(revision) OR min(revision) <> 1"
    )
    assert gaps == []


async def test_a_replay_gives_way_while_events_wait_to_be_published(
    ingest: Ingest, source: Source, job: ReplayJob, monkeypatch: pytest.MonkeyPatch
):
    await ingest.post(source, created("wrong", subject="globex"))
    await ingest.post(source, created("live"))
    await ingest.superuser.execute(BROADER, source.id)
    authorization = {"authorization": f"Bearer {await ingest.key()}"}
    asked = await ingest.client.post("/v1/replays", json={"source_id": source.id}, headers=authorization)
    monkeypatch.setattr(lag, "MAX_WAIT_SECONDS", 0.0)
    while await job.turn():
        pass
    assert list(await ratings(ingest)) == ["live"]
    assert (await ingest.get(f"/v1/replays/{asked.json()['id']}")).json()["finished_at"] is None
    await ingest.superuser.execute("UPDATE ingest.relay_cursor SET xid = o.xid, id = o.id FROM ingest.outbox o")
    assert await job.turn()
    assert set(await ratings(ingest)) == {"live", "wrong"}


async def test_what_a_replay_takes_says_whether_answers_are_told_at_its_source(ingest: Ingest, replayed: Any):
    source = await ingest.source(platform="trustpilot")
    body = {"events": [{"eventName": "service-review-created", "eventData": {**TRUSTPILOT, "stars": 9}}]}
    await ingest.post(source, body)
    mended = json.dumps(body).replace('"stars": 9', '"stars": 2').encode()
    await ingest.superuser.execute("UPDATE ingest.deliveries SET body = $1", mended)
    assert (await replayed(source_id=source.id))["counts"]["taken"] == 1
    [event] = await ingest.rows("SELECT envelope FROM ingest.outbox")
    assert json.loads(event["envelope"])["data"]["answers"] == "untold"


async def test_a_replay_that_cannot_be_carried_on_keeps_no_other_waiting(ingest: Ingest, source: Source, replayed: Any):
    broken = await ingest.source(subject="globex")
    await ingest.post(broken, created("b-1"))
    await ingest.post(source, created("r-1"))
    await ingest.superuser.execute("UPDATE ingest.sources SET platform = 'gone' WHERE id = $1", broken.id)
    authorization = {"authorization": f"Bearer {await ingest.key()}"}
    first = await ingest.client.post("/v1/replays", json={"source_id": broken.id}, headers=authorization)
    assert first.status_code == 202, first.text
    second = await ingest.client.post("/v1/replays", json={"source_id": source.id}, headers=authorization)
    resources = ingest.resources
    vault = vault_of(resources.settings)
    job = ReplayJob(resources.database(Role.WORKER), resources.outbox, resources.ids, vault)
    while await job.turn():
        pass
    done = (await ingest.get(f"/v1/replays/{second.json()['id']}")).json()
    assert done["finished_at"] is not None
    assert done["counts"]["unchanged"] == 1
    assert (await ingest.get(f"/v1/replays/{first.json()['id']}")).json()["finished_at"] is None


async def test_a_replay_needs_no_secret_and_a_delivery_is_read_without_it(
    ingest: Ingest, source: Source, replayed: Any
):
    await ingest.post(source, created("r-1"))
    sealed = lost("secret", Place("default", "sources", source.id, "secret"))
    await ingest.superuser.execute("UPDATE ingest.sources SET secret = $1", sealed)
    assert (await replayed(source_id=source.id))["counts"]["unchanged"] == 1
    [item] = await ingest.items("/v1/deliveries")
    read = await ingest.get(f"/v1/deliveries/{item['id']}")
    assert [event["verdict"] for event in read.json()["events"]] == ["taken"]
