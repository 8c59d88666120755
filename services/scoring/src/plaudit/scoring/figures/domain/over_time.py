"""Figures step by step: of the reviews that were rated, or published, in each step of a calendar."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from plaudit.scoring.answers.domain.figures import MAX_DAYS, SourceCounts, SourceReviews
from plaudit.scoring.figures.domain.answering import OF_WAITS, UntoldOriginError, answering, answering_counted
from plaudit.scoring.figures.domain.catalogue import FIGURES, OF_ANSWERS, STANDING, Basis, Figure
from plaudit.scoring.figures.domain.windows import Ratings, Window, window
from plaudit.scoring.series.domain import InvalidSpanError, Span
from plaudit.scoring.sums.domain.decay import unix_us

A_DAY: Final = timedelta(days=1)


class StandingFigureError(ValueError):
    """A figure of all reviews is asked for step by step."""

    def __init__(self, figure: Figure) -> None:
        """Say what to do."""
        super().__init__(
            f"`{figure}` is of all reviews that count, not of those of a step. `GET /v1/score-series` has scores and "
            "effective reviews at the end of each step, and `GET /v1/score-figures/{subject}?at=` the others of an "
            "instant."
        )


@dataclass(frozen=True, slots=True)
class Read:
    """What figures of the steps of a subject are made of; each is of the steps in their order."""

    now: datetime
    """As of when."""
    ratings: Mapping[frozenset[str], Sequence[Ratings]]
    """Kinds of reviews → the ratings of each step."""
    counts: Sequence[Sequence[SourceCounts]] = ()
    waits: Sequence[Sequence[SourceReviews]] = ()


@dataclass(frozen=True, slots=True)
class FigurePoint:
    """A figure of one step."""

    span: Span
    window: Window


def of_steps(figure: Figure) -> Figure:
    """Return a figure that is told step by step.

    Raises:
        StandingFigureError: it is of all reviews at an instant.
    """
    if figure in STANDING:
        raise StandingFigureError(figure)
    return figure


def checked(figures: Collection[Figure], steps: Sequence[Span], origin: str | None) -> None:
    """See that these figures can be told of these steps.

    Raises:
        UntoldOriginError: one is of answers, and one origin alone is asked for.
        InvalidSpanError: one needs to look at every review of so long a time.
    """
    if origin is not None and OF_ANSWERS & {*figures}:
        raise UntoldOriginError
    if OF_WAITS & {*figures} and steps[-1].end - steps[0].start > MAX_DAYS * A_DAY:
        raise InvalidSpanError(
            "from", f"Figures of how soon reviews are answered are of {MAX_DAYS} days at most. Take a later `from`."
        )


def edges_of(steps: Sequence[Span]) -> list[int]:
    """Return where steps that follow each other without a gap begin, and where the last one ends, in microseconds."""
    return [unix_us(each) for each in (*(step.start for step in steps), steps[-1].end)]


def points(figure: Figure, read: Read, steps: Sequence[Span]) -> Iterator[FigurePoint]:
    """Yield a figure of each step; nothing is known yet of what of a step lies ahead."""
    for number, span in enumerate(steps):
        yield FigurePoint(span, _window(figure, read, number, span))


def _window(figure: Figure, read: Read, number: int, span: Span) -> Window:
    about = FIGURES[figure]
    if about.basis is Basis.RATINGS:
        # As long as it has gone on: a month that began yesterday has not had the reviews of a month.
        return window(figure, read.ratings[about.kinds][number], (min(span.end, read.now) - span.start) / A_DAY)
    if figure in OF_WAITS:
        return answering(figure, read.waits[number])
    return answering_counted(figure, read.counts[number])
