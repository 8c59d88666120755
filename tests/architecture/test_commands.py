"""Every command of `plaudit` explains itself, whichever distribution it comes from."""

from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Any

import typer

from plaudit.common.cli import GROUP, build


def _leaves(command: Any, *path: str) -> Iterator[tuple[str, Any]]:
    """Every command below one, with what is typed to run it."""
    if not hasattr(command, "commands"):
        yield " ".join(("plaudit", *path)), command
    for name, each in getattr(command, "commands", {}).items():
        yield from _leaves(each, *path, name)


COMMANDS = dict(_leaves(typer.main.get_command(build(list(entry_points(group=GROUP))))))


def test_the_list_of_commands_is_whole() -> None:
    assert {
        "plaudit keys create",
        "plaudit people create",
        "plaudit tenants board",
        "plaudit import",
        "plaudit replay",
    } <= COMMANDS.keys()


def test_the_help_of_each_command_says_what_it_does_with_an_example() -> None:
    helps = {name: f"{command.help}\n{command.epilog}\n" for name, command in COMMANDS.items()}
    assert [name for name, words in helps.items() if words.startswith(("None", "Example"))] == []
    assert {name for name, words in helps.items() if f"Example: {name} " not in words} == set()


def test_the_help_of_each_command_says_what_each_option_is() -> None:
    assert [(name, each.name) for name, command in COMMANDS.items() for each in command.params if not each.help] == []


def test_whatever_a_group_of_commands_prints_can_be_json() -> None:
    of_groups = {name: command for name, command in COMMANDS.items() if name.count(" ") > 1}
    assert [name for name, each in of_groups.items() if all("--json" not in param.opts for param in each.params)] == []
