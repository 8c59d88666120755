"""`plaudit dead-letters`: records that groups have set aside."""

from typing import Annotated, Final

import typer

from plaudit.common.db import Database, Role
from plaudit.common.kafka import letters
from plaudit.common.names import did_you_mean, shown
from plaudit.common.numerals import counted
from plaudit.common.refusals import WrongInputError
from plaudit.common.terminal import AsJson, CommandGroup, on_database, print_done, print_rows

FIELDS: Final = ("consumer_group", "topic", "state", "reason", "letters", "first_at", "last_at")

app = typer.Typer(
    cls=CommandGroup,
    help="Look at records that groups have set aside and settle them, in the database at PLAUDIT_DATABASE_URL.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Service = Annotated[str, typer.Option(metavar="NAME", help="Whose groups, such as scoring.")]
Group = Annotated[str, typer.Argument(metavar="GROUP", help="All letters of this group, such as scoring-history.")]


@app.command("list", epilog="Example: plaudit dead-letters list --service scoring")
def list_command(service: Service, as_json: AsJson = False) -> None:
    """Count the dead letters of each group. A runbook says how to read single ones."""

    async def work(worker: Database) -> list[dict[str, object]]:
        async with worker.driver_transaction() as tx:
            return await letters.counts(tx)

    print_rows(on_database(work, _known(service), Role.WORKER), FIELDS, as_json=as_json)


@app.command("discard", epilog="Example: plaudit dead-letters discard scoring-history --service scoring")
def discard_command(group: Group, service: Service, as_json: AsJson = False) -> None:
    """Settle the open letters of a group of which nothing more is to come; what they tell stays missing.

    Records that wait behind them are held back no longer.
    """
    discarded = _settle(group, service, letters.DISCARDED)
    print_done({"discarded": discarded}, f"{counted(discarded, 'dead letter')} discarded.", as_json=as_json)


@app.command("made-good", epilog="Example: plaudit dead-letters made-good scoring-history --service scoring")
def made_good_command(group: Group, service: Service, as_json: AsJson = False) -> None:
    """Note that a group holds what its letters tell, as after a rebuild from the feed; also of discarded ones."""
    settled = _settle(group, service, letters.MADE_GOOD)
    print_done({"made_good": settled}, f"{counted(settled, 'dead letter')} noted as made good.", as_json=as_json)


def _settle(group: str, service: str, state: str) -> int:
    async def work(worker: Database) -> int:
        async with worker.driver_transaction() as tx:
            return await letters.settle(tx, group, state)

    return on_database(work, _known(service), Role.WORKER)


def _known(service: str) -> str:
    """Return the name of a service that keeps dead letters.

    Raises:
        WrongInputError: there is none of that name.
    """

    async def work(owner: Database) -> list[str]:
        async with owner.driver_transaction() as tx:
            return await letters.services(tx)

    schemas = [name.replace("_", "-") for name in on_database(work, "common", Role.OWNER)]
    if service not in schemas:
        there_are = ", ".join(schemas) or "none"
        raise WrongInputError(
            f"there is no service {shown(service)} that keeps dead letters{did_you_mean(service, schemas)}; there are: "
            f"{there_are}"
        )
    return service
