"""Builders for tests of where a score goes: states that fade, and paces of reviews."""

from collections.abc import Mapping

from hypothesis import strategies as st

from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.projection.domain.course import Pace, ScoreState

NOW = 20_000 * DAY_US
HOUR_US = DAY_US // 24
H180 = 180 * DAY_US
TEN_YEARS_US = 3650 * DAY_US
ONE_FIVE_STAR_A_DAY = Pace(per_day=1, rating=5)


def state_of(
    reviews: Mapping[float, float],
    *,
    half_life_us: int | None = H180,
    at_us: int = NOW,
    prior_weight: float = 7.0,
    prior_value: float = 3.5,
) -> ScoreState:
    """The state made of `{rating: how many fresh ones}`."""
    return ScoreState(
        a=float(sum(rating * number for rating, number in reviews.items())),
        b=float(sum(reviews.values())),
        at_us=at_us,
        prior_weight=prior_weight,
        prior_value=prior_value,
        half_life_us=half_life_us,
    )


def days_after(state: ScoreState, at_us: int) -> float:
    """How many days an instant is after a state."""
    return (at_us - state.at_us) / DAY_US


half_lives_us = st.sampled_from([HOUR_US, DAY_US, H180, TEN_YEARS_US]) | st.integers(HOUR_US, TEN_YEARS_US)
stars = st.floats(1, 5)
thresholds = st.sampled_from([k / 4 for k in range(4, 21)]) | stars
numbers = st.sampled_from([0.0, 1.0, 7.0, 1e7]) | st.floats(1e-6, 1e7)


@st.composite
def states(draw: st.DrawFn, half_lives_us: st.SearchStrategy[int | None] = half_lives_us) -> ScoreState:
    """Any states of half-lives."""
    b = draw(numbers)
    return ScoreState(
        a=draw(stars) * b,
        b=b,
        at_us=draw(st.integers(-NOW, 2 * NOW)),
        prior_weight=draw(st.sampled_from([0.5, 7.0, 100.0])),
        prior_value=draw(st.sampled_from([1.0, 3.3, 3.5, 5.0])),
        half_life_us=draw(half_lives_us),
    )


any_states = states() | states(st.none())
paces = st.builds(
    Pace,
    per_day=st.sampled_from([0.0, 1.0]) | st.floats(1e-3, 1e4),
    rating=stars,
    weight=st.sampled_from([1.0, 0.1, 3.0]),
)
ages_us = st.integers(0, 100 * 365 * DAY_US) | st.integers(0, DAY_US)
