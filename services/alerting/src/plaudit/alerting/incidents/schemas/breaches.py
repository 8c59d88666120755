"""Data breaches in the API."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from plaudit.alerting.clocks.schemas import Channel
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
from plaudit.alerting.incidents.schemas.parts import (
    Reason,
)
from plaudit.common.http import WHOLE, Body
from plaudit.common.http.openapi_examples import A_TIME
from plaudit.common.http.texts import STORABLE_PATTERN
from plaudit.common.http.times import Instant

A_NOTICE: Final[dict[str, object]] = {
    "facts": "A backup was readable from outside.",
    "scope": "Addresses of about 300 customers.",
    "fixes": "It was closed at 10:20.",
    "prevention": "Backups are checked daily.",
    "hotline": "privacy@acme.example, +49 30 1234",
}
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
NoticePart = Annotated[str, StringConstraints(max_length=MAX_NOTICE_CHARS, pattern=STORABLE_PATTERN)]
People = Annotated[int, Field(ge=0, le=MAX_AFFECTED), WHOLE]


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
        description="A list as CSV, with a person key or an e-mail address first. It is counted and not kept: only "
        "the count and a hash are.",
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


def breach_out(breach: Breach) -> BreachOut:
    """Return what is known of a data breach, with both readings of its time."""
    known = {name: getattr(breach, name) for name in Breach.__struct_fields__}
    return BreachOut(
        **known,
        strict_due_at=strict_at(breach.aware_at),
        regulation_due_at=regulation_of(breach),
        missing=list(breach.missing),
    )
