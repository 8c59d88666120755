"""The bodies of the API of profiles."""

from collections import Counter
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from plaudit.common.http import Body
from plaudit.scoring.half_lives.domain import READY, Progress
from plaudit.scoring.profiles.domain import (
    BUILT_IN,
    MAX_HALF_LIFE_DAYS,
    MAX_PRIOR_WEIGHT,
    MAX_RATING,
    MAX_SOURCE_WEIGHTS,
    MAX_WEIGHT,
    MIN_HALF_LIFE_DAYS,
    MIN_PRIOR_WEIGHT,
    MIN_RATING,
    MIN_WEIGHT,
    Kind,
    Origin,
    Profile,
    ProfileRevision,
    parameters_of,
    profile_of,
)
from plaudit.scoring.scores.schemas import EXAMPLE_SOURCE_ID

Weight = Annotated[float, Field(ge=MIN_WEIGHT, le=MAX_WEIGHT, strict=True)]

_HALF_LIFE = (
    "After how many days a review weighs half, from an hour (1/24) to a hundred years; null: reviews never fade."
)
_PRIOR_WEIGHT = "As how many fresh reviews the prior counts. It never fades, and keeps few reviews from moving a score."
_KINDS = "Which reviews count: stars and thumbs together, or one of the other kinds, which is then read from 1 to 5."
_SOURCE_WEIGHTS = f"The weight of single sources by their ids, at most {MAX_SOURCE_WEIGHTS}; any other has 1."
_FROZEN = "Whether reviews fade only when a new one comes, as on platforms where a score stands still between reviews."


def _each_once(weights: Any) -> Any:
    """Refuse ids that are one and the same, written in two ways."""
    if isinstance(weights, dict):
        written = Counter(key.lower().replace("-", "") for key in weights if isinstance(key, str))
        if twice := [key for key, times in written.items() if times > 1]:
            raise PydanticCustomError("named_twice", "the source {id} is named twice", {"id": twice[0]})
    return weights


SourceWeights = Annotated[dict[UUID, Weight], BeforeValidator(_each_once)]


class ProfileIn(Body):
    """The parameters of a profile. A weight of 1 is that of any review; none is 0, so that no review is left out."""

    half_life_days: float | None = Field(
        ge=MIN_HALF_LIFE_DAYS, le=MAX_HALF_LIFE_DAYS, strict=True, description=_HALF_LIFE, examples=[90.0]
    )
    prior_weight: float = Field(
        ge=MIN_PRIOR_WEIGHT, le=MAX_PRIOR_WEIGHT, strict=True, description=_PRIOR_WEIGHT, examples=[7.0]
    )
    prior_value: float = Field(
        ge=MIN_RATING,
        le=MAX_RATING,
        strict=True,
        description="The stars of the prior: the score of few reviews.",
        examples=[3.5],
    )
    kinds: list[Kind] = Field(min_length=1, max_length=5, description=_KINDS, examples=[["stars", "thumbs"]])
    verified_weight: Weight = Field(default=1.0, description="The weight of verified reviews.", examples=[1.0])
    unverified_weight: Weight = Field(default=1.0, description="The weight of other reviews.", examples=[0.5])
    origin_weights: dict[Origin, Weight] = Field(
        default={}, description="The weight of reviews by their origin; any other has 1.", examples=[{"invited": 0.8}]
    )
    source_weights: SourceWeights = Field(
        default={}, max_length=MAX_SOURCE_WEIGHTS, description=_SOURCE_WEIGHTS, examples=[{EXAMPLE_SOURCE_ID: 2.0}]
    )
    is_frozen: bool = Field(default=False, strict=True, description=_FROZEN, examples=[False])

    def profile(self, name: str) -> Profile:
        """Return the profile as the domain has it.

        Raises:
            InvalidProfileError: a parameter breaks a rule.
        """
        return profile_of(name, self.model_dump() | {"source_weights": _by_text(self.source_weights)})


def _example(model: type[BaseModel]) -> dict[str, object]:
    """Return the example of a model whose fields all have one."""
    return {name: field.examples[0] for name, field in model.model_fields.items() if field.examples}


class ParametersOut(BaseModel):
    """The parameters of a profile."""

    half_life_days: float | None = Field(description=_HALF_LIFE, examples=[90.0])
    prior_weight: float = Field(description=_PRIOR_WEIGHT, examples=[7.0])
    prior_value: float = Field(description="The stars of the prior.", examples=[3.5])
    kinds: list[str] = Field(description=_KINDS, examples=[["stars", "thumbs"]])
    verified_weight: float = Field(description="The weight of verified reviews.", examples=[1.0])
    unverified_weight: float = Field(description="The weight of other reviews.", examples=[0.5])
    origin_weights: dict[str, float] = Field(
        description="The weight of reviews by their origin; any other has 1.", examples=[{"invited": 0.8}]
    )
    source_weights: dict[str, float] = Field(description=_SOURCE_WEIGHTS, examples=[{EXAMPLE_SOURCE_ID: 2.0}])
    is_frozen: bool = Field(description=_FROZEN, examples=[False])


class ProfileOut(ParametersOut):
    """A profile, and whether scores can be read by it."""

    name: str = Field(description="For `?profile=`.", examples=["fast"])
    is_built_in: bool = Field(description="Whether every tenant has it, and nobody changes it.", examples=[False])
    revision: int | None = Field(description="Counted from 1; null for a built-in one.", examples=[1])
    is_ready: bool = Field(
        description="Whether scores can be read: a half-life that is new is filled from the ledger first.",
        examples=[False],
    )
    progress: str = Field(description="How far that is, in words.", examples=["It is about to begin."])
    changed_at: datetime | None = Field(
        description="When this revision was made; null for a built-in one.", examples=["2026-03-01T09:00:00Z"]
    )
    changed_by: str | None = Field(
        description="The key or the person who made it; null for a built-in one.",
        examples=["key:abcdefghijklmnop"],
    )


def built_in_out(profile: Profile) -> ProfileOut:
    """Return a profile that every tenant has."""
    return ProfileOut(
        **parameters_of(profile),
        name=profile.name,
        is_built_in=True,
        revision=None,
        is_ready=True,
        progress=READY.in_words,
        changed_at=None,
        changed_by=None,
    )


class ProfilesOut(BaseModel):
    """All profiles of a tenant."""

    items: list[ProfileOut] = Field(
        description="Those that every tenant has first, then its own by name.",
        examples=[[*(built_in_out(each).model_dump(mode="json") for each in BUILT_IN.values()), _example(ProfileOut)]],
    )


class ProfileRevisionOut(BaseModel):
    """One revision of a profile; it never changes."""

    name: str = Field(description="Of the profile.", examples=["fast"])
    revision: int = Field(description="Counted from 1.", examples=[1])
    parameters: ParametersOut | None = Field(
        description="What it set; null where it deleted the profile.", examples=[_example(ParametersOut)]
    )
    changed_at: datetime = Field(description="When.", examples=["2026-03-01T09:00:00Z"])
    changed_by: str = Field(description="The key or the person.", examples=["key:abcdefghijklmnop"])


def own_out(revision: ProfileRevision, profile: Profile, progress: Progress) -> ProfileOut:
    """Return the profile of a tenant's own that a revision has set."""
    return ProfileOut(
        **parameters_of(profile),
        name=revision.name,
        is_built_in=False,
        revision=revision.revision,
        is_ready=progress.is_ready,
        progress=progress.in_words,
        changed_at=revision.changed_at,
        changed_by=revision.changed_by,
    )


def revision_out(revision: ProfileRevision) -> ProfileRevisionOut:
    """Return a revision."""
    profile = revision.profile
    return ProfileRevisionOut(
        name=revision.name,
        revision=revision.revision,
        parameters=None if profile is None else ParametersOut(**parameters_of(profile)),
        changed_at=revision.changed_at,
        changed_by=revision.changed_by,
    )


def _by_text(weights: dict[UUID, float]) -> dict[str, float]:
    return {str(source_id): weight for source_id, weight in weights.items()}
