"""What is asked before a mail about a request leaves: whether it is still so, and what it says now."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from plaudit.common.db import Database, Tx
from plaudit.common.delivery.commands import Check, Complete, Due, NotCompletedError, Ready, Verdict, Withdraw
from plaudit.common.delivery.consent.links import token_of
from plaudit.common.delivery.contacts import AddressBook
from plaudit.common.delivery.jobs import NO_ADDRESSES
from plaudit.common.tenants import store as tenants
from plaudit.common.vault import UNOPENED, Vault
from plaudit.feedback_board.notifications.domain.messages import Carried, Links, carried_by, content_of
from plaudit.feedback_board.notifications.store import contacts, followers
from plaudit.feedback_board.requests.domain.announcement import Announcement
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.store import announcements, requests

PREFERENCES: Final = "/board-preferences"
"""Where people choose what the board tells them; below it, the token of a person."""
GONE: Final = "the request is not there any more"
MERGED: Final = "the request is merged into another one"
CHANGED: Final = "the request has another status by now"
TOLD_SINCE: Final = "a later change of the request was told since"
STOPPED: Final = "the person wants to hear of this request no more"
NO_CONSENT: Final = "the person has not agreed to be written to"
NO_ADDRESS: Final = "no address of the person is known"
UNREADABLE: Final = "the address cannot be decrypted: the key of the vault is missing"
GRANTED: Final = "granted"


def stop_path(token: str, request_id: UUID) -> str:
    """Return the path of the page on which a person stops mails about one request."""
    return f"{PREFERENCES}/{token}/requests/{request_id}"


def check_of(address: str) -> Check:
    """Return what composes mails about requests as they leave.

    Args:
        address: that of this installation, without a slash at its end, for the links.
    """

    async def check(tx: Tx, due: Sequence[Due]) -> Mapping[UUID, Verdict]:
        carried = {each.delivery.id: carried_by(each.content) for each in due}
        found = await requests.find_several(
            tx, {(each.delivery.tenant_id, carried[each.delivery.id].request_id) for each in due}
        )
        made = await announcements.find_several(
            tx, {(each.delivery.tenant_id, carried[each.delivery.id].announcement_id) for each in due}
        )
        told_since = await announcements.told_since(tx, made.keys())
        stopped = await followers.stopped(
            tx,
            {(each.delivery.tenant_id, carried[each.delivery.id].request_id, each.delivery.person_key) for each in due},
        )
        names: dict[str, str] = {}
        verdicts: dict[UUID, Verdict] = {}
        for each in due:
            tenant_id, says = each.delivery.tenant_id, carried[each.delivery.id]
            request = found.get((tenant_id, says.request_id))
            announcement = made.get((tenant_id, says.announcement_id))
            reason = _objection(request, announcement, is_told_since=(tenant_id, says.announcement_id) in told_since)
            if (tenant_id, says.request_id, each.delivery.person_key) in stopped:
                reason = STOPPED
            if reason or request is None or announcement is None:
                verdicts[each.delivery.id] = Withdraw(reason)
                continue
            if tenant_id not in names:
                names[tenant_id] = await tenants.name_of(tx, tenant_id) or tenant_id
            links = await _links(tx, request, each.delivery.person_key, says, address)
            verdicts[each.delivery.id] = content_of(
                request,
                announcement.status,
                says.why,
                links,
                language=each.content.language,
                company=names[tenant_id],
            )
        return verdicts

    return check


def _objection(request: Request | None, announcement: Announcement | None, *, is_told_since: bool) -> str:
    if request is None or announcement is None:
        return GONE
    if request.merged_into is not None:
        return MERGED
    if request.status is not announcement.status:
        return CHANGED
    return TOLD_SINCE if is_told_since else ""


async def _links(tx: Tx, request: Request, person_key: str, says: Carried, address: str) -> Links:
    token = await token_of(tx, request.tenant_id, person_key)
    return Links(
        request=f"{address}/b/{request.tenant_id}/r/{request.slug}",
        stop=address + stop_path(token, says.request_id),
        preferences=f"{address}{PREFERENCES}/{token}",
    )


def completing(worker: Database, vault: Vault, book: AddressBook | None) -> Complete:
    """Return what finds the address of a person: one that is kept here, else that of a customer who has agreed.

    Args:
        worker: a worker's connections.
        vault: opens the addresses that are here.
        book: asks for those of customers; None where this installation has none to ask.
    """

    async def complete(ready: Ready) -> Ready | Withdraw:
        delivery = ready.delivery
        async with worker.transaction() as tx:
            kept = await contacts.read(tx, delivery.tenant_id, delivery.person_key)
        if kept is not None:
            try:
                address = vault.open(kept.sealed, contacts.place(delivery.tenant_id, delivery.person_key))
            except UNOPENED as error:
                raise NotCompletedError(UNREADABLE) from error
            return replace(ready, address=address)
        if book is None:
            return Withdraw(NO_ADDRESSES)
        contact = await book.contact(delivery.tenant_id, delivery.person_key)
        if not contact.address:
            return Withdraw(NO_ADDRESS)
        return replace(ready, address=contact.address) if contact.consent == GRANTED else Withdraw(NO_CONSENT)

    return complete
