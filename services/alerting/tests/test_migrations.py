"""What migrations do to rows that are there already."""

from importlib import import_module

import asyncpg
import pytest

from plaudit_testing.clocks import at, review

pytestmark = pytest.mark.postgres

MESSAGES = import_module("plaudit.alerting.migrations.versions.0009_messages")
FIRST = import_module("plaudit.alerting.migrations.versions.0001_clocks")
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
    assert [subject.split(":")[0] for subject in mailbox.subjects] == ["Answer by 3 March 2026, 09"]
