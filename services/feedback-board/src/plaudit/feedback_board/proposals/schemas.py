"""What the API takes and answers about proposals, complaints and recurrence."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from plaudit.common.http import Body
from plaudit.feedback_board.proposals.domain.complaints import Group
from plaudit.feedback_board.proposals.domain.proposal import Decision
from plaudit.feedback_board.proposals.domain.recurrence import Rate, Recurrence
from plaudit.feedback_board.proposals.store.deciding import Shown
from plaudit.feedback_board.requests.schemas import RequestIn, RequestOut

MAX_REVIEWS = 200
"""Of one request that is made of complaints, or of one dismissal."""


class ProposalOut(BaseModel):
    """A review that seems to be about a request."""

    id: UUID = Field(description="The proposal.")
    request_id: UUID = Field(description="The request, or the root that it is merged into.")
    request_title: str = Field(description="Its title.", examples=["Dark mode for all pages"])
    review_id: UUID = Field(description="The review.")
    review_subject: str = Field(description="What it reviews.", examples=["acme/berlin"])
    rating: float | None = Field(description="Its rating from 1 to 5; null without one.", examples=[2.0])
    published_at: datetime = Field(description="When the review was published.")
    sentence: str = Field(description="The sentence that says so.", examples=["Please bring a dark mode"])
    score: float = Field(description="How alike both are, from 0.5 to 1.", examples=[0.66])
    proposed_at: datetime = Field(description="Since when it is proposed.")


class DecisionIn(Body):
    """What is made of a proposal."""

    decision: Decision = Field(
        description="`accepted` links the review; `rejected` never proposes the pair again.", examples=["accepted"]
    )


class DecisionOut(BaseModel):
    """The result of a decision."""

    already: bool = Field(description="Whether it was decided so before.", examples=[False])
    review_id: UUID = Field(description="The review.")
    request: RequestOut = Field(description="The request as it now stands.")


class ComplaintOut(BaseModel):
    """A sentence of a bad review."""

    review_id: UUID = Field(description="The review.")
    sentence: str = Field(description="What it says.", examples=["The refund of my deposit is late"])
    published_at: datetime = Field(description="When the review was published.")


class ComplaintGroupOut(BaseModel):
    """What several people complain about that no request asks for."""

    people: int = Field(description="Distinct people; at least 5.", examples=[5])
    members: list[ComplaintOut] = Field(description="Each review once; the first one speaks for all.")


class ComplaintsOut(BaseModel):
    """What people complain about, the most people first."""

    items: list[ComplaintGroupOut] = Field(description="At most ten.")


class RequestOfReviewsIn(RequestIn):
    """A request that is made of what several reviews say."""

    review_ids: list[UUID] = Field(
        min_length=1, max_length=MAX_REVIEWS, description="Reviews that are linked to it at once; at most 200."
    )


class DismissalIn(Body):
    """Complaints of which no request is wanted."""

    review_ids: list[UUID] = Field(min_length=1, max_length=MAX_REVIEWS, description="The reviews; at most 200.")


class DismissalOut(BaseModel):
    """The result of dismissing complaints."""

    dismissed: int = Field(description="Reviews that were not dismissed before.", examples=[5])


class RateOut(BaseModel):
    """Reviews that complain about what a request asks for, within a time."""

    start: datetime = Field(serialization_alias="from", description="From then on.")
    end: datetime = Field(serialization_alias="to", description="Until before then.")
    reviews: int = Field(description="Below four stars, linked or seeming to be about it.", examples=[12])
    per_week: float | None = Field(description="Reviews a week; null of no time.", examples=[0.933])
    low: float | None = Field(description="The lower limit of 95 % of that.", examples=[0.482])
    high: float | None = Field(description="The upper limit of 95 % of that.", examples=[1.63])


class RecurrenceOut(BaseModel):
    """Whether people still complain about what was shipped."""

    shipped_at: datetime | None = Field(description="When it was shipped; null if it is not.")
    before: RateOut | None = Field(description="The 90 days before; null if it is not shipped.")
    after: RateOut | None = Field(description="At most 90 days after; null if it is not shipped.")


def proposal_out(shown: Shown) -> ProposalOut:
    """Return a proposal as the API shows it."""
    return ProposalOut(
        id=shown.proposal.id,
        request_id=shown.root_id,
        request_title=shown.root_title,
        review_id=shown.proposal.review_id,
        review_subject=shown.subject,
        rating=shown.rating,
        published_at=shown.published_at,
        sentence=shown.quote,
        score=shown.proposal.score,
        proposed_at=shown.proposal.proposed_at,
    )


def group_out(group: Group) -> ComplaintGroupOut:
    """Return a group of complaints as the API shows it."""
    members = [
        ComplaintOut(review_id=each.review_id, sentence=each.sentence, published_at=each.published_at)
        for each in group.members[:MAX_REVIEWS]
    ]
    return ComplaintGroupOut(people=group.people, members=members)


def recurrence_out(measured: Recurrence | None) -> RecurrenceOut:
    """Return recurrence as the API shows it."""
    if measured is None:
        return RecurrenceOut(shipped_at=None, before=None, after=None)
    return RecurrenceOut(
        shipped_at=measured.shipped_at, before=_rate_out(measured.before), after=_rate_out(measured.after)
    )


def _rate_out(rate: Rate) -> RateOut:
    low, high = rate.interval or (None, None)
    return RateOut(start=rate.start, end=rate.end, reviews=rate.reviews, per_week=rate.per_week, low=low, high=high)
