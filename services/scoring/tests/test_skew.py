"""F23 of the matrix of faults, and back: producers of other versions of the same contract tell every group the same."""

import json
import random
import string
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import cycle
from typing import Any

import asyncpg
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.db import Database
from plaudit.common.kafka.subscription import Subscription
from plaudit.scoring.answers.consumer import ANSWERS
from plaudit.scoring.history.consumer import HISTORY
from plaudit.scoring.insight.consumer import INSIGHT
from plaudit.scoring.live.consumer import LIVE
from plaudit_testing.answered import BEGINNING, HOUR, Told, answer, lived
from plaudit_testing.review_events import pending_envelope, record_of, review_state

GROUPS: Sequence[Subscription[Any]] = (LIVE, HISTORY, INSIGHT, ANSWERS)
TABLES = (
    *("sums", "ledger", "insight_reviews", "insight_places", "insight_days"),
    *("answer_reviews", "answer_places", "answer_sources"),
)
names = st.text(string.ascii_lowercase, min_size=1, max_size=9).map("later_{}".format)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(names, each, max_size=3),
    max_leaves=6,
)  # fmt: skip
additions = st.lists(st.dictionaries(names, values, max_size=3), min_size=1, max_size=12)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """All objects in what JSON tells, at every level."""
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(each)


def by_newer(pending: bytes, added: Sequence[dict[str, Any]]) -> bytes:
    """As a later version tells it: members more at every level, in any place of their objects."""
    event = json.loads(pending)
    for number, (each, more) in enumerate(zip([*objects(event)], cycle(added), strict=False)):
        known = dict(each)
        each.clear()
        each.update({**more, **known} if number % 2 else {**known, **more})
    return msgspec.json.encode(event)


def by_older(pending: bytes) -> bytes:
    """As an earlier version told it: without the members of a state that say nothing here."""
    event = json.loads(pending)
    for side in ("before", "after"):
        if event["data"][side] is not None:
            event["data"][side] = {name: value for name, value in event["data"][side].items() if value is not None}
    return msgspec.json.encode(event)


def envelope_of(told: Told) -> bytes:
    return pending_envelope(
        told.before,
        told.after,
        review_id=told.review_id,
        revision=told.revision,
        event_type=told.type,
        time=told.time,
        answers=told.answers,
    )


@given(added=additions)
@pytest.mark.parametrize("group", GROUPS, ids=lambda each: each.group)
def test_whatever_a_newer_producer_adds_and_an_older_one_leaves_out_every_group_reads_the_same(
    group: Subscription[Any], added: list[dict[str, Any]]
) -> None:
    before = review_state(1.0, published_at=BEGINNING, rated_at=BEGINNING)
    after = msgspec.structs.replace(before, rating=4.0, rated_at=BEGINNING + HOUR, answer=answer(BEGINNING + HOUR))
    pending = pending_envelope(before, after, review_id="01956d00-0000-7000-8000-000000000100", revision=2)
    read = record_of(group, pending, 1).event

    assert record_of(group, by_newer(pending, added), 1).event == read
    assert record_of(group, by_older(pending), 1).event == read
    assert record_of(group, by_older(by_newer(pending, added)), 1).event == read


async def written(worker: Database, superuser: asyncpg.Connection, pending: Sequence[bytes]) -> dict[str, list[str]]:
    """All that every group writes of these events, where nothing is written yet."""
    await superuser.execute(f"TRUNCATE {', '.join(f'scoring.{table}' for table in TABLES)} CASCADE")
    for group in GROUPS:
        records = [record_of(group, each, number) for number, each in enumerate(pending, start=1)]
        async with worker.transaction() as tx:
            assert await group.handler()(tx, records) == ()
    return {
        table: [
            row["told"]
            for row in await superuser.fetch(
                f"SELECT (to_jsonb(held) - 'id')::text AS told FROM scoring.{table} AS held ORDER BY 1"
            )
        ]
        for table in TABLES
    }


@pytest.mark.postgres
async def test_f23_while_producers_of_three_versions_take_turns_every_group_writes_what_one_of_them_would(
    worker: Database, superuser: asyncpg.Connection
) -> None:
    """As in a deployment that is rolled out, back, and out again."""
    chance = random.Random(23)
    events = [told for _ in range(60) for told in lived(chance, BEGINNING + timedelta(hours=chance.randrange(900)))]
    # An erasure stays known, so that whoever is told of the review again keeps less of it.
    pending = [envelope_of(told) for told in events if told.type != "review.erased"]
    added = [{"later_mood": {"of": ["the", None, 1.5]}}, {"later_votes": 7, "later_photos": [{"width": 640}]}]
    versions = [bytes, by_older, lambda each: by_newer(each, added)]

    skewed = await written(worker, superuser, [chance.choice(versions)(each) for each in pending])

    assert all(skewed.values())
    assert skewed == await written(worker, superuser, pending)
