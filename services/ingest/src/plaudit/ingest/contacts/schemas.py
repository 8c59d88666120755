"""Contacts in the API."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, Field

from plaudit.common import mailbox
from plaudit.common.http import Body, Instant
from plaudit.common.mailbox import ADDRESS_PATTERN
from plaudit.ingest.contacts.domain import MAX_ADDRESS_CHARS, Consent, is_address


def _check(text: str) -> str:
    if not is_address(text):
        raise ValueError("write one e-mail address such as ada@example.com")
    return mailbox.parse(text).address


Email = Annotated[
    str,
    AfterValidator(_check),
    Field(
        max_length=MAX_ADDRESS_CHARS,
        json_schema_extra={"pattern": ADDRESS_PATTERN},
        description="The customer's address. It is stored encrypted; only those who may read contacts see it.",
        examples=["ada@example.com"],
    ),
]


A_PERSON: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
"""Of the examples: a person key made of an address."""


class ContactIn(Body):
    """An address, and what its person consents to."""

    email: Email
    consent: Consent = Field(default=Consent.UNKNOWN, description="`unknown` leaves what is known.")
    consent_at: Instant | None = Field(default=None, description="When the person said so; now, if not given.")


class ContactOut(BaseModel):
    """A person to write to."""

    person: str = Field(description="The person key.", examples=[A_PERSON])
    address: str = Field(description="The address.", examples=["ada@example.com"])
    consent: Consent = Field(description="Whether the person may be written to: only where it is `granted`.")
    consent_at: datetime | None = Field(description="When the person said so.")
    changed_at: datetime = Field(description="When we learned of the last change.")
