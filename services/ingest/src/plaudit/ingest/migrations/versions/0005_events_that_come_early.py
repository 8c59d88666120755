"""Events that come before their review wait for it; each part of a review has its own version."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    protect_tenant_rows(op.execute, "ingest", "held_events")
    grant(op.execute, "ingest", "SELECT", "held_events", (Role.API,))
    grant(op.execute, "ingest", "SELECT, INSERT, DELETE", "held_events", (Role.HOOK,))
    grant(op.execute, "ingest", "SELECT, DELETE", "held_events", (Role.WORKER,))
    grant(op.execute, "ingest", "UPDATE (quarantined, set_aside)", "deliveries", (Role.WORKER,))
    grant(op.execute, "ingest", "DELETE", "reviews", (Role.WORKER,))
    # The owner moves rows of all tenants.
    for table in MOVED:
        op.execute(f"ALTER TABLE ingest.{table} NO FORCE ROW LEVEL SECURITY")
    for statement in TOMBSTONES:
        op.execute(statement)
    for table in MOVED:
        op.execute(f"ALTER TABLE ingest.{table} FORCE ROW LEVEL SECURITY")


STATEMENTS = (
    "ALTER TABLE ingest.deliveries ADD COLUMN set_aside jsonb",
    """
    COMMENT ON COLUMN ingest.deliveries.set_aside IS
        'the events that were answered as held or ignored: {"held": [[index, reason]], "ignored": [[index, reason]]}'
    """,
    "ALTER TABLE ingest.reviews ADD COLUMN part_versions bytea",
    """
    COMMENT ON COLUMN ingest.reviews.part_versions IS
        'the version that each part was last told in, as MessagePack; null: all have the one of the review'
    """,
    """
    COMMENT ON COLUMN ingest.reviews.revision IS
        '0: nothing is known of the review but events in held_events that wait for it'
    """,
    "COMMENT ON COLUMN ingest.reviews.removed IS NULL",
    """
    COMMENT ON COLUMN ingest.revisions.state IS
        'the last state, stored through a removal so that it can be restored; null in tombstones of before 0005'
    """,
    """
    CREATE TABLE ingest.held_events (
        tenant_id text NOT NULL COLLATE "C",
        source_id uuid NOT NULL,
        external_id text NOT NULL COLLATE "C",
        id uuid NOT NULL,
        delivery_id uuid NOT NULL,
        event_index int NOT NULL,
        received_at timestamptz NOT NULL,
        instruction jsonb NOT NULL,
        traceparent text,
        tracestate text,
        PRIMARY KEY (source_id, external_id, id)
    )
    """,
    "CREATE INDEX held_events_list ON ingest.held_events (tenant_id, received_at DESC, id DESC)",
    "CREATE INDEX held_events_expiry ON ingest.held_events (received_at)",
    "COMMENT ON TABLE ingest.held_events IS 'events about reviews that are not known yet'",
)
MOVED = ("reviews", "revisions", "held_events")
# A removal that came before its review left a tombstone: a review whose last revision has no state.
TOMBSTONES = (
    """
    INSERT INTO ingest.held_events
        (tenant_id, source_id, external_id, id, delivery_id, event_index, received_at, instruction)
    SELECT r.tenant_id, r.source_id, r.external_id, r.id, v.delivery_id, 0, v.known_at,
           jsonb_strip_nulls(jsonb_build_object('type', 'remove', 'external_id', r.external_id, 'version', r.version))
    FROM ingest.reviews r JOIN ingest.revisions v ON v.review_id = r.id AND v.revision = r.revision
    WHERE v.state IS NULL
    """,
    """
    DELETE FROM ingest.revisions v USING ingest.reviews r, ingest.held_events h
    WHERE v.review_id = r.id AND r.source_id = h.source_id AND r.external_id = h.external_id
    """,
    """
    UPDATE ingest.reviews r SET revision = 0, version = NULL, removed = false
    FROM ingest.held_events h WHERE r.source_id = h.source_id AND r.external_id = h.external_id
    """,
)
