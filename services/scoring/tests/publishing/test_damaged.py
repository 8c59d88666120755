"""Sums that are no numbers are not published: they are summed anew, and keep no other subject waiting."""

from datetime import UTC, datetime
from typing import Any

import pytest

from plaudit.common.db import Database
from plaudit.scoring.publishing import commands
from plaudit.scoring.publishing.domain import ScoreKey
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
