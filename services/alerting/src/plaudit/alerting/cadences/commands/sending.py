"""The one place where cadences tell anybody anything: messages are queued in the transaction of their cause."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from plaudit.alerting.cadences.domain.digest import Digest
from plaudit.alerting.cadences.domain.messages import (
    Notice,
    digest_notice,
    invitation_notice,
    thread_of,
    touchpoint_notice,
)
from plaudit.alerting.cadences.domain.rules import Purpose
from plaudit.alerting.cadences.domain.touchpoint import Touchpoint
from plaudit.alerting.cadences.store import touchpoints
from plaudit.alerting.cadences.store.persons import PersonKey
from plaudit.common.db import Tx
from plaudit.common.delivery import commands as delivery
from plaudit.common.delivery.commands import Checks, Due, Verdict, Withdraw
from plaudit.common.delivery.domain.message import Content, Message, mail_to, subscribers

NOT_OPEN: Final = "it was done, skipped, or had lost its object"


async def send_touchpoints(tx: Tx, fired: Sequence[Touchpoint], public_url: str) -> None:
    """Tell owners of their tasks, and programs of invitations."""
    messages = [
        _message(
            each.tenant_id,
            touchpoint_notice(each) if each.purpose is Purpose.TOUCHPOINT else invitation_notice(each),
            public_url,
        )
        for each in fired
    ]
    if messages:
        await delivery.queue(tx, messages)


async def send_digest(tx: Tx, tenant_id: str, digest: Digest, owner: str, public_url: str) -> None:
    """Tell the owner of the week."""
    await delivery.queue(tx, [_message(tenant_id, digest_notice(digest, owner), public_url)])


async def still_open(tx: Tx, due: Sequence[Due]) -> Mapping[UUID, Verdict]:
    """Withdraw what is about to be told of touchpoints that are not open any more."""
    named = {each.delivery.id: (each.delivery.tenant_id, UUID(each.delivery.key.split()[-1])) for each in due}
    open_now = await touchpoints.open_among(tx, set(named.values()))
    return {delivery_id: Withdraw(NOT_OPEN) for delivery_id, key in named.items() if key not in open_now}


CHECKS: Final[Checks] = {"touchpoint": still_open, "invitation": still_open}
"""Topic → what is looked up again just before its messages leave."""


async def erase(tx: Tx, key: PersonKey) -> None:
    """Leave no word of what was told about a person."""
    await delivery.erase_thread(tx, key[0], thread_of(*key))


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
