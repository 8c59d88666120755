"""What was erased, in each service's schema; a worker may scrub the outbox and the dead letters."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    schema = op.get_context().version_table_schema or ""
    for statement in STATEMENTS:
        # Straight to the driver: a colon in the text is no parameter.
        op.get_bind().exec_driver_sql(statement.replace("SCHEMA", schema))


STATEMENTS = (
    """
CREATE TABLE SCHEMA.erased (
    tenant_id text NOT NULL COLLATE "C",
    kind text NOT NULL CHECK (kind IN ('review', 'person')),
    name text NOT NULL COLLATE "C",
    wanted text,
    erased_at timestamptz NOT NULL,
    noted_at timestamptz NOT NULL,
    stage text NOT NULL CHECK (stage IN ('stores', 'letters', 'outbox', 'done')),
    place text NOT NULL,
    PRIMARY KEY (tenant_id, kind, name),
    CHECK ((wanted IS NULL) = (stage = 'done'))
)
""",
    "COMMENT ON TABLE SCHEMA.erased IS 'what was erased, is scrubbed from every store, and must not be written again'",
    "COMMENT ON COLUMN SCHEMA.erased.name IS 'our own id of a review, or a keyed hash of a person key'",
    "COMMENT ON COLUMN SCHEMA.erased.wanted IS 'what stores are searched for; null once all are scrubbed'",
    "CREATE INDEX erased_to_scrub ON SCHEMA.erased (noted_at) WHERE stage <> 'done'",
    "ALTER TABLE SCHEMA.erased ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE SCHEMA.erased FORCE ROW LEVEL SECURITY",
    "CREATE POLICY all_tenants ON SCHEMA.erased TO plaudit_SCHEMA_worker USING (true) WITH CHECK (true)",
    "GRANT SELECT, INSERT, UPDATE ON SCHEMA.erased TO plaudit_SCHEMA_worker",
    "GRANT UPDATE (envelope) ON SCHEMA.outbox TO plaudit_SCHEMA_worker",
)
