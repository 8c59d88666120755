"""The bodies of the API of explanation."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from plaudit.scoring.history.domain import Happened
from plaudit.scoring.scores.schemas import EXAMPLE_SOURCE_ID

EXAMPLE_REVIEW_ID = "01956d00-0000-7000-8000-00000000000a"
HappenedOut = Literal["new", "late", "edited", "removed", "restored", "moved_in", "moved_out", "erased"]
HAPPENED_OUT: Final[Mapping[Happened, HappenedOut]] = {
    Happened.NEW: "new",
    Happened.LATE: "late",
    Happened.EDITED: "edited",
    Happened.REMOVED: "removed",
    Happened.RESTORED: "restored",
    Happened.MOVED_IN: "moved_in",
    Happened.MOVED_OUT: "moved_out",
    Happened.ERASED: "erased",
}
"""All that a subject sees."""


class EffectOut(BaseModel):
    """What one review does to the score of one subject."""

    subject: str = Field(description="A subject that the review counts for.", examples=["acme"])
    score: float | None = Field(description="The score with it.", examples=[3.6875])
    score_without: float | None = Field(
        description="The score as it would be without it; null if no other review counts.", examples=[None]
    )
    effect: float = Field(
        description="By how much it raises the score, in stars; negative where it lowers it. Against the prior if no "
        "other review counts.",
        examples=[0.1875],
    )
    count: int = Field(description="Published reviews that count, with it.", examples=[1])


class EffectsOut(BaseModel):
    """What one review does to the score of its subject, and of every prefix of it."""

    profile: str = Field(description="The rules that the scores are computed by.", examples=["trust"])
    items: list[EffectOut] = Field(description="The review's own subject first, the widest last.")


class StandingOut(BaseModel):
    """A score as it was shown at one end of the window."""

    at: datetime = Field(description="The instant.")
    score: float | None = Field(description="From 1 to 5; null while there are no reviews.", examples=[None])
    count: int = Field(description="Published reviews that count.", examples=[0])


class PartOut(BaseModel):
    """What one thing that became of reviews of the same stars did to the score."""

    happened: HappenedOut = Field(
        description="`new`; `late`: new, and rated more than a day before it was known; `edited`; `removed`; "
        "`restored`; `moved_in` from and `moved_out` to a subject that is not below this one; `erased` at the person's "
        "request.",
        examples=["new"],
    )
    stars_before: int | None = Field(description="What they counted as before; null if not.", examples=[None])
    stars_after: int | None = Field(description="What they count as now; null if not.", examples=[5])
    count: int = Field(description="How many changes.", examples=[1])
    effect: float = Field(description="By how many stars they raised the score together.", examples=[0.1875])


class SourcePartOut(BaseModel):
    """What all that became of one source's reviews did to the score."""

    source_id: str | None = Field(
        description="The source; null for all that are not among the hundred with the largest effects.",
        examples=[EXAMPLE_SOURCE_ID],
    )
    source_name: str | None = Field(
        description="What the tenant calls the source; null until a review has told.", examples=["Acme shop"]
    )
    platform: str | None = Field(description="The source's platform; null as the name.", examples=["native"])
    count: int = Field(description="How many changes.", examples=[1])
    effect: float = Field(description="By how many stars they raised the score together.", examples=[0.1875])


class TopicPartOut(BaseModel):
    """What reviews that mention a topic did to the score."""

    topic: str = Field(
        description="One of fifteen, such as `delivery`; `other`; `none` of reviews that mention none; `not_sorted` of "
        "reviews that were erased, or changed before topics were kept.",
        examples=["none"],
    )
    count: int = Field(
        description="How many changes of reviews that mention it, after the change if they are still there. One of "
        "several topics is counted in each.",
        examples=[1],
    )
    effect: float = Field(
        description="By how many stars they raised the score together; a review's effect is split equally between its "
        "topics.",
        examples=[0.1875],
    )


class MovingReviewOut(BaseModel):
    """One of the reviews that moved the score most, with all that became of it in the window."""

    review_id: str = Field(description="The review.", examples=[EXAMPLE_REVIEW_ID])
    source_id: str = Field(description="Its source.", examples=[EXAMPLE_SOURCE_ID])
    source_name: str | None = Field(
        description="What the tenant calls the source; null until a review has told.", examples=["Acme shop"]
    )
    platform: str | None = Field(description="The source's platform; null as the name.", examples=["native"])
    happened: list[HappenedOut] = Field(description="What became of it, each once, in order.", examples=[["new"]])
    stars_before: int | None = Field(
        description="What it counted as when the window began; null if not.", examples=[None]
    )
    stars_after: int | None = Field(description="What it counts as at its end; null if not.", examples=[5])
    origin: str = Field(
        description="`organic`; `invited`: the writer was asked; `incentivised`: it was given for a reward, and is "
        "labelled so wherever it is shown.",
        examples=["organic"],
    )
    effect: float = Field(description="By how many stars it raised the score.", examples=[0.1875])


class ExplanationOut(BaseModel):
    """Why a score moved between two instants."""

    subject: str = Field(description="The subject; everything below it counts too.", examples=["acme"])
    profile: str = Field(description="The rules that it is computed by.", examples=["trust"])
    source_id: UUID | None = Field(description="Of this source's reviews alone; null for all.", examples=[None])
    origin: str | None = Field(description="Of this origin's reviews alone; null for all.", examples=[None])
    before: StandingOut = Field(description="The score at the first instant.")
    after: StandingOut = Field(description="The score at the second instant.")
    prior: float = Field(description="What stands for a score while there are no reviews.", examples=[3.5])
    change: float = Field(description="After less before.", examples=[0.1875])
    ageing: float = Field(
        description="By how many stars the score rose because the reviews that were known at first have faded.",
        examples=[0.0],
    )
    parts: list[PartOut] = Field(description="By what became of which stars, the largest effect first.")
    sources: list[SourcePartOut] = Field(description="The same by source, the largest effect first.")
    topics: list[TopicPartOut] = Field(description="The same by what reviews mention, the largest effect first.")
    reviews: list[MovingReviewOut] = Field(
        description="The reviews that moved it most, the largest effect first. One that was erased is never among them."
    )
