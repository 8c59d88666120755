"""The figures by which insight decides what is told: log-odds of terms, differences of shares, and the mean of ease."""

from math import log, sqrt
from typing import Final, NamedTuple

from plaudit.common.statistics.intervals import Interval
from plaudit.scoring.intervals.domain import Sample, of_mean, sample_of_equals

PRIOR_WEIGHT: Final = 500.0
"""α₀: how many terms of the background the prior is worth."""
PRIOR_COUNT: Final = 0.5
"""Added to each term of the background, so that none is impossible."""
EASIEST: Final = 7
HARDEST: Final = 1
_EASE: Final = Interval(float(HARDEST), float(EASIEST))


class LogOdds(NamedTuple):
    """By how much more a term is said in one group than in another."""

    delta: float
    """Difference of the log-odds; above 0 where the first group says it more."""
    z: float
    """The difference in units of its standard deviation."""


def background_share(count: float, total: float, vocabulary: int) -> float:
    """Return pᵢ, a term's share of all terms of a subject: (count + 0.5) / (total + 0.5·V).

    Args:
        count: of reviews of any group with the term.
        total: the sum of these counts over all terms.
        vocabulary: V, how many terms there are.
    """
    return (count + PRIOR_COUNT) / (total + PRIOR_COUNT * vocabulary)


def log_odds(y_a: float, y_b: float, n_a: float, n_b: float, share: float) -> LogOdds:
    """Return the log-odds ratio of a term with an informative Dirichlet prior, and its z.

    Source: Monroe, Colaresi, Quinn, Fightin' Words, Political Analysis 16 (2008), eq. 16, 20 and 22; the counts are of
    distinct terms, each once for a review, as the project's research on texts says in 3.2.

    Args:
        y_a: weighted number of reviews of the first group with the term.
        y_b: of the second.
        n_a: the sum of y over all terms in the first group.
        n_b: in the second.
        share: pᵢ, as `background_share` returns it.

    Returns:
        Nothing of the only term that anybody ever says: it is all that both groups say.
    """
    prior = PRIOR_WEIGHT * share
    in_a, in_b = y_a + prior, y_b + prior
    others_a, others_b = n_a + PRIOR_WEIGHT - in_a, n_b + PRIOR_WEIGHT - in_b
    if others_a <= 0 or others_b <= 0:
        return LogOdds(0.0, 0.0)
    delta = log(in_a / others_a) - log(in_b / others_b)
    return LogOdds(delta, delta / sqrt(1 / in_a + 1 / in_b))


def shares_z(y_a: int, n_a: int, y_b: int, n_b: int) -> float:
    """Return z of the difference of two shares, by their pooled share; 0 where both are 0 or 1.

    Source: the two-proportion z test of any textbook, for example Agresti, Categorical Data Analysis, 3.1.

    Args:
        y_a: how many of the first group.
        n_a: its size, at least 1.
        y_b: how many of the second.
        n_b: its size, at least 1.
    """
    pooled = (y_a + y_b) / (n_a + n_b)
    variance = pooled * (1 - pooled) * (1 / n_a + 1 / n_b)
    return (y_a / n_a - y_b / n_b) / sqrt(variance) if variance > 0 else 0.0


def mean_ease(total: int, squares: int, n: int) -> tuple[float, Interval | None]:
    """Return the mean of answers from 1 to 7, and its interval at 95 % by Student's t; None of one answer alone.

    Args:
        total: sum of the answers.
        squares: sum of their squares.
        n: how many, at least 1.
    """
    mean = total / n
    # In integers, so that the difference of two large numbers is exact.
    spread = n * squares - total * total
    sample = Sample(n, mean, spread / (n * (n - 1))) if spread > 0 else sample_of_equals(mean, n, _EASE)
    found = of_mean(sample)
    return mean, found and Interval(max(_EASE.low, found.low), min(_EASE.high, found.high))
