"""Array parameters without a toll on each element.

The driver asks of every element of an array parameter whether it is a container itself, through abstract base
classes: 0.1 µs an element, twice for a text, more than sending it takes (asyncpg 0.32, `protocol/codecs/array.pyx`).
Two concrete classes answer at once.
"""

from typing import Final

from asyncpg.protocol import protocol

CONTAINERS: Final = (list, tuple)
"""What may be given as an array; the driver refuses all else. More classes would cost as much as the abstract ones."""
_ASKED = ("IterableABC", "SizedABC")


def ask_concrete_classes() -> None:
    """Make the driver of this process ask for `CONTAINERS`; a driver that asks in another way is left as it is."""
    names = vars(protocol)
    if all(name in names for name in _ASKED):
        names.update(dict.fromkeys(_ASKED, CONTAINERS))
