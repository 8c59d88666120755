import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.domain.subjects import parse_subject, prefixes

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
    ],
)
def test_a_malformed_segment_is_refused_with_the_rule(subject):
    with pytest.raises(ValueError, match=r"subject segment .* is not valid; use 1 to 64"):
        prefixes(subject)


def test_a_seventh_segment_is_refused():
    with pytest.raises(ValueError, match="7 segments; use at most 6"):
        prefixes("a/b/c/d/e/f/g")


@given(st.lists(SEGMENTS, min_size=1, max_size=6))
def test_segments_and_prefixes_agree(segments):
    subject = "/".join(segments)

    assert parse_subject(subject) == tuple(segments)
    assert prefixes(subject) == tuple("/".join(segments[: depth + 1]) for depth in range(len(segments)))
