"""The bodies of the API of incidents."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from plaudit.alerting.clocks.domain.clock import Clock
from plaudit.alerting.clocks.domain.run import State as ClockState
from plaudit.alerting.clocks.schemas import Channel
from plaudit.alerting.incidents.commands.reading import InFull
from plaudit.alerting.incidents.domain.breach import (
    MAX_AFFECTED,
    MAX_LIST_CHARS,
    MAX_NOTICE_CHARS,
    MAX_REFERENCE_CHARS,
    NOTICE,
    Breach,
    CountedBy,
    regulation_of,
    strict_at,
)
from plaudit.alerting.incidents.domain.channels import Has, Told
from plaudit.alerting.incidents.domain.incident import (
    MAX_LEARNINGS_CHARS,
    MAX_LINKED_ID_CHARS,
    MAX_LINKS,
    MAX_NOTE_CHARS,
    MAX_SUBJECTS,
    MAX_TITLE_CHARS,
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
from plaudit.alerting.incidents.domain.update import MAX_PART_CHARS, Update, Words
from plaudit.alerting.incidents.domain.wording import WORDINGS
from plaudit.alerting.incidents.store.subscribers import Subscriber
from plaudit.common.http import WHOLE, Body, Subject
from plaudit.common.http.openapi_examples import A_TIME, AN_ID
from plaudit.common.http.texts import STORABLE_PATTERN
from plaudit.common.http.times import Instant

A_TITLE: Final = "Payments fail at the till"
A_KEY: Final = "key:vw3sajk26br3jcpn"
A_SUBJECT: Final = "acme/berlin"
A_PERSON: Final = "abababababababababababababababababababababababababababababababab"
A_TEXT: Final = {
    "language": "en",
    "title": "Card payments fail in some shops",
    "apology": "We are sorry: since 9:40 some of you cannot pay by card.",
    "cause": "The network of our first provider is down.",
    "fix": "We have moved payments to our second provider.",
    "prevention": "From now on both providers are tried before a payment is refused.",
}
LEARNINGS: Final = "A provider that answers slowly is worse than one that refuses. We watch both now."
A_NOTICE: Final[dict[str, object]] = {
    "facts": "A backup was readable from outside.",
    "scope": "Addresses of about 300 customers.",
    "fixes": "It was closed at 10:20.",
    "prevention": "Backups are checked daily.",
    "hotline": "privacy@acme.example, +49 30 1234",
}
A_PAGE: Final = "/incidents/default/payments-fail-at-the-till-0f3b11"
A_DUE: Final = {"clock_id": AN_ID, "state": "running", "counted_from": A_TIME, "due_at": A_TIME}
A_BREACH: Final[dict[str, object]] = {
    "aware_at": A_TIME,
    "strict_due_at": A_TIME,
    "regulation_due_at": A_TIME,
    "zone": "Europe/Berlin",
    "country": "DE",
    "subdivision": "BE",
    **dict.fromkeys(NOTICE, ""),
    "missing": [*NOTICE],
    "affected_method": "",
}
"""Of a data breach of which nothing is noted yet."""
SOME_CHANNELS: Final = [
    *(
        {
            "channel": each,
            "outlet": each,
            "name": each,
            "number": 1,
            "has": "published",
            "error": "",
            "queued": 0,
            "sent": 0,
            "failed": 0,
            "withdrawn": 0,
            "at": A_TIME,
        }
        for each in ("page", "banner")
    ),
    {
        "channel": "console",
        "outlet": "console",
        "name": "console",
        "number": 1,
        "has": "queued",
        "error": "",
        "queued": 1,
        "sent": 0,
        "failed": 0,
        "withdrawn": 0,
    },
]
Line = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TITLE_CHARS, pattern=STORABLE_PATTERN)]
Part = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PART_CHARS, pattern=STORABLE_PATTERN)]
Note = Annotated[str, StringConstraints(max_length=MAX_NOTE_CHARS, pattern=STORABLE_PATTERN)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NOTE_CHARS, pattern=STORABLE_PATTERN)]
NoticePart = Annotated[str, StringConstraints(max_length=MAX_NOTICE_CHARS, pattern=STORABLE_PATTERN)]
LinkedId = Annotated[str, StringConstraints(min_length=1, max_length=MAX_LINKED_ID_CHARS, pattern=STORABLE_PATTERN)]
People = Annotated[int, Field(ge=0, le=MAX_AFFECTED), WHOLE]


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


class TextIn(Body):
    """What an update says in one language. All of its parts are needed."""

    language: str = Field(
        description="The language of the text.", examples=["en"], json_schema_extra={"enum": [*WORDINGS]}
    )
    title: Line | None = Field(
        default=None,
        description="What is wrong, for the public; null: the title of the incident is shown.",
        examples=[A_TEXT["title"]],
    )
    apology: Part = Field(description="That you are sorry, and for what.", examples=[A_TEXT["apology"]])
    cause: Part | None = Field(
        description="What the cause is. Null says that it is not known yet, in words of ours.",
        examples=[A_TEXT["cause"]],
    )
    fix: Part = Field(description="What you do about it.", examples=[A_TEXT["fix"]])
    prevention: Part = Field(
        description="What you do so that it does not happen again.", examples=[A_TEXT["prevention"]]
    )

    def words(self) -> Words:
        """Return the text."""
        return Words(**self.model_dump())


class UpdateIn(Body):
    """An update: written once for each language, and told over every channel of the incident."""

    texts: Annotated[list[TextIn], Field(min_length=1, max_length=len(WORDINGS))] = Field(
        description="By language; the first is shown where a reader's is not among them.", examples=[[A_TEXT]]
    )
    state: Literal[State.OPEN, State.MONITORING, State.RESOLVED] | None = Field(
        default=None, description="The state of the incident from now on; null: as it is.", examples=[None]
    )


class ResolveIn(Body):
    """That an incident is resolved."""

    texts: Annotated[list[TextIn], Field(max_length=len(WORDINGS))] = Field(
        default=[],
        description="The last update; without any, nobody is told, and the clock of the next update is cancelled.",
        examples=[[A_TEXT]],
    )
    note: Note = Field(default="", description="For your team.", examples=["Payments work again since 11:05."])


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


class SubscriberIn(Body):
    """Somebody who has consented to be told by mail."""

    address: str = Field(
        min_length=3, max_length=400, description="The e-mail address.", examples=["ada@customer.example"]
    )
    language: str = Field(description="In which they read.", examples=["en"], json_schema_extra={"enum": [*WORDINGS]})


class RedriveIn(Body):
    """What is sent again."""

    endpoint_id: UUID | None = Field(
        default=None, description="Only what failed to this endpoint; null: all that failed.", examples=[None]
    )


class BreachIn(Body):
    """That an incident is a breach of personal data."""

    aware_at: Instant = Field(
        description="When you were reasonably certain of it: the 72 hours count from then.", examples=[A_TIME]
    )
    zone: str = Field(
        max_length=100,
        description="The time zone of the authority: its days count for the reading by Regulation 1182/71.",
        examples=["Europe/Berlin"],
    )
    country: str | None = Field(
        default=None,
        max_length=10,
        description="The country whose public holidays are no working days; null: Saturdays and Sundays only.",
        examples=["DE"],
    )
    subdivision: str | None = Field(
        default=None, max_length=20, description="A part of that country, where it has its own.", examples=["BE"]
    )

    def breach(self, tenant_id: str, incident_id: UUID) -> Breach:
        """Return what is known."""
        return Breach(tenant_id=tenant_id, incident_id=incident_id, **self.model_dump())


class AwarenessIn(Body):
    """Since when a data breach is known, corrected."""

    aware_at: Instant = Field(description="The right time.", examples=["2026-02-14T09:00:00Z"])
    reason: Reason = Field(
        description="Why the other one was wrong; it stays in the log with who corrected it.",
        examples=["The first report was of another system."],
    )


class NoticeIn(Body):
    """What the authority is told. A part that is not known yet is empty: information may follow in phases."""

    facts: NoticePart = Field(description=f"{NOTICE['facts']}.", examples=[A_NOTICE["facts"]])
    scope: NoticePart = Field(description=f"{NOTICE['scope']}.", examples=[A_NOTICE["scope"]])
    fixes: NoticePart = Field(description=f"{NOTICE['fixes']}.", examples=[A_NOTICE["fixes"]])
    prevention: NoticePart = Field(description=f"{NOTICE['prevention']}.", examples=[A_NOTICE["prevention"]])
    hotline: NoticePart = Field(description=f"{NOTICE['hotline']}.", examples=[A_NOTICE["hotline"]])


class AffectedIn(Body):
    """How many people are affected."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {
                    "required": ["people"],
                    "properties": {
                        "by": {"const": CountedBy.LIST},
                        "people": {"type": "string"},
                        "count": {"type": "null"},
                    },
                },
                {
                    "required": ["count"],
                    "properties": {
                        "by": {"not": {"const": CountedBy.LIST}},
                        "people": {"type": "null"},
                        "count": {"type": "integer"},
                    },
                },
            ]
        }
    )

    by: CountedBy = Field(description="How it is known.", examples=["count"])
    count: People | None = Field(default=None, description="How many; null where a list is counted.", examples=[312])
    method: Reason = Field(description="How they were counted.", examples=["Rows of the table of customers."])
    people: Annotated[str, StringConstraints(max_length=MAX_LIST_CHARS, pattern=STORABLE_PATTERN)] | None = Field(
        default=None,
        description="A list as CSV, with a person key in the first column. It is counted and not kept: only the count "
        "and a hash are.",
        examples=[None],
    )


class AuthorityIn(Body):
    """That the authority has been notified."""

    notified_at: Instant = Field(description="When.", examples=[A_TIME])
    channel: Channel = Field(description="By which way.", examples=["portal"])
    reference: Annotated[
        str, StringConstraints(min_length=1, max_length=MAX_REFERENCE_CHARS, pattern=STORABLE_PATTERN)
    ] = Field(description="Under which number the authority has it.", examples=["2026-0815"])
    note: Reason = Field(description="What was sent, and what not yet.", examples=["First notice; the scope follows."])


class PeopleToldIn(Body):
    """How many of the people affected have been told."""

    told: People = Field(description="How many have been told.", examples=[290])
    not_told: People = Field(description="How many have not.", examples=[22])
    channel: Channel = Field(description="By which way.", examples=["letter"])
    note: Reason = Field(
        description="What they were told, and why some were not.", examples=["22 addresses are unknown."]
    )


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


class BreachOut(BaseModel):
    """What is known of a data breach."""

    aware_at: datetime = Field(description="Since when it is known.")
    strict_due_at: datetime = Field(description="72 hours later: the clock runs by it.")
    regulation_due_at: datetime = Field(
        description="As Regulation 1182/71 may be read: the hour of the event does not count, and what would end on no "
        "working day ends with the next one. Nobody should rely on it."
    )
    zone: str = Field(description="The time zone of the authority.", examples=["Europe/Berlin"])
    country: str | None = Field(description="The country whose holidays count.", examples=["DE"])
    subdivision: str | None = Field(description="A part of it.", examples=[None])
    facts: str = Field(description=NOTICE["facts"], examples=[""])
    scope: str = Field(description=NOTICE["scope"], examples=[""])
    fixes: str = Field(description=NOTICE["fixes"], examples=[""])
    prevention: str = Field(description=NOTICE["prevention"], examples=[""])
    hotline: str = Field(description=NOTICE["hotline"], examples=[""])
    missing: list[str] = Field(description="Parts of the notice that are not written yet.", examples=[[*NOTICE]])
    affected: int | None = Field(description="How many people are affected; null: not counted.", examples=[None])
    affected_by: CountedBy | None = Field(description="How that is known.", examples=[None])
    affected_method: str = Field(description="How they were counted.", examples=[""])
    affected_hash: str | None = Field(description="SHA-256 of the list that was counted, sorted.", examples=[None])
    notified_at: datetime | None = Field(description="When the authority was notified.", examples=[None])
    notified_channel: str | None = Field(description="By which way.", examples=[None])
    notified_reference: str | None = Field(description="The authority's reference.", examples=[None])
    notified_note: str | None = Field(description="What was sent.", examples=[None])
    notified_by: str | None = Field(description="Who noted it.", examples=[None])
    people_told: int | None = Field(description="How many people have been told.", examples=[None])
    people_not_told: int | None = Field(description="How many have not.", examples=[None])
    people_channel: str | None = Field(description="By which way.", examples=[None])
    people_told_at: datetime | None = Field(description="When that was noted.", examples=[None])


class IncidentInFullOut(IncidentOut):
    """An incident with what is due, its links, and what is known of a data breach."""

    next_update: DueOut | None = Field(
        description="The clock of the next update; null where none was due yet.", examples=[A_DUE]
    )
    notice: DueOut | None = Field(description="That of the notice to the authority.", examples=[None])
    links: list[LinkOut] = Field(description="Its reviews and alerts.", examples=[[]])
    breach: BreachOut | None = Field(description="What is known of the data breach, if it is one.", examples=[None])


class TextOut(BaseModel):
    """What an update says in one language."""

    language: str = Field(description="The language.", examples=["en"])
    title: str | None = Field(description="For the public.", examples=[A_TEXT["title"]])
    apology: str = Field(description="The apology.", examples=[A_TEXT["apology"]])
    cause: str | None = Field(description="The cause; null: not known yet.", examples=[A_TEXT["cause"]])
    fix: str = Field(description="What is done.", examples=[A_TEXT["fix"]])
    prevention: str = Field(description="So that it does not happen again.", examples=[A_TEXT["prevention"]])


class UpdateOut(BaseModel):
    """An update; it never changes."""

    number: int = Field(description="Counted from 1.", examples=[1])
    severity: Severity = Field(description="Of the incident then.", examples=["urgent"])
    state: State = Field(description="Of the incident from then on.", examples=["open"])
    texts: list[TextOut] = Field(description="By language.")
    made_by: str = Field(description="Who published it.", examples=[A_KEY])
    made_at: datetime = Field(description="When.")


class EntryOut(BaseModel):
    """An entry of an incident's log."""

    number: int = Field(description="Counted from 1.", examples=[1])
    kind: str = Field(description="What happened.", examples=["opened"])
    at: datetime = Field(description="When.")
    by: str = Field(description="Who did it.", examples=[A_KEY])
    note: str = Field(description="Why.", examples=[""])
    data: dict[str, object] = Field(description="What belongs to it.", examples=[{"severity": "urgent"}])


class SubscriberOut(BaseModel):
    """Somebody who is told by mail. The address is encrypted, and is not shown."""

    person: str = Field(description="The person key.", examples=[A_PERSON])
    language: str = Field(description="In which they read.", examples=["en"])
    added_at: datetime = Field(description="When they were added.")
    added_by: str = Field(description="Who added them.", examples=[A_KEY])


class ToldOut(BaseModel):
    """How one channel stands to one update."""

    channel: str = Field(description="`page`, `banner`, `email`, or the kind of endpoint.", examples=["page"])
    outlet: str = Field(description="The endpoint's id; the channel for the others.", examples=["page"])
    name: str = Field(description="The endpoint's name.", examples=["page"])
    number: int = Field(description="Of the update.", examples=[1])
    has: Has = Field(description="Whether it has it.", examples=["published"])
    queued: int = Field(description="Messages that wait.", examples=[0])
    sent: int = Field(description="Messages that left.", examples=[0])
    failed: int = Field(description="Messages that failed; they can be sent again.", examples=[0])
    withdrawn: int = Field(description="Messages to persons who were not to be written to.", examples=[0])
    error: str = Field(description="Why one failed or was withdrawn.", examples=[""])
    at: datetime | None = Field(description="When the last of it was published, left or failed.")


class ChannelsOut(BaseModel):
    """Which channel has which update."""

    items: list[ToldOut] = Field(description="Of the newest 20 updates; the newest first.", examples=[SOME_CHANNELS])


class SentAgainOut(BaseModel):
    """What is sent again."""

    messages: int = Field(description="How many messages.", examples=[0])


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
        }
    )


def breach_out(breach: Breach) -> BreachOut:
    """Return what is known of a data breach, with both readings of its time."""
    known = {name: getattr(breach, name) for name in Breach.__struct_fields__}
    return BreachOut(
        **known,
        strict_due_at=strict_at(breach.aware_at),
        regulation_due_at=regulation_of(breach),
        missing=list(breach.missing),
    )


def update_out(update: Update) -> UpdateOut:
    """Return an update as the API shows it."""
    return UpdateOut.model_validate(update, from_attributes=True)


def entry_out(entry: Entry) -> EntryOut:
    """Return an entry of the log as the API shows it."""
    return EntryOut.model_validate(entry, from_attributes=True)


def subscriber_out(subscriber: Subscriber) -> SubscriberOut:
    """Return a subscriber as the API shows them."""
    return SubscriberOut(
        person=subscriber.person_key,
        language=subscriber.language,
        added_at=subscriber.added_at,
        added_by=subscriber.added_by,
    )


def told_out(told: Told) -> ToldOut:
    """Return how a channel stands to an update, as the API shows it."""
    return ToldOut(**told._asdict())


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
