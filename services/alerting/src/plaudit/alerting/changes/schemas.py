"""Changes as the API shows them."""

from datetime import datetime

from pydantic import BaseModel, Field

from plaudit.common.http.openapi_examples import A_TIME


class ChangeOut(BaseModel):
    """That clocks or alerts changed."""

    at: datetime = Field(description="When it changed.", examples=[A_TIME])


class ChangesOut(BaseModel):
    """What has changed since a place."""

    items: list[ChangeOut] = Field(description="The changes, the oldest first: at most 500.")
    next: str = Field(
        description="The place that was read up to: send it as `after`, or as `Last-Event-ID` to follow live from it.",
        examples=["AgJtK2H4uo_Qks0PpmhzY29yZXM"],
    )
