"""What changes sorting rules."""

from collections.abc import Collection

from plaudit.common.db.order_locks import lock
from plaudit.common.outbox import SqlUnitOfWork
from plaudit.ingest.sorting import store
from plaudit.ingest.sorting.domain.rules import (
    SHIPPED_RULES,
    RulesChangedError,
    RulesRevision,
    SortingRules,
    check_rules,
)


async def set_rules(
    work: SqlUnitOfWork,
    tenant_id: str,
    rules: SortingRules,
    actor: str,
    *,
    expected_revisions: Collection[int] | None = None,
) -> RulesRevision:
    """Set a tenant's rules; the same ones again make no revision.

    Args:
        work: the open unit of work.
        tenant_id: whose rules they are.
        rules: all of them.
        actor: what changes them.
        expected_revisions: the present revision must be one of these, if given.

    Raises:
        WrongRulesError: the rules cannot be applied.
        RulesChangedError: the present revision is another one.
    """
    check_rules(rules)
    await lock(work.tx, [f"{tenant_id}/sorting-rules"])
    current = await store.latest(work.tx, tenant_id) or SHIPPED_RULES
    if expected_revisions is not None and current.revision not in expected_revisions:
        raise RulesChangedError("The rules have changed since you read them. Read them again and decide anew.")
    if current.revision and current.rules == rules:
        return current
    changed = RulesRevision(revision=current.revision + 1, rules=rules, changed_at=work.tx.now, changed_by=actor)
    await store.add(work.tx, tenant_id, changed)
    return changed
