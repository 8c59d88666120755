"""A message, to whom it goes, its deliveries, and their ids: the same change never tells the same person twice."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import msgspec
from uuid_utils.compat import uuid5

_NAMESPACE: Final = UUID("c2f1b6de-7c0a-5c59-9c35-0f3a0f0d7f11")
MAX_KEY_CHARS: Final = 400
MAX_THREAD_CHARS: Final = 200
MAX_TOPIC_CHARS: Final = 64
MAX_SUBJECT_CHARS: Final = 1_000
MAX_TEXT_CHARS: Final = 100_000
MAX_DATA_BYTES: Final = 100_000
EMAIL_OUTLET: Final = "email"
PERSON_OUTLET: Final = "person"
"""Of mails to persons whose address is asked for: what delays these delays no mail to staff."""
A_PERSON: Final = "person"
"""In place of an address that is asked for when the mail leaves, and not kept."""
CONSOLE_OUTLET: Final = "console"


class MessageError(ValueError):
    """A message that cannot be queued; the text says why. It is a mistake of the caller."""


class Channel(StrEnum):
    """The way that a delivery goes."""

    EMAIL = "email"
    SLACK = "slack"
    TEAMS = "teams"
    WEBHOOK = "webhook"
    PAGERDUTY = "pagerduty"
    ALERTMANAGER = "alertmanager"
    CONSOLE = "console"
    """The log and, where it is set, a file of this installation: where nothing else is configured."""


class State(StrEnum):
    """What has become of a delivery."""

    PENDING = "pending"
    SENDING = "sending"
    """A process is at it, until its lease ends."""
    SENT = "sent"
    WITHDRAWN = "withdrawn"
    """It was not wanted any more when it was to leave; the reason says why."""
    FAILED = "failed"
    """It is not tried again by itself; somebody may send it again."""
    GATHERED = "gathered"
    """It waits to leave together with others to the same recipient, or is on its way with them."""


GATHERED_CHANNELS: Final = frozenset({Channel.EMAIL, Channel.SLACK, Channel.TEAMS, Channel.WEBHOOK, Channel.CONSOLE})
"""Channels over which one message may hold several; an alert of PagerDuty or Alertmanager is one thing each."""


class Item(msgspec.Struct, frozen=True):
    """One of the things that a gathered message tells."""

    words: str
    """What it is about, in one line of ours."""
    kind: str
    """What is told of it, as a count says it: `late` in `27 late`."""
    details: tuple[str, ...] = ()
    """What is known at a glance, such as when it is due."""
    quote: str = ""
    """The beginning of what a stranger wrote."""
    link: str = ""
    link_label: str = "Open"
    at: datetime | None = None
    """When it is due: the earliest comes first."""
    is_urgent: bool = False
    """Whether it comes before what is not."""
    data: Mapping[str, Any] = msgspec.field(default_factory=dict)
    """The same for machines."""


class Listing(msgspec.Struct, frozen=True):
    """Several things that one message tells."""

    lead: str
    """How many there are, and of which kinds."""
    items: tuple[Item, ...]
    more: str = ""
    """How many are not listed, and where they are; empty where all are."""


class Content(msgspec.Struct, frozen=True):
    """What a message says. All of it counts as written by strangers: a channel shows it as text."""

    subject: str
    text: str
    html: str = ""
    """The same for people, styled; made by a template that escapes. Empty: it is made of the text."""
    data: Mapping[str, Any] = msgspec.field(default_factory=dict)
    """The same for machines."""
    link: str = ""
    """The one address of ours that the message leads to."""
    link_label: str = "Open in Plaudit"
    language: str = "en"
    """Of the words of ours: the document's `lang`, and by it its `dir`."""
    sender_name: str = ""
    """Of a mail: in whose name it is sent. Empty: in that of Plaudit."""
    thread_subject: str = ""
    """Of a mail: the subject that all mails of its thread have, so that Gmail and Outlook show them as one
    conversation. What this one tells, `subject`, is the first line then. Empty: the subject is its own."""
    listing: Listing | None = None
    """The things that a gathered message tells; its text has them too."""


ERASED: Final = "erased"
"""Why a message does not leave of which no word is left."""
ERASED_CONTENT: Final = Content(ERASED, "")
"""What is left of an erased message."""


class Recipient(msgspec.Struct, frozen=True):
    """To whom a message goes. Make one by `mail_to`, `person`, `endpoint` or `subscribers`."""

    address: str = ""
    """An e-mail address; empty for an endpoint, and for a person whose address is asked for when the mail leaves."""
    person_key: str = ""
    """Of the customer, whose consent counts; empty for staff."""
    endpoint_id: UUID | None = None
    is_known_here: bool = False
    """Of a person: whether the service itself has the address, encrypted, so that no other one delays the mail."""

    @property
    def is_subscribers(self) -> bool:
        """Whether it goes to every endpoint that takes its topic."""
        return not self.address and not self.person_key and self.endpoint_id is None


def mail_to(address: str, *, person_key: str = "") -> Recipient:
    """Return the recipient at an e-mail address."""
    if not address:
        raise MessageError("a mail needs an address")
    return Recipient(address=address, person_key=person_key)


def person(person_key: str, *, is_known_here: bool = False) -> Recipient:
    """Return a person as the recipient of a mail. The address is asked for when it leaves, and not kept.

    Args:
        person_key: whom. A message's key names the person too, since all of them are one recipient in the log.
        is_known_here: whether the service itself has the address.
    """
    if not person_key:
        raise MessageError("a mail to a person needs the person key")
    return Recipient(person_key=person_key, is_known_here=is_known_here)


def endpoint(endpoint_id: UUID) -> Recipient:
    """Return one endpoint of the tenant as the recipient."""
    return Recipient(endpoint_id=endpoint_id)


def subscribers() -> Recipient:
    """Return all endpoints of the tenant that take the message's topic; where there are none, the console's sink."""
    return Recipient()


class Message(msgspec.Struct, frozen=True):
    """Something to be told."""

    tenant: str
    key: str
    """Names the change that is told. The same key, recipient and channel are one delivery, however often queued."""
    topic: str
    """What it is about, dotted: `clock.breached`. Endpoints and people choose by it."""
    to: Recipient
    content: Content
    thread: str = ""
    """What it belongs to: messages of one thread are shown together. Erasure goes by it, too."""
    not_before: datetime | None = None
    needs_consent: bool = False
    """Whether the person has to have opted in; else an opt-out is respected and its absence is enough."""
    gathering: str = ""
    """By what it is gathered with others to the same recipient: a topic above its own; empty: it leaves by itself."""
    is_urgent: bool = False
    """Whether it is told first of what is gathered, and waits no longer than the first window."""


class Delivery(msgspec.Struct, frozen=True):
    """A message on its way over one channel."""

    tenant_id: str
    id: UUID
    message_id: UUID
    key: str
    topic: str
    thread: str
    channel: str
    outlet: str
    """What deliveries wait for together: one server or endpoint. So many at a time, and one circuit."""
    recipient: str
    """The address, the endpoint's id, or `A_PERSON`."""
    person_key: str
    needs_consent: bool
    created_at: datetime
    attempts: int = 0
    possible_repeat: bool = False
    """An attempt ended without an answer or a record: the recipient may have got it already."""
    gathering: str = ""
    """By what it is gathered with others; empty where it leaves by itself."""
    is_urgent: bool = False
    is_bundle: bool = False
    """Whether it holds other deliveries, which leave with it."""
    bundle_id: UUID | None = None
    """The bundle that it leaves with; None while it waits for one, and where it leaves by itself."""

    @property
    def endpoint_id(self) -> UUID | None:
        """The endpoint that it goes to; None for a mail and the console."""
        return None if self.channel in {Channel.EMAIL, Channel.CONSOLE} else UUID(self.recipient)

    @property
    def is_to_person(self) -> bool:
        """Whether the address is asked for when it leaves."""
        return self.channel == Channel.EMAIL and self.recipient == A_PERSON


class Route(msgspec.Struct, frozen=True):
    """One way of a message: over which channel, and to whom there."""

    channel: str
    recipient: str

    @property
    def outlet(self) -> str:
        """What its deliveries wait for together."""
        if self.channel == Channel.EMAIL and self.recipient == A_PERSON:
            return PERSON_OUTLET
        return self.channel if self.channel in {Channel.EMAIL, Channel.CONSOLE} else self.recipient


def message_id(message: Message) -> UUID:
    """Return the id of a message, the same each time for the same key and recipient."""
    return _id(message.tenant, message.key, message.to.address, str(message.to.endpoint_id or ""))


def delivery_id(tenant_id: str, key: str, route: Route) -> UUID:
    """Return the id of a delivery, its idempotency key: of change, recipient and channel."""
    return _id(tenant_id, key, route.channel, route.recipient)


def deliveries_of(message: Message, routes: list[Route], now: datetime) -> list[Delivery]:
    """Return the deliveries of a message, one for each way."""
    id_of_message = message_id(message)
    return [
        Delivery(
            tenant_id=message.tenant,
            id=delivery_id(message.tenant, message.key, route),
            message_id=id_of_message,
            key=message.key,
            topic=message.topic,
            thread=message.thread,
            channel=route.channel,
            outlet=EMAIL_OUTLET if message.to.is_known_here else route.outlet,
            recipient=route.recipient,
            person_key=message.to.person_key,
            needs_consent=message.needs_consent,
            created_at=now,
            gathering=message.gathering if route.channel in GATHERED_CHANNELS else "",
            is_urgent=message.is_urgent,
        )
        for route in routes
    ]


def bundle_of(
    tenant_id: str, gathering: str, route: Route, opened_at: datetime, released_at: datetime, *, is_urgent: bool
) -> Delivery:
    """Return the delivery that holds what was gathered. Its key names the recipient's window, and stays.

    Args:
        tenant_id: whose.
        gathering: by what it was gathered.
        route: to whom it goes.
        opened_at: when the first window opened: bundles since then are one thread.
        released_at: when it was made.
        is_urgent: whether anything in it is.
    """
    key = f"gathered:{gathering}:{released_at.isoformat()}"
    made = delivery_id(tenant_id, key, route)
    return Delivery(
        tenant_id=tenant_id,
        id=made,
        message_id=made,
        key=key,
        topic=f"{gathering}.gathered",
        thread=f"gathered:{gathering}:{opened_at.isoformat()}",
        channel=route.channel,
        outlet=route.outlet,
        recipient=route.recipient,
        person_key="",
        needs_consent=False,
        created_at=released_at,
        gathering=gathering,
        is_urgent=is_urgent,
        is_bundle=True,
    )


def check(message: Message) -> None:
    """Check what a caller queues.

    Raises:
        MessageError: it is too long, or lacks what it needs; the text says which limit.
    """
    limits = (
        ("key", message.key, MAX_KEY_CHARS),
        ("topic", message.topic, MAX_TOPIC_CHARS),
        ("subject", message.content.subject, MAX_SUBJECT_CHARS),
        ("thread_subject", message.content.thread_subject, MAX_SUBJECT_CHARS),
        ("text", message.content.text, MAX_TEXT_CHARS),
        ("html", message.content.html, 4 * MAX_TEXT_CHARS),
        ("thread", message.thread, MAX_THREAD_CHARS),
    )
    for name, value, most in limits:
        if len(value) > most:
            raise MessageError(f"the {name} of a message has {len(value)} characters, at most {most} are taken")
    if not message.key or not message.topic:
        raise MessageError("a message needs a key and a topic")
    if len(msgspec.json.encode(message.content.data)) > MAX_DATA_BYTES:
        raise MessageError(f"the data of a message has more than {MAX_DATA_BYTES} bytes")
    if message.gathering and message.to.person_key:
        raise MessageError("a message to a customer is not gathered: it is sent by their own choices")
    if message.gathering and not takes_topic([message.gathering], message.topic):
        raise MessageError("a message is gathered by its topic, or by what is above it")
    if message.needs_consent and not message.to.person_key:
        raise MessageError("a message that needs consent names the person whose it is")


def takes_topic(chosen: list[str], topic: str) -> bool:
    """Return whether a choice of topics has one: itself, what is above it (`clock` has `clock.breached`), or `*`."""
    return any(each in {"*", topic} or topic.startswith(f"{each}.") for each in chosen)


def _id(*parts: str) -> UUID:
    """Return an id of parts, the same for no others: as JSON no two lists are one text."""
    return uuid5(_NAMESPACE, msgspec.json.encode(parts).decode())
