"""Array parameters without a costly check of each element.

The driver checks through abstract base classes whether each element of an array parameter is a container: 0.1 µs an
element, twice for a text, more than sending it takes (asyncpg 0.32, `protocol/codecs/array.pyx`). A check against two
concrete classes is much cheaper: ingest writes a review of a batch, some 23 elements, in 40 µs in place of 48.
"""

from typing import Final

from asyncpg.protocol import protocol

CONTAINERS: Final = (list, tuple)
"""What may be given as an array. The driver refuses anything else; more classes would be as slow as abstract ones."""
_CHECKED = ("IterableABC", "SizedABC")


def check_concrete_classes() -> None:
    """Let the driver of this process check for `CONTAINERS`; a driver that checks in another way is left as it is."""
    names = vars(protocol)
    if all(name in names for name in _CHECKED):
        names.update(dict.fromkeys(_CHECKED, CONTAINERS))
