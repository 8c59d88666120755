"""Deliveries say whether answers are told at their source: the hook role reads whether its platform is asked."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    grant(op.execute, "ingest", "SELECT (tenant_id, source_id, watermark)", "pulls", (Role.HOOK,))
