"""What a mail about an incident still lacks as it leaves: the address of its subscriber, which only the vault has."""

from typing import Final

from plaudit.alerting.incidents.domain.messages import incident_of
from plaudit.alerting.incidents.store import subscribers
from plaudit.alerting.incidents.store.subscribers import place
from plaudit.common.db import Database
from plaudit.common.delivery.commands import Complete, NotCompletedError, Ready, Withdraw
from plaudit.common.vault import UNOPENED, Vault

NO_SUBSCRIBER: Final = "the person is told of this incident no more"
UNREADABLE: Final = "the address cannot be decrypted: the key of the vault is missing"


def completing(database: Database, vault: Vault) -> Complete:
    """Return what completes mails about incidents.

    Args:
        database: opened under the worker role.
        vault: opens the addresses.
    """

    async def complete(ready: Ready) -> Ready | Withdraw:
        delivery = ready.delivery
        incident_id = incident_of(delivery.thread)
        async with database.transaction() as tx:
            found = await subscribers.read(tx, delivery.tenant_id, incident_id, delivery.person_key)
        if found is None:
            return Withdraw(NO_SUBSCRIBER)
        try:
            address = vault.open(found.sealed, place(delivery.tenant_id, incident_id, delivery.person_key))
        except UNOPENED as error:
            raise NotCompletedError(UNREADABLE) from error
        return Ready(delivery, ready.content, address=address, references=ready.references)

    return complete
