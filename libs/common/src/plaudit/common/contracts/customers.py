"""Events about customers: `customers.v1`, written by ingest. A person is a person key, and never an address."""

from typing import Literal

import msgspec

from plaudit.common.contracts.time import Instant


class CustomerEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something happened with a customer."""

    event_id: str
    """As the sender named it; it comes once."""
    person: str
    """The person key: a keyed hash, or platform:id."""
    subject: str
    """What the customer dealt with."""
    happened_at: Instant
    received_at: Instant
    reference: str | None = None
    """Of the order, the ticket or the contract."""
    plan: str | None = None
    """Of a purchase or an upgrade: what was taken."""
    stage: str | None = None
    """Of `customer.stage_entered`."""
    renews_at: Instant | None = None
    """Of `customer.renewal_set`."""
    channel: str | None = None
    """Of a contact or a reply: by which way. Of an opt-out: which way is closed; every one, if none is named."""
    language: str | None = None
    """In which the customer is written to: two letters, by ISO 639-1."""
    zone: str | None = None
    """The time zone that the customer lives in, such as `Europe/Berlin`."""


class ConsentSet(msgspec.Struct, frozen=True, kw_only=True):
    """A customer has said whether to be written to. The latest statement counts; of two at once, the denial."""

    person: str
    consent: Literal["granted", "denied"]
    said_at: Instant


class CustomerErased(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a person is to be deleted, in every store."""

    erasure_id: str
    person: str
    erased_at: Instant
    """What happened up to here is erased, and does not come back."""
