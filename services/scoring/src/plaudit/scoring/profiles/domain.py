"""A profile says how reviews become one figure: how fast they fade, what the prior is, and which reviews count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

DAY_US: Final = 86_400_000_000
MIN_RATING: Final = 1.0
MAX_RATING: Final = 5.0
MIN_WEIGHT: Final = 0.001
MAX_WEIGHT: Final = 1000.0
"""A weight may make reviews count little, and never leaves them out."""
MAX_FRESH_WEIGHT: Final = MAX_WEIGHT**3
"""What a fresh review weighs at most: the weights of its verification, its origin and its source are multiplied."""
MIN_HALF_LIFE_DAYS: Final = 1 / 24
MAX_HALF_LIFE_DAYS: Final = 36_525.0
"""A hundred years. What should fade more slowly does not fade: a profile without a half-life."""
MIN_PRIOR_WEIGHT: Final = 0.001
MAX_PRIOR_WEIGHT: Final = 1e6
MAX_SOURCE_WEIGHTS: Final = 100
MAX_PROFILES: Final = 20
"""Of a tenant's own."""
NAME_PATTERN: Final = r"^[a-z][a-z0-9_-]{0,31}$"
"""Of a profile's name."""
Kind = Literal["stars", "thumbs", "nps", "csat", "ces"]
"""What a rating is given as."""
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
Origin = Literal["organic", "invited", "incentivised"]
"""Who wanted a review: nobody but the customer, who was asked, or who was rewarded."""
ORIGINS: Final[tuple[Origin, ...]] = get_args(Origin)
ORIGIN_LABELS: Final[Mapping[str, str]] = {"invited": "given on invitation", "incentivised": "given for a reward"}
"""Origin → what is said beside a review of it. Nothing is said of one that nobody asked for."""
STAR_KINDS: Final = frozenset({"stars", "thumbs"})
"""They count together. Every other kind is a scale of its own, and is never mixed with another."""


class InvalidProfileError(ValueError):
    """A profile that cannot be; the text says which parameter breaks which rule."""

    def __init__(self, name: str, parameter: str, rule: str) -> None:
        """Name the profile, the parameter, and the rule that it breaks."""
        super().__init__(f"profile {name!r}: {rule}")
        self.parameter = parameter
        self.rule = rule


class UnknownProfileError(ValueError):
    """There is no profile of a name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        """Name those that there are."""
        super().__init__(f"There is no profile `{name}`; there are {', '.join(f'`{each}`' for each in known)}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The parameters of one decayed Bayesian mean.

    The prior weighs as much as `prior_weight` fresh reviews of `prior_value` stars and never fades. It must be
    positive: it bounds what rounding can do to a score whose reviews have nearly all faded or been removed. An
    origin or a source without a weight of its own has weight 1. A weight may not be 0, which would leave a published
    review out.

    Raises:
        InvalidProfileError: a parameter is out of its range.
    """

    name: str
    half_life_days: float | None
    """None: reviews never fade."""
    prior_weight: float
    prior_value: float
    kinds: frozenset[str]
    verified_weight: float = 1.0
    unverified_weight: float = 1.0
    origin_weights: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    source_weights: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    """By the id of a source."""
    origins: frozenset[str] = frozenset(ORIGINS)
    """Which origins count. All of them in what is public; fewer only in figures that stand beside it."""
    is_frozen: bool = False
    """Whether reviews fade only when a new one comes: the score stands still between reviews, as Trustpilot's does."""
    half_life_us: int | None = field(init=False)
    is_uniform: bool = field(init=False)

    def __post_init__(self) -> None:
        """Check the ranges; derive what reading needs."""
        days = self.half_life_days
        if days is not None and not MIN_HALF_LIFE_DAYS <= days <= MAX_HALF_LIFE_DAYS:
            raise self._error(
                "half_life_days",
                f"half_life_days must be from {MIN_HALF_LIFE_DAYS:.4f} (an hour) to {MAX_HALF_LIFE_DAYS:g}, or null "
                "for reviews that never fade",
            )
        if not MIN_PRIOR_WEIGHT <= self.prior_weight <= MAX_PRIOR_WEIGHT:
            rule = f"prior_weight must be from {MIN_PRIOR_WEIGHT:g} to {MAX_PRIOR_WEIGHT:,.0f}"
            raise self._error("prior_weight", rule)
        if not MIN_RATING <= self.prior_value <= MAX_RATING:
            raise self._error("prior_value", f"prior_value must be from {MIN_RATING:g} to {MAX_RATING:g} stars")
        if not self.kinds or not self.kinds <= frozenset(KINDS):
            raise self._error("kinds", f"kinds must name at least one kind of review, of {', '.join(KINDS)}")
        if len(self.kinds) > 1 and not self.kinds <= STAR_KINDS:
            raise self._error("kinds", "kinds may hold stars and thumbs together; any other kind stands alone")
        if not self.origins or not (self.origins | self.origin_weights.keys()) <= frozenset(ORIGINS):
            raise self._error("origin_weights", f"an origin must be one of {', '.join(ORIGINS)}")
        if len(self.source_weights) > MAX_SOURCE_WEIGHTS:
            rule = f"source_weights may name {MAX_SOURCE_WEIGHTS} sources, and these are {len(self.source_weights)}"
            raise self._error("source_weights", rule)
        weights = self._weights()
        for parameter, weight in weights:
            if not MIN_WEIGHT <= weight <= MAX_WEIGHT:
                rule = f"every weight must be from {MIN_WEIGHT:g} to {MAX_WEIGHT:,.0f}"
                raise self._error(parameter, rule)
        object.__setattr__(self, "origin_weights", MappingProxyType(dict(self.origin_weights)))
        object.__setattr__(self, "source_weights", MappingProxyType(dict(self.source_weights)))
        object.__setattr__(self, "half_life_us", None if days is None else round(days * DAY_US))
        object.__setattr__(self, "is_uniform", all(weight == 1 for _, weight in weights))

    @property
    def fits_badges(self) -> bool:
        """Whether a badge may show it: only if it counts all that is given in stars, since a badge leaves none out."""
        return self.kinds == STAR_KINDS

    def weight(self, *, verified: bool, origin: str, source_id: str | None = None) -> float:
        """Return the weight of a fresh review of this verification, origin and source."""
        by_verification = self.verified_weight if verified else self.unverified_weight
        by_source = 1.0 if source_id is None else self.source_weights.get(source_id, 1.0)
        return by_verification * self.origin_weights.get(origin, 1.0) * by_source

    def counts(self, *, kind: str, origin: str) -> bool:
        """Return whether reviews of this kind and origin count."""
        return kind in self.kinds and origin in self.origins

    def _weights(self) -> list[tuple[str, float]]:
        """Return every weight with the parameter that it is of."""
        return [
            ("verified_weight", self.verified_weight),
            ("unverified_weight", self.unverified_weight),
            *(("origin_weights", weight) for weight in self.origin_weights.values()),
            *(("source_weights", weight) for weight in self.source_weights.values()),
        ]

    def _error(self, parameter: str, rule: str) -> InvalidProfileError:
        return InvalidProfileError(self.name, parameter, rule)


TRUST: Final = Profile(name="trust", half_life_days=182.5, prior_weight=7.0, prior_value=3.5, kinds=STAR_KINDS)
RECENT: Final = Profile(name="recent", half_life_days=30.0, prior_weight=7.0, prior_value=3.5, kinds=STAR_KINDS)
LIFETIME: Final = Profile(name="lifetime", half_life_days=None, prior_weight=7.0, prior_value=3.5, kinds=STAR_KINDS)
BUILT_IN: Final[Mapping[str, Profile]] = MappingProxyType({each.name: each for each in (TRUST, RECENT, LIFETIME)})
"""The profiles that every tenant has, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRevision:
    """One revision of a tenant's own profile; it never changes."""

    name: str
    revision: int
    """Counted from 1 for each name."""
    profile: Profile | None
    """None: deleted by this revision."""
    changed_at: datetime
    changed_by: str
    """The actor: a key or a person."""


def order_key(tenant_id: str) -> str:
    """Return the order key of whoever changes a tenant's own profiles, or which of them badges show."""
    return f"{tenant_id}/score-profiles"


def parameters_of(profile: Profile) -> dict[str, Any]:
    """Return a profile's parameters as they are stored: plain values, all of them, without the name.

    Which origins count is not among them: no setting of a tenant leaves published reviews out.
    """
    return {
        "half_life_days": profile.half_life_days,
        "prior_weight": profile.prior_weight,
        "prior_value": profile.prior_value,
        "kinds": sorted(profile.kinds),
        "verified_weight": profile.verified_weight,
        "unverified_weight": profile.unverified_weight,
        "origin_weights": dict(sorted(profile.origin_weights.items())),
        "source_weights": dict(sorted(profile.source_weights.items())),
        "is_frozen": profile.is_frozen,
    }


def profile_of(name: str, parameters: Mapping[str, Any]) -> Profile:
    """Return the profile that has these parameters, as `parameters_of` makes them.

    Raises:
        InvalidProfileError: one is out of its range.
    """
    return Profile(name=name, **{**parameters, "kinds": frozenset(parameters["kinds"])})
