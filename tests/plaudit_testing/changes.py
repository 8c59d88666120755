"""Sums and what changed them, of any size: strategies for tests of explanation."""

import math
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from plaudit.scoring.explanation.domain.changes import (
    Change,
    Prior,
    Share,
    Start,
)

priors = st.builds(Prior, weight=st.sampled_from([0.5, 7.0, 100.0]), value=st.sampled_from([1.0, 3.3, 3.5, 5.0]))

sizes = st.sampled_from([0.0, 1.0, 1e7]) | st.floats(1e-9, 1e7)
shares = st.builds(lambda rating, b: Share(rating * b, b), st.floats(1, 5), sizes)
deltas = st.builds(lambda share, sign: Share(sign * share.a, sign * share.b), shares, st.sampled_from([-1, 1]))


numbered = st.integers(0, 20)


@st.composite
def sums_and_groups(draw: st.DrawFn, keys: st.SearchStrategy[Any] = numbered, *, further: int = 0) -> tuple[Any, ...]:
    """What was known, and groups that take away no more than that with themselves; perhaps just as much.

    `further`: that many groups are drawn beside.
    """
    groups = draw(st.dictionaries(keys, deltas, max_size=12))
    beside = [draw(deltas) for _ in range(further)]
    taken = -math.fsum(group.b for group in [*groups.values(), *beside])
    b = max(taken, 0.0) + draw(sizes)
    begun = Start(draw(st.floats(1, 5)), Share(draw(st.floats(1, 5)) * b, b))
    return begun, groups, *beside


def rounding_scale(begun: Start, groups: Mapping[Any, Share], change: Change[Any]) -> float:
    """How large the terms are that were added: rounding is a few units of 2^-53 of it.

    Weights are multiplied with a score, which is far off the scale of stars where the sums are of no real reviews.
    """
    summed = [*begun.share, *(figure for group in groups.values() for figure in group)]
    weight_at_last = change.mean_weight + math.fsum(group.b for group in groups.values()) / 2
    largest_score = max(5, abs(change.aged), abs(change.after))
    return largest_score * (1 + math.fsum(map(abs, summed)) / min(change.mean_weight, weight_at_last))
