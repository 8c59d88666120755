"""What every peer of scoring keeps, and how it tells how far it is. Standard library alone: see `environments`.

For each prefix, source and block of 1,920 days: reviews by star, the sum of ratings, the newest, and for the half-lives
of `trust` and `recent` the decayed sums of ratings, weights by star and squared weights. `lifetime` reads the counts.
"""

import json
import os
import signal
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

DAY_US = 86_400_000_000
HALF_LIVES_US = (182.5 * DAY_US, 30 * DAY_US)
BLOCK_US = 1_920 * DAY_US
STARS = 5
TOTAL, NEWEST, DECAYED = STARS, STARS + 1, STARS + 2
EACH = 2 + STARS
"""Numbers of a half-life: ratings, squares, a weight for each star."""
NUMBERS = DECAYED + EACH * len(HALF_LIVES_US)
TELL_EVENTS = 200

BOOTSTRAP = os.environ["PEER_BOOTSTRAP"]
TOPIC = os.environ["PEER_TOPIC"]
EVENTS = int(os.environ["PEER_EVENTS"])
PARTITIONS = int(os.environ["PEER_PARTITIONS"])
FOLDER = Path(os.environ["PEER_FOLDER"])


def rows_of(change: dict[str, Any]) -> Iterator[tuple[str, bool, int, dict[str, Any]]]:
    """Yield what a change does: a row's key, whether its prefix is a top one, +1 or -1, and the review."""
    for sign, review in ((-1, change["before"]), (1, change["after"])):
        if review is None:
            continue
        rated_us = microseconds(review["rated_at"])
        segments = review["subject"].split("/")
        for depth in range(1, len(segments) + 1):
            prefix = "/".join(segments[:depth])
            yield f"{prefix}|{review['source']['id']}|{rated_us // BLOCK_US}", depth == 1, sign, review


def microseconds(time_of_day: str) -> int:
    """Return an RFC 3339 time in microseconds since the Unix epoch."""
    return round(datetime.fromisoformat(time_of_day).timestamp() * 1_000_000)


def added(row: list[float] | None, sign: int, review: dict[str, Any]) -> list[float]:
    """Return a row with a review added or taken away."""
    numbers = [*row] if row is not None else [0.0] * NUMBERS
    rated_us, rating = microseconds(review["rated_at"]), review["rating"]
    star = int(rating + 0.5) - 1
    numbers[star] += sign
    numbers[TOTAL] += sign * rating
    numbers[NEWEST] = max(numbers[NEWEST], rated_us)
    for number, half_life_us in enumerate(HALF_LIVES_US):
        weight = 2.0 ** (rated_us % BLOCK_US / half_life_us)
        at = DECAYED + number * EACH
        numbers[at] += sign * rating * weight
        numbers[at + 1] += sign * weight * weight
        numbers[at + 2 + star] += sign * weight
    return numbers


class Progress:
    """Tells the benchmark how many events were counted, and at the end what the top prefixes hold."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.done = 0
        self._at_the_top: dict[str, float] = {}

    def hold(self, key: str, row: list[float]) -> None:
        """Note what the store now holds of a top prefix."""
        self._at_the_top[key] = sum(row[:STARS])

    def one_more(self) -> bool:
        """Note an event; return whether it was the last, which is told when it is safe."""
        self.done += 1
        is_last = self.done >= EVENTS
        if self.done % TELL_EVENTS == 0 and not is_last:
            self.tell()
        return is_last

    def end(self) -> None:
        """Tell that all is safe, and stay until the benchmark has read what that took."""
        self.tell()
        signal.pause()

    def tell(self) -> None:
        """Write how far it is."""
        at_the_top = sum(self._at_the_top.values()) if self.done >= EVENTS else None
        told = FOLDER / "told.new"
        told.write_text(json.dumps({"done": self.done, "at_the_top": at_the_top}))
        told.replace(FOLDER / "told")
