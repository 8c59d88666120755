"""Different names are different subjects, or the import stops and names both."""

import pytest

from plaudit.common.contracts.subjects import is_subject
from plaudit.ingest.transfer.domain.subjects import SubjectError, Subjects, slug

NAMES = (
    "日本商店",
    "한국 상점",
    "Магазин",
    "C++ Shop",
    "C# Shop",
    "C Shop",
    "x" * 64,
    "x" * 65,
    "x" * 66,
    "!!!",
    "🍕",
    "🍔",
)


@pytest.mark.parametrize(
    ("name", "segment"),
    [("Añy & Co.", "any-co"), (".-a_b-.", "a_b"), ("  Acme\tLtd ", "acme-ltd"), ("x" * 64, "x" * 64)],
)
def test_a_name_becomes_a_segment_of_a_subject(name: str, segment: str):
    assert slug(name) == segment


def test_names_in_any_script_and_with_any_signs_become_different_subjects():
    subjects = Subjects({})
    made = [subjects.find(name) for name in NAMES]
    assert all(is_subject(segment) for segment in made)
    assert len({*made}) == len(NAMES)
    assert subjects.stated == list(zip(NAMES, made, strict=True))
    assert [Subjects({}).find(name) for name in reversed(NAMES)] == made[::-1]


def test_a_name_in_other_case_or_spelling_is_the_same_name():
    subjects = Subjects({})
    assert subjects.find("CAFÉ  Roma") == subjects.find("cafe\u0301 roma") == "cafe-roma"
    assert subjects.stated == [("CAFÉ  Roma", "cafe-roma")]


def test_two_names_never_become_one_subject():
    subjects = Subjects({})
    subjects.find("Café Roma")
    with pytest.raises(SubjectError, match="'Café Roma' and 'Cafe-Roma'"):
        subjects.find("Cafe-Roma")


def test_stated_subjects_are_used_and_guarded_too():
    subjects = Subjects({"Café Roma": "roma/one", "Cafe Roma": "roma/two"})
    assert [subjects.find(name) for name in ("café roma", "Cafe Roma")] == ["roma/one", "roma/two"]
    taken = Subjects({"Acme Ltd": "acme"})
    with pytest.raises(SubjectError, match="'Acme Ltd' and 'Acme'"):
        taken.find("Acme")
    with pytest.raises(SubjectError, match="a subject is a path"):
        Subjects({"Acme": "Not A Subject"})
