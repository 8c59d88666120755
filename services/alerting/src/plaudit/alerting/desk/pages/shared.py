"""What the pages of the desk share: the page of a list with one clock beside it, and how things are called."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Query, Request
from sqlalchemy import RowMapping
from starlette.responses import Response

from plaudit.alerting.alerts.domain.notes import ALERTS
from plaudit.alerting.alerts.domain.silences import MAX_REASON_CHARS
from plaudit.alerting.alerts.pages.alerts import REMINDERS
from plaudit.alerting.cadences.api import in_force
from plaudit.alerting.cadences.store import occurrences, touchpoints
from plaudit.alerting.calendars.domain.local_times import at_local, local_date
from plaudit.alerting.changes.api import CHANGES, TYPE
from plaudit.alerting.clocks import store as clock_store
from plaudit.alerting.clocks.domain.about import AboutKind, is_web_address
from plaudit.alerting.clocks.domain.filters import Ownership, ownership_of
from plaudit.alerting.clocks.domain.run import State, pauses_of
from plaudit.alerting.clocks.domain.words import WORDS
from plaudit.alerting.clocks.schemas import MAX_NOTE_CHARS
from plaudit.alerting.desk import store
from plaudit.alerting.desk.domain import month as months
from plaudit.alerting.desk.domain.happened import done, merged, reason_in_words, told
from plaudit.alerting.desk.domain.wanted import SEVERITIES, SHOWN, Wanted, checked
from plaudit.alerting.incidents.commands.reading import Open, still_open
from plaudit.alerting.incidents.pages.shared import SEVERITY_LOOKS
from plaudit.alerting.incidents.store import incidents as incident_store
from plaudit.alerting.library.domain.guideline import title_of as guideline_title
from plaudit.alerting.mails.commands import aids_of
from plaudit.alerting.mails.domain.aid import CHECK, NO_AID, OUTLINE, of_customer
from plaudit.alerting.mails.domain.words import ANSWERED, ANSWERS, DESK, INCIDENTS, UNTOLD, duration, review_page
from plaudit.alerting.people import store as people
from plaudit.alerting.people.api import fallback_of
from plaudit.alerting.people.domain import Owner, Owners
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common.db import SqlTx
from plaudit.common.delivery import store as messages
from plaudit.common.delivery.endpoints import store as endpoints
from plaudit.common.delivery.pages import MESSAGES, STATES
from plaudit.common.delivery.schemas import content_of
from plaudit.common.http import Cursor, Principal, cut_page, decode_cursor
from plaudit.common.http.parameters import parameters
from plaudit.common.numerals import up_to
from plaudit.common.pages.navigation import CONSOLE
from plaudit.common.people.naming import namer
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, staff, zone_of_reader

ROWS: Final = 20
SOON: Final = timedelta(hours=4)
SHOWN_MESSAGES: Final = 6
MAX_CONTACTS: Final = 10_000
"""Of a month, that are counted by day."""
OTHERS: Final = ("Incidents", "Reports")
"""Sections that the desk leads to, where the console has them."""
KEYS: Final = {
    "j": "next clock",
    "k": "clock before",
    "r": "answer this review, or open it where no answer is due",
    "o": "open the review where it was written",
    "e": "acknowledge the alert",
    "a": "assign the alert",
    "s": "silence the alert or the subject",
    "?": "show these keys",
}
"""Key → what it does."""
CHANNELS: Final = {
    "": "not said", "phone": "Phone", "email": "E-mail", "chat": "Chat", "visit": "In person", "other": "Another way"
}  # fmt: skip
SILENCES: Final = {"1": "1 hour", "4": "4 hours", "24": "1 day", "168": "7 days"}
OUTCOMES: Final = {"in_time": "Answered in time", "late": "Answered late", "none": "Not answered"}
METRICS: Final = {each.value: WORDS[each].do for each in Metric}

MAX_ACTIONS: Final = 200
"""Things that people did about the alerts of one clock; the audit trail has all."""
MAX_INCIDENTS: Final = 20
"""Listed on the desk; their own page has all."""
console = ConsolePages("plaudit.alerting.desk")
Staff = Annotated[Principal, Depends(staff("clocks:read", "alerts:read"))]
Actor = Annotated[Principal, Depends(staff("clocks:read", "alerts:read", "alerts:write"))]
Narrowing = Annotated[str, Query(max_length=300)]


@dataclass(frozen=True)
class WantedParameters:
    """Which clocks are shown, by the address."""

    show: Narrowing = ""
    owner: Narrowing = ""
    severity: Narrowing = ""
    subject: Narrowing = ""
    source_id: Narrowing = ""
    metric: Narrowing = ""

    def wanted(self) -> Wanted:
        """Return it as the domain has it."""
        return Wanted(**{name: value.strip() for name, value in vars(self).items()})


Asked = Annotated[WantedParameters, Depends(parameters(WantedParameters))]


@dataclass(frozen=True)
class Shown:
    """What a page is to show beside the list."""

    clock: RowMapping | None = None
    """The one that was chosen; none: the first of the list."""
    action: str = ""
    """The form that was refused."""
    typed: Typed = field(default=NOTHING_TYPED)
    month: str = ""


async def people_of(request: Request, tx: SqlTx, tenant_id: str) -> tuple[Owners, Owner]:
    """Return what a tenant says of its people, and the owner of the settings."""
    return (await people.load(tx, [tenant_id]))[tenant_id], fallback_of(request)


async def desk_page(
    request: Request, principal: Principal, tx: SqlTx, asked: WantedParameters, cursor: Cursor, shown: Shown
) -> Response:
    """Answer with the list, and one clock beside it."""
    tenant_id = principal.tenant_id
    owners, fallback = await people_of(request, tx, tenant_id)
    names = names_of(owners, fallback)
    whose = ownership_of(owners, fallback)
    wanted, errors = checked(asked.wanted(), {*names, *whose.addresses})
    list_path = DESK + wanted.query
    after = decode_cursor(cursor, tuple[datetime, UUID], of=list_path) if cursor else None
    found = await store.waiting_clocks(tx, tenant_id, whose, wanted, after=after, limit=ROWS + 1)
    listed, following = cut_page(found, ROWS, lambda clock: (clock["due_at"], clock["id"]), of=list_path)
    counts = await store.counts(tx, tenant_id, SOON)
    selected = shown.clock or (listed[0] if listed else None)
    return await console.response(
        request,
        principal,
        tx,
        "desk.html",
        status=422 if errors else shown.typed.status,
        further=(title_of(shown.clock),) if shown.clock else (),
        counts=await waiting(principal, tx, counts),
        figures=figures(counts),
        clocks=listed,
        total=count(await store.count_waiting(tx, tenant_id, whose, wanted)),
        wanted=wanted,
        errors=errors,
        choices=await _choices(tx, tenant_id, names, whose),
        query=wanted.query,
        cursor_query=_with_cursor(wanted, cursor),
        list_path=list_path,
        next=following,
        is_first=cursor is None,
        is_chosen=shown.clock is not None,
        selected=selected,
        of=await _of_clock(request, principal, tx, selected, names) if selected else None,
        action=shown.action,
        typed=shown.typed.values,
        wrong=shown.typed.errors,
        owner_names=names,
        month=await _month(principal, tx, shown.month),
        deliveries=await _deliveries(principal, tx),
        others=[each for each in CONSOLE if each.title in OTHERS and all(map(principal.may, each.scopes))],
        open_incidents=await _incidents(principal, tx),
        may_open_incident=principal.may("incidents:write"),
        live=CHANGES,
        live_type=TYPE,
        keys=KEYS,
        may_write=principal.may("alerts:write"),
        **helpers(tx.now),
    )


async def _incidents(principal: Principal, tx: SqlTx) -> list[Open]:
    """Return incidents that are not over, for whoever may read them."""
    return await still_open(tx, principal.tenant_id, MAX_INCIDENTS) if principal.may("incidents:read") else []


def names_of(owners: Owners, fallback: Owner) -> dict[str, str]:
    """Return address → name of whoever may be an owner, by name."""
    default = owners.default_owner(fallback)
    found = {each.address: each.name for each in (*owners.people, default)}
    return dict(sorted(found.items(), key=lambda each: (each[1].lower(), each[0])))


async def waiting(principal: Principal, tx: SqlTx, counts: Mapping[str, int]) -> dict[str, str]:
    """Return what the navigation counts: clocks that wait for an answer, open alerts, incidents that are not over."""
    may_see = principal.may("incidents:read")
    incidents = await incident_store.count_waiting(tx, principal.tenant_id, store.MAX_COUNTED) if may_see else 0
    numbers = {DESK: counts["late"] + counts["running"], ALERTS: counts["alerts"], INCIDENTS: incidents}
    return {path: count(number) for path, number in numbers.items() if number}


def figures(counts: Mapping[str, int]) -> list[tuple[str, str, str]]:
    """Return the figures that answer whether it is good now: value, words, look."""
    return [
        (count(counts["late"]), "late", "late" if counts["late"] else ""),
        (count(counts["soon"]), f"due within {SOON // timedelta(hours=1)} hours", "soon" if counts["soon"] else ""),
        (count(counts["running"]), "running in all", ""),
        *([(count(counts["paused"]), "paused", "")] if counts["paused"] else ()),
        *([(count(counts["unknown"]), "unknown: answers not told", "")] if counts["unknown"] else ()),
        (count(counts["alerts"]), "open alerts" if counts["alerts"] != 1 else "open alert", ""),
    ]


def count(number: int) -> str:
    """Return a count in words; one that reached the bound says so."""
    return up_to(number, store.MAX_COUNTED)


def title_of(clock: Any) -> str:
    """Return what a clock is called."""
    if clock["erased_at"] is not None:
        return f"Erased review of {clock['subject']}"
    if clock["about_kind"] == AboutKind.INCIDENT:
        return f"Incident: {clock['title']}"
    if clock["title"] or clock["stars"] is None:
        return clock["title"] or f"{clock['about_kind'].replace('-', ' ')} of {clock['subject']}"
    return f"{clock['stars']}-star review of {clock['subject']}"


def stands_at(clock: Any, now: datetime) -> datetime:
    """Return which instant the time of a clock has come to: while it stands still, the beginning of the pause."""
    return pauses_of(clock["pauses"])[-1].from_at if clock["state"] == State.PAUSED else now


def helpers(now: datetime) -> dict[str, Any]:
    """Return what the templates use beyond their rows."""
    return {
        "now": now,
        "count": count,
        "soon": SOON,
        "duration": duration,
        "stands_at": stands_at,
        "is_web_address": is_web_address,
        "title_of": title_of,
        "reason_in_words": reason_in_words,
        "desk_path": DESK,
        "answers_path": ANSWERS,
        "answered": ANSWERED,
        "review_page": review_page,
        "alerts_path": ALERTS,
        "incidents_path": INCIDENTS,
        "incident_looks": SEVERITY_LOOKS,
        "messages_path": MESSAGES,
        "check_path": CHECK,
        "untold": UNTOLD,
        "outline": OUTLINE,
        "metrics": METRICS,
        "shown": SHOWN,
        "message_states": STATES,
        "max_note": MAX_NOTE_CHARS,
        "max_reason": MAX_REASON_CHARS,
        "channels": CHANNELS,
        "reminders": REMINDERS,
        "silences": SILENCES,
        "outcomes": OUTCOMES,
    }


def _with_cursor(wanted: Wanted, cursor: str | None) -> str:
    if not cursor:
        return wanted.query
    return f"{wanted.query}{'&' if wanted.query else '?'}cursor={cursor}"


async def _choices(tx: SqlTx, tenant_id: str, names: Mapping[str, str], whose: Ownership) -> dict[str, dict[str, str]]:
    """Return what each select of the filters offers: value → words."""
    owners = {**dict.fromkeys(whose.addresses), **names}
    return {
        "owner": {"": "anybody", **{address: name or address for address, name in owners.items()}},
        "severity": {"": "any", **{each: each.capitalize() for each in SEVERITIES}},
        "source_id": {"": "any", **await store.sources_of(tx, tenant_id)},
        "metric": {"": "anything", **METRICS},
    }


async def _of_clock(
    request: Request, principal: Principal, tx: SqlTx, clock: RowMapping, names: Mapping[str, str]
) -> dict[str, Any]:
    """Return what the page shows of one clock beside its row: its alert, its log, and what helps to answer."""
    tenant_id, clock_id = principal.tenant_id, clock["id"]
    log = await clock_store.log_of(tx, tenant_id, clock_id)
    alert = await store.alert_of(tx, tenant_id, clock_id)
    actions = await store.actions_of(tx, tenant_id, clock_id, MAX_ACTIONS)
    actors = {each.actor for each in actions} | {by for event, _ in log if (by := getattr(event, "by", None))}
    actors |= {alert["acknowledged_by"]} if alert and alert["acknowledged_by"] else set()
    name_of = await namer(request.app.state.resources.common_database(), tenant_id, actors)
    loaded = await clock_store.load(tx, [(tenant_id, clock_id)])
    aid = (await aids_of(tx, list(loaded.values()))).get((tenant_id, clock_id), NO_AID)
    head, others = of_customer(aid, zone_of_reader(request)) if principal.may("reviews:read") else ("", [])
    guideline = aid.guideline if principal.may("library:read") else None
    return {
        "log": merged(
            (told(event, name_of) for event, _ in reversed(log)), (done(each, name_of, names) for each in actions)
        ),
        "alert": alert,
        "acknowledged_by": name_of(alert["acknowledged_by"]) if alert and alert["acknowledged_by"] else "",
        "owner": names.get(clock["owner"], clock["owner"]),
        "customer": head,
        "earlier": others,
        "guideline": guideline,
        "guideline_title": guideline_title(guideline) if guideline else "",
        "language": aid.review.language if aid.review else None,
        "can_check": principal.may("reviews:read") and clock["erased_at"] is None and clock["review_id"] is not None,
    }


async def _month(principal: Principal, tx: SqlTx, asked: str) -> dict[str, Any] | None:
    """Return a month of contacts, by local date; None for whoever may not read them."""
    if not principal.may("cadences:read"):
        return None
    tenant_id = principal.tenant_id
    _, revision = await in_force(tx, tenant_id)
    zone, name = revision.zone, revision.cadences.zone
    today = local_date(zone, tx.now)
    first = months.first_of(asked) or today.replace(day=1)
    start, end = (at_local(zone, day, time.min) for day in (first, months.after(first)))
    titles = {rule.id: rule.title for rule in revision.cadences.rules}
    past = await touchpoints.by_day(tx, tenant_id, start, min(end, tx.now), name, MAX_CONTACTS)
    coming = await occurrences.counts(tx, tenant_id, max(start, tx.now), end, name, MAX_CONTACTS)
    counted = [(row["day"], row["title"], row["count"]) for row in past]
    counted += [(row["day"], titles.get(row["rule"], row["rule"]), row["count"]) for row in coming]
    return {
        "title": f"{first:%B %Y}",
        "weeks": months.weeks_of(first, counted),
        "today": today,
        "before": _month_name(months.before(first)),
        "after": _month_name(months.after(first)),
        "zone": name,
    }


def _month_name(first: date) -> str:
    return f"{first:%Y-%m}"


async def _deliveries(principal: Principal, tx: SqlTx) -> list[dict[str, Any]] | None:
    """Return the last deliveries, failed ones first; None for whoever may not read them."""
    if not principal.may("messages:read"):
        return None
    failed = await messages.list_deliveries(tx, principal.tenant_id, state="failed", limit=SHOWN_MESSAGES)
    newest = await messages.list_deliveries(tx, principal.tenant_id, limit=SHOWN_MESSAGES)
    found = [*failed, *(each for each in newest if each["state"] != "failed")][:SHOWN_MESSAGES]
    names = {str(each.id): each.name for each in await endpoints.all_of(tx, principal.tenant_id)}
    return [
        {**each, "subject": content_of(each).subject, "to": names.get(each["recipient"], each["recipient"])}
        for each in found
    ]
