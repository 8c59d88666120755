"""Events about scores: `scores.v1`, written by scoring. They name no review and no person."""

from enum import StrEnum

import msgspec

from plaudit.common.contracts.time import Instant


class Cause(StrEnum):
    """Why a score is told."""

    REVIEWS = "reviews"
    """Reviews came, changed or went."""
    TIME = "time"
    """No review came, and the stars shown have changed because reviews fade."""
    COMPLETION = "completion"
    """The topic did not hold it yet, or held it by other profiles than the tenant has now: no review has changed."""


class StarsChange(msgspec.Struct, frozen=True, kw_only=True):
    """The next change of the stars shown, if no review comes until then."""

    at: Instant
    stars: float
    """Shown from then on."""


class ProfileScore(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The score of a subject by the rules of one profile, at the event's `as_of`.

    It tells when the score crosses any threshold T with no new reviews. With the score S, the weight B of all reviews,
    the prior V, which weighs N, and the half-life H, that is `H * log2(((N + B) * S - N * V - T * B) / (N * (T - V)))`
    after `as_of`, for a T between S and V.
    """

    score: float | None
    """From 1 to 5; null while there are no reviews."""
    stars: float | None
    """The nearest half star, ties up."""
    count: int
    """Published reviews."""
    distribution: dict[str, int]
    """Published reviews by star, from "1" to "5"."""
    effective_reviews: float
    """How many reviews of equal weight would say as much."""
    prior: float
    """What the score moves to with no new reviews."""
    next_stars: StarsChange | None = None
    """None where the stars shown never change without reviews, as where reviews do not fade."""
    weight: float | None = None
    """What all reviews weigh together; a fresh one weighs 1, unless the profile weighs it otherwise."""
    prior_weight: float | None = None
    """What the prior weighs, which never fades."""
    half_life_days: float | None = None
    """After how long without a review they weigh half; None where they do not fade without one."""


class SurveyFigure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of surveys, with answers fading as in the profile `trust`. It is never mixed into stars."""

    value: float | None
    """NPS from -100 to 100, CSAT in percent from 0 to 100, CES from 1 to 7; null while there are no answers."""
    count: int
    """Answers."""


class ScoreChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The scores of a subject and everything below it, by all profiles: a whole record, which replaces the one before.

    A subject that changes often is told a few times a second. Between two events the score moves towards the prior.
    """

    subject: str
    number: int
    """Only ever grows, for each subject; it is no count. One that is lower than what you have is old: ignore it."""
    as_of: Instant
    """The instant that all figures hold for."""
    cause: Cause
    profiles: dict[str, ProfileScore]
    """By the name of the profile: the three that every tenant has, and those of its own that are ready, at most 20."""
    nps: SurveyFigure | None = None
    csat: SurveyFigure | None = None
    ces: SurveyFigure | None = None
