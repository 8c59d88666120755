"""A review is answered, the answer goes, the customer writes again, and it is answered again: in any batches."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from plaudit.alerting.policies.domain.metrics import Metric
from plaudit_testing.clocks import answered, at, review

pytestmark = pytest.mark.postgres

WRITTEN = review()
ANSWERED = answered(WRITTEN, at(2))
REMOVED = replace(ANSWERED, answer=None)
EDITED = replace(REMOVED, text="I still wait.", edited_at=at(6))
AGAIN = answered(EDITED, at(8))
EDITED_AGAIN = replace(AGAIN, text="And now?", edited_at=at(10))
STATES = [
    (None, 0, "review.created"),
    (WRITTEN, 0, "review.created"),
    (ANSWERED, 2, "review.answered"),
    (REMOVED, 4, "review.answer_removed"),
    (EDITED, 6, "review.edited"),
    (AGAIN, 8, "review.answered"),
    (EDITED_AGAIN, 10, "review.edited"),
]


async def happened(stage, batches, changes):
    rest = list(changes)
    for size in batches:
        batch, rest = rest[:size], rest[size:]
        await stage.move_to(at(batch[-1][2]))
        await stage.reads([stage.record(before, after, at(hours), kind=kind) for before, after, hours, kind in batch])
    assert rest == []


def changes():
    return [(before, after, hours, kind) for (before, _, _), (after, hours, kind) in pairwise(STATES)]


async def standing(stage):
    rows = await stage.rows(
        "SELECT metric, instance, state, anchor_at, due_at, fulfilled_at FROM clocks ORDER BY metric, instance"
    )
    return [tuple(row.values()) for row in rows]


@pytest.mark.parametrize("batches", [(1,) * 6, (6,), (3, 3), (2, 2, 2), (1, 5)], ids=str)
async def test_clocks_stand_as_they_do_when_each_change_is_read_alone(stage, batches):
    await happened(stage, batches, changes())
    first = await stage.clock()
    assert (first["state"], first["fulfilled_at"]) == ("fulfilled", at(8))
    following = await stage.clock(metric=Metric.NEXT_ANSWER)
    assert (following["state"], following["anchor_at"], following["due_at"]) == ("running", at(10), at(34))
    assert {row[2] for row in await standing(stage)} <= {"fulfilled", "running"}


async def test_changes_that_come_again_and_before_others_change_nothing(stage):
    await happened(stage, (1,) * 6, changes())
    before = await standing(stage)
    log = await stage.log()
    for number, (was, became, hours, kind) in reversed(list(enumerate(changes(), 1))):
        await stage.reads([stage.record(was, became, at(hours), kind=kind, revision=number)])
    assert await standing(stage) == before
    assert await stage.log() == log


async def test_an_answer_that_goes_before_the_due_time_gives_the_whole_time_again_from_then(stage):
    await happened(stage, (1, 1, 1), changes()[:3])
    first = await stage.clock()
    assert (first["state"], first["due_at"]) == ("running", at(28))
    await stage.move_to(at(29))
    await stage.fires()
    assert (await stage.clock())["state"] == "breached"
