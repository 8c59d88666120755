"""The events of customers in the API."""

from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from plaudit.common.http import Body, Instant, Subject
from plaudit.common.http.openapi_examples import A_TIME
from plaudit.common.refusals import rule_in_words
from plaudit.common.time_zones import UnknownTimeZoneError, zone_of
from plaudit.ingest.contacts.domain import PERSON_PATTERN, Consent
from plaudit.ingest.contacts.schemas import Email
from plaudit.ingest.customers.domain import (
    MAX_EVENTS,
    MAX_ID_CHARS,
    MAX_VALUE_CHARS,
    EventType,
    Verdict,
)

EXAMPLE: Final = {
    "id": "crm-90211",
    "type": "purchased",
    "email": "ada@example.com",
    "subject": "acme/berlin",
    "happened_at": A_TIME,
    "reference": "order 5521",
    "consent": "granted",
}
_NEEDED: Final = {EventType.STAGE_ENTERED: "stage", EventType.RENEWAL_SET: "renews_at"}

Value = Annotated[str, StringConstraints(min_length=1, max_length=MAX_VALUE_CHARS, pattern=r"^[^@\x00-\x1f\x7f]+$")]
"""A short text without @: it is published, and no address is."""


def _zone(name: str) -> str:
    try:
        zone_of(name)
    except UnknownTimeZoneError as error:
        raise ValueError(str(error)) from error
    return name


class CustomerEventIn(Body):
    """Something that happened with a customer."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_CHARS, pattern=r"^[^@\x00-\x1f\x7f]+$")] = (
        Field(description="Your id of it. The same again is a duplicate.")
    )
    type: EventType = Field(description="What happened.")
    email: Email | None = Field(default=None, description="The customer's address. This, or `person`.")
    person: Annotated[str, StringConstraints(pattern=PERSON_PATTERN)] | None = Field(
        default=None, description="The person key, as reviews show it."
    )
    subject: Subject = Field(description="What the customer dealt with.")
    happened_at: Instant = Field(description="When it happened.")
    reference: Value | None = Field(default=None, description="Of the order, the ticket or the contract.")
    plan: Value | None = Field(default=None, description="What was taken.")
    stage: Value | None = Field(default=None, description="Of `stage_entered`, which needs it.")
    renews_at: Instant | None = Field(default=None, description="Of `renewal_set`, which needs it.")
    channel: Value | None = Field(default=None, description="By which way; of an opt-out, which way is closed.")
    consent: Consent = Field(default=Consent.UNKNOWN, description="What the customer said about being written to.")
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] | None = Field(
        default=None, description="In which the customer is written to: two letters, such as `de`."
    )
    zone: Annotated[str, StringConstraints(max_length=MAX_VALUE_CHARS), AfterValidator(_zone)] | None = Field(
        default=None, description="The time zone that the customer lives in, such as `Europe/Berlin`."
    )

    @model_validator(mode="after")
    def _check_what_belongs_together(self) -> Self:
        if (self.email is None) == (self.person is None):
            raise ValueError("name the customer by `email` or by `person`, and by one of them only")
        needed = _NEEDED.get(self.type)
        if needed is not None and getattr(self, needed) is None:
            raise ValueError(f"`{self.type}` needs `{needed}`")
        return self


def _in_words(model: type[BaseModel]) -> str:
    """Return what the fields of an event are. It is no schema, as each event of a batch is judged by itself."""
    types, consents = (", ".join(f"`{each}`" for each in kind) for kind in (EventType, Consent))
    values = {"type": f" One of {types}.", "consent": f" One of {consents}."}
    fields = (
        f"- `{name}`{' (required)' if field.is_required() else ''}: {field.description}{values.get(name, '')}"
        for name, field in model.model_fields.items()
    )
    return "\n".join(("An event:", "", *fields))


class CustomerEventsIn(Body):
    """A batch of events. Each is judged by itself: a wrong one costs no other."""

    events: list[
        Annotated[
            dict[str, Any],
            WithJsonSchema(
                {
                    "type": "object",
                    "description": _in_words(CustomerEventIn),
                    "examples": [EXAMPLE],
                }
            ),
        ]
    ] = Field(min_length=1, max_length=MAX_EVENTS, description="The events.")


class VerdictOut(BaseModel):
    """What became of one event."""

    index: int = Field(description="Its place in the batch, from 0.", examples=[0])
    id: str | None = Field(description="Its id, where it has one.", examples=["crm-90211"])
    verdict: Verdict = Field(description="Whether it was taken.")
    reason: str | None = Field(description="Why it was rejected.")


class CustomerEventsOut(BaseModel):
    """What became of a batch."""

    accepted: int = Field(description="How many were taken now.", examples=[1])
    duplicates: int = Field(description="How many had been taken before.", examples=[0])
    rejected: int = Field(description="How many were not taken; their verdicts say why.", examples=[0])
    verdicts: list[VerdictOut] = Field(description="One for each event, in order.")


def read_event(raw: dict[str, Any]) -> CustomerEventIn | str:
    """Return an event, or why it cannot be taken: the field and the rule, and never the value."""
    try:
        return CustomerEventIn.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"] if step in CustomerEventIn.model_fields)
        return ": ".join(filter(None, (place, rule_in_words(first["msg"]))))
