"""The test console in the API."""

from base64 import b64decode, b64encode
from binascii import Error as InvalidBase64Error
from typing import Annotated, Any, Final, Self
from uuid import UUID

from msgspec.structs import asdict
from pydantic import BaseModel, Field, StringConstraints, model_validator

from plaudit.common.http import Body
from plaudit.common.http.openapi_examples import A_TIME, AN_ID
from plaudit.ingest.deliveries.schemas import VerdictOut
from plaudit.ingest.test_console.commands import Tried
from plaudit.ingest.test_console.domain import MAX_BODY_CHARS, State

MAX_HEADERS: Final = 100
_BODY: Final = (
    '{"type": "review.created", "data": {"id": "test-1", "rating": 4, "text": "Nothing but good to say.", '
    f'"published_at": "{A_TIME}"}}}}'
)
_STEPS: Final = [
    {
        "name": "headers",
        "state": "wrong",
        "words": "Webhook-id and webhook-timestamp and webhook-signature is missing.",
    },
    {"name": "signature", "state": "unknown", "words": "It is checked when what is told above is right."},
    {"name": "json", "state": "ok", "words": "The body is strict JSON, or lines of it."},
    {"name": "shape", "state": "ok", "words": "It holds one event, as Native format sends them."},
]
_REVIEW: Final = {
    "subject": "acme",
    "kind": "stars",
    "rating": 4.0,
    "raw_rating": {"value": 4.0, "min": 1.0, "max": 5.0},
    "verified": False,
    "origin": "organic",
    "severity": "normal",
    "source": {"id": AN_ID, "name": "Our shop", "platform": "native", "created_at": A_TIME},
    "external_id": "test-1",
    "published_at": A_TIME,
    "rated_at": A_TIME,
    "received_at": A_TIME,
    "text": "Nothing but good to say.",
    "language": "en",
    "language_from_text": True,
}
"""Of the examples."""
HeaderName = Annotated[str, StringConstraints(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$")]
HeaderValue = Annotated[str, StringConstraints(max_length=8_192, pattern=r"^[ -~]*$")]


class TrialIn(Body):
    """A delivery to try out."""

    headers: dict[HeaderName, HeaderValue] = Field(
        default={}, max_length=MAX_HEADERS, description="Its headers.", examples=[{}]
    )
    body: str | None = Field(
        default=None,
        max_length=MAX_BODY_CHARS,
        description="Its body, byte for byte. This, or `body_base64`.",
        examples=[_BODY],
    )
    body_base64: str | None = Field(default=None, max_length=2 * MAX_BODY_CHARS, description="The same in base64.")
    token: str | None = Field(
        default=None, max_length=512, description="The end of the address, where the platform signs nothing."
    )
    sign: bool = Field(
        strict=True,
        default=False,
        description="Whether to sign it first as the platform does, with the secret of the source and the time of now.",
    )

    @model_validator(mode="after")
    def _check_that_there_is_one_body(self) -> Self:
        if (self.body is None) == (self.body_base64 is None):
            raise ValueError("give `body` or `body_base64`, not both")
        if self.body_base64 is not None:
            try:
                b64decode(self.body_base64, validate=True)
            except (InvalidBase64Error, ValueError) as error:
                raise ValueError("`body_base64` is no base64") from error
        return self

    @property
    def content(self) -> bytes:
        """The bytes of the body."""
        if self.body is not None:
            return self.body.encode(errors="surrogatepass")
        return b64decode(self.body_base64 or "", validate=True)


class StepOut(BaseModel):
    """One step that the delivery takes."""

    name: str = Field(
        description="`headers`, `time`, `signature`, `address`, `sender`, `source`, `json`, `shape` or `repetition`.",
        examples=["signature"],
    )
    state: State = Field(description="How it ends; `unknown` where it cannot be told here.", examples=["ok"])
    words: str = Field(description="The same for people.", examples=["It fits a secret of the source."])


class SignatureOut(BaseModel):
    """What the signature is made of."""

    signed_base64: str | None = Field(description="The bytes that are signed, in base64; null where none are.")
    expected: list[str] = Field(
        description="The signatures that fit: one for each secret of the source.", examples=[[]]
    )
    given: str | None = Field(description="The signature that the delivery has.")
    skew_seconds: float | None = Field(
        description="How far ahead of ours the sender's clock is; negative if it is behind."
    )
    hint: str | None = Field(description="The mistake that a wrong signature comes from, where it is a common one.")


class TriedEventOut(VerdictOut):
    """One event, and what would become of it."""

    external_id: str | None = Field(
        description="The platform's id of the review that it is about.", examples=["test-1"]
    )
    review_id: UUID | None = Field(description="The review that it is about, where that is known.")
    pointer: str | None = Field(description="The place in the event that the reason names, as a JSON Pointer.")
    before: dict[str, Any] | None = Field(description="The review before the delivery, as events tell it.")
    after: dict[str, Any] | None = Field(
        description="The review after the delivery; null where nothing would change.", examples=[_REVIEW]
    )


class TrialOut(BaseModel):
    """What would become of a delivery. Nothing of it is stored."""

    status: int = Field(description="The HTTP status that it would be answered with.", examples=[401])
    steps: list[StepOut] = Field(description="Each step that it takes.", examples=[_STEPS])
    headers: dict[str, str] = Field(description="Its headers, with those that were added by signing it.", examples=[{}])
    signature: SignatureOut = Field(description="What its signature is made of.")
    events: list[TriedEventOut] = Field(description="Its events in their order.")


def trial_out(tried: Tried, headers: dict[str, str]) -> TrialOut:
    """Return what would become of a delivery, as the API shows it."""
    signature = tried.proved.signature
    signed = None if signature.signed is None else b64encode(signature.signed).decode()
    events = [
        {**asdict(each.verdict), "pointer": each.pointer, "before": each.before, "after": each.after}
        for each in tried.events
    ]
    return TrialOut.model_validate(
        {
            "status": tried.status,
            "steps": [asdict(step) for step in tried.steps],
            "headers": headers,
            "signature": {**asdict(signature), "signed_base64": signed},
            "events": events,
        }
    )
