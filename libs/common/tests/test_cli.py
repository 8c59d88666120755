from importlib.metadata import EntryPoint, version

import pytest
import typer
from typer.testing import CliRunner

from plaudit.common.cli import GROUP, build

runner = CliRunner()


def greet(name: str) -> None:
    """Greet somebody."""
    typer.echo(f"hello {name}")


several = typer.Typer()


@several.command()
def first() -> None:
    typer.echo("first")


@several.command()
def second() -> None:
    typer.echo("second")


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group=GROUP)


class Ours(EntryPoint):
    """An entry point that gives an object of this file, which cannot be imported by name."""

    def load(self) -> object:
        return {"greet": greet, "several": several}[self.name]


def test_a_function_becomes_a_command_and_an_application_a_group() -> None:
    app = build([Ours("greet", "x:y", GROUP), Ours("several", "x:y", GROUP)])
    assert runner.invoke(app, ["greet", "you"]).output == "hello you\n"
    assert runner.invoke(app, ["several", "second"]).output == "second\n"


def test_one_that_cannot_be_loaded_is_named_and_leaves_the_others_alone() -> None:
    app = build([entry("broken", "plaudit.nowhere:run"), entry("lost", "plaudit.common.cli:nothing")])
    assert runner.invoke(app, ["broken"]).exit_code != 0
    assert runner.invoke(app, ["keys", "--help"]).exit_code == 0


def test_without_a_command_the_help_says_what_there_is() -> None:
    result = runner.invoke(build([Ours("greet", "x:y", GROUP)]), [])
    assert "Greet somebody." in result.output
    assert "keys" in result.output


def test_the_version_is_that_of_the_distribution() -> None:
    result = runner.invoke(build([]), ["--version"])
    assert (result.exit_code, result.output) == (0, f"plaudit {version('plaudit-common')}\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["kyes"], "No such command 'kyes'. Did you mean 'keys'?\n"),
        (["keys", "revok"], "No such command 'revok'. Did you mean 'revoke'?\n"),
        (["keys", "revoke"], "Missing argument 'KEY'.\n"),
        (["greet", "you", "--loud"], "No such option: --loud\n"),
    ],
)
def test_wrong_usage_is_one_sentence_on_standard_error(arguments: list[str], said: str) -> None:
    result = runner.invoke(build([Ours("greet", "x:y", GROUP)]), arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", said)
