"""What the page of a source says of how it is asked, and its buttons."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from msgspec.structs import fields
from starlette.responses import Response

from plaudit.common.db import SqlTx
from plaudit.common.http import Work, not_found
from plaudit.common.sessions import done
from plaudit.ingest.platforms import INTERFACES
from plaudit.ingest.pulls import commands, store
from plaudit.ingest.pulls.domain import HELD_FOR, HELD_LISTS, HeldRemovals, NothingHeldError, Pull
from plaudit.ingest.sources.api import OpenedVault
from plaudit.ingest.sources.domain import Source
from plaudit.ingest.sources.pages.shared import SOURCES, Writer, moment, source_of

router = APIRouter(include_in_schema=False)
NO_CREDENTIALS: Final = "It has no credentials yet."


@dataclass(frozen=True)
class PullsShown:
    """What the page of a source says of how it is asked."""

    state: str
    look: str
    facts: tuple[tuple[str, str], ...] = ()
    error: str | None = None
    held: str | None = None
    may_be_asked: bool = False
    may_be_allowed: bool = False


async def pulls_shown(tx: SqlTx, source: Source) -> PullsShown | None:
    """Return what is to be said of a source; None where its platform is not asked."""
    if source.platform not in INTERFACES:
        return None
    pull = await store.get(tx, source.tenant_id, UUID(source.id))
    if pull is None:
        path = f"PUT /v1/sources/{source.id}/credentials"
        needed = ", ".join(field.name for field in fields(INTERFACES[source.platform].credentials))
        return PullsShown("no credentials", "warn", (("To be set by", path), ("What it needs", needed)))
    state, look = _state_of(pull)
    held = pull.held_removals
    return PullsShown(
        state=state,
        look=look,
        facts=_facts_of(pull),
        error=pull.error,
        held=None if held is None else _held_words(held),
        may_be_asked=True,
        may_be_allowed=held is not None and held.allowed_at is None,
    )


@router.post(f"{SOURCES}/{{source_id}}/pull")
async def ask_now(request: Request, principal: Writer, work: Work, source_id: UUID, vault: OpenedVault) -> Response:
    """Ask a source now."""
    source = await source_of(work.tx, principal, source_id, vault)
    pull = await commands.ask_now(work, principal.tenant_id, source_id)
    if pull is None:
        return done(request, f"{SOURCES}/{source.id}", NO_CREDENTIALS)
    if pull.not_before is not None and pull.next_at >= pull.not_before > work.tx.now:
        words = f"The platform has asked to wait; it is asked on {moment(pull.next_at)}."
    else:
        words = "It is asked now."
    return done(request, f"{SOURCES}/{source.id}", words)


@router.post(f"{SOURCES}/{{source_id}}/held-removals/apply")
async def apply_held_removals(
    request: Request, principal: Writer, work: Work, source_id: UUID, vault: OpenedVault
) -> Response:
    """Remove what complete lists lack."""
    source = await source_of(work.tx, principal, source_id, vault)
    try:
        pull = await commands.allow_removals(work, principal.tenant_id, source_id, principal.actor)
    except NothingHeldError as error:
        return done(request, f"{SOURCES}/{source.id}", str(error))
    if pull is None:
        raise not_found("source")
    return done(request, f"{SOURCES}/{source.id}", "The missing reviews are removed with the next run.")


def _state_of(pull: Pull) -> tuple[str, str]:
    if pull.failures:
        return "failing", "bad"
    if pull.held_removals is not None:
        return "removals held", "warn"
    return ("waiting", "good") if pull.walk is None else ("walking", "good")


def _facts_of(pull: Pull) -> tuple[tuple[str, str], ...]:
    facts = [("Asked next", moment(pull.next_at))]
    if pull.failures:
        facts.append(("Failed runs on end", str(pull.failures)))
    if pull.walk is not None:
        facts.append(("On its way", f"since {moment(pull.walk.started_at)}, {pull.walk.pages} pages"))
    if pull.last_run is not None:
        run = pull.last_run
        found = f"{run.reviews_found} reviews on {run.pages} pages, {run.changed} of them new or changed"
        facts.append(("Last run", f"{moment(run.finished_at)}: {found}"))
    if pull.watermark is not None:
        facts.append(("Every change was seen up to", moment(pull.watermark)))
    if pull.complete_at is not None:
        facts.append(("Last complete list", moment(pull.complete_at)))
    return tuple(facts)


def _held_words(held: HeldRemovals) -> str:
    lists = "The last complete list lacks" if held.lists == 1 else f"The last {held.lists} complete lists lack"
    words = f"{lists} {held.missing} of {held.visible} reviews. That looks like a fault of the platform"
    if held.allowed_at is not None:
        return f"{words}; {held.allowed_by} wants them removed, which is done with the next run."
    return (
        f"{words}, so they are not removed. They are if at least {HELD_LISTS} lists on end lack them, the last one "
        f"after {moment(held.since + HELD_FOR)}, or if you say so. A list that has them again ends this."
    )
