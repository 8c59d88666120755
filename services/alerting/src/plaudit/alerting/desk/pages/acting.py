"""The forms of the desk: what people do about a clock and its alert. Each leads back to the clock."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy import RowMapping
from starlette.datastructures import FormData
from starlette.responses import Response

from plaudit.alerting.alerts import commands as alerts
from plaudit.alerting.alerts.domain import AlertResolvedError
from plaudit.alerting.alerts.domain.silences import MAX_REASON_CHARS, Scope, SilenceRefusedError
from plaudit.alerting.alerts.pages.alerts import REMINDERS
from plaudit.alerting.alerts.schemas import MAX_NOTE_CHARS as MAX_ASSIGNMENT_CHARS
from plaudit.alerting.clocks import commands as clocks
from plaudit.alerting.clocks.api import ownership
from plaudit.alerting.clocks.commands import ByHand, Follower
from plaudit.alerting.clocks.domain import by_hand
from plaudit.alerting.clocks.domain.by_hand import ClockRefusedError
from plaudit.alerting.clocks.schemas import MAX_NOTE_CHARS
from plaudit.alerting.desk import store
from plaudit.alerting.desk.pages.shared import (
    CHANNELS,
    OUTCOMES,
    SILENCES,
    Actor,
    Asked,
    Shown,
    WantedParameters,
    desk_page,
    people_of,
)
from plaudit.alerting.mails.domain.words import DESK
from plaudit.common.http import Cursor, Principal, Work, not_found
from plaudit.common.outbox import SqlUnitOfWork
from plaudit.common.pages.fields import missing, too_long
from plaudit.common.refusals import sentence
from plaudit.common.sessions import Typed, done, zone_of_reader

FORMAT: Final = "%Y-%m-%dT%H:%M"
"""Of a moment in a form, in the zone of whoever fills it in."""
OF_ALERT: Final = "alert"
OF_SUBJECT: Final = "subject"
CHOOSE: Final = "Choose one of the list."
WHEN: Final = "Say when, as 2026-03-02T09:30. A time that a change of clocks leaves out is none."
SETTLED: Final = "It is settled."
FIELDS: Final = ("remind", "to", "note", "what", "hours", "reason", "at", "channel", "outcome")
MAX_FORM_FIELDS: Final = 20
NO_ALERT: Final = "There is no alert about this clock: it is not late, or somebody has ended it."


class _Form:
    """One form about one clock: what was typed, and how it is answered."""

    def __init__(
        self, request: Request, principal: Principal, work: SqlUnitOfWork, desk: "_Desk", text: FormData
    ) -> None:
        """Take what was typed on a desk that is narrowed so."""
        self.request, self.principal, self.work = request, principal, work
        self.clock = desk.clock
        self.zone = zone_of_reader(request)
        self.values = {name: _line(text.get(name, "")) for name in FIELDS}
        self._desk = desk

    @property
    def tenant_id(self) -> str:
        """Whose the clock is."""
        return self.principal.tenant_id

    def done(self, text: str, *, is_good: bool = True) -> Response:
        """Lead back to the clock, which says this once."""
        path = f"{DESK}/{self.clock['id']}{self._desk.asked.wanted().query}"
        return done(self.request, path, text, is_good=is_good)

    async def refused(self, **errors: str) -> Response:
        """Show the form again with what is wrong."""
        desk = self._desk
        typed = Typed(self.values, {name: words for name, words in errors.items() if words})
        shown = Shown(clock=self.clock, action=desk.action, typed=typed)
        return await desk_page(self.request, self.principal, self.work.tx, desk.asked, desk.cursor, shown)

    async def alert_id(self) -> UUID | None:
        """Return the alert of the clock that is not resolved."""
        alert = await store.alert_of(self.work.tx, self.tenant_id, self.clock["id"])
        return None if alert is None else alert["id"]

    async def change(self, decide: ByHand, text: str) -> Response:
        """Add to the log of the clock, and lead back to it with what was done, or why it was refused."""
        try:
            key = self.tenant_id, self.clock["id"]
            await clocks.change_by_hand(self.work, key, decide, self._desk.followers)
        except ClockRefusedError as error:
            return self.done(sentence(error), is_good=False)
        return self.done(text)

    async def move(self) -> Response:
        """Move the clock to what is in force, and lead back to it."""
        key, why = (self.tenant_id, self.clock["id"]), self.values["reason"]
        try:
            await clocks.move_by_hand(self.work, key, self._desk.followers, reason=why, by=self.principal.actor)
        except ClockRefusedError as error:
            return self.done(sentence(error), is_good=False)
        return self.done("The clock runs under the policy and the calendars in force.")


class _Desk(NamedTuple):
    """Where a form stood."""

    clock: RowMapping
    action: str
    asked: WantedParameters
    cursor: str | None
    followers: Sequence[Follower]


def changing(followers: Sequence[Follower]) -> APIRouter:
    """Return the forms by which people act; the followers act on what happens to clocks."""
    router = APIRouter(include_in_schema=False)

    @router.post(f"{DESK}/{{clock_id}}/{{action}}")
    async def act(
        request: Request, principal: Actor, work: Work, clock_id: UUID, action: str, asked: Asked, cursor: Cursor = None
    ) -> Response:
        """Do what a form about a clock says."""
        whose = await ownership(request, work.tx, principal.tenant_id)
        clock = await store.read_clock(work.tx, principal.tenant_id, whose, clock_id)
        if clock is None or action not in ACTIONS:
            raise not_found("clock")
        text = await request.form(max_files=0, max_fields=MAX_FORM_FIELDS)
        desk = _Desk(clock, action, asked, cursor, followers)
        return await ACTIONS[action](_Form(request, principal, work, desk, text))

    return router


async def _pause(form: _Form) -> Response:
    if error := missing(form.values["reason"], MAX_NOTE_CHARS):
        return await form.refused(reason=error)
    why, by = form.values["reason"], form.principal.actor
    return await form.change(
        lambda run, terms, now: by_hand.pause(run, terms, at=now, reason=why, by=by),
        "The clock is paused: its time stands still.",
    )


async def _resume(form: _Form) -> Response:
    if error := missing(form.values["reason"], MAX_NOTE_CHARS):
        return await form.refused(reason=error)
    why, by = form.values["reason"], form.principal.actor
    return await form.change(
        lambda run, _, now: by_hand.resume(run, at=now, reason=why, by=by), "The time of the clock goes on."
    )


async def _move(form: _Form) -> Response:
    if error := missing(form.values["reason"], MAX_NOTE_CHARS):
        return await form.refused(reason=error)
    return await form.move()


async def _fulfil(form: _Form) -> Response:
    values, by = form.values, form.principal.actor
    at = moment_of(values["at"], form.zone)
    errors = {
        "at": "" if at else WHEN,
        "channel": "" if values["channel"] in CHANNELS else CHOOSE,
        "note": missing(values["note"], MAX_NOTE_CHARS),
    }
    if at is None or any(errors.values()):
        return await form.refused(**errors)
    channel = values["channel"] or None
    return await form.change(
        lambda run, terms, now: by_hand.fulfil_alone(
            run, terms, at=at, now=now, channel=channel, note=values["note"], by=by
        ),
        "It is noted as done.",
    )


async def _settle(form: _Form) -> Response:
    at, errors = settled_at(form.values, form.clock["due_at"], form.zone)
    if any(errors.values()):
        return await form.refused(**errors)
    by, why = form.principal.actor, form.values["note"]
    if at is None:
        return await form.change(lambda run, _terms, _now: by_hand.settle(run, note=why, by=by), SETTLED)
    return await form.change(lambda run, _, now: by_hand.settle_answered(run, at=at, now=now, note=why, by=by), SETTLED)


async def _acknowledge(form: _Form) -> Response:
    minutes = form.values["remind"]
    if minutes not in REMINDERS:
        return await form.refused(remind=CHOOSE)
    alert_id = await form.alert_id()
    if alert_id is None:
        return form.done(NO_ALERT, is_good=False)
    seconds = int(minutes) * 60 if minutes else None
    try:
        await alerts.acknowledge(form.work, form.tenant_id, alert_id, form.principal.actor, seconds)
    except AlertResolvedError:
        return form.done(NO_ALERT, is_good=False)
    return form.done("The alert is acknowledged: nobody else is told of it until its reminder.")


async def _assign(form: _Form) -> Response:
    owners, fallback = await people_of(form.request, form.work.tx, form.tenant_id)
    address = form.values["to"]
    owner = owners.by_address(address) or (fallback if address == fallback.address else None)
    errors = {
        "to": "" if owner else CHOOSE,
        "note": too_long(form.values["note"], MAX_ASSIGNMENT_CHARS),
    }
    if owner is None or errors["note"]:
        return await form.refused(**errors)
    alert_id = await form.alert_id()
    if alert_id is None:
        return form.done(NO_ALERT, is_good=False)
    try:
        actor, note = form.principal.actor, form.values["note"]
        await alerts.assign(form.work, form.tenant_id, alert_id, owner, actor, note)
    except AlertResolvedError:
        return form.done(NO_ALERT, is_good=False)
    return form.done(f"The alert is given to {owner.name}, who is told of it.")


async def _silence(form: _Form) -> Response:
    what, hours, reason = form.values["what"], form.values["hours"], form.values["reason"]
    errors = {
        "what": "" if what in (OF_ALERT, OF_SUBJECT) else CHOOSE,
        "hours": "" if hours in SILENCES else CHOOSE,
        "reason": missing(reason, MAX_REASON_CHARS),
    }
    if any(errors.values()):
        return await form.refused(**errors)
    alert_id = await form.alert_id() if what == OF_ALERT else None
    if what == OF_ALERT and alert_id is None:
        return form.done(NO_ALERT, is_good=False)
    scope = Scope(alert_id=alert_id, subject_prefix=None if alert_id else form.clock["subject"])
    work = form.work
    until = work.tx.now + timedelta(hours=int(hours))
    try:
        await alerts.silence(work, form.tenant_id, work.ids(), scope, until, reason, form.principal.actor)
    except SilenceRefusedError as error:
        return form.done(sentence(error), is_good=False)
    return form.done(f"Nothing is told of it for {SILENCES[hours]}. What is still open then is told once.")


ACTIONS: Final[Mapping[str, Callable[[_Form], Awaitable[Response]]]] = {
    "acknowledge": _acknowledge,
    "assign": _assign,
    "silence": _silence,
    "pause": _pause,
    "resume": _resume,
    "move": _move,
    "fulfil": _fulfil,
    "settle": _settle,
}
"""The last step of a form's path → what it does."""


def settled_at(
    values: Mapping[str, str], due_at: datetime, zone: tzinfo = UTC
) -> tuple[datetime | None, dict[str, str]]:
    """Return when a clock that is settled was answered, None if it was not, and what is wrong with the form.

    In time without a moment counts as at the due time: nobody has to look up more than that it was in time.
    """
    outcome, given = values["outcome"], values["at"]
    at = moment_of(given, zone)
    errors = {
        "outcome": "" if outcome in OUTCOMES else CHOOSE,
        "at": WHEN if given and at is None else "",
        "note": missing(values["note"], MAX_NOTE_CHARS),
    }
    if outcome == "late" and not errors["at"] and (at is None or at <= due_at):
        errors["at"] = "Say when it was answered, after the due time."
    if outcome == "in_time" and at is not None and at > due_at:
        errors["at"] = "That is after the due time: it was late."
    if outcome == "none":
        return None, errors
    return at or due_at, errors


def moment_of(text: str, zone: tzinfo = UTC) -> datetime | None:
    """Return a moment of a form; None where it is none, also by a change of clocks. Of two the first one is meant."""
    try:
        typed = datetime.strptime(text, FORMAT).replace(tzinfo=zone)
        at = typed.astimezone(UTC)
        # By their walls: times of one zone are compared so.
        return at if at.astimezone(zone) == typed else None
    except (ValueError, OverflowError):  # the first and the last hours of the calendar are none in every zone
        return None


def _line(value: object) -> str:
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""
