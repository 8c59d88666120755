"""What migrations do to rows that are there already."""

from importlib import import_module

import asyncpg
import pytest

from plaudit_testing.clocks import at, review

pytestmark = pytest.mark.postgres

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
