from datetime import datetime

import pytest
from sqlalchemy import inspect

from plaudit.alerting.alerts.tables import alert_steps, alerts, silences
from plaudit.alerting.answers.tables import published_answers
from plaudit.alerting.audit.tables import audit
from plaudit.alerting.cadences import tables as cadences
from plaudit.alerting.calendars.tables import calendar_revisions, calendar_zone_data
from plaudit.alerting.clocks.tables import clock_events, clocks
from plaudit.alerting.incidents import tables as incidents
from plaudit.alerting.library.tables import guidelines
from plaudit.alerting.people.tables import owner_revisions
from plaudit.alerting.policies.tables import policy_activations, policy_revisions
from plaudit.alerting.reviews.tables import reviews
from plaudit.alerting.timers.tables import timers
from plaudit.common.db import Role

pytestmark = pytest.mark.postgres

TABLES = (
    *(calendar_revisions, calendar_zone_data, reviews, policy_revisions, policy_activations),
    *(clocks, clock_events, timers, alerts, guidelines, published_answers),
    *(owner_revisions, alert_steps, silences, audit),
    *cadences.metadata.sorted_tables,
    *incidents.metadata.sorted_tables,
)


async def test_the_tables_that_queries_are_composed_over_are_those_of_the_migration(stage):
    async with stage.worker.transaction() as tx:
        found = await tx.sql.run_sync(
            lambda connection: {
                name: {column["name"]: column for column in inspect(connection).get_columns(name, schema="alerting")}
                for name in (table.name for table in TABLES)
            }
        )
    for table in TABLES:
        assert {column.name for column in table.columns} == set(found[table.name]), table.name
        for column in table.columns:
            real = found[table.name][column.name]
            assert column.nullable == real["nullable"], (table.name, column.name)
            assert column.type.python_type is real["type"].python_type, (table.name, column.name)
            if column.type.python_type is datetime:
                assert real["type"].timezone


@pytest.mark.parametrize(
    "table",
    [
        *("calendar_revisions", "calendar_zone_data", "policy_revisions", "policy_activations"),
        *("clock_events", "cadence_revisions", "digests", "guidelines", "owner_revisions"),
        *("incident_updates", "incident_log"),
    ],
)
@pytest.mark.parametrize("role", [Role.API, Role.WORKER])
async def test_nobody_may_change_what_is_written_for_good(stage, table, role):
    async with stage.resources.database(role).transaction() as tx:
        for privilege in ("UPDATE", "DELETE", "TRUNCATE"):
            assert not await tx.raw.fetchval("SELECT has_table_privilege($1, $2)", f"alerting.{table}", privilege)
