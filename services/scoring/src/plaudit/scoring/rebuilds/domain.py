"""How far a rebuild has come, and when it may take the place of what is there."""

from typing import Final

import msgspec

from plaudit.common.numerals import counted

STEP_ENTRIES: Final = 50_000
"""Of the ledger, in one transaction."""
MAX_LEFT_RECORDS: Final = 20_000
"""That are still to be summed when the new sums take the place of the old ones: live waits for them."""
MAX_SWITCH_SECONDS: Final = 30.0
"""For each statement that puts new tables in the place of old ones. Live waits, so that no figure mixes the two."""
MAX_SWITCHES: Final = 20
"""How often it is tried, while live is faster than the rebuild or history is behind."""


class Progress(msgspec.Struct, frozen=True):
    """How many records of the ledger are in the new sums, and how many live has applied."""

    summed: int
    applied: int

    @property
    def left(self) -> int:
        """What is still to be summed."""
        return self.applied - self.summed

    @property
    def in_words(self) -> str:
        """Say how far it is."""
        return f"{self.summed:,} of {counted(self.applied, 'record')}"


class RebuildStoppedError(ValueError):
    """The new sums cannot take the place of the old ones; the text says why and what to do."""
