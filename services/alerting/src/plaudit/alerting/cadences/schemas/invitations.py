"""Invitations, and how many customers were invited of those who were to be."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from plaudit.alerting.cadences.domain.decide import Why
from plaudit.alerting.cadences.domain.touchpoint import State
from plaudit.alerting.cadences.schemas.touchpoints import A_PERSON
from plaudit.common.http.openapi_examples import A_TIME


class InvitationOut(BaseModel):
    """An invitation that a customer has, to be shown within an application."""

    id: UUID = Field(description="Its id.")
    person: str = Field(description="The person key.", examples=[A_PERSON])
    subject: str = Field(description="What the customer is asked about.", examples=["acme/berlin"])
    rule: str = Field(description="The id of its rule.", examples=["invite-purchased"])
    is_reminder: bool = Field(description="Whether it is the reminder.")
    invited_at: datetime = Field(description="Since when.", examples=[A_TIME])


class InvitationsOut(BaseModel):
    """The invitations that a customer has now."""

    items: list[InvitationOut] = Field(description="The newest first; empty where the customer is not to be asked.")


class ReasonOut(BaseModel):
    """Why customers were not invited."""

    why: str = Field(description="The reason.", examples=["invited_lately"])
    count: int = Field(description="How many.", examples=[1])


class InvitedOut(BaseModel):
    """Of the customers who were to be invited by a rule, how many were."""

    rule: str = Field(description="The id of the rule.", examples=["invite-purchased"])
    eligible: int = Field(description="Whose event made the rule come due.", examples=[2])
    invited: int = Field(description="Who were invited.", examples=[1])
    share: float = Field(description="Invited ÷ eligible.", examples=[0.5])
    responded: int = Field(description="Of the invited, who have written a review.", examples=[0])
    not_invited: list[ReasonOut] = Field(description="Why not, each with how many; they add up to eligible - invited.")


class InvitationReportOut(BaseModel):
    """Invited ÷ eligible, by rule."""

    items: list[InvitedOut] = Field(description="Rules of which anything came due in the time.")


def invited_out(rows: Iterable[Mapping[str, Any]]) -> InvitationReportOut:
    """Return invited ÷ eligible of counts by rule, state and reason."""
    by_rule: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_rule.setdefault(row["rule"], []).append(row)
    return InvitationReportOut(items=[_invited_of(rule, each) for rule, each in by_rule.items()])


def _invited_of(rule: str, rows: Sequence[Mapping[str, Any]]) -> InvitedOut:
    eligible = sum(row["count"] for row in rows)
    withheld = [row for row in rows if row["state"] == State.WITHHELD]
    invited = eligible - sum(row["count"] for row in withheld)
    return InvitedOut(
        rule=rule,
        eligible=eligible,
        invited=invited,
        share=invited / eligible,
        responded=sum(row["count"] for row in rows if row["state"] == State.ENDED and row["why"] == Why.RESPONDED),
        not_invited=[ReasonOut(why=row["why"], count=row["count"]) for row in withheld],
    )
