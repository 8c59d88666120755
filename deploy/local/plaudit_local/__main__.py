"""`python -m plaudit_local <command>`: the product on this machine, without containers."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from plaudit_local.servers.jars import JarsUnavailableError
from plaudit_local.servers.process import ProcessFailedError
from plaudit_local.supervision.layout import Layout, read_json

# Each command imports what it needs: most of them run while somebody waits.

app = typer.Typer(
    help="Plaudit on this machine, without containers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def up() -> None:
    """Run everything in the foreground."""
    from plaudit_local.supervision.plan import product
    from plaudit_local.supervision.supervisor import up
    from plaudit_local.supervision.terminal import terminal

    raise typer.Exit(up(Layout.of_checkout(), product(), terminal()))


@app.command()
def down() -> None:
    """Stop what `up` runs."""
    from plaudit_local.supervision.commands import down

    raise typer.Exit(down(Layout.of_checkout()))


@app.command()
def status() -> None:
    """Say what runs, and where, with a link to sign in."""
    from plaudit_local.supervision.commands import status
    from plaudit_local.supervision.plan import product

    raise typer.Exit(status(Layout.of_checkout(), product()))


@app.command()
def clean() -> None:
    """Stop it and delete its data."""
    from plaudit_local.supervision.commands import clean

    raise typer.Exit(clean(Layout.of_checkout()))


@app.command()
def servers(folder: Annotated[Path, typer.Option("--dir", help="where their data is kept")]) -> None:
    """Run PostgreSQL and Kafka alone, in the foreground."""
    from plaudit_local.supervision.commands import servers

    raise typer.Exit(servers(folder))


@app.command()
def mailbox(
    smtp_port: Annotated[int, typer.Option(envvar="PLAUDIT_SMTP_PORT")],
    http_port: Annotated[int, typer.Option(envvar="PLAUDIT_HTTP_PORT")],
) -> None:
    """Run the development mailbox alone, as `up` starts it."""
    from plaudit_local.mailbox.server import run

    run(Layout.of_checkout().mailbox, smtp_port, http_port)


@app.command()
def demo() -> None:
    """Play the demo story into the running product."""
    from plaudit_local.demo.player import DemoError, play

    try:
        print(play(read_json(Layout.of_checkout().endpoints)))
    except DemoError as error:
        sys.exit(str(error))


@app.command()
def lock() -> None:
    """Renew the locks of Kafka's jars and of the libraries of pages."""
    from plaudit_local.servers.jars import write_locks

    print(f"{write_locks()} jars locked")


@app.command()
def assets(folder: Annotated[Path, typer.Argument(envvar="PLAUDIT_PAGE_ASSETS", help="the folder")]) -> None:
    """Fill a folder with what pages use beyond their own files, for an image."""
    from plaudit_local.page_assets import fill

    fill(folder, print)


def main() -> None:
    """Run one command; what stands in its way is one sentence."""
    try:
        app(prog_name="plaudit_local")
    except (ProcessFailedError, JarsUnavailableError, PermissionError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
