"""Cells and changes of large subjects are compared with the ledger."""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    "ALTER TABLE scoring.celled_prefixes ADD COLUMN compared_at timestamptz",
    "COMMENT ON COLUMN scoring.celled_prefixes.compared_at IS 'when it was compared with the ledger last; null: never'",
    """
ALTER TABLE scoring.reconciliations ADD COLUMN celled bigint NOT NULL DEFAULT 0,
    ADD COLUMN refilled bigint NOT NULL DEFAULT 0
""",
    "COMMENT ON COLUMN scoring.reconciliations.celled IS 'large subjects whose cells and changes were compared'",
    "COMMENT ON COLUMN scoring.reconciliations.refilled IS 'of those, the ones that are made anew'",
    # Every second it is looked whether there is a newer one.
    "CREATE INDEX profile_revisions_by_change ON scoring.profile_revisions (changed_at)",
)
