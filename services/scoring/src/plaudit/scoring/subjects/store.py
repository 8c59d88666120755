"""The statement that notes subjects without a score. `scores/store.py` has those that read them."""

from collections.abc import Iterable

from plaudit.common.db import Tx

_NOTE = (
    "INSERT INTO unscored_subjects (tenant_id, prefix) SELECT * FROM unnest($1::text[], $2::text[]) "
    "ON CONFLICT DO NOTHING"
)


async def note(tx: Tx, prefixes: Iterable[tuple[str, str]]) -> None:
    """Note prefixes, each `(tenant id, prefix)`; in one order, so that two writers cannot deadlock."""
    rows = sorted(set(prefixes))
    if rows:
        await tx.raw.execute(_NOTE, *zip(*rows, strict=True))
