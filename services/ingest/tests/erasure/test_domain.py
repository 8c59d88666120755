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


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("accounts/1/reviews/2", rb'"accounts\/1\/reviews\/2"'),  # PHP
        ("\u00dcbergr\u00f6\u00dfe-1", rb'"\u00DCbergr\u00F6\u00DFe-1"'),  # .NET
        ("this & that", rb'"this \u0026 that"'),  # Go
        ("ada+shop@example.com", rb'"ada\u002Bshop@example.com"'),  # .NET
    ],
)
def test_an_id_is_found_however_other_languages_spell_it(text: str, spelled: bytes) -> None:
    assert json.loads(spelled) == text
    assert any(needle in spelled for needle in needles([text], None))


@pytest.mark.parametrize("body", [b'{"id":22}', b'{"id": 22, "rating": 5}', b'{"reviewId":22,"x":1}', b'{"id" : 22\n}'])
def test_a_short_number_is_found_where_it_is_an_id_and_nowhere_else(body: bytes) -> None:
    assert any(needle in body for needle in needles(["22"], None))
    others = (b'{"id":2,"rating":22}', b'{"id":221}', b'{"id":"r-22"}')
    assert not any(needle in other for needle in needles(["22"], None) for other in others)


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
