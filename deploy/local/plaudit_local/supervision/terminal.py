"""What the person at the terminal sees: lines, and on a terminal a short table that stays below them."""

import sys
from collections.abc import Sequence
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from plaudit_local.supervision.supervised_program import READY, SupervisedProgram


class Terminal:
    """Where the supervisor writes: plain lines, for a pipe or a build machine. Safe to call from any thread."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        return

    def say(self, line: str) -> None:
        """Write one line that stays."""
        print(line, flush=True)

    def show(self, programs: Sequence[SupervisedProgram]) -> None:
        """Show the present state of all programs; as plain lines each change of it has been said already."""


class LiveTerminal(Terminal):
    """Lines with a live table below."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._live.stop()

    def say(self, line: str) -> None:
        """Print it above the table."""
        self._console.print(Text(line), soft_wrap=True)

    def show(self, programs: Sequence[SupervisedProgram]) -> None:
        """Draw the table again."""
        table = Table(box=None, pad_edge=False, caption="Ctrl-C stops everything", caption_justify="left")
        for title in ("program", "state", "address", "restarts"):
            table.add_column(title, style="dim" if title == "address" else "")
        for program in programs:
            state = Text(program.state, style="green" if program.state == READY else "yellow")
            table.add_row(program.name, state, program.address, str(program.restarts.count or ""))
        self._live.update(table, refresh=True)


def terminal() -> Terminal:
    """Return the one that fits our standard output."""
    return LiveTerminal() if sys.stdout.isatty() else Terminal()
