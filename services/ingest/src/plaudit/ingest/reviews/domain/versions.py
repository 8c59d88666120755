"""Which version each part of a review was last told in, so that versioned events end the same in any order.

An event replaces a part only where its version is above the one that the part was last told in. So an edit that comes
after a later one still sets what the later one did not mention, and nothing else.
"""

from typing import Final

import msgspec

ALL_PARTS: Final = (1 << 32) - 1


class PartVersions(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The version of each part of a review. A part is a bit; `reviews/domain/parts.py` names them.

    Most parts have the version of the first event, so those are one number.
    """

    first: int
    """The version of the first event."""
    mask: int
    """The parts that it told, as bits."""
    later: dict[int, int] = {}
    """Bit → version, of parts that another event told."""

    def below(self, parts: int, version: int) -> int:
        """Return which of some parts were told by a lower version or none, as bits."""
        return sum(part for part in _bits(parts) if (known := self.of(part)) is None or known < version)

    def of(self, part: int) -> int | None:
        """Return the version of a part, None if no version told it."""
        return self.later.get(part, self.first if self.mask & part else None)

    def told(self, parts: int, version: int) -> "PartVersions":
        """Return the versions after some parts were told again."""
        return PartVersions(self.first, self.mask, {**self.later, **dict.fromkeys(_bits(parts), version)})


def _bits(mask: int) -> list[int]:
    return [1 << place for place in range(mask.bit_length()) if mask >> place & 1]
