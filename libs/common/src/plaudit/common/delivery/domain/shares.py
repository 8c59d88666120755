"""How many of the places of a process one tenant may take, so that there is room for others when all of its hang."""

from typing import Final

MOST_TIMES_WHAT_IS_FREE: Final = 3
"""A tenant holds at most so many times as many places as are left free: the first one three quarters, and so on."""


def share_of(free: int, held: int) -> int:
    """Return how many further places a tenant may take; one that holds none may take one.

    Args:
        free: places of the process.
        held: places of this tenant.
    """
    share = (MOST_TIMES_WHAT_IS_FREE * free - held) // (MOST_TIMES_WHAT_IS_FREE + 1)
    return max(share, 0 if held else min(free, 1))
