"""What is kept of a review, and what it adds to the counts."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.contracts.mentions import TOPIC_TITLES
from plaudit.scoring.insight.domain.kept import MAX_WORDS_CHARS, DayCounts, added, day_counts, draw_of, entries, kept_of
from plaudit.scoring.insight.domain.review import Resolution, ReviewSource, SaidReview
from plaudit.scoring.topics.domain import topics_in_one

SOURCE_ID = "01956d00-0000-7000-8000-000000000001"
TEXT = "The parcel was late, how do I get my money?"


def review(rating: float = 1, text: str | None = TEXT, **fields: Any) -> SaidReview:
    usual: dict[str, Any] = {
        "subject": "acme/berlin",
        "kind": "stars",
        "severity": "negative",
        "source": ReviewSource(SOURCE_ID, "native"),
        "rated_at": datetime(2026, 3, 2, 9, tzinfo=UTC),
        "language": "en",
    }
    return SaidReview(**{**usual, "rating": rating, "text": text, **fields})


@pytest.mark.parametrize(
    ("rating", "polarity"), [(1, -1), (2, -1), (2.49, -1), (2.5, 0), (3, 0), (3.49, 0), (3.5, 1), (4, 1), (5, 1)]
)
def test_a_review_is_of_the_nearest_star(rating: float, polarity: int):
    kept = kept_of(review(rating))
    assert kept is not None
    assert kept.polarity == polarity


@pytest.mark.parametrize("state", [None, review(kind="nps"), review(kind="csat"), review(kind="ces")])
def test_nothing_is_kept_of_what_is_not_seen_or_has_no_stars(state: SaidReview | None):
    assert kept_of(state) is None


@pytest.mark.parametrize("rating", [0.9, 5.1, float("nan")])
def test_a_rating_off_the_scale_is_refused(rating: float):
    with pytest.raises(ValueError, match="off the scale"):
        kept_of(review(rating))


def test_topics_and_personas_are_those_that_are_known():
    kept = kept_of(review(topics=("speed_waiting", "delivery", "moods"), personas=("new_user", "senior")))
    assert kept is not None
    assert (kept.topics, kept.personas) == ("delivery speed_waiting", "new_user")
    assert len(TOPIC_TITLES) == 15


def test_a_complaint_adds_all_its_counts():
    kept = kept_of(review(severity="drastic", resolution=Resolution(ease=6)))
    assert kept is not None
    counts = {counts for _, counts in day_counts(kept, "default")}
    wanted = {"low": 1, "low_with_terms": 1, "drastic": 1, "questions": 1, "solved": 1, "eased": 1}
    assert counts == {DayCounts(**wanted, ease_sum=6, ease_squares=36)}


def test_a_complaint_that_was_solved_without_a_word_of_ease_is_solved():
    kept = kept_of(review(resolution=Resolution()))
    assert kept is not None
    [counts] = {counts for _, counts in day_counts(kept, "default")}
    assert (counts.solved, counts.eased) == (1, 0)


@pytest.mark.parametrize("rating", [3, 5])
def test_of_other_reviews_only_the_stars_are_counted(rating: float):
    kept = kept_of(review(rating, severity="drastic", resolution=Resolution(ease=6)))
    assert kept is not None
    [counts] = {counts for _, counts in day_counts(kept, "default")}
    assert counts == (DayCounts(middle=1) if rating == 3 else DayCounts(high=1, high_with_terms=1))


def test_a_review_is_counted_and_found_for_each_prefix_and_persona():
    kept = kept_of(review(topics=("delivery",), personas=("new_user",)))
    assert kept is not None
    keys = [key for key, _ in day_counts(kept, "default")]
    assert len(keys) == len(set(keys)) == 2 * 2
    assert {key[4] for key in keys} == {topics_in_one(("delivery",))}
    found = list(entries(kept, "default", UUID(SOURCE_ID)))
    assert {(key[1], key[2]) for key in found} == {
        (path, persona) for path in ("acme", "acme/berlin") for persona in ("", "new_user")
    }
    assert {key[4] for key in found} == {date(2026, 3, 2)}


def test_only_the_beginning_of_a_text_is_kept_and_a_person_as_a_number():
    kept = kept_of(review(text="late " * 900, person="native:c-4711"))
    assert kept is not None
    assert len(kept.words) <= MAX_WORDS_CHARS
    assert kept.words.endswith("…")
    assert isinstance(kept.writer, int)
    assert "4711" not in repr(kept)


def test_long_texts_that_are_alike_have_the_same_number_and_short_ones_none():
    def same_text(text: str) -> int | None:
        kept = kept_of(review(text=text))
        assert kept is not None
        return kept.same_text

    long = "The parcel was late, and nobody answered me."
    assert same_text(long) == same_text(f"  {long.upper()} ") is not None
    assert same_text(long) != same_text(f"{long} Ever.")
    assert same_text("Late parcel.") is None


@given(st.lists(st.sampled_from([1.0, 3.0, 5.0]), max_size=20))
def test_what_is_added_and_taken_away_leaves_nothing(ratings: list[float]):
    counts: dict[Any, DayCounts] = {}
    for sign in (1, -1):
        for rating in ratings:
            kept = kept_of(review(rating, topics=("delivery",)))
            assert kept is not None
            added(day_counts(kept, "default"), counts, sign)
    assert set(counts.values()) <= {DayCounts()}


@given(st.uuids())
def test_a_draw_is_an_integer_of_the_database_and_always_the_same(review_id: UUID):
    assert 0 <= draw_of(review_id) < 2**31
    assert draw_of(review_id) == draw_of(UUID(str(review_id)))
