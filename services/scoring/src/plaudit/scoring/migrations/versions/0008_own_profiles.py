"""Profiles of tenants' own, in immutable revisions, and the sums of the half-lives that they have for themselves."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("profile_revisions", "half_lives", "half_life_partitions", "tenant_sums"):
        protect_tenant_rows(op.execute, "scoring", table)
        grant(op.execute, "scoring", "SELECT", table, (Role.API,))
    grant(op.execute, "scoring", "INSERT", "profile_revisions", (Role.API,))
    grant(op.execute, "scoring", "INSERT, UPDATE", "half_lives", (Role.API,))
    grant(op.execute, "scoring", "SELECT", "profile_revisions", (Role.WORKER,))
    for table in ("half_lives", "half_life_partitions", "tenant_sums"):
        grant(op.execute, "scoring", "SELECT, INSERT, UPDATE, DELETE", table, (Role.WORKER,))


STATEMENTS = (
    """
CREATE TABLE scoring.profile_revisions (
    tenant_id text NOT NULL COLLATE "C",
    name text NOT NULL COLLATE "C",
    revision int NOT NULL,
    parameters jsonb,
    half_life_us bigint,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    PRIMARY KEY (tenant_id, name, revision)
)
""",
    "COMMENT ON COLUMN scoring.profile_revisions.parameters IS 'null: this revision deletes the profile'",
    """
CREATE TABLE scoring.half_lives (
    tenant_id text NOT NULL COLLATE "C",
    half_life_us bigint NOT NULL,
    phase text NOT NULL CHECK (phase IN ('clearing', 'reading', 'joining', 'kept')),
    after_review uuid,
    entries_read bigint NOT NULL DEFAULT 0,
    entries_total bigint NOT NULL DEFAULT 0,
    waits_for text,
    wanted_at timestamptz NOT NULL,
    unused_since timestamptz,
    next_turn_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, half_life_us)
)
""",
    """
CREATE INDEX half_lives_due ON scoring.half_lives (next_turn_at) WHERE phase <> 'kept' OR unused_since IS NOT NULL
""",
    """
COMMENT ON TABLE scoring.half_lives IS
    'half-lives of profiles of tenants'' own, and how far their sums are filled from the ledger'
""",
    "COMMENT ON COLUMN scoring.half_lives.after_review IS 'the last review of which all entries before were added'",
    """
CREATE TABLE scoring.half_life_partitions (
    tenant_id text NOT NULL COLLATE "C",
    half_life_us bigint NOT NULL,
    partition smallint NOT NULL,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    resolved_letters bigint NOT NULL,
    is_live boolean NOT NULL,
    PRIMARY KEY (tenant_id, half_life_us, partition)
)
""",
    """
COMMENT ON TABLE scoring.half_life_partitions IS
    'up to which record of a partition the sums are filled from the ledger; from is_live on, live adds to them'
""",
    """
CREATE TABLE scoring.tenant_sums (
    tenant_id text NOT NULL COLLATE "C",
    half_life_us bigint NOT NULL,
    prefix text NOT NULL COLLATE "C",
    source_id uuid NOT NULL,
    traits smallint NOT NULL,
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
    newest_us bigint NOT NULL,
    PRIMARY KEY (tenant_id, half_life_us, prefix, source_id, traits, partition, landmark)
) WITH (fillfactor = 70)
""",
    """
COMMENT ON TABLE scoring.tenant_sums IS
    'as sums, for half-lives of tenants'' own; one partition''s row may be negative'
""",
    """
COMMENT ON COLUMN scoring.tenant_sums.landmark IS
    'index k of the landmark 64 * k half-lives after 1970 that these sums are held against'
""",
)
