"""The alert of a review that nobody is for has its words: no clock keeps them."""

from alembic import op

revision = "0029"
down_revision = "0027"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    "ALTER TABLE alerting.alerts ADD COLUMN title text, ADD COLUMN excerpt text",
    """
COMMENT ON COLUMN alerting.alerts.excerpt IS
    'the beginning of the text of a review that has no clock; null where a clock keeps it, and once it is erased'
""",
)
