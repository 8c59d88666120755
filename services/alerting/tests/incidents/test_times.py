"""What is done to an incident stands in the order of its times, whoever began first."""

from uuid import UUID

import pytest

from plaudit.alerting.incidents.commands import incidents as commands
from plaudit.alerting.incidents.domain.incident import Severity
from plaudit.common.db import Role
from plaudit.common.ids import uuid7
from plaudit.common.outbox import UnitOfWork

pytestmark = pytest.mark.postgres


async def test_a_change_that_began_before_another_and_came_after_it_has_the_later_time(incidents):
    stage, made = incidents.stage, await incidents.opened()
    async with stage.resources.database(Role.API).transaction("default") as tx:
        began = tx.now
        await incidents.posts(made, "resolve")
        work = UnitOfWork(tx, stage.resources.outbox, uuid7)
        await commands.set_severity(work, "default", UUID(made["id"]), Severity.ROUTINE, "test", ())
    log = await stage.rows("SELECT kind, at FROM incident_log ORDER BY number")
    assert [each["kind"] for each in log] == ["opened", "resolved", "severity"]
    assert [each["at"] for each in log] == sorted(each["at"] for each in log)
    assert log[-1]["at"] > began
    audited = await stage.rows("SELECT kind, recorded_at AS at FROM audit WHERE kind LIKE 'incident.%' ORDER BY id")
    assert [each["at"] for each in audited] == sorted(each["at"] for each in audited)
