"""What the company does to a review, and what platforms tell of it afterwards."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from plaudit.ingest.reviews.domain.decisions import DUPLICATE, Revised, decide
from plaudit.ingest.reviews.domain.instructions import (
    AnswerContent,
    AnswerReview,
    AnswerState,
    Content,
    CreateReview,
    EditReview,
)
from plaudit.ingest.reviews.domain.settling import answered, resolved
from plaudit.ingest.reviews.domain.state import Answer, Disposition, Resolution, StoredReview
from plaudit.ingest.sources.domain import Source

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SOURCE = Source(
    tenant_id="default", id="s-1", name="Shop", platform="native", subject="acme", secret="", created_at=NOW
)
ANSWER = Answer(text="Thank you.\nWe are sorry.", published_at=NOW, state="published", ours=True)
RESOLUTION = Resolution(disposition=Disposition.JUSTIFIED, outcome="refunded", cause=None, ease=7, resolved_at=NOW)


@pytest.fixture
def review() -> StoredReview:
    created = CreateReview(external_id="r-1", version=None, content=Content(rating=2.0, published_at=NOW))
    decision = decide(None, created, SOURCE, NOW, "review-1")
    assert isinstance(decision, Revised)
    return decision.stored


def after(decision: object) -> StoredReview:
    assert isinstance(decision, Revised)
    return decision.stored


def test_an_answer_is_the_next_revision_and_the_public_sees_it(review: StoredReview):
    decision = answered(review, review.state, ANSWER)
    assert isinstance(decision, Revised)
    assert (decision.type, decision.stored.revision) == ("review.answered", 2)
    assert decision.change.before == review.state
    assert decision.change.after == replace(review.state, answer=ANSWER)


@pytest.mark.parametrize("text", [ANSWER.text, " Thank  you. We are sorry.\r\n"])
@pytest.mark.parametrize("at", [None, NOW - 5 * MINUTE, NOW + 5 * MINUTE])
def test_the_platform_that_tells_of_our_answer_tells_nothing_new(review: StoredReview, text: str, at: datetime | None):
    ours = after(answered(review, review.state, ANSWER))
    told = AnswerReview(external_id="r-1", answer=AnswerContent(text=text, published_at=at))
    assert decide(ours, told, SOURCE, NOW + 9 * MINUTE, "") == DUPLICATE
    listed = EditReview(
        external_id="r-1", content=Content(rating=2.0, answer=AnswerContent(text=text, published_at=at))
    )
    assert decide(ours, listed, SOURCE, NOW + 9 * MINUTE, "") == DUPLICATE


def test_our_answer_that_the_platform_has_told_already_is_nothing_new(review: StoredReview):
    content = AnswerContent(text=ANSWER.text, published_at=NOW - MINUTE)
    told = after(decide(review, AnswerReview(external_id="r-1", answer=content), SOURCE, NOW, ""))
    assert answered(told, told.state, ANSWER) == DUPLICATE


def test_another_answer_or_another_state_of_the_platform_is_told(review: StoredReview):
    ours = after(answered(review, review.state, ANSWER))
    for content in (
        AnswerContent(text="Other words.", published_at=NOW),
        AnswerContent(text=ANSWER.text, published_at=NOW, state=AnswerState.REJECTED),
        AnswerContent(state=AnswerState.REMOVED),
    ):
        assert isinstance(decide(ours, AnswerReview(external_id="r-1", answer=content), SOURCE, NOW, ""), Revised)


def test_a_list_that_was_made_before_our_answer_does_not_take_it_back(review: StoredReview):
    ours = after(answered(review, review.state, ANSWER))
    without = EditReview(
        external_id="r-1", content=Content(rating=2.0, answer=AnswerContent(state=AnswerState.REMOVED))
    )
    assert decide(ours, without, SOURCE, NOW + 14 * MINUTE, "") == DUPLICATE
    removed = decide(ours, without, SOURCE, NOW + 15 * MINUTE, "")
    assert isinstance(removed, Revised)
    assert removed.type == "review.answer_removed"


def test_a_resolution_is_a_revision_that_edits_leave_alone(review: StoredReview):
    decision = resolved(review, review.state, RESOLUTION)
    assert isinstance(decision, Revised)
    assert decision.type == "review.resolved"
    assert resolved(decision.stored, decision.stored.state, RESOLUTION) == DUPLICATE
    edited = decide(decision.stored, EditReview(external_id="r-1", content=Content(rating=5.0)), SOURCE, NOW, "")
    assert after(edited).state.resolution == RESOLUTION


def test_of_a_removed_review_the_public_sees_neither(review: StoredReview):
    removed = replace(review, removed=True)
    for decision in (answered(removed, review.state, ANSWER), resolved(removed, review.state, RESOLUTION)):
        assert isinstance(decision, Revised)
        assert decision.change is None
