"""The statement that adds to the sums. `scores/store.py` has those that read them."""

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.scoring.sums.domain.decay import Sums
from plaudit.scoring.sums.domain.fold import DELTA_KEY, Deltas
from plaudit.scoring.sums.tables import sums

_COLUMNS = Columns(sums)
# SQL only adds: multiplication, power and exp raise an error on underflow, so rescaling here could fail a whole batch.
_ADD = f"""
INSERT INTO sums AS held ({_COLUMNS.listed})
SELECT * FROM {_COLUMNS.unnest()}
ON CONFLICT ({", ".join(DELTA_KEY)}) DO UPDATE
SET {", ".join(f"{name} = held.{name} + excluded.{name}" for name in Sums._fields)}
"""


async def add(tx: Tx, deltas: Deltas) -> None:
    """Add the deltas to their rows, in the order of their keys, so that two writers cannot deadlock."""
    if not deltas:
        return
    keys = sorted(deltas)
    columns = (*zip(*keys, strict=True), *zip(*map(deltas.__getitem__, keys), strict=True))
    arrays = dict(zip((*DELTA_KEY, *Sums._fields), columns, strict=True))
    await tx.raw.execute(_ADD, *(arrays[name] for name in _COLUMNS.names))
