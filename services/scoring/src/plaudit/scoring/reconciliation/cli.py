"""`plaudit score reconcile`: compare what is kept with what it is made of now, and make rows that differ anew."""

from typing import Annotated, Final

import typer

from plaudit.common.contracts.subjects import prefixes
from plaudit.common.db import Database, Role
from plaudit.common.numerals import counted, noun_of
from plaudit.common.refusals import RefusedError, WrongInputError
from plaudit.common.terminal import AsJson, CommandGroup, on_database, print_done
from plaudit.scoring.reconciliation import store
from plaudit.scoring.reconciliation.domain import Outcome, Scope
from plaudit.scoring.reconciliation.jobs import derived, reconcile, reconcile_large
from plaudit.scoring.reconciliation.store import celled

CONNECTIONS: Final = 2

app = typer.Typer(
    cls=CommandGroup,
    help="Look after scores, in the database at PLAUDIT_DATABASE_URL.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def scores() -> None:
    """Look after scores."""


@app.command("reconcile", epilog="Example: plaudit score reconcile --tenant default --subject acme")
def reconcile_command(
    tenant: Annotated[str | None, typer.Option(help="Whose scores; all tenants' if not given.")] = None,
    subject: Annotated[str | None, typer.Option(help="This subject and all below it; all if not given.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare what is kept with what it is made of, and make rows that differ anew.

    Sums that scores are read from, and the past of large subjects, with the ledger; counts of days, and where reviews
    are found, with what insight and answers keep of each review.
    """
    if subject is not None and tenant is None:
        raise WrongInputError("a subject is a tenant's; name the tenant with --tenant")
    if subject is not None:
        _check(subject)

    async def work(database: Database) -> Outcome:
        if tenant is not None and subject is not None:
            outcome = await _reconcile_kept(database, tenant, subject)
        else:
            outcome = await _reconcile_all(database, tenant)
        outcome = outcome + await _reconcile_large(database, tenant, subject)
        return outcome + await derived.reconcile_places(database, Scope(tenant, subject))

    outcome = on_database(work, "scoring", Role.WORKER, pool_size=CONNECTIONS)
    if tenant is not None and not (outcome.compared or outcome.skipped or outcome.derived or outcome.remade):
        about = f" about {subject} or what is below it" if subject else ""
        raise RefusedError(f"nothing was compared: there is no review of the tenant {tenant}{about}")
    print_done(
        {name: getattr(outcome, name) for name in outcome.__struct_fields__},
        _said(outcome),
        as_json=as_json,
    )


def _said(outcome: Outcome) -> str:
    return (
        f"{counted(outcome.compared, 'row')} compared; {outcome.differing:,} "
        f"{noun_of(outcome.differing, 'was', 'were')} wrong and {outcome.rounded:,} "
        f"{noun_of(outcome.rounded, 'was', 'were')} rounded, and summed anew; "
        f"{counted(outcome.skipped, 'subject or partition', 'subjects or partitions')} could not be compared now. "
        f"The past of {counted(outcome.celled, 'large subject')} compared; that of {outcome.refilled:,} was wrong and "
        f"is made anew. {counted(outcome.derived, 'row')} of insight and answers compared; {outcome.remade:,} "
        f"{noun_of(outcome.remade, 'was', 'were')} wrong or missing, and made anew."
    )


def _check(subject: str) -> None:
    try:
        prefixes(subject)
    except ValueError as error:
        raise WrongInputError(str(error)) from error


async def _reconcile_kept(database: Database, tenant: str, subject: str) -> Outcome:
    """Reconcile sums and counts of days of a subject and all below it."""
    return await reconcile(database, tenant, subject) + await derived.reconcile_days(database, tenant, subject)


async def _reconcile_all(database: Database, tenant: str | None) -> Outcome:
    """Reconcile one subject of one segment after the other, of one tenant or of all."""
    outcome, last_tenant, end = Outcome(), tenant or "", ""
    while True:
        async with database.driver_transaction() as tx:
            root = await store.next_root(tx, last_tenant, end)
        if root is None or (tenant is not None and root.tenant_id != tenant):
            return outcome
        outcome = outcome + await _reconcile_kept(database, root.tenant_id, root.subject)
        last_tenant, end = root.tenant_id, root.end


async def _reconcile_large(database: Database, tenant: str | None, subject: str | None) -> Outcome:
    """Reconcile the cells and changes of large subjects, one after the other."""
    async with database.driver_transaction() as tx:
        large = await celled.filled(tx, tenant, subject)
    outcome = Outcome()
    for each in large:
        outcome = outcome + await reconcile_large(database, each, whole=True)
        async with database.driver_transaction() as tx:
            await celled.note_compared(tx, each)
    return outcome
