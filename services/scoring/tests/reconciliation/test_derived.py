"""Counts of days, and where reviews are found, that are not what is kept of each review are found and made anew."""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from plaudit.common.contracts import ReviewState
from plaudit.common.db import Database
from plaudit.common.kafka.subscription import Subscription
from plaudit.scoring import metrics
from plaudit.scoring.answers.consumer import ANSWERS
from plaudit.scoring.insight.consumer import INSIGHT
from plaudit.scoring.insight.domain.days import COUNTS, TOPIC_NUMBERS
from plaudit.scoring.reconciliation import jobs
from plaudit.scoring.reconciliation.domain import Outcome, Scope, Walk
from plaudit.scoring.reconciliation.jobs import ReconciliationJob, derived
from plaudit.scoring.reconciliation.store import derived as store
from plaudit_testing.answered import BEGINNING, Told, lived
from plaudit_testing.command_line import CommandLine
from plaudit_testing.review_events import pending_envelope, record_of

pytestmark = pytest.mark.postgres

DAY = f"tenant_id, prefix, persona, day, source_id, {', '.join(COUNTS)}"
# A topic that was never mentioned and one whose reviews are gone count the same.
OF_TOPICS = ", ".join(f"coalesce({name}, 0)" for name in TOPIC_NUMBERS)
TABLES = {
    "insight_days": f"""
        SELECT {DAY}, {OF_TOPICS} FROM scoring.insight_days WHERE low + middle + high <> 0 ORDER BY 1, 2, 3, 4, 5
    """,
    "insight_places": "SELECT * FROM scoring.insight_places ORDER BY 1, 2, 3, 4, 5, 6, 7",
    "answer_places": "SELECT * FROM scoring.answer_places ORDER BY 1, 2, 3, 4, 5",
}
TOPICS = [(), ("delivery",), ("delivery", "price_fees"), ("ads_privacy", "clean_safe", "support_contact")]
PERSONAS = [(), ("new_user",), ("business_use", "long_time")]
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
OF_ACME = "tenant_id = 'default' AND prefix = 'acme'"


def said(state: ReviewState | None) -> ReviewState | None:
    """The same state with words, topics and personas that follow from what it is."""
    if state is None:
        return None
    chance = random.Random(f"{state.subject} {state.rating} {state.text}")
    return msgspec.structs.replace(
        state,
        text=f"{state.text} The parcel of {chance.choice(['Monday', 'June', 'Christmas'])} is broken, is it not?",
        language="en",
        topics=chance.choice(TOPICS),
        personas=chance.choice(PERSONAS),
    )


class Both:
    """Tells the groups of insight and answers of the same reviews."""

    def __init__(self, worker: Database) -> None:
        self._worker = worker
        self._sequence = 0

    async def tell(self, events: Sequence[Told], tenant_id: str = "default") -> None:
        """Events, in one batch of each group."""
        for subscription in (INSIGHT, ANSWERS):
            async with self._worker.transaction() as tx:
                assert await subscription.handler()(tx, self._records(subscription, events, tenant_id)) == ()

    def _records(self, subscription: Subscription[Any], events: Sequence[Told], tenant_id: str) -> list[Any]:
        self._sequence += 1
        return [
            record_of(
                subscription,
                pending_envelope(
                    said(each.before),
                    said(each.after),
                    review_id=each.review_id,
                    revision=each.revision,
                    event_type=each.type,
                    time=each.time,
                    answers=each.answers,
                    tenant_id=tenant_id,
                ),
                self._sequence,
            )
            for each in events
        ]


def lives(chance: random.Random, count: int) -> list[Told]:
    return [
        each
        for _ in range(count)
        for each in lived(chance, BEGINNING + timedelta(minutes=chance.randrange(200 * 1440)))
    ]


async def held(superuser: asyncpg.Connection) -> dict[str, list[Any]]:
    """What is derived, but for counts of days that nothing is left of."""
    return {table: [tuple(row) for row in await superuser.fetch(rows)] for table, rows in TABLES.items()}


async def reconcile_all(worker: Database) -> Outcome:
    outcome = await derived.reconcile_places(worker, Scope())
    for tenant_id in ("default", "other"):
        for root in ("acme", "globex", "stranger"):
            outcome = outcome + await derived.reconcile_days(worker, tenant_id, root)
    return outcome


@pytest.fixture
def both(worker: Database) -> Both:
    """Tells both groups."""
    return Both(worker)


@pytest.fixture
async def told(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lives of eighty reviews of two tenants, compared in steps so small that they are many."""
    monkeypatch.setattr(derived, "WALKED_ROWS", 7)
    monkeypatch.setattr(derived, "REMADE_REVIEWS", 3)
    await both.tell(lives(random.Random(1), 60))
    await both.tell(lives(random.Random(2), 20), "other")


@pytest.mark.usefixtures("told")
async def test_what_is_right_is_left_as_it_is(worker: Database, superuser: asyncpg.Connection) -> None:
    right = await held(superuser)

    outcome = await reconcile_all(worker)

    assert outcome == Outcome(derived=outcome.derived)
    assert outcome.derived >= sum(map(len, right.values()))
    assert await held(superuser) == right


def changed(table: str, *changes: str) -> list[str]:
    return [f"UPDATE scoring.{table} SET {change} WHERE {OF_ACME}" for change in changes]


DAMAGES = {
    "insight_days": [
        *changed(
            "insight_days",
            *("low = low + 1", "high = -high - 3", "drastic = drastic + 1", "ease_squares = ease_squares + 1"),
            *("middle = -9223372036854775808", "high_with_terms = 9223372036854775807"),
            *("delivery_rated = coalesce(delivery_rated, 0) + 4294967296", "price_fees_rated = NULL"),
            *("ads_privacy_ease = -9223372036854775808", "clean_safe_urgent = 9223372036854775807"),
            *("day = day + 1000", "persona = 'no_' || persona"),
            *("prefix = 'stranger'", "source_id = gen_random_uuid()", "tenant_id = 'other', prefix = 'stranger'"),
        ),
        f"DELETE FROM scoring.insight_days WHERE {OF_ACME}",
        "DELETE FROM scoring.insight_days",
        f"""INSERT INTO scoring.insight_days ({DAY}) SELECT tenant_id, 'stranger/acme', persona, day, source_id,
            low, middle, high + 1, 0, 0, 0, 0, 0, 0, 0, 0 FROM scoring.insight_days WHERE {OF_ACME}""",
    ],
    "insight_places": [
        *changed(
            "insight_places",
            *("day = day + 1000", "draw = -draw", "polarity = 7 * polarity", "prefix = 'stranger'"),
            *("persona = 'no_' || persona", "source_id = gen_random_uuid()", "review_id = gen_random_uuid()"),
            "tenant_id = 'stranger'",
        ),
        f"DELETE FROM scoring.insight_places WHERE {OF_ACME}",
        "DELETE FROM scoring.insight_places",
        f"""INSERT INTO scoring.insight_places
            SELECT tenant_id, prefix, persona, polarity, day - 1000, draw, review_id, source_id
            FROM scoring.insight_places WHERE {OF_ACME}""",
    ],
    "answer_places": [
        *changed(
            "answer_places",
            *("published_us = -published_us", "from_us = 5 - from_us", "until_us = until_us - 1"),
            *("answered_us = coalesce(answered_us, 0) + 1", "answered_us = NULL", "is_raised = is_raised IS NOT TRUE"),
            *("prefix = 'stranger'", "source_id = gen_random_uuid()", "review_id = gen_random_uuid()"),
            "tenant_id = 'stranger'",
        ),
        f"DELETE FROM scoring.answer_places WHERE {OF_ACME}",
        "DELETE FROM scoring.answer_places",
        f"""INSERT INTO scoring.answer_places
            SELECT tenant_id, prefix, published_us, review_id, -from_us, until_us, source_id, NULL, NULL
            FROM scoring.answer_places WHERE {OF_ACME}""",
    ],
}


@pytest.mark.parametrize("table", DAMAGES)
@pytest.mark.usefixtures("told")
async def test_whatever_is_wrong_is_made_anew(worker: Database, superuser: asyncpg.Connection, table: str) -> None:
    right = await held(superuser)
    for damage in DAMAGES[table]:
        await superuser.execute(damage)
        assert (await held(superuser))[table] != right[table], damage

        outcome = await reconcile_all(worker)

        assert (outcome.remade > 0, outcome.skipped) == (True, 0), damage
        assert await held(superuser) == right, damage
    again = await reconcile_all(worker)
    assert again == Outcome(derived=again.derived)


@pytest.mark.usefixtures("told")
async def test_what_is_told_between_comparison_and_repair_counts_once(
    both: Both, worker: Database, superuser: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch is committed right before and right after each repair has read what is kept."""
    chance = random.Random(3)
    add_missing, present = store.add_missing, store._present

    async def add_after_more(tx: Any, found: store.Days) -> None:
        monkeypatch.setattr(store, "add_missing", add_missing)
        await asyncio.wait_for(both.tell(lives(chance, 10)), 20)
        await add_missing(tx, found)

    async def present_after_more(*arguments: Any) -> Any:
        monkeypatch.setattr(store, "_present", present)
        await asyncio.wait_for(both.tell(lives(chance, 10)), 20)
        return await present(*arguments)

    await superuser.execute(f"UPDATE scoring.insight_days SET low = low + 1 WHERE {OF_ACME}")
    await superuser.execute("DELETE FROM scoring.insight_places WHERE draw % 2 = 0")
    await superuser.execute("DELETE FROM scoring.answer_places WHERE answered_us IS NULL")
    monkeypatch.setattr(store, "add_missing", add_after_more)
    monkeypatch.setattr(store, "_present", present_after_more)

    outcome = await reconcile_all(worker)

    assert outcome.remade > 0
    again = await reconcile_all(worker)
    assert again == Outcome(derived=again.derived)


@pytest.mark.usefixtures("told")
async def test_two_comparisons_at_once_put_counts_right_once(worker: Database, superuser: asyncpg.Connection) -> None:
    right = await held(superuser)
    await superuser.execute(f"UPDATE scoring.insight_days SET low = low + 1, high = 0 WHERE {OF_ACME}")
    wrong = await superuser.fetchval(f"SELECT count(*) FROM scoring.insight_days WHERE {OF_ACME}")

    outcomes = await asyncio.gather(*(derived.reconcile_days(worker, "default", "acme") for _ in range(2)))

    assert sum(each.remade for each in outcomes) == wrong
    assert await held(superuser) == right


SOURCE = "01956d00-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    "life",
    [
        "no JSON",
        '[[1, 0, ["acme"]]]',
        f'[[1, 0, ["A B", "{SOURCE}", 1, 5.0, null]]]',
        f'[[1, 0, ["acme", "{SOURCE}", 99999999999999999999, 5.0, null]]]',
    ],
)
@pytest.mark.usefixtures("told")
async def test_a_review_that_nobody_can_read_is_told_and_keeps_no_other_waiting(
    worker: Database, superuser: asyncpg.Connection, life: str
) -> None:
    """Its places stay as they are."""
    right = await held(superuser)
    await superuser.execute(
        f"""UPDATE scoring.answer_reviews SET life = $1 WHERE review_id = (
            SELECT review_id FROM scoring.answer_places WHERE {OF_ACME} ORDER BY review_id LIMIT 1
        )""",
        life,
    )
    await superuser.execute(
        f"""UPDATE scoring.answer_places SET until_us = until_us - 1 WHERE tenant_id = 'default'
            AND review_id NOT IN (SELECT review_id FROM scoring.answer_places WHERE {OF_ACME})"""
    )

    outcome = await derived.reconcile_places(worker, Scope("default"))

    assert outcome.skipped == 1
    assert outcome.remade > 0
    assert (await held(superuser))["answer_places"] == right["answer_places"]


@pytest.mark.parametrize(
    "damage", ["subject = 'A B'", "personas = NULL", "source_id = NULL", "polarity = NULL", "day = NULL"]
)
@pytest.mark.usefixtures("told")
async def test_a_review_of_which_insight_keeps_nonsense_is_told_and_keeps_no_other_waiting(
    worker: Database, superuser: asyncpg.Connection, damage: str
) -> None:
    await superuser.execute(
        f"""UPDATE scoring.insight_reviews SET {damage} WHERE review_id = (
            SELECT review_id FROM scoring.insight_reviews
            WHERE tenant_id = 'default' AND subject LIKE 'acme%' ORDER BY review_id LIMIT 1
        )"""
    )
    await superuser.execute("DELETE FROM scoring.insight_places WHERE prefix LIKE 'globex%'")

    outcome = await reconcile_all(worker)

    assert outcome.skipped == 1
    assert outcome.remade > 0
    assert (await reconcile_all(worker)).remade == 0


@pytest.mark.usefixtures("told")
async def test_a_night_compares_all_of_it_counts_it_and_raises_the_alarm(
    worker: Database, superuser: asyncpg.Connection
) -> None:
    right = await held(superuser)
    await superuser.execute("UPDATE scoring.insight_days SET low = low + 1 WHERE prefix = 'globex'")
    await superuser.execute("DELETE FROM scoring.insight_places WHERE prefix = 'acme'")
    await superuser.execute("UPDATE scoring.answer_places SET prefix = 'stranger' WHERE prefix = 'acme'")
    alarms = {table: counter._value.get() for table, counter in metrics.REPAIRED_DERIVED.items()}
    job = ReconciliationJob(worker)
    steps = 0
    while await job.go_on():
        steps += 1

    row = await superuser.fetchrow("SELECT * FROM scoring.reconciliations")
    assert row["finished_at"] is not None
    assert steps > 20
    more = {table: counter._value.get() - alarms[table] for table, counter in metrics.REPAIRED_DERIVED.items()}
    assert min(more.values()) > 0
    assert row["remade"] == sum(more.values())
    assert row["skipped"] == 0
    assert row["derived"] >= sum(map(len, right.values()))
    assert await held(superuser) == right


@pytest.mark.usefixtures("told")
async def test_a_night_goes_on_where_a_stopped_process_was_and_counts_each_step_once(
    worker: Database, superuser: asyncpg.Connection
) -> None:
    alone = ReconciliationJob(worker)
    while await alone.go_on():
        pass
    whole = await superuser.fetchval("SELECT derived FROM scoring.reconciliations")
    await superuser.execute("DELETE FROM scoring.reconciliations")

    going_on = True
    while going_on:
        done = await asyncio.gather(*(ReconciliationJob(worker).go_on() for _ in range(2)))
        going_on = any(done)

    rows = await superuser.fetch("SELECT derived, finished_at IS NOT NULL AS has_ended FROM scoring.reconciliations")
    assert [tuple(row) for row in rows] == [(whole, True)]


@pytest.mark.usefixtures("told")
async def test_days_that_cannot_be_compared_keep_nothing_waiting(
    worker: Database, superuser: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> Outcome:
        raise asyncpg.QueryCanceledError

    monkeypatch.setattr(jobs.derived, "reconcile_days", fail)
    job = ReconciliationJob(worker)
    while await job.go_on():
        pass

    row = await superuser.fetchrow("SELECT * FROM scoring.reconciliations")
    assert (row["skipped"] > 0, row["finished_at"] is not None) == (True, True)


@pytest.mark.usefixtures("told")
async def test_the_command_compares_one_subject_and_says_so(superuser: asyncpg.Connection, scoring_url: str) -> None:
    right = await held(superuser)
    for table in TABLES:
        await superuser.execute(
            f"DELETE FROM scoring.{table} WHERE tenant_id = 'default' AND prefix LIKE 'acme/berlin%'"
        )
    await superuser.execute("DELETE FROM scoring.answer_places WHERE tenant_id = 'default' AND prefix = 'globex'")
    command_line = CommandLine(scoring_url)
    asked = ("score", "reconcile", "--tenant", "default", "--subject", "acme/berlin")

    found = await asyncio.to_thread(command_line.json, *asked)

    assert found["remade"] > 0
    left = await held(superuser)
    assert left["insight_days"] == right["insight_days"]
    assert left["insight_places"] == right["insight_places"]
    assert [row for row in left["answer_places"] if row[1] != "globex"] == [
        row for row in right["answer_places"] if row[1] != "globex"
    ]
    said_again = await asyncio.to_thread(command_line.output, *asked)
    assert "rows of insight and answers compared; 0 were wrong or missing" in said_again
    whole = await asyncio.to_thread(command_line.json, "score", "reconcile")
    assert whole["remade"] > 0
    assert await held(superuser) == right


@pytest.mark.parametrize("table", ["insight_reviews", "insight_places", "insight_days"])
@pytest.mark.usefixtures("told")
async def test_a_day_that_no_client_could_read_is_not_stored(superuser: asyncpg.Connection, table: str) -> None:
    for day in ("infinity", "20000-01-01", "0044-03-15 BC"):
        with pytest.raises(asyncpg.CheckViolationError):
            await superuser.execute(f"UPDATE scoring.{table} SET day = '{day}'")


def test_every_walk_has_one_after_it_but_the_last() -> None:
    assert [walk.following for walk in Walk] == [*list(Walk)[1:], None]


@pytest.mark.parametrize("table", ["insight_places", "answer_places"])
async def test_a_place_that_no_review_says_is_replaced_by_the_review_that_comes_to_it(
    both: Both, worker: Database, superuser: asyncpg.Connection, table: str
) -> None:
    """As a restored table leaves it, of which another one was restored to an earlier state."""
    events = lives(random.Random(5), 12)
    await both.tell(events)
    right = await held(superuser)
    await superuser.execute("TRUNCATE scoring.insight_reviews, scoring.insight_days, scoring.answer_reviews")
    await superuser.execute(f"UPDATE scoring.{table} SET source_id = gen_random_uuid()")

    await both.tell(events)

    assert await held(superuser) == right


@pytest.mark.parametrize("walk", [Walk.SAID_PLACES, Walk.ANSWER_PLACES])
async def test_a_place_is_kept_whose_review_another_process_adds_while_it_is_taken_away(
    both: Both, worker: Database, superuser: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, walk: Walk
) -> None:
    """The review comes after it was found to be missing, and before its places are looked at."""
    events = lives(random.Random(6), 12)
    await both.tell(events)
    right = await held(superuser)
    await superuser.execute("TRUNCATE scoring.insight_reviews, scoring.insight_days, scoring.answer_reviews")
    present = store._present

    async def present_after_the_reviews(*arguments: Any) -> Any:
        monkeypatch.setattr(store, "_present", present)
        await asyncio.wait_for(both.tell(events), 20)
        return await present(*arguments)

    monkeypatch.setattr(store, "_present", present_after_the_reviews)
    await derived.take_step(worker, walk, Scope(), "")

    assert await held(superuser) == right


@pytest.mark.parametrize("walk", [Walk.SAID_PLACES, Walk.ANSWER_PLACES])
async def test_a_group_waits_for_places_that_are_being_taken_away_and_adds_its_own(
    both: Both, worker: Database, superuser: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, walk: Walk
) -> None:
    events = lives(random.Random(7), 12)
    await both.tell(events)
    right = await held(superuser)
    await superuser.execute("TRUNCATE scoring.insight_reviews, scoring.insight_days, scoring.answer_reviews")
    begun: list[asyncio.Task[None]] = []
    make_once = store._make_anew

    async def begin_after(*arguments: Any) -> Any:
        found = await make_once(*arguments)
        if not begun:
            begun.append(asyncio.create_task(both.tell(events)))
            while not await superuser.fetchval(WAITING):
                assert not begun[0].done(), "the group has not waited"
        return found

    monkeypatch.setattr(store, "_make_anew", begin_after)
    await derived.take_step(worker, walk, Scope(), "")
    await asyncio.wait_for(begun[0], 20)

    assert await held(superuser) == right
