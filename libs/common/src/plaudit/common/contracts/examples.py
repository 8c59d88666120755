"""One realistic message of each type, as it is on the bus. Every committed one must always parse."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from plaudit.common.contracts.board import (
    CommentChange,
    ErasureRequest,
    LinkChange,
    RequestChange,
    RequestMerge,
    RequestState,
    RequestVote,
    ResponseChange,
)
from plaudit.common.contracts.clocks import AlertChange, ClockChange
from plaudit.common.contracts.consents import ConsentChosen
from plaudit.common.contracts.customers import ConsentSet, CustomerErased, CustomerEvent
from plaudit.common.contracts.envelope import Envelope
from plaudit.common.contracts.incidents import IncidentChange
from plaudit.common.contracts.reviews import (
    Answer,
    Answers,
    Kind,
    Origin,
    RawRating,
    Resolution,
    ReviewChange,
    ReviewState,
    Severity,
    SourceRef,
)
from plaudit.common.contracts.scores import Cause, ProfileScore, ScoreChange, StarsChange, SurveyFigure
from plaudit.common.contracts.topics import TOPICS

_COMMENT = "01956e1c-8a50-7c3e-9d41-2f6f0a5b7c12"
_REVIEW = "01956e1c-8a50-7c3e-9d41-2f6f0a5b7c11"
_REQUEST = "01956e22-0d4f-7a10-8f0e-6a1f4c9d2b35"
_CLOCK = "5b1c9d0e-3f1a-5a7e-9a52-0c7e6d4b1f90"
_PUBLISHED = datetime(2026, 3, 7, 9, 30, 12, 250_000, tzinfo=UTC)
_RECEIVED = datetime(2026, 3, 7, 9, 31, 2, 118_204, tzinfo=UTC)
_ANSWERED = datetime(2026, 3, 7, 15, 4, 0, tzinfo=UTC)
_DUE = datetime(2026, 3, 8, 9, 30, 12, 250_000, tzinfo=UTC)

_STATE = ReviewState(
    subject="northwind/lisbon",
    kind=Kind.STARS,
    rating=2.0,
    raw_rating=RawRating(value=2.0, min=1.0, max=5.0),
    verified=True,
    origin=Origin.INVITED,
    severity=Severity.NEGATIVE,
    source=SourceRef(
        id="01956d00-0000-7000-8000-000000000001",
        name="Northwind shop",
        platform="native",
        created_at=datetime(2026, 1, 5, 8, 0, tzinfo=UTC),
    ),
    external_id="r-88121",
    published_at=_PUBLISHED,
    rated_at=_PUBLISHED,
    received_at=_RECEIVED,
    title="Nobody called back",
    text="The bike was fine, but I waited two days for an answer about the deposit.",
    language="en",
    person="native:c-4711",
    tags=("support", "deposit"),
    url="https://shop.example/reviews/r-88121",
)
_ANSWERED_STATE = msgspec.structs.replace(
    _STATE,
    answer=Answer(text="You are right, we should have called.", published_at=_ANSWERED, state="published"),
)
_CLOCK_CHANGE = ClockChange(
    clock_id=_CLOCK,
    review_id=_REVIEW,
    source_id=_STATE.source.id,
    external_id=_STATE.external_id,
    subject=_STATE.subject,
    metric="first_answer",
    policy_revision=1,
    anchor_at=_PUBLISHED,
    due_at=_DUE,
    happened_at=_RECEIVED,
)
_ALERT = AlertChange(
    alert_id="01956f00-1111-7222-8333-444455556666",
    subject=_STATE.subject,
    kind="sla_breach",
    severity="high",
    summary="A two-star review was not answered within 24 hours.",
    owner="owner",
    raised_at=_DUE,
    clock_id=_CLOCK,
    review_id=_REVIEW,
)
_CUSTOMER = CustomerEvent(
    event_id="crm-90211",
    person="native:c-4711",
    subject=_STATE.subject,
    happened_at=_PUBLISHED,
    received_at=_RECEIVED,
)
_REQUEST_STATE = RequestState(
    request_id=_REQUEST,
    slug="refund-the-deposit-at-once",
    title="Refund the deposit at once",
    status="planned",
    votes=41,
    reach=44,
    created_at=_PUBLISHED,
    impact="2",
    effort_weeks="3",
    priority="29.33",
)
_MERGED_REQUEST_STATE = msgspec.structs.replace(
    _REQUEST_STATE,
    request_id="01956e22-0d4f-7a10-8f0e-6a1f4c9d2b36",
    slug="pay-the-deposit-back-on-the-day",
    title="Pay the deposit back on the day",
    status="open",
    votes=7,
    reach=7,
    impact=None,
    effort_weeks=None,
    priority=None,
)

_INCIDENT = IncidentChange(
    incident_id="0199d6f2-7c1e-7a40-9a52-1f0c6f0f3b11",
    slug="payments-fail-at-the-till-6f0f3b11",
    title="Payments fail at the till",
    kind="incident",
    severity="urgent",
    state="open",
    audience="public",
    subjects=(_STATE.subject,),
    opened_at=_RECEIVED,
    happened_at=_RECEIVED,
    change="opened",
)
_DATA: dict[str, Any] = {
    "review.created": ReviewChange(review_id=_REVIEW, revision=1, before=None, after=_STATE),
    "review.edited": ReviewChange(
        review_id=_REVIEW,
        revision=2,
        before=_STATE,
        after=msgspec.structs.replace(
            _STATE,
            rating=4.0,
            raw_rating=RawRating(value=4.0, min=1.0, max=5.0),
            severity=Severity.NORMAL,
            edited_at=_ANSWERED,
            rated_at=_ANSWERED,
        ),
        answers=Answers.UNTOLD,
    ),
    "review.answered": ReviewChange(review_id=_REVIEW, revision=2, before=_STATE, after=_ANSWERED_STATE),
    "review.answer_removed": ReviewChange(review_id=_REVIEW, revision=3, before=_ANSWERED_STATE, after=_STATE),
    "review.removed": ReviewChange(review_id=_REVIEW, revision=4, before=_STATE, after=None),
    "review.restored": ReviewChange(review_id=_REVIEW, revision=5, before=None, after=_STATE),
    "review.resolved": ReviewChange(
        review_id=_REVIEW,
        revision=6,
        before=_ANSWERED_STATE,
        after=msgspec.structs.replace(
            _ANSWERED_STATE,
            resolution=Resolution(
                disposition="justified", outcome="refunded", cause="late_callback", ease=5, resolved_at=_RECEIVED
            ),
        ),
    ),
    "review.sorted": ReviewChange(
        review_id=_REVIEW,
        revision=7,
        before=_STATE,
        after=msgspec.structs.replace(_STATE, topics=("billing_refund", "speed_waiting"), check=True),
    ),
    "review.erased": ReviewChange(
        review_id=_REVIEW,
        revision=6,
        before=msgspec.structs.replace(
            _STATE, external_id="erased", title=None, text=None, person=None, tags=(), url=None, language=None
        ),
        after=None,
    ),
    "customer.purchased": msgspec.structs.replace(
        _CUSTOMER, reference="order 5521", plan="city bike", language="de", zone="Europe/Berlin"
    ),
    "customer.upgraded": msgspec.structs.replace(_CUSTOMER, plan="family"),
    "customer.ticket_closed": msgspec.structs.replace(_CUSTOMER, reference="ticket 812"),
    "customer.stage_entered": msgspec.structs.replace(_CUSTOMER, stage="onboarding"),
    "customer.renewal_set": msgspec.structs.replace(_CUSTOMER, renews_at=_DUE),
    "customer.contacted": msgspec.structs.replace(_CUSTOMER, channel="phone"),
    "customer.replied": msgspec.structs.replace(_CUSTOMER, channel="mail"),
    "customer.opted_out": msgspec.structs.replace(_CUSTOMER, channel="mail"),
    "customer.erased": CustomerErased(erasure_id=_REQUEST, person=_CUSTOMER.person, erased_at=_RECEIVED),
    "customer.consent_set": ConsentSet(person=_CUSTOMER.person, consent="granted", said_at=_PUBLISHED),
    "score.changed": ScoreChange(
        subject=_STATE.subject,
        number=1_772_875_862_118_204,
        as_of=_RECEIVED,
        cause=Cause.REVIEWS,
        profiles={
            "trust": ProfileScore(
                score=4.018433179723503,
                stars=4.0,
                count=7,
                distribution={"1": 0, "2": 1, "3": 0, "4": 0, "5": 6},
                effective_reviews=7.0,
                prior=3.5,
                next_stars=StarsChange(at=datetime(2026, 12, 28, 14, 41, 5, 541_862, tzinfo=UTC), stars=3.5),
                weight=6.5625,
                prior_weight=7.0,
                half_life_days=182.5,
            ),
            "lifetime": ProfileScore(
                score=4.035714285714286,
                stars=4.0,
                count=7,
                distribution={"1": 0, "2": 1, "3": 0, "4": 0, "5": 6},
                effective_reviews=7.0,
                prior=3.5,
                weight=7.0,
                prior_weight=7.0,
            ),
        },
        nps=SurveyFigure(value=40.0, count=5),
    ),
    "clock.started": _CLOCK_CHANGE,
    "clock.warned": msgspec.structs.replace(_CLOCK_CHANGE, fraction=0.5),
    "clock.breached": msgspec.structs.replace(_CLOCK_CHANGE, happened_at=_DUE),
    "clock.fulfilled": msgspec.structs.replace(_CLOCK_CHANGE, happened_at=_ANSWERED),
    "clock.cancelled": msgspec.structs.replace(_CLOCK_CHANGE, reason="removed"),
    "clock.retracted": msgspec.structs.replace(_CLOCK_CHANGE, happened_at=_ANSWERED, reason="answered_in_time"),
    "clock.unknown": msgspec.structs.replace(_CLOCK_CHANGE, happened_at=_DUE),
    "clock.paused": msgspec.structs.replace(_CLOCK_CHANGE, by_hand=True),
    "clock.resumed": msgspec.structs.replace(_CLOCK_CHANGE, by_hand=True),
    "clock.policy_applied": msgspec.structs.replace(
        _CLOCK_CHANGE,
        by_hand=True,
        policy_id="own",
        policy_class="one-or-two-stars",
        calendar="berlin",
        calendar_revision=2,
    ),
    "clock.anchor_corrected": msgspec.structs.replace(
        _CLOCK_CHANGE,
        by_hand=True,
        review_id="",
        source_id="",
        external_id="",
        metric="statutory",
        about_kind="incident",
        about_id=_INCIDENT.incident_id,
        policy_id="shipped",
        policy_class="data-breach",
    ),
    "incident.opened": _INCIDENT,
    "incident.updated": msgspec.structs.replace(_INCIDENT, change="update", update=1),
    "incident.resolved": msgspec.structs.replace(_INCIDENT, change="resolved", state="resolved", update=2),
    "incident.closed": msgspec.structs.replace(_INCIDENT, change="closed", state="closed", update=2),
    "alert.raised": _ALERT,
    "alert.acknowledged": msgspec.structs.replace(_ALERT, state="acknowledged", until=_DUE + timedelta(hours=4)),
    "alert.assigned": msgspec.structs.replace(_ALERT, state="open"),
    "alert.silenced": msgspec.structs.replace(_ALERT, state="open", until=_DUE + timedelta(days=1)),
    "alert.resolved": msgspec.structs.replace(_ALERT, reason="retracted", state="resolved"),
    "consent.chosen": ConsentChosen(
        person=_CUSTOMER.person,
        topic="incident",
        channel="email",
        choice="in",
        source="sign_up",
        chosen_at=_CUSTOMER.received_at,
    ),
    "request.created": RequestChange(request=msgspec.structs.replace(_REQUEST_STATE, status="open")),
    "request.voted": RequestVote(request=_REQUEST_STATE, person="native:c-4711"),
    "request.status_changed": RequestChange(
        request=_REQUEST_STATE, previous_status="under_review", reason="Eleven shops asked for it this quarter."
    ),
    "request.scored": RequestChange(request=_REQUEST_STATE),
    "request.merged": RequestMerge(
        request=_MERGED_REQUEST_STATE, into=_REQUEST_STATE, reason="Both ask for the deposit on the day of return."
    ),
    "request.unmerged": RequestMerge(request=_MERGED_REQUEST_STATE, into=_REQUEST_STATE),
    "request.unvoted": RequestVote(request=_REQUEST_STATE, person="native:c-4711"),
    "review.linked": LinkChange(request=_REQUEST_STATE, review_id=_REVIEW, review_subject=_STATE.subject),
    "review.unlinked": LinkChange(request=_REQUEST_STATE, review_id=_REVIEW, review_subject=_STATE.subject),
    "request.edited": RequestChange(request=_REQUEST_STATE),
    "request.removed": RequestChange(request=_REQUEST_STATE),
    "comment.created": CommentChange(request=_REQUEST_STATE, comment_id=_COMMENT, by_staff=False),
    "comment.changed": CommentChange(request=_REQUEST_STATE, comment_id=_COMMENT, by_staff=False),
    "comment.removed": CommentChange(request=_REQUEST_STATE, comment_id=_COMMENT, by_staff=False),
    "response.published": ResponseChange(
        request=_REQUEST_STATE, revision=1, text="We build it this spring, with the shops that asked for it."
    ),
    "person.erasure_requested": ErasureRequest(person="native:c-4711", requested_at=_ANSWERED),
    "clock.pause_overlapped": msgspec.structs.replace(_CLOCK_CHANGE, happened_at=_ANSWERED),
}


def examples() -> Iterator[tuple[str, bytes]]:
    """Yield (type, message as on the bus) for every type in the registry."""
    for topic in TOPICS.values():
        for number, name in enumerate(topic.types, start=1):
            event: Envelope[Any] = Envelope(
                specversion="1.0",
                id=f"01957000-0000-7000-8000-{number:012d}",
                source=f"/plaudit/{topic.writer}",
                type=name,
                time=_RECEIVED,
                subject=_STATE.subject,
                tenant="default",
                datacontenttype="application/json",
                traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                tracestate="congo=t61rcWkgMzE,rojo=00f067aa0ba902b7",
                data=_DATA[name],
                epoch="1",
                sequence=f"{number:020d}",
            )
            yield name, msgspec.json.encode(event)
