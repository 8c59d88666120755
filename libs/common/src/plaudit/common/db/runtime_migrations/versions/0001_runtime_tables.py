"""Outbox, relay cursor and lease, positions and dead letters: what the runtime keeps in each service's schema.

The text is frozen: SCHEMA stands for the service's schema, which is also part of the names of its roles.
"""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    schema = op.get_context().version_table_schema or ""
    for statement in STATEMENTS:
        op.execute(statement.replace("SCHEMA", schema))


STATEMENTS = (
    """
CREATE TABLE SCHEMA.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    written_at timestamptz NOT NULL DEFAULT now(),
    topic text NOT NULL COLLATE "C",
    partition int NOT NULL,
    key bytea NOT NULL,
    envelope bytea NOT NULL
) PARTITION BY RANGE (written_at)
""",
    "CREATE INDEX outbox_commit_order ON SCHEMA.outbox (xid, id)",
    "CREATE TABLE SCHEMA.outbox_rest PARTITION OF SCHEMA.outbox DEFAULT",
    """
CREATE FUNCTION SCHEMA.outbox_make_day(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = SCHEMA, pg_temp AS $$
BEGIN
    EXECUTE format(
        'CREATE TABLE IF NOT EXISTS SCHEMA.%I PARTITION OF SCHEMA.outbox FOR VALUES FROM (%L) TO (%L)',
        'outbox_' || to_char(day, 'YYYYMMDD'), day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
END $$
""",
    """
CREATE FUNCTION SCHEMA.outbox_drop_day(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = SCHEMA, pg_temp AS $$
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS SCHEMA.%I', 'outbox_' || to_char(day, 'YYYYMMDD'));
END $$
""",
    """
CREATE TABLE SCHEMA.relay_cursor (
    name text PRIMARY KEY,
    xid xid8 NOT NULL,
    id bigint NOT NULL,
    epoch bigint NOT NULL,
    numbers jsonb NOT NULL,
    topic_ids jsonb NOT NULL,
    moved_at timestamptz NOT NULL DEFAULT now()
)
""",
    """
COMMENT ON COLUMN SCHEMA.relay_cursor.numbers IS
    'last sequence per "topic/partition"; moves with the cursor in one statement, so that reading again repeats it'
""",
    """
INSERT INTO SCHEMA.relay_cursor (name, xid, id, epoch, numbers, topic_ids) VALUES ('outbox', '0', 0, 1, '{}', '{}')
""",
    """
CREATE TABLE SCHEMA.relay_lease (
    name text PRIMARY KEY,
    holder uuid,
    until timestamptz NOT NULL DEFAULT '-infinity'
)
""",
    "INSERT INTO SCHEMA.relay_lease (name) VALUES ('outbox')",
    """
CREATE TABLE SCHEMA.positions (
    consumer_group text NOT NULL COLLATE "C",
    topic text NOT NULL COLLATE "C",
    partition int NOT NULL,
    topic_id uuid NOT NULL,
    next_offset bigint NOT NULL,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    parked int NOT NULL DEFAULT 0 CHECK (parked >= 0),
    moved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer_group, topic, partition)
)
""",
    """
COMMENT ON COLUMN SCHEMA.positions.parked IS
    'open dead letters that hold back later records of their key; no look-up is paid while it is 0'
""",
    """
CREATE TABLE SCHEMA.dead_letters (
    id uuid PRIMARY KEY,
    consumer_group text NOT NULL COLLATE "C",
    topic text NOT NULL COLLATE "C",
    partition int NOT NULL,
    record_offset bigint NOT NULL,
    epoch bigint,
    sequence bigint,
    record_key bytea,
    headers jsonb NOT NULL,
    value bytea,
    order_keys text[] NOT NULL,
    reason text NOT NULL CHECK (reason IN ('invalid', 'failed', 'held')),
    error text NOT NULL,
    tries int NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'redriven', 'discarded')),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (consumer_group, topic, partition, record_offset)
)
""",
    "CREATE INDEX dead_letters_holding ON SCHEMA.dead_letters USING gin (order_keys) WHERE state = 'open'",
    "SELECT SCHEMA.outbox_make_day((now() AT TIME ZONE 'UTC')::date + day) FROM generate_series(0, 1) AS day",
    "GRANT INSERT ON SCHEMA.outbox TO plaudit_SCHEMA_api, plaudit_SCHEMA_hook, plaudit_SCHEMA_worker",
    "GRANT SELECT ON SCHEMA.outbox TO plaudit_SCHEMA_worker",
    """
GRANT SELECT, INSERT, UPDATE, DELETE ON SCHEMA.relay_cursor, SCHEMA.relay_lease, SCHEMA.positions, SCHEMA.dead_letters
TO plaudit_SCHEMA_worker
""",
    "REVOKE EXECUTE ON FUNCTION SCHEMA.outbox_make_day(date), SCHEMA.outbox_drop_day(date) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION SCHEMA.outbox_make_day(date), SCHEMA.outbox_drop_day(date) TO plaudit_SCHEMA_worker",
)
