"""When to start a program again that has ended by itself."""

from dataclasses import dataclass

FIRST_SECONDS = 0.5
CAP_SECONDS = 30.0
CALM_SECONDS = 60.0


@dataclass
class Restarts:
    """Doubling back-off with a cap; who has run for a minute starts from the beginning."""

    count: int = 0
    """Restarts since the product came up."""
    in_a_row: int = 0

    def next_delay_seconds(self, ran_seconds: float) -> float:
        """How long to wait before the next start of a program that has just ended after `ran_seconds`."""
        self.in_a_row = 0 if ran_seconds >= CALM_SECONDS else self.in_a_row
        delay = min(CAP_SECONDS, FIRST_SECONDS * 2.0 ** min(self.in_a_row, 16))
        self.count += 1
        self.in_a_row += 1
        return delay
