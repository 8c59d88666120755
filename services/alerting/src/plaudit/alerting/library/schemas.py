"""The bodies of the API of the library."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import BaseModel, Field

from plaudit.alerting.answers.domain.wording import LANGUAGES
from plaudit.alerting.library.domain.guideline import (
    MAX_POINT_CHARS,
    MAX_POINTS,
    MAX_STANCE_CHARS,
    Draft,
    Match,
    Revision,
)
from plaudit.common.contracts import Severity
from plaudit.common.contracts.mentions import TOPIC_TITLES
from plaudit.common.http import WHOLE, Body
from plaudit.common.http.openapi_examples import AN_ID

A_STANCE: Final = "Whoever moves house keeps their contract, and nobody pays twice."
SOME_POINTS: Final = ["Name the day of the move", "Say which month is paid back"]
A_TOPIC: Final = "cancel_contract"


class GuidelineIn(Body):
    """What a guideline says. A text that could be sent to a customer as it is, is refused."""

    language: str = Field(
        description="In which answers are written by it.", examples=["en"], json_schema_extra={"enum": [*LANGUAGES]}
    )
    topic: str | None = Field(
        default=None,
        description="The topic of reviews that it is for; null: any.",
        examples=[A_TOPIC],
        json_schema_extra={"anyOf": [{"enum": [*TOPIC_TITLES]}, {"type": "null"}]},
    )
    severity: Severity | None = Field(
        default=None, description="The severity of reviews that it is for; null: any.", examples=["negative"]
    )
    stance: Annotated[str, Field(min_length=1, max_length=MAX_STANCE_CHARS)] = Field(
        description="What we stand for.", examples=[A_STANCE]
    )
    points: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=MAX_POINT_CHARS)]],
        Field(min_length=1, max_length=MAX_POINTS),
    ] = Field(description="What an answer covers, in this order; each point is one sentence.", examples=[SOME_POINTS])

    def draft(self) -> Draft:
        """Return what the guideline says."""
        return Draft(**{**self.model_dump(), "points": tuple(self.points)})


class RestoreIn(Body):
    """Which revision is restored."""

    number: Annotated[int, Field(ge=1, le=1_000_000_000), WHOLE] = Field(description="Of the revision.", examples=[1])


class GuidelineOut(BaseModel):
    """A revision of a guideline; it never changes."""

    id: UUID = Field(description="Of the guideline.")
    number: int = Field(description="Of the revision, counted from 1.", examples=[1])
    language: str = Field(description="In which answers are written by it.", examples=["en"])
    topic: str | None = Field(description="The topic of reviews that it is for; null: any.", examples=[A_TOPIC])
    severity: Severity | None = Field(
        description="The severity of reviews that it is for; null: any.", examples=["negative"]
    )
    stance: str = Field(description="What we stand for.", examples=[A_STANCE])
    points: list[str] = Field(description="What an answer covers, in this order.", examples=[SOME_POINTS])
    is_shipped: bool = Field(description="Whether Plaudit ships this revision.")
    made_by: str = Field(
        description="Who made it: `key:<id>`, `person:<id>`, or `plaudit`.", examples=["key:vw3sajk26br3jcpn"]
    )
    made_at: datetime | None = Field(description="When; null for a shipped one.", examples=["2026-03-02T09:00:00Z"])
    restored_from: int | None = Field(description="The revision that it restores.", examples=[None])
    is_withdrawn: bool = Field(description="Whether the guideline is out of use since this revision.")


A_GUIDELINE: Final = {
    "id": AN_ID,
    "number": 1,
    "language": "en",
    "topic": A_TOPIC,
    "severity": "negative",
    "stance": A_STANCE,
    "points": SOME_POINTS,
    "is_shipped": False,
    "made_by": "key:vw3sajk26br3jcpn",
    "made_at": "2026-03-02T09:00:00Z",
    "is_withdrawn": False,
}


class GuidelinesOut(BaseModel):
    """Guidelines."""

    items: list[GuidelineOut] = Field(description="The newest revision of each, by language, topic and severity.")


class GuidelineRevisionsOut(BaseModel):
    """All revisions of a guideline."""

    items: list[GuidelineOut] = Field(description="The newest first.")


class GuidelineMatchOut(BaseModel):
    """The guideline that fits a review best."""

    guideline: GuidelineOut | None = Field(description="Null where none fits.", examples=[A_GUIDELINE])
    reasons: list[str] = Field(
        description="Why it is this one, in sentences: by topic, by severity, by language.",
        examples=[
            [
                "The review mentions the topic Cancelling and contract.",
                "The review is negative.",
                "It is in the review's language, en.",
            ]
        ],
    )


def guideline_out(revision: Revision) -> GuidelineOut:
    """Return a revision as the API shows it."""
    return GuidelineOut.model_validate(revision, from_attributes=True)


def match_out(match: Match | None) -> GuidelineMatchOut:
    """Return what fits best, as the API shows it."""
    if match is None:
        return GuidelineMatchOut(guideline=None, reasons=[])
    return GuidelineMatchOut(guideline=guideline_out(match.guideline), reasons=[*match.reasons])
