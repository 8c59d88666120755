"""What is wrong with a file is told with what to do where one is: by an option, a parameter, or a field of the page."""

import re
from collections.abc import Callable

import pytest

from plaudit.ingest.transfer.domain.advice import Advice, AdvisedError, Place, told
from plaudit.ingest.transfer.domain.mapping import FieldMapping, check_required, parse_constants
from plaudit.ingest.transfer.domain.presets import PRESETS, mapping_of
from plaudit.ingest.transfer.domain.subjects import Subjects
from plaudit.ingest.transfer.domain.table import undecodable
from plaudit.ingest.transfer.domain.values import instant


def two_names() -> None:
    subjects = Subjects({})
    subjects.find("a b")
    subjects.find("a.b-")
    subjects.find("a-b")


CASES: list[tuple[Callable[[], object], tuple[str, str, str, str]]] = [
    (
        lambda: instant("2026-05-01", None, None),
        (
            "for example --zone UTC",
            "for example zone=UTC",
            "for example UTC under “Time zone”",
            "for example zone=UTC",
        ),
    ),
    (
        lambda: instant("05/03/2024", None, None),
        ("--dates dmy", "dates=dmy", "dmy under “Order of day, month and year”", "dates=dmy"),
    ),
    (
        lambda: undecodable("caf\udce9", 7, "utf-8", lenient=False),
        (
            "state --encoding, for example --encoding cp1252",
            "state encoding, for example encoding=cp1252",
            "state it, for example cp1252 under “Encoding”",
            "state encoding (“Encoding” on the page), for example encoding=cp1252",
        ),
    ),
    (
        lambda: check_required(FieldMapping({})),
        (
            "--map id=reviewId",
            "map=id=reviewId",
            "id=reviewId under “What its columns are”",
            "map=id=reviewId",
        ),
    ),
    (
        lambda: parse_constants(["colour=red"]),
        ("--set: fields", "set: fields", "“For every review”: fields", "set (“For every review” on the page): fields"),
    ),
    (
        lambda: mapping_of(["a"], FieldMapping({}), None),
        ("state --map, or --preset google", "or preset, one of google", "say which of them is which", "or preset"),
    ),
    (two_names, ("--subjects", "under map", "under “What its columns are”", "under map (“What its columns")),
]  # fmt: skip


@pytest.mark.parametrize(("provoke", "words"), CASES)
def test_an_error_says_what_to_do_in_the_words_of_the_place(provoke: Callable[[], object], words: tuple[str, ...]):
    with pytest.raises(AdvisedError) as raised:
        provoke()
    places = (Place.COMMAND_LINE, Place.API, Place.PAGE, Place.IMPORT)
    for place, expected in zip(places, words, strict=True):
        text = told(raised.value, place)
        assert expected in text
        assert ("--" in text) == (place is Place.COMMAND_LINE)
    assert str(raised.value) == told(raised.value, Place.COMMAND_LINE)


def test_what_stands_in_a_file_is_no_advice():
    error = AdvisedError("'{zone} {map:x} {'", Advice(": state {zone}"))
    assert told(error, Place.API) == "'{zone} {map:x} {': state zone"


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_the_hint_of_a_kind_of_file_names_no_option_where_there_is_none(preset):
    for place in Place:
        text = preset.advice.told(place)
        assert not re.search(r"[{}]", text)
        assert place is Place.COMMAND_LINE or "--" not in text
