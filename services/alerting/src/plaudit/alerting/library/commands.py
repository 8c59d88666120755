"""Every way to change guidelines: each makes a revision, and none is ever changed."""

from uuid import UUID

import msgspec

from plaudit.alerting.audit.commands import record
from plaudit.alerting.audit.domain import About, revised
from plaudit.alerting.library import store
from plaudit.alerting.library.domain.guideline import (
    MAX_GUIDELINES,
    Draft,
    GuidelineChangedError,
    GuidelineExistsError,
    Match,
    Revision,
    TooManyGuidelinesError,
    UnknownGuidelineError,
    best_match,
    checked,
)
from plaudit.common.contracts import Severity
from plaudit.common.db import SqlTx, Tx, lock
from plaudit.common.ids import IdSource


async def create(tx: SqlTx, ids: IdSource, tenant_id: str, draft: Draft, made_by: str) -> Revision:
    """Add a guideline.

    Args:
        tx: the open transaction.
        ids: makes its id.
        tenant_id: whose.
        draft: what it says.
        made_by: who adds it.

    Raises:
        GuidelineExistsError: there is one for the same topic, severity and language.
        InvalidGuidelineError: a field cannot be kept so.
        ReadyTextError: it reads like a text that could be sent.
        TooManyGuidelinesError: the tenant has as many as it may.
    """
    wanted = checked(draft)
    await _lock(tx, tenant_id)
    known = [each for each in await store.newest(tx, tenant_id) if not each.is_withdrawn]
    if len(known) >= MAX_GUIDELINES:
        raise TooManyGuidelinesError
    _refuse_twin(known, wanted, None)
    return await _add(tx, tenant_id, ids(), 1, wanted, made_by)


async def change(
    tx: SqlTx, tenant_id: str, guideline_id: UUID, draft: Draft, made_by: str, *, expected: frozenset[int] | None = None
) -> Revision:
    """Make a new revision of a guideline; the same again changes nothing.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        guideline_id: which.
        draft: what it says from now on.
        made_by: who changes it.
        expected: numbers of revisions that it may have now; None: any.

    Raises:
        GuidelineChangedError: it has another revision.
        UnknownGuidelineError: there is none.
        GuidelineExistsError, InvalidGuidelineError, ReadyTextError: as `create`.
    """
    wanted = checked(draft)
    newest = await _newest(tx, tenant_id, guideline_id, expected)
    if not newest.is_withdrawn and _draft(newest) == wanted:
        return newest
    _refuse_twin(await store.newest(tx, tenant_id), wanted, guideline_id)
    return await _add(tx, tenant_id, guideline_id, newest.number + 1, wanted, made_by)


async def restore(
    tx: SqlTx, tenant_id: str, guideline_id: UUID, number: int, made_by: str, *, expected: frozenset[int] | None = None
) -> Revision:
    """Make a new revision that says what an older one said, also of a withdrawn guideline; the arguments as `change`.

    Raises:
        UnknownGuidelineError: there is no such guideline or revision.
        GuidelineChangedError, GuidelineExistsError: as `change`.
    """
    newest = await _newest(tx, tenant_id, guideline_id, expected)
    log = await store.log_of(tx, tenant_id, guideline_id)
    wanted = next((each for each in log if each.number == number), None)
    if wanted is None:
        raise UnknownGuidelineError
    if number == newest.number and not newest.is_withdrawn:
        return newest
    _refuse_twin(await store.newest(tx, tenant_id), wanted, guideline_id)
    return await _add(tx, tenant_id, guideline_id, newest.number + 1, _draft(wanted), made_by, restored_from=number)


async def withdraw(
    tx: SqlTx, tenant_id: str, guideline_id: UUID, made_by: str, *, expected: frozenset[int] | None = None
) -> None:
    """Take a guideline out of use, by a revision; it can be restored. The arguments are those of `change`.

    Raises:
        GuidelineChangedError: it has another revision.
        UnknownGuidelineError: there is none.
    """
    newest = await _newest(tx, tenant_id, guideline_id, expected)
    if not newest.is_withdrawn:
        await _add(tx, tenant_id, guideline_id, newest.number + 1, _draft(newest), made_by, is_withdrawn=True)


async def match(
    tx: Tx, tenant_id: str, *, topics: tuple[str, ...], severity: Severity | None, language: str | None
) -> Match | None:
    """Return the tenant's guideline that fits a review best, and why; as `best_match`."""
    return best_match(await store.newest(tx, tenant_id), topics=topics, severity=severity, language=language)


async def _newest(tx: SqlTx, tenant_id: str, guideline_id: UUID, expected: frozenset[int] | None) -> Revision:
    await _lock(tx, tenant_id)
    log = await store.log_of(tx, tenant_id, guideline_id)
    if not log:
        raise UnknownGuidelineError
    if expected is not None and log[-1].number not in expected:
        raise GuidelineChangedError
    return log[-1]


async def _lock(tx: SqlTx, tenant_id: str) -> None:
    await lock(tx, [f"library:{tenant_id}"])


async def _add(
    tx: SqlTx,
    tenant_id: str,
    guideline_id: UUID,
    number: int,
    draft: Draft,
    made_by: str,
    *,
    restored_from: int | None = None,
    is_withdrawn: bool = False,
) -> Revision:
    revision = Revision(
        **msgspec.structs.asdict(draft),
        tenant_id=tenant_id,
        id=guideline_id,
        number=number,
        made_by=made_by,
        made_at=tx.now,
        restored_from=restored_from,
        is_withdrawn=is_withdrawn,
    )
    await store.add(tx, revision)
    kind = "withdrawn" if is_withdrawn else "added" if number == 1 else "restored" if restored_from else "changed"
    about = About.GUIDELINE, str(guideline_id)
    await record(tx, revised(tenant_id, made_by, f"guideline.{kind}", about, number - 1, number))
    return revision


def _draft(revision: Revision) -> Draft:
    return Draft(**{name: getattr(revision, name) for name in Draft.__struct_fields__})


def _refuse_twin(known: list[Revision], wanted: Draft, own_id: UUID | None) -> None:
    if any(each.place == wanted.place and each.id != own_id and not each.is_withdrawn for each in known):
        raise GuidelineExistsError(
            "There is a guideline for the same topic, severity and language. Change that one, or withdraw it first."
        )
