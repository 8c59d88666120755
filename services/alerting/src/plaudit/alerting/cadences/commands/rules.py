"""The rules of a tenant: each change is a revision of its own, and by whom is kept with it."""

from collections.abc import Collection

from plaudit.alerting.audit.commands import record
from plaudit.alerting.audit.domain import About, revised
from plaudit.alerting.cadences.domain.default import DEFAULT
from plaudit.alerting.cadences.domain.plan import next_digest
from plaudit.alerting.cadences.domain.rules import Cadences, Purpose, Revision, faults_of
from plaudit.alerting.cadences.store import digests, occurrences, revisions
from plaudit.common.db import OrderKey, Tx, lock

BUILT_IN = "built in"
"""In place of a person: nobody has saved the first revision."""


class WrongCadencesError(ValueError):
    """The rules contradict themselves; `faults` says where and how."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{pointer}: {text}" for pointer, text in faults))
        self.faults = faults


class CadencesChangedError(ValueError):
    """The rules are no longer those that were read."""

    def __init__(self, number: int) -> None:
        super().__init__(f"Revision {number} is in force now. Read the rules again, and decide again.")


def order_key(tenant_id: str, person: str = "") -> OrderKey:
    """Return the order key of all that is planned for a person; without one, of the tenant's rules and digest."""
    return f"cadence:{tenant_id}:{person}"


async def in_force(tx: Tx, tenants: Collection[str]) -> dict[str, Revision]:
    """Return tenant → the rules in force; those of a tenant that has none become its first revision."""
    found = await revisions.newest(tx, tenants)
    for tenant_id in sorted(set(tenants) - found.keys()):
        first = built_in(tx, tenant_id)
        if await revisions.add(tx, first):
            await _plan_digests(tx, first)
    return found if len(found) == len(set(tenants)) else await revisions.newest(tx, tenants)


def built_in(tx: Tx, tenant_id: str) -> Revision:
    """Return the rules of a tenant that has set none, as its first revision."""
    return Revision(tenant_id=tenant_id, number=1, cadences=DEFAULT, active_from=tx.now, saved_by=BUILT_IN)


async def save(
    tx: Tx, tenant_id: str, cadences: Cadences, saved_by: str, *, expected: Collection[int] | None = None
) -> Revision:
    """Put rules in force, as a new revision. Persons are planned by it in the background.

    Args:
        tx: the open transaction; it has read and written nothing.
        tenant_id: whose.
        cadences: the whole document.
        saved_by: the public id of a key, or the person, as `person:<id>`.
        expected: only if one of these revisions is in force; 0 is none.

    Raises:
        WrongCadencesError: they contradict themselves.
        CadencesChangedError: another revision is in force.
    """
    if faults := faults_of(cadences):
        raise WrongCadencesError(faults)
    await lock(tx, [order_key(tenant_id)])
    newest = (await revisions.newest(tx, [tenant_id])).get(tenant_id)
    number = newest.number if newest else 0
    if expected is not None and number not in expected:
        raise CadencesChangedError(number)
    saved = Revision(tenant_id=tenant_id, number=number + 1, cadences=cadences, active_from=tx.now, saved_by=saved_by)
    if not await revisions.add(tx, saved):  # the first one was written meanwhile, which holds no lock
        raise CadencesChangedError(number + 1)
    await _plan_digests(tx, saved)
    await record(tx, revised(tenant_id, saved_by, "cadences.saved", (About.CADENCES, "rules"), number, saved.number))
    return saved


async def _plan_digests(tx: Tx, revision: Revision) -> None:
    """Plan the next digest of each rule, in place of what was planned."""
    dates = await digests.dates(tx, revision.tenant_id, 1)
    rules = [rule for rule in revision.cadences.rules if rule.purpose is Purpose.DIGEST]
    await occurrences.delete_all(tx, (revision.tenant_id, ""))
    await occurrences.add(tx, [next_digest(rule, revision, dates[0] if dates else None) for rule in rules])
