import json

import msgspec
import pytest

from plaudit.ingest.erasure.domain import needles, without_words


@pytest.mark.parametrize("text", ["review-88121", "Übergröße-1", "smile-\U0001f600-abc", 'quo"te-1234', "a\\b-123456"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_an_id_is_found_however_json_spells_it(text: str, ascii_only: bool) -> None:
    body = json.dumps({"id": text}, ensure_ascii=ascii_only).encode()
    assert any(needle in body for needle in needles([text], None))


def test_a_short_id_is_found_as_a_whole_only() -> None:
    [needle] = needles(["r-1"], None)
    assert needle in b'{"id":"r-1"}'
    assert needle not in b'{"id":"r-12"}'


def test_an_address_is_found_in_its_spelling_and_in_lower_case() -> None:
    found = needles([], "Ada@Example.com")
    assert any(needle in b'"Ada@Example.com"' for needle in found)
    assert any(needle in b"mail=ada@example.com" for needle in found)


def test_an_event_without_words_has_its_figures_and_ends_as_every_envelope_does() -> None:
    state = {
        "rating": 2.0,
        "external_id": "r-1",
        "title": "t",
        "text": "words",
        "person": "p",
        "tags": ["x"],
        "url": "u",
    }
    event = {"id": "1", "data": {"review_id": "1", "revision": 2, "before": state, "after": None}}
    cleaned = without_words(msgspec.json.encode(event))
    assert cleaned.endswith(b"}")
    assert msgspec.json.decode(cleaned)["data"] == {
        "review_id": "1",
        "revision": 2,
        "before": {"rating": 2.0, "external_id": "erased"},
        "after": None,
    }
