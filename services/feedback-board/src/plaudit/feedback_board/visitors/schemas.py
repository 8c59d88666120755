"""What the API takes and answers about the tokens of the host's product."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from plaudit.common.http import Body
from plaudit.feedback_board.visitors.domain.host_token import (
    SECRET_MAX_CHARACTERS,
    SECRET_MIN_CHARACTERS,
    SECRET_PATTERN,
)

Secret = Annotated[
    str,
    Field(
        min_length=SECRET_MIN_CHARACTERS,
        max_length=SECRET_MAX_CHARACTERS,
        pattern=SECRET_PATTERN,
        description="Random, printable ASCII without blanks: 32 bytes as base64, for example. It is never shown.",
        examples=["mPZ2hQx0v8sJ4kT1yW7cR5nB9aD3fG6u"],
    ),
]


class SignInSecretIn(Body):
    """What the host's product signs its tokens with."""

    secret: Secret


class SignInSecretOut(BaseModel):
    """Since when the secret counts. It is not shown."""

    set_at: datetime = Field(description="When it was set.")
    previous_until: datetime | None = Field(description="Until then, tokens count that the secret before signed.")
    audience: str = Field(description="What `aud` of each token must be.", examples=["plaudit-board:default"])
    algorithm: str = Field(description="What `alg` of each token must be.", examples=["HS256"])
