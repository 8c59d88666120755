import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.contracts.subjects import (
    CACHED_SUBJECTS,
    MAX_SUBJECT_CHARS,
    _is_subject_within,
    first_segment,
    is_subject,
    is_subject_within,
    is_within,
    prefixes,
)

SEGMENTS = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,63}", fullmatch=True)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("acme", ("acme",)),
        ("acme/berlin/shop-3", ("acme", "acme/berlin", "acme/berlin/shop-3")),
        ("a/b/c/d/e/f", ("a", "a/b", "a/b/c", "a/b/c/d", "a/b/c/d/e", "a/b/c/d/e/f")),
        ("7.eleven_x/" + "a" * 64, ("7.eleven_x", "7.eleven_x/" + "a" * 64)),
    ],
)
def test_a_subject_has_a_prefix_for_each_of_its_segments(subject, expected):
    assert prefixes(subject) == expected


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "/",
        "/acme",
        "acme/",
        "acme//berlin",
        "Acme",
        "acme/Berlin",
        "acme berlin",
        "acme/berlin\n",
        "-acme",
        ".acme",
        "acme/..",
        "acme/köln",
        "acme/٣",
        "a" * 65,
        "a/b/c/d/e/f/g",
        "a%",
    ],
)
def test_what_is_no_subject_is_refused_with_the_rule(subject):
    assert not is_subject(subject)
    with pytest.raises(ValueError, match=r"a subject is a path of 1 to 6 segments"):
        prefixes(subject)


@given(st.lists(SEGMENTS, min_size=1, max_size=6))
def test_segments_and_prefixes_agree(segments):
    subject = "/".join(segments)

    assert is_subject(subject)
    assert first_segment(subject) == segments[0]
    assert all(is_within(subject, prefix) for prefix in prefixes(subject))
    assert prefixes(subject) == tuple("/".join(segments[: depth + 1]) for depth in range(len(segments)))


@pytest.mark.parametrize(("subject", "root"), [("acme-2", "acme"), ("acme", "acme/berlin"), ("acm", "acme")])
def test_a_name_that_only_begins_alike_is_not_within(subject, root):
    assert not is_within(subject, root)


@given(
    text=st.sampled_from(["acme", "acme/a", "acme-2", "acm", "acme/", "acme/A", "acme/a\n", "acme/a/b/c/d/e/f"])
    | st.lists(SEGMENTS, min_size=1, max_size=6).map("/".join)
    | st.text(max_size=400),
    root=st.sampled_from(["acme", "acme/a", "a"]),
)
def test_a_subject_within_another_is_both(text, root):
    assert is_subject_within(text, root) == (is_subject(text) and is_within(text, root))


def test_the_longest_subject_is_one_within_its_first_segment():
    subject = "/".join(["a" * 64] * 6)
    assert len(subject) == MAX_SUBJECT_CHARS
    assert is_subject_within(subject, "a" * 64)


def test_a_text_that_is_too_long_for_a_subject_is_not_cached():
    held = _is_subject_within.cache_info().currsize
    assert not is_subject_within("acme/" + "x" * MAX_SUBJECT_CHARS, "acme")
    assert _is_subject_within.cache_info().currsize == held


def test_subjects_share_their_prefixes_and_only_so_many_are_kept():
    assert prefixes("acme/berlin") is prefixes("acme/berlin")
    for number in range(CACHED_SUBJECTS + 10):
        prefixes(f"shop-{number}")
        is_subject_within(f"shop-{number}", "acme")
    assert prefixes.cache_info().currsize == _is_subject_within.cache_info().currsize == CACHED_SUBJECTS
