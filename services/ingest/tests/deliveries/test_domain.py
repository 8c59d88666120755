"""What the log says of single events."""

from typing import Any

import pytest

from plaudit.ingest.deliveries.domain import Verdict, pointer_of, read_again, verdicts
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.platforms.pulled import MISSING, PULL_HEADER, missing_document
from plaudit.ingest.reviews.domain.instructions import Noticed, RemoveReview


@pytest.mark.parametrize(
    ("reason", "pointer"),
    [
        ("data.rating: Expected `float`", "/data/rating"),
        ("data.tags[3]: too long", "/data/tags/3"),
        ("data.tags[...]: too long", "/data/tags/-"),
        ("type: must be one of these", "/type"),
        ("line 3: it is no JSON", None),
        ("review 'r-1' is not known yet", None),
    ],
)
def test_a_reason_names_its_place_as_a_pointer(reason, pointer):
    assert pointer_of(reason) == pointer


def test_what_was_pulled_is_read_again_as_it_was_read_first():
    document, headers = missing_document(["r-1"], "not in the list"), {PULL_HEADER: MISSING}
    source: Any = None
    assert read_again(ADAPTERS["app-store"], source, document, headers) == ([RemoveReview(external_id="r-1")], None)


def test_a_notification_of_a_review_is_taken():
    [told] = verdicts([Noticed("accounts/1/reviews/2")], {}, {})
    assert (told.type, told.verdict) == ("noticed", Verdict.TAKEN)
