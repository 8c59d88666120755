"""Sums of tenants' own half-lives are compared and made anew, too; and the ledger itself, from ingest's feed."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in (
        *("rounded_tenant_sums", "tenant_sums_anew", "rebuild_half_lives", "rebuild_rounded"),
        *("refill_tenants", "refill_places", "refill_erased"),
    ):
        protect_tenant_rows(op.execute, "scoring", table)
    grant(op.execute, "scoring", "SELECT", "tenant_sums_anew", (Role.API,))
    grant(op.execute, "scoring", "SELECT, INSERT, UPDATE, DELETE", "tenant_sums_anew", (Role.WORKER,))
    for table in ("rounded_tenant_sums", "rebuild_half_lives", "rebuild_rounded"):
        grant(op.execute, "scoring", "SELECT, INSERT, DELETE", table, (Role.WORKER,))
    for table in ("refills", "refill_tenants", "refill_places", "refill_partitions", "refill_erased"):
        grant(op.execute, "scoring", "SELECT, INSERT, UPDATE, DELETE", table, (Role.WORKER,))


STATEMENTS = (
    """
CREATE TABLE scoring.rounded_tenant_sums (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL COLLATE "C",
    half_life_us bigint NOT NULL,
    prefix text NOT NULL COLLATE "C"
)
""",
    """
COMMENT ON TABLE scoring.rounded_tenant_sums IS
    'subjects with rows of tenant_sums in which rounding shows; they are to be summed anew'
""",
    "CREATE TABLE scoring.tenant_sums_anew (LIKE scoring.tenant_sums INCLUDING ALL) WITH (fillfactor = 70)",
    """
COMMENT ON TABLE scoring.tenant_sums_anew IS
    'sums of tenants'' own half-lives that are made anew from the ledger, to take the place of tenant_sums'
""",
    """
CREATE TABLE scoring.rebuild_half_lives (
    tenant_id text NOT NULL COLLATE "C",
    half_life_us bigint NOT NULL,
    PRIMARY KEY (tenant_id, half_life_us)
)
""",
    "COMMENT ON TABLE scoring.rebuild_half_lives IS 'the half-lives whose sums are in tenant_sums_anew'",
    """
CREATE TABLE scoring.rebuild_rounded (
    tenant_id text NOT NULL COLLATE "C",
    prefix text NOT NULL COLLATE "C",
    half_life_us bigint
)
""",
    """
COMMENT ON TABLE scoring.rebuild_rounded IS
    'subjects with sums made anew in which rounding shows; of a half-life of the tenant''s own, or of sums_anew'
""",
    """
CREATE TABLE scoring.refills (
    id smallint PRIMARY KEY CHECK (id = 1),
    run_id uuid NOT NULL,
    seen_at timestamptz NOT NULL,
    resolved_letters bigint NOT NULL,
    refused bigint NOT NULL
)
""",
    "COMMENT ON TABLE scoring.refills IS 'the ledger is being made anew from the feed of ingest, by which process'",
    """
CREATE TABLE scoring.refill_tenants (
    tenant_id text PRIMARY KEY COLLATE "C",
    after text,
    revisions bigint NOT NULL,
    is_read boolean NOT NULL
)
""",
    "COMMENT ON TABLE scoring.refill_tenants IS 'how far the feed of each tenant is read'",
    """
CREATE TABLE scoring.refill_places (
    tenant_id text NOT NULL COLLATE "C",
    partition smallint NOT NULL,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (tenant_id, partition)
)
""",
    "COMMENT ON TABLE scoring.refill_places IS 'the last record of each partition that the feed of a tenant tells'",
    """
CREATE TABLE scoring.refill_partitions (
    partition smallint PRIMARY KEY,
    next_number bigint NOT NULL,
    copied_epoch bigint NOT NULL,
    copied_sequence bigint NOT NULL
)
""",
    """
COMMENT ON TABLE scoring.refill_partitions IS
    'the next number of an entry from the feed, and up to where the present ledger is copied'
""",
    """
CREATE TABLE scoring.refill_erased (
    tenant_id text NOT NULL COLLATE "C",
    review_id uuid NOT NULL,
    is_told boolean NOT NULL,
    is_settled boolean NOT NULL,
    PRIMARY KEY (tenant_id, review_id)
)
""",
    "COMMENT ON TABLE scoring.refill_erased IS 'erased reviews: the feed tells nothing of them any more'",
)
