"""Every SQL statement about embeds."""

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.feedback_board.embeds.domain import Embeds
from plaudit.feedback_board.embeds.tables import embeds

_ALL = Columns(embeds)
_SAVED = Columns(embeds, without=("tenant_id",))

_FIND = f"SELECT {_ALL.listed} FROM embeds WHERE tenant_id = $1"

_SAVE = f"""
INSERT INTO embeds ({_ALL.listed}) VALUES ({_ALL.values()})
ON CONFLICT (tenant_id) DO UPDATE SET ({_SAVED.listed}) = ROW ({_SAVED.values(2)})
"""


async def find(tx: Tx, tenant_id: str) -> Embeds:
    """Return the embeds of a board; those of one where nothing was set allow no site."""
    row = await tx.raw.fetchrow(_FIND, tenant_id)
    return Embeds(tenant_id=tenant_id) if row is None else Embeds(**{**row, "origins": tuple(row["origins"])})


async def save(tx: Tx, saved: Embeds) -> None:
    """Write the embeds of a board."""
    await tx.raw.execute(_SAVE, *_ALL.row(saved))
