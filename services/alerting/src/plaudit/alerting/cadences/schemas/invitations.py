"""Invitations, and how many customers were invited of those who were to be."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, Field

from plaudit.alerting.cadences.domain.decide import Why
from plaudit.alerting.cadences.domain.touchpoint import State
from plaudit.alerting.cadences.schemas.touchpoints import A_PERSON
from plaudit.common.http.openapi_examples import A_TIME

SENT: Final = "sent"
WAITING: Final = frozenset({"pending", "sending"})
WAITS: Final = "it waits to be sent"
LEADS_NOWHERE: Final = "the rules name nothing that invitations lead to"
PURGED: Final = "its message is kept no longer"


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


class WeekOut(BaseModel):
    """Of the customers who were to be invited by a rule in a week, how many were."""

    week_of: date = Field(description="Its Monday, in the zone of the rules.", examples=["2026-03-09"])
    eligible: int = Field(description="Whose event made the rule come due.", examples=[2])
    invited: int = Field(description="Who were invited.", examples=[1])
    share: float = Field(description="Invited ÷ eligible.", examples=[0.5])
    mailed: int = Field(description="Of the invited, whose mail was sent.", examples=[0])
    not_invited: list[ReasonOut] = Field(description="Why not, each with how many.")


class InvitedOut(BaseModel):
    """Of the customers who were to be invited by a rule, how many were."""

    rule: str = Field(description="The id of the rule.", examples=["invite-purchased"])
    eligible: int = Field(description="Whose event made the rule come due.", examples=[2])
    invited: int = Field(description="Who were invited.", examples=[1])
    share: float = Field(description="Invited ÷ eligible.", examples=[0.5])
    responded: int = Field(description="Of the invited, who have written a review.", examples=[0])
    not_invited: list[ReasonOut] = Field(description="Why not, each with how many; they add up to eligible - invited.")
    mailed: int = Field(description="Of the invited, whose mail was sent.", examples=[0])
    not_mailed: list[ReasonOut] = Field(
        description="Of the invited, why their mail was not sent, each with how many; they add up to invited - mailed.",
        examples=[[{"why": "the person has not opted in", "count": 1}]],
    )
    weeks: list[WeekOut] = Field(description="The same by week, the first one first.")


class InvitationReportOut(BaseModel):
    """Invited ÷ eligible, by rule."""

    items: list[InvitedOut] = Field(description="Rules of which anything came due in the time.")


def invited_out(rows: Iterable[Mapping[str, Any]]) -> InvitationReportOut:
    """Return invited ÷ eligible of counts by rule, week, state, reason and mail, in this order."""
    by_rule = groupby(rows, key=lambda row: str(row["rule"]))
    return InvitationReportOut(items=[_invited_of(rule, list(each)) for rule, each in by_rule])


def _invited_of(rule: str, rows: Sequence[Mapping[str, Any]]) -> InvitedOut:
    eligible, invited = _count(rows), [row for row in rows if row["state"] != State.WITHHELD]
    responded = [row for row in rows if row["state"] == State.ENDED and row["why"] == Why.RESPONDED]
    unsent = Counter[str]()
    for row in invited:
        if row["mail_state"] != SENT:
            unsent[_why_not_mailed(row)] += row["count"]
    return InvitedOut(
        rule=rule,
        eligible=eligible,
        invited=_count(invited),
        share=_count(invited) / eligible,
        responded=_count(responded),
        not_invited=_reasons(rows),
        mailed=_mailed(invited),
        not_mailed=[ReasonOut(why=why, count=count) for why, count in sorted(unsent.items())],
        weeks=[_week_of(week, list(each)) for week, each in groupby(rows, key=lambda row: row["week"])],
    )


def _week_of(week: date, rows: Sequence[Mapping[str, Any]]) -> WeekOut:
    eligible, invited = _count(rows), [row for row in rows if row["state"] != State.WITHHELD]
    return WeekOut(
        week_of=week,
        eligible=eligible,
        invited=_count(invited),
        share=_count(invited) / eligible,
        mailed=_mailed(invited),
        not_invited=_reasons(rows),
    )


def _reasons(rows: Iterable[Mapping[str, Any]]) -> list[ReasonOut]:
    """Return why customers were not invited."""
    reasons = Counter[str]()
    for row in rows:
        if row["state"] == State.WITHHELD:
            reasons[row["why"]] += row["count"]
    return [ReasonOut(why=why, count=count) for why, count in sorted(reasons.items())]


def _why_not_mailed(row: Mapping[str, Any]) -> str:
    if not row["is_mailed"]:
        return LEADS_NOWHERE
    if row["mail_state"] is None:
        return PURGED
    return WAITS if row["mail_state"] in WAITING else row["mail_reason"] or row["mail_state"]


def _mailed(rows: Iterable[Mapping[str, Any]]) -> int:
    return _count(row for row in rows if row["mail_state"] == SENT)


def _count(rows: Iterable[Mapping[str, Any]]) -> int:
    return sum(row["count"] for row in rows)
