"""What lists ask of a review is in one number, and a filter's bits are those of the reviews that it is for."""

from dataclasses import replace as replaced
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from plaudit.common.http.json import encode
from plaudit.ingest.reviews.domain.facts import IS_KNOWN, bits_asked, facts, more_bits_asked
from plaudit.ingest.reviews.domain.filters import Filters, Wanted, wanted
from plaudit.ingest.reviews.domain.state import (
    Answer,
    Disposition,
    ErasedReview,
    Kind,
    Origin,
    RawRating,
    Resolution,
    Review,
    ReviewState,
)
from plaudit.ingest.reviews.schemas import ErasedReviewOut, ReviewOut, listed
from plaudit.ingest.sorting.domain.findings import Findings
from plaudit.ingest.sorting.domain.severity import Severity
from plaudit.ingest.sources.domain import SourceRef

NOW = datetime(2026, 3, 1, 8, 30, 0, 120_000, tzinfo=UTC)
SOURCE, OTHER = UUID(int=1), UUID(int=2)


def state(**changes: Any) -> ReviewState:
    source = SourceRef(id=str(SOURCE), name="Our shop", platform="native", created_at=NOW)
    raw, is_verified = RawRating(value=4.0, min=1.0, max=5.0), False
    plain = ReviewState(
        *("acme/berlin", Kind.STARS, 4.0, raw, is_verified, Origin.ORGANIC, Severity.NORMAL, source, "r-1"),
        *(NOW, NOW, NOW),
    )
    return msgspec.structs.replace(plain, **changes)


def passes(review: ReviewState, filters: Filters) -> bool:
    """Whether a review's number has the bits that are asked for."""
    asked = wanted(filters, removed=None, platforms={SOURCE: "native", OTHER: "yelp"}, silent=())
    bits = [*bits_asked(asked), *more_bits_asked(asked)]
    assert bits
    return all(facts(review) & mask in values for mask, values in bits)


ANSWER = Answer(text="Thanks.", published_at=NOW, state="published", ours=True)
EACH: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    *(({"kind": each.value}, {"kind": each}, {"kind": Kind.STARS}) for each in Kind if each is not Kind.STARS),
    *(({"severity": each.value}, {"severity": each, "rating": 2.0}, {}) for each in Severity if each != "normal"),
    *(({"origin": each.value}, {"origin": each}, {}) for each in Origin if each is not Origin.ORGANIC),
    ({"verified": True}, {"verified": True}, {}),
    ({"verified": False}, {}, {"verified": True}),
    ({"answered": "true"}, {"answer": ANSWER}, {}),
    ({"answered": "false"}, {"answer": msgspec.structs.replace(ANSWER, state="pending")}, {"answer": ANSWER}),
    ({"language": "de"}, {"language": "de"}, {"language": "en"}),
    ({"language": "de"}, {"found": Findings(language="de")}, {}),
    ({"topic": "delivery"}, {"found": Findings(topics=("delivery",))}, {"found": Findings(topics=("price_fees",))}),
    ({"persona": "new_user"}, {"found": Findings(personas=("new_user",))}, {}),
    ({"check": True}, {"found": Findings(check=True)}, {}),
    ({"check": False}, {}, {"found": Findings(check=True)}),
    ({"rating_gte": 4.0}, {"rating": 4.0}, {"rating": 3.4}),
    ({"rating_lt": 2.55}, {"rating": 2.5}, {"rating": 2.6}),
    ({"rating_gte": 2.5, "rating_lt": 3.5}, {"rating": 3.4}, {"rating": 2.4}),
    ({"source_id": SOURCE}, {}, {"source": SourceRef(id=str(OTHER), name="", platform="", created_at=NOW)}),
    ({"platform": "native"}, {}, {"source": SourceRef(id=str(OTHER), name="", platform="", created_at=NOW)}),
    ({"subject": "acme"}, {}, {"subject": "other"}),
    ({"subject": "acme/berlin/shop-1"}, {"subject": "acme/berlin/shop-1"}, {"subject": "other"}),
]


@pytest.mark.parametrize(("filters", "has", "has_not"), EACH, ids=lambda each: "-".join(map(str, each)))
def test_the_bits_of_a_filter_are_those_of_the_reviews_that_it_is_for(
    filters: dict[str, Any], has: dict[str, Any], has_not: dict[str, Any]
):
    assert passes(state(**has), Filters(**filters))
    assert not passes(state(**has_not), Filters(**filters))


def test_every_number_of_today_says_that_it_is_whole_and_fits_the_column():
    for kind in Kind:
        number = facts(state(kind=kind, rating=5.0, language="x", answer=ANSWER, verified=True))
        assert number & IS_KNOWN
        assert 0 < number < 2**63


def test_what_contradicts_itself_finds_nothing_and_is_not_looked_for():
    silent = frozenset({SOURCE})
    platforms = {SOURCE: "native", OTHER: "yelp"}
    later = NOW + timedelta(days=1)
    empty = [
        Filters(platform="native", answered="false"),
        Filters(source_id=OTHER, answered="unknown"),
        Filters(source_id=SOURCE, platform="yelp"),
        Filters(published_after=later, published_before=NOW),
        Filters(changed_after=NOW, changed_before=NOW),
        Filters(rating_gte=3.0, rating_lt=3.0),
    ]
    assert [wanted(each, removed=None, platforms=platforms, silent=silent).is_empty for each in empty] == [True] * 6
    # An answer that was recorded by hand is one, whether its platform tells of answers or not.
    some = [
        Filters(platform="native", answered="true"),
        Filters(platform="yelp", answered="false"),
        replaced(empty[3], published_after=NOW, published_before=later),
    ]
    assert [wanted(each, removed=None, platforms=platforms, silent=silent).is_empty for each in some] == [False] * 3
    assert not Wanted(Filters(), None).is_empty


REVIEW = Review(
    id=UUID(int=5), source_id=SOURCE, revision=2, version=None, removed=False, changed_at=NOW, state=state(text="Fine.")
)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"answer": ANSWER, "title": "Ä", "tags": ("a", "b"), "found": Findings(check=True, topics=("delivery",))},
        {"published_at": NOW.replace(microsecond=0), "rating": 3.4, "url": "https://example.com/1"},
        {
            "resolution": Resolution(
                disposition=Disposition.JUSTIFIED, outcome="refunded", cause=None, ease=5, resolved_at=NOW
            )
        },
    ],
)
def test_a_review_in_a_list_reads_as_its_schema_writes_it(changes: dict[str, Any]):
    review = msgspec.structs.replace(REVIEW, state=state(**changes))
    written = encode(listed(review))
    assert written.decode() == ReviewOut.model_validate_json(written).model_dump_json()


def test_an_erased_review_in_a_list_reads_as_its_schema_writes_it():
    written = encode(listed(ErasedReview(id=UUID(int=5), source_id=SOURCE, revision=2, changed_at=NOW)))
    assert written.decode() == ErasedReviewOut.model_validate_json(written).model_dump_json()
