"""Cells of large subjects, the tail of the ledger that no cell holds yet, and what is summed anew from the ledger."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("cells", "celled_prefixes", "sums_anew"):
        protect_tenant_rows(op.execute, "scoring", table)
        grant(op.execute, "scoring", "SELECT", table, (Role.API,))
        grant(op.execute, "scoring", "SELECT, INSERT, UPDATE, DELETE", table, (Role.WORKER,))
    grant(op.execute, "scoring", "SELECT", "tail", (Role.API,))
    for table in ("tail", "rounded_sums"):
        grant(op.execute, "scoring", "SELECT, INSERT, DELETE", table, (Role.WORKER,))
    protect_tenant_rows(op.execute, "scoring", "reconciliations")
    for table in ("reconciliations", "rebuild_places"):
        grant(op.execute, "scoring", "SELECT, INSERT, UPDATE, DELETE", table, (Role.WORKER,))


_SUMS = ("a", "b2", "w1", "w2", "w3", "w4", "w5")
_LARGE_ENTRIES = 4_096

STATEMENTS = (
    f"""
CREATE TABLE scoring.cells (
    tenant_id text NOT NULL COLLATE "C",
    prefix text NOT NULL COLLATE "C",
    valid_grain smallint NOT NULL,
    known_grain smallint NOT NULL,
    valid_span int NOT NULL,
    known_span int NOT NULL,
    source_id uuid NOT NULL,
    traits smallint NOT NULL,
    block int NOT NULL,
    {", ".join(f"n{star} bigint NOT NULL" for star in range(1, 6))},
    total float8 NOT NULL,
    newest_us bigint NOT NULL,
    {", ".join(f"{name}_{column} float8 NOT NULL" for name in ("trust", "recent") for column in _SUMS)},
    trust_summed float8 NOT NULL,
    recent_summed float8 NOT NULL,
    PRIMARY KEY (tenant_id, prefix, valid_grain, known_grain, valid_span, known_span, source_id, traits, block)
) WITH (fillfactor = 80)
""",
    "COMMENT ON TABLE scoring.cells IS 'sums of the ledger''s entries by when they took effect and were known'",
    "COMMENT ON COLUMN scoring.cells.valid_grain IS '0: spans of a day, 1: of 32 days; both counted from 1970'",
    "COMMENT ON COLUMN scoring.cells.known_grain IS '0: spans of a day, 1: of 32 days, 2: all in one'",
    "COMMENT ON COLUMN scoring.cells.trust_summed IS 'all weights that were summed, whatever their sign'",
    """
CREATE TABLE scoring.celled_prefixes (
    tenant_id text NOT NULL COLLATE "C",
    prefix text NOT NULL COLLATE "C",
    is_filled boolean NOT NULL DEFAULT false,
    filled_valid_at timestamptz NOT NULL DEFAULT '0001-01-01T00:00:00Z',
    PRIMARY KEY (tenant_id, prefix)
)
""",
    "CREATE INDEX celled_prefixes_to_fill ON scoring.celled_prefixes (tenant_id, prefix) WHERE NOT is_filled",
    "COMMENT ON TABLE scoring.celled_prefixes IS 'subjects with so many entries that they have cells'",
    """
CREATE TABLE scoring.tail (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partition smallint NOT NULL,
    epoch bigint NOT NULL,
    first_sequence bigint NOT NULL,
    last_sequence bigint NOT NULL
)
""",
    "COMMENT ON TABLE scoring.tail IS 'runs of records whose entries are in the ledger and in no cell yet'",
    """
CREATE TABLE scoring.rounded_sums (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sums_id bigint NOT NULL
)
""",
    "COMMENT ON TABLE scoring.rounded_sums IS 'rows of sums in which rounding shows; they are to be summed anew'",
    """
CREATE TABLE scoring.reconciliations (
    id uuid PRIMARY KEY,
    started_at timestamptz NOT NULL,
    tenant_id text NOT NULL COLLATE "C",
    subject text NOT NULL COLLATE "C",
    compared bigint NOT NULL,
    skipped bigint NOT NULL,
    differing bigint NOT NULL,
    rounded bigint NOT NULL,
    finished_at timestamptz
)
""",
    """
COMMENT ON TABLE scoring.reconciliations IS
    'nightly comparisons of sums with the ledger, and the tenant and the subject up to which each has come'
""",
    "CREATE TABLE scoring.sums_anew (LIKE scoring.sums INCLUDING ALL) WITH (fillfactor = 70)",
    "COMMENT ON TABLE scoring.sums_anew IS 'sums that are made anew from the ledger, to take the place of sums'",
    """
CREATE TABLE scoring.rebuild_places (
    partition smallint PRIMARY KEY,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL
)
""",
    "COMMENT ON TABLE scoring.rebuild_places IS 'up to where each partition of the ledger is in sums_anew'",
    "CREATE INDEX ledger_by_valid ON scoring.ledger (tenant_id, valid_at)",
    "CREATE INDEX ledger_by_known ON scoring.ledger (tenant_id, known_at)",
    # What is large already is filled by the job.
    "ALTER TABLE scoring.ledger NO FORCE ROW LEVEL SECURITY",
    f"""
INSERT INTO scoring.celled_prefixes (tenant_id, prefix)
SELECT tenant_id, array_to_string(parts[1:depth], '/')
FROM scoring.ledger, string_to_array(subject, '/') AS parts, generate_series(1, cardinality(parts)) AS depth
GROUP BY 1, 2 HAVING count(*) >= {_LARGE_ENTRIES}
""",
    "ALTER TABLE scoring.ledger FORCE ROW LEVEL SECURITY",
)
