"""What was set aside of a tenant is listed by time along an index, however much it is."""

from alembic import op

revision = "0027"
down_revision = "0025"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


SET_ASIDE = "WHERE failed_at IS NOT NULL"
NAMES = {"timers": "clock_id", "alert_steps": "alert_id", "silences": "id", "occurrences": "person"}
STATEMENTS = tuple(
    statement
    for table, name in NAMES.items()
    for statement in (
        f"DROP INDEX alerting.{table}_set_aside",
        f"CREATE INDEX {table}_set_aside ON alerting.{table} (tenant_id, failed_at, {name}) {SET_ASIDE}",
    )
)
