"""What the log says of single events."""

import pytest

from plaudit.ingest.deliveries.domain import pointer_of


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
