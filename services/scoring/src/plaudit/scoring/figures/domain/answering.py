"""How the reviews of one window of time were answered, as a figure that can be compared with that of another window."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from plaudit.common.statistics.intervals import Interval
from plaudit.common.statistics.waiting import answered_by, median_of, together
from plaudit.scoring.answers.domain.figures import SourceCounts, SourceReviews
from plaudit.scoring.figures.domain.catalogue import Figure
from plaudit.scoring.figures.domain.windows import Observed, Window, window_of_share
from plaudit.scoring.profiles.domain import DAY_US

SECOND_US: Final = 1_000_000
WITHIN_DAYS: Final[Mapping[Figure, int]] = {
    Figure.ANSWERED_IN_A_DAY: 1,
    Figure.ANSWERED_IN_3_DAYS: 3,
    Figure.ANSWERED_IN_A_WEEK: 7,
}
OF_WAITS: Final = frozenset({Figure.ANSWER_TIME, *WITHIN_DAYS})
"""Those that are told by how long each review waits; of the others, how many are answered is enough."""


class NoAnswers(StrEnum):
    """Why nothing is told of answers beside other figures."""

    NOT_KEPT = "not-kept-as-known"
    """Figures are told as they were known at an instant."""
    TOO_MANY = "too-many-reviews"


class UntoldOriginError(ValueError):
    """How reviews of one origin are answered is asked for."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "Figures of answers are of reviews of all origins. Leave `origin` out, or take another figure."
        )


class UnkeptAnswersError(ValueError):
    """Answers are asked for as they were known at an instant."""

    def __init__(self) -> None:
        """Say why they are not told, and what to do."""
        super().__init__(
            "`days` is of answers, which are not told at `known_at`: of an answer it is kept when it was published, "
            "and not when that was received. Leave `days` out for the other figures as they were known, or ask for "
            "`at` in place of `known_at`: the answers of reviews as they stood then, by all that is known today."
        )


def answering(figure: Figure, reviews: Sequence[SourceReviews]) -> Window:
    """Return a figure of the answers to the reviews of one window, by source.

    Those of sources that tell no answers do not count.

    Args:
        figure: one of `catalogue.OF_ANSWERS`.
        reviews: each source once, all as they stood at one instant.
    """
    if figure not in OF_WAITS:
        return answering_counted(figure, reviews)
    if figure is not Figure.ANSWER_TIME:
        return window_of_share(answered_share(figure, reviews))
    waits = together(each.waits for each in reviews if each.is_told)
    median, between = median_of(waits)
    return Window(
        len(waits.answered) + len(waits.waiting),
        None if median is None else median / SECOND_US,
        between and Interval(between.low / SECOND_US, between.high / SECOND_US),
    )


def answering_counted(figure: Figure, reviews: Sequence[SourceReviews | SourceCounts]) -> Window:
    """Return the same of a figure that is none of `OF_WAITS`."""
    return window_of_share(counted_share(figure, reviews))


def answered_share(figure: Figure, reviews: Sequence[SourceReviews]) -> Observed:
    """Return a share of the reviews of one window: any of `catalogue.OF_ANSWERS` but the median."""
    if figure not in OF_WAITS:
        return counted_share(figure, reviews)
    waits = together(each.waits for each in reviews if each.is_told)
    n = len(waits.answered) + len(waits.waiting)
    return Observed(n, *answered_by(waits, WITHIN_DAYS[figure] * DAY_US))


def counted_share(figure: Figure, reviews: Sequence[SourceReviews | SourceCounts]) -> Observed:
    """Return the same of a share that is none of `OF_WAITS`."""
    told = [each for each in reviews if each.is_told]
    if figure is Figure.RECOVERY:
        part, n = sum(each.raised for each in told), sum(each.answered_negatives for each in told)
    else:
        part = sum(each.answered for each in told)
        n = part + sum(each.waiting for each in told)
    return Observed(n, part / n if n else 0.0, float(n))
