"""Contacts: whoever sends something asks for the address and the consent just before, and keeps neither."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path

from plaudit.common.http import Principal, Refusals, TenantTx, Work, authorize, conflict, describe, not_found
from plaudit.common.person_keys import person_key
from plaudit.common.tenants import store as tenants
from plaudit.ingest.contacts import commands, store
from plaudit.ingest.contacts.commands import Statement
from plaudit.ingest.contacts.domain import PERSON_PATTERN, ErasedPersonError, UnopenedAddressError
from plaudit.ingest.contacts.schemas import ContactIn, ContactOut
from plaudit.ingest.sources.api import OpenedVault

PROBLEMS: Final = {
    "person-erased": "The person was erased after the consent was given. Ask the person again, and send the new time.",
    "address-unreadable": (
        "The address of the person cannot be decrypted, and is needed for this. Whoever runs Plaudit can bring back "
        "the key of the vault; otherwise give the address again. The consent still counts."
    ),
}
"""Slug → what it means and what to do."""
REFUSALS: Final[Refusals] = {
    ErasedPersonError: lambda error: conflict("person-erased", str(error)),
    UnopenedAddressError: lambda error: conflict("address-unreadable", str(error)),
}
"""What the domain refuses → its problem."""

router = APIRouter(tags=["customers"])
ContactsReader = Annotated[Principal, Depends(authorize("contacts:read"))]
ContactsWriter = Annotated[Principal, Depends(authorize("contacts:write"))]


@router.get(
    "/v1/contacts/{person:path}",
    summary="Read a person's address",
    openapi_extra=describe(problems={"not-found": 404, "address-unreadable": 409}),
)
async def read_contact(
    principal: ContactsReader,
    tx: TenantTx,
    vault: OpenedVault,
    person: Annotated[str, Path(pattern=PERSON_PATTERN, description="The person key.", examples=["native:c-1"])],
) -> ContactOut:
    """Read a person's address and consent, just before something is sent. Keep neither."""
    contact = (await store.find(tx, principal.tenant_id, [person], vault)).get(person)
    if contact is None:
        raise not_found("contact")
    if contact.address is None:
        raise UnopenedAddressError
    return ContactOut.model_validate(contact, from_attributes=True)


@router.put(
    "/v1/contacts",
    summary="Set a person's address and consent",
    openapi_extra=describe(problems={"person-erased": 409}),
)
async def set_contact(principal: ContactsWriter, work: Work, vault: OpenedVault, body: ContactIn) -> ContactOut:
    """Store an address and what its person consents to. The latest statement of the person counts."""
    key = await tenants.person_key_of(work.tx, principal.tenant_id)
    assert key is not None, "the tenant of a principal exists"
    said_at = body.consent_at or work.tx.now
    statement = Statement(person_key(key, body.email), body.email.strip(), body.consent, said_at)
    contact = await commands.set_contact(work, principal.tenant_id, statement, vault)
    return ContactOut.model_validate(contact, from_attributes=True)
