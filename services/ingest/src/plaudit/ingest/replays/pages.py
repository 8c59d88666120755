"""The console's pages of replays: the list with its form, and one replay with how far it is."""

from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from plaudit.common.db import SqlTx
from plaudit.common.http import Cursor, Principal, TenantTx, Work, cut_page, decode_cursor, not_found
from plaudit.common.pages.navigation import Crumb
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, done, staff
from plaudit.ingest.deliveries.pages import REPLAYS, helpers, moment
from plaudit.ingest.deliveries.store import source_names
from plaudit.ingest.replays import commands, store
from plaudit.ingest.replays.commands import UnknownDeliveryError, Wanted
from plaudit.ingest.replays.domain import Replay
from plaudit.ingest.replays.schemas import MAX_REASON_CHARS

ROWS: Final = 20
REFRESH_SECONDS: Final = 3
WORDS: Final = {
    "taken": ("taken now", "good"),
    "unchanged": ("nothing new", ""),
    "held": ("waiting for their reviews", ""),
    "ignored": ("not for us", ""),
    "quarantined": ("still in quarantine", "late"),
    "erased": ("deliveries are erased", ""),
    "unreadable": ("deliveries cannot be read", "late"),
    "failed": ("deliveries failed", "late"),
}

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.ingest.replays")
Reader = Annotated[Principal, Depends(staff("deliveries:read"))]
Writer = Annotated[Principal, Depends(staff("deliveries:read", "deliveries:write"))]


@router.get(REPLAYS)
async def show_replays(request: Request, principal: Reader, tx: TenantTx, cursor: Cursor = None) -> Response:
    """Show replays, the latest first, and the form of a new one."""
    return await _list(request, principal, tx, cursor)


@router.post(REPLAYS)
async def replay(
    request: Request,
    principal: Writer,
    work: Work,
    delivery: Annotated[UUID | None, Form()] = None,
    event: Annotated[int | None, Form(ge=0)] = None,
    source: Annotated[str, Form()] = "",
    since: Annotated[str, Form(max_length=40)] = "",
    before: Annotated[str, Form(max_length=40)] = "",
    only: Annotated[str, Form()] = "",
    reason: Annotated[str, Form(max_length=MAX_REASON_CHARS)] = "",
) -> Response:
    """Ask for a replay: of a delivery or an event of it, or of what came to a source."""
    typed = {"source": source, "since": since, "before": before, "only": only}
    if delivery is not None:
        wanted = Wanted(delivery_id=delivery, event_index=event)
    else:
        names = await source_names(work.tx, principal.tenant_id)
        start, end = _instant(since), _instant(before)
        errors = {
            "source": "" if source in map(str, names) else "Choose a source.",
            "since": "" if not since or start else "This is no date and time.",
            "before": "" if not before or end else "This is no date and time.",
        }
        if start and end and end <= start:
            errors["before"] = "It must be later than the beginning."
        errors = {name: words for name, words in errors.items() if words}
        if errors:
            return await _list(request, principal, work.tx, None, Typed(typed, errors))
        wanted = Wanted(
            source_id=UUID(source),
            received_from=start,
            received_before=end,
            quarantined_only=bool(only),
            reason=reason or None,
        )
    try:
        asked = await commands.request(work, principal.tenant_id, wanted, principal.actor)
    except UnknownDeliveryError as error:
        raise not_found("delivery") from error
    return done(request, f"{REPLAYS}/{asked.id}", "The replay begins.")


@router.get(f"{REPLAYS}/{{replay_id}}")
async def show_replay(request: Request, principal: Reader, tx: TenantTx, replay_id: UUID) -> Response:
    """Show one replay; until it is done, the page comes again by itself."""
    found = await store.get(tx, principal.tenant_id, replay_id)
    if found is None:
        raise not_found("replay")
    names = await source_names(tx, principal.tenant_id)
    counts = found.counts
    return await console.response(
        request,
        principal,
        tx,
        "replay.html",
        further=(Crumb("Replays", REPLAYS), f"Replay of {moment(found.requested_at)}"),
        replay=found,
        title=_title(found, names),
        figures=[(f"{counts[name]:,}", *words) for name, words in WORDS.items() if counts.get(name)],
        refresh_seconds=None if found.finished_at else REFRESH_SECONDS,
        **helpers(),
    )


async def _list(
    request: Request, principal: Principal, tx: SqlTx, cursor: str | None, typed: Typed = NOTHING_TYPED
) -> Response:
    after = decode_cursor(cursor, tuple[datetime, UUID], of=REPLAYS) if cursor else None
    found = await store.page(tx, principal.tenant_id, after, ROWS + 1)
    listed, following = cut_page(found, ROWS, lambda each: (each.requested_at, each.id), of=REPLAYS)
    names = await source_names(tx, principal.tenant_id)
    return await console.response(
        request,
        principal,
        tx,
        "replays.html",
        status=typed.status,
        further=("Replays",),
        replays=listed,
        titles={each.id: _title(each, names) for each in listed},
        next=following,
        is_first=cursor is None,
        typed=typed,
        source_choices={"": "choose one", **{str(source_id): name for source_id, name in names.items()}},
        may_replay=principal.may("deliveries:write") and bool(names),
        **helpers(),
    )


def _title(replay: Replay, names: dict[UUID, str]) -> str:
    name = names.get(replay.source_id, "a deleted source")
    if replay.event_index is not None:
        return f"Event {replay.event_index + 1} of one delivery to {name}"
    if replay.delivery_id is not None:
        return f"One delivery to {name}"
    what = "What is in quarantine" if replay.quarantined_only else "All"
    if replay.reason_digest is not None:
        what = "What is in quarantine for one reason"
    since = f" since {moment(replay.received_from)}" if replay.received_from else ""
    return f"{what} of {name}{since}"


def _instant(text: str) -> datetime | None:
    """Return an instant as a form's field sends it, without a zone: it is meant in UTC. None where it is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at if at.year >= 2000 else None
