"""Of messages that leave together, which say again what a later one tells."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Final
from uuid import UUID

from plaudit.common.delivery.domain.gathering import TO_PEOPLE
from plaudit.common.delivery.domain.message import Delivery

TOLD_AGAIN: Final = "a later message to the same recipient tells how it stands, and leaves with it"


def told_again(together: Sequence[Delivery], about: Mapping[UUID, tuple[Hashable, int]]) -> set[UUID]:
    """Return those beside which a later one tells the same people of the same thing: one line is enough.

    Programs take each message as an event of its own, so none of theirs is among them.

    Args:
        together: what leaves together.
        about: those of it that tell how a thing stands: delivery → the thing, and which of several at once comes later.
    """
    standing = [each for each in together if each.id in about and each.channel in TO_PEOPLE]
    standing.sort(key=lambda each: (each.created_at, about[each.id][1]))
    newest = {(about[each.id][0], each.channel, each.recipient): each.id for each in standing}
    return {each.id for each in standing} - {*newest.values()}
