"""What migrations do to rows that are there already."""

import json
from importlib import import_module

import asyncpg
import pytest

from plaudit.alerting.alerts.store import alerts
from plaudit.alerting.clocks import store
from plaudit.alerting.clocks.commands import rules_of
from plaudit.alerting.clocks.domain.clock import clock_id
from plaudit.alerting.clocks.domain.run import fold
from plaudit.alerting.people import commands as owners
from plaudit.alerting.people import store as people
from plaudit.alerting.policies.domain.document import Format
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.alerting.reviews.consumer import keep_reviews
from plaudit.common.db import Role
from plaudit_testing.clocks import answered, at, rated, review

pytestmark = pytest.mark.postgres

MESSAGES = import_module("plaudit.alerting.migrations.versions.0009_messages")
FIRST = import_module("plaudit.alerting.migrations.versions.0001_clocks")
RATINGS = import_module("plaudit.alerting.migrations.versions.0015_ratings_of_reviews")
OPT_OUTS = import_module("plaudit.alerting.migrations.versions.0023_subscribing_and_correcting")
ANSWERS_NOT_TOLD = import_module("plaudit.alerting.migrations.versions.0004_answers_not_told")


async def test_a_clock_that_ran_before_anybody_said_whether_answers_are_told_is_judged_as_it_was(stage, alerting_url):
    await stage.happens(None, review(), at(0))
    connection = await asyncpg.connect(alerting_url)
    await connection.execute("SET ROLE plaudit_alerting_owner")
    await connection.execute("ALTER TABLE alerting.clocks DROP COLUMN answers, DROP COLUMN unknown_at")
    for statement in ANSWERS_NOT_TOLD.STATEMENTS:
        await connection.execute(statement)
    await connection.close()
    await stage.move_to(at(24.1))
    await stage.fires()
    clock = await stage.clock()
    assert (clock["state"], clock["answers"]) == ("breached", "told")


async def test_running_clocks_keep_their_due_times_when_they_come_to_be_about_anything(database_of_before, stage_on):
    connection = await asyncpg.connect(database_of_before)
    for number, (policy, hours) in enumerate([("answer-negative-reviews", 24), ("answer-drastic-reviews", 4)]):
        review_id = f"review-{number}"
        clock = clock_id("default", review_id, Metric.FIRST_ANSWER)
        started = {"kind": "started", "at": at(0).isoformat(), "anchor_at": at(0).isoformat()}
        started |= {"policy": [policy, 1], "reason": "published"}
        await connection.execute(_CLOCK_OF_BEFORE, clock, review_id, policy, at(0), at(hours))
        await connection.execute(_LOG_OF_BEFORE, clock, at(0), json.dumps(started))
        await connection.execute(_TIMER_OF_BEFORE, clock, 80, at(hours * 0.8))
        await connection.execute(_TIMER_OF_BEFORE, clock, 100, at(hours))
    await connection.close()
    stage = await stage_on(database_of_before)
    for number, hours in enumerate([24, 4]):
        clock = await stage.clock(f"review-{number}")
        async with stage.worker.transaction() as tx:
            [stored] = (await store.load(tx, [("default", clock["id"])])).values()
            log = await store.log_of(tx, "default", clock["id"])
            rules = await rules_of(tx, {"default"})
        assert stored.run.due_at == at(hours)
        assert fold([event for event, _ in log], rules.of("default")) == stored.run
        timers = await stage.rows("SELECT kind, due_at, breach_at, root FROM timers WHERE clock_id = $1", clock["id"])
        assert [tuple(row.values()) for row in timers] == [("warn:80", at(hours * 0.8), at(hours), clock["id"])]
    await stage.rows(
        "INSERT INTO positions (consumer_group, topic, partition, topic_id, next_offset, epoch, sequence) "
        "VALUES ('alerting', 'reviews.v1', 3, gen_random_uuid(), 1, 1, 1)"
    )
    await stage.move_to(at(25))
    await stage.fires()
    assert {row["state"] for row in await stage.rows("SELECT state FROM clocks")} == {"breached"}


async def test_of_reviews_from_before_the_rating_at_an_answer_is_known_where_no_edit_followed_it(stage, alerting_url):
    bad = review()
    async with stage.worker.transaction() as tx:
        await keep_reviews(
            tx,
            [
                stage.record(None, answered(bad, at(1)), at(1), "answered"),
                stage.record(None, rated(answered(bad, at(1)), 4.0, at(2)), at(2), "edited-since"),
                stage.record(None, bad, at(0), "bad"),
                stage.record(None, review(5.0), at(0), "good"),
            ],
        )
    connection = await asyncpg.connect(alerting_url)
    await connection.execute("SET ROLE plaudit_alerting_owner")
    await connection.execute("ALTER TABLE alerting.reviews NO FORCE ROW LEVEL SECURITY")
    await connection.execute(
        "ALTER TABLE alerting.reviews DROP COLUMN ratings, DROP COLUMN rated_ats, DROP COLUMN first_answered_at, "
        "DROP COLUMN base_rating, DROP COLUMN base_rated_at"
    )
    for statement in RATINGS.STATEMENTS:
        await connection.execute(statement)
    await connection.close()
    rows = await stage.rows(
        "SELECT id, base_rating, base_rated_at, first_answered_at, ratings FROM reviews ORDER BY id"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("answered", 1.0, at(0), at(1), [1.0]),
        ("bad", 1.0, at(0), None, [1.0]),
        ("edited-since", None, None, at(1), [4.0]),
        ("good", None, None, None, [5.0]),
    ]


_CLOCK_OF_BEFORE = """
INSERT INTO alerting.clocks (tenant_id, id, metric, partition, review_revision, review_id, source_id, source_name,
    external_id, subject, stars, state, waiting, policy_id, policy_revision, run, generation, anchor_at, started_at,
    due_at, provisional, reason)
VALUES ('default', $1, 'first_answer', 3, 1, $2, 's', 'Acme', 'r', 'acme/berlin', 1, 'running', true, $3, 1, 1, 1,
    $4, $4, $5, false, 'published')
"""
_LOG_OF_BEFORE = """
INSERT INTO alerting.clock_events (tenant_id, clock_id, kind, happened_at, recorded_at, event)
VALUES ('default', $1, 'started', $2, $2, $3::jsonb)
"""
_TIMER_OF_BEFORE = """
INSERT INTO alerting.timers (tenant_id, clock_id, generation, percent, partition, due_at)
VALUES ('default', $1, 1, $2, 3, $3)
"""


@pytest.mark.usefixtures("first_answers_only")
async def test_mails_of_before_become_messages_and_those_that_wait_leave_as_they_would_have(
    stage, alerting_url, mailbox
):
    await stage.happens(None, review(), at(0))
    [clock] = await stage.rows("SELECT id, generation FROM clocks WHERE metric = 'first_answer'")
    connection = await asyncpg.connect(alerting_url)
    await connection.execute("SET ROLE plaudit_alerting_owner")
    for table in ("messages", "message_deliveries", "outlets"):
        await connection.execute(f"ALTER TABLE alerting.{table} NO FORCE ROW LEVEL SECURITY")
        await connection.execute(f"DELETE FROM alerting.{table}")
    await connection.execute(next(each for each in FIRST.STATEMENTS if "CREATE TABLE alerting.mails" in each))
    await connection.execute(
        "INSERT INTO alerting.mails (tenant_id, id, clock_id, generation, kind, recipient, state, created_at, "
        "next_attempt_at, finished_at) SELECT 'default', gen_random_uuid(), $1, $2, kind, 'owner@acme.example', state, "
        "$3::timestamptz, $3, CASE state WHEN 'pending' THEN NULL ELSE $3 END "
        "FROM (VALUES ('notice', 'pending'), ('notice', 'sent'), ('breach', 'superseded')) AS m (kind, state)",
        clock["id"],
        clock["generation"],
        at(0),
    )
    for statement in MESSAGES.STATEMENTS:
        await connection.execute(statement)
    await connection.close()
    rows = await stage.rows("SELECT topic, state FROM message_deliveries ORDER BY topic, state")
    assert [tuple(row.values()) for row in rows] == [
        ("clock.breached", "withdrawn"),
        ("clock.started", "pending"),
        ("clock.started", "sent"),
    ]
    await stage.sends()
    assert mailbox.subjects == [], "the owner had a notice of this clock within the hour"
    await stage.move_to(at(1.1))
    await stage.sends()
    assert [subject.split(":")[0] for subject in mailbox.subjects] == ["Answer by 3 March 2026, 09"]


async def test_an_opt_out_of_before_is_in_the_log_of_consent_afterwards(stage, alerting_url):
    connection = await asyncpg.connect(alerting_url)
    await connection.execute("SET ROLE plaudit_alerting_owner")
    for table in OPT_OUTS.SEEN:
        await connection.execute(f"ALTER TABLE alerting.{table} NO FORCE ROW LEVEL SECURITY")
    await connection.execute("ALTER TABLE alerting.cadence_persons ADD COLUMN opted_out text[] NOT NULL DEFAULT '{}'")
    for person, closed in (
        ("all", ["*"]),
        ("mail", ["mail", "sms"]),
        ("sms", ["sms"]),
        ("known", ["*"]),
        ("known-by-sms", ["*"]),
        ("known-to-want", ["mail"]),
    ):
        await connection.execute(
            "INSERT INTO alerting.cadence_persons (tenant_id, person, subject, subject_at, generation, received_at, "
            "planned, opted_out) VALUES ('default', $1, 'acme', $2, 1, $2, 0, $3)",
            person,
            at(0),
            closed,
        )
    await connection.execute(
        "INSERT INTO alerting.consents (tenant_id, person_key, topic, channel, choice, source, at) "
        "SELECT 'default', person, '*', channel, choice, 'service', $1 FROM (VALUES ('known', '*', 'out'), "
        "('known-by-sms', 'sms', 'out'), ('known-to-want', 'email', 'in')) AS v (person, channel, choice)",
        at(-1),
    )
    await connection.execute(OPT_OUTS.KEEP_OPT_OUTS)
    await connection.close()
    rows = await stage.rows("SELECT person_key, topic, channel, choice FROM consents ORDER BY person_key, id")
    assert [tuple(row.values()) for row in rows] == [
        ("all", "*", "*", "out"),
        ("known", "*", "*", "out"),
        ("known-by-sms", "*", "sms", "out"),
        ("known-by-sms", "*", "*", "out"),
        ("known-to-want", "*", "email", "in"),
        ("known-to-want", "*", "email", "out"),
        ("mail", "*", "email", "out"),
    ]


@pytest.mark.parametrize("database_of_before", ["0019"], indirect=True)
async def test_incidents_of_before_keep_their_updates_and_those_who_are_told(database_of_before, stage_on):
    connection = await asyncpg.connect(database_of_before)
    incident = await connection.fetchval("SELECT gen_random_uuid()")
    await connection.execute(
        "INSERT INTO alerting.incidents (tenant_id, id, slug, title, kind, severity, audience, subjects, state, "
        "opened_from, opened_at, opened_by, changed_at, revision, updates, updated_at, instance) "
        "VALUES ('default', $1, 'card-payments-fail', 'Card payments fail', 'incident', 'urgent', 'public', "
        "ARRAY['acme'], 'open', 'hand', $2, 'staff', $2, 1, 2, $2, 0)",
        incident,
        at(0),
    )
    await connection.execute(
        "INSERT INTO alerting.incident_updates (tenant_id, incident_id, number, severity, state, texts, made_by, "
        "made_at) SELECT 'default', $1, n, 'urgent', 'open', '[]', 'staff', $2 FROM generate_series(1, 2) n",
        incident,
        at(0),
    )
    await connection.execute(
        "INSERT INTO alerting.incident_subscribers (tenant_id, incident_id, person_key, language, sealed, added_at, "
        "added_by) VALUES ('default', $1, 'ada', 'en', 'sealed', $2, 'staff')",
        incident,
        at(0),
    )
    await connection.close()
    stage = await stage_on(database_of_before)
    updates = await stage.rows("SELECT number, revision, reason, corrected_at FROM incident_updates ORDER BY number")
    assert [tuple(row.values()) for row in updates] == [(1, 1, "", None), (2, 1, "", None)]
    [told] = await stage.rows("SELECT person_key, confirmed_at IS NOT NULL AS is_told FROM incident_subscribers")
    assert tuple(told.values()) == ("ada", True)


@pytest.mark.parametrize("database_of_before", ["0025"], indirect=True)
async def test_what_was_set_aside_before_is_listed_and_alerts_of_before_have_no_words(database_of_before, stage_on):
    connection = await asyncpg.connect(database_of_before)
    for statement in _SET_ASIDE_BEFORE:
        await connection.execute(statement, at(0))
    alert = await connection.fetchval(
        "INSERT INTO alerting.alerts (tenant_id, id, review_id, subject, kind, severity, summary, owner, state, "
        "raised_at, is_statutory, generation) VALUES ('default', gen_random_uuid(), 'review-1', 'acme', 'uncaught', "
        "'high', 'No policy', 'owner@acme.example', 'open', $1, false, 1) RETURNING id",
        at(0),
    )
    await connection.close()
    stage = await stage_on(database_of_before)
    api = await stage.client()
    listed = (await api.get("/v1/set-aside")).json()["items"]
    assert sorted(each["kind"] for each in listed) == ["contact", "silence", "step", "timer"]
    assert {each["error"] for each in listed} == {"it fails"}
    [told] = (await api.get("/v1/alerts")).json()["items"]
    assert (told["state"], told["summary"]) == ("open", "No policy")
    async with stage.worker.transaction() as tx:
        [kept] = (await alerts.load(tx, [("default", alert)])).values()
    assert (kept.title, kept.excerpt) == (None, None)


_SET_ASIDE_BEFORE = (
    """
INSERT INTO alerting.timers (tenant_id, clock_id, generation, kind, root, topic, partition, due_at, failed_at, error)
VALUES ('default', gen_random_uuid(), 1, 'breach', gen_random_uuid(), 'reviews.v1', 3, $1, $1, 'it fails')
""",
    """
INSERT INTO alerting.alert_steps (tenant_id, alert_id, kind, number, generation, target, due_at, failed_at, error)
VALUES ('default', gen_random_uuid(), 'tell', 1, 1, '{}', $1, $1, 'it fails')
""",
    """
INSERT INTO alerting.silences
    (tenant_id, id, subject_prefix, reason, created_at, created_by, until, failed_at, error)
VALUES ('default', gen_random_uuid(), 'acme', 'x', $1, 'key:a', $1::timestamptz + interval '1 hour', $1, 'it fails')
""",
    """
INSERT INTO alerting.occurrences
    (tenant_id, person, rule, step, local_date, revision, generation, anchor_at, due_at, failed_at, error)
VALUES ('default', 'p', 'renewal', 'first', '2026-03-02', 1, 1, $1, $1, $1, 'it fails')
""",
)


@pytest.mark.parametrize("database_of_before", ["0029"], indirect=True)
async def test_of_the_timers_of_a_clock_the_next_one_stays_and_one_that_was_set_aside(database_of_before, stage_on):
    connection = await asyncpg.connect(database_of_before)
    stages = [("warn:50", 12), ("warn:80", 19.2), ("breach", 24)]
    for number, (fired, failed) in enumerate([(0, 0), (1, 0), (0, 1), (0, 2), (0, 3)]):
        clock = clock_id("default", f"review-{number}", Metric.FIRST_ANSWER)
        for place, (kind, hours) in enumerate(stages[fired:]):
            await connection.execute(_TIMER_OF_0029, clock, kind, at(hours), at(hours) if place < failed else None)
    await connection.execute(
        _TIMER_OF_0029, clock_id("default", "review-0", Metric.FIRST_ANSWER), "contact", at(0), None
    )
    await connection.close()
    stage = await stage_on(database_of_before)
    found = {}
    for number in range(5):
        clock = clock_id("default", f"review-{number}", Metric.FIRST_ANSWER)
        rows = await stage.rows(
            "SELECT kind, due_at, breach_at FROM timers WHERE clock_id = $1 ORDER BY due_at, kind", clock
        )
        found[number] = [tuple(row.values()) for row in rows]
    assert found == {
        0: [("contact", at(0), None), ("warn:50", at(12), at(24))],
        1: [("warn:80", at(19.2), at(24))],
        2: [("warn:50", at(12), None), ("warn:80", at(19.2), at(24))],
        3: [("warn:50", at(12), None), ("warn:80", at(19.2), None), ("breach", at(24), at(24))],
        4: [("warn:50", at(12), None), ("warn:80", at(19.2), None), ("breach", at(24), at(24))],
    }
    aside = await stage.rows("SELECT clock_id, count(*) AS n FROM timers WHERE failed_at IS NOT NULL GROUP BY 1")
    assert sorted(row["n"] for row in aside) == [1, 2, 3]


_TIMER_OF_0029 = """
INSERT INTO alerting.timers (tenant_id, clock_id, generation, kind, root, topic, partition, due_at, failed_at, error)
VALUES ('default', $1, 1, $2, $1, 'reviews.v1', 3, $3, $4::timestamptz, CASE WHEN $4 IS NOT NULL THEN 'it fails' END)
"""


@pytest.mark.parametrize("common_of_before", ["0006"], indirect=True)
async def test_who_was_deactivated_before_is_told_nothing_once_every_service_can_ask(common_of_before, stage_on):
    raw = await asyncpg.connect(common_of_before)
    await raw.execute(
        "INSERT INTO common.tenants (id, name, person_key) SELECT id, id, '\\x00' FROM unnest($1::text[]) AS v (id) "
        "ON CONFLICT DO NOTHING",
        ["default", "other"],
    )
    await raw.execute(
        "INSERT INTO common.people (tenant_id, id, email, name, role, active, valid_from, created_at) "
        "SELECT tenant_id, gen_random_uuid(), email, email, 'responder', active, $1, $1 FROM (VALUES "
        "('default', 'gone@acme.example', false), ('default', 'here@acme.example', true), "
        "('other', 'elsewhere@acme.example', false)) AS v (tenant_id, email, active)",
        at(0),
    )
    await raw.close()
    stage = await stage_on(common_of_before)
    document = {"people": [{"address": f"{each}@acme.example", "name": each} for each in ("gone", "here", "elsewhere")]}
    async with stage.resources.database(Role.API).transaction("default") as tx:
        await owners.save(tx, "default", json.dumps(document), Format.JSON, "test")
    async with stage.worker.transaction() as tx:
        assert await tx.raw.fetchval("SELECT common.deactivated_people('default')") == ["gone@acme.example"]
        assert await tx.raw.fetchval("SELECT common.deactivated_people('nobody')") == []
        known = (await people.load(tx, ["default"]))["default"]
    assert {each.address for each in known.people} == {"here@acme.example", "elsewhere@acme.example"}
