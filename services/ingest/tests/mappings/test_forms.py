"""A mapping goes into a form and comes out of it the same; what a form says wrong is told by its line."""

import msgspec
import pytest

from plaudit.ingest.mappings.domain.forms import MEMBERS, WrongWordsError, of_guess, read, read_words, written
from plaudit.ingest.mappings.domain.guess import guess
from plaudit.ingest.platforms.mapping import MappingSpec
from plaudit.ingest.sources.schemas import MappingIn

MAPPING = {
    "events": "data.items",
    "fields": {"id": "uuid", "rating": "score", "published_at": "created", "removed": "status"},
    "words": {
        "removed": {"public": False, "not = so public": True},
        "rating": {"FIVE": 5.0, "HALF": 0.5},
        "event": {"review.new": "created"},
    },
    "proof": {"kind": "hmac", "header": "X-Sign", "prefix": "sha256=", "separator": ""},
}


def test_a_mapping_comes_out_of_a_form_as_it_went_in():
    stored = MappingIn.model_validate(MAPPING).written()
    form = written(msgspec.json.decode(stored, type=MappingSpec))
    assert form.keys() <= set(MEMBERS)
    said, wrong = read(form)
    assert wrong == {}
    assert MappingIn.model_validate(said).written() == stored


def test_a_guess_replaces_what_was_typed_but_not_the_proof():
    form = of_guess(guess({"reviews": [{"id": "a", "rating": 4, "created_at": "2026-01-01T00:00:00Z"}]}))
    assert (form["events"], form["fields.rating"], form["fields.title"]) == ("reviews", "rating", "")
    assert [path for path in form if path.startswith("proof.")] == []


def test_words_are_read_line_by_line():
    assert read_words("rating", "FIVE = 5\n\n a = b = 3,5 ") == {"FIVE": 5.0, "a = b": 3.5}
    assert read_words("verified", "Buyer=Yes\nguest=no") == {"Buyer": True, "guest": False}
    assert read_words("event", "review.new = CREATED") == {"review.new": "created"}


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("rating", "FIVE = 5\nFOUR", "Line 2 is not written as"),
        ("rating", "= 5", "Line 1 is not written as"),
        ("rating", "FIVE = five", "What line 1 stands for must be a number."),
        ("removed", "hidden = maybe", "What line 1 stands for must be yes or no."),
        ("event", "new = made", "must be one of created, edited, removed, restored, answered."),
        ("kind", "a = stars\na = nps", "Line 2 has a word that stands above it already."),
    ],
)
def test_a_line_that_cannot_be_read_is_named(field: str, text: str, words: str):
    with pytest.raises(WrongWordsError, match=words):
        read_words(field, text)
    assert words in read({f"words.{field}": text})[1][f"words.{field}"]
