"""Updates of incidents in the API."""

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field

from plaudit.alerting.incidents.domain.incident import (
    Severity,
    State,
)
from plaudit.alerting.incidents.domain.update import Update, Words
from plaudit.alerting.incidents.domain.wording import WORDINGS
from plaudit.alerting.incidents.schemas.parts import (
    A_KEY,
    Line,
    Note,
    Part,
    Reason,
)
from plaudit.common.http import Body

A_TEXT: Final = {
    "language": "en",
    "title": "Card payments fail in some shops",
    "apology": "We are sorry: since 9:40 some of you cannot pay by card.",
    "cause": "The network of our first provider is down.",
    "fix": "We have moved payments to our second provider.",
    "prevention": "From now on both providers are tried before a payment is refused.",
}
A_CORRECTION: Final = {**A_TEXT, "cause": "The network of both of our providers was down."}
A_REASON: Final = "The second provider was down, too."


class TextIn(Body):
    """What an update says in one language. All of its parts are needed."""

    language: str = Field(
        description="The language of the text.", examples=["en"], json_schema_extra={"enum": [*WORDINGS]}
    )
    title: Line | None = Field(
        default=None,
        description="What is wrong, for the public; null: the title of the incident is shown.",
        examples=[A_TEXT["title"]],
    )
    apology: Part = Field(description="That you are sorry, and for what.", examples=[A_TEXT["apology"]])
    cause: Part | None = Field(
        description="What the cause is. Null says that it is not known yet, in words of ours.",
        examples=[A_TEXT["cause"]],
    )
    fix: Part = Field(description="What you do about it.", examples=[A_TEXT["fix"]])
    prevention: Part = Field(
        description="What you do so that it does not happen again.", examples=[A_TEXT["prevention"]]
    )

    def words(self) -> Words:
        """Return the text."""
        return Words(**self.model_dump())


class UpdateIn(Body):
    """An update: written once for each language, and told over every channel of the incident."""

    texts: Annotated[list[TextIn], Field(min_length=1, max_length=len(WORDINGS))] = Field(
        description="By language; the first is shown where a reader's is not among them.", examples=[[A_TEXT]]
    )
    state: Literal[State.OPEN, State.MONITORING, State.RESOLVED] | None = Field(
        default=None, description="The state of the incident from now on; null: as it is.", examples=[None]
    )


class CorrectionIn(Body):
    """What an update should have said: all of it, in each language."""

    texts: Annotated[list[TextIn], Field(min_length=1, max_length=len(WORDINGS))] = Field(
        description="By language; the first is shown where a reader's is not among them.", examples=[[A_CORRECTION]]
    )
    reason: Reason = Field(description="Why it is corrected, for your team.", examples=[A_REASON])


class ResolveIn(Body):
    """That an incident is resolved."""

    texts: Annotated[list[TextIn], Field(max_length=len(WORDINGS))] = Field(
        default=[],
        description="The last update; without any, nobody is told, and the clock of the next update is cancelled.",
        examples=[[A_TEXT]],
    )
    note: Note = Field(default="", description="For your team.", examples=["Payments work again since 11:05."])


class TextOut(BaseModel):
    """What an update says in one language."""

    language: str = Field(description="The language.", examples=["en"])
    title: str | None = Field(description="For the public.", examples=[A_TEXT["title"]])
    apology: str = Field(description="The apology.", examples=[A_TEXT["apology"]])
    cause: str | None = Field(description="The cause; null: not known yet.", examples=[A_TEXT["cause"]])
    fix: str = Field(description="What is done.", examples=[A_TEXT["fix"]])
    prevention: str = Field(description="So that it does not happen again.", examples=[A_TEXT["prevention"]])


class UpdateOut(BaseModel):
    """A revision of an update; it never changes."""

    number: int = Field(description="Counted from 1.", examples=[1])
    revision: int = Field(description="Counted from 1; a correction is the next one.", examples=[1])
    severity: Severity = Field(description="Of the incident then.", examples=["urgent"])
    state: State = Field(description="Of the incident from then on.", examples=["open"])
    texts: list[TextOut] = Field(description="By language.")
    made_by: str = Field(description="Who published it.", examples=[A_KEY])
    made_at: datetime = Field(description="When; a correction leaves it.")
    corrected_at: datetime | None = Field(description="When this revision was made.", examples=[None])
    corrected_by: str | None = Field(description="Who corrected it.", examples=[None])
    reason: str = Field(description="Why it was corrected, for your team.", examples=[""])


class RevisionsOut(BaseModel):
    """All that an update has said."""

    items: list[UpdateOut] = Field(description="The newest first.")


def update_out(update: Update) -> UpdateOut:
    """Return an update as the API shows it."""
    return UpdateOut.model_validate(update, from_attributes=True)
