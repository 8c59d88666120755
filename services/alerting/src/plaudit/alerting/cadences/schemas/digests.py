"""The week of a tenant."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, Field

from plaudit.alerting.cadences.domain.digest import Clocks, Digest, compose, in_words
from plaudit.common.http.openapi_examples import A_TIME


class WaitingClockOut(BaseModel):
    """A clock that runs or is late."""

    clock_id: UUID = Field(description="The clock.")
    subject: str = Field(description="What it is about.", examples=["acme/berlin"])
    due_at: datetime = Field(description="When it is due.", examples=[A_TIME])


class ClocksOut(BaseModel):
    """How the clocks stand; no count goes beyond 10,000."""

    running: int = Field(description="That wait for an answer, late ones too.", examples=[0])
    late: int = Field(description="Of these, past their due time.", examples=[0])
    breached: int = Field(description="Breached within the week.", examples=[0])
    fulfilled: int = Field(description="Answered in time within the week.", examples=[0])
    first_due: list[WaitingClockOut] = Field(description="The ten that are due first.", examples=[[]])


class SourceToLookUpOut(BaseModel):
    """How many answers of a source have to be looked up."""

    source_id: str | None = Field(
        description="The source; none where there is none.", examples=["01956d00-0000-7000-8000-000000000001"]
    )
    name: str = Field(description="Its name.", examples=["Acme shop"])
    clocks: int = Field(description="How many.", examples=[3])


class LookUpOut(BaseModel):
    """Of which nobody knows whether it was answered, because the source does not tell answers."""

    clocks: int = Field(description="How many clocks.", examples=[0])
    by_source: list[SourceToLookUpOut] = Field(description="The same by source, the most first.", examples=[[]])
    first: list[WaitingClockOut] = Field(description="The ten that have waited longest.", examples=[[]])


class MoverOut(BaseModel):
    """A subject whose score has changed by 0.05 or more since the digest before."""

    subject: str = Field(description="The subject.", examples=["acme/berlin"])
    before: float = Field(description="The score as the digest before told it.", examples=[4.1])
    after: float = Field(description="The score now.", examples=[4.3])
    change: float = Field(description="By how much.", examples=[0.2])
    count: int = Field(description="Published reviews.", examples=[10])


class ComplaintOut(BaseModel):
    """A topic of complaints."""

    topic: str = Field(description="The topic.", examples=["delivery"])
    count: int = Field(description="In how many complaints of the week.", examples=[2])


class RaisedOut(BaseModel):
    """A review whose author raised the rating."""

    review_id: str = Field(description="Our id of the review.")
    subject: str = Field(description="What it is about.", examples=["acme/berlin"])
    before: int = Field(description="Stars before.", examples=[2])
    after: int = Field(description="Stars now.", examples=[5])


class PraisedOut(BaseModel):
    """A review that praises."""

    review_id: str = Field(description="Our id of the review.")
    subject: str = Field(description="What it is about.", examples=["acme/berlin"])
    stars: int = Field(description="Its stars.", examples=[5])


class AnsweredOut(BaseModel):
    """A subject whose people have answered reviews."""

    subject: str = Field(description="The subject.", examples=["acme/berlin"])
    count: int = Field(description="How many reviews of it were answered within the week.", examples=[3])


class WaitingRequestOut(BaseModel):
    """A request of the board that waits for a decision."""

    request_id: str = Field(description="The request.")
    title: str = Field(description="Its title.", examples=["Dark mode"])
    status: str = Field(description="How it stands.", examples=["open"])
    votes: int = Field(description="Its votes.", examples=[12])
    created_at: datetime = Field(description="Since when.", examples=[A_TIME])


_A_TIME: Final = datetime.fromisoformat(A_TIME)
_EXAMPLE_DIGEST: Final = compose(
    local_date=date(2026, 3, 2),
    zone="UTC",
    start=_A_TIME,
    end=_A_TIME,
    clocks=Clocks(running=0, late=0, breached=0, fulfilled=0, first_due=()),
    scores=(),
    reviews=(),
    requests=(),
    requests_by_status={},
    touchpoints_open=0,
)


class DigestOut(BaseModel):
    """A week, as it was told."""

    local_date: date = Field(description="Its date, in the zone.", examples=["2026-03-02"])
    zone: str = Field(description="The time zone.", examples=["UTC"])
    start: datetime = Field(description="From then: the end of the digest before.", examples=[A_TIME])
    end: datetime = Field(description="To before then.", examples=[A_TIME])
    clocks: ClocksOut = Field(description="How the clocks stand.")
    movers: list[MoverOut] = Field(description="The ten subjects that moved most.", examples=[[]])
    reviews: int = Field(description="Reviews in stars that were published.", examples=[0])
    complaints: int = Field(description="Of these, of one or two stars.", examples=[0])
    topics: list[ComplaintOut] = Field(description="What complaints name, the most frequent first.", examples=[[]])
    praise: int = Field(description="Reviews of four or five stars.", examples=[0])
    answered: int = Field(description="Reviews whose answer was published.", examples=[0])
    raised: list[RaisedOut] = Field(description="Ten raised ratings, those raised most first.", examples=[[]])
    raised_count: int = Field(description="How many were raised.", examples=[0])
    requests: list[WaitingRequestOut] = Field(
        description="Ten requests that wait for a decision, those with the most votes first.", examples=[[]]
    )
    requests_by_status: dict[str, int] = Field(description="How many wait, by status.", examples=[{}])
    touchpoints_open: int = Field(description="Contacts with customers that are still to be made.", examples=[0])
    praised: list[PraisedOut] = Field(description="Ten reviews that praise, the best and newest first.", examples=[[]])
    answered_by: list[AnsweredOut] = Field(
        description="Ten subjects of which reviews were answered, those with the most answers first.", examples=[[]]
    )
    to_look_up: LookUpOut = Field(description="Of which nobody knows whether it was answered.")
    text: str = Field(description="The same in words.", examples=[in_words(_EXAMPLE_DIGEST)])


def digest_out(digest: Digest) -> DigestOut:
    """Return a digest, with its text."""
    members = {name: getattr(digest, name) for name in DigestOut.model_fields if name != "text"}
    return DigestOut.model_validate({**members, "text": in_words(digest)}, from_attributes=True)
