"""Incidents in the API."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from plaudit.alerting.clocks.domain.clock import Clock
from plaudit.alerting.clocks.domain.run import State as ClockState
from plaudit.alerting.incidents.commands.reading import InFull
from plaudit.alerting.incidents.domain.incident import (
    MAX_LEARNINGS_CHARS,
    MAX_LINKS,
    MAX_SUBJECTS,
    Audience,
    Draft,
    Entry,
    Incident,
    Kind,
    Link,
    LinkedAt,
    LinkKind,
    Origin,
    Severity,
    State,
)
from plaudit.alerting.incidents.domain.messages import page_path
from plaudit.alerting.incidents.schemas.breaches import (
    BreachOut,
    breach_out,
)
from plaudit.alerting.incidents.schemas.channels import (
    SubscribersOut,
)
from plaudit.alerting.incidents.schemas.parts import (
    A_KEY,
    A_SUBJECT,
    A_TITLE,
    Line,
    LinkedId,
    Note,
)
from plaudit.common.http import Body, Subject
from plaudit.common.http.openapi_examples import A_TIME, AN_ID
from plaudit.common.http.texts import STORABLE_PATTERN

LEARNINGS: Final = "A provider that answers slowly is worse than one that refuses. We watch both now."
A_DUE: Final = {"clock_id": AN_ID, "state": "running", "counted_from": A_TIME, "due_at": A_TIME}


class LinksIn(Body):
    """Reviews and alerts that belong to an incident."""

    reviews: Annotated[list[LinkedId], Field(max_length=MAX_LINKS)] = Field(
        default=[], description="Ids of reviews.", examples=[["0199d6f2-7c1e-7a40-9a52-1f0c6f0f3b11"]]
    )
    alerts: Annotated[list[UUID], Field(max_length=MAX_LINKS)] = Field(
        default=[], description="Ids of alerts.", examples=[[]]
    )

    def links(self) -> tuple[Link, ...]:
        """Return them as links."""
        reviews = [Link(LinkKind.REVIEW, each) for each in self.reviews]
        return (*reviews, *(Link(LinkKind.ALERT, str(each)) for each in self.alerts))


class IncidentIn(LinksIn):
    """What an incident is opened with."""

    title: Line = Field(description="What is wrong, in one line for your team.", examples=[A_TITLE])
    severity: Severity = Field(
        description="How severe it is; the policy says how often each is updated.", examples=["urgent"]
    )
    audience: Audience = Field(
        description="Who is told: everybody by a public page, subscribers by mail, or your own endpoints only.",
        examples=["public"],
    )
    subjects: Annotated[list[Subject], Field(min_length=1, max_length=MAX_SUBJECTS)] = Field(
        description="What is affected; policies and events go by the first.", examples=[[A_SUBJECT]]
    )

    def draft(self) -> Draft:
        """Return what the incident is opened with."""
        return Draft(
            title=self.title,
            severity=self.severity,
            audience=self.audience,
            subjects=tuple(self.subjects),
            links=self.links(),
        )


class CloseIn(Body):
    """With what an incident is closed."""

    learnings: Annotated[
        str, StringConstraints(min_length=1, max_length=MAX_LEARNINGS_CHARS, pattern=STORABLE_PATTERN)
    ] = Field(
        description="What was learned, for your team. An incident without learnings is not closed.",
        examples=[LEARNINGS],
    )


class SeverityIn(Body):
    """How severe an incident is from now on."""

    severity: Severity = Field(description="How severe it is.", examples=["important"])
    note: Note = Field(default="", description="Why, for your team.", examples=["Two shops only."])


class StateIn(Body):
    """How an incident stands from now on."""

    state: Literal[State.OPEN, State.MONITORING] = Field(
        description="A resolved one is opened again.", examples=["monitoring"]
    )
    note: Note = Field(default="", description="Why, for your team.", examples=["The second provider works."])


class IncidentOut(BaseModel):
    """An incident, as it stands."""

    id: UUID = Field(description="Its id.")
    slug: str = Field(description="Its name in the address of its page.", examples=["payments-fail-at-the-till-0f3b11"])
    page: str | None = Field(
        description="The path of its public page; null as long as it has none: it is public from the first update on.",
        examples=[None],
    )
    title: str = Field(description="What is wrong, for your team.", examples=[A_TITLE])
    kind: Kind = Field(description="A breach of personal data is one of its own kind.", examples=["incident"])
    severity: Severity = Field(description="How severe it is.", examples=["urgent"])
    audience: Audience = Field(description="Who is told of it.", examples=["public"])
    subjects: list[str] = Field(description="What is affected.", examples=[[A_SUBJECT]])
    state: State = Field(description="How it stands.", examples=["open"])
    opened_from: Origin = Field(description="What it was opened from.", examples=["hand"])
    opened_at: datetime = Field(description="When it was opened.")
    opened_by: str = Field(description="Who opened it.", examples=[A_KEY])
    changed_at: datetime = Field(description="When it was last changed.")
    resolved_at: datetime | None = Field(description="When it was resolved.", examples=[None])
    closed_at: datetime | None = Field(description="When it was closed.", examples=[None])
    learnings: str | None = Field(description="What was learned.", examples=[None])
    revision: int = Field(description="Entries of its log; the entity tag.", examples=[1])
    updates: int = Field(description="The number of its newest update; 0 for none.", examples=[0])
    updated_at: datetime | None = Field(description="When that was published.", examples=[None])


class DueOut(BaseModel):
    """What is due about an incident."""

    clock_id: UUID = Field(description="The clock; its log is at `/v1/clocks/{id}`.")
    state: ClockState = Field(description="How it stands.", examples=["running"])
    counted_from: datetime = Field(description="The last update, or the opening; of the notice, the awareness.")
    due_at: datetime = Field(description="When it has to have happened.")


class LinkOut(BaseModel):
    """A review or an alert of an incident."""

    kind: LinkKind = Field(description="What it is.", examples=["review"])
    id: str = Field(description="Its id.", examples=[AN_ID])
    linked_at: datetime = Field(description="When it was linked.")
    linked_by: str = Field(description="Who linked it.", examples=[A_KEY])


class IncidentInFullOut(IncidentOut):
    """An incident with what is due, its links, and what is known of a data breach."""

    next_update: DueOut | None = Field(
        description="The clock of the next update; null where none was due yet.", examples=[A_DUE]
    )
    notice: DueOut | None = Field(description="That of the notice to the authority.", examples=[None])
    links: list[LinkOut] = Field(description="Its reviews and alerts.", examples=[[]])
    breach: BreachOut | None = Field(description="What is known of the data breach, if it is one.", examples=[None])
    subscribers: SubscribersOut = Field(description="How many persons are told of it by mail, and how many were asked.")


class EntryOut(BaseModel):
    """An entry of an incident's log."""

    number: int = Field(description="Counted from 1.", examples=[1])
    kind: str = Field(description="What happened.", examples=["opened"])
    at: datetime = Field(description="When.")
    by: str = Field(description="Who did it.", examples=[A_KEY])
    note: str = Field(description="Why.", examples=[""])
    data: dict[str, object] = Field(description="What belongs to it.", examples=[{"severity": "urgent"}])


def incident_out(incident: Incident) -> IncidentOut:
    """Return an incident as the API shows it."""
    return IncidentOut.model_validate(_incident(incident))


def in_full_out(found: InFull) -> IncidentInFullOut:
    """Return an incident in full."""
    return IncidentInFullOut.model_validate(
        {
            **_incident(found.incident),
            "next_update": _due(found.next_update),
            "notice": _due(found.notice),
            "links": [_link(each) for each in found.links],
            "breach": None if found.breach is None else breach_out(found.breach),
            "subscribers": found.subscribers._asdict(),
        }
    )


def entry_out(entry: Entry) -> EntryOut:
    """Return an entry of the log as the API shows it."""
    return EntryOut.model_validate(entry, from_attributes=True)


def _incident(incident: Incident) -> dict[str, object]:
    known = {name: getattr(incident, name) for name in Incident.__struct_fields__}
    return {**known, "page": page_path(incident.tenant_id, incident.slug) if incident.is_shown else None}


def _due(clock: Clock | None) -> DueOut | None:
    if clock is None:
        return None
    run = clock.run
    return DueOut(clock_id=clock.id, state=run.state, counted_from=run.anchor_at, due_at=run.due_at)


def _link(link: LinkedAt) -> LinkOut:
    return LinkOut(kind=LinkKind(link.kind), id=link.linked_id, linked_at=link.linked_at, linked_by=link.linked_by)
