"""What the API takes and answers about personas and the views of reach."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, WithJsonSchema

from plaudit.common.http import Body
from plaudit.feedback_board.personas.domain import Mute, Persona, Source
from plaudit.feedback_board.requests.domain.text import clean_persona, clean_reason
from plaudit.feedback_board.requests.domain.weighing import MAX_CAP, MIN_CAP, ReachView, Weighed, Weighing
from plaudit.feedback_board.requests.schemas import DecimalText, Reason
from plaudit.feedback_board.requests.schemas import Persona as Name
from plaudit.feedback_board.votes.schemas import VoterIn

_SHARE_TEXT = r"^(0[.][0-9]{0,3}[1-9]|1)$"
Share = Annotated[Decimal, WithJsonSchema({"type": "string", "pattern": _SHARE_TEXT}), Field(strict=False)]


class PersonaIn(Body):
    """A kind of people who ask."""

    name: Name = Field(description="At most 64 characters; each name once.", examples=["Trial"])
    population_share: Share | None = Field(
        default=None,
        description="The share of all customers, above 0 and at most 1, as text with at most four decimals.",
        examples=["0.25"],
    )

    def cleaned_name(self) -> str:
        """Return the name as one line. Raises InvalidInputError."""
        return clean_persona(self.name, "name")


class MuteIn(Body):
    """Why a persona counts for nothing, and until when."""

    reason: Reason = Field(description="For the staff; 3 to 2,000 characters.", examples=["One class of students."])
    until: datetime = Field(description="When it ends; at most 366 days away.", examples=["2027-03-01T00:00:00Z"])

    def cleaned_reason(self) -> str:
        """Return the reason. Raises InvalidInputError."""
        return clean_reason(self.reason)


class AssignmentIn(VoterIn):
    """Who has a persona, and where that is known from."""

    source: Source = Field(description="A reviewed fact, the person's plan, or a tag.", examples=["plan"])


class ReachViewIn(Body):
    """Which reach the priorities are made of."""

    view: ReachView = Field(
        description="`raw`: everyone; `capped`: so many of each persona; `sqrt`: the root of each.", examples=["capped"]
    )
    cap: int | None = Field(
        default=None, ge=MIN_CAP, le=MAX_CAP, description="People of each persona at most; with `capped` only."
    )


class MuteOut(BaseModel):
    """A mute that is in force."""

    at: datetime = Field(description="Since when.")
    until: datetime = Field(description="Until when.", examples=["2027-03-01T00:00:00Z"])
    reason: str = Field(description="Why.", examples=["One class of students."])
    actor: str = Field(description="Who muted it.")


class PersonaOut(BaseModel):
    """A kind of people who ask."""

    id: UUID = Field(description="Its id.")
    name: str = Field(description="Its name.", examples=["Trial"])
    population_share: DecimalText | None = Field(
        description="The share of all customers; null where nobody has said.", examples=["0.25"]
    )
    people: int = Field(description="People who have it.", examples=[0])
    mute: MuteOut | None = Field(description="Null while its people count.", examples=[None])


class AssignmentOut(BaseModel):
    """The persona of a person."""

    person: str = Field(description="The person key.", examples=["native:anna"])
    persona_id: UUID = Field(description="The persona.")
    already: bool = Field(description="Whether nothing had to be done.")


class ReachViewOut(BaseModel):
    """Which reach the priorities are made of."""

    view: ReachView = Field(description="The view.", examples=["capped"])
    cap: int | None = Field(
        description="People of each persona at most; null where the view has no cap.", examples=[10]
    )


class ViewOut(BaseModel):
    """What the people of a request count for, in one view."""

    view: str = Field(description="`raw`, `capped`, `sqrt` or `post_stratified`.", examples=["raw"])
    cap: int | None = Field(description="People of each persona at most; null where the view has no cap.")
    reach: DecimalText = Field(description="What the people count for.", examples=["0"])
    effective_size: DecimalText | None = Field(
        description="Kish's effective sample size: so many unweighted people would say as much. Null for nobody."
    )
    muted_people: int = Field(description="People of muted personas, who count for nothing here.", examples=[0])


class StratumOut(BaseModel):
    """The people of one persona."""

    persona_id: UUID | None = Field(description="Null: people without a persona.")
    name: str | None = Field(description="Its name; null for people without a persona.")
    people: int = Field(description="Distinct people.", examples=[1])


class ReachOut(BaseModel):
    """The people of a request, in every view."""

    people: int = Field(description="Distinct people within the window.", examples=[0])
    counted_view: ReachView = Field(description="The view that the request's priority is made of.", examples=["capped"])
    counted_since: datetime = Field(description="The beginning of the window: a midnight in UTC.")
    views: list[ViewOut] = Field(
        description="Side by side.",
        examples=[
            [
                {"view": "raw", "reach": "0", "muted_people": 0},
                {"view": "capped", "cap": 10, "reach": "0", "muted_people": 0},
                {"view": "sqrt", "reach": "0", "muted_people": 0},
            ]
        ],
    )
    strata: list[StratumOut] = Field(description="The people by persona.", examples=[[]])


def mute_out(mute: Mute | None) -> MuteOut | None:
    """Return a mute as the API shows it."""
    return None if mute is None else MuteOut(at=mute.at, until=mute.until, reason=mute.reason, actor=mute.actor)


def persona_out(persona: Persona, people: int, now: datetime) -> PersonaOut:
    """Return a persona as the API shows it."""
    return PersonaOut(
        id=persona.id,
        name=persona.name,
        population_share=persona.population_share,
        people=people,
        mute=mute_out(persona.mute(now)),
    )


def reach_view_out(weighing: Weighing) -> ReachViewOut:
    """Return the view of reach as the API shows it."""
    return ReachViewOut(view=weighing.view, cap=weighing.cap if weighing.view is ReachView.CAPPED else None)


def view_out(weighed: Weighed) -> ViewOut:
    """Return one view of reach as the API shows it."""
    return ViewOut(
        view=weighed.view,
        cap=weighed.cap,
        reach=weighed.reach,
        effective_size=weighed.effective_size,
        muted_people=weighed.muted_people,
    )
