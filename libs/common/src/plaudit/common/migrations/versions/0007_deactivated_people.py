"""Every service can ask whose account is deactivated: nothing is told to them."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    "CREATE INDEX people_deactivated ON common.people (tenant_id, email) WHERE NOT active",
    """
CREATE FUNCTION common.deactivated_people(wanted text) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = common, pg_temp AS $$
    SELECT coalesce(array_agg(email ORDER BY email), '{}') FROM common.people WHERE tenant_id = wanted AND NOT active
$$
""",
)
