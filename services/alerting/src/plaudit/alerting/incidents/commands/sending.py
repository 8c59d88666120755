"""What is asked before a message about an incident leaves: it says what its update says."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from plaudit.alerting.incidents.domain.messages import carried_by, content_of
from plaudit.alerting.incidents.store import incidents
from plaudit.common.db import Tx
from plaudit.common.delivery.commands import Check, Due, Verdict, Withdraw

GONE: Final = "the incident is not there any more"


def check_of(public_url: str) -> Check:
    """Return what composes messages about incidents as they leave.

    Args:
        public_url: the address of Plaudit from outside; empty where it is not known.
    """

    async def check(tx: Tx, due: Sequence[Due]) -> Mapping[UUID, Verdict]:
        carried = {each.delivery.id: (each.delivery.tenant_id, carried_by(each.content)) for each in due}
        updates = await incidents.updates(
            tx, {(tenant_id, each.incident_id, each.number) for tenant_id, each in carried.values()}
        )
        keys = {(tenant_id, each.incident_id) for tenant_id, each in carried.values()}
        known = {key: await incidents.read(tx, *key) for key in keys}
        verdicts: dict[UUID, Verdict] = {}
        for delivery_id, (tenant_id, each) in carried.items():
            incident = known[tenant_id, each.incident_id]
            update = updates.get((tenant_id, each.incident_id, each.number))
            if incident is None or update is None:
                verdicts[delivery_id] = Withdraw(GONE)
            else:
                verdicts[delivery_id] = content_of(incident, update, each.language, public_url)
        return verdicts

    return check
