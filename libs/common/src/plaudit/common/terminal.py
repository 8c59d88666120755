"""What the commands of `plaudit` share: a transaction, output for people and for programs, and errors in one sentence.

A command prints a table on a terminal, and the same rows with all fields, separated by tabs, when it is piped; with
`--json` it prints JSON. What it refuses is one sentence on standard error: exit code 2 when the question was wrong, 1
when the answer is no.
"""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, NoReturn, TypeVar

import asyncpg
import msgspec
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from typer.core import TyperGroup

from plaudit.common.db import Database, Role, SqlTx
from plaudit.common.db.errors import is_transient, root
from plaudit.common.names import shown
from plaudit.common.refusals import RefusedError, WrongInputError, rule_in_words
from plaudit.common.settings import Settings, complaints

OPEN_TIMEOUT_SECONDS: Final = 10.0
"""Nobody waits behind a command, so it is more patient than a service."""
MIGRATE: Final = "python -m plaudit.common.db.migrate"
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION: Final = re.compile(r"([0-9]{1,9})([smhdw])")
_NOT_MIGRATED: Final = frozenset({"22023", "3F000", "42501", "42703", "42883", "42P01"})
"""No such role, schema, privilege, column, function or table."""

T = TypeVar("T")
Row = Mapping[str, object]
"""What a command says of one thing: the fields of its JSON."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


class CommandGroup(TyperGroup):
    """A group of commands whose errors are one sentence on standard error."""

    def main(self, *args: Any, **options: Any) -> NoReturn:
        """Run the command of a command line, and exit: 0 when it is done, 1 when it is refused, 2 for wrong usage."""
        try:
            code = super().main(*args, **{**options, "standalone_mode": False})
        except RefusedError as error:
            _fail(str(error), 2 if isinstance(error, WrongInputError) else 1)
        except typer.Abort:
            _fail("stopped", 1)
        except typer.TyperException as error:
            # Without a command there is no message: the help has been printed.
            _fail(rule_in_words(error.format_message()), error.exit_code)
        except OSError as error:
            if error.filename is not None:
                raise
            _fail(f"the output cannot be written ({error.strerror}); what was asked for may be done", 1)
        sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> NoReturn:
    if message:
        typer.echo(message, err=True)
    sys.exit(code)


def in_transaction(work: Callable[[SqlTx], Awaitable[T]]) -> T:
    """Run work in one transaction of the owner of schema `common`, and return what it returns.

    Raises:
        RefusedError: the settings are wrong, or the database cannot be used; the text says so without a password.
    """

    async def in_one(database: Database) -> T:
        async with database.transaction() as tx:
            return await work(tx)

    return on_database(in_one, "common", Role.OWNER)


def on_database(work: Callable[[Database], Awaitable[T]], service: str, role: Role, *, pool_size: int = 1) -> T:
    """Run work with connections to the schema of a service, and return what it returns.

    Args:
        work: opens its transactions itself.
        service: whose schema.
        role: what the work may do.
        pool_size: how many connections it needs at once.

    Raises:
        RefusedError: the settings are wrong, or the database cannot be used; the text says so without a password.
    """
    settings = read_environment()
    shown_url = _shown_url(settings)

    async def run() -> T:
        database = Database(settings, service, role, pool_size=pool_size)
        try:
            return await work(database)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise _refusal(shown_url, error) from error


def read_environment() -> Settings:
    """Return the settings of a command.

    Raises:
        RefusedError: they are wrong; the text names the variables without their values.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        hint = "; set it to the address of the database, such as postgresql://user:password@host:5432/plaudit"
        missing = any(each["loc"] == ("database_url",) for each in error.errors())
        raise RefusedError("; ".join(complaints(error)) + hint * missing) from error
    seconds = max(OPEN_TIMEOUT_SECONDS, settings.database_open_timeout_seconds)
    return settings.model_copy(
        update={"database_open_timeout_seconds": seconds, "database_connect_timeout_seconds": seconds}
    )


def _shown_url(settings: Settings) -> str:
    """Return the address of the database without its password."""
    try:
        return make_url(settings.database_url.get_secret_value()).render_as_string(hide_password=True)
    except (SQLAlchemyError, ValueError) as error:
        said = "PLAUDIT_DATABASE_URL is not the address of a database, such as postgresql://user:password@host:5432/plaudit"
        raise RefusedError(said) from error


def _refusal(shown_url: str, error: Exception) -> RefusedError:
    cause = root(error)
    if is_transient(error):
        return RefusedError(f"the database at {shown_url} does not answer ({_one_line(cause)})")
    if getattr(cause, "sqlstate", None) in _NOT_MIGRATED:
        return RefusedError(f"the database at {shown_url} is not migrated yet: run {MIGRATE} ({_one_line(cause)})")
    return RefusedError(f"the database at {shown_url} refuses: {_one_line(cause)}")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def duration(text: str) -> timedelta:
    """Read `30m`, `24h`, `90d` and the like, as a parser of an option.

    Raises:
        BadParameter: it is not a whole number with one of the units.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise typer.BadParameter(f"{shown(text)} is not a number with a unit, such as 30m, 24h or 90d")
    try:
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    except OverflowError as error:
        raise typer.BadParameter(f"{text} is too long") from error


def print_rows(rows: Sequence[Row], fields: Sequence[str], *, as_json: bool, folded: Collection[str] = ()) -> None:
    """Print rows as a table on a terminal, else with all fields separated by tabs, or as a list in JSON.

    Args:
        rows: what to print.
        fields: the names of all their fields.
        as_json: whether JSON was asked for.
        folded: the fields that a table leaves out.
    """
    if as_json:
        _print_json(rows)
        return
    console = Console()
    if not console.is_terminal:
        for line in ([*fields], *([_plain(row[field]) for field in fields] for row in rows)):
            typer.echo("\t".join(line))
        return
    titles = [field for field in fields if field not in folded]
    columns = [Column(_title(field), overflow="fold") for field in titles]
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(Text(_readable(row[field])) for field in titles))
    console.print(table)


def print_done(row: Row, sentence: str, *, as_json: bool) -> None:
    """Print what was done: a sentence, or the fields of the thing in JSON."""
    if as_json:
        _print_json(row)
    else:
        typer.echo(sentence)


def note(sentence: str) -> None:
    """Tell a person something beside the output; where nobody reads standard error, nothing is said."""
    console = Console(stderr=True)
    if console.is_terminal:
        console.print(Text(sentence), style="dim")


def _print_json(value: object) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def _title(field: str) -> str:
    """Return the head of a column: `Key`, `Last used (UTC)`."""
    if field == "public_id":
        return "Key"
    words = field.removesuffix("_at").removesuffix("_id").replace("_", " ").capitalize()
    return f"{words} (UTC)" if field.endswith("_at") else words


def _plain(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case tuple():
            return ",".join(value)
    return str(value)


def _readable(value: object) -> str:
    match value:
        case None:
            return "–"
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"
        case tuple():
            return " ".join(value)
    return str(value)
