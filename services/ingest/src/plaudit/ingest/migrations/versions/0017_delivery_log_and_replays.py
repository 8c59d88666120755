"""The log of deliveries says how long each took, is searched by its reasons, and can be replayed."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    protect_tenant_rows(op.execute, "ingest", "replays")
    grant(op.execute, "ingest", "SELECT, INSERT", "replays", (Role.API,))
    grant(op.execute, "ingest", "SELECT, UPDATE, DELETE", "replays", (Role.WORKER,))
    for table in ("deliveries", "reviews", "held_events"):
        grant(op.execute, "ingest", "INSERT", table, (Role.WORKER,))
    grant(op.execute, "ingest", "INSERT, UPDATE", "pull_notices", (Role.WORKER,))


STATEMENTS = (
    """
    ALTER TABLE ingest.deliveries
        ADD COLUMN latency_us int, ADD COLUMN replayed_at timestamptz, ADD COLUMN first_status smallint
    """,
    """
    COMMENT ON COLUMN ingest.deliveries.latency_us IS
        'microseconds from the last byte of its body until it was written; null of older ones'
    """,
    "COMMENT ON COLUMN ingest.deliveries.status IS 'what a repetition of it is answered'",
    "COMMENT ON COLUMN ingest.deliveries.first_status IS 'what it was answered, where a replay has changed that'",
    # Only deliveries of which something was not simply taken are in it: the others pay nothing for it.
    """
    CREATE INDEX deliveries_told ON ingest.deliveries (tenant_id, received_at DESC, id DESC)
    WHERE quarantine_reason IS NOT NULL OR quarantined IS NOT NULL OR set_aside IS NOT NULL
        OR (sent_id IS NOT NULL AND dedup_id IS NULL)
    """,
    """
    CREATE TABLE ingest.replays (
        tenant_id text NOT NULL COLLATE "C",
        id uuid PRIMARY KEY,
        source_id uuid NOT NULL,
        delivery_id uuid,
        event_index int,
        received_from timestamptz,
        received_before timestamptz NOT NULL,
        quarantined_only boolean NOT NULL,
        reason_digest bytea,
        requested_by text NOT NULL,
        requested_at timestamptz NOT NULL,
        total int,
        place_at timestamptz,
        place uuid NOT NULL,
        counts jsonb NOT NULL,
        finished_at timestamptz
    )
    """,
    "CREATE INDEX replays_list ON ingest.replays (tenant_id, requested_at DESC, id DESC)",
    "CREATE INDEX replays_open ON ingest.replays (requested_at, id) WHERE finished_at IS NULL",
    "COMMENT ON COLUMN ingest.replays.reason_digest IS 'SHA-256 of the one reason whose events it is about'",
    "COMMENT ON COLUMN ingest.replays.place IS 'with place_at, the last delivery that it has come to'",
    "COMMENT ON COLUMN ingest.replays.total IS 'how many deliveries it is about; null until they are counted'",
)
