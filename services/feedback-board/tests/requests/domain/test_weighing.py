"""Views of reach: the worked example of the research, and what holds for any people."""

from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.feedback_board.requests.domain.post_stratification import effective_size_of, post_stratified, weights_of
from plaudit.feedback_board.requests.domain.weighing import (
    MIN_CAP,
    NO_PERSONA,
    Concern,
    ReachView,
    Weighing,
    all_views,
    weigh,
)

PERSONAS = ("trial", "basic", "team", "enterprise")
A = {"trial": 40}
B = dict.fromkeys(PERSONAS, 5)
SAMPLE = dict(zip(PERSONAS, (200, 80, 20, 40), strict=True))
SHARES = dict(zip(PERSONAS, map(Decimal, ("0.1", "0.4", "0.2", "0.3")), strict=True))

strata = st.dictionaries(st.sampled_from((NO_PERSONA, *PERSONAS)), st.integers(0, 10_000))
weighings = st.builds(
    Weighing,
    view=st.sampled_from(ReachView),
    cap=st.integers(MIN_CAP, 100),
    muted=st.frozensets(st.sampled_from(PERSONAS), max_size=2),
)


@pytest.mark.parametrize(
    ("view", "of_a", "of_b"),
    [(ReachView.RAW, "40.00", "20.00"), (ReachView.CAPPED, "10.00", "20.00"), (ReachView.SQRT, "6.32", "8.94")],
)
def test_the_worked_example_has_its_figures_in_each_view(view: ReachView, of_a: str, of_b: str) -> None:
    assert str(weigh(A, Weighing(view=view)).reach) == of_a
    assert str(weigh(B, Weighing(view=view)).reach) == of_b


def test_the_worked_example_has_its_figures_post_stratified() -> None:
    weights = weights_of(SAMPLE, SHARES)
    assert weights is not None
    assert post_stratified(A, weights) == Decimal("6.80")
    assert post_stratified(B, weights) == Decimal("39.10")
    assert effective_size_of(SAMPLE, weights) == Decimal("158.7")


def test_nothing_is_post_stratified_by_a_stratum_of_four_or_one_without_a_share() -> None:
    assert weights_of({**SAMPLE, "team": 4}, SHARES) is None
    assert weights_of({**SAMPLE, "team": 5}, SHARES) is not None
    assert weights_of({**SAMPLE, NO_PERSONA: 50}, SHARES) is None
    assert weights_of({}, SHARES) is None


def test_weights_are_trimmed() -> None:
    weights = weights_of({"trial": 9_990, "basic": 10}, {"trial": Decimal("0.01"), "basic": Decimal("0.99")})
    assert weights == {"trial": Decimal("0.1"), "basic": Decimal(5)}


def test_views_stand_side_by_side_with_their_effective_sizes() -> None:
    people = {"trial": 40, NO_PERSONA: 10}
    found = {each.view: (str(each.reach), str(each.effective_size)) for each in all_views(people, Weighing())}
    assert found == {
        ReachView.RAW: ("50.00", "50.0"),
        ReachView.CAPPED: ("20.00", "32.0"),  # 20² ÷ (10²/40 + 10²/10)
        ReachView.SQRT: ("9.49", "45.0"),
    }


def test_people_without_a_persona_are_a_stratum_of_their_own_that_no_cap_touches() -> None:
    people = {NO_PERSONA: 12, "trial": 7}
    assert weigh(people, Weighing(cap=5)).reach == 17
    assert weigh(people, Weighing(view=ReachView.SQRT)).reach == Decimal("6.11")  # √12 + √7


def test_muted_people_count_for_nothing_and_are_still_told() -> None:
    weighed = weigh({"trial": 40, "team": 2}, Weighing(muted=frozenset({"trial"})))
    assert (weighed.people, weighed.muted_people, weighed.reach) == (42, 40, 2)
    raw = all_views({"trial": 40, "team": 2}, Weighing(muted=frozenset({"trial"})))[0]
    assert (raw.muted_people, raw.reach) == (0, 42)


def test_nobody_has_no_effective_size() -> None:
    assert weigh({}, Weighing()).effective_size is None
    assert weigh(A, Weighing(muted=frozenset({"trial"}))).effective_size is None


@given(strata, weighings, st.sampled_from(Concern))
def test_no_weight_hides_what_is_about_safety_or_accessibility(
    people: Mapping[str, int], weighing: Weighing, concern: Concern
) -> None:
    weighed = weigh(people, weighing, concern)
    assert (weighed.reach, weighed.muted_people, weighed.view) == (sum(people.values()), 0, ReachView.RAW)


@given(strata, weighings, st.sampled_from((NO_PERSONA, *PERSONAS)))
def test_one_more_person_never_lowers_reach_in_any_view(
    people: Mapping[str, int], weighing: Weighing, stratum: str
) -> None:
    more = {**people, stratum: people.get(stratum, 0) + 1}
    assert weigh(more, weighing).reach >= weigh(people, weighing).reach


@given(strata, strata, st.sampled_from((ReachView.RAW, ReachView.SQRT)), st.integers(1, 50))
def test_as_many_times_the_people_keep_the_order_of_two_requests(
    one: Mapping[str, int], other: Mapping[str, int], view: ReachView, times: int
) -> None:
    weighing = Weighing(view=view)
    before = weigh(one, weighing).reach, weigh(other, weighing).reach
    after = tuple(
        weigh({stratum: people * times for stratum, people in each.items()}, weighing).reach for each in (one, other)
    )
    # Rounding may make equal what differs by little, and never turns it round.
    assert before[0] >= before[1] or after[0] <= after[1]


@given(strata, weighings)
def test_a_weighted_reach_is_at_most_the_raw_one_and_the_effective_size_at_most_the_people(
    people: Mapping[str, int], weighing: Weighing
) -> None:
    weighed = weigh(people, weighing)
    assert weighed.reach <= weighed.people == sum(people.values())
    assert weighed.effective_size is None or weighed.effective_size <= weighed.people - weighed.muted_people
