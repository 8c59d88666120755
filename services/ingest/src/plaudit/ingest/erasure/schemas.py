"""Erasures in the API."""

from datetime import datetime
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from plaudit.common.http import Body
from plaudit.ingest.contacts.domain import PERSON_PATTERN
from plaudit.ingest.contacts.schemas import Email
from plaudit.ingest.erasure.domain import Erasure, Stage

_NAMES: Final = ("review_id", "person", "email")


class ErasureIn(Body):
    """What to erase: a review, or all that a person did up to now. Exactly one of the three names it."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {
                    "required": [name],
                    "properties": {each: {"type": "string" if each == name else "null"} for each in _NAMES},
                }
                for name in _NAMES
            ]
        }
    )

    review_id: UUID | None = Field(default=None, description="A review. This, or `person`, or `email`.")
    person: Annotated[str, StringConstraints(pattern=PERSON_PATTERN)] | None = Field(
        default=None, description="A person key, as reviews show it.", examples=["native:c-1"]
    )
    email: Email | None = Field(default=None, description="A person's address; deliveries that hold it are found too.")

    @model_validator(mode="after")
    def _check_that_one_is_named(self) -> Self:
        named = [name for name in _NAMES if getattr(self, name) is not None]
        if len(named) == 1:
            return self
        rule = PydanticCustomError("name_one", "name one of `review_id`, `person` and `email`, and only one")
        raise ValidationError.from_exception_data(
            type(self).__name__, [InitErrorDetails(type=rule, loc=(name,), input=None) for name in named or _NAMES]
        )


class ErasureOut(BaseModel):
    """An erasure, and when it is done its receipt."""

    id: UUID = Field(description="Its id.")
    review_id: UUID | None = Field(description="The review that is erased.")
    person: str | None = Field(description="The person who is erased.", examples=["native:c-1"])
    requested_by: str = Field(description="Who asked for it.", examples=["key:2ddq7sf7p7fb6c7r"])
    requested_at: datetime = Field(description="When. What a person does later is not erased.")
    stage: Stage = Field(description="What it does now; `done` when nothing is left.")
    counts: dict[str, int] = Field(description="Store → how many of its rows were deleted or emptied.", examples=[{}])
    finished_at: datetime | None = Field(description="When it was done.")
    digest: str | None = Field(description="SHA-256 of the receipt, when it is done.")


def erasure_out(erasure: Erasure) -> ErasureOut:
    """Return an erasure as the API shows it."""
    return ErasureOut.model_validate(erasure, from_attributes=True)
