"""How long to wait before a program that has ended by itself is started again."""

from dataclasses import dataclass

FIRST_SECONDS = 0.5
CAP_SECONDS = 30.0


@dataclass
class Restarts:
    """No wait for a program that had been ready; a doubling back-off with a cap for one that ends before it is."""

    count: int = 0
    """Restarts since the product came up."""
    failed_starts: int = 0
    """Starts in a row that ended before the program was ready."""

    def next_delay_seconds(self, *, was_ready: bool) -> float:
        """Return how long to wait before the next start.

        Args:
            was_ready: whether the program had become ready after its last start.
        """
        self.count += 1
        if was_ready:
            self.failed_starts = 0
            return 0.0
        self.failed_starts += 1
        return min(CAP_SECONDS, FIRST_SECONDS * 2.0 ** min(self.failed_starts - 1, 16))
