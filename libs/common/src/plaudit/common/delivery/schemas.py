"""Messages, their attempts and endpoints, as the API shows and takes them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import RowMapping

from plaudit.common.csv_cells import guarded
from plaudit.common.delivery.domain.addresses import MAX_URL_CHARS
from plaudit.common.delivery.domain.endpoint import MAX_NAME_CHARS, MAX_TOPICS, TOPIC_PATTERN, Draft, Endpoint
from plaudit.common.delivery.domain.message import MAX_TOPIC_CHARS, Channel, Content, State
from plaudit.common.http import Body
from plaudit.common.http.files import csv_cell

A_SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the specification's example
EndpointChannel = Literal["slack", "teams", "webhook", "pagerduty", "alertmanager"]
TopicName = Annotated[str, Field(pattern=TOPIC_PATTERN, max_length=MAX_TOPIC_CHARS)]
HEAD: Final = (
    *("id", "created_at", "topic", "channel", "recipient", "subject", "state", "reason", "attempts"),
    *("possible_repeat", "next_attempt_at", "finished_at", "thread"),
)


class MessageOut(BaseModel):
    """A message on its way to one recipient over one channel."""

    id: UUID = Field(description="Its id, which is also the idempotency key that the recipient sees.")
    topic: str = Field(description="What it is about.", examples=["clock.breached"])
    thread: str = Field(
        description="What it belongs to; empty for nothing.", examples=["clock:0199d6f2-7c1e-7a40-9a52-1f0c6f0f3b11"]
    )
    channel: Channel = Field(description="How it goes.", examples=["email"])
    recipient: str = Field(
        description="The address, the id of the endpoint, or `person`: a customer whose address is not kept.",
        examples=["owner@acme.example"],
    )
    subject: str = Field(
        description="Its subject when it was queued.", examples=["Breach: 1-star review of acme/berlin"]
    )
    state: State = Field(description="What has become of it.", examples=["sent"])
    reason: str = Field(description="Why it was not sent, or failed last; empty for neither.", examples=[""])
    attempts: int = Field(description="How often it was tried since somebody last sent it again.", examples=[1])
    possible_repeat: bool = Field(
        description="Whether an attempt ended without an answer or a record, so that the recipient may have it twice.",
        examples=[False],
    )
    bundle_id: UUID | None = Field(
        description="The message that it leaves with, or has left with, together with others; null where it leaves by "
        "itself."
    )
    created_at: datetime = Field(description="When it was queued.")
    next_attempt_at: datetime | None = Field(description="When it is tried next; null when it is not.")
    finished_at: datetime | None = Field(description="When it was sent, withdrawn, or failed for good.")


class AttemptOut(BaseModel):
    """One attempt to hand a message over."""

    number: int = Field(description="1 for the first.", examples=[1])
    ended_at: datetime = Field(description="When it ended.")
    duration_ms: int = Field(description="How long it took.", examples=[120])
    outcome: Literal["sent", "failed", "refused", "gone", "unrecorded"] = Field(
        description="How it ended: `failed` is tried again, `refused` and `gone` are not; of `unrecorded` the process "
        "ended before it could say.",
        examples=["sent"],
    )
    status: int | None = Field(description="Of the HTTP answer; null where there was none.", examples=[200])
    error: str = Field(description="What went wrong; empty for nothing.", examples=[""])
    sent: str = Field(description="What was sent, without secrets; its first 64 KiB.", examples=['{"type": "…"}'])
    answer: str = Field(description="What was answered; its first 64 KiB.", examples=["ok"])


class MessageWithAttemptsOut(MessageOut):
    """A message with every attempt."""

    text: str = Field(description="What it said when it was queued.", examples=["No answer was published in time."])
    tries: list[AttemptOut] = Field(description="Every attempt, the first one first.")


class EndpointOut(BaseModel):
    """An address of the tenant's that messages go to."""

    id: UUID = Field(description="Its id.")
    name: str = Field(description="What people call it.", examples=["On call"])
    channel: EndpointChannel = Field(description="What is sent there.", examples=["webhook"])
    origin: str = Field(
        description="Scheme and host of its address; the rest is a secret.", examples=["https://hooks.example.com"]
    )
    topics: list[str] = Field(description="What it takes; a topic has all below it.", examples=[["alert", "clock"]])
    state: Literal["enabled", "disabled"] = Field(description="Whether messages go there.", examples=["enabled"])
    reason: str = Field(description="Why it is disabled; empty while it is not.", examples=[""])
    failures: int = Field(description="How many attempts in a row have failed.", examples=[0])
    rests_until: datetime | None = Field(description="Until when nothing is sent there, after failures.")
    created_at: datetime = Field(description="When it was made.")


class EndpointMadeOut(EndpointOut):
    """An endpoint with a secret that is shown this once."""

    secret: str = Field(
        description="What a webhook is signed with (Standard Webhooks 1.0); empty for other channels.",
        examples=[A_SECRET],
    )


class EndpointIn(Body):
    """A new endpoint."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {
                    "required": ["url"],
                    "properties": {"channel": {"not": {"const": Channel.PAGERDUTY}}, "url": {"minLength": 1}},
                },
                {
                    "required": ["secret"],
                    "properties": {"channel": {"const": Channel.PAGERDUTY}, "secret": {"minLength": 1}},
                },
            ]
        }
    )

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS)] = Field(
        description="What people call it.", examples=["On call"]
    )
    channel: EndpointChannel = Field(description="What is sent there.", examples=["webhook"])
    url: Annotated[str, Field(max_length=MAX_URL_CHARS)] = Field(
        default="",
        description="Its address, a public one of https; PagerDuty's own where it is left out for that.",
        examples=["https://hooks.example.com/plaudit"],
    )
    topics: Annotated[list[TopicName], Field(min_length=1, max_length=MAX_TOPICS)] = Field(
        description="What it takes; a topic has all below it, `*` is all.", examples=[["alert", "clock"]]
    )
    secret: Annotated[str, Field(max_length=200)] = Field(
        default="",
        description="A webhook's own secret, `whsec_…`, made where it is left out; PagerDuty's routing key.",
        examples=[""],
    )

    def draft(self) -> Draft:
        """Return what an endpoint is made of."""
        return Draft(self.name, self.channel, self.url, tuple(self.topics), self.secret)


class EndpointChangeIn(Body):
    """What changes of an endpoint; what is left out stays."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS)] | None = Field(
        default=None, description="What people call it.", examples=["On call"]
    )
    url: Annotated[str, Field(min_length=1, max_length=MAX_URL_CHARS)] | None = Field(
        default=None, description="Its address.", examples=["https://hooks.example.com/plaudit"]
    )
    topics: Annotated[list[TopicName], Field(min_length=1, max_length=MAX_TOPICS)] | None = Field(
        default=None, description="What it takes.", examples=[["alert", "clock"]]
    )


class TestOut(BaseModel):
    """What came of a test message."""

    message_id: UUID = Field(description="The message, in the log of messages.")
    outcome: Literal["sent", "failed", "refused", "gone"] = Field(description="How it ended.", examples=["sent"])
    status: int | None = Field(description="Of the HTTP answer; null where there was none.", examples=[200])
    error: str = Field(description="What went wrong; empty for nothing.", examples=[""])
    answer: str = Field(description="The beginning of what was answered.", examples=["ok"])
    duration_ms: int = Field(description="How long it took.", examples=[120])


class SentAgainOut(BaseModel):
    """How many failed messages are sent again."""

    messages: int = Field(description="How many; none, if none had failed.", examples=[0])


def message_out(row: RowMapping) -> MessageOut:
    """Return a message as lists show it."""
    return MessageOut.model_validate(_members(row))


def message_with_attempts_out(row: RowMapping, attempts: Sequence[RowMapping]) -> MessageWithAttemptsOut:
    """Return a message with every attempt."""
    tries = [attempt_out(each) for each in attempts]
    return MessageWithAttemptsOut.model_validate({**_members(row), "text": content_of(row).text, "tries": tries})


def attempt_out(row: RowMapping) -> AttemptOut:
    """Return an attempt as the API shows it."""
    return AttemptOut.model_validate(
        {**row, "outcome": row["kind"], "sent": shown(row["sent"]), "answer": shown(row["answer"])}
    )


def endpoint_out(endpoint: Endpoint, standing: Mapping[str, Any] | None) -> EndpointOut:
    """Return an endpoint as the API shows it, with how its outlet stands: None where nothing was ever sent."""
    return EndpointOut.model_validate(_endpoint(endpoint, standing))


def endpoint_made_out(endpoint: Endpoint, secret: str) -> EndpointMadeOut:
    """Return a new endpoint, or one with a new secret."""
    return EndpointMadeOut.model_validate({**_endpoint(endpoint, None), "secret": secret})


def content_of(row: RowMapping) -> Content:
    """Return what a message said when it was queued."""
    return msgspec.json.decode(row["content"], type=Content)


def shown(raw: bytes) -> str:
    """Return bytes that others sent as text; what is no text becomes a sign that says so."""
    return bytes(raw).decode("utf-8", errors="replace").replace("\x00", "\ufffd")


def csv_row(message: MessageOut) -> list[str]:
    """Return a message as cells in the order of `HEAD`; no text is taken for a formula."""
    values = message.model_dump()
    return [guarded(csv_cell(values[name])) for name in HEAD]


def _members(row: RowMapping) -> dict[str, Any]:
    waits = row["state"] in {State.PENDING, State.SENDING, State.GATHERED}
    return {
        **row,
        "subject": content_of(row).subject,
        "next_attempt_at": row["next_attempt_at"] if waits else None,
    }


def _endpoint(endpoint: Endpoint, standing: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        **msgspec.structs.asdict(endpoint),
        "topics": list(endpoint.topics),
        "failures": standing["failures"] if standing else 0,
        "rests_until": standing["rests_until"] if standing else None,
    }
