"""What the console's pages of incidents share: the page of one, and how a form changes it."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Form, Request
from starlette.responses import Response

from plaudit.alerting.alerts.domain import Alert
from plaudit.alerting.alerts.domain.notes import ALERTS
from plaudit.alerting.alerts.store import alerts as alert_store
from plaudit.alerting.clocks.commands import Follower
from plaudit.alerting.clocks.domain.by_hand import ClockRefusedError
from plaudit.alerting.incidents.api.common import Following
from plaudit.alerting.incidents.commands import channels, reading
from plaudit.alerting.incidents.domain.breach import NOTICE, CountedBy, regulation_of, strict_at
from plaudit.alerting.incidents.domain.incident import (
    MAX_LEARNINGS_CHARS,
    MAX_NOTE_CHARS,
    MAX_TITLE_CHARS,
    UPDATED_STATES,
    Audience,
    Incident,
    IncidentChangedError,
    IncidentRefusedError,
    LinkedAt,
    Severity,
    State,
    WrongIncidentError,
)
from plaudit.alerting.incidents.domain.messages import page_path
from plaudit.alerting.incidents.domain.wording import WORDINGS
from plaudit.alerting.incidents.store import incidents as store
from plaudit.alerting.mails.domain.words import DESK, INCIDENTS, REVIEWS, duration
from plaudit.alerting.reviews import store as review_store
from plaudit.alerting.reviews.domain import Review
from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, Work
from plaudit.common.people.naming import namer
from plaudit.common.refusals import sentence
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, done, staff

NEW: Final = f"{INCIDENTS}/new"
SHOWN_UPDATES: Final = 20
SHOWN_ENTRIES: Final = 50
LABELS: Final[Mapping[str, str]] = {
    "title": "What is wrong, in one line",
    "severity": "Severity",
    "audience": "Who is told",
    "subjects": "Subjects that are affected, one in each line",
    "reviews": "Ids of reviews, one in each line",
    "alerts": "Ids of alerts, one in each line",
    "note": "Why, for your team",
    "severity-note": "Why, for your team",
    "learnings": "What was learned",
    "address": "E-mail address",
    "language": "Language",
    "aware_at": "Known since (UTC)",
    "zone": "Time zone of the authority",
    "country": "Country whose holidays count",
    "subdivision": "Part of that country",
    "notified_at": "When (UTC)",
    "notify-channel": "By which way",
    "reference": "The authority's reference",
    "notify-note": "What was sent, and what not yet",
    "by": "How it is known",
    "count": "How many",
    "method": "How they were counted",
    "people": "A list as CSV, with a person key or an e-mail address first",
    "told": "How many were told",
    "not_told": "How many were not",
    "people-channel": "By which way",
    "people-note": "What they were told, and why some were not",
    "right_aware_at": "Known since (UTC)",
    "reason": "Why the other time was wrong",
}
"""Field of a form, or its id where several forms have one of its name → how it is called."""
NO_IDS: Final[Mapping[str, str]] = {}
SEVERITIES: Final = {
    Severity.URGENT.value: "Urgent",
    Severity.IMPORTANT.value: "Important",
    Severity.ROUTINE.value: "Routine",
}
AUDIENCES: Final = {
    Audience.PUBLIC.value: "Everybody, by a public page, mail and endpoints",
    Audience.SUBSCRIBERS.value: "Subscribers by mail, and endpoints",
    Audience.INTERNAL.value: "Your endpoints only",
}
STATE_LOOKS: Final = {State.OPEN: "bad", State.MONITORING: "warn", State.RESOLVED: "good", State.CLOSED: "quiet"}
SEVERITY_LOOKS: Final = {Severity.URGENT: "bad", Severity.IMPORTANT: "warn", Severity.ROUTINE: "quiet"}
HAS_LOOKS: Final = {"published": "good", "sent": "good", "queued": "warn", "failed": "bad", "withdrawn": "quiet"}
COUNTED_BY: Final = {
    CountedBy.COUNT.value: "Counted",
    CountedBy.ESTIMATE.value: "Estimated",
    CountedBy.LIST.value: "By the list below",
}
console = ConsolePages("plaudit.alerting.incidents")
Reader = Annotated[Principal, Depends(staff("incidents:read"))]
Writer = Annotated[Principal, Depends(staff("incidents:read", "incidents:write"))]
Field = Annotated[str, Form()]


@dataclass(frozen=True, slots=True)
class Order:
    """What comes with every form of a person about an incident."""

    request: Request
    principal: Principal
    work: Work
    following: Sequence[Follower]
    incident_id: UUID

    @property
    def place(self) -> tuple[str, UUID]:
        """Whose incident it is, and which."""
        return self.principal.tenant_id, self.incident_id

    async def carried_out(
        self, change: Awaitable[object], said: str, values: Mapping[str, str], ids: Mapping[str, str] = NO_IDS
    ) -> Response:
        """Change the incident, and lead to its page with what was done; or show what is wrong where it is.

        Args:
            change: what the form asks for.
            said: what was done, for people.
            values: what was typed, by the names of its fields.
            ids: name of a field → its id on the page, of those whose name another form has too.
        """
        try:
            await change
        except WrongIncidentError as error:
            return await self.wrong(error, values, ids)
        except (IncidentRefusedError, IncidentChangedError, ClockRefusedError) as error:
            return self.lead(sentence(error), is_good=False)
        return self.lead(said)

    async def wrong(
        self, error: WrongIncidentError, values: Mapping[str, str], ids: Mapping[str, str] = NO_IDS
    ) -> Response:
        """Show the page of the incident with what was typed, and what is wrong with it where it is."""
        typed = {ids.get(name, name): value for name, value in values.items()}
        errors = {ids.get(name, name): words for name, words in errors_of(error).items()}
        return await one(self.request, self.principal, self.work.tx, self.incident_id, Typed(typed, errors))

    def lead(self, said: str, *, is_good: bool = True) -> Response:
        """Lead to the page of the incident, which says this once."""
        return done(self.request, f"{INCIDENTS}/{self.incident_id}", said, is_good=is_good)


async def order_of(request: Request, principal: Writer, work: Work, following: Following, incident_id: UUID) -> Order:
    """Return what comes with a form about an incident."""
    return Order(request, principal, work, following, incident_id)


Ordered = Annotated[Order, Depends(order_of)]


async def one(
    request: Request, principal: Principal, tx: SqlTx, incident_id: UUID, typed: Typed = NOTHING_TYPED
) -> Response:
    """Answer with the page of an incident.

    Raises:
        UnknownIncidentError: there is none.
    """
    found = await reading.in_full(tx, principal.tenant_id, incident_id)
    incident, breach = found.incident, found.breach
    updates = await store.updates_of(tx, principal.tenant_id, incident_id, SHOWN_UPDATES)
    log = await store.log_of(tx, principal.tenant_id, incident_id, SHOWN_ENTRIES)
    actors = [
        incident.opened_by,
        *(each.made_by for each in updates),
        *(each.corrected_by for each in updates if each.corrected_by),
        *(each.by for each in log),
    ]
    reviews_linked, alerts_linked = await _linked(tx, tenant_id=principal.tenant_id, links=found.links)
    return await console.response(
        request,
        principal,
        tx,
        "incident.html",
        status=typed.status,
        further=(incident.title,),
        incident=incident,
        found=found,
        breach=breach,
        linked_reviews=reviews_linked,
        linked_alerts=alerts_linked,
        readings=None if breach is None else (strict_at(breach.aware_at), regulation_of(breach)),
        updates=updates,
        told=await channels.channels_of(tx, incident),
        log=log,
        name_of=await namer(request.app.state.resources.common_database(), principal.tenant_id, actors),
        public_path=page_path(incident.tenant_id, incident.slug) if incident.is_shown else "",
        may_write=principal.may("incidents:write") and incident.state is not State.CLOSED,
        is_updated=incident.state in UPDATED_STATES,
        now=tx.now,
        values=_shown(incident, breach) | dict(typed.values),
        errors=typed.errors,
        **WORDS,
    )


async def _linked(tx: SqlTx, tenant_id: str, links: Sequence[LinkedAt]) -> tuple[dict[str, Review], dict[str, Alert]]:
    """Return the reviews and the alerts among the links, by their ids; one that was deleted is left out."""
    reviews = await review_store.load(tx, [(tenant_id, each.linked_id) for each in links if each.kind == "review"])
    ids = [UUID(each.linked_id) for each in links if each.kind == "alert"]
    alerts = await alert_store.load(tx, [(tenant_id, each) for each in ids])
    return {each.id: each for each in reviews.values()}, {str(each.id): each for each in alerts.values()}


def _shown(incident: Incident, breach: Any) -> dict[str, str]:
    """Return what the forms of a page hold before anybody types."""
    empty = dict.fromkeys((*LABELS, *NOTICE), "")
    notice = {name: getattr(breach, name) for name in NOTICE} if breach is not None else {}
    return empty | notice | {"severity": incident.severity, "language": "en", "zone": "UTC", "by": CountedBy.COUNT}


def lines_of(text: str) -> list[str]:
    """Return the lines of a field that hold anything."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def errors_of(error: WrongIncidentError) -> dict[str, str]:
    """Return field of a form → what is wrong with it."""
    return {each.field.strip("/").partition("/")[0]: str(each) for each in reversed(error.all)}


WORDS: Final[dict[str, Any]] = {
    "path": INCIDENTS,
    "new_path": NEW,
    "clocks_path": DESK,
    "reviews_path": REVIEWS,
    "alerts_path": ALERTS,
    "labels": LABELS,
    "severities": SEVERITIES,
    "audiences": AUDIENCES,
    "state_looks": STATE_LOOKS,
    "severity_looks": SEVERITY_LOOKS,
    "has_looks": HAS_LOOKS,
    "counted_by": COUNTED_BY,
    "languages": {code: each.name for code, each in WORDINGS.items()},
    "notice_parts": NOTICE,
    "max_title": MAX_TITLE_CHARS,
    "max_learnings": MAX_LEARNINGS_CHARS,
    "max_note": MAX_NOTE_CHARS,
    "duration": duration,
}
