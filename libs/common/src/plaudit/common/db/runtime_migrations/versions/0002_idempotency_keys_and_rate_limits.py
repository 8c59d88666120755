"""Idempotency keys and rate limits in each service's schema.

The board had both from its own 0001; the rows stay, and `budgets` becomes `rate_limits`.
"""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    schema = op.get_context().version_table_schema or ""
    has_both = op.get_bind().exec_driver_sql(f"SELECT to_regclass('{schema}.budgets')").scalar() is not None
    for statement in RENAME if has_both else CREATE:
        # Straight to the driver: a colon in the text is no parameter.
        op.get_bind().exec_driver_sql(statement.replace("SCHEMA", schema))


RENAME = (
    "ALTER TABLE SCHEMA.budgets RENAME TO rate_limits",
    "ALTER INDEX SCHEMA.budgets_by_age RENAME TO rate_limits_by_age",
    # The primary key, and the constraints that PostgreSQL makes of NOT NULL from version 18 on.
    """
DO $$
DECLARE found text;
BEGIN
    FOR found IN SELECT conname FROM pg_constraint
        WHERE conrelid = 'SCHEMA.rate_limits'::regclass AND starts_with(conname, 'budgets_')
    LOOP
        EXECUTE format('ALTER TABLE SCHEMA.rate_limits RENAME CONSTRAINT %I TO %I',
                       found, 'rate_limits_' || substr(found, length('budgets_') + 1));
    END LOOP;
END $$
""",
)

CREATE = (
    """
CREATE TABLE SCHEMA.idempotency_keys (
    tenant_id text NOT NULL COLLATE "C",
    key text NOT NULL COLLATE "C",
    fingerprint bytea NOT NULL,
    answer jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, key)
)
""",
    "CREATE INDEX idempotency_keys_by_age ON SCHEMA.idempotency_keys (created_at)",
    """
CREATE TABLE SCHEMA.rate_limits (
    tenant_id text NOT NULL COLLATE "C",
    kind text NOT NULL,
    network bytea NOT NULL,
    hour timestamptz NOT NULL,
    used int NOT NULL,
    PRIMARY KEY (tenant_id, kind, network, hour)
)
""",
    "COMMENT ON COLUMN SCHEMA.rate_limits.network IS 'keyed hash of the network''s address'",
    "CREATE INDEX rate_limits_by_age ON SCHEMA.rate_limits (hour)",
    *(
        statement.replace("TABLE_NAME", table)
        for table in ("idempotency_keys", "rate_limits")
        for statement in (
            "ALTER TABLE SCHEMA.TABLE_NAME ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE SCHEMA.TABLE_NAME FORCE ROW LEVEL SECURITY",
            """
CREATE POLICY own_tenants ON SCHEMA.TABLE_NAME TO plaudit_SCHEMA_api, plaudit_SCHEMA_hook
USING (tenant_id = ANY((SELECT nullif(current_setting('plaudit.tenants', true), '')::text[])::text[]))
WITH CHECK (tenant_id = ANY((SELECT nullif(current_setting('plaudit.tenants', true), '')::text[])::text[]))
""",
            "CREATE POLICY all_tenants ON SCHEMA.TABLE_NAME TO plaudit_SCHEMA_worker USING (true) WITH CHECK (true)",
            "GRANT SELECT, DELETE ON SCHEMA.TABLE_NAME TO plaudit_SCHEMA_worker",
        )
    ),
    # A delivery is known by its own id and limited by its group commit: the hook role needs neither table.
    "GRANT SELECT, INSERT ON SCHEMA.idempotency_keys TO plaudit_SCHEMA_api",
    "GRANT SELECT, INSERT, UPDATE ON SCHEMA.rate_limits TO plaudit_SCHEMA_api",
)
