"""What the API takes and answers about requests; the OpenAPI document is made from these models."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from plaudit.common.http import Body, Page, Subject
from plaudit.feedback_board.requests.domain.activity import Entry, Kind, decimal_text
from plaudit.feedback_board.requests.domain.errors import InvalidInputError
from plaudit.feedback_board.requests.domain.priority import (
    CENT,
    FORMULA_VERSION,
    IMPACTS,
    MAX_EFFORT_WEEKS,
    MIN_EFFORT_WEEKS,
    Sizing,
)
from plaudit.feedback_board.requests.domain.reach import counted_since
from plaudit.feedback_board.requests.domain.request import Draft, Request
from plaudit.feedback_board.requests.domain.snapshot import (
    FORMULA,
    SizingEntry,
    Snapshot,
    is_old,
    snapshot,
    worked_out,
)
from plaudit.feedback_board.requests.domain.status import Status
from plaudit.feedback_board.requests.domain.text import (
    PERSONA_MAX_CHARACTERS,
    PERSONA_PATTERN,
    REASON_MAX_CHARACTERS,
    REASON_MIN_CHARACTERS,
    REASON_PATTERN,
    TEXT_MAX_CHARACTERS,
    TEXT_PATTERN,
    TITLE_MAX_CHARACTERS,
    TITLE_MIN_CHARACTERS,
    TITLE_PATTERN,
    clean_persona,
    clean_reason,
    clean_text,
    clean_title,
)
from plaudit.feedback_board.requests.domain.weighing import Concern, ReachView

DecimalText = Annotated[Decimal, PlainSerializer(decimal_text, return_type=str)]
"""A decimal as text: exact in every language, without exponent or trailing zeros."""


def _text(least: int, most: int, characters: str = TEXT_PATTERN) -> FieldInfo:
    """Return the limits of a text. Its least length counts without the space around it, as the pattern says."""
    return FieldInfo(max_length=most, json_schema_extra={"minLength": least, "pattern": characters})


Title = Annotated[str, _text(TITLE_MIN_CHARACTERS, TITLE_MAX_CHARACTERS, TITLE_PATTERN)]
Text = Annotated[str, _text(0, TEXT_MAX_CHARACTERS)]
Persona = Annotated[str, _text(1, PERSONA_MAX_CHARACTERS, PERSONA_PATTERN)]
Reason = Annotated[str, _text(REASON_MIN_CHARACTERS, REASON_MAX_CHARACTERS, REASON_PATTERN)]
_IMPACT_TEXTS = [decimal_text(each) for each in IMPACTS]
_EFFORT_TEXT = r"^(0[.](2[5-9]|[3-9][0-9]?)|[1-9][0-9]{0,2}([.][0-9]{1,2})?|1000)$"


def _plain(form: re.Pattern[str]) -> BeforeValidator:
    """Return the check of a decimal's text: Python reads `1e0` and ` 1_0 ` too, and the document names neither."""

    def check(value: Any) -> Any:
        if isinstance(value, str) and form.fullmatch(value) is None:
            raise PydanticCustomError("decimal_text", "a number, or its plain text such as 1.5")
        return value

    return BeforeValidator(check)


Impact = Annotated[
    Decimal,
    _plain(re.compile("|".join(map(re.escape, _IMPACT_TEXTS)))),
    WithJsonSchema({"enum": [*map(float, IMPACTS), *_IMPACT_TEXTS]}),
]
Effort = Annotated[
    Decimal,
    _plain(re.compile(_EFFORT_TEXT.removeprefix("^").removesuffix("$"))),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "number",
                    "minimum": float(MIN_EFFORT_WEEKS),
                    "maximum": float(MAX_EFFORT_WEEKS),
                    "multipleOf": float(CENT),
                },
                {"type": "string", "pattern": _EFFORT_TEXT},
            ]
        }
    ),
]


class RequestIn(Body):
    """A request to put on the board."""

    title: Title = Field(description="3 to 120 characters.", examples=["Refund the deposit at once"])
    text: Text = Field(
        default="", description="At most 5,000 characters; plain text.", examples=["It took eleven days."]
    )
    subject: Subject | None = Field(
        default=None, description="What it is about, as a path: `acme/berlin`.", examples=["acme/berlin"]
    )
    persona: Persona | None = Field(
        default=None, description="What kind of person asks; at most 64 characters.", examples=["traveller"]
    )

    def draft(self) -> Draft:
        """Return the request, cleaned. Raises InvalidInputError."""
        return Draft(
            title=clean_title(self.title),
            text=clean_text(self.text),
            subject=self.subject,
            persona=None if self.persona is None else clean_persona(self.persona),
        )


class StatusIn(Body):
    """The new status of a request, and the reason that those who asked for it read."""

    status: Status = Field(description="One that can follow on the present one.", examples=["planned"])
    reason: Reason | None = Field(
        default=None,
        description="Public; 3 to 2,000 characters. Needed to decline, to ship what was not planned, and to move back.",
        examples=["We build it this spring."],
    )
    notify: bool | None = Field(
        default=None,
        description="Whether those who asked for it are told; null: of `planned`, `shipped` and `declined`.",
    )

    def cleaned_reason(self) -> str | None:
        """Return the reason, cleaned; None where none is given. Raises InvalidInputError."""
        return None if self.reason is None else clean_reason(self.reason)


class SizingIn(Body):
    """The team's estimates for a request; both null makes it unsized again."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"properties": {"impact": {"type": "null"}, "effort_weeks": {"type": "null"}}},
                {"properties": {"impact": {"not": {"type": "null"}}, "effort_weeks": {"not": {"type": "null"}}}},
            ]
        }
    )

    impact: Impact | None = Field(description="One of 0.25, 0.5, 1, 2, 3.", examples=["2"])
    effort_weeks: Effort | None = Field(
        description="Person-weeks: 0.25 to 1000, at most two decimals.", examples=["1.5"]
    )
    note: Reason | None = Field(
        default=None, description="Why; public, 3 to 2,000 characters.", examples=["Two of us, most of a week."]
    )

    def sizing(self) -> Sizing | None:
        """Return the sizing, None when both are null. Raises InvalidInputError."""
        match (self.impact, self.effort_weeks):
            case (None, None):
                return None
            case (None, _):
                raise InvalidInputError("impact", "impact and effort_weeks are both numbers, or both null")
            case (_, None):
                raise InvalidInputError("effort_weeks", "impact and effort_weeks are both numbers, or both null")
            case (impact, effort_weeks):
                return Sizing(impact, effort_weeks)


class ConcernIn(Body):
    """What a request is about, so that no weight may hide it."""

    concern: Concern | None = Field(description="Null: none of these.", examples=["safety"])


class RequestOut(BaseModel):
    """A request on the board: its figures, and what they came from."""

    id: UUID = Field(description="Its id.")
    slug: str = Field(description="Its name in the address of its page.", examples=["refund-the-deposit-at-once"])
    title: str = Field(description="What is asked for, in one line.", examples=["Refund the deposit at once"])
    text: str = Field(description="What is asked for, and why; may be empty.", examples=["It took eleven days."])
    subject: str | None = Field(description="What it is about.", examples=["acme/berlin"])
    persona: str | None = Field(description="What kind of person asks.", examples=["traveller"])
    author_name: str | None = Field(
        description="The name that its author wants to be shown under; null for a visitor, and over the API.",
        examples=[None],
    )
    edited_at: datetime | None = Field(description="When its author last changed the title or the text.")
    status: Status = Field(description="What has become of it.")
    status_reason: str | None = Field(description="The public reason; null where none was given.")
    status_changed_at: datetime = Field(description="When it got this status.")
    votes: int = Field(description="All votes for it, those of visitors who did not sign in included.", examples=[0])
    anonymous_votes: int = Field(description="Of `votes`, those of visitors who did not sign in.", examples=[0])
    reach: int = Field(
        description="Distinct people who voted or wrote a linked review within the last 90 days. Visitors who did not "
        "sign in are not among them.",
        examples=[0],
    )
    anonymous_reach: int = Field(
        description="Visitors who voted within the last 90 days and did not sign in; not in reach.", examples=[0]
    )
    muted_people: int = Field(description="Of reach, people of personas that are muted.", examples=[0])
    weighted_reach: DecimalText = Field(
        description="What the people of reach count for in `reach_view`; the priority is made of it.", examples=["0"]
    )
    reach_view: ReachView = Field(
        description="`raw`: everyone counts; `capped`: at most `reach_cap` of each persona; `sqrt`: the root of each.",
        examples=["capped"],
    )
    reach_cap: int | None = Field(description="People of each persona at most; null but for `capped`.", examples=[10])
    concern: Concern | None = Field(description="What it is about, so that no weight may hide it.")
    unidentified_mentions: int = Field(
        description="Linked reviews of the last 90 days whose author is unknown; not in reach.", examples=[0]
    )
    linked_reviews: int = Field(description="Linked reviews that are still published, however old.", examples=[0])
    impact: DecimalText | None = Field(description="How much it matters to one person; null while unsized.")
    effort_weeks: DecimalText | None = Field(description="What it takes, in person-weeks; null while unsized.")
    priority: DecimalText | None = Field(
        description="impact × weighted_reach ÷ effort_weeks, rounded half up to two decimals; null while unsized."
    )
    sized_at: datetime | None = Field(description="When impact and effort were last estimated; null while unsized.")
    formula_version: int = Field(description="The version of the formula of the priority.", examples=[FORMULA_VERSION])
    last_mention_at: datetime = Field(description="The last time that somebody voted for it or a review said the same.")
    created_at: datetime = Field(description="When it was put on the board.")
    merged_into: UUID | None = Field(
        description="The request that speaks for it, since it was merged; null for one that is not merged.",
        examples=[None],
    )
    merged_at: datetime | None = Field(description="When it was merged; null for one that is not.", examples=[None])
    revision: int = Field(description="Rises with every change that anyone can see; the entity tag.", examples=[1])
    page: str = Field(description="Path of its public page.", examples=["/b/default/r/refund-the-deposit-at-once"])


class ActivityOut(BaseModel):
    """One entry of the log of a request."""

    id: int = Field(description="Rises with every entry of the board.", examples=[1])
    type: Kind = Field(description="What happened.")
    at: datetime = Field(description="When it happened.")
    actor: str = Field(description="The key, the job or the page that did it.", examples=["key:vw3sajk26br3jcpn"])
    person: str | None = Field(description="The person key of the voter or author, where it is about one.")
    detail: dict[str, Any] = Field(
        description="What happened, with the `figures` that the request then had.",
        examples=[
            {
                "slug": "refund-the-deposit-at-once",
                "title": "Refund the deposit at once",
                "text": "It took eleven days.",
                "subject": "acme/berlin",
                "persona": "traveller",
                "visibility": "published",
                "figures": {
                    "votes": 0,
                    "anonymous_votes": 0,
                    "reach": 0,
                    "anonymous_reach": 0,
                    "unidentified_mentions": 0,
                    "linked_reviews": 0,
                    "impact": None,
                    "effort_weeks": None,
                    "priority": None,
                    "weighted_reach": "0",
                    "reach_view": "capped",
                    "reach_cap": 10,
                    "muted_people": 0,
                    "formula_version": FORMULA_VERSION,
                },
            }
        ],
    )


class SizingOut(BaseModel):
    """One estimate of a request."""

    impact: DecimalText | None = Field(
        description="How much it matters to one person; null: taken back.", examples=["2"]
    )
    effort_weeks: DecimalText | None = Field(
        description="What it takes, in person-weeks; null: taken back.", examples=["1.5"]
    )
    note: str | None = Field(description="Why.", examples=["Two of us, most of a week."])
    actor: str = Field(description="Who estimated.", examples=["key:vw3sajk26br3jcpn"])
    at: datetime = Field(description="When.")


class SnapshotOut(BaseModel):
    """The priority of a request at one instant, with what it came from."""

    at: datetime = Field(description="When.")
    impact: DecimalText | None = Field(description="How much it then mattered to one person.", examples=["2"])
    effort_weeks: DecimalText | None = Field(description="What it then took, in person-weeks.", examples=["1.5"])
    reach: int = Field(description="Distinct people.", examples=[0])
    muted_people: int = Field(description="Of these, people of personas that were muted.", examples=[0])
    weighted_reach: DecimalText = Field(description="What they counted for.", examples=["0"])
    reach_view: ReachView = Field(description="In this view.", examples=["capped"])
    reach_cap: int | None = Field(description="People of each persona at most; null but for `capped`.", examples=[10])
    priority: DecimalText | None = Field(description="The priority; null while unsized.", examples=["0"])
    formula_version: int = Field(description="The version of the formula.", examples=[FORMULA_VERSION])


class PriorityOut(BaseModel):
    """How the priority of a request comes about, and how it did before."""

    formula: str = Field(description="In words.", examples=[FORMULA])
    formula_version: int = Field(
        description="Rises when formula, rounding or the definition of reach changes.", examples=[FORMULA_VERSION]
    )
    worked_out: str | None = Field(
        description="With this request's numbers, as `2 × 37 people ÷ 3 weeks = 24.67`; null while unsized.",
        examples=["2 × 0 people ÷ 1.5 weeks = 0"],
    )
    now: SnapshotOut = Field(description="As it is now.")
    counted_since: datetime = Field(description="The beginning of the window of reach: a midnight in UTC.")
    sized_at: datetime | None = Field(
        description="When impact and effort were last estimated; null while unsized.", examples=["2026-11-30T12:00:00Z"]
    )
    sizing_is_old: bool = Field(description="Whether that is more than 90 days ago.", examples=[False])
    history: Page[SnapshotOut] = Field(description="What is kept, newest first.")


def request_out(request: Request) -> RequestOut:
    """Return a request as the API shows it."""
    added = {"page": page_path(request)}
    fields = {name: getattr(request, name) for name in RequestOut.model_fields.keys() - added.keys()}
    return RequestOut.model_validate(fields | added)


def activity_out(entry: Entry) -> ActivityOut:
    """Return an entry of the log as the API shows it."""
    return ActivityOut(
        id=entry.id,
        type=entry.kind,
        at=entry.at,
        actor=entry.actor,
        person=entry.person_key,
        detail=dict(entry.detail),
    )


def sizing_out(entry: SizingEntry) -> SizingOut:
    """Return an estimate as the API shows it."""
    return SizingOut(
        impact=entry.impact, effort_weeks=entry.effort_weeks, note=entry.note, actor=entry.actor, at=entry.at
    )


def snapshot_out(held: Snapshot) -> SnapshotOut:
    """Return a snapshot as the API shows it."""
    return SnapshotOut.model_validate({name: getattr(held, name) for name in SnapshotOut.model_fields})


def priority_out(request: Request, history: Page[SnapshotOut], now: datetime) -> PriorityOut:
    """Return the priority of a request, explained."""
    return PriorityOut(
        formula=FORMULA,
        formula_version=request.formula_version,
        worked_out=worked_out(request),
        now=snapshot_out(snapshot(request, now)),
        counted_since=counted_since(now),
        sized_at=request.sized_at,
        sizing_is_old=is_old(request.sized_at, now),
        history=history,
    )


def page_path(request: Request) -> str:
    """Return the path of a request's public page."""
    return f"/b/{request.tenant_id}/r/{request.slug}"
