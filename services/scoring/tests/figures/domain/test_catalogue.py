"""The list of figures is whole, its figures are written so that they say what they are, and the docs have it."""

from pathlib import Path

import pytest

from plaudit.scoring.figures.domain.catalogue import (
    FIGURES,
    OF_ANSWERS,
    OF_RATINGS,
    OFFERED,
    STANDING,
    Figure,
    duration,
    shown,
    shown_signed,
    units_of,
)

DOCS = Path(__file__).parents[5] / "docs" / "figures.md"


def test_every_figure_is_in_the_list_once_and_of_one_basis() -> None:
    assert [*FIGURES] == [*Figure]
    assert {*Figure} == OF_RATINGS | OF_ANSWERS | STANDING
    assert len(OF_RATINGS) + len(OF_ANSWERS) + len(STANDING) == len(Figure)
    assert len({about.title for about in FIGURES.values()}) == len(Figure)


def test_the_docs_have_every_figure_as_the_list_has_it() -> None:
    docs = DOCS.read_text()

    for figure, about in FIGURES.items():
        assert f"| `{figure}` | {about.title} | {about.unit} | `{about.read_at}` |" in docs
        assert f"`{figure}`: {about.unit}" in units_of(FIGURES)


def test_units_are_told_of_those_figures_alone_that_are_offered() -> None:
    told = units_of(OFFERED)

    assert [each.partition("`: ")[0].removeprefix("`") for each in told.split("; ")] == [*OFFERED]
    assert not {f"`{figure}`" for figure in STANDING} & {*told.replace(":", " ").split()}


@pytest.mark.parametrize(
    ("figure", "value", "words", "moved"),
    [
        (Figure.MEAN, 4.256, "4.26", "+4.26"),
        (Figure.POSITIVE, 0.5, "50 %", "+50 points"),
        (Figure.CSAT, 50.0, "50 %", "+50 points"),
        (Figure.NPS, -12.4, "−12", "−12 points"),
        (Figure.MEDIAN_AGE, 40.25, "40.2 days", "+40.2 days"),
        (Figure.NEWEST_AGE, 0.1, "2.4 hours", "+2.4 hours"),
        (Figure.NEWEST_AGE, 0.02, "28.8 minutes", "+28.8 minutes"),
        (Figure.ANSWER_TIME, 7_200.0, "2.0 hours", "+2.0 hours"),
        (Figure.ANSWER_TIME, -90.0, "-90 seconds", "−90 seconds"),
        (Figure.EFFECTIVE, 12_345.6, "12,345.60", "+12345.60"),
    ],
)
def test_a_figure_is_written_in_its_unit(figure: Figure, value: float, words: str, moved: str) -> None:
    if value > 0 or figure is Figure.NPS:
        assert shown(figure, value) == words
    assert shown_signed(figure, value) == moved


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 second"),
        (0.2, "0 seconds"),
        (119, "119 seconds"),
        (120, "2.0 minutes"),
        (86_400, "24.0 hours"),
        (259_200, "3.0 days"),
    ],
)
def test_a_time_has_the_unit_that_says_enough(seconds: float, words: str) -> None:
    assert duration(seconds) == words
