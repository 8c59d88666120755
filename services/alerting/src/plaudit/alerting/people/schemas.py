"""What a tenant says of its people, as the API shows it."""

import json
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import BaseModel, Field

from plaudit.alerting.people.domain import Owner, Owners, chain_of, fallback_owner, people_in_words
from plaudit.alerting.people.domain.document import compiled
from plaudit.alerting.people.domain.stored import OwnersRevision
from plaudit.alerting.policies.domain.document import Format
from plaudit.alerting.policies.schemas import JSON_TYPE, YAML_TYPES
from plaudit.common.http.openapi_examples import A_TIME

EXAMPLE: Final[dict[str, Any]] = {
    "people": [
        {
            "address": "ada@acme.example",
            "name": "Ada Byron",
            "zone": "Europe/London",
            "quiet_hours": {"from": "22:00", "to": "07:00"},
        },
        {"address": "ben@acme.example", "name": "Ben Kay", "zone": "Europe/Berlin"},
    ],
    "teams": [{"name": "berlin", "members": ["ben@acme.example", "ada@acme.example"]}],
    "escalations": [
        {
            "name": "usual",
            "steps": [{"after": "30 min", "team": "berlin"}, {"after": "2 h"}],
            "repeat": {"every": "4 h", "most": 2},
        }
    ],
    "assignments": [
        {"subject": "acme/berlin", "team": "berlin", "escalation": "usual"},
        {"subject": "acme", "severity": ["drastic"], "owner": "ada@acme.example"},
    ],
    "default": {"owner": "ada@acme.example"},
}
EXAMPLE_YAML: Final = """\
people:
  - address: ada@acme.example
    name: Ada Byron
    zone: Europe/London
    quiet_hours: {from: "22:00", to: "07:00"}
  - address: ben@acme.example
    name: Ben Kay
    zone: Europe/Berlin
teams:
  - name: berlin
    members: [ben@acme.example, ada@acme.example]
escalations:
  - name: usual
    steps:
      - {after: 30 min, team: berlin}
      - {after: 2 h}
    repeat: {every: 4 h, most: 2}
assignments:
  - subject: acme/berlin
    team: berlin
    escalation: usual
  - subject: acme
    severity: [drastic]
    owner: ada@acme.example
default:
  owner: ada@acme.example
"""


EXAMPLE_JSON: Final = json.dumps(EXAMPLE, separators=(",", ":"), ensure_ascii=False)


class QuietHoursOut(BaseModel):
    """When somebody is told only of what is drastic or statutory."""

    start: str = Field(serialization_alias="from", description="Their beginning, in the zone.", examples=["22:00"])
    end: str = Field(serialization_alias="to", description="Their end, in the zone.", examples=["07:00"])


class OwnerOut(BaseModel):
    """A person who answers."""

    address: str = Field(description="The e-mail address.", examples=["ada@acme.example"])
    name: str = Field(description="The name.", examples=["Ada Byron"])
    zone: str = Field(description="The zone in which this person reads times.", examples=["Europe/London"])
    quiet_hours: QuietHoursOut | None = Field(description="Null: told at any hour.")
    person_id: str | None = Field(
        description="The account with this address; null where there is none, which an owner need not have.",
        examples=[None],
    )
    is_deactivated: bool = Field(
        description="Whether that account is deactivated: nothing is told to this person, and what is theirs belongs "
        "to whoever answers for the next shorter subject, else to the default owner.",
        examples=[False],
    )


class TeamOut(BaseModel):
    """A team."""

    name: str = Field(description="Its name.", examples=["berlin"])
    members: list[str] = Field(
        description="Addresses; the first one is the owner of what is assigned to the team.",
        examples=[["ben@acme.example", "ada@acme.example"]],
    )


class EscalationOut(BaseModel):
    """Who is told after the owner, as long as nobody has acknowledged."""

    name: str = Field(description="Its name.", examples=["usual"])
    steps: list[str] = Field(
        description="All steps in words, with repeats.",
        examples=[
            [
                "at once: the owner",
                "after 30 min: team berlin",
                "after 2 h: the owner",
                "after 6 h: the owner",
                "after 390 min: team berlin",
                "after 8 h: the owner",
                "after 12 h: the owner",
                "after 750 min: team berlin",
                "after 14 h: the owner",
            ]
        ],
    )


class AssignmentOut(BaseModel):
    """What belongs to whom."""

    subject: str = Field(description="The subject; what is below it is meant too.", examples=["acme/berlin"])
    source: list[str] = Field(description="Only what comes from one of these; empty: from any.", examples=[[]])
    severity: list[str] = Field(description="Only what is so severe; empty: whatever it is.", examples=[[]])
    owner: str = Field(description="The address of the person who answers.", examples=["ben@acme.example"])
    team: str | None = Field(description="The team that it is assigned to; null: a person.", examples=["berlin"])
    escalation: str | None = Field(
        description="The name of the escalation; null: that of the default.", examples=["usual"]
    )


class OwnersOut(BaseModel):
    """Who answers for what, and who is told after them."""

    number: int = Field(description="Of the revision; 0 where none was saved.", examples=[1])
    default_owner: OwnerOut = Field(description="Who answers for what is assigned to nobody.")
    people: list[OwnerOut] = Field(description="All people.")
    teams: list[TeamOut] = Field(description="All teams.")
    escalations: list[EscalationOut] = Field(description="All escalations.")
    assignments: list[AssignmentOut] = Field(description="The longest subject that fits is the one.")
    format: Format | None = Field(description="How the document was written; null where none was.", examples=["json"])
    document: str | None = Field(
        description="The document as it was sent; null where none was.", examples=[EXAMPLE_JSON]
    )
    saved_at: datetime | None = Field(description="When it was saved; null where none was.", examples=[A_TIME])
    saved_by: str | None = Field(
        description="Who saved it: a key or a person; null where none was.", examples=["key:abcdefghijklmnop"]
    )


class OwnersRevisionOut(BaseModel):
    """A revision of the document. It never changes."""

    number: int = Field(description="Its number.", examples=[1])
    format: Format = Field(description="How it was written.", examples=["json"])
    document: str = Field(description="The document as it was sent.", examples=[EXAMPLE_JSON])
    saved_at: datetime = Field(description="When it was saved.", examples=[A_TIME])
    saved_by: str = Field(description="Who saved it: a key or a person.", examples=["key:abcdefghijklmnop"])


def owners_out(owners: Owners, fallback: Owner, revision: OwnersRevision | None) -> OwnersOut:
    """Return what is in force.

    Args:
        owners: the people, with their accounts.
        fallback: the owner of the settings.
        revision: with its document; None where none was saved.
    """
    return OwnersOut(
        number=owners.number,
        default_owner=_owner_out(owners.present.default_owner(fallback)),
        people=[_owner_out(each) for each in owners.people],
        teams=[TeamOut(name=each.name, members=[one.address for one in each.members]) for each in owners.teams],
        escalations=[
            EscalationOut(name=each.name, steps=people_in_words(chain_of(fallback, each), fallback))
            for each in owners.escalations
        ],
        assignments=[
            AssignmentOut(
                subject=each.subject_prefix,
                source=list(each.sources),
                severity=list(each.severities),
                owner=each.person.address,
                team=None if each.team is None else each.team.name,
                escalation=None if each.escalation is None else each.escalation.name,
            )
            for each in owners.assignments
        ],
        format=None if revision is None else revision.format,
        document=None if revision is None else revision.document,
        saved_at=None if revision is None else revision.saved_at,
        saved_by=None if revision is None else revision.saved_by,
    )


def revision_out(revision: OwnersRevision) -> OwnersRevisionOut:
    """Return a revision as the API shows it."""
    return OwnersRevisionOut(
        number=revision.owners.number,
        format=revision.format,
        document=revision.document,
        saved_at=revision.saved_at,
        saved_by=revision.saved_by,
    )


def example_out() -> dict[str, Any]:
    """Return what the API answers to the example."""
    owners = compiled(EXAMPLE_JSON, Format.JSON, endpoints=(), number=1)
    revision = OwnersRevision(
        owners=owners,
        format=Format.JSON,
        document=EXAMPLE_JSON,
        saved_at=datetime(2026, 2, 14, 10, 15, 30, tzinfo=UTC),
        saved_by="key:abcdefghijklmnop",
    )
    out = owners_out(owners, fallback_owner("owner@acme.example"), revision)
    return out.model_dump(mode="json", by_alias=True)


def document_body() -> dict[str, Any]:
    """Return the description of a body that says who answers for what, in JSON or YAML."""
    words = "Who answers for what. Lengths of time are texts such as `30 min`, `4 h` or `2 days`."
    plain = {"type": "object", "description": words}
    content: dict[str, Any] = {JSON_TYPE: {"schema": plain, "example": EXAMPLE}}
    content |= {kind: {"schema": {"type": "string"}, "example": EXAMPLE_YAML} for kind in YAML_TYPES}
    return {"requestBody": {"required": True, "content": content}}


def _owner_out(owner: Owner) -> OwnerOut:
    quiet = owner.quiet
    hours = None if quiet is None else QuietHoursOut(start=f"{quiet.start:%H:%M}", end=f"{quiet.end:%H:%M}")
    return OwnerOut(
        address=owner.address,
        name=owner.name,
        zone=owner.zone,
        quiet_hours=hours,
        person_id=owner.person_id,
        is_deactivated=owner.is_deactivated,
    )
