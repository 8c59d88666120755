"""Figures as text: a heading, then lines of a name and a value."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from benchmarks.cpu import Spent

WIDTH = 34


class Report:
    """Prints as it goes, so that a long run shows where it is; remembers whether a check failed."""

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self.wrong: list[str] = []

    def heading(self, text: str) -> None:
        """Begin a part."""
        print(f"\n{text}\n{'-' * len(text)}", file=self._stream, flush=True)

    def text(self, text: str) -> None:
        """Print a sentence."""
        print(text, file=self._stream, flush=True)

    def line(self, name: str, value: str) -> None:
        """Print one figure."""
        print(f"{name:<{WIDTH}} {value}", file=self._stream, flush=True)

    def check(self, what: str, found: object, expected: object) -> None:
        """Print whether a count is what it must be; one that is not makes the run fail."""
        if found == expected:
            self.line("correct", f"{what}: {found}")
        else:
            self.wrong.append(what)
            self.line("WRONG", f"{what}: {found}, must be {expected}")

    def foreign(self, spent: Spent) -> None:
        """Print how much of the watched cores other work of the machine had; beside it every figure is too bad."""
        of = "of the core" if spent.cores == 1 else f"of the {spent.cores} cores"
        self.line("taken by other work", f"{spent.foreign_share:.0%} {of}; an undisturbed run has next to none")

    def profile(self, found: Path | None) -> None:
        """Print what the sampler found."""
        if found is not None and found.exists():
            self.heading("where the time goes")
            self.text(found.read_text().rstrip())

    def note(self, text: str) -> None:
        """Print what is being done, apart from the figures."""
        print(f"  … {text}", file=sys.stderr, flush=True)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value that `share` of an ascending sequence does not exceed (nearest rank)."""
    if not ordered:
        raise ValueError("no values")
    rank = -int(-share * len(ordered) // 1)
    return ordered[max(rank, 1) - 1]


def latencies(milliseconds: Sequence[float]) -> str:
    """Percentiles as text."""
    ordered = sorted(milliseconds)
    shares = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
    figures = [f"{name} {percentile(ordered, share):.2f}" for share, name in shares]
    return f"{', '.join(figures)}, max {ordered[-1]:.1f} ms"
