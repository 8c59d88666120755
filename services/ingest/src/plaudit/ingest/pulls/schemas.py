"""Pulls in the API."""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from msgspec.structs import asdict
from pydantic import BaseModel, Field

from plaudit.common.http import Body
from plaudit.common.http.openapi_examples import A_TIME
from plaudit.ingest.pulls.domain import HELD_FOR, HELD_LISTS, REMOVED_AT_ONCE, REMOVED_SHARE, Pull

State = Literal["not_asked", "no_credentials", "waiting", "walking", "failing"]


class CredentialsIn(Body):
    """What a source is asked with."""

    credentials: dict[str, str | list[str]] = Field(
        max_length=20,
        description="By the names that the platform's page lists, for example `api_key`, `api_secret` and "
        "`business_unit_id` of Trustpilot. They are stored encrypted and never shown.",
        examples=[{"api_key": "k-1", "api_secret": "s-1", "business_unit_id": "46d6a890"}],
    )


class LastRunOut(BaseModel):
    """What the last run did. One walk through many pages takes several runs."""

    started_at: datetime = Field(description="When it began.")
    finished_at: datetime = Field(description="When it ended.")
    complete: bool = Field(description="Whether it was part of a walk that lists all reviews there are.")
    requests: int = Field(description="How often the platform was asked.", examples=[1])
    pages: int = Field(description="How many pages were read.", examples=[1])
    reviews_found: int = Field(description="How many reviews they listed.", examples=[20])
    changed: int = Field(description="How many of what they said was new.", examples=[2])


HELD_EXAMPLE: Final = {
    "since": A_TIME,
    "lists": 1,
    "missing": 180,
    "visible": 200,
    "not_before": A_TIME,
    "allowed_at": A_TIME,
}
"""Removals that were held, once a person has allowed them."""


class HeldRemovalsOut(BaseModel):
    """Reviews that complete lists lack, and that are not removed since they are so many."""

    since: datetime = Field(description="When the first list began that was not followed.", examples=[A_TIME])
    lists: int = Field(description="How many complete lists on end have said it.", examples=[1])
    missing: int = Field(description="How many reviews the last of them lacks.", examples=[180])
    visible: int = Field(description="Of so many that the platform has listed before.", examples=[200])
    not_before: datetime = Field(
        description="Removed without a person by the first complete list from then on that lacks them still, if at "
        f"least {HELD_LISTS} on end have said so.",
        examples=[A_TIME],
    )
    allowed_at: datetime | None = Field(description="When a person said that they are to be removed.")


class PullsOut(BaseModel):
    """How far the pulls of a source are."""

    source_id: UUID = Field(description="The source.")
    platform: str = Field(description="The kind of place that is asked.", examples=["trustpilot"])
    state: State = Field(
        description="`not_asked`: the platform posts all it tells. `walking`: a walk through the pages has begun and "
        "goes on. `failing`: the last run could not go on; `error` says why.",
        examples=["waiting"],
    )
    credentials_at: datetime | None = Field(description="When the credentials were set last.", examples=[A_TIME])
    next_at: datetime | None = Field(description="When it is asked next.", examples=[A_TIME])
    not_before: datetime | None = Field(
        description="It is not asked before: the platform has asked to wait, or the requests of a while are used up."
    )
    cursor: datetime | None = Field(description="Every change up to here was seen.")
    complete_at: datetime | None = Field(
        description="When the last walk began that has listed all reviews. One that is missing in two of them on end "
        "is removed, and comes back when it is listed again."
    )
    failures: int = Field(description="How many runs on end could not go on.", examples=[0])
    error: str | None = Field(description="Why, in words.")
    error_at: datetime | None = Field(description="When.")
    last_run: LastRunOut | None = Field(description="What the last run did.", examples=[None])
    held_removals: HeldRemovalsOut | None = Field(
        description=f"More than {REMOVED_AT_ONCE} reviews, and more than {REMOVED_SHARE:.0%} of the visible ones, are "
        "missing in two complete lists on end: that looks like a fault of the list, so they are not removed. A list "
        "that has them again ends this.",
        examples=[None],
    )


def pulls_out(source_id: UUID, platform: str, pull: Pull | None, *, is_asked: bool = True) -> PullsOut:
    """Return how far the pulls of a source are, as the API shows it."""
    if pull is None:
        nothing = dict.fromkeys(PullsOut.model_fields)
        state = "no_credentials" if is_asked else "not_asked"
        return PullsOut.model_validate(
            {**nothing, "source_id": source_id, "platform": platform, "state": state, "failures": 0}
        )
    shown: dict[str, Any] = {**asdict(pull), "state": _state(pull), "cursor": pull.watermark}
    shown["last_run"] = None if pull.last_run is None else asdict(pull.last_run)
    held = pull.held_removals
    shown["held_removals"] = None if held is None else {**asdict(held), "not_before": held.since + HELD_FOR}
    return PullsOut.model_validate(shown)


def _state(pull: Pull) -> State:
    if pull.failures:
        return "failing"
    return "waiting" if pull.walk is None else "walking"
