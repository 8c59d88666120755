"""What is published when sums have changed, when time has passed, and when the topic holds nothing yet."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from plaudit.common.contracts import Kind
from plaudit.common.db import Database, try_lock
from plaudit.common.failpoints import FailpointError
from plaudit.scoring.profiles.domain import BUILT_IN
from plaudit.scoring.publishing import commands, domain, jobs, store
from plaudit.scoring.publishing.domain import ScoreKey
from plaudit.scoring.publishing.jobs import CompletionJob, PublishingJob
from plaudit.scoring.sums import store as sums
from plaudit.scoring.sums.domain.decay import unix_us
from plaudit_testing.review_events import review_state
from plaudit_testing.scored import read_for

pytestmark = pytest.mark.postgres


def now() -> datetime:
    return datetime.now(UTC)


def fresh(rating: float = 5.0, subject: str = "acme/berlin", **fields: Any):
    return review_state(rating, subject, rated_at=now(), **fields)


async def count_of(publisher, prefix: str) -> list[int]:
    """The count of reviews in each event of a subject, in their order."""
    return [
        event["data"]["profiles"]["trust"]["count"] for event in await publisher.events() if event["subject"] == prefix
    ]


async def test_a_review_is_told_for_every_prefix_of_its_subject(bus, publisher, worker: Database) -> None:
    await bus.tell(None, fresh(4.0, "acme/berlin/shop-3"))

    assert await publisher.marked() == {"acme", "acme/berlin", "acme/berlin/shop-3"}
    events = await publisher.events()
    assert {(event["type"], event["subject"], event["tenant"]) for event in events} == {
        ("score.changed", prefix, "default") for prefix in ("acme", "acme/berlin", "acme/berlin/shop-3")
    }
    for event in events:
        data = event["data"]
        assert (data["subject"], data["cause"], event["time"]) == (event["subject"], "reviews", data["as_of"])
        key = ScoreKey("default", data["subject"])
        async with worker.transaction() as tx:
            kept = (await store.sums_of(tx, [key], {}))[key].kept
        for name, profile in BUILT_IN.items():
            told, score = (
                data["profiles"][name],
                read_for(profile, kept, unix_us(datetime.fromisoformat(data["as_of"]))),
            )
            assert (told["score"], told["stars"], told["count"]) == (score.score, score.stars, 1)
            assert told["distribution"] == {"1": 0, "2": 0, "3": 0, "4": 1, "5": 0}
    assert await publisher.marks() == []
    assert await publisher.marked() == set()


async def test_an_event_names_no_review_and_no_person(bus, publisher) -> None:
    state = fresh(person="native:ada", text="Only Ada would say so.")
    await bus.tell(None, state, review_id="01956d00-0000-7000-8000-0000000000aa")
    await publisher.marked()

    for event in await publisher.events():
        assert not any(word in str(event) for word in ("ada", "Ada", "0000000000aa", state.external_id))


async def test_surveys_are_told_beside_the_stars(bus, publisher) -> None:
    await bus.tell(None, fresh(5.0, "acme", kind=Kind.NPS))
    await publisher.marked()

    [event] = await publisher.events()
    assert event["data"]["nps"] == {"value": 100.0, "count": 1}
    assert "csat" not in event["data"]
    assert event["data"]["profiles"]["trust"]["score"] is None


async def test_a_change_that_leaves_the_figures_is_not_told(bus, publisher) -> None:
    old = fresh()
    await bus.tell(None, old)
    await publisher.marked()
    await bus.tell(old, msgspec.structs.replace(old, text="Other words."))

    assert await publisher.marked() == set()


async def test_a_removal_is_told_with_a_higher_number(bus, publisher) -> None:
    review = fresh(subject="acme")
    await bus.tell(None, review)
    await publisher.marked()
    await bus.tell(review, None)
    await publisher.marked()

    first, second = await publisher.events()
    assert second["data"]["number"] > first["data"]["number"]
    assert second["data"]["profiles"]["trust"] == {
        "score": None, "stars": None, "count": 0, "distribution": dict.fromkeys("12345", 0), "effective_reviews": 0.0,
        "prior": 3.5, "weight": 0.0, "prior_weight": 7.0, "half_life_days": 182.5,
    }  # fmt: skip


async def test_tenants_are_told_apart(bus, publisher) -> None:
    await bus.tell(None, fresh(5.0, "acme"), tenant_id="default")
    await bus.tell(None, fresh(1.0, "acme"), tenant_id="other")
    await publisher.marked()

    told = {
        (event["tenant"], event["data"]["profiles"]["lifetime"]["distribution"]["5"])
        for event in await publisher.events()
    }
    assert told == {("default", 1), ("other", 0)}


async def test_a_subject_that_changes_often_is_told_once_in_a_while_and_then_with_all_its_changes(
    bus, publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain, "MIN_INTERVAL", timedelta(hours=1))
    for _ in range(3):
        await bus.tell(None, fresh(subject="acme"))
    assert await publisher.run(commands.publish_marked) == {"acme"}
    for _ in range(3):
        await bus.tell(None, fresh(subject="acme"))
    waiting = await publisher.marks()
    assert await publisher.run(commands.publish_marked) == set()
    assert await publisher.marks() == waiting
    await bus.tell(None, fresh(subject="globex"))
    assert await publisher.run(commands.publish_marked) == {"globex"}

    assert await publisher.marked() == {"acme"}
    assert await count_of(publisher, "acme") == [3, 6]


async def test_what_a_process_remembers_to_have_told_a_moment_ago_waits_and_what_is_long_ago_does_not(
    bus, publisher, worker: Database
) -> None:
    await bus.tell(None, fresh(subject="acme"))
    async with worker.transaction() as tx:
        now = tx.now
    key, waiting = ScoreKey("default", "acme"), await publisher.marks()

    assert await publisher.run(commands.publish_marked, {key: now}) == set()
    assert await publisher.marks() == waiting
    assert await publisher.run(commands.publish_marked, {key: now - timedelta(hours=1)}) == {"acme"}


async def test_of_one_mark_what_is_too_recent_is_marked_anew_and_since_when(
    bus, publisher, superuser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain, "MIN_INTERVAL", timedelta(hours=1))
    await bus.tell(None, fresh(subject="acme"))
    await publisher.run(commands.publish_marked)
    await bus.tell(None, fresh(subject="acme/berlin"))
    [marked_at] = [row[0] for row in await superuser.fetch("SELECT marked_at FROM scoring.marks")]

    assert await publisher.run(commands.publish_marked) == {"acme/berlin"}
    [left] = await superuser.fetch("SELECT marked_at, row_ids FROM scoring.marks")
    [acme] = await superuser.fetch("SELECT id FROM scoring.sums WHERE prefix = 'acme'")
    assert (left["marked_at"], left["row_ids"]) == (marked_at, [acme["id"]])
    assert await publisher.marked() == {"acme"}


async def test_partitions_that_feed_one_prefix_are_told_together(bus, publisher) -> None:
    moved = fresh(subject="acme")
    await bus.tell(moved, None, partition=1)  # its removal comes before its creation
    await publisher.marked()
    await bus.tell(None, moved, partition=0)
    await bus.tell(None, fresh(subject="acme"), partition=1)
    await publisher.marked()

    assert await count_of(publisher, "acme") == [0, 1]


async def test_a_prefix_that_another_process_publishes_keeps_its_mark(bus, publisher, worker: Database) -> None:
    await bus.tell(None, fresh(subject="acme/berlin"))
    async with worker.transaction() as other:
        assert await try_lock(other, [ScoreKey("default", "acme").order_key])
        assert await publisher.marked() == {"acme/berlin"}

    assert await publisher.marked() == {"acme"}
    assert await publisher.marks() == []


async def test_what_is_counted_between_the_lock_and_the_reading_is_told_now_and_again(
    bus, publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mark that comes with it is not deleted, although its change is already told."""
    await bus.tell(None, fresh(subject="acme"))
    locks = commands._lock

    async def lock_and_count(*arguments: Any) -> Any:
        free = await locks(*arguments)
        await bus.tell(None, fresh(subject="acme"))
        return free

    with monkeypatch.context() as patched:
        patched.setattr(commands, "_lock", lock_and_count)
        assert await publisher.marked() == {"acme"}
    assert await count_of(publisher, "acme") == [2]
    assert await publisher.marked() == {"acme"}
    assert await count_of(publisher, "acme") == [2, 2]


@pytest.mark.parametrize("name", ["publishing_after_lock", "publishing_after_delete", "publishing_after_outbox"])
async def test_a_process_that_fails_in_the_middle_has_told_nothing_and_the_next_one_tells_it(
    bus, publisher, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    await bus.tell(None, fresh(subject="acme/berlin"))
    marks = await publisher.marks()

    def fail(failpoint: str) -> None:
        if failpoint == name:
            raise FailpointError(name)

    with monkeypatch.context() as patched:
        patched.setattr(commands, "failpoint", fail)
        with pytest.raises(FailpointError):
            await publisher.marked()
    assert (await publisher.events(), await publisher.marks()) == ([], marks)
    assert await publisher.marked() == {"acme", "acme/berlin"}
    assert len(await publisher.events()) == 2


async def test_a_mark_of_rows_that_are_gone_is_dropped(bus, publisher, superuser) -> None:
    await bus.tell(None, fresh(subject="acme"))
    await superuser.execute("TRUNCATE scoring.sums")

    assert await publisher.marked() == set()
    assert await publisher.marks() == []


async def test_a_batch_of_many_rows_makes_marks_of_bounded_size(publisher, worker: Database, monkeypatch) -> None:
    async with worker.transaction() as tx:
        await sums.mark(tx, list(range(1, 2 * sums.ROWS_OF_A_MARK + 2)))
        await sums.mark(tx, [])

    assert [len(each) for each in await publisher.marks()] == [sums.ROWS_OF_A_MARK] * 2 + [1]
    async with worker.transaction() as tx:
        taken = [len(await store.marks(tx, limit)) for limit in (1, 1_000, 1_001, 2_000, 2_001)]
    assert taken == [1, 1, 2, 2, 3]


async def due_at(superuser, prefix: str = "acme") -> datetime:
    return await superuser.fetchval("SELECT next_change_at FROM scoring.published_scores WHERE prefix = $1", prefix)


async def stars_told(publisher) -> list[tuple[str, float | None]]:
    return [(event["data"]["cause"], event["data"]["profiles"]["trust"]["stars"]) for event in await publisher.events()]


async def only_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_PROFILES", (BUILT_IN["trust"],))


async def test_stars_that_time_alone_changes_are_told_once_when_it_has_come(
    bus, publisher, superuser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await only_trust(monkeypatch)
    for _ in range(20):
        await bus.tell(None, fresh(subject="acme"))
    await publisher.marked()
    first_at = await due_at(superuser)

    await publisher.move_clock(first_at - now() - timedelta(minutes=1))
    assert await publisher.run(commands.publish_due) == set()
    await publisher.move_clock(first_at - now())
    assert await publisher.run(commands.publish_due) == {"acme"}
    assert await publisher.run(commands.publish_due) == set()
    assert await stars_told(publisher) == [("reviews", 4.5), ("time", 4.0)]
    assert await due_at(superuser) > first_at


async def test_a_clock_that_was_away_tells_once_what_has_come_meanwhile(
    bus, publisher, superuser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await only_trust(monkeypatch)
    for _ in range(20):
        await bus.tell(None, fresh(subject="acme"))
    await publisher.marked()
    await publisher.move_clock(timedelta(days=3_000))

    assert await publisher.run(commands.publish_due) == {"acme"}
    assert await publisher.run(commands.publish_due) == set()
    assert await stars_told(publisher) == [("reviews", 4.5), ("time", 3.5)]
    assert await due_at(superuser) is None


async def test_an_edit_moves_the_crossing(bus, publisher, superuser, monkeypatch: pytest.MonkeyPatch) -> None:
    await only_trust(monkeypatch)
    reviews = [fresh(subject="acme") for _ in range(20)]
    for each in reviews:
        await bus.tell(None, each)
    await publisher.marked()
    before = await due_at(superuser)
    await bus.tell(reviews[0], fresh(1.0, "acme"))
    await publisher.marked()
    after = await due_at(superuser)

    assert after < before
    await publisher.move_clock(after - now() + timedelta(seconds=1))
    assert await publisher.run(commands.publish_due) == {"acme"}
    await publisher.move_clock(before - now() + timedelta(seconds=1))
    assert await publisher.run(commands.publish_due) == set()


async def test_two_processes_tell_a_crossing_once(
    bus, publisher, superuser, worker: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await only_trust(monkeypatch)
    for _ in range(20):
        await bus.tell(None, fresh(subject="acme"))
    await publisher.marked()
    await publisher.move_clock(await due_at(superuser) - now() + timedelta(seconds=1))
    found = store.due
    both = asyncio.Barrier(2)

    async def due_together(*arguments: Any) -> Any:
        keys = await found(*arguments)
        await both.wait()
        return keys

    monkeypatch.setattr(store, "due", due_together)
    told = await asyncio.gather(*(publisher.run(commands.publish_due) for _ in range(2)))

    assert sorted(told, key=len) == [set(), {"acme"}]
    assert [cause for cause, _ in await stars_told(publisher)] == ["reviews", "time"]


async def complete(resources) -> int:
    """One walk of the job over all subjects; return how many it has looked at before the end."""
    job = CompletionJob(resources)
    looked_at = 0
    while found := await job.turn():
        looked_at += found
    return looked_at


async def test_a_walk_tells_what_was_never_told_and_nothing_else(
    bus, publisher, resources, superuser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "WALK_SUBJECTS", 2)
    await bus.tell(None, fresh(subject="acme/berlin"))
    await publisher.marked()
    await bus.tell(None, fresh(subject="globex/lisbon"), tenant_id="other")
    await bus.tell(None, fresh(subject="acme/hamburg"))
    await superuser.execute("TRUNCATE scoring.marks")  # as if counted before there were any
    assert await complete(resources) == 4

    told = [(event["tenant"], event["subject"], event["data"]["cause"]) for event in await publisher.events()]
    assert sorted(told[2:]) == [
        ("default", "acme/hamburg", "completion"),
        ("other", "globex", "completion"),
        ("other", "globex/lisbon", "completion"),
    ]
    await complete(resources)
    assert len(await publisher.events()) == 5


async def test_a_topic_that_was_made_anew_is_filled_again(bus, publisher, resources, superuser) -> None:
    await bus.tell(None, fresh(subject="acme"))
    await publisher.marked()
    await superuser.execute("UPDATE scoring.relay_cursor SET epoch = epoch + 1")
    await complete(resources)
    await complete(resources)

    assert [event["data"]["cause"] for event in await publisher.events()] == ["reviews", "completion"]


async def test_the_job_publishes_what_is_marked_and_what_is_due(
    bus, publisher, resources, superuser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await only_trust(monkeypatch)
    job = PublishingJob(resources)
    assert not await job.has_work()
    for _ in range(20):
        await bus.tell(None, fresh(subject="acme"))
    assert await job.has_work()
    await job.turn()
    assert not await job.has_work()
    await publisher.move_clock(await due_at(superuser) - now() + timedelta(seconds=1))
    assert await job.has_work()
    await job.turn()
    assert not await job.has_work()

    assert await stars_told(publisher) == [("reviews", 4.5), ("time", 4.0)]
