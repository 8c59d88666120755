"""What a projection starts from: the sums of a subject, faded to an instant, and what it is when nothing is left."""

from dataclasses import replace

from plaudit.scoring.profiles.domain import Profile
from plaudit.scoring.projection.domain.course import ScoreState, remaining
from plaudit.scoring.scores.domain import instant_of
from plaudit.scoring.sums.domain.decay import MergedSums, landmark_us


def state_of(profile: Profile, merged: MergedSums, at_us: int) -> ScoreState:
    """Return what a score is made of, faded to an instant. Its score is the one that `scores.domain.read` shows.

    Nothing is left where no review is, whatever rounding has left of the sums, and where rounding has left less than
    the prior can make up for. Then the score is the prior, and stays there.

    Args:
        profile: of the score.
        merged: the sums that count for it.
        at_us: the instant, in microseconds since the Unix epoch.
    """
    left = 1.0
    if profile.half_life_us is not None:
        left = remaining(at_us - landmark_us(merged.landmark, profile.half_life_us), profile.half_life_us)
    a, b = merged.sums.a * left, merged.sums.b * left
    is_empty = merged.sums.n <= 0 or profile.prior_weight + b <= 0
    return ScoreState(
        a=0.0 if is_empty else a,
        b=0.0 if is_empty else b,
        at_us=at_us,
        prior_weight=profile.prior_weight,
        prior_value=profile.prior_value,
        half_life_us=profile.half_life_us,
    )


def idle_state_of(profile: Profile, merged: MergedSums, newest_us: int | None, at_us: int) -> ScoreState:
    """Return what a score is made of while no review comes: one that is frozen is as of its newest, and stays there.

    Args:
        profile: of the score.
        merged: the sums that count for it.
        newest_us: when the newest review that ever counted was rated.
        at_us: the instant, in microseconds since the Unix epoch.
    """
    state = state_of(profile, merged, instant_of(profile, newest_us, at_us))
    return replace(state, at_us=at_us, half_life_us=None) if profile.is_frozen else state
