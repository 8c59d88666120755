"""The table `accumulators` becomes `sums`, the noun of its rows. Grants, policies and comments stay with the table."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    "ALTER TABLE scoring.accumulators RENAME TO sums",
    "ALTER INDEX scoring.accumulators_pkey RENAME TO sums_pkey",
    """
    COMMENT ON TABLE scoring.ledger IS
        'append-only: -before and +after of every change that could move a figure; the truth behind the sums'
    """,
)
