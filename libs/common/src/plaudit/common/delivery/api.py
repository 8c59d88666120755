"""HTTP: the log of messages, and the endpoints that they go to."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from random import random
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy import RowMapping
from starlette.responses import StreamingResponse

from plaudit.common.db import Database, Role, SqlTx
from plaudit.common.delivery import commands, store
from plaudit.common.delivery.channels.sender import Sender
from plaudit.common.delivery.domain.endpoint import (
    TooManyEndpointsError,
    UnknownEndpointError,
    WrongEndpointError,
)
from plaudit.common.delivery.domain.message import MAX_THREAD_CHARS, MAX_TOPIC_CHARS, Channel, State
from plaudit.common.delivery.domain.outcomes import Outcome
from plaudit.common.delivery.endpoints import commands as endpoints
from plaudit.common.delivery.endpoints import store as endpoint_store
from plaudit.common.delivery.redriving import send_again
from plaudit.common.delivery.reporting import report
from plaudit.common.delivery.schemas import (
    HEAD,
    EndpointChangeIn,
    EndpointIn,
    EndpointMadeOut,
    EndpointOut,
    MessageOut,
    MessageWithAttemptsOut,
    SentAgainOut,
    TestOut,
    csv_row,
    endpoint_made_out,
    endpoint_out,
    message_out,
    message_with_attempts_out,
    shown,
)
from plaudit.common.delivery.settings import DeliverySettings
from plaudit.common.delivery.watch import NOBODY_WATCHES, RecipientWatch
from plaudit.common.http import (
    Page,
    Paging,
    Principal,
    Problem,
    Refusals,
    TenantTx,
    Work,
    authorize,
    conflict,
    describe,
    list_apart,
    not_found,
    unprocessable,
)
from plaudit.common.http.files import Format, Group, as_file, content_of_csv, written
from plaudit.common.http.openapi_examples import A_TIME, AN_ID
from plaudit.common.http.problems import against_rule
from plaudit.common.http.texts import AnyText
from plaudit.common.vault import Vault, vault_of

ROWS: Final = 500
"""Read at once for a file."""
TAGS: Final = {
    "messages": "What was told to whom, over which channel, and what came of every attempt.",
    "endpoints": "Addresses of your own that messages go to: Slack, Teams, signed webhooks, PagerDuty, Alertmanager.",
}
PROBLEMS: Final = {
    "too-many-endpoints": "There are as many endpoints as a tenant may have. Delete one that nobody needs any more.",
}
"""Slug → meaning and what to do."""


def _wrong_endpoint(error: WrongEndpointError) -> Problem:
    named = [against_rule("body", f"/{field}", "against_the_rules", words) for field, words in error.errors.items()]
    return unprocessable("invalid-request", "The endpoint cannot be like this; `errors` says why.", named)


REFUSALS: Final[Refusals] = {
    WrongEndpointError: _wrong_endpoint,
    TooManyEndpointsError: lambda error: conflict("too-many-endpoints", str(error)),
    UnknownEndpointError: lambda _: not_found("endpoint"),
}
"""What the rules refuse → the problem that the client gets."""

messages = APIRouter(prefix="/v1/messages", tags=["messages"])
endpoint_routes = APIRouter(prefix="/v1/endpoints", tags=["endpoints"])
Reader = Annotated[Principal, Depends(authorize("messages:read"))]
Sending = Annotated[Principal, Depends(authorize("messages:write"))]
Keeper = Annotated[Principal, Depends(authorize("endpoints:write"))]
MessageId = Annotated[UUID, Path(description="The message's id.")]
EndpointId = Annotated[UUID, Path(description="The endpoint's id.")]
OfState = Annotated[State | None, Query(alias="state", description="Only those in this state.")]
OfTopic = Annotated[
    AnyText | None,
    Query(max_length=MAX_TOPIC_CHARS, description="Only those of this topic.", examples=["clock.breached"]),
]
OfEndpoint = Annotated[UUID | None, Query(description="Only those to this endpoint.")]
OfThread = Annotated[
    AnyText | None, Query(max_length=MAX_THREAD_CHARS, description="Only those of this thread.", examples=["clock:1"])
]


def settings_of(request: Request) -> DeliverySettings:
    """Return the settings of the service."""
    settings: DeliverySettings = request.app.state.resources.settings
    return settings


async def vault_of_request(request: Request) -> Vault:
    """Return the vault of the service."""
    return vault_of(settings_of(request))


OfVault = Annotated[Vault, Depends(vault_of_request)]


async def watch_of(request: Request) -> RecipientWatch:
    """Return what the service does about endpoints that are disabled by themselves."""
    watch: RecipientWatch = getattr(request.app.state, "recipient_watch", NOBODY_WATCHES)
    return watch


OfWatch = Annotated[RecipientWatch, Depends(watch_of)]


SENT: Final = {"finished_at": A_TIME}
"""What differs from the examples of the fields where a message has left."""
A_TEST: Final = {
    "topic": endpoints.TEST_TOPIC,
    "thread": "",
    "channel": Channel.WEBHOOK,
    "recipient": AN_ID,
    "subject": endpoints.TEST.subject,
    "text": endpoints.TEST.text,
    "sent": '{"type":"plaudit.test","timestamp":"2026-02-14T10:15:30.000000Z","data":{"severity":"info",'
    f'"subject":"{endpoints.TEST.subject}","text":"{endpoints.TEST.text}","link":null,"thread":null,"truncated":false}}}}',
}
"""What differs where it is a test of a webhook."""


@messages.get("", summary="List messages", openapi_extra=describe(answer=SENT | A_TEST))
async def list_messages(
    principal: Reader,
    tx: TenantTx,
    paging: Paging,
    state: OfState = None,
    topic: OfTopic = None,
    endpoint_id: OfEndpoint = None,
    thread: OfThread = None,
) -> Page[MessageOut]:
    """List messages, the newest first: one for each recipient and channel."""
    found = await store.list_deliveries(
        tx,
        principal.tenant_id,
        state=state,
        topic=topic,
        outlet=None if endpoint_id is None else str(endpoint_id),
        thread=thread,
        after=paging.after(tuple[datetime, UUID]),
        limit=paging.rows,
    )
    return paging.page(found, lambda row: (row["created_at"], row["id"]), message_out)


@messages.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": content_of_csv(HEAD)}},
    summary="Export messages",
)
async def export_messages(
    request: Request,
    principal: Reader,
    tx: TenantTx,
    state: OfState = None,
    endpoint_id: OfEndpoint = None,
) -> StreamingResponse:
    """Export messages as CSV, the newest first, without a limit; no text is one that a spreadsheet runs."""
    read = partial(
        store.list_deliveries,
        tenant_id=principal.tenant_id,
        state=state,
        outlet=None if endpoint_id is None else str(endpoint_id),
        limit=ROWS,
    )

    async def read_after(last: RowMapping, tx: SqlTx) -> Sequence[RowMapping]:
        return await read(tx, after=(last["created_at"], last["id"]))

    database = request.app.state.resources.database(Role.API)
    parts = list_apart(database, principal.tenant_id, await read(tx), read_after, ROWS)
    groups = (Group(found, message_out, lambda row: csv_row(message_out(row))) async for found in parts)
    return as_file(written(groups, HEAD, Format.CSV), "messages", Format.CSV)


@messages.get("/{message_id}", summary="Read a message", openapi_extra=describe(answer=SENT | A_TEST))
async def read_message(principal: Reader, tx: TenantTx, message_id: MessageId) -> MessageWithAttemptsOut:
    """Return a message with every attempt: what was sent, what was answered, and what went wrong."""
    row = await store.read_delivery(tx, principal.tenant_id, message_id)
    if row is None:
        raise not_found("message")
    return message_with_attempts_out(row, await store.attempts_of(tx, principal.tenant_id, message_id))


@messages.post("/{message_id}/redrive", summary="Send a failed message again")
async def redrive_message(request: Request, principal: Sending, work: Work, message_id: MessageId) -> SentAgainOut:
    """Send a failed message again at once, from the first attempt on, under its id."""
    if await store.read_delivery(work.tx, principal.tenant_id, message_id) is None:
        raise not_found("message")
    return SentAgainOut(messages=await send_again(request, principal, work.tx, message_id=message_id))


@endpoint_routes.get("", summary="List endpoints")
async def list_endpoints(principal: Reader, tx: TenantTx) -> Page[EndpointOut]:
    """List the endpoints of the tenant by name: all of them, a tenant has at most 100."""
    found = await endpoint_store.all_of(tx, principal.tenant_id)
    standing = await endpoint_store.standing(tx, principal.tenant_id, [each.id for each in found])
    return Page(items=[endpoint_out(each, standing.get(each.id)) for each in found], next=None)


@endpoint_routes.post(
    "",
    status_code=201,
    summary="Make an endpoint",
    openapi_extra=describe(problems={"too-many-endpoints": 409}, headers=("Location",)),
)
async def create_endpoint(
    request: Request, principal: Keeper, work: Work, vault: OfVault, body: EndpointIn, response: Response
) -> EndpointMadeOut:
    """Make an endpoint. The secret of a webhook is in this answer only."""
    settings = settings_of(request)
    made = await endpoints.create(
        work.tx,
        work.ids,
        vault,
        principal.tenant_id,
        body.draft(),
        principal.actor,
        settings.delivery_ports,
        plain_http=settings.delivery_plain_http,
    )
    response.headers["Location"] = f"{endpoint_routes.prefix}/{made.endpoint.id}"
    response.headers["Cache-Control"] = "no-store"
    return endpoint_made_out(made.endpoint, made.secret)


@endpoint_routes.get("/{endpoint_id}", summary="Read an endpoint")
async def read_endpoint(principal: Reader, tx: TenantTx, endpoint_id: EndpointId) -> EndpointOut:
    """Return one endpoint, without its secrets."""
    found = await endpoints.found(tx, principal.tenant_id, endpoint_id)
    standing = await endpoint_store.standing(tx, principal.tenant_id, [endpoint_id])
    return endpoint_out(found, standing.get(endpoint_id))


@endpoint_routes.patch("/{endpoint_id}", summary="Change an endpoint")
async def change_endpoint(
    request: Request, principal: Keeper, work: Work, vault: OfVault, endpoint_id: EndpointId, body: EndpointChangeIn
) -> EndpointOut:
    """Change the name, the address or the topics of an endpoint."""
    changed = await endpoints.change(
        work.tx,
        vault,
        principal.tenant_id,
        endpoint_id,
        principal.actor,
        settings_of(request).delivery_ports,
        plain_http=settings_of(request).delivery_plain_http,
        name=body.name,
        url=body.url,
        topics=None if body.topics is None else tuple(body.topics),
    )
    return endpoint_out(changed, None)


@endpoint_routes.delete("/{endpoint_id}", status_code=204, summary="Delete an endpoint")
async def delete_endpoint(principal: Keeper, work: Work, watch: OfWatch, endpoint_id: EndpointId) -> None:
    """Delete an endpoint with its secrets; what was sent to it stays in the log of messages."""
    await endpoints.delete(work.tx, principal.tenant_id, endpoint_id, principal.actor, watch)


@endpoint_routes.post("/{endpoint_id}/secret", summary="Replace the secret of a webhook")
async def rotate_endpoint_secret(
    principal: Keeper, work: Work, vault: OfVault, endpoint_id: EndpointId, response: Response
) -> EndpointMadeOut:
    """Replace the secret of a webhook. For a day messages are signed with each that was replaced as well.

    So no receiver has to hurry. At most five secrets sign at a time.
    """
    made = await endpoints.rotate(work.tx, vault, principal.tenant_id, endpoint_id, principal.actor)
    response.headers["Cache-Control"] = "no-store"
    return endpoint_made_out(made.endpoint, made.secret)


@endpoint_routes.post("/{endpoint_id}/enable", summary="Enable an endpoint")
async def enable_endpoint(principal: Keeper, work: Work, watch: OfWatch, endpoint_id: EndpointId) -> EndpointOut:
    """Send messages to an endpoint again, at once, also while it rests after failures.

    It is told of what happens from now on, not of what happened while it was disabled.
    """
    await endpoints.enable(work.tx, principal.tenant_id, endpoint_id, principal.actor, watch)
    return endpoint_out(await endpoints.found(work.tx, principal.tenant_id, endpoint_id), None)


@endpoint_routes.post(
    "/{endpoint_id}/disable",
    summary="Disable an endpoint",
    openapi_extra=describe(answer={"state": "disabled", "reason": "disabled by hand"}),
)
async def disable_endpoint(principal: Keeper, work: Work, endpoint_id: EndpointId) -> EndpointOut:
    """Send nothing to an endpoint until it is enabled; what waits for it has failed, and can be sent again.

    What happens meanwhile is not kept for it: read that by the API of what it is about.
    """
    await endpoints.disable(work.tx, principal.tenant_id, endpoint_id, principal.actor)
    return endpoint_out(await endpoints.found(work.tx, principal.tenant_id, endpoint_id), None)


@endpoint_routes.post("/{endpoint_id}/redrive", summary="Send all failed messages of an endpoint again")
async def redrive_endpoint(request: Request, principal: Sending, work: Work, endpoint_id: EndpointId) -> SentAgainOut:
    """Send all failed messages to an endpoint again, at once, each under its id."""
    await endpoints.found(work.tx, principal.tenant_id, endpoint_id)
    return SentAgainOut(messages=await send_again(request, principal, work.tx, endpoint_id=endpoint_id))


@endpoint_routes.post("/{endpoint_id}/test", summary="Send a test to an endpoint")
async def test_endpoint(request: Request, principal: Sending, endpoint_id: EndpointId) -> TestOut:
    """Send a test message now, also where the endpoint is disabled, and say what came of it. It is not tried again."""
    delivery_id, outcome = await tried(request, principal, endpoint_id)
    return TestOut.model_validate(
        {
            "message_id": delivery_id,
            "outcome": outcome.kind,
            "status": outcome.status,
            "error": outcome.error,
            "answer": shown(outcome.answer),
            "duration_ms": round(outcome.duration_seconds * 1_000),
        }
    )


async def tried(request: Request, principal: Principal, endpoint_id: UUID) -> tuple[UUID, Outcome]:
    """Send a test message and record what came of it; no transaction is open meanwhile.

    Raises:
        UnknownEndpointError: there is no such endpoint.
    """
    resources = request.app.state.resources
    database: Database = resources.database(Role.API)
    vault, watch = await vault_of_request(request), await watch_of(request)
    async with database.change(principal.tenant_id) as tx:
        ready = await endpoints.begin_test(tx, resources.ids, vault, principal.tenant_id, endpoint_id, principal.actor)
        at = tx.now
    sender = Sender(settings_of(request))
    try:
        outcome = await sender.send(ready, at)
    finally:
        await sender.close()
    async with database.change(principal.tenant_id) as tx:
        ended = await commands.record(tx, [(ready.delivery, outcome)], random, is_last=True, watch=watch)
    report([(ready.delivery, outcome)], ended)
    return ready.delivery.id, outcome
