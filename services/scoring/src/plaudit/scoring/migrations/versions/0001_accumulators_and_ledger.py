"""Live accumulators and the ledger."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0001"
down_revision = None


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("accumulators", "ledger"):
        protect_tenant_rows(op.execute, "scoring", table)
        grant(op.execute, "scoring", "SELECT", table, (Role.API,))
    grant(op.execute, "scoring", "SELECT, INSERT, UPDATE, DELETE", "accumulators", (Role.WORKER,))
    grant(op.execute, "scoring", "SELECT, INSERT", "ledger", (Role.WORKER,))


STATEMENTS = (
    """
CREATE TABLE scoring.accumulators (
    tenant_id text NOT NULL COLLATE "C",
    prefix text NOT NULL COLLATE "C",
    source_id uuid NOT NULL,
    partition smallint NOT NULL,
    landmark int NOT NULL,
    a float8 NOT NULL,
    b2 float8 NOT NULL,
    w1 float8 NOT NULL,
    w2 float8 NOT NULL,
    w3 float8 NOT NULL,
    w4 float8 NOT NULL,
    w5 float8 NOT NULL,
    n1 bigint NOT NULL,
    n2 bigint NOT NULL,
    n3 bigint NOT NULL,
    n4 bigint NOT NULL,
    n5 bigint NOT NULL,
    PRIMARY KEY (tenant_id, prefix, source_id, partition, landmark)
) WITH (fillfactor = 70)
""",
    """
COMMENT ON TABLE scoring.accumulators IS
    'decayed sums of the profile trust; one partition''s row may be negative, only the sum over a prefix has a meaning'
""",
    """
COMMENT ON COLUMN scoring.accumulators.landmark IS
    'index k of the landmark 64 * k half-lives after 1970 that these sums are held against'
""",
    """
CREATE TABLE scoring.ledger (
    tenant_id text NOT NULL COLLATE "C",
    partition smallint NOT NULL,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    sign smallint NOT NULL CHECK (sign IN (-1, 1)),
    review_id uuid NOT NULL,
    revision int NOT NULL,
    subject text NOT NULL COLLATE "C",
    source_id uuid NOT NULL,
    kind text NOT NULL,
    rating float8 NOT NULL,
    verified boolean NOT NULL,
    origin text NOT NULL,
    rated_at timestamptz NOT NULL,
    known_at timestamptz NOT NULL,
    PRIMARY KEY (partition, epoch, sequence, sign)
)
""",
    "CREATE INDEX ledger_by_subject ON scoring.ledger (tenant_id, subject, rated_at)",
    """
COMMENT ON TABLE scoring.ledger IS
    'append-only: -before and +after of every change that could move a figure; the truth behind the accumulators'
""",
)
