"""The page on which an update is corrected, with what each channel will have. It works without JavaScript."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Request
from msgspec.structs import replace
from starlette.responses import Response

from plaudit.alerting.incidents.commands import reading, updates
from plaudit.alerting.incidents.domain.incident import (
    IncidentChangedError,
    IncidentRefusedError,
    UnknownIncidentError,
    WrongIncidentError,
)
from plaudit.alerting.incidents.domain.update import Update, checked_texts
from plaudit.alerting.incidents.pages.shared import Field, Ordered, Writer
from plaudit.alerting.incidents.pages.writing import (
    PREVIEW,
    errors_of,
    form_page,
    parts_of,
    spoken_of,
    values_of,
    words_of,
)
from plaudit.alerting.incidents.store import incidents as store
from plaudit.alerting.mails.domain.words import INCIDENTS
from plaudit.common.db import Tx
from plaudit.common.http import TenantTx
from plaudit.common.refusals import sentence
from plaudit.common.sessions import Typed

PATH: Final = f"{INCIDENTS}/{{incident_id}}/update/{{number}}"
OLD_FORM: Final = "The update was corrected since this form was shown. Nothing is sent; look at it first."
_LARGEST: Final = 10**9

router = APIRouter(include_in_schema=False)


@router.get(PATH)
async def show_form(request: Request, principal: Writer, tx: TenantTx, incident_id: UUID, number: int) -> Response:
    """Show an update in the form that corrects it."""
    incident = await reading.read(tx, principal.tenant_id, incident_id)
    update = await _update(tx, principal.tenant_id, incident_id, number)
    spoken = [each.language for each in update.texts]
    values = {"number": str(update.revision), "state": update.state, "reason": ""} | values_of(update)
    return await form_page(request, principal, tx, incident, spoken, Typed(values), None, update)


@router.post(PATH)
async def correct(
    order: Ordered,
    number: int,
    action: Field = PREVIEW,
    revision: Annotated[str, Form(alias="number")] = "",
    reason: Field = "",
    language: Annotated[list[str], Form()] = [],  # noqa: B006
) -> Response:
    """Show what each channel will have, or publish the correction."""
    request, principal, tx = order.request, order.principal, order.work.tx
    incident = await reading.read(tx, *order.place)
    update = await _update(tx, *order.place, number)
    spoken = spoken_of(language)
    values = {"number": revision, "state": update.state, "reason": reason}
    values |= parts_of(await request.form(), spoken)
    texts = [words_of(code, values) for code in spoken]
    try:
        if action == PREVIEW:
            shown = replace(update, revision=update.revision + 1, texts=checked_texts(texts), corrected_at=tx.now)
            return await form_page(request, principal, tx, incident, spoken, Typed(values), shown, update)
        if revision != str(update.revision):
            return order.lead(OLD_FORM, is_good=False)
        made = await updates.correct(
            order.work,
            *order.place,
            number,
            texts,
            reason,
            principal.actor,
            order.following,
            expected={incident.revision},
        )
    except WrongIncidentError as error:
        typed = Typed(values, errors_of(error, spoken))
        return await form_page(request, principal, tx, incident, spoken, typed, None, update)
    except (IncidentRefusedError, IncidentChangedError) as error:
        return order.lead(sentence(error), is_good=False)
    return order.lead(f"Update {number} is corrected: revision {made.revision}.")


async def _update(tx: Tx, tenant_id: str, incident_id: UUID, number: int) -> Update:
    """Return an update as it stands.

    Raises:
        UnknownIncidentError: there is none of this number.
    """
    key = tenant_id, incident_id, number
    found = (await store.updates(tx, [key])).get(key) if 0 < number < _LARGEST else None
    if found is None:
        raise UnknownIncidentError
    return found
