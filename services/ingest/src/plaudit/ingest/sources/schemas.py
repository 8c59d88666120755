"""Sources in the API."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec.structs import asdict
from pydantic import BaseModel, Field

from plaudit.common.http import Body, Subject
from plaudit.common.http.openapi_examples import AN_ID
from plaudit.ingest.sources.domain import (
    DEFAULT_OVERLAP,
    MAX_ALLOWED_ADDRESSES,
    MAX_OVERLAP,
    MAX_SECRETS,
    Source,
)

Name = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00]*$",
        description="What your team calls it.",
        examples=["Our shop"],
    ),
]
Networks = Annotated[
    list[Annotated[str, Field(max_length=49)]],
    Field(
        max_length=MAX_ALLOWED_ADDRESSES,
        description="The addresses or networks that deliveries may come from; any if there are none.",
        examples=[[]],
    ),
]
TimeZone = Annotated[
    Annotated[str, Field(max_length=64)] | None,
    Field(
        description="Of times that the platform sends without a zone; without, such events are quarantined.",
        examples=["Europe/Berlin"],
    ),
]
Secret = Annotated[
    str,
    Field(
        min_length=8,
        max_length=512,
        pattern=r"^[^\x00]*$",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAAAAAAAAA="],
    ),
]


class SourceIn(Body):
    """A source to create."""

    name: Name
    platform: str = Field(
        pattern="^[a-z0-9-]{1,64}$",
        description="`native` for the format documented here, or a platform that has an adapter.",
        examples=["native"],
    )
    subject: Subject = Field(description="What its reviews are about: a path such as `acme/berlin`.", examples=["acme"])
    secret: Secret | None = Field(
        default=None, description="That the platform issued and signs with. Without, a new one is made for it."
    )
    allowed_addresses: Networks = Field(default=[])
    time_zone: TimeZone = None


class SourceChangesIn(Body):
    """What changes of a source. What is left out stays as it is."""

    name: Name = Field(default_factory=str)
    subject: Subject = Field(
        default_factory=str,
        description="What its new reviews are about; those that are there stay where they are.",
        examples=["acme/hamburg"],
    )
    allowed_addresses: Networks = Field(default_factory=list)
    time_zone: TimeZone = None
    paused: bool = Field(
        default_factory=bool,
        description="While it is, deliveries are answered 202 and kept, and none is applied.",
        examples=[True],
    )


class RotationIn(Body):
    """How a secret is replaced."""

    secret: Secret | None = Field(
        default=None, description="That the platform issued and signs with from now on. Without, a new one is made."
    )
    overlap_seconds: int = Field(
        default=int(DEFAULT_OVERLAP.total_seconds()),
        ge=0,
        le=int(MAX_OVERLAP.total_seconds()),
        description="How long the present one counts too. With 0, it and all older ones end at once.",
        examples=[86_400],
    )


class SecretsIn(Body):
    """The secrets that count for a source."""

    secrets: list[Secret] = Field(
        min_length=1,
        max_length=MAX_SECRETS,
        description="All that count: the new one first, and the one before while the platform still signs with it.",
        examples=[["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAAAAAAAAA="]],
    )


class SourceOut(BaseModel):
    """A source."""

    id: UUID = Field(description="Its id, the last segment of its hook.")
    name: str = Field(description="What your team calls it.", examples=["Our shop"])
    platform: str = Field(description="The kind of place that its reviews come from.", examples=["native"])
    subject: str = Field(
        description="What its reviews are about; each may be about something below it.", examples=["acme"]
    )
    allowed_addresses: list[str] = Field(
        description="The networks that deliveries may come from; any if there are none.", examples=[[]]
    )
    time_zone: str | None = Field(
        description="Of times that the platform sends without a zone.", examples=["Europe/Berlin"]
    )
    more_secrets_until: list[datetime | None] = Field(
        description=(
            "Of each further secret that counts beside the present one, until when it does; null for one that counts "
            "until it is taken away."
        ),
        examples=[[]],
    )
    created_at: datetime = Field(description="When it was created.")
    paused_at: datetime | None = Field(
        description="Since when its deliveries are kept and not applied; null while they are.", examples=[None]
    )
    revision: int = Field(description="Rises with every change; the entity tag.", examples=[1])
    hook: str = Field(description="The path to post to.", examples=[f"/v1/hooks/{AN_ID}"])


class SourceWithSecretOut(SourceOut):
    """A source with what it signs by."""

    secret: str = Field(
        description="Signs every delivery. Empty where the platform signs none.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAAAAAAAAA="],
    )


def source_out(source: Source) -> SourceOut:
    """Return a source without its secrets."""
    return SourceOut.model_validate({**asdict(source), "hook": f"/v1/hooks/{source.id}"})


def source_with_secret_out(source: Source) -> SourceWithSecretOut:
    """Return a source with its secret: the one that signs, or the one in the address."""
    shown = source_out(source).model_dump()
    if source.path_token is None:
        return SourceWithSecretOut(**shown, secret=source.secret)
    return SourceWithSecretOut(**{**shown, "hook": f"{shown['hook']}/{source.path_token}"}, secret="")
