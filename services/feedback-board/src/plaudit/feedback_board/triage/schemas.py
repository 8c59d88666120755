"""What the API answers about what waits for the team."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from plaudit.feedback_board.requests.domain.activity import decimal_text
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.domain.status import Status
from plaudit.feedback_board.triage.domain import Section, Triage


class TriageRowOut(BaseModel):
    """A request that waits, and in which section of the inbox."""

    section: Section
    id: UUID
    title: str
    status: Status
    status_changed_at: datetime
    votes: int
    reach: int
    priority: str | None = Field(description="Null while the request is not sized.")


class TriageOut(BaseModel):
    """What of the board waits for the team. Requests that are merged into others are not counted."""

    as_of: datetime = Field(description="When it was counted.")
    new: int = Field(description="Made within the last 7 days.", examples=[0])
    new_open: int = Field(description="Of these, the ones that are open yet.", examples=[0])
    waiting: int = Field(description="Open or under review.", examples=[0])
    under_review: int = Field(description="Of these, the ones under review.", examples=[0])
    stale_open: int = Field(description="Open for more than 7 days: nobody has looked at them.", examples=[0])
    stale_planned: int = Field(description="Planned for more than 90 days.", examples=[0])
    stale_in_progress: int = Field(description="In progress for more than 30 days without an update.", examples=[0])
    unsized_large: int = Field(description="Undecided, not sized, and with a reach of 10 or more.", examples=[0])
    held_posts: int = Field(description="Posts that wait for a look of the team.", examples=[0])
    vote_bursts: int = Field(
        description="How often one network cast more than 10 anonymous votes within an hour, in the last 7 days.",
        examples=[0],
    )
    suggested_links: int = Field(description="Proposed links to reviews that nobody has decided on.", examples=[0])
    failed_mails: int = Field(description="Mails that could not be sent; at most 1,000 are counted.", examples=[0])
    first: list[TriageRowOut] = Field(description="The first three requests of each section.", examples=[[]])


def triage_out(found: Triage, first: Mapping[Section, Sequence[Request]], as_of: datetime) -> TriageOut:
    """Return what waits as the API shows it."""
    rows = [_row(section, request) for section, requests in first.items() for request in requests]
    return TriageOut(as_of=as_of, **asdict(found), first=rows)


def _row(section: Section, request: Request) -> TriageRowOut:
    return TriageRowOut(
        section=section,
        id=request.id,
        title=request.title,
        status=request.status,
        status_changed_at=request.status_changed_at,
        votes=request.votes,
        reach=request.reach,
        priority=decimal_text(request.priority),
    )
