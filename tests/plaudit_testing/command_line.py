"""The command `plaudit` in tests: run in this process, against a database."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

from typer.testing import CliRunner, Result

from plaudit.common.cli import GROUP, build


@dataclass(frozen=True)
class CommandLine:
    """Runs `plaudit` with the database of a test."""

    database_url: str

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> Result:
        """Run a command as a pipe does, and return what it printed and its exit code."""
        app = build(list(entry_points(group=GROUP)))
        variables = {"PLAUDIT_DATABASE_URL": self.database_url, "FORCE_COLOR": None, "TTY_COMPATIBLE": None}
        return CliRunner().invoke(app, arguments, env={**variables, **(env or {})})

    def on_terminal(self, *arguments: str, columns: int = 160) -> Result:
        """Run a command as a person sees it."""
        return self.run(*arguments, env={"FORCE_COLOR": "1", "TERM": "dumb", "COLUMNS": str(columns), "LINES": "50"})

    def output(self, *arguments: str) -> str:
        """Run a command that succeeds, and return its standard output."""
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *arguments: str) -> Any:
        """Run a command that succeeds with `--json`, and return what it printed."""
        return json.loads(self.output(*arguments, "--json"))

    def refusal(self, *arguments: str, code: int = 1) -> str:
        """Run a command that is refused with one line on standard error and nothing else, and return the line."""
        result = self.run(*arguments)
        assert (result.exit_code, result.stdout) == (code, ""), result.output
        assert result.stderr.count("\n") == 1, result.stderr
        return result.stderr.removesuffix("\n")
