"""The bodies of the API of answers."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, Field

from plaudit.alerting.answers.domain.check import Draft, Finding, Kind, Report, Review
from plaudit.alerting.answers.domain.kept_answer import (
    MAX_ANSWER_CHARS,
    MAX_REVIEW_CHARS,
    MOST_KEPT,
    REUSE_WINDOW,
    Individuality,
    Likeness,
)
from plaudit.alerting.answers.domain.likeness import MIN_CHARS, MIN_WORDS, SAME_FROM, WARN_FROM
from plaudit.common.contracts import Severity
from plaudit.common.http import AnyText, Body, Subject

MAX_SHOWN_NAME_CHARS: Final = 200
LANGUAGE_PATTERN: Final = r"^[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8}){0,3}$"
A_DRAFT: Final = (
    "Hi Tom, you failed to tell us which hinge broke. I am sorry; a new one goes out tomorrow. Which side is it?"
)
A_REVIEW: Final = "The left hinge of the door broke on the second day."

Name = Annotated[str, Field(max_length=MAX_SHOWN_NAME_CHARS)]


class AnsweredReviewIn(Body):
    """The review that is answered."""

    text: Annotated[str, Field(max_length=MAX_REVIEW_CHARS)] = Field(
        description="What it says, with its title; empty for a rating alone.", examples=[A_REVIEW]
    )
    rating: Annotated[float, Field(ge=1, le=5)] | None = Field(default=None, description="From 1 to 5.", examples=[1])
    severity: Severity | None = Field(
        default=None,
        description="How bad it is. If it is not given, a rating below 2.5 is negative.",
        examples=["negative"],
    )
    author: Name | None = Field(
        default=None,
        description="The name that is shown with it: it is no difference between answers.",
        examples=["Tom"],
    )
    product: Name | None = Field(
        default=None, description="What it is about, as people say it.", examples=["Breeze 200"]
    )
    subject: Subject | None = Field(default=None, description="What it is about.", examples=["acme/berlin"])


class AnswerDraftIn(Body):
    """An answer that is not published yet, and the review that it answers."""

    text: Annotated[str, Field(min_length=1, max_length=MAX_ANSWER_CHARS)] = Field(
        description="The draft as it would be published.", examples=[A_DRAFT]
    )
    language: Annotated[str, Field(pattern=LANGUAGE_PATTERN)] = Field(
        description="The tag of the language that it is written in, such as `de-AT`.", examples=["en"]
    )
    review: AnsweredReviewIn = Field(description="The review that it answers.")
    review_id: AnyText | None = Field(
        default=None,
        description="Our id of the review: its own published answer is then no earlier one.",
        examples=["review-1"],
    )

    def draft(self) -> Draft:
        """Return what is checked."""
        return Draft(
            text=self.text,
            language=self.language,
            review=Review(**self.review.model_dump()),
            review_id=self.review_id,
        )


class SpanOut(BaseModel):
    """A part of the draft, in Unicode code points from its beginning."""

    start: int = Field(description="Of its first character, counted from 0.", examples=[8])
    end: int = Field(description="Behind its last character.", examples=[21])


class EarlierAnswerOut(BaseModel):
    """An answer of the tenant that was published before."""

    review_id: str = Field(description="The review that it answers.", examples=["review-7"])
    published_at: datetime = Field(description="When it was published.")
    excerpt: str = Field(description="How it begins.", examples=["Hi Ann, a new one goes out tomorrow."])
    similarity: float = Field(
        description="How alike the two are without names, numbers, greeting and sign-off, from 0 to 1.", examples=[0.91]
    )
    times_in_30_days: int = Field(description="How often the same text was published in 30 days.", examples=[2])


class FindingOut(BaseModel):
    """Something to look at again. It keeps nobody from publishing."""

    kind: Kind = Field(description="What was found.", examples=["counter_attack"])
    spans: list[SpanOut] = Field(description="Where in the draft; none where something is missing.")
    message: str = Field(
        description="What was found, in a sentence.",
        examples=["It may be read as a counter-attack: it says that it is the customer's fault."],
    )
    advice: str = Field(
        description="What to do about it.",
        examples=["Say what you know and what you do. Settle in private who is right: others read along."],
    )
    earlier: EarlierAnswerOut | None = Field(description="The earlier answer that it is like.", examples=[None])


class SkippedCheckOut(BaseModel):
    """What was not judged, and why."""

    kind: Kind = Field(description="What was not judged.", examples=["hard_to_read"])
    reason: str = Field(
        description="Why, in a sentence.",
        examples=["It has fewer than 30 words; only the length of its sentences was looked at."],
    )


class ReadabilityOut(BaseModel):
    """How easily the draft is read, by a published formula for its language."""

    formula: str = Field(description="Its name, author and year.", examples=["Reading Ease (Flesch 1948)"])
    score: float = Field(description="In its points.", examples=[71.2])
    is_hard: bool = Field(description="Whether its author calls that difficult.")
    words_per_sentence: float = Field(description="On average.", examples=[11.5])


class CheckOut(BaseModel):
    """What was found in a draft."""

    findings: list[FindingOut] = Field(description="What to look at again; empty where nothing was found.")
    skipped: list[SkippedCheckOut] = Field(description="What was not judged, and why.")
    compared_with: int = Field(
        description=f"So many of the last {MOST_KEPT} published answers were long enough to compare with.", examples=[0]
    )
    similarity: float | None = Field(
        description=(
            f"To the most similar one: from {WARN_FROM} a near copy, from {SAME_FROM} the same text. Null where none "
            f"was compared: a text without names and numbers of fewer than {MIN_CHARS} characters or {MIN_WORDS} words "
            "is like others by chance."
        ),
        examples=[None],
    )
    readability: ReadabilityOut | None = Field(description="Null for a few words.", examples=[None])


class IndividualityOut(BaseModel):
    """How individual the published answers are."""

    answers: int = Field(description=f"That are kept: the last {MOST_KEPT} of the tenant, or fewer.", examples=[1])
    compared: int = Field(description="Of them, those long enough to compare.", examples=[1])
    individual: int = Field(description=f"Less similar than {WARN_FROM} to any earlier one.", examples=[1])
    individual_share: float | None = Field(description="Of those compared; null without any.", examples=[1.0])
    near_copies: int = Field(description=f"At least {WARN_FROM}, and less than {SAME_FROM} similar.", examples=[0])
    same_texts: int = Field(description=f"At least {SAME_FROM} similar.", examples=[0])
    reused_in_30_days: int = Field(
        description=(
            f"Published in the last {REUSE_WINDOW.days} days, with the same text in the {REUSE_WINDOW.days} days "
            "before."
        ),
        examples=[0],
    )
    most_repeats: int = Field(
        description=f"The most times that one text had been published in {REUSE_WINDOW.days} days.", examples=[0]
    )


def check_out(report: Report) -> CheckOut:
    """Return what was found, as the API shows it."""
    read = report.readability
    return CheckOut(
        findings=[_finding(each) for each in report.findings],
        skipped=[SkippedCheckOut(kind=each.kind, reason=each.reason) for each in report.skipped],
        compared_with=report.compared_with,
        similarity=round(report.nearest.similarity, 4) if report.nearest else None,
        readability=ReadabilityOut(**read._asdict()) if read else None,
    )


def individuality_out(figures: Individuality) -> IndividualityOut:
    """Return figures, as the API shows them."""
    members = {name: getattr(figures, name) for name in figures.__struct_fields__}
    return IndividualityOut(**members, individual_share=figures.share)


def _finding(found: Finding) -> FindingOut:
    return FindingOut(
        kind=found.kind,
        spans=[SpanOut(start=span.start, end=span.end) for span in found.spans],
        message=found.message,
        advice=found.advice,
        earlier=_earlier(found.earlier) if found.earlier else None,
    )


def _earlier(found: Likeness) -> EarlierAnswerOut:
    return EarlierAnswerOut(
        review_id=found.answer.review_id,
        published_at=found.answer.published_at,
        excerpt=found.answer.excerpt,
        similarity=round(found.similarity, 4),
        times_in_30_days=found.times,
    )
