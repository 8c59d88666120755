"""Surveys and invitations in the API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from msgspec.structs import asdict
from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from plaudit.common.contracts.subjects import is_subject_within
from plaudit.common.http import Body, Subject
from plaudit.common.refusals import rule_in_words
from plaudit.common.text import NOT_TEXT, UNSEEN
from plaudit.ingest.contacts.domain import PERSON_PATTERN
from plaudit.ingest.contacts.schemas import A_PERSON, Email
from plaudit.ingest.customers.schemas import Value
from plaudit.ingest.reviews.domain.state import Kind
from plaudit.ingest.surveys.domain.invitations import DEFAULT_DAYS, MAX_DAYS, MAX_INVITATIONS, LeftOut, Reason
from plaudit.ingest.surveys.domain.survey import (
    MAX_BRAND_CHARS,
    MAX_LINE_CHARS,
    MAX_THANKS_CHARS,
    Language,
    Survey,
    Wording,
    choices,
)
from plaudit.ingest.surveys.domain.templates import Template, wording_of
from plaudit.ingest.surveys.store import Counted

A_LINK: Final = "https://plaudit.example/s/AZnW8nwefkCaUh8MbA87EQGZ1vJ8HnpAmlIfDGwPOxFpl9JzIBP9GCssLFYTIsTYXdfKEg"
_STORABLE: Final = r"^[^\x00]*$"
_SEEN: Final = rf"^[^\x00]*[^\s{NOT_TEXT}{UNSEEN}][^\x00]*$"
"""Some character that can be seen, and no NUL."""

SurveyKind = Literal[Kind.STARS, Kind.NPS, Kind.CSAT, Kind.CES]
Line = Annotated[str, StringConstraints(max_length=MAX_LINE_CHARS, pattern=_SEEN)]
Thanks = Annotated[str, StringConstraints(max_length=MAX_THANKS_CHARS, pattern=_SEEN)]
Days = Annotated[int, BeforeValidator(lambda value: int(value) if _is_whole(value) else value), Field(strict=True)]
"""A whole number, however JSON spells it: 30 and 30.0 are the same."""
Brand = Annotated[str, StringConstraints(min_length=1, max_length=MAX_BRAND_CHARS, pattern=_STORABLE)]

_KIND: Final = "What is asked for: stars 1 to 5, NPS 0 to 10, CSAT 1 to 5, CES 1 to 7."
_BRAND: Final = "Who asks, as customers know it. The tenant's name, if not given."
_TITLE: Final = "The heading. `{brand}` stands for whoever asks, here and in the other words."
_WORDS: Final = asdict(wording_of(Template.SHOP, Language.ENGLISH, Kind.NPS))


class SurveyIn(Body):
    """A survey to make, with its source. Words that are not given are those of the template."""

    name: str = Field(
        min_length=1,
        max_length=200,
        pattern=_STORABLE,
        description="What your team calls it; its source has the same name.",
        examples=["After the delivery"],
    )
    subject: Subject = Field(description="What responses are about: a path such as `acme/berlin`.", examples=["acme"])
    kind: SurveyKind = Field(description=_KIND, examples=["nps"])
    template: Template = Field(description="The industry whose words it begins with.", examples=["shop"])
    language: Language = Field(description="Of the page.")
    brand: Brand | None = Field(default=None, description=_BRAND, examples=["Kite Coffee"])
    title: Line | None = Field(default=None, description=_TITLE)
    question: Line | None = Field(default=None, description="The question with the scale.")
    text_question: Line | None = Field(default=None, description="The question for words, which may be left empty.")
    thanks: Thanks | None = Field(default=None, description="What is said after the response.")

    def wording(self) -> Wording:
        """Return the words, those of the template where none are given."""
        words = asdict(wording_of(self.template, self.language, self.kind))
        given = {name: text for name in words if (text := getattr(self, name)) is not None}
        return Wording(**{**words, **given})


class SurveyChangeIn(Body):
    """The words of a survey, and whether it is closed. What is asked for and about what stays."""

    brand: Brand | None = Field(default=None, description=_BRAND, examples=["Kite Coffee"])
    title: Line = Field(description=_TITLE, examples=[_WORDS["title"]])
    question: Line = Field(description="The question with the scale.", examples=[_WORDS["question"]])
    text_question: Line = Field(description="The question for words.", examples=[_WORDS["text_question"]])
    thanks: Thanks = Field(description="What is said after the response.", examples=[_WORDS["thanks"]])
    closed: bool = Field(default=False, strict=True, description="Whether nobody can respond any more.")

    def wording(self) -> Wording:
        """Return the words."""
        return Wording(**self.model_dump(include=set(_WORDS)))


class TemplateOut(BaseModel):
    """The words that a survey begins with."""

    template: Template = Field(description="The industry.", examples=["shop"])
    language: Language = Field(description="Of the words.")
    kind: SurveyKind = Field(description=_KIND, examples=["nps"])
    title: str = Field(description=_TITLE, examples=[_WORDS["title"]])
    question: str = Field(description="The question with the scale.", examples=[_WORDS["question"]])
    text_question: str = Field(description="The question for words.", examples=[_WORDS["text_question"]])
    thanks: str = Field(description="What is said after the response.", examples=[_WORDS["thanks"]])


class SurveyOut(TemplateOut):
    """A survey."""

    id: UUID = Field(description="Its id, and that of its source.")
    name: str = Field(description="What your team calls it.", examples=["After the delivery"])
    subject: str = Field(
        description="What responses are about; each may be about something below it.", examples=["acme"]
    )
    brand: str | None = Field(description=_BRAND, examples=["Kite Coffee"])
    closed_at: datetime | None = Field(description="Since when nobody can respond any more.")
    invited: int = Field(description="How many invitations were made.", examples=[0])
    responses: int = Field(description="How many have responded.", examples=[0])
    created_at: datetime = Field(description="When it was made.")
    changed_at: datetime = Field(description="When its words, or whether it is closed, changed last.")


class InvitationIn(Body):
    """Whom to invite, about what."""

    email: Email | None = Field(
        default=None, description="The customer's address. This, or `person`. It is not stored."
    )
    person: Annotated[str, StringConstraints(pattern=PERSON_PATTERN)] | None = Field(
        default=None, description="The person key, as reviews show it."
    )
    subject: Subject | None = Field(default=None, description="The survey's, if not given, or one below it.")
    reference: Value | None = Field(default=None, description="Of the order, the visit or the contract: a tag later.")

    @model_validator(mode="after")
    def _check_that_one_is_named(self) -> Self:
        if (self.email is None) == (self.person is None):
            raise ValueError("name the customer by `email` or by `person`, and by one of them only")
        return self


class InvitationsIn(Body):
    """Whom to invite. Each is judged alone: a wrong one costs no other."""

    invitations: list[
        Annotated[
            dict[str, Any],
            WithJsonSchema(
                {
                    "type": "object",
                    "description": "A customer: `email` or `person`; where it applies `subject` and `reference`.",
                    "examples": [{"email": "ada@example.com", "reference": "order 5521"}],
                }
            ),
        ]
    ] = Field(min_length=1, max_length=MAX_INVITATIONS, description="The customers.")
    expires_in_days: Days = Field(
        default=DEFAULT_DAYS, ge=1, le=MAX_DAYS, description="Until the links expire.", examples=[DEFAULT_DAYS]
    )


class InvitationOut(BaseModel):
    """An invitation with its link."""

    index: int = Field(description="Its place in the call, from 0.", examples=[0])
    id: UUID = Field(description="Its id; the review that comes of it has it as `external_id`.")
    person: str = Field(description="The person key.", examples=[A_PERSON])
    link: str = Field(description="The page of the survey, for this person and one response.", examples=[A_LINK])
    rating_links: dict[str, str] = Field(
        description="For a mail: each value that can be chosen → the page with this value chosen already. Nothing is "
        "sent before the customer presses the button there.",
        examples=[{str(value): f"{A_LINK}?r={value}" for value in choices(Kind.NPS)}],
    )
    expires_at: datetime = Field(description="When the link expires.")
    again: bool = Field(description="Whether the person had this invitation already; the link is the same.")


class LeftOutOut(BaseModel):
    """A customer who gets no link."""

    index: int = Field(description="Its place in the call, from 0.", examples=[1])
    reason: Reason = Field(description="Why, in a word.", examples=["opted_out"])
    detail: str = Field(description="Why.", examples=["The person does not want to be written to."])


class InvitationsOut(BaseModel):
    """Who is invited, and who was left out."""

    invitations: list[InvitationOut] = Field(description="Those who get a link.")
    left_out: list[LeftOutOut] = Field(description="Those who get none, and why.", examples=[[]])


def _is_whole(value: object) -> bool:
    return isinstance(value, float) and value.is_integer()


def survey_out(counted: Counted) -> SurveyOut:
    """Return a survey as the API shows it."""
    values = asdict(counted.survey)
    return SurveyOut(**{**values, **asdict(values.pop("wording")), "responses": counted.responses})


def new_survey_out(survey: Survey) -> SurveyOut:
    """Return a survey that nobody has responded to yet."""
    return survey_out(Counted(survey, 0))


def read_invitation(raw: Mapping[str, Any], root: str) -> InvitationIn | LeftOut:
    """Return whom to invite, or why it cannot be done: the field and the rule, and never the value.

    Args:
        raw: as it was sent.
        root: the subject of the survey.
    """
    try:
        read = InvitationIn.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"] if step in InvitationIn.model_fields)
        return LeftOut(Reason.INVALID, ": ".join(filter(None, (place, rule_in_words(first["msg"])))))
    if read.subject is not None and not is_subject_within(read.subject, root):
        return LeftOut(Reason.INVALID, f"subject: must be {root!r} or below it")
    return read
