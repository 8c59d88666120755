from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from plaudit.ingest.reviews.domain.decisions import ERASED, Revised, decide
from plaudit.ingest.reviews.domain.erasing import erase, is_of_erased
from plaudit.ingest.reviews.domain.instructions import (
    AnswerContent,
    AnswerReview,
    Content,
    CreateReview,
    EditReview,
    Instruction,
    RemoveReview,
    RestoreReview,
)
from plaudit.ingest.reviews.domain.state import StoredReview
from plaudit.ingest.sources.domain import Source

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
SOURCE = Source(tenant_id="t", id="s", name="n", platform="native", subject="acme", secret="x", created_at=NOW)
CONTENT = Content(rating=2, text="words", title="words", person="native:c-1", published_at=NOW)
EVERY: list[Instruction] = [
    CreateReview(external_id="r-1", version=9, content=CONTENT),
    EditReview(external_id="r-1", version=9, content=CONTENT),
    RemoveReview(external_id="r-1", version=9),
    RestoreReview(external_id="r-1", version=9),
    AnswerReview(external_id="r-1", version=9, answer=AnswerContent(text="words")),
]


def created() -> StoredReview:
    decision = decide(None, CreateReview(external_id="r-1", content=CONTENT), SOURCE, NOW, "1")
    assert isinstance(decision, Revised)
    return decision.stored


@pytest.mark.parametrize("instruction", EVERY, ids=lambda each: type(each).__name__)
def test_nothing_that_is_said_of_an_erased_review_changes_it(instruction: Instruction) -> None:
    assert decide(erase(created(), LATER).stored, instruction, SOURCE, LATER, "2") is ERASED


def test_an_erased_review_is_told_as_the_figures_that_were_public() -> None:
    current = created()
    revised = erase(current, LATER)
    assert current.state is not None
    assert revised.change is not None
    before = revised.change.before
    assert before is not None
    assert (before.rating, before.rated_at, before.subject) == (2, current.state.rated_at, "acme")
    assert (before.text, before.title, before.person, before.external_id) == (None, None, None, "erased")
    assert revised.change.after is None
    assert (revised.stored.state, revised.stored.removed, revised.stored.revision) == (None, True, 2)


def test_of_a_review_that_was_not_public_no_figure_is_told() -> None:
    revised = erase(replace(created(), removed=True), LATER)
    assert revised.change is not None
    assert (revised.change.before, revised.change.after) == (None, None)


@pytest.mark.parametrize(
    ("published_at", "is_kept_out"), [(NOW - timedelta(days=1), True), (NOW, True), (LATER, False)]
)
def test_what_an_erased_person_wrote_up_to_the_erasure_is_kept_out(published_at: datetime, is_kept_out: bool) -> None:
    written = CreateReview(external_id="r-2", content=replace(CONTENT, published_at=published_at))
    assert is_of_erased(written, {"native:c-1": NOW}, LATER) is is_kept_out
    assert not is_of_erased(written, {"native:c-2": NOW}, LATER)
