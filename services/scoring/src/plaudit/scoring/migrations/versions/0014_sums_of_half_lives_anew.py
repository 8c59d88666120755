"""Marks of subjects whose sums of a tenant's own half-life are to be summed anew, and such sums made anew."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0014"
down_revision = "0012"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("rounded_tenant_sums", "tenant_sums_anew", "rebuild_half_lives", "rebuild_rounded"):
        protect_tenant_rows(op.execute, "scoring", table)
    grant(op.execute, "scoring", "SELECT", "tenant_sums_anew", (Role.API,))
    grant(op.execute, "scoring", "SELECT, INSERT, UPDATE, DELETE", "tenant_sums_anew", (Role.WORKER,))
    for table in ("rounded_tenant_sums", "rebuild_half_lives", "rebuild_rounded"):
        grant(op.execute, "scoring", "SELECT, INSERT, DELETE", table, (Role.WORKER,))


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
)
