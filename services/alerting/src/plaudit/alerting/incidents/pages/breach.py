"""The forms of a data breach on the page of its incident."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from fastapi import APIRouter
from msgspec.structs import replace
from starlette.responses import Response

from plaudit.alerting.clocks.schemas import CHANNEL_PATTERN
from plaudit.alerting.incidents.commands import breach
from plaudit.alerting.incidents.domain.breach import (
    Breach,
    Counted,
    CountedBy,
    check_place,
    checked_method,
    checked_notified,
    checked_people,
    checked_reason,
    checked_said,
    counted,
)
from plaudit.alerting.incidents.domain.incident import WrongIncidentError, check_all
from plaudit.alerting.incidents.pages.shared import COUNTED_BY, Field, Ordered
from plaudit.alerting.mails.domain.words import INCIDENTS

PATH: Final = f"{INCIDENTS}/{{incident_id}}/breach"
NO_TIME: Final = "Give date and time in UTC, such as 2026-03-02 09:30."
NO_CHANNEL: Final = "Say in one word how, such as portal, mail, phone or letter."
_CHANNEL: Final = re.compile(CHANNEL_PATTERN)
CORRECTING: Final = {"aware_at": "right_aware_at"}
NOTIFYING: Final = {"channel": "notify-channel", "note": "notify-note"}
TELLING: Final = {"channel": "people-channel", "note": "people-note"}
"""Name of a field that several forms have → its id in this one."""

router = APIRouter(include_in_schema=False)


@router.post(PATH)
async def declare(
    order: Ordered,
    aware_at: Field = "",
    zone: Field = "",
    country: Field = "",
    subdivision: Field = "",
) -> Response:
    """Say that an incident is a data breach."""
    values = {"aware_at": aware_at, "zone": zone, "country": country, "subdivision": subdivision}
    known = Breach(
        tenant_id=order.principal.tenant_id,
        incident_id=order.incident_id,
        aware_at=order.work.tx.now,
        zone=zone.strip(),
        country=country.strip().upper() or None,
        subdivision=subdivision.strip().upper() or None,
    )

    async def change() -> None:
        check_all(lambda: _time(aware_at, "aware_at"), lambda: check_place(known))
        dated = replace(known, aware_at=_time(aware_at, "aware_at"))
        await breach.declare(order.work, *order.place, dated, order.principal.actor, order.following)

    return await order.carried_out(change(), "The 72 hours run.", values)


@router.post(f"{PATH}/awareness")
async def correct(order: Ordered, aware_at: Field = "", reason: Field = "") -> Response:
    """Correct since when a data breach is known."""
    values = {"aware_at": aware_at, "reason": reason}

    async def change() -> None:
        check_all(lambda: _time(aware_at, "aware_at"), lambda: checked_reason(reason))
        at = _time(aware_at, "aware_at")
        await breach.correct_awareness(order.work, *order.place, at, reason, order.principal.actor, order.following)

    return await order.carried_out(change(), "The time is corrected.", values, CORRECTING)


@router.post(f"{PATH}/notice")
async def write_notice(
    order: Ordered,
    facts: Field = "",
    scope: Field = "",
    fixes: Field = "",
    prevention: Field = "",
    hotline: Field = "",
) -> Response:
    """Write the notice to the authority."""
    parts = {"facts": facts, "scope": scope, "fixes": fixes, "prevention": prevention, "hotline": hotline}
    change = breach.write_notice(order.work, *order.place, parts, order.principal.actor, order.following)
    return await order.carried_out(change, "The notice is saved.", parts)


@router.post(f"{PATH}/affected")
async def count(
    order: Ordered,
    by: Field = "",
    count: Field = "",
    method: Field = "",
    people: Field = "",
) -> Response:
    """Count the people affected, by a number or a list that is not kept."""
    values = {"by": by, "count": count, "method": method}
    try:
        check_all(
            lambda: _way(by),
            lambda: _number(count, "count"),
            lambda: checked_method(method),
            lambda: _counted(by, count, method, people),
        )
        found = _counted(by, count, method, people)
    except WrongIncidentError as error:
        return await order.wrong(error, values)
    change = breach.count_affected(order.work, *order.place, found, order.principal.actor, order.following)
    said = f"{found.people:,} people are noted."
    return await order.carried_out(change, said, values)


@router.post(f"{PATH}/authority")
async def notify(
    order: Ordered,
    notified_at: Field = "",
    channel: Field = "",
    reference: Field = "",
    note: Field = "",
) -> Response:
    """Note that the authority has been notified."""
    values = {"notified_at": notified_at, "channel": channel, "reference": reference, "note": note}

    async def change() -> None:
        check_all(
            lambda: _time(notified_at, "notified_at"),
            lambda: _channel(channel),
            lambda: checked_notified(reference, note),
        )
        await breach.notify_authority(
            order.work,
            *order.place,
            notified_at=_time(notified_at, "notified_at"),
            channel=_channel(channel),
            reference=reference,
            note=note,
            by=order.principal.actor,
            following=order.following,
        )

    return await order.carried_out(change(), "The notice is noted.", values, NOTIFYING)


@router.post(f"{PATH}/people")
async def tell_people(
    order: Ordered,
    told: Field = "",
    not_told: Field = "",
    channel: Field = "",
    note: Field = "",
) -> Response:
    """Note how many of the people affected have been told."""
    values = {"told": told, "not_told": not_told, "channel": channel, "note": note}

    async def change() -> None:
        check_all(
            lambda: _people(told, "told"),
            lambda: _people(not_told, "not_told"),
            lambda: _channel(channel),
            lambda: checked_said(note),
        )
        await breach.tell_people(
            order.work,
            *order.place,
            told=_people(told, "told"),
            not_told=_people(not_told, "not_told"),
            channel=_channel(channel),
            note=note,
            by=order.principal.actor,
            following=order.following,
        )

    return await order.carried_out(change(), "It is noted.", values, TELLING)


def _counted(by: str, count: str, method: str, people: str) -> Counted:
    way = _way(by)
    return counted(_number(count, "count"), way, method, people if way is CountedBy.LIST else None)


def _people(text: str, field: str) -> int:
    number = _number(text, field)
    return checked_people(-1 if number is None else number, field)


def _way(text: str) -> CountedBy:
    """Return how people were counted.

    Raises:
        WrongIncidentError: it is none of the ways.
    """
    if text not in COUNTED_BY:
        raise WrongIncidentError("/by", "Choose one of these.")
    return CountedBy(text)


def _time(text: str, field: str) -> datetime:
    """Return an instant that was typed in UTC.

    Raises:
        WrongIncidentError: it cannot be read, or names another zone.
    """
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise WrongIncidentError(f"/{field}", NO_TIME) from None
    if at.utcoffset() not in {None, timedelta()}:
        raise WrongIncidentError(f"/{field}", NO_TIME)
    return at.replace(tzinfo=UTC)


def _number(text: str, field: str) -> int | None:
    digits = text.strip().replace(",", "")
    if not digits:
        return None
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 10:
        raise WrongIncidentError(f"/{field}", "Write a number.")
    return int(digits)


def _channel(text: str) -> str:
    """Return a way as one short word; what was typed is in the note.

    Raises:
        WrongIncidentError: no such word can be made of it.
    """
    word = "-".join("".join(each if each.isascii() and each.isalnum() else " " for each in text.lower()).split())[:32]
    if not _CHANNEL.fullmatch(word):
        raise WrongIncidentError("/channel", NO_CHANNEL)
    return word
