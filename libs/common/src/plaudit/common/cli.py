"""The command `plaudit`: every installed distribution adds to it in the entry-point group `plaudit.commands`."""

from importlib.metadata import EntryPoint, entry_points, version
from typing import Annotated, Final

import typer

from plaudit.common.administration import cli as people
from plaudit.common.api_keys import cli as api_keys
from plaudit.common.kafka import cli as dead_letters
from plaudit.common.sessions import cli as sign_in
from plaudit.common.tenants import cli as tenants
from plaudit.common.terminal import CommandGroup

GROUP: Final = "plaudit.commands"


def build(commands: list[EntryPoint]) -> typer.Typer:
    """Return the command with a subcommand for each entry point: a function or a typer application.

    One that cannot be imported is named on standard error and left out, so that the others work.
    """
    app = typer.Typer(
        name="plaudit",
        cls=CommandGroup,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_root)
    app.add_typer(tenants.app, name="tenants")
    app.add_typer(api_keys.app, name="keys")
    app.command("sign-in-link", epilog=sign_in.EXAMPLE)(sign_in.sign_in_link)
    app.add_typer(people.app, name="people")
    app.add_typer(dead_letters.app, name="dead-letters")
    for entry in sorted(commands, key=lambda entry: entry.name):
        try:
            command = entry.load()
        except (ImportError, AttributeError) as error:
            typer.echo(f"plaudit {entry.name} cannot be loaded: {error}", err=True)
            continue
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=entry.name)
        else:
            app.command(entry.name)(command)
    return app


def main() -> None:
    """Run the command."""
    build(list(entry_points(group=GROUP)))()


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"plaudit {version('plaudit-common')}")
        raise typer.Exit


def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Tools for Plaudit. `plaudit COMMAND --help` says more, with examples."""
