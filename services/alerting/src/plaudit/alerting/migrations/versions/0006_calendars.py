"""Calendars: their revisions, and by which data of their zones each was computed."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0006"
down_revision = "0005"

SERVICE = "alerting"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("calendar_revisions", "calendar_zone_data"):
        protect_tenant_rows(op.execute, SERVICE, table)
        # A revision never changes, nor does what was computed by some data of its zone: nobody may change either.
        grant(op.execute, SERVICE, "SELECT, INSERT", table, (Role.API, Role.WORKER))


STATEMENTS = (
    """
CREATE TABLE alerting.calendar_revisions (
    tenant_id text NOT NULL COLLATE "C",
    name text NOT NULL COLLATE "C",
    revision int NOT NULL CHECK (revision >= 1),
    document jsonb NOT NULL,
    tzdata text NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    PRIMARY KEY (tenant_id, name, revision)
)
""",
    """
COMMENT ON COLUMN alerting.calendar_revisions.document IS
    'hours, dates that differ, and the holidays as they were known when the revision was made'
""",
    "COMMENT ON COLUMN alerting.calendar_revisions.tzdata IS 'version of the time zone data that it was made under'",
    """
CREATE TABLE alerting.calendar_zone_data (
    tenant_id text NOT NULL COLLATE "C",
    name text NOT NULL COLLATE "C",
    revision int NOT NULL,
    tzdata text NOT NULL COLLATE "C",
    fingerprint bytea NOT NULL,
    has_moved boolean NOT NULL,
    computed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, name, revision, tzdata)
)
""",
    """
COMMENT ON COLUMN alerting.calendar_zone_data.fingerprint IS 'SHA-256 of the open time of some years, in UTC'
""",
    """
COMMENT ON COLUMN alerting.calendar_zone_data.has_moved IS
    'whether the open time differs from what the version before it said'
""",
)
