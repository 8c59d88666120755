import math

import pytest

from plaudit.scoring.profiles.domain import TRUST, Profile


def profile(**changes):
    given = {
        "name": "p",
        "half_life_days": 30.0,
        "prior_weight": 2.0,
        "prior_value": 3.0,
        "kinds": frozenset({"stars"}),
    }
    return Profile(**(given | changes))


def test_trust_is_seven_reviews_of_three_and_a_half_stars_and_half_a_year():
    assert (TRUST.prior_weight, TRUST.prior_value) == (7, 3.5)
    assert TRUST.half_life_us == 15_768_000_000_000
    assert TRUST.kinds == {"stars", "thumbs"}
    assert TRUST.is_uniform
    assert TRUST.weight(verified=False, origin="incentivised") == 1


def test_the_weight_of_a_review_is_the_product_of_its_verification_and_origin():
    weighted = profile(verified_weight=2.0, unverified_weight=0.5, origin_weights={"incentivised": 0.25})

    assert not weighted.is_uniform
    assert weighted.weight(verified=True, origin="organic") == 2
    assert weighted.weight(verified=True, origin="incentivised") == 0.5
    assert weighted.weight(verified=False, origin="incentivised") == 0.125


def test_a_profile_keeps_its_weights_when_the_callers_mapping_changes():
    weights = {"invited": 0.5}
    weighted = profile(origin_weights=weights)

    weights["invited"] = 9.0

    assert weighted.weight(verified=True, origin="invited") == 0.5
    assert hash(weighted) == hash(profile(origin_weights={"invited": 0.5}))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"half_life_days": 0.0}, "half_life_days"),
        ({"half_life_days": -1.0}, "half_life_days"),
        ({"half_life_days": math.inf}, "half_life_days"),
        ({"half_life_days": math.nan}, "half_life_days"),
        ({"prior_weight": 0.0}, "prior_weight"),
        ({"prior_weight": math.nan}, "prior_weight"),
        ({"prior_value": 0.9}, "prior_value"),
        ({"prior_value": 5.1}, "prior_value"),
        ({"kinds": frozenset()}, "kinds"),
        ({"verified_weight": 0.0}, "weight"),
        ({"unverified_weight": -1.0}, "weight"),
        ({"origin_weights": {"invited": 0.0}}, "weight"),
        ({"origin_weights": {"invited": math.nan}}, "weight"),
        ({"origin_weights": {"invited": 1000.1}}, "weight"),
    ],
)
def test_a_parameter_out_of_range_is_refused_by_name(changes, named):
    with pytest.raises(ValueError, match=named):
        profile(**changes)
