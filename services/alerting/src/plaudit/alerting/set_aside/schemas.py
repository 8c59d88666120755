"""What was set aside, as the API shows it."""

from datetime import datetime

from pydantic import BaseModel, Field

from plaudit.alerting.set_aside.domain import Kind, SetAside
from plaudit.common.http import Body
from plaudit.common.http.openapi_examples import A_TIME
from plaudit.common.http.texts import STORABLE_PATTERN

MAX_ID_CHARS = 200


class SetAsideOut(BaseModel):
    """Something that raised an error by itself and waits for a person."""

    kind: Kind = Field(description="What it is.", examples=["timer"])
    id: str = Field(
        description="A timer has the clock's, a step the alert's, a silence its own, a contact the person's key; "
        "empty for a digest.",
        examples=["01956e1c-8a50-7c3e-9d41-2f6f0a5b7c11"],
    )
    due_at: datetime = Field(description="When it was to be processed.", examples=[A_TIME])
    failed_at: datetime = Field(description="When it was set aside.", examples=[A_TIME])
    error: str = Field(description="What went wrong.", examples=["LookupError: revision 4 is not stored"])


class RetryIn(Body):
    """What is to be tried again."""

    kind: Kind | None = Field(default=None, description="Only of this kind; null: all of it.", examples=["timer"])
    id: str | None = Field(
        default=None,
        max_length=MAX_ID_CHARS,
        json_schema_extra={"pattern": STORABLE_PATTERN},
        description="Only what has this id, empty for a digest; null: all of it.",
        examples=["01956e1c-8a50-7c3e-9d41-2f6f0a5b7c11"],
    )


class RetriedOut(BaseModel):
    """How much is tried again."""

    count: int = Field(
        description="How many things, at most 1,000 of each kind; 0: none of them is set aside.", examples=[0]
    )


def set_aside_out(each: SetAside) -> SetAsideOut:
    """Return it as the API shows it."""
    return SetAsideOut(kind=each.kind, id=each.id, due_at=each.due_at, failed_at=each.failed_at, error=each.error)
