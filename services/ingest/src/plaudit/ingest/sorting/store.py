"""Every statement about sorting rules, and about the words of trade that are muted beside them."""

import msgspec
from sqlalchemy import insert, select

from plaudit.common.db import SqlTx, Tx
from plaudit.ingest.sorting.domain.base_rates import SubjectRates
from plaudit.ingest.sorting.domain.rules import SHIPPED, CompiledRules, RulesInForce, RulesRevision, SortingRules
from plaudit.ingest.sorting.tables import sorting_rules

_IN_FORCE = """
SELECT (SELECT rules FROM sorting_rules WHERE tenant_id = $1 ORDER BY revision DESC LIMIT 1) AS rules,
    (SELECT subjects FROM words_of_trade WHERE tenant_id = $1) AS words_of_trade
"""
_DUE = """
SELECT s.tenant_id FROM (SELECT DISTINCT tenant_id FROM sources) AS s
LEFT JOIN words_of_trade w ON w.tenant_id = s.tenant_id
WHERE w.counted_at IS NULL OR w.counted_at < now() - interval '1 day'
"""
IS_DUE = f"SELECT EXISTS ({_DUE})"
"""The condition that the words of a tenant's trade are to be counted, for `Database.holds`."""
_FIRST_DUE = f"{_DUE} ORDER BY w.counted_at NULLS FIRST LIMIT 1"
_SAVE_WORDS = """
INSERT INTO words_of_trade (tenant_id, counted_at, reviews, subjects) VALUES ($1, $2, $3, $4::text::jsonb)
ON CONFLICT (tenant_id) DO UPDATE SET
    counted_at = excluded.counted_at, reviews = excluded.reviews, subjects = excluded.subjects
"""


async def in_force(tx: Tx, tenant_id: str) -> RulesInForce:
    """Return all that a tenant's reviews are sorted by."""
    row = await tx.raw.fetchrow(_IN_FORCE, tenant_id)
    given = {name: value for name, value in dict(row or {}).items() if value is not None}
    return msgspec.convert(given, RulesInForce)


async def rules_of(tx: Tx, tenant_id: str) -> CompiledRules:
    """Return the rules that are in force for a tenant, compiled."""
    found = await in_force(tx, tenant_id)
    return SHIPPED if found == RulesInForce() else found.compiled()


async def first_due(tx: Tx) -> str | None:
    """Return a tenant whose words of trade are to be counted, for they were not within a day."""
    tenant_id: str | None = await tx.raw.fetchval(_FIRST_DUE)
    return tenant_id


async def save_words_of_trade(tx: Tx, tenant_id: str, reviews: int, subjects: tuple[SubjectRates, ...]) -> None:
    """Store what was counted of a tenant's trade, and from how many reviews."""
    await tx.raw.execute(_SAVE_WORDS, tenant_id, tx.now, reviews, msgspec.json.encode(subjects).decode())


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
