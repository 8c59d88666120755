"""The places and shapes of a badge."""

import pytest

from plaudit.scoring.badges.domain.drawing import (
    BAR_WIDTH,
    COLUMN_HEIGHT,
    bar,
    column,
    half_star_path,
    star_path,
    stars,
)


@pytest.mark.parametrize(
    ("shown", "looks"),
    [
        (None, "none none none none none"),
        (1.0, "full none none none none"),
        (3.5, "full full full half none"),
        (5.0, "full full full full full"),
    ],
)
def test_stars_are_whole_half_or_empty(shown: float | None, looks: str) -> None:
    assert " ".join(each.look for each in stars(shown, 10, 17)) == looks
    assert [each.x for each in stars(shown, 10, 17)] == [10, 27, 44, 61, 78]


def test_a_star_has_ten_corners_and_its_left_half_six_of_them() -> None:
    whole, half = star_path(10), half_star_path(10)

    assert (whole.count("L"), half.count("L")) == (9, 5)
    corners = [corner.split() for corner in half[1:-1].split("L")]
    assert all(float(x) <= 0 for x, _ in corners)
    assert {" ".join(corner) for corner in corners} <= {*whole[1:-1].split("L")}


@pytest.mark.parametrize(
    ("count", "of", "width"), [(0, 10, 0.0), (10, 10, BAR_WIDTH), (5, 10, BAR_WIDTH / 2), (1, 100_000, 1.5)]
)
def test_a_bar_is_as_wide_as_its_share_and_seen_when_there_is_any(count: int, of: int, width: float) -> None:
    assert bar(count, of) == width


@pytest.mark.parametrize(
    ("count", "of", "height"), [(0, 10, 0.0), (10, 10, COLUMN_HEIGHT), (5, 10, COLUMN_HEIGHT / 2), (1, 100_000, 1.5)]
)
def test_a_column_is_as_high_as_its_share_and_seen_when_there_is_any(count: int, of: int, height: float) -> None:
    assert column(count, of) == height
