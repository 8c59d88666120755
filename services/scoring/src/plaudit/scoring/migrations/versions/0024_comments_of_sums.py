"""The comments of sums, where sums that were made anew took the place with their own."""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    """
COMMENT ON TABLE scoring.sums IS
    'counts and decayed sums; one partition''s row may be negative, only the sum over a prefix has a meaning'
""",
    "COMMENT ON TABLE scoring.sums_anew IS 'sums that are made anew from the ledger, to take the place of sums'",
    """
COMMENT ON TABLE scoring.tenant_sums IS
    'as sums, for half-lives of tenants'' own; one partition''s row may be negative'
""",
    """
COMMENT ON TABLE scoring.tenant_sums_anew IS
    'sums of tenants'' own half-lives that are made anew from the ledger, to take the place of tenant_sums'
""",
)
