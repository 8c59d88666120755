"""Links that a person's mails carry: to the page of their preferences, and to stop mails of one topic."""

from collections.abc import Sequence
from urllib.parse import quote
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.delivery.domain.consent import Link, is_signed, new_token, read_token
from plaudit.common.delivery.domain.message import Channel, Delivery
from plaudit.common.tenants import store as tenants

PREFERENCES = "/preferences"
"""The public page, unless a service has it elsewhere; below it, the token of a person."""


async def preferences_url(tx: Tx, tenant_id: str, person_key: str, address: str, path: str = PREFERENCES) -> str:
    """Return the address of a person's preferences.

    Args:
        tx: the open transaction.
        tenant_id: whose customer they are.
        person_key: theirs.
        address: that of this installation, without a slash at its end.
        path: where the service has the page.

    Raises:
        LookupError: there is no such tenant.
    """
    return f"{address}{path}/{await token_of(tx, tenant_id, person_key)}"


async def token_of(tx: Tx, tenant_id: str, person_key: str) -> str:
    """Return the token that proves that somebody reads a person's mails.

    Raises:
        LookupError: there is no such tenant.
    """
    key = await tenants.person_key_of(tx, tenant_id)
    if key is None:
        raise LookupError(tenant_id)
    return new_token(key, tenant_id, person_key)


async def proven(tx: Tx, token: str) -> Link | None:
    """Return whose a token is; None where no tenant's key has signed it. The transaction is of no tenant."""
    link = read_token(token)
    key = None if link is None else await tenants.person_key_of(tx, link.tenant_id)
    return link if link is not None and key is not None and is_signed(link, key) else None


async def unsubscribe_urls(
    tx: Tx, deliveries: Sequence[Delivery], address: str, path: str = PREFERENCES
) -> dict[UUID, str]:
    """Return for each mail to a person where a program of theirs stops mails of its topic (RFC 8058)."""
    concerning = [each for each in deliveries if each.person_key and each.channel == Channel.EMAIL]
    pages = {
        key: await preferences_url(tx, *key, address, path)
        for key in {(each.tenant_id, each.person_key) for each in concerning}
    }
    return {
        each.id: f"{pages[each.tenant_id, each.person_key]}/stop/{quote(each.topic, safe='')}" for each in concerning
    }
