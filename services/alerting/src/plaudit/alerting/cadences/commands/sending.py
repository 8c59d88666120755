"""The one place where cadences tell anybody anything: messages are queued in the transaction of their cause."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from plaudit.alerting.cadences.domain.consent import INVITATION
from plaudit.alerting.cadences.domain.digest import Digest
from plaudit.alerting.cadences.domain.invitations import known_of, mail_message, with_known
from plaudit.alerting.cadences.domain.messages import (
    Notice,
    digest_notice,
    invitation_notice,
    thread_of,
    touchpoint_notice,
)
from plaudit.alerting.cadences.domain.rules import Purpose
from plaudit.alerting.cadences.domain.touchpoint import Touchpoint
from plaudit.alerting.cadences.store import persons, touchpoints
from plaudit.alerting.cadences.store.persons import PersonKey
from plaudit.alerting.people import store as people
from plaudit.alerting.people.domain import Owner, Owners
from plaudit.common.db import Tx
from plaudit.common.delivery import commands as delivery
from plaudit.common.delivery.commands import Check, Checks, Due, Verdict, Withdraw
from plaudit.common.delivery.consent.links import preferences_url
from plaudit.common.delivery.domain.message import Content, Message, mail_to, subscribers
from plaudit.common.tenants import store as tenants

TASKS: Final = "touchpoint"
"""By what tasks of one owner are gathered: a morning's are one mail."""
NOT_OPEN: Final = "it was done, skipped, or had lost its object"


async def send_touchpoints(tx: Tx, fired: Sequence[Touchpoint], public_url: str, review_at: Mapping[UUID, str]) -> None:
    """Tell owners of their tasks, programs of invitations, and customers who consent, by mail, where a link leads.

    Args:
        tx: the open transaction.
        fired: what is open now.
        public_url: where the console is, for links.
        review_at: touchpoint → where an invitation leads to.
    """
    named = await people.load(tx, {each.tenant_id for each in fired})
    messages = [
        _task_message(tx, each, named[each.tenant_id], public_url)
        if each.purpose is Purpose.TOUCHPOINT
        else _message(each.tenant_id, invitation_notice(each), public_url)
        for each in fired
    ]
    messages += [mail_message(each, review_at[each.id]) for each in fired if review_at.get(each.id)]
    if messages:
        await delivery.queue(tx, messages)


async def send_digest(tx: Tx, tenant_id: str, digest: Digest, owner: Owner, public_url: str) -> None:
    """Tell the owner of the week."""
    message = _message(tenant_id, digest_notice(digest, owner.address), public_url)
    await delivery.queue(tx, [replace(message, not_before=owner.not_before(tx.now, is_urgent=False))])


async def still_open(tx: Tx, due: Sequence[Due]) -> Mapping[UUID, Verdict]:
    """Withdraw what is about to be told of touchpoints that are not open any more."""
    named = {each.delivery.id: (each.delivery.tenant_id, UUID(each.delivery.key.split()[-1])) for each in due}
    open_now = await touchpoints.open_among(tx, set(named.values()))
    return {delivery_id: Withdraw(NOT_OPEN) for delivery_id, key in named.items() if key not in open_now}


def invitations_as_they_leave(address: str) -> Check:
    """Return what withdraws invitations that are not open, and adds to mails what is known when they leave.

    Args:
        address: that of this installation, without a slash at its end, for the link to the preferences.
    """

    async def check(tx: Tx, due: Sequence[Due]) -> Mapping[UUID, Verdict]:
        verdicts: dict[UUID, Verdict] = dict(await still_open(tx, due))
        left = [each for each in due if each.delivery.is_to_person and each.delivery.id not in verdicts]
        known = await persons.load(tx, {(each.delivery.tenant_id, each.delivery.person_key) for each in left})
        for each in left:
            tenant_id, person = each.delivery.tenant_id, each.delivery.person_key
            customer = known.get((tenant_id, person))
            verdicts[each.delivery.id] = with_known(
                each.content,
                known_of(
                    each.content.data,
                    company=await tenants.name_of(tx, tenant_id) or tenant_id,
                    language=customer.language if customer else None,
                    preferences_url=await preferences_url(tx, tenant_id, person, address),
                ),
            )
        return verdicts

    return check


def checks_of(address: str) -> Checks:
    """Return topic → what is looked up again just before its messages leave; `address` is that of this installation."""
    return {"touchpoint": still_open, INVITATION: invitations_as_they_leave(address)}


async def erase(tx: Tx, key: PersonKey) -> None:
    """Leave no word of what was told about a person."""
    await delivery.erase_thread(tx, key[0], thread_of(*key))


def _task_message(tx: Tx, task: Touchpoint, named: Owners, public_url: str) -> Message:
    owner = named.by_address(task.owner)
    not_before = None if owner is None else owner.not_before(tx.now, is_urgent=False)
    return replace(
        _message(task.tenant_id, touchpoint_notice(task), public_url), gathering=TASKS, not_before=not_before
    )


def _message(tenant_id: str, notice: Notice, public_url: str) -> Message:
    return Message(
        tenant=tenant_id,
        key=notice.key,
        topic=notice.topic,
        to=mail_to(notice.owner) if notice.owner else subscribers(),
        content=Content(
            subject=notice.subject, text=notice.text, data=notice.data, link=f"{public_url.rstrip('/')}{notice.path}"
        ),
        thread=notice.thread,
    )
