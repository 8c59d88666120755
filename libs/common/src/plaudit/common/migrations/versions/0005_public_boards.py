"""A tenant's board is public only when it is switched on. In an installation that had boards, they stay public."""

from alembic import op
from sqlalchemy import text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("ALTER TABLE common.tenants ADD COLUMN board_public boolean NOT NULL DEFAULT false")
    op.execute("COMMENT ON COLUMN common.tenants.board_public IS 'whether everybody may see the board and write on it'")
    op.execute(FIND_PUBLIC_BOARD)
    connection = op.get_bind()
    if connection.execute(text(HAS_BOARDS)).scalar_one():
        op.execute("SET LOCAL ROLE plaudit_feedback_board_worker")
        in_use = list(connection.execute(text("SELECT DISTINCT tenant_id FROM feedback_board.requests")).scalars())
        op.execute("SET LOCAL ROLE plaudit_common_owner")
        switch_on = text("UPDATE common.tenants SET board_public = true WHERE id = 'default' OR id = ANY(:in_use)")
        connection.execute(switch_on, {"in_use": in_use})


HAS_BOARDS = """
SELECT EXISTS (
    SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname = 'feedback_board' AND relname = 'requests'
)
"""

FIND_PUBLIC_BOARD = """
CREATE FUNCTION common.find_public_board(wanted text) RETURNS TABLE (name text, person_key bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = common, pg_temp AS $$
    SELECT name, person_key FROM common.tenants WHERE id = wanted AND board_public
$$
"""
