"""The desk: who wrote a review, for the history with us, and that something changed, for pages that follow live."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0018"
down_revision = "0017"

SERVICE = "alerting"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    protect_tenant_rows(op.execute, SERVICE, "changes")
    grant(op.execute, SERVICE, "SELECT, INSERT", "changes", (Role.API, Role.WORKER))
    grant(op.execute, SERVICE, "DELETE", "changes", (Role.WORKER,))


# Of reviews that are known already, the person is learned with their next event.
STATEMENTS = (
    'ALTER TABLE alerting.reviews ADD COLUMN person text COLLATE "C"',
    "COMMENT ON COLUMN alerting.reviews.person IS 'the key of who wrote it; none where the source does not tell'",
    """
CREATE INDEX reviews_by_person ON alerting.reviews (tenant_id, person, published_at DESC, id) WHERE person IS NOT NULL
""",
    """
CREATE TABLE alerting.changes (
    tenant_id text NOT NULL COLLATE "C",
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    noted_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, xid)
)
""",
    "COMMENT ON TABLE alerting.changes IS 'which transactions changed what the desk shows: kept for a day'",
    "CREATE INDEX alerts_by_clock ON alerting.alerts (tenant_id, clock_id)",
    "CREATE INDEX changes_by_time ON alerting.changes (noted_at)",
)
