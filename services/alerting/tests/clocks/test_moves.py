"""Running clocks move to what is in force when somebody orders it, and only then."""

import re
from datetime import timedelta, timezone
from uuid import UUID

import asyncpg
import pytest

from plaudit.alerting.calendars import commands as calendars
from plaudit.alerting.calendars import store as calendar_store
from plaudit.alerting.calendars.domain import ALWAYS, ALWAYS_NAME
from plaudit.alerting.calendars.domain.definition import Definition
from plaudit.alerting.calendars.domain.writing import intervals_of
from plaudit.alerting.calendars.jobs import CalendarsJob
from plaudit.alerting.clocks import commands, jobs, store
from plaudit.alerting.clocks.domain.clock import order_key
from plaudit.alerting.clocks.domain.moves import START, Move, chunks_of
from plaudit.alerting.clocks.jobs import MoveJob
from plaudit.alerting.clocks.store import moving
from plaudit.alerting.main import counting_anew, followers
from plaudit.alerting.policies import commands as policies
from plaudit.alerting.policies.domain.default import shipped_text
from plaudit.alerting.policies.domain.document import Format
from plaudit.alerting.policies.domain.stored import RevisionKey
from plaudit.alerting.timers import commands as timers
from plaudit.common.db import Role, database, lock
from plaudit.common.db.errors import is_transient
from plaudit_testing.clocks import at, review

pytestmark = pytest.mark.postgres

CALENDARS = {ALWAYS_NAME: ALWAYS}
REASON = {"reason": "We promise more."}


async def puts_into_force(stage, document):
    api = stage.resources.database(Role.API)
    async with api.driver_transaction("default") as tx:
        saved = await policies.save_draft(tx, "default", document, Format.YAML, "test", CALENDARS)
    async with api.driver_transaction("default") as tx:
        key = RevisionKey(saved.policy.id, saved.policy.number)
        await policies.activate(tx, "default", key, "test", CALENDARS)


def first_answers(hours):
    return shipped_text().partition("  # The author edits")[0].replace("24 h", f"{hours} h")


@pytest.fixture
async def running(stage):
    """Three clocks of a day, and another policy in force since: eight hours."""
    await puts_into_force(stage, first_answers(24))
    for number in range(3):
        await stage.happens(None, review(), at(0), review_id=f"review-{number}")
    await stage.move_to(at(9))
    await puts_into_force(stage, first_answers(8))
    return stage


async def moves(stage):
    job = MoveJob(stage.resources, followers(stage.settings))
    while await job.turn():
        pass


async def test_a_new_policy_moves_no_running_clock(running):
    await running.happens(review(), review(text="More."), at(9), review_id="review-0")
    assert {row["due_at"] for row in await running.rows("SELECT due_at FROM clocks")} == {at(24)}


async def test_the_preview_says_how_many_move_and_how_many_are_late_then_and_changes_nothing(running):
    client = await running.client()
    assert (await client.post("/v1/clocks/move/preview")).json() == {
        "seen": 3, "moved": 3, "breached": 3, "without_class": 0,
    }  # fmt: skip
    assert {row["due_at"] for row in await running.rows("SELECT due_at FROM clocks")} == {at(24)}


async def test_moved_clocks_that_are_late_by_it_are_breached_and_call_nobody(running, mailbox):
    await running.sends()
    notices = len(mailbox.mails)
    client = await running.client()
    ordered = (await client.post("/v1/clocks/move", json=REASON)).json()
    assert ordered["state"] == "running"
    await moves(running)
    await running.fires()
    await running.sends()
    assert {(row["state"], row["due_at"]) for row in await running.rows("SELECT state, due_at FROM clocks")} == {
        ("breached", at(8))
    }
    assert (await running.rows("SELECT * FROM alerts"), len(mailbox.mails)) == ([], notices)
    told = (await client.get(f"/v1/clocks/moves/{ordered['id']}")).json()
    assert (told["state"], told["moved"], told["breached"]) == ("done", 3, 3)
    assert (await running.log("review-0"))[-2:] == ["policy_applied", "breached"]


async def test_chunks_that_are_under_way_together_count_each_clock_once_and_end_the_move(running, monkeypatch):
    monkeypatch.setattr(jobs, "CHUNK_CLOCKS", 1)
    monkeypatch.setattr(jobs, "TURN_CLOCKS", 2)
    client = await running.client()
    ordered = (await client.post("/v1/clocks/move", json=REASON)).json()
    await moves(running)
    told = (await client.get(f"/v1/clocks/moves/{ordered['id']}")).json()
    assert (told["state"], told["moved"], told["breached"]) == ("done", 3, 3)
    assert {row["due_at"] for row in await running.rows("SELECT due_at FROM clocks")} == {at(8)}


async def test_a_chunk_that_fails_keeps_those_before_it_and_undoes_those_after_it(running, monkeypatch):
    client = await running.client()
    ordered = (await client.post("/v1/clocks/move", json=REASON)).json()
    monkeypatch.setattr(jobs, "CHUNK_CLOCKS", 1)
    whole = commands.move_some

    async def failing(work, move, chunk, followers):
        if chunk.place != START and not chunk.is_last:
            raise ConnectionError  # at once, while the one before is still under way
        return await whole(work, move, chunk, followers)

    monkeypatch.setattr(commands, "move_some", failing)
    with pytest.raises(ConnectionError):
        await MoveJob(running.resources, followers(running.settings)).turn()
    told = (await client.get(f"/v1/clocks/moves/{ordered['id']}")).json()
    assert (told["state"], told["moved"]) == ("running", 1)
    monkeypatch.setattr(commands, "move_some", whole)
    await moves(running)
    told = (await client.get(f"/v1/clocks/moves/{ordered['id']}")).json()
    assert (told["state"], told["moved"]) == ("done", 3)


def test_chunks_follow_one_another_and_only_the_last_of_all_ends_a_move():
    move = Move(
        tenant_id="default", id=UUID(int=9), policy_id="p", policy_revision=1, reason="", moved_by="", created_at=at(0)
    )
    found = [(UUID(int=number), UUID(int=10 + number)) for number in range(1, 4)]
    cut = chunks_of(move, found, size=2, limit=4)
    assert [(chunk.place, chunk.end, chunk.is_last) for chunk in cut] == [
        (START, found[1][0], False), (found[1][0], found[2][0], True),
    ]  # fmt: skip
    assert [chunk.is_last for chunk in chunks_of(move, found, size=2, limit=3)] == [False, False]
    assert chunks_of(move, [], size=2, limit=3) == [(START, [], START, True)]


def test_no_chunk_takes_many_more_clocks_than_it_is_to_have():
    """However many later clocks of its groups there are: a timer waits for all of a chunk."""
    move = Move(
        tenant_id="default", id=UUID(int=9), policy_id="p", policy_revision=1, reason="", moved_by="", created_at=at(0)
    )
    found = [(UUID(int=number), UUID(int=1000 + number % 100)) for number in range(1, 301)]
    cut = chunks_of(move, found, size=50, limit=400)
    assert {len(chunk.clocks) for chunk in cut[:-1]} <= {50, 51, 52}
    assert sorted(clock for chunk in cut for clock in chunk.clocks) == found
    assert [chunk.place for chunk in cut[1:]] == [chunk.end for chunk in cut[:-1]]
    for number, chunk in enumerate(cut):
        done = {clock for each in cut[: number + 1] for clock in each.clocks}
        assert {clock for clock in found if clock[0] <= chunk.end} <= done


def test_all_clocks_of_a_group_are_in_one_chunk_and_the_place_follows_the_ids():
    move = Move(
        tenant_id="default", id=UUID(int=9), policy_id="p", policy_revision=1, reason="", moved_by="", created_at=at(0)
    )
    ids = [UUID(int=number) for number in range(1, 7)]
    one, two = UUID(int=20), UUID(int=30)
    found = list(zip(ids, [one, two, one, two, two, one], strict=True))
    cut = chunks_of(move, found, size=2, limit=9)
    of_one, of_two = ([clock for clock in found if clock[1] == group] for group in (one, two))
    assert [chunk.clocks for chunk in cut] == [of_one, of_two]
    assert [(chunk.place, chunk.end, chunk.is_last) for chunk in cut] == [
        (START, ids[0], False), (ids[0], ids[5], True),
    ]  # fmt: skip


async def test_clocks_of_one_review_move_without_waiting_for_each_other(stage, monkeypatch):
    """Their chunks are under way together; one that held the order key that the one before it needs would hang."""
    await puts_into_force(stage, shipped_text())
    for number in range(3):
        await stage.happens(None, review(), at(0), review_id=f"review-{number}")
    [before] = await stage.rows("SELECT count(*) AS count FROM clocks WHERE state = 'running'")
    await puts_into_force(stage, shipped_text().replace("due_within: 24 h", "due_within: 30 h"))
    monkeypatch.setattr(jobs, "CHUNK_CLOCKS", 1)
    roots: list[set[UUID]] = []
    whole = MoveJob._write

    async def noting(job, move, chunk, previous):
        roots.append({root for _, root in chunk.clocks})
        return await whole(job, move, chunk, previous)

    monkeypatch.setattr(MoveJob, "_write", noting)
    ordered = (await (await stage.client()).post("/v1/clocks/move", json=REASON)).json()
    await moves(stage)
    told = (await (await stage.client()).get(f"/v1/clocks/moves/{ordered['id']}")).json()
    assert (told["state"], told["moved"]) == ("done", before["count"])
    assert before["count"] > len(roots_of := [root for each in roots for root in each]) == len(set(roots_of)) == 3


@pytest.fixture
def impatient(monkeypatch):
    """Connections that are made from now on wait for a lock as shortly as those of the product, or shorter."""
    monkeypatch.setattr(database, "LOCK_TIMEOUT_MS", 500)


async def test_a_clock_that_is_held_for_longer_than_a_move_waits_moves_at_a_later_turn(impatient, running):
    client = await running.client()
    ordered = (await client.post("/v1/clocks/move", json=REASON)).json()
    async with running.worker.transaction() as other:
        await lock(other, [order_key((await running.clock("review-1"))["id"])])
        with pytest.raises(asyncpg.LockNotAvailableError) as raised:
            await MoveJob(running.resources, followers(running.settings)).turn()
    assert is_transient(raised.value), "the job takes another turn"
    told = (await client.get(f"/v1/clocks/moves/{ordered['id']}")).json()
    assert (told["state"], told["moved"]) == ("running", 0)
    await moves(running)
    told = (await client.get(f"/v1/clocks/moves/{ordered['id']}")).json()
    assert (told["state"], told["moved"]) == ("done", 3)
    assert {row["due_at"] for row in await running.rows("SELECT due_at FROM clocks")} == {at(8)}


async def test_no_index_of_clocks_holds_what_a_move_changes(running):
    """So PostgreSQL changes the row of a clock in place: else each clock that moves costs an entry in every index."""
    client = await running.client()
    before = await running.clock("review-0")
    await client.post("/v1/clocks/move", json=REASON)
    await moves(running)
    after = await running.clock("review-0")
    changed = {name for name, value in before.items() if value != after[name]}
    assert {"due_at", "policy_revision"} <= changed
    rows = await running.rows("SELECT indexdef FROM pg_indexes WHERE schemaname = 'alerting' AND tablename = 'clocks'")
    words = {word for row in rows for word in re.findall(r"\w+", row["indexdef"])}
    assert not changed & words


async def test_the_row_and_the_timers_of_a_moved_clock_are_what_its_log_says(running):
    """Also where clocks of several classes move in one statement."""
    for number, stars in enumerate((1, 3, 5), start=3):
        await running.happens(None, review(rating=stars), at(9), review_id=f"review-{number}")
    await puts_into_force(running, first_answers(20).replace("72 h", "80 h").replace("7 days", "8 days"))
    client = await running.client()
    await client.post("/v1/clocks/move", json=REASON)
    await moves(running)
    rows = await running.rows("SELECT id, due_at FROM clocks")
    assert len({row["due_at"] for row in rows}) == 3
    async with running.worker.driver_transaction() as tx:
        keys = [("default", row["id"]) for row in rows]
        assert await timers.differing(tx, keys) == {}
        assert {clock.run.generation for clock in (await store.load(tx, keys)).values()} == {2}


async def test_a_clock_whose_row_changes_before_it_is_written_is_left_to_the_next_turn(running, monkeypatch):
    """Only somebody who does not hold its order key can change it: then nothing of the chunk is written."""
    finds = store.load_placed

    async def finds_and_is_overtaken(tx, tenant_id, clocks):
        found = await finds(tx, tenant_id, clocks)
        await tx.raw.execute("UPDATE clocks SET title = 'other' WHERE id = $1", found[0].clock.id)
        return found

    client = await running.client()
    ordered = (await client.post("/v1/clocks/move", json=REASON)).json()
    monkeypatch.setattr(store, "load_placed", finds_and_is_overtaken)
    job = MoveJob(running.resources, followers(running.settings))
    await job.turn()
    assert {row["due_at"] for row in await running.rows("SELECT due_at FROM clocks")} == {at(24)}
    assert await running.rows("SELECT FROM clock_events WHERE kind = 'policy_applied'") == []
    monkeypatch.setattr(store, "load_placed", finds)
    await moves(running)
    told = (await client.get(f"/v1/clocks/moves/{ordered['id']}")).json()
    assert (told["state"], told["moved"]) == ("done", 3)


async def test_moved_clocks_are_found_by_index_and_written_by_place_also_by_a_plan_for_a_small_table(
    running, alerting_url
):
    connection = await asyncpg.connect(alerting_url)
    await connection.execute("ANALYZE alerting.clocks")
    await connection.close()
    async with running.worker.driver_transaction() as tx:
        await tx.raw.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await store.look_up_by_place(tx)
        for statement, arguments, node in (
            (moving._LOAD_PLACED, ("default", [UUID(int=1)] * 60), "Index"),
            (moving._SAVE_MOVED, ("default", [], [], [], [], tx.now, *([] for _ in range(6))), "Tid Scan"),
        ):
            lines = [row[0] for row in await tx.raw.fetch(f"EXPLAIN {statement}", *arguments)]
            plan = "\n".join(lines)
            assert node in plan, plan
            assert "Seq Scan" not in plan, plan


async def test_a_move_again_moves_nothing(running):
    client = await running.client()
    for _ in range(2):
        await client.post("/v1/clocks/move", json=REASON)
        await moves(running)
    rows = await running.rows("SELECT count(*) AS moved FROM clock_events WHERE kind = 'policy_applied'")
    assert rows == [{"moved": 3}]


async def test_timers_of_before_the_move_do_nothing(running):
    client = await running.client()
    await puts_into_force(running, first_answers(20))
    await client.post("/v1/clocks/move", json=REASON)
    await moves(running)
    rows = await running.rows(
        "SELECT kind, due_at, breach_at FROM timers WHERE clock_id = $1", (await running.clock("review-0"))["id"]
    )
    assert [tuple(row.values()) for row in rows] == [("warn:50", at(10), at(20))]


async def test_an_order_about_a_clock_that_is_sent_again_under_its_key_is_carried_out_once(running):
    client = await running.client()
    path = f"/v1/clocks/{(await running.clock('review-0'))['id']}"
    for verb, kinds in (("pause", ["started", "paused"]), ("resume", ["started", "paused", "resumed"])):
        for already in (None, "true"):
            key = {"idempotency-key": f"{verb}-1"}
            answer = await client.post(f"{path}/{verb}", json=REASON, headers=key)
            assert (answer.status_code, answer.headers.get("idempotent-replayed")) == (200, already)
        assert await running.log("review-0") == kinds
    other = await client.post(f"{path}/pause", json={"reason": "other"}, headers={"idempotency-key": "pause-1"})
    assert (other.status_code, other.json()["type"]) == (422, "/problems#idempotency-key-reused")
    assert (await client.post(f"{path}/resume", json=REASON)).status_code == 409


async def test_a_move_that_is_ordered_again_under_its_key_is_one_move(running):
    client = await running.client()
    ordered = [await client.post("/v1/clocks/move", json=REASON, headers={"idempotency-key": "m"}) for _ in range(2)]
    assert [each.headers.get("idempotent-replayed") for each in ordered] == [None, "true"]
    assert ordered[0].json()["id"] == ordered[1].json()["id"]
    assert await running.rows("SELECT count(*) AS moves FROM moves") == [{"moves": 1}]


async def test_clocks_of_a_calendar_are_counted_anew_when_the_data_of_its_zone_has_changed(stage, monkeypatch):
    hours = (*(intervals_of("09:00-17:00"),) * 5, (), ())
    async with stage.worker.transaction() as tx:
        berlin = await calendars.set_calendar(
            tx, "default", "berlin", Definition(zone="Europe/Berlin", week=hours), "test"
        )
    known = CALENDARS | {"berlin": berlin.calendar}
    document = first_answers(24).replace("7 days", "168 h").replace("calendar: always", "calendar: berlin")
    api = stage.resources.database(Role.API)
    async with api.driver_transaction("default") as tx:
        saved = await policies.save_draft(tx, "default", document, Format.YAML, "test", known)
    async with api.driver_transaction("default") as tx:
        await policies.activate(tx, "default", RevisionKey(saved.policy.id, saved.policy.number), "test", known)
    await stage.happens(None, review(), at(0))
    before = await stage.clock()
    assert (before["calendar"], before["due_at"]) == ("berlin", at(72))
    job = CalendarsJob(stage.worker, [counting_anew(stage.resources.ids)])
    while await job.turn():
        pass
    assert await stage.rows("SELECT FROM moves") == []
    # From now on it is open there in the night of Greenwich: three of its days pass before Thursday, 7:00.
    east = timezone(timedelta(hours=10), "Europe/Berlin")
    monkeypatch.setattr("plaudit.alerting.calendars.domain.calendar.zone_named", lambda _: east)
    monkeypatch.setattr(calendars, "tz_version", lambda: "2099z")
    calendar_store._decoded.cache_clear()
    while await job.turn():
        pass
    await moves(stage)
    after = await stage.clock()
    assert after["due_at"] == at(70)
    assert (after["calendar"], after["calendar_revision"]) == ("berlin", 1)
    assert await stage.log() == ["started", "policy_applied"]
    [timer] = await stage.rows("SELECT breach_at FROM timers")
    assert timer["breach_at"] == after["due_at"]


async def test_a_move_that_fails_says_why_and_holds_up_no_other(running, monkeypatch):
    client = await running.client()
    first = (await client.post("/v1/clocks/move", json=REASON)).json()
    works = commands.move_some

    async def raises_on_first(work, move, *rest):
        if str(move.id) == first["id"]:
            await work.tx.raw.execute("SELECT 1 / 0")
        return await works(work, move, *rest)

    monkeypatch.setattr(commands, "move_some", raises_on_first)
    second = (await client.post("/v1/clocks/move", json={"reason": "Again."})).json()
    await moves(running)
    found = {row["id"]: row for row in await running.rows("SELECT * FROM moves")}
    assert {str(key): row["state"] for key, row in found.items()} == {first["id"]: "failed", second["id"]: "done"}
    assert "division by zero" in found[UUID(first["id"])]["error"]
    assert found[UUID(second["id"])]["moved"] == 3


async def test_each_chunk_of_a_move_shows_that_the_job_lives(running, monkeypatch):
    """A turn has many of them, which a slow database may take long for."""
    monkeypatch.setattr(jobs, "CHUNK_CLOCKS", 1)
    job, beats = MoveJob(running.resources, followers(running.settings)), []
    monkeypatch.setattr(job, "beat", lambda: beats.append(1))
    await (await running.client()).post("/v1/clocks/move", json=REASON)
    await job.turn()
    assert len(beats) == 3
