"""One request, and how its figures follow from its sizing and its mentions."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec

from plaudit.feedback_board.requests.domain.priority import FORMULA_VERSION, Sizing, priority
from plaudit.feedback_board.requests.domain.reach import Mentions, recount_at
from plaudit.feedback_board.requests.domain.status import Status
from plaudit.feedback_board.requests.domain.trend import NO_TREND
from plaudit.feedback_board.requests.domain.visibility import Author, Visibility
from plaudit.feedback_board.requests.domain.weighing import Concern, ReachView, Strata, Weighing, weigh


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A request as it comes in, already cleaned."""

    title: str
    text: str
    subject: str | None = None
    persona: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request on the board. Times are UTC with microseconds."""

    tenant_id: str
    id: UUID
    slug: str
    title: str
    text: str
    subject: str | None
    persona: str | None
    created_at: datetime
    status: Status
    status_reason: str | None
    """The public reason for the status; None where none was given."""
    status_changed_at: datetime
    impact: Decimal | None
    effort_weeks: Decimal | None
    priority: Decimal | None
    votes: int
    reach: int
    unidentified_mentions: int
    linked_reviews: int
    last_mention_at: datetime
    """The newest vote or linked review; the creation of the request while there is none."""
    recount_at: datetime | None
    """When reach may next fall without any event."""
    revision: int
    """Rises by one with each change that anyone can see."""
    # What follows has values for an answer that was kept under an idempotency key before there were these fields.
    anonymous_votes: int = 0
    """Of `votes`, those of visitors who did not sign in."""
    anonymous_reach: int = 0
    """Visitors who voted within the window of reach and did not sign in; not in `reach`."""
    trend: int = NO_TREND
    """As `domain.trend` says: the larger, the more it is asked for lately."""
    merged_into: UUID | None = None
    """The root: the request that speaks for this one, and was itself merged into no other; None for a root."""
    merged_at: datetime | None = None
    sized_at: datetime | None = None
    """When impact and effort were last estimated; None while unsized."""
    concern: Concern | None = None
    strata: Strata = field(default_factory=dict)
    """The people of `reach`, by persona."""
    muted_people: int = 0
    """Of `reach`, the people of personas that are muted."""
    weighted_reach: Decimal = Decimal(0)
    """What the people count for in the view below: priority is made of it."""
    reach_view: ReachView = ReachView.RAW
    reach_cap: int | None = None
    formula_version: int = FORMULA_VERSION
    author_key: str | None = None
    """The person key of who made it on the public pages; None over the API, and once the person was erased."""
    author_name: str | None = None
    """The name that the author wants to be shown under; None for a visitor."""
    visibility: Visibility = Visibility.PUBLISHED
    edited_at: datetime | None = None
    """When its author last changed the title or the text."""

    @property
    def strata_json(self) -> str:
        """The strata as they are stored."""
        return msgspec.json.encode(self.strata).decode()

    @property
    def is_weighted(self) -> bool:
        """Whether somebody counts for less than one."""
        return self.weighted_reach != self.reach

    @property
    def sizing(self) -> Sizing | None:
        """Impact and effort together, or None while either is missing."""
        if self.impact is None or self.effort_weeks is None:
            return None
        return Sizing(self.impact, self.effort_weeks)


def new_request(
    tenant_id: str,
    request_id: UUID,
    slug: str,
    draft: Draft,
    now: datetime,
    author: Author | None = None,
    visibility: Visibility = Visibility.PUBLISHED,
) -> Request:
    """Return a new request: open, unsized, without votes."""
    return Request(
        tenant_id=tenant_id,
        id=request_id,
        slug=slug,
        title=draft.title,
        text=draft.text,
        subject=draft.subject,
        persona=draft.persona,
        created_at=now,
        status=Status.OPEN,
        status_reason=None,
        status_changed_at=now,
        impact=None,
        effort_weeks=None,
        priority=None,
        votes=0,
        reach=0,
        unidentified_mentions=0,
        linked_reviews=0,
        last_mention_at=now,
        recount_at=None,
        revision=1,
        author_key=None if author is None else author.key,
        author_name=None if author is None else author.name,
        visibility=visibility,
    )


def sized(request: Request, sizing: Sizing | None) -> Request:
    """Return the request with this sizing, None for unsized, and the priority that follows."""
    return replace(
        request,
        impact=None if sizing is None else sizing.impact,
        effort_weeks=None if sizing is None else sizing.effort_weeks,
        priority=priority(sizing, request.weighted_reach),
    )


def weighed(request: Request, strata: Strata, weighing: Weighing) -> Request:
    """Return the request with these people, weighed, and the reach and the priority that follow."""
    figures = weigh(strata, weighing, request.concern)
    return replace(
        request,
        strata=dict(strata),
        reach=figures.people,
        muted_people=figures.muted_people,
        weighted_reach=figures.reach,
        reach_view=figures.view,
        reach_cap=figures.cap,
        formula_version=FORMULA_VERSION,
        priority=priority(request.sizing, figures.reach),
    )


def recounted(request: Request, mentions: Mentions, weighing: Weighing) -> Request:
    """Return the request with new counts of its mentions, and the reach and the priority that follow."""
    counted = replace(
        request,
        anonymous_reach=mentions.anonymous_reach,
        unidentified_mentions=mentions.unidentified,
        linked_reviews=mentions.linked_reviews,
        last_mention_at=max(mentions.last_at or request.created_at, request.created_at),
        recount_at=recount_at(mentions),
        trend=mentions.trend,
    )
    return weighed(counted, mentions.strata, weighing)
