"""A profile says how reviews become one figure: how fast they fade, what the prior is, and which reviews count."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

DAY_US: Final = 86_400_000_000
MIN_RATING: Final = 1.0
MAX_RATING: Final = 5.0
MAX_WEIGHT: Final = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The parameters of one decayed Bayesian mean.

    The prior weighs as much as `prior_weight` fresh reviews of `prior_value` stars and never fades. It must be
    positive: it bounds what rounding can do to a score whose reviews have nearly all faded or been removed. An
    origin without a weight of its own has weight 1. A weight may not be 0, which would leave a published review out.

    Raises:
        ValueError: a parameter is out of its range.
    """

    name: str
    half_life_days: float
    prior_weight: float
    prior_value: float
    kinds: frozenset[str]
    verified_weight: float = 1.0
    unverified_weight: float = 1.0
    origin_weights: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    half_life_us: int = field(init=False)
    is_uniform: bool = field(init=False)

    def __post_init__(self) -> None:
        """Check the ranges; derive what the hot path reads."""
        if not (math.isfinite(self.half_life_days) and self.half_life_days * DAY_US >= 1):
            raise ValueError(f"profile {self.name!r}: half_life_days must be finite and at least a microsecond")
        if not (math.isfinite(self.prior_weight) and self.prior_weight > 0):
            raise ValueError(f"profile {self.name!r}: prior_weight must be finite and above 0")
        if not MIN_RATING <= self.prior_value <= MAX_RATING:
            raise ValueError(f"profile {self.name!r}: prior_value must be from {MIN_RATING:g} to {MAX_RATING:g} stars")
        if not self.kinds:
            raise ValueError(f"profile {self.name!r}: kinds must name at least one kind of review")
        weights = (self.verified_weight, self.unverified_weight, *self.origin_weights.values())
        if not all(0 < weight <= MAX_WEIGHT for weight in weights):
            raise ValueError(f"profile {self.name!r}: every weight must be above 0 and at most {MAX_WEIGHT:g}")
        object.__setattr__(self, "origin_weights", MappingProxyType(dict(self.origin_weights)))
        object.__setattr__(self, "half_life_us", round(self.half_life_days * DAY_US))
        object.__setattr__(self, "is_uniform", all(weight == 1 for weight in weights))

    def weight(self, *, verified: bool, origin: str) -> float:
        """Return the weight of a fresh review of this verification and origin."""
        by_verification = self.verified_weight if verified else self.unverified_weight
        return by_verification * self.origin_weights.get(origin, 1.0)


TRUST: Final = Profile(
    name="trust",
    half_life_days=182.5,
    prior_weight=7.0,
    prior_value=3.5,
    kinds=frozenset({"stars", "thumbs"}),
)
