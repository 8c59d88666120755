"""Previews of sorting rules in the API."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from plaudit.ingest.resorting.domain import Change, PhraseUse, Preview, SortingRun, outcome, words
from plaudit.ingest.sorting.domain.sort import Sorted

Outcome = Literal["normal", "negative", "check", "drastic"]


class CountsOut(BaseModel):
    """How many of the reviews are how severe."""

    normal: int = Field(description="Neither bad nor worth a look.", examples=[1])
    negative: int = Field(description="Of one or two stars, and nothing drastic said.", examples=[0])
    check: int = Field(description="Something was said that a person should look at.", examples=[0])
    drastic: int = Field(description="Of one or two stars, with something drastic said.", examples=[0])


class VerdictOut(BaseModel):
    """What rules say of a review."""

    outcome: Outcome = Field(description="How severe it is; `check` where a person should look.", examples=["drastic"])
    words: list[str] = Field(description="The words that say so.", examples=[["stole my deposit"]])
    topics: list[str] = Field(description="What it mentions.", examples=[["billing_refund"]])
    language: str | None = Field(
        description="The language of its text; null if it is unknown, or if no language would change.", examples=["en"]
    )


class ChangeOut(BaseModel):
    """A review that the proposed rules judge otherwise."""

    review_id: UUID = Field(description="The review.")
    rating: float = Field(description="From 1 to 5.", examples=[1.0])
    before: VerdictOut = Field(description="By the rules in force.")
    after: VerdictOut = Field(description="By the proposed rules.")


class PhraseUseOut(BaseModel):
    """A phrase of drastic things, and in how many of the reviews it is said."""

    category: str = Field(description="What it stands for.", examples=["legal"])
    phrase: str = Field(description="The phrase, as a mute names it.", examples=["lawyer/lawyers"])
    bad: int = Field(description="Reviews of one or two stars that say it.", examples=[7])
    good: int = Field(description="Reviews of four or five stars that say it.", examples=[0])
    is_word_of_trade: bool = Field(description="Whether good reviews say it so often that it says nothing: mute it.")


class PreviewOut(BaseModel):
    """What the proposed rules would change. Severity rules cover English and German only."""

    reviews: int = Field(description="How many reviews were read, the latest published.", examples=[1])
    bad: int = Field(description="Of them with one or two stars.", examples=[0])
    good: int = Field(description="Of them with four or five stars; words of trade need 50.", examples=[1])
    before: CountsOut = Field(description="By the rules in force.")
    after: CountsOut = Field(description="By the proposed rules.")
    changed: int = Field(description="How many reviews are judged otherwise.", examples=[0])
    changes: list[ChangeOut] = Field(description="Up to 50 of them.", examples=[[]])
    phrases: list[PhraseUseOut] = Field(description="The ten most frequent phrases of drastic things.", examples=[[]])


class SortingRunOut(BaseModel):
    """A run that applies the rules in force to all stored reviews."""

    id: UUID = Field(description="Its id.")
    requested_by: str = Field(description="Who asked for it.", examples=["key:2ddq7sf7p7fb6c7r"])
    requested_at: datetime = Field(description="When.")
    read: int = Field(description="How many reviews it has sorted.", examples=[0])
    changed: int = Field(description="How many of them have a new revision by it.", examples=[0])
    severities: dict[str, int] = Field(
        description="Severity before and after, as `negative>drastic` → how many reviews changed so.",
        examples=[{}],
    )
    finished_at: datetime | None = Field(description="When it was done; null while it goes on.")


def sorting_run_out(run: SortingRun) -> SortingRunOut:
    """Return a run as the API shows it."""
    return SortingRunOut.model_validate(run, from_attributes=True)


def preview_out(found: Preview) -> PreviewOut:
    """Return a preview as the API shows it."""
    return PreviewOut(
        reviews=found.reviews,
        bad=found.bad,
        good=found.good,
        before=CountsOut(**{name: found.before[name] for name in CountsOut.model_fields}),
        after=CountsOut(**{name: found.after[name] for name in CountsOut.model_fields}),
        changed=found.changed,
        changes=[_change_out(change) for change in found.changes],
        phrases=[_phrase_out(use) for use in found.phrases],
    )


def _change_out(change: Change) -> ChangeOut:
    return ChangeOut(
        review_id=change.review_id,
        rating=change.stars,
        before=_verdict_out(change.before),
        after=_verdict_out(change.after),
    )


def _verdict_out(found: Sorted) -> VerdictOut:
    return VerdictOut.model_validate(
        {
            "outcome": outcome(found),
            "words": words(found),
            "topics": [mark.name for mark in found.topics],
            "language": found.language.tag,
        }
    )


def _phrase_out(use: PhraseUse) -> PhraseUseOut:
    rate = use.rate
    return PhraseUseOut(
        category=rate.category,
        phrase=rate.phrase,
        bad=rate.bad,
        good=rate.good,
        is_word_of_trade=use.is_word_of_trade,
    )
