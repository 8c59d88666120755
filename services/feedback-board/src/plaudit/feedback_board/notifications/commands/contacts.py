"""How the board keeps the address of somebody who has signed in with it."""

from plaudit.common import mailbox
from plaudit.common.db import Tx
from plaudit.common.vault import Vault
from plaudit.feedback_board.notifications.domain.wording import DEFAULT_LANGUAGE, WORDINGS
from plaudit.feedback_board.notifications.store import contacts


async def remember_contact(
    tx: Tx, vault: Vault, tenant_id: str, person_key: str, address: str, language: str = DEFAULT_LANGUAGE
) -> None:
    """Keep the address of a person who has just proven that it is theirs, so that they hear what becomes of requests.

    Whoever has opted out stays so. It is encrypted, erased with the person, and shown nowhere.

    Args:
        tx: the open transaction, under the api role.
        vault: encrypts the address.
        tenant_id: on whose board.
        person_key: theirs.
        address: as they gave it.
        language: in which they read; one without words of ours counts as the default one.

    Raises:
        NotAMailboxError: it is no address that a mail could go to.
    """
    sealed = vault.seal(mailbox.server_address(address), contacts.place(tenant_id, person_key))
    known = language if language in WORDINGS else DEFAULT_LANGUAGE
    await contacts.put(tx, tenant_id, person_key, contacts.Contact(sealed, known))
