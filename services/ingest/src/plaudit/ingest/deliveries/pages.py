"""The console's pages of deliveries: the log with its search, and one delivery with what became of each event."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from plaudit.common.db import SqlTx
from plaudit.common.http import AnyText, Cursor, Principal, TenantTx, cut_page, decode_cursor, not_found
from plaudit.common.sessions import ConsolePages, staff
from plaudit.common.text import cut
from plaudit.ingest.deliveries import store
from plaudit.ingest.deliveries.api import verdicts_of
from plaudit.ingest.deliveries.domain import SCRUBBED, Verdict, pointer_of
from plaudit.ingest.sources.api import OpenedVault

DELIVERIES: Final = "/console/deliveries"
QUARANTINE: Final = f"{DELIVERIES}/quarantine"
REPLAYS: Final = f"{DELIVERIES}/replays"
SOURCES: Final = "/console/sources"
REVIEWS: Final = "/console/reviews"
ROWS: Final = 30
MAX_REASONS: Final = 200
MAX_BODY_CHARS: Final = 50_000
ACCEPTED: Final = 202
NOT_TAKEN: Final = "not-taken"
NOT_PROVEN: Final = "not-proven"
VIEWS: Final[Mapping[str, str]] = {"": "all", NOT_TAKEN: "not all taken", NOT_PROVEN: "not proven"}
TYPES: Final[Mapping[str | None, str]] = {
    "create": "a review was published",
    "edit": "a review was changed",
    "remove": "a review was taken down",
    "restore": "a review is back",
    "answer": "a review was answered",
    "noticed": "a review is new or changed, and is asked for",
    None: "not understood",
}
LOOKS: Final[Mapping[Verdict, str]] = {
    Verdict.TAKEN: "good",
    Verdict.UNCHANGED: "quiet",
    Verdict.IGNORED: "quiet",
    Verdict.HELD: "warn",
    Verdict.QUARANTINED: "bad",
}
WORDS: Final[Mapping[Verdict, str]] = {
    Verdict.TAKEN: "taken",
    Verdict.UNCHANGED: "nothing new",
    Verdict.IGNORED: "not for us",
    Verdict.HELD: "waits for its review",
    Verdict.QUARANTINED: "quarantined",
}
REFUSALS: Final[Mapping[str, str]] = {
    "nothing_valid": "None of its events could be taken.",
    "not_stored": "The database refused its content; its bytes are kept.",
    "source_paused": "Its source was paused, so it was kept and not read; a replay takes it.",
    "id_reused": "Its id came before with another body, so it was not read.",
}

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.ingest.deliveries")
Reader = Annotated[Principal, Depends(staff("deliveries:read"))]


async def typed(
    search: Annotated[str, Query()] = "", source: Annotated[str, Query()] = "", show: Annotated[str, Query()] = ""
) -> dict[str, str]:
    """Return what the form of the log holds; a choice that there is not counts as none."""
    words = search.replace("\0", "").strip()[: store.MAX_SEARCH_CHARS]
    return {"search": words, "source": source, "show": show if show in VIEWS else ""}


Form = Annotated[dict[str, str], Depends(typed)]


@router.get(DELIVERIES)
async def show_deliveries(
    request: Request, principal: Reader, tx: TenantTx, form: Form, cursor: Cursor = None
) -> Response:
    """Show the log, the latest first."""
    names = await store.source_names(tx, principal.tenant_id)
    form["source"] = form["source"] if form["source"] in map(str, names) else ""
    source_id = UUID(form["source"]) if form["source"] else None
    list_path = DELIVERIES + query_of(form)
    if form["show"] == NOT_PROVEN:
        rows, following = await _attempts(tx, principal.tenant_id, source_id, cursor, list_path)
    else:
        rows, following = await _deliveries(tx, principal.tenant_id, source_id, form, cursor, list_path)
    return await console.response(
        request,
        principal,
        tx,
        "deliveries.html",
        form=form,
        views={value: (words, query_of({**form, "show": value})) for value, words in VIEWS.items()},
        source_choices={"": "all", **{str(source_id): name for source_id, name in names.items()}},
        rows=rows,
        is_narrowed=bool(form["search"] or form["source"] or form["show"]),
        next=following,
        is_first=cursor is None,
        list_path=list_path,
        retention_days=request.app.state.resources.settings.delivery_retention_days,
        names=names,
        outcome_of=outcome,
        **helpers(),
    )


async def _deliveries(
    tx: SqlTx, tenant_id: str, source_id: UUID | None, form: Mapping[str, str], cursor: str | None, list_path: str
) -> tuple[Sequence[store.Row], str | None]:
    after = decode_cursor(cursor, tuple[datetime, UUID], of=list_path) if cursor else None
    filters = store.Filters(
        source_id, quarantined=True if form["show"] == NOT_TAKEN else None, search=form["search"] or None
    )
    found = await store.page(tx, tenant_id, filters, after, ROWS + 1)
    return cut_page(found, ROWS, lambda row: (row["received_at"], row["id"]), of=list_path)


async def _attempts(
    tx: SqlTx, tenant_id: str, source_id: UUID | None, cursor: str | None, list_path: str
) -> tuple[Sequence[store.Row], str | None]:
    after = decode_cursor(cursor, tuple[datetime, UUID, str], of=list_path) if cursor else None
    found = await store.latest_failed_attempts(tx, tenant_id, source_id, after, ROWS + 1)
    return cut_page(found, ROWS, lambda row: (row["last_at"], row["source_id"], row["reason"]), of=list_path)


@router.get(QUARANTINE)
async def show_quarantine(
    request: Request,
    principal: Reader,
    tx: TenantTx,
    source: UUID | None = None,
    reason: AnyText | None = None,
    cursor: Cursor = None,
) -> Response:
    """Show why events are in quarantine and how many; or the events of one source and reason, the latest first."""
    tenant_id = principal.tenant_id
    events: Sequence[store.Row] = ()
    reasons: Sequence[store.Row] = ()
    list_path, following = QUARANTINE, None
    if source is not None and reason is not None:
        list_path += query_of({"source": str(source), "reason": reason})
        after = decode_cursor(cursor, tuple[datetime, UUID, int | None], of=list_path) if cursor else None
        found = await store.quarantined_page(tx, tenant_id, source, reason, after, ROWS + 1)
        events, following = cut_page(
            found, ROWS, lambda row: (row["received_at"], row["delivery_id"], row["index"]), of=list_path
        )
    else:
        reasons = await store.quarantine_by_reason(tx, tenant_id, source, MAX_REASONS)
    return await console.response(
        request,
        principal,
        tx,
        "quarantine.html",
        further=("Quarantine",),
        chosen={"source_id": source, "reason": reason} if list_path != QUARANTINE else None,
        events=events,
        reasons=reasons,
        names=await store.source_names(tx, tenant_id),
        list_path=list_path,
        next=following,
        is_first=cursor is None,
        may_replay=principal.may("deliveries:write"),
        retention_days=request.app.state.resources.settings.delivery_retention_days,
        words_of=reason_words,
        query_of=query_of,
        **helpers(),
    )


@router.get(f"{DELIVERIES}/{{delivery_id}}")
async def show_delivery(
    request: Request, principal: Reader, tx: TenantTx, delivery_id: UUID, vault: OpenedVault
) -> Response:
    """Show one delivery with its headers, its body, and what became of each event."""
    row = await store.get(tx, principal.tenant_id, delivery_id)
    if row is None:
        raise not_found("delivery")
    names = await store.source_names(tx, principal.tenant_id)
    words, look = outcome(row)
    return await console.response(
        request,
        principal,
        tx,
        "delivery.html",
        further=(f"Delivery of {moment(row['received_at'])}",),
        delivery=row,
        events=await verdicts_of(tx, row, vault),
        source_name=names.get(row["source_id"]),
        words=words,
        look=look,
        refusal=_refusal(row),
        body=_shown_body(row["body"]),
        may_replay=principal.may("deliveries:write") and row["scrubbed_at"] is None,
        may_test=principal.may("sources:write") and row["source_id"] in names and row["scrubbed_at"] is None,
        types=TYPES,
        looks=LOOKS,
        verdict_words=WORDS,
        **helpers(),
    )


def outcome(row: store.Row) -> tuple[str, str]:
    """Return what became of a delivery, in words, and its look."""
    if row["scrubbed_at"] is not None:
        return "erased", "quiet"
    aside = row["set_aside"] or {}
    counted = [
        (row["accepted"] - row["unchanged"], "taken"),
        (row["unchanged"], "nothing new"),
        (len(row["quarantined"] or ()), "quarantined"),
        (len(aside.get("held", ())), "waiting"),
        (len(aside.get("ignored", ())), "not for us"),
    ]
    parts = [f"{count:,} {words}" for count, words in counted if count > 0]
    is_refused = row["status"] != ACCEPTED
    if row["quarantine_reason"] is not None and not parts:
        return "refused" if is_refused else "set aside", "bad"
    look = "bad" if is_refused else "warn" if row["quarantined"] else "quiet"
    return ", ".join(parts) or "no events", look


def _refusal(row: store.Row) -> str | None:
    reason = row["quarantine_reason"]
    if row["scrubbed_at"] is not None:
        return SCRUBBED
    return None if reason is None else reason_words(reason)


def reason_words(reason: str) -> str:
    """Return a reason as a sentence; one that begins with the name of a field stays as it is."""
    if pointer_of(reason) is not None:
        return reason
    return REFUSALS.get(reason, f"{reason[:1].upper()}{reason[1:]}".removesuffix(".") + ".")


def _shown_body(body: bytes) -> str | None:
    """Return a body as text, cut; None where it is no text."""
    try:
        return cut(body.decode().replace("\0", "\N{SYMBOL FOR NULL}"), MAX_BODY_CHARS)
    except UnicodeDecodeError:
        return None


def query_of(form: Mapping[str, str]) -> str:
    """Return the query of an address, without what is empty."""
    given = {name: value for name, value in form.items() if value}
    return f"?{urlencode(given)}" if given else ""


def moment(at: datetime) -> str:
    """Return an instant for people: `2 March 2026, 09:00:07 UTC`."""
    return f"{at.astimezone(UTC):%-d %B %Y, %H:%M:%S} UTC"


def latency(microseconds: int | None) -> str:
    """Return a latency for people: `0.8 ms`, `12 ms`, `1.2 s`; a dash where it was not measured."""
    if microseconds is None:
        return "not measured"
    milliseconds = microseconds / 1000
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"


def size(count: int) -> str:
    """Return a number of bytes for people."""
    return f"{count:,} bytes" if count < 10_000 else f"{count / 1000:,.0f} kB"


def helpers() -> dict[str, Any]:
    """Return what the templates use beyond their rows."""
    return {
        "moment": moment,
        "latency": latency,
        "size": size,
        "deliveries_path": DELIVERIES,
        "quarantine_path": QUARANTINE,
        "replays_path": REPLAYS,
        "sources_path": SOURCES,
        "reviews_path": REVIEWS,
    }
