"""Every statement about sorting rules."""

import msgspec
from sqlalchemy import insert, select

from plaudit.common.db import SqlTx
from plaudit.ingest.sorting.domain.rules import RulesRevision, SortingRules
from plaudit.ingest.sorting.tables import sorting_rules


async def latest(tx: SqlTx, tenant_id: str) -> RulesRevision | None:
    """Return the tenant's rules as they stand; None while nobody has changed the shipped ones."""
    columns = sorting_rules.c
    statement = select(columns.revision, columns.rules, columns.changed_at, columns.changed_by)
    newest = statement.where(columns.tenant_id == tenant_id).order_by(columns.revision.desc()).limit(1)
    row = (await tx.sql.execute(newest)).mappings().one_or_none()
    if row is None:
        return None
    return RulesRevision(**{**row, "rules": msgspec.convert(row["rules"], SortingRules)})


async def add(tx: SqlTx, tenant_id: str, revision: RulesRevision) -> None:
    """Store a new revision."""
    values = {**msgspec.structs.asdict(revision), "rules": msgspec.to_builtins(revision.rules)}
    await tx.sql.execute(insert(sorting_rules).values(tenant_id=tenant_id, **values))
