"""Invitations by mail: in which language and zone a customer is written to, and the delivery of each mail."""

from alembic import op

revision = "0016"
down_revision = "0015"

STATEMENTS = (
    """
ALTER TABLE alerting.cadence_persons
    ADD COLUMN language text, ADD COLUMN language_at timestamptz, ADD COLUMN zone text, ADD COLUMN zone_at timestamptz
""",
    "ALTER TABLE alerting.touchpoints ADD COLUMN mail_id uuid",
    "COMMENT ON COLUMN alerting.touchpoints.mail_id IS 'of an invitation: the delivery of its mail'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
