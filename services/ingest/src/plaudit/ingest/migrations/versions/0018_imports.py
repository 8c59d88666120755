"""Files of reviews that are uploaded, and how far each is written."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("imports", "import_chunks", "import_rejects"):
        protect_tenant_rows(op.execute, "ingest", table)
        grant(op.execute, "ingest", "SELECT, INSERT, UPDATE, DELETE", table, (Role.API, Role.WORKER))
    grant(op.execute, "ingest", "SELECT, UPDATE", "imports", (Role.HOOK,))
    grant(op.execute, "ingest", "SELECT, INSERT", "import_rejects", (Role.HOOK,))


STATEMENTS = (
    """
CREATE TABLE ingest.imports (
    tenant_id text NOT NULL COLLATE "C",
    id uuid PRIMARY KEY,
    source_id uuid NOT NULL,
    stage text NOT NULL
        CHECK (stage IN ('uploading', 'waiting', 'reading', 'writing', 'done', 'cancelled', 'failed')),
    wanted jsonb NOT NULL,
    understood jsonb,
    dry_run boolean NOT NULL,
    backfill boolean NOT NULL,
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    size_bytes bigint NOT NULL,
    rows_read bigint NOT NULL,
    skipped bigint NOT NULL,
    position bigint NOT NULL,
    accepted bigint NOT NULL,
    unchanged bigint NOT NULL,
    rejected bigint NOT NULL,
    reject_bytes bigint NOT NULL,
    reason text,
    finished_at timestamptz,
    claimed_by uuid,
    claimed_until timestamptz
)
""",
    "CREATE INDEX imports_list ON ingest.imports (tenant_id, requested_at DESC, id DESC)",
    """
CREATE INDEX imports_open ON ingest.imports (requested_at) WHERE stage NOT IN ('done', 'cancelled', 'failed')
""",
    "COMMENT ON COLUMN ingest.imports.position IS 'how many rows, in the order of their time, are decided'",
    "COMMENT ON COLUMN ingest.imports.claimed_until IS 'until when the process that carries it out has it alone'",
    """
CREATE TABLE ingest.import_chunks (
    tenant_id text NOT NULL COLLATE "C",
    import_id uuid NOT NULL REFERENCES ingest.imports ON DELETE CASCADE,
    number int NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (import_id, number)
)
""",
    "ALTER TABLE ingest.import_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL",
    "COMMENT ON TABLE ingest.import_chunks IS 'the parts of a file, until its import ends'",
    """
CREATE TABLE ingest.import_rejects (
    tenant_id text NOT NULL COLLATE "C",
    import_id uuid NOT NULL REFERENCES ingest.imports ON DELETE CASCADE,
    line bigint NOT NULL,
    external_id text NOT NULL,
    reason text NOT NULL,
    cells jsonb NOT NULL,
    PRIMARY KEY (import_id, line)
)
""",
    "COMMENT ON TABLE ingest.import_rejects IS 'the rows of a file that were not taken, and why'",
)
