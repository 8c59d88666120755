"""Every way to change endpoints. Each is noted with who did it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from plaudit.common.db import Tx, lock
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery import store as delivery_store
from plaudit.common.delivery.commands import Ready
from plaudit.common.delivery.domain.addresses import target_of
from plaudit.common.delivery.domain.endpoint import (
    MAX_ENDPOINTS,
    Draft,
    Endpoint,
    EndpointState,
    Secrets,
    TooManyEndpointsError,
    UnknownEndpointError,
    WrongEndpointError,
    checked,
)
from plaudit.common.delivery.domain.message import Channel, Content, Message, Route, delivery_id
from plaudit.common.delivery.domain.message import endpoint as to_endpoint
from plaudit.common.delivery.endpoints import store
from plaudit.common.delivery.watch import NOBODY_WATCHES, RecipientWatch
from plaudit.common.ids import IdSource
from plaudit.common.standard_webhooks import new_secret
from plaudit.common.vault import Vault

BY_HAND = "disabled by hand"
TEST_TOPIC = "plaudit.test"
TEST = Content(
    "A test from Plaudit",
    "Somebody has pressed “Send a test”. If you read this, messages arrive here.",
    data={"severity": "info"},
)


@dataclass(frozen=True, slots=True)
class Made:
    """An endpoint, with the secret that is shown once: empty where there is none to show."""

    endpoint: Endpoint
    secret: str = field(default="", repr=False)


async def create(
    tx: Tx,
    ids: IdSource,
    vault: Vault,
    tenant_id: str,
    draft: Draft,
    actor: str,
    ports: Sequence[int],
    *,
    plain_http: bool = True,
) -> Made:
    """Make an endpoint; a webhook without a secret gets one.

    Raises:
        WrongEndpointError: a field cannot be right.
        TooManyEndpointsError: the tenant has as many as it may.
    """
    draft = checked(draft, ports, plain_http=plain_http)
    await lock(tx, [f"endpoints:{tenant_id}"])
    if await store.count(tx, tenant_id) >= MAX_ENDPOINTS:
        raise TooManyEndpointsError
    secret = draft.secret or (new_secret() if draft.channel == Channel.WEBHOOK else "")
    endpoint = Endpoint(
        tenant_id=tenant_id,
        id=ids(),
        name=draft.name,
        channel=draft.channel,
        origin=target_of(draft.url, ports).origin,
        topics=draft.topics,
        state=EndpointState.ENABLED,
        reason="",
        created_at=tx.now,
        created_by=actor,
    )
    await store.add(tx, endpoint, Secrets(draft.url, secret), vault)
    await store.note(tx, tenant_id, endpoint.id, actor, "made")
    return Made(endpoint, secret if draft.channel == Channel.WEBHOOK else "")


async def change(
    tx: Tx,
    vault: Vault,
    tenant_id: str,
    endpoint_id: UUID,
    actor: str,
    ports: Sequence[int],
    *,
    name: str | None = None,
    url: str | None = None,
    topics: tuple[str, ...] | None = None,
    plain_http: bool = True,
) -> Endpoint:
    """Change the name, the address or the topics of an endpoint; what is None stays.

    Raises:
        UnknownEndpointError: there is none.
        WrongEndpointError: a field cannot be right.
    """
    endpoint, secrets = await opened(tx, vault, tenant_id, endpoint_id)
    draft = checked(
        Draft(
            name=endpoint.name if name is None else name,
            channel=endpoint.channel,
            url=secrets.url if url is None else url,
            topics=endpoint.topics if topics is None else topics,
            secret=secrets.current,
        ),
        ports,
        plain_http=plain_http,
    )
    origin = target_of(draft.url, ports).origin
    changed = msgspec.structs.replace(endpoint, name=draft.name, origin=origin, topics=draft.topics)
    given = {"name": name, "address": url, "topics": topics}
    await store.save(tx, changed, msgspec.structs.replace(secrets, url=draft.url), vault)
    words = ", ".join(field for field, value in given.items() if value is not None) or "nothing"
    await store.note(tx, tenant_id, endpoint_id, actor, f"changed: {words}")
    return changed


async def rotate(tx: Tx, vault: Vault, tenant_id: str, endpoint_id: UUID, actor: str) -> Made:
    """Give a webhook a new secret; the one before signs as well for a day.

    Raises:
        UnknownEndpointError: there is none.
        WrongEndpointError: it is no webhook, or was replaced too often today.
    """
    endpoint, secrets = await opened(tx, vault, tenant_id, endpoint_id)
    if endpoint.channel != Channel.WEBHOOK:
        words = "only the secret of a webhook is replaced here; give others by an address"
        raise WrongEndpointError({"channel": words})
    secret = new_secret()
    await store.save(tx, endpoint, secrets.rotated(secret, tx.now), vault)
    await store.note(tx, tenant_id, endpoint_id, actor, "secret replaced")
    return Made(endpoint, secret)


async def enable(tx: Tx, tenant_id: str, endpoint_id: UUID, actor: str, watch: RecipientWatch = NOBODY_WATCHES) -> None:
    """Send messages to an endpoint again, at once.

    Raises:
        UnknownEndpointError: there is none.
    """
    await found(tx, tenant_id, endpoint_id)
    if await store.set_state(tx, tenant_id, endpoint_id, EndpointState.ENABLED, ""):
        await store.note(tx, tenant_id, endpoint_id, actor, "enabled")
        await _settle(tx, tenant_id, endpoint_id, watch)
    await delivery_store.close_circuit(tx, tenant_id, str(endpoint_id))


async def disable(tx: Tx, tenant_id: str, endpoint_id: UUID, actor: str) -> None:
    """Send nothing to an endpoint until it is enabled.

    Raises:
        UnknownEndpointError: there is none.
    """
    await found(tx, tenant_id, endpoint_id)
    await deliveries.disable(tx, tenant_id, endpoint_id, BY_HAND, actor)


async def delete(tx: Tx, tenant_id: str, endpoint_id: UUID, actor: str, watch: RecipientWatch = NOBODY_WATCHES) -> None:
    """Delete an endpoint with its secrets. What waits for it has failed; the log stays.

    Raises:
        UnknownEndpointError: there is none.
    """
    if not await store.delete(tx, tenant_id, endpoint_id):
        raise UnknownEndpointError
    await store.note(tx, tenant_id, endpoint_id, actor, "deleted")
    await _settle(tx, tenant_id, endpoint_id, watch)
    await delivery_store.fail_outlet(tx, tenant_id, str(endpoint_id), deliveries.NO_ENDPOINT)


async def begin_test(tx: Tx, ids: IdSource, vault: Vault, tenant_id: str, endpoint_id: UUID, actor: str) -> Ready:
    """Write a test message to an endpoint, whether or not it is enabled; return it for whoever sends it at once.

    Raises:
        UnknownEndpointError: there is none.
    """
    endpoint, secrets = await opened(tx, vault, tenant_id, endpoint_id)
    route = Route(endpoint.channel, str(endpoint_id))
    message = Message(tenant_id, f"test:{ids()}", TEST_TOPIC, to_endpoint(endpoint_id), TEST)
    await deliveries.queue(tx, [message])
    await store.note(tx, tenant_id, endpoint_id, actor, "tested")
    waiting = delivery_id(tenant_id, message.key, route)
    taken = await delivery_store.take(tx, tenant_id, waiting, deliveries.LEASE_SECONDS)
    if taken is None:
        raise UnknownEndpointError
    return Ready(taken, TEST, endpoint, secrets)


async def found(tx: Tx, tenant_id: str, endpoint_id: UUID) -> Endpoint:
    """Return an endpoint without its secrets.

    Raises:
        UnknownEndpointError: there is none.
    """
    return (await _stored(tx, tenant_id, endpoint_id)).endpoint


async def opened(tx: Tx, vault: Vault, tenant_id: str, endpoint_id: UUID) -> tuple[Endpoint, Secrets]:
    """Return an endpoint with its secrets.

    Raises:
        UnknownEndpointError: there is none.
    """
    return store.opened(await _stored(tx, tenant_id, endpoint_id), vault)


async def _settle(tx: Tx, tenant_id: str, endpoint_id: UUID, watch: RecipientWatch) -> None:
    since = await store.disabled_at(tx, tenant_id, endpoint_id)
    if since is not None:
        await watch.on_settled(tx, tenant_id, endpoint_id, since)


async def _stored(tx: Tx, tenant_id: str, endpoint_id: UUID) -> store.Stored:
    stored = (await store.load(tx, {(tenant_id, endpoint_id)})).get((tenant_id, endpoint_id))
    if stored is None:
        raise UnknownEndpointError
    return stored
