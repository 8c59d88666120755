"""Sources in the API."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from msgspec.structs import asdict
from pydantic import BaseModel, Field, StringConstraints

from plaudit.common.http import WHOLE, Body, Subject
from plaudit.common.http.openapi_examples import AN_ID
from plaudit.ingest.sources.domain import (
    DEFAULT_OVERLAP,
    MAX_ALLOWED_ADDRESSES,
    MAX_OVERLAP,
    MAX_SECRETS,
    UNOPENED_SOURCE,
    Source,
    UnopenedSecretError,
)

MAX_EXPRESSION_CHARS: Final = 2_000
MAX_WORDS: Final = 50
"""Of one field."""
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
    # A copy often has a blank or a break behind it, and no platform signs with one.
    StringConstraints(strip_whitespace=True),
    Field(
        min_length=8,
        max_length=512,
        pattern=r"^[^\x00]*$",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAAAAAAAAA="],
    ),
]


Expression = Annotated[str, Field(min_length=1, max_length=MAX_EXPRESSION_CHARS, pattern=r"^[^\x00]*$")]
Word = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_|~-]{1,64}$")]


class FieldsIn(Body):
    """The expressions (JMESPath) that find each field in an event."""

    id: Expression = Field(description="The platform's id of the review.", examples=["review.uuid"])
    rating: Expression = Field(
        description="The rating: a number, a number in a text, or a word of `words`.", examples=["review.score"]
    )
    published_at: Expression = Field(
        description="When it was published: ISO 8601, or Unix seconds or milliseconds.", examples=["review.posted_on"]
    )
    event: Expression | None = Field(
        default=None,
        description="What happened: `created`, `edited`, `removed`, `restored`, `answered`, or a word of `words`; "
        "others are ignored. Without, each event is a whole review.",
        examples=["action"],
    )
    edited_at: Expression | None = Field(default=None, description="When it was edited.")
    version: Expression | None = Field(default=None, description="A whole number that rises with each change.")
    removed: Expression | None = Field(default=None, description="Whether the review is not public.")
    title: Expression | None = Field(default=None, description="Its title.")
    text: Expression | None = Field(default=None, description="Its text.", examples=["review.body"])
    language: Expression | None = Field(default=None, description="Its language, such as `en` or `pt_BR`.")
    url: Expression | None = Field(default=None, description="Where it can be read.")
    verified: Expression | None = Field(default=None, description="Whether the purchase is certain.")
    kind: Expression | None = Field(
        default=None, description="`stars`, `nps`, `csat`, `ces` or `thumbs`; stars without. A constant is `'nps'`."
    )
    scale_min: Expression | None = Field(
        default=None, description="The worst rating; a constant is a number in backticks.", examples=["`0`"]
    )
    scale_max: Expression | None = Field(
        default=None,
        description="The best rating. Without both ends, the kind says them: 1 to 5 for stars.",
        examples=["`10`"],
    )
    author_id: Expression | None = Field(default=None, description="The platform's id of the author.")
    author_email: Expression | None = Field(default=None, description="The author's address; kept as a keyed hash.")
    answer: Expression | None = Field(default=None, description="The text of the company's answer.")
    answered_at: Expression | None = Field(default=None, description="When the company answered.")
    product: Expression | None = Field(default=None, description="What it is about; the tag `product:`.")
    location: Expression | None = Field(default=None, description="Where it was; the tag `location:`.")
    reference: Expression | None = Field(default=None, description="The order; the tag `reference:`.")
    tags: Expression | None = Field(default=None, description="An array of texts; each becomes a tag.")


class WordsIn(Body):
    """What the words of a field stand for. Case does not count. A word that is not here quarantines its event."""

    event: dict[Word, Literal["created", "edited", "removed", "restored", "answered"]] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_WORDS,
        description="Of `event`; words that are not here are ignored.",
        examples=[{"review.new": "created"}],
    )
    rating: dict[Word, float] | None = Field(
        default=None, min_length=1, max_length=MAX_WORDS, description="Of `rating`, for example FIVE → 5."
    )
    kind: dict[Word, Literal["stars", "nps", "csat", "ces", "thumbs"]] | None = Field(
        default=None, min_length=1, max_length=MAX_WORDS, description="Of `kind`."
    )
    verified: dict[Word, bool] | None = Field(
        default=None, min_length=1, max_length=MAX_WORDS, description="Of `verified`."
    )
    removed: dict[Word, bool] | None = Field(
        default=None, min_length=1, max_length=MAX_WORDS, description="Of `removed`, for example a status → true."
    )


class ProofIn(Body):
    """What proves the deliveries."""

    kind: Literal["standard-webhooks", "standard-webhooks-v1a", "hmac", "secret-header", "path-token"] = Field(
        description="`path-token` where the sender signs nothing: the secret is in the address.", examples=["hmac"]
    )
    header: HeaderName | None = Field(
        default=None, description="Of the signature (`hmac`) or of the secret (`secret-header`).", examples=["X-Sign"]
    )
    digest: Literal["sha256", "sha512"] = Field(default="sha256", description="Of the HMAC.", examples=["sha256"])
    encoding: Literal["hex", "base64"] = Field(default="hex", description="Of the HMAC.", examples=["hex"])
    prefix: str = Field(
        default="",
        max_length=32,
        pattern=r"^[!-~]*$",
        description="Before the HMAC, for example `sha256=`.",
        examples=["sha256="],
    )
    timestamp_header: HeaderName | None = Field(
        default=None, description="Of the time that is signed before the body; it may be five minutes off."
    )
    timestamp_form: Literal["seconds", "either", "iso"] = Field(
        default="seconds",
        description="Unix seconds, those or milliseconds, or ISO 8601 with a zone.",
        examples=["seconds"],
    )
    separator: str = Field(
        default=".",
        max_length=4,
        pattern=r"^[ -~]*$",
        description="Between the time and the body in what is signed.",
        examples=["."],
    )
    id_header: HeaderName | None = Field(
        default=None, description="Of the sender's id of a delivery, the same in each attempt."
    )


class MappingIn(Body):
    """What stands where in the payloads of a custom source."""

    events: Expression | None = Field(
        default=None,
        description="The expression that finds the events of a body: an array, or one object. Without, the body itself "
        "is that. The other expressions start at one event.",
        examples=["items"],
    )
    fields: FieldsIn = Field(description="The expressions that find each field.")
    words: WordsIn = Field(
        default=WordsIn(), description="What words stand for.", examples=[{"event": {"review.new": "created"}}]
    )
    proof: ProofIn = Field(description="What proves that a delivery is the sender's.")

    def written(self) -> str:
        """Return the mapping as it is stored: JSON of what is said."""
        return msgspec.json.encode(self.model_dump(exclude_none=True)).decode()


class MappingOut(MappingIn):
    """The mapping of a custom source."""


class SourceMappingIn(Body):
    """The mapping of a custom source, whole."""

    mapping: MappingIn = Field(description="What stands where in its payloads, and what proves them.")


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
    mapping: MappingIn | None = Field(
        default=None, description="What stands where in the payloads: of the platform `custom`, which needs one."
    )


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
        strict=True,
        default_factory=bool,
        description="While it is, deliveries are answered 202 and kept, and none is applied.",
        examples=[True],
    )


class RotationIn(Body):
    """How a secret is replaced."""

    secret: Secret | None = Field(
        default=None, description="That the platform issued and signs with from now on. Without, a new one is made."
    )
    overlap_seconds: Annotated[int, Field(ge=0, le=int(MAX_OVERLAP.total_seconds())), WHOLE] = Field(
        default=int(DEFAULT_OVERLAP.total_seconds()),
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
    mapping: MappingOut | None = Field(description="What stands where in its payloads, of a custom source.")
    more_secrets_until: list[datetime | None] = Field(
        description=(
            "Of each further secret that counts beside the present one, until when it does; null for one that counts "
            "until it is taken away."
        ),
        examples=[[]],
    )
    secret_error: str | None = Field(
        description=(
            "Why nothing can be proven to come from its platform at present, and what to do: its secret cannot be "
            "decrypted. Until then its hook answers 503. Null while all is well."
        ),
        examples=[None],
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
    mapping = None if source.mapping is None else msgspec.json.decode(source.mapping)
    error = UNOPENED_SOURCE if source.is_unopened else None
    return SourceOut.model_validate(
        {**asdict(source), "mapping": mapping, "secret_error": error, "hook": f"/v1/hooks/{source.id}"}
    )


def mapping_out(source: Source) -> MappingOut:
    """Return the mapping of a custom source."""
    return MappingOut.model_validate_json(source.mapping or "")


def source_with_secret_out(source: Source) -> SourceWithSecretOut:
    """Return a source with its secret: the one that signs, or the one in the address.

    Raises:
        UnopenedSecretError: it cannot be decrypted.
    """
    if source.secret is None:
        raise UnopenedSecretError
    shown = source_out(source).model_dump()
    if source.path_token is None:
        return SourceWithSecretOut(**shown, secret=source.secret)
    return SourceWithSecretOut(**{**shown, "hook": f"{shown['hook']}/{source.path_token}"}, secret="")
