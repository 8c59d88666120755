"""Persons who ask for their erasure themselves, on the board: it has proved that they read the mails of the address."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from plaudit.common.contracts import BOARD
from plaudit.common.db import OrderKey, Tx
from plaudit.common.events import Outgoing
from plaudit.common.ids import IdSource
from plaudit.common.kafka.subscription import Record, Subscription
from plaudit.common.outbox import Outbox, UnitOfWork
from plaudit.common.vault import Vault
from plaudit.ingest.contacts.commands import order_key
from plaudit.ingest.erasure import commands

THE_PERSON: Final = "person"
"""The actor of an erasure that a person asked for."""


class ErasureAsked(msgspec.Struct, frozen=True, gc=False):
    """What ingest reads of `person.erasure_requested`."""

    person: str


def order_keys(record: Record[ErasureAsked]) -> Iterable[OrderKey]:
    """Return the order key of what is about the person."""
    return [order_key(record.event.tenant, record.event.data.person)]


def persons_who_ask(outbox: Outbox, ids: IdSource, vault: Vault) -> Subscription[ErasureAsked]:
    """Return the subscription that begins an erasure for each person who asks for it, up to when it is read."""

    async def begin(tx: Tx, records: Sequence[Record[ErasureAsked]]) -> Sequence[Outgoing]:
        """Ask for the erasures; a job carries them out, and tells all services."""
        work = UnitOfWork(tx, outbox, ids)
        for record in records:
            await commands.request(
                work,
                record.event.tenant,
                review_id=None,
                person=record.event.data.person,
                address=None,
                requested_by=THE_PERSON,
                vault=vault,
            )
        return ()

    return Subscription(
        group="ingest-erasures",
        topic=BOARD,
        data=ErasureAsked,
        handle=begin,
        order_keys=order_keys,
        types=frozenset({"person.erasure_requested"}),
        gather_seconds=0.25,  # a job erases, seconds later
    )
