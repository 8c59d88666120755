"""In the API, who is told of incidents, and which channel has what."""

from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, Field

from plaudit.alerting.incidents.domain.channels import Has, Told
from plaudit.alerting.incidents.domain.wording import WORDINGS
from plaudit.alerting.incidents.schemas.parts import (
    A_KEY,
    A_PERSON,
)
from plaudit.alerting.incidents.store.subscribers import Subscriber
from plaudit.common.http import Body
from plaudit.common.http.openapi_examples import A_TIME

SOME_CHANNELS: Final = [
    *(
        {
            "channel": each,
            "outlet": each,
            "name": each,
            "number": 1,
            "revision": 1,
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
        "revision": 1,
        "has": "queued",
        "error": "",
        "queued": 1,
        "sent": 0,
        "failed": 0,
        "withdrawn": 0,
    },
]


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


class SubscribersOut(BaseModel):
    """How many persons are told by mail."""

    told: int = Field(description="Who have agreed.", examples=[0])
    asked: int = Field(
        description="Who have signed up and have not agreed yet; after two days they are forgotten.", examples=[0]
    )


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
    revision: int = Field(description="Of its text.", examples=[1])
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
