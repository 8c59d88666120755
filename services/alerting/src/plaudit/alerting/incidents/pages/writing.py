"""The page on which an update is written, with what each channel will have. It works without JavaScript."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Form, Query, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from plaudit.alerting.incidents.commands import reading, updates
from plaudit.alerting.incidents.domain.incident import (
    FOLLOWING,
    MAX_NOTE_CHARS,
    MAX_TITLE_CHARS,
    Audience,
    Incident,
    IncidentChangedError,
    IncidentRefusedError,
    State,
    WrongIncidentError,
)
from plaudit.alerting.incidents.domain.messages import (
    UPDATED,
    content_for_person,
    content_of,
    key_of,
    text_of,
    thread_of,
    title_of,
)
from plaudit.alerting.incidents.domain.update import MAX_PART_CHARS, PARTS, Update, Words, checked_texts
from plaudit.alerting.incidents.domain.wording import ENGLISH, WORDINGS, direction
from plaudit.alerting.incidents.pages.shared import Field, Ordered, Writer, console
from plaudit.alerting.incidents.store import incidents as store
from plaudit.alerting.mails.domain.words import INCIDENTS
from plaudit.common.db import SqlTx
from plaudit.common.delivery.domain.message import Channel, Delivery
from plaudit.common.delivery.domain.shapes import slack, teams, webhook
from plaudit.common.delivery.domain.shapes.mail import text_of as mail_text
from plaudit.common.http import Principal, TenantTx
from plaudit.common.pages.navigation import Crumb
from plaudit.common.refusals import sentence
from plaudit.common.sessions import Typed

PATH: Final = f"{INCIDENTS}/{{incident_id}}/update"
PREVIEW: Final = "preview"
UNKNOWN_CAUSE: Final = "cause_unknown"
_ANY_ID: Final = UUID(int=0)
"""Of a delivery that is only shown."""
A_LINK: Final = "(each reader's own link)"
"""In place of the one that stops the mails."""
OLD_FORM: Final = "Another update was published since this form was shown. Nothing is sent; look at it first."
STATES: Final = {
    State.OPEN.value: "It is open",
    State.MONITORING.value: "A fix is in place, and is watched",
    State.RESOLVED.value: "It is resolved",
}
PART_LABELS: Final = {
    "title": "What is wrong, for the public",
    "apology": "Apology",
    "cause": "Cause",
    "fix": "What you do about it",
    "prevention": "What you do so that it does not happen again",
}
REASON_LABEL: Final = "Why it is corrected, for your team"
MAX_LANGUAGES: Final = len(WORDINGS)

router = APIRouter(include_in_schema=False)
Asked = Annotated[list[str], Query()]


@router.get(PATH)
async def show_form(
    request: Request,
    principal: Writer,
    tx: TenantTx,
    incident_id: UUID,
    language: Asked = [],  # noqa: B006
) -> Response:
    """Show the form of an update in the languages of the last one, or in those that are asked for."""
    incident = await reading.read(tx, principal.tenant_id, incident_id)
    last = await store.updates_of(tx, principal.tenant_id, incident_id, 1)
    spoken = [each for each in dict.fromkeys(language) if each in WORDINGS]
    spoken = spoken or [each.language for one in last for each in one.texts] or [ENGLISH]
    values = {"number": str(incident.updates + 1), "state": _state(incident)}
    for code in spoken:
        before = next((each for one in last for each in one.texts if each.language == code), None)
        values[f"{code}-title"] = (before.title if before else None) or ""
    return await _page(request, principal, tx, incident, spoken, Typed(values))


@router.post(PATH)
async def write(
    order: Ordered,
    action: Field = PREVIEW,
    state: Field = "",
    number: Field = "",
    language: Annotated[list[str], Form()] = [],  # noqa: B006
) -> Response:
    """Show what each channel will have, or publish."""
    request, principal, tx = order.request, order.principal, order.work.tx
    incident = await reading.read(tx, *order.place)
    form = await request.form()
    spoken = spoken_of(language)
    values = {"number": number, "state": state if state in STATES else _state(incident)} | parts_of(form, spoken)
    texts = [words_of(code, values) for code in spoken]
    try:
        texts = list(checked_texts(texts))
    except WrongIncidentError as error:
        return await _page(request, principal, tx, incident, spoken, Typed(values, errors_of(error, spoken)))
    if action == PREVIEW:
        return await _page(request, principal, tx, incident, spoken, Typed(values), texts)
    if number != str(incident.updates + 1):
        return order.lead(OLD_FORM, is_good=False)
    try:
        chosen = State(values["state"])
        made, _ = await updates.publish(
            order.work,
            *order.place,
            texts,
            principal.actor,
            order.following,
            state=None if chosen is incident.state else chosen,
            expected={incident.revision},
        )
    except (IncidentRefusedError, IncidentChangedError) as error:
        return order.lead(sentence(error), is_good=False)
    return order.lead(f"Update {made.number} is published.")


async def _page(
    request: Request,
    principal: Principal,
    tx: SqlTx,
    incident: Incident,
    spoken: Sequence[str],
    typed: Typed,
    texts: Sequence[Words] = (),
) -> Response:
    update = _unpublished(incident, texts, State(typed.values["state"]), tx, principal) if texts else None
    return await form_page(request, principal, tx, incident, spoken, typed, update)


async def form_page(
    request: Request,
    principal: Principal,
    tx: SqlTx,
    incident: Incident,
    spoken: Sequence[str],
    typed: Typed,
    update: Update | None,
    correcting: Update | None = None,
) -> Response:
    """Answer with the form of an update.

    Args:
        request: for the shell.
        principal: who writes it.
        tx: the open transaction.
        incident: of which.
        spoken: in which languages.
        typed: what the fields hold, and what is wrong with it.
        update: what each channel is shown to have; None: nothing is shown.
        correcting: the update that the form corrects; None: it is a new one.
    """
    url = request.app.state.resources.settings.public_url
    heading = "Write an update" if correcting is None else f"Correct update {correcting.number}"
    names = [f"{code}-{name}" for code in spoken for name in (*PART_LABELS, UNKNOWN_CAUSE)]
    language = {code: "" if len(spoken) == 1 else f" ({WORDINGS[code].name})" for code in spoken}
    labels = {f"{code}-{name}": words + language[code] for code in spoken for name, words in PART_LABELS.items()}
    return await console.response(
        request,
        principal,
        tx,
        "write_update.html",
        status=typed.status,
        further=(Crumb(incident.title, f"{INCIDENTS}/{incident.id}"), heading),
        heading=heading,
        correcting=correcting,
        incident=incident,
        spoken=spoken,
        languages={code: each.name for code, each in WORDINGS.items()},
        wordings=WORDINGS,
        direction=direction,
        part_labels=PART_LABELS,
        labels=labels | {"reason": REASON_LABEL},
        parts=PARTS,
        states={value: words for value, words in STATES.items() if _may_follow(incident, State(value))},
        values=dict.fromkeys(names, "") | dict(typed.values),
        errors=typed.errors,
        previews=[] if update is None else previews(incident, update, url),
        update=update,
        title_of=title_of,
        path=f"{INCIDENTS}/{incident.id}/update" + ("" if correcting is None else f"/{correcting.number}"),
        max_note=MAX_NOTE_CHARS,
        max_part=MAX_PART_CHARS,
        max_title=MAX_TITLE_CHARS,
    )


def previews(incident: Incident, update: Update, public_url: str) -> list[tuple[str, str, str, str]]:
    """Return what each channel but the page will have: name, language, direction, and the text as it is sent."""
    shown: list[tuple[str, str, str, str]] = []
    if incident.audience is not Audience.INTERNAL:
        for each in update.texts:
            content = content_of(incident, update, each.language, public_url)
            words = mail_text(content_for_person(content, A_LINK, ""))
            mail = f"Subject: {content.subject}\n\n{words}"
            shown.append((f"Mail, {WORDINGS[each.language].name}", each.language, each.direction, mail))
    content = content_of(incident, update, update.texts[0].language, public_url)
    shown += [
        ("Slack", ENGLISH, "ltr", _pretty(slack.request_of(content).body)),
        ("Teams", ENGLISH, "ltr", _pretty(teams.request_of(content).body)),
        ("Signed webhook", ENGLISH, "ltr", _pretty(webhook.body_of(_delivery(incident, update), content))),
    ]
    if incident.audience is Audience.PUBLIC:
        banner = msgspec.json.encode([text_of(incident, each) for each in update.texts])
        shown.append(("Banner", ENGLISH, "ltr", _pretty(banner)))
    return shown


def _delivery(incident: Incident, update: Update) -> Delivery:
    return Delivery(
        tenant_id=incident.tenant_id,
        id=_ANY_ID,
        message_id=_ANY_ID,
        key=key_of(incident.id, update.number, update.revision),
        topic=UPDATED,
        thread=thread_of(incident.id),
        channel=Channel.WEBHOOK,
        outlet="",
        recipient="",
        person_key="",
        needs_consent=False,
        created_at=update.made_at,
    )


def _pretty(body: bytes) -> str:
    return msgspec.json.format(body, indent=2).decode()


def _unpublished(incident: Incident, texts: Sequence[Words], state: State, tx: SqlTx, principal: Principal) -> Update:
    return Update(
        tenant_id=incident.tenant_id,
        incident_id=incident.id,
        number=incident.updates + 1,
        severity=incident.severity,
        state=state,
        texts=tuple(texts),
        made_by=principal.actor,
        made_at=tx.now,
    )


def spoken_of(languages: Sequence[str]) -> list[str]:
    """Return the languages of a form, each once; English where it names none of ours."""
    return [each for each in dict.fromkeys(languages) if each in WORDINGS] or [ENGLISH]


def parts_of(form: FormData, spoken: Sequence[str]) -> dict[str, str]:
    """Return what a form holds of the parts of an update: field → text."""
    names = (*PART_LABELS, UNKNOWN_CAUSE)
    return {f"{code}-{name}": str(form.get(f"{code}-{name}", "")) for code in spoken for name in names}


def values_of(update: Update) -> dict[str, str]:
    """Return what the form of an update holds that was published."""
    values: dict[str, str] = {}
    for each in update.texts:
        values |= {f"{each.language}-{name}": getattr(each, name) or "" for name in PART_LABELS}
        values[f"{each.language}-{UNKNOWN_CAUSE}"] = "yes" if each.cause is None else ""
    return values


def words_of(code: str, values: Mapping[str, str]) -> Words:
    """Return what a form says in one language."""

    def part(name: str) -> str:
        return values[f"{code}-{name}"].replace("\r\n", "\n")

    return Words(
        language=code,
        title=part("title") if part("title").strip() else None,
        apology=part("apology"),
        cause=None if values[f"{code}-{UNKNOWN_CAUSE}"] else part("cause"),
        fix=part("fix"),
        prevention=part("prevention"),
    )


def errors_of(error: WrongIncidentError, spoken: Sequence[str]) -> dict[str, str]:
    """Return what is wrong with the fields of the form: of `/texts/1/fix`, with that of the second language."""
    return {_field(each.field.strip("/"), spoken): str(each) for each in error.all}


def _field(path: str, spoken: Sequence[str]) -> str:
    if not path.startswith("texts/"):
        return path
    _, place, name = path.split("/")
    return f"{spoken[int(place)]}-{name}"


def _state(incident: Incident) -> str:
    return incident.state.value if incident.state.value in STATES else State.OPEN.value


def _may_follow(incident: Incident, state: State) -> bool:
    return state is incident.state or state in FOLLOWING[incident.state]
