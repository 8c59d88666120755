"""The group `board-persons` on `customers.v1`: which persons were erased. A job deletes what they did on the board."""

from collections.abc import Sequence
from typing import Final

from plaudit.common.contracts import CUSTOMERS
from plaudit.common.db import Tx
from plaudit.common.erasure import Erasure, Kind, note
from plaudit.common.events import Outgoing
from plaudit.common.kafka.subscription import Record, Subscription
from plaudit.feedback_board.erasure.domain import ErasedPerson


async def note_persons(tx: Tx, records: Sequence[Record[ErasedPerson]]) -> Sequence[Outgoing]:
    """Note which persons were erased; publishes nothing.

    Votes are counted down under the order keys of their requests, which no event of a person names.
    """
    events = [record.event for record in records]
    await note(tx, [Erasure(each.tenant, Kind.PERSON, each.data.person, each.data.erased_at) for each in events])
    return ()


PERSONS: Final[Subscription[ErasedPerson]] = Subscription(
    group="board-persons",
    topic=CUSTOMERS,
    data=ErasedPerson,
    handle=note_persons,
    types=frozenset({"customer.erased"}),
    gather_seconds=0.25,  # a job deletes, seconds later
)
