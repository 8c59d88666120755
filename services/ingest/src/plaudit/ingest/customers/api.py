"""What happened with customers, told by a shop, a help desk or a CRM."""

from typing import Annotated

from fastapi import APIRouter, Depends

from plaudit.common.http import Principal, Work, authorize
from plaudit.common.person_keys import person_key
from plaudit.common.tenants import store as tenants
from plaudit.ingest.customers import commands
from plaudit.ingest.customers.domain import MAX_ID_CHARS, CustomerEvent, Judged, Verdict
from plaudit.ingest.customers.schemas import (
    CustomerEventIn,
    CustomerEventsIn,
    CustomerEventsOut,
    VerdictOut,
    read_event,
)
from plaudit.ingest.sources.api import OpenedVault

router = APIRouter(tags=["customers"])
CustomersWriter = Annotated[Principal, Depends(authorize("customers:write"))]


@router.post("/v1/customers/events", summary="Tell what happened with customers")
async def tell_customer_events(
    principal: CustomersWriter, work: Work, vault: OpenedVault, body: CustomerEventsIn
) -> CustomerEventsOut:
    """Take up to 1,000 events, each known by its id. Each gets a verdict of its own, and a wrong one costs no other.

    An address becomes a person key; it is stored encrypted and is in no event.
    """
    key = await tenants.person_key_of(work.tx, principal.tenant_id)
    assert key is not None, "the tenant of a principal exists"
    read = [read_event(raw) for raw in body.events]
    sound = [(index, each) for index, each in enumerate(read) if not isinstance(each, str)]
    persons = {index: each.person or person_key(key, each.email or "") for index, each in sound}
    addresses = {persons[index]: each.email.strip() for index, each in sound if each.email is not None}
    events = [_event(each, persons[index]) for index, each in sound]
    judged = await commands.take(work, principal.tenant_id, events, addresses, vault)
    verdicts = dict(zip((index for index, _ in sound), judged, strict=True))
    refused = {index: Judged(Verdict.REJECTED, each) for index, each in enumerate(read) if isinstance(each, str)}
    return _answer(body, [(verdicts | refused)[index] for index in range(len(read))])


def _event(given: CustomerEventIn, person: str) -> CustomerEvent:
    values = given.model_dump(exclude={"id", "email", "person"})
    return CustomerEvent(event_id=given.id, person=person, **values)


def _answer(body: CustomerEventsIn, judged: list[Judged]) -> CustomerEventsOut:
    counts = {verdict: sum(each.verdict is verdict for each in judged) for verdict in Verdict}
    return CustomerEventsOut(
        accepted=counts[Verdict.ACCEPTED],
        duplicates=counts[Verdict.DUPLICATE],
        rejected=counts[Verdict.REJECTED],
        verdicts=[
            VerdictOut(index=index, id=_id(body.events[index]), verdict=each.verdict, reason=each.reason)
            for index, each in enumerate(judged)
        ],
    )


def _id(raw: dict[str, object]) -> str | None:
    given = raw.get("id")
    return given[:MAX_ID_CHARS] if isinstance(given, str) and "@" not in given else None
