"""Answers as the bus tells them, read by this room's own group."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from types import SimpleNamespace

import msgspec
import pytest

from plaudit.alerting.answers.commands import ToldChange
from plaudit.alerting.answers.consumer import SUBSCRIPTION
from plaudit.common.contracts import Answer, ReviewState
from plaudit.common.db import lock
from plaudit.common.kafka.subscription import Record
from plaudit_testing.clocks import at, review

Answers = Callable[..., Awaitable[None]]


def with_answer(state: ReviewState, text: str, when: datetime, is_published: bool = True) -> ReviewState:
    answer = Answer(text=text, published_at=when, state="published" if is_published else "pending")
    return msgspec.structs.replace(state, answer=answer)


async def reads(stage, records):
    """The group reads a batch, as the runner has it: locks, then the handler."""
    told = [
        Record(
            event=msgspec.structs.replace(
                each.event, data=msgspec.json.decode(msgspec.json.encode(each.event.data), type=ToldChange)
            ),
            partition=each.partition,
            offset=each.offset,
            sequence=each.sequence,
            epoch=each.epoch,
        )
        for each in records
    ]
    async with stage.worker.transaction() as tx:
        await lock(tx, {key for record in told for key in SUBSCRIPTION.order_keys(record)})
        assert await SUBSCRIPTION.handler()(tx, told) == ()


@pytest.fixture
def answers(stage) -> Answers:
    """Publish an answer, or tell any other change of a review."""

    async def tell(
        text: str, hours: float = 0, review_id: str = "review-1", tenant: str = "default", **fields: object
    ) -> None:
        state = review(**fields)
        after = with_answer(state, text, at(hours))
        await reads(stage, [stage.record(state, after, at(hours), review_id, tenant, "review.answered")])

    return tell


@pytest.fixture
def read_group(stage) -> SimpleNamespace:
    """The group reads records; and a state with an answer."""

    async def read(records):
        await reads(stage, records)

    return SimpleNamespace(reads=read, with_answer=with_answer)
