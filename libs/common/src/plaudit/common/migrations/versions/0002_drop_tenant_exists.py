"""Drop a function that nothing calls."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("DROP FUNCTION common.tenant_exists(text)")
