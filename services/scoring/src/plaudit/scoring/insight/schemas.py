"""The parameters and bodies of the API of insight."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from plaudit.common.contracts.mentions import PERSONA_TITLES, TOPIC_TITLES
from plaudit.scoring.insight.domain.report import Change, Ease, Example, Insight, Share, TermInsight, TopicInsight
from plaudit.scoring.sources.domain import Source, named

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _check_day(value: Any) -> Any:
    if not (isinstance(value, str) and _DAY.fullmatch(value)):
        raise PydanticCustomError("day", "a day is written as 2026-03-01")
    return value


Day = Annotated[
    date,
    BeforeValidator(_check_day),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-03-01"]}),
]
"""A day in UTC, as a parameter."""
Persona = Literal["long_time", "new_user", "business_use", "supplier_side"]
"""What writers say about themselves."""
assert Persona.__args__ == tuple(PERSONA_TITLES)  # type: ignore[attr-defined] # of a literal


_NONE: Final[Mapping[str, Any]] = {"count": 0, "of": 0, "share": None, "low": None, "high": None}


class ShareOut(BaseModel):
    """How many of how many, and where the share lies at 95 %."""

    count: int = Field(description="How many.", examples=[1])
    of: int = Field(description="Of how many.", examples=[1])
    share: float | None = Field(description="`count / of`; null of none.", examples=[1.0])
    low: float | None = Field(description="The lower end of Wilson's interval at 95 %.", examples=[0.2065])
    high: float | None = Field(description="The upper end.", examples=[1.0])


class EaseOut(BaseModel):
    """How easily complaints were solved, from 1, very hard, to 7, very easily."""

    answers: int = Field(description="How many say it. One alone has no interval.", examples=[1])
    mean: float | None = Field(description="Their mean; null of none.", examples=[5.0])
    low: float | None = Field(
        description="The lower end of the mean's interval at 95 %; null where the answers do not differ.",
        examples=[None],
    )
    high: float | None = Field(description="The upper end.", examples=[None])


class ExampleOut(BaseModel):
    """A review to read, at `GET /v1/reviews/{review_id}`."""

    review_id: UUID = Field(description="Its id.")
    day: date = Field(description="When it was rated, in UTC.", examples=["2026-03-02"])
    excerpt: str = Field(
        description="What it says, in at most 160 characters.", examples=["The parcel came late and nobody answered."]
    )
    origin: str | None = Field(
        description="`organic`; `invited`: the writer was asked; `incentivised`: it was given for a reward, and is "
        "labelled so wherever it is shown. Null while the review is so new that scores do not count it yet.",
        examples=[None],
    )


class ShareChangeOut(BaseModel):
    """That something is in a larger or smaller share of complaints than before."""

    direction: Literal["rising", "falling"] = Field(description="Whether the share is larger or smaller than before.")
    certainty: Literal["clear", "possible"] = Field(
        description="`clear` from z = 3 on, `possible` from 2.58 on; below that nothing changed measurably."
    )
    since: date | None = Field(
        description="The first day of the week in which the share changed most likely.", examples=["2026-02-09"]
    )


class TopicOut(BaseModel):
    """What reviews say of one of the fifteen topics. A topic is mentioned, well or badly."""

    topic: str = Field(description="Its name.", json_schema_extra={"enum": [*TOPIC_TITLES]}, examples=["delivery"])
    title: str = Field(description="As people read it.", examples=["Delivery"])
    low: ShareOut = Field(description="Low-rated reviews (1 to 2 stars) that mention it, of all low-rated ones.")
    high: ShareOut = Field(
        description="High-rated reviews (4 to 5 stars) that mention it, of all high-rated ones.", examples=[_NONE]
    )
    low_before: ShareOut = Field(description="As `low`, in the days before.", examples=[_NONE])
    change: ShareChangeOut | None = Field(
        description="How its share of low-rated reviews changed; null where not measurably.", examples=[None]
    )
    drastic: int = Field(description="Of the low-rated ones, how many are drastic.", examples=[0])
    solved: ShareOut = Field(description="Of the low-rated ones, how many are solved.")
    ease: EaseOut = Field(description="How easily the low-rated ones were solved.")
    questions: int = Field(description="Of the low-rated ones, how many ask what content could answer.", examples=[0])
    answerable_by_content: bool = Field(description="Whether three or more ask.")
    weeks: list[int] = Field(
        description="Low-rated reviews that mention it in each week, the oldest first; the last half is of the window.",
        examples=[[0, 0, 0, 1]],
    )
    examples: list[ExampleOut] = Field(description="Up to three, of different people, the newest first.")


class TermOut(BaseModel):
    """A term that stands out. Each person counts once, and a text that was pasted is read once."""

    term: str = Field(description="As it is written most often.", examples=["customer service"])
    said: ShareOut = Field(description="People that say it, of those whose words were compared.")
    other: ShareOut = Field(description="The same of those that they are compared with.")
    certainty: Literal["clear", "possible"] = Field(
        description="`clear` from z = 3 on: hardly any is told by chance. `possible` from 2.58 on."
    )
    change: ShareChangeOut | None = Field(description="In `changes` alone.", examples=[None])
    questions: int = Field(description="How many ask what content could answer.", examples=[0])
    answerable_by_content: bool = Field(description="Whether three or more ask.")
    examples: list[ExampleOut] = Field(description="Up to three, of different people, the newest first.")


class SideOut(BaseModel):
    """What complaints or praise are about."""

    topics: list[TopicOut] = Field(description="The most frequent first.")
    terms: list[TermOut] = Field(description="Those that stand out against the other side.", examples=[[]])
    note: str | None = Field(
        description="Why no term is told.",
        examples=["No term stands out: the words of 1 low-rated and 0 high-rated reviews were compared."],
    )


class ChangesOut(BaseModel):
    """What low-rated reviews say more, or less, than before."""

    topics: list[TopicOut] = Field(description="Topics whose share changed measurably.", examples=[[]])
    terms: list[TermOut] = Field(description="Terms that are said more.", examples=[[]])
    note: str | None = Field(
        description="What can be said where nothing is told.",
        examples=["Too few low-rated reviews to tell a change: 1, and 0 before; 15 and 30 are needed."],
    )


class ReviewsOut(BaseModel):
    """How many reviews with stars or thumbs."""

    low: int = Field(description="Of 1 to 2 stars.", examples=[1])
    middle: int = Field(description="Between them.", examples=[0])
    high: int = Field(description="Of 4 to 5 stars.", examples=[0])


class InsightOut(BaseModel):
    """What people complain about and praise."""

    subject: str = Field(description="The subject; everything below it counts too.", examples=["acme"])
    persona: Persona | None = Field(description="Only writers that say this of themselves.", examples=[None])
    source_id: UUID | None = Field(description="Only reviews from this source; null for all.", examples=[None])
    source_name: str | None = Field(
        description="What the tenant calls the source; null without `source_id`, and until a review has told.",
        examples=[None],
    )
    platform: str | None = Field(description="The source's platform; null as the name.", examples=[None])
    start: date = Field(alias="from", description="The first day, in UTC.", examples=["2026-02-17"])
    end: date = Field(alias="to", description="The day after the last.", examples=["2026-03-03"])
    before: date = Field(description="The first of as many days before, which are compared.", examples=["2026-02-03"])
    reviews: ReviewsOut = Field(description="Of the window.")
    reviews_before: ReviewsOut = Field(description="Of the days before.", examples=[{"low": 0, "middle": 0, "high": 0}])
    is_sample: bool = Field(
        description="Whether terms are told of a sample of about 2,000 reviews a side, as there are more. Topics are "
        "always told of all."
    )
    solved: ShareOut = Field(description="Of the low-rated reviews, how many are solved.")
    ease: EaseOut = Field(description="How easily they were solved.")
    complaints: SideOut = Field(description="What low-rated reviews are about.")
    praise: SideOut = Field(
        description="What high-rated reviews are about.",
        examples=[
            {
                "topics": [],
                "terms": [],
                "note": "No term stands out: the words of 0 high-rated and 1 low-rated reviews were compared.",
            }
        ],
    )
    changes: ChangesOut = Field(description="What complaints say more, or less, than before.")


def insight_out(
    found: Insight, subject: str, persona: Persona | None, source: tuple[UUID | None, Source | None], limit: int
) -> InsightOut:
    """Return what is told as the body of an answer.

    Args:
        found: what is told.
        subject: of which subject.
        persona: of which writers.
        source: the source that was asked for, and what it is called.
        limit: most topics and terms of each list.
    """
    source_id, known = source
    low, high, _ = found.read
    side = "No term stands out: the words of {} {}-rated and {} {}-rated reviews were compared.".format
    return InsightOut.model_validate(
        {
            "subject": subject,
            "persona": persona,
            "source_id": source_id,
            **named(known),
            "from": found.window.start,
            "to": found.window.end,
            "before": found.window.before,
            "reviews": {"low": found.now.low, "middle": found.now.middle, "high": found.now.high},
            "reviews_before": {"low": found.before.low, "middle": found.before.middle, "high": found.before.high},
            "is_sample": not found.is_whole,
            "solved": _share(found.solved),
            "ease": _ease(found.ease),
            "complaints": {
                "topics": [_topic(each, each.low_examples) for each in found.complained_topics[:limit]],
                "terms": list(map(_term, found.complaints)),
                "note": None if found.complaints else side(low, "low", high, "high"),
            },
            "praise": {
                "topics": [_topic(each, each.high_examples) for each in found.praised_topics[:limit]],
                "terms": list(map(_term, found.praise)),
                "note": None if found.praise else side(high, "high", low, "low"),
            },
            "changes": {
                "topics": [_topic(each, each.low_examples) for each in found.changed_topics[:limit]],
                "terms": list(map(_term, found.changes)),
                "note": found.note_of_changes,
            },
        }
    )


def _share(share: Share) -> dict[str, Any]:
    low, high = share.interval or (None, None)
    return {"count": share.count, "of": share.of, "share": share.value, "low": low, "high": high}


def _ease(ease: Ease) -> dict[str, Any]:
    low, high = ease.interval or (None, None)
    return {"answers": ease.answers, "mean": ease.mean, "low": low, "high": high}


def _change(change: Change | None) -> dict[str, Any] | None:
    if change is None:
        return None
    return {"direction": change.direction, "certainty": _certainty(change.is_certain), "since": change.since}


def _certainty(is_certain: bool) -> str:
    return "clear" if is_certain else "possible"


def _examples(examples: tuple[Example, ...]) -> list[dict[str, Any]]:
    return [
        {"review_id": each.review_id, "day": each.day, "excerpt": each.excerpt, "origin": each.origin}
        for each in examples
    ]


def _topic(topic: TopicInsight, examples: tuple[Example, ...]) -> dict[str, Any]:
    return {
        "topic": topic.topic,
        "title": topic.title,
        "low": _share(topic.low),
        "high": _share(topic.high),
        "low_before": _share(topic.low_before),
        "change": _change(topic.change),
        "drastic": topic.drastic,
        "solved": _share(topic.solved),
        "ease": _ease(topic.ease),
        "questions": topic.questions,
        "answerable_by_content": topic.is_answerable,
        "weeks": topic.weeks,
        "examples": _examples(examples),
    }


def _term(term: TermInsight) -> dict[str, Any]:
    return {
        "term": term.term,
        "said": _share(term.said),
        "other": _share(term.other),
        "certainty": _certainty(term.is_certain),
        "change": _change(term.change),
        "questions": term.questions,
        "answerable_by_content": term.is_answerable,
        "examples": _examples(term.examples),
    }
