"""Sums that are no numbers are not published: they are summed anew, and keep no other subject waiting."""

from datetime import UTC, datetime
from typing import Any

import pytest

from plaudit.common.db import Database, Role
from plaudit.scoring.publishing import commands, store
from plaudit.scoring.publishing.domain import ScoreKey
from plaudit.scoring.publishing.jobs import (
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    MAX_LEFT_ALONE,
    LeftAlone,
    PublishingJob,
)
from plaudit.scoring.reconciliation.jobs import ReconciliationJob
from plaudit_testing.own_profiles import own, set_profile
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize(("table", "column"), [("sums", "trust_a"), ("sums", "recent_b2"), ("tenant_sums", "w5")])
async def test_a_subject_whose_sums_are_damaged_is_told_when_they_are_summed_anew(
    groups: Any, publisher: Any, worker: Database, superuser: Any, table: str, column: str, number: str
) -> None:
    await set_profile(superuser, own("fast", 3.0))
    for subject in ("acme", "globex"):
        await groups.tell(None, review_state(5.0, subject, rated_at=datetime.now(UTC)))
    await superuser.execute(f"UPDATE scoring.{table} SET {column} = $1 WHERE prefix = 'acme'", float(number))

    assert await publisher.marked() == {"globex"}
    assert await publisher.marked() == set(), "it stays marked"
    assert await publisher.run(commands.publish_missing, [ScoreKey("default", "acme")]) == set()
    job = ReconciliationJob(worker)
    assert await job.has_work()
    assert await job.sum_rounded_anew() == 1

    assert await publisher.marked() == {"acme"}
    told = {event["subject"]: event["data"]["profiles"] for event in await publisher.events()}
    assert told["acme"] == told["globex"] | {
        name: told["acme"][name] | {"score": pytest.approx(told["globex"][name]["score"])} for name in told["acme"]
    }
    assert await job.sum_rounded_anew() == 0


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


async def test_a_damaged_subject_is_not_looked_at_again_until_a_while_has_passed(
    groups: Any, resources: Any, superuser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[set[str]] = []
    sums_of = store.sums_of

    async def counted(tx: Any, keys: Any, half_lives: Any) -> Any:
        looked_at.append({key.prefix for key in keys})
        return await sums_of(tx, keys, half_lives)

    monkeypatch.setattr(store, "sums_of", counted)
    await groups.tell(None, review_state(5.0, "acme", rated_at=datetime.now(UTC)))
    await PublishingJob(resources).turn()
    clock = Clock()
    job = PublishingJob(resources, clock)
    await superuser.execute(
        "UPDATE scoring.published_scores SET published_at = now() - interval '1h', next_change_at = now()"
    )
    await superuser.execute("UPDATE scoring.sums SET trust_w5 = 'NaN'")
    await groups.tell(None, review_state(5.0, "acme", rated_at=datetime.now(UTC)))
    looked_at.clear()
    await job.turn()
    assert looked_at == [{"acme"}, {"acme"}], "by its mark, and by its time"
    marked_by = await superuser.fetchval("SELECT xmin::text FROM scoring.marks")

    for _ in range(3):
        await job.turn()
    await groups.tell(None, review_state(5.0, "globex", rated_at=datetime.now(UTC)))
    await job.turn()
    assert looked_at[2:] == [{"globex"}], "others have their turns"
    assert await superuser.fetchval("SELECT xmin::text FROM scoring.marks") == marked_by, "nothing is written"

    clock.seconds += LONGEST_PAUSE_SECONDS
    await ReconciliationJob(resources.database(Role.WORKER)).sum_rounded_anew()
    await job.turn()
    assert looked_at[3:] == [{"acme"}]
    assert await superuser.fetchval("SELECT count(*) FROM scoring.marks") == 0


def test_a_subject_that_stays_damaged_is_left_alone_for_longer_and_longer() -> None:
    clock = Clock()
    left_alone, key = LeftAlone(clock), ScoreKey("default", "acme")
    pauses = []
    for _ in range(8):
        left_alone.note([key])
        begun = clock.seconds
        while key in left_alone.subjects:
            clock.seconds += 0.05
        pauses.append(clock.seconds - begun)

    assert FIRST_PAUSE_SECONDS / 2 <= pauses[0] <= FIRST_PAUSE_SECONDS + 0.1
    assert LONGEST_PAUSE_SECONDS / 2 <= pauses[-1] <= LONGEST_PAUSE_SECONDS + 0.1
    clock.seconds += 3 * LONGEST_PAUSE_SECONDS
    left_alone.note([])
    left_alone.note([key])
    clock.seconds += FIRST_PAUSE_SECONDS + 0.1
    assert key not in left_alone.subjects, "what was sound for a while begins anew"


def test_so_many_damaged_subjects_are_left_alone_that_others_have_their_turns() -> None:
    left_alone = LeftAlone(Clock())
    left_alone.note([ScoreKey("default", f"shop-{number}") for number in range(2 * MAX_LEFT_ALONE)])

    assert len(left_alone.subjects) == MAX_LEFT_ALONE


async def test_one_whose_stars_change_by_time_alone_waits_for_its_sums_too(
    groups: Any, publisher: Any, worker: Database, superuser: Any
) -> None:
    await groups.tell(None, review_state(5.0, "acme", rated_at=datetime.now(UTC)))
    await publisher.marked()
    await superuser.execute("UPDATE scoring.published_scores SET next_change_at = now() - interval '1 s'")
    await superuser.execute("UPDATE scoring.sums SET trust_w5 = 'NaN'")

    assert await publisher.run(commands.publish_due) == set()
    assert await ReconciliationJob(worker).sum_rounded_anew() == 1
    assert await publisher.run(commands.publish_due) == {"acme"}
