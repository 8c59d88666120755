"""The console's pages of messages: the log with every attempt, and the endpoints with their tests."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from sqlalchemy import RowMapping
from starlette.responses import Response

from plaudit.common.db import SqlTx
from plaudit.common.delivery import store
from plaudit.common.delivery.api import OfVault, OfWatch, settings_of, tried
from plaudit.common.delivery.domain.endpoint import (
    CHANNELS,
    OVERLAP,
    Draft,
    Endpoint,
    TooManyEndpointsError,
    WrongEndpointError,
)
from plaudit.common.delivery.domain.message import Channel, State
from plaudit.common.delivery.domain.outcomes import Kind
from plaudit.common.delivery.endpoints import commands as endpoints
from plaudit.common.delivery.endpoints import store as endpoint_store
from plaudit.common.delivery.redriving import send_again
from plaudit.common.delivery.schemas import content_of, shown
from plaudit.common.http import Cursor, Principal, TenantTx, Work, cut_page, decode_cursor, not_found
from plaudit.common.pages.navigation import Crumb
from plaudit.common.people.naming import namer
from plaudit.common.refusals import sentence
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, done, staff

ROWS: Final = 50
CHANGES: Final = 20
MESSAGES: Final = "/console/messages"
ENDPOINTS: Final = f"{MESSAGES}/endpoints"
MAX_SHOWN_CHARS: Final = 4_000
"""Of what was sent or answered, on the page; the API has all that is kept."""
LABELS: Final = {
    "name": "Name",
    "channel": "What is sent there",
    "url": "Address",
    "topics": "Topics",
    "secret": "Secret",
}
CHANNEL_NAMES: Final = {
    Channel.EMAIL: "mail",
    Channel.SLACK: "Slack",
    Channel.TEAMS: "Microsoft Teams",
    Channel.WEBHOOK: "signed webhook",
    Channel.PAGERDUTY: "PagerDuty",
    Channel.ALERTMANAGER: "Alertmanager webhook",
    Channel.CONSOLE: "console",
}
STATES: Final = {
    State.PENDING: ("waits", "quiet"),
    State.SENDING: ("is being sent", "quiet"),
    State.SENT: ("sent", "good"),
    State.WITHDRAWN: ("not sent", "quiet"),
    State.FAILED: ("failed", "bad"),
    State.GATHERED: ("waits for others", "quiet"),
}
"""State → how it is called, and how it looks."""

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.common.delivery")
Reader = Annotated[Principal, Depends(staff("messages:read"))]
Sending = Annotated[Principal, Depends(staff("messages:write"))]
Keeper = Annotated[Principal, Depends(staff("endpoints:write"))]


@router.get(MESSAGES)
async def show_messages(
    request: Request, principal: Reader, tx: TenantTx, state: str = "", endpoint: str = "", cursor: Cursor = None
) -> Response:
    """Show what was told to whom, the newest first."""
    state = state if state in set(State) else ""
    found = await endpoint_store.all_of(tx, principal.tenant_id)
    names = {str(each.id): each.name for each in found}
    endpoint = endpoint if endpoint in names else ""
    query = {name: value for name, value in (("state", state), ("endpoint", endpoint)) if value}
    path = f"{MESSAGES}?{urlencode(query)}" if query else MESSAGES
    after = decode_cursor(cursor, tuple[datetime, UUID], of=path) if cursor else None
    rows = await store.list_deliveries(
        tx, principal.tenant_id, state=state or None, outlet=endpoint or None, after=after, limit=ROWS + 1
    )
    listed, following = cut_page(rows, ROWS, lambda row: (row["created_at"], row["id"]), of=path)
    return await console.response(
        request,
        principal,
        tx,
        "messages.html",
        messages=[_message(row, names) for row in listed],
        next=following,
        is_first=cursor is None,
        state=state,
        endpoint=endpoint,
        endpoints=names,
        list_path=path,
        export="/v1/messages/export" + (f"?state={state}" if state else ""),
        **_helpers(),
    )


@router.get(ENDPOINTS)
async def show_endpoints(request: Request, principal: Reader, tx: TenantTx) -> Response:
    """Show the endpoints, and the form of a new one."""
    return await _endpoints(request, principal, tx)


@router.post(ENDPOINTS)
async def create_endpoint(
    request: Request,
    principal: Keeper,
    work: Work,
    vault: OfVault,
    name: Annotated[str, Form()] = "",
    channel: Annotated[str, Form()] = "",
    url: Annotated[str, Form()] = "",
    topics: Annotated[str, Form()] = "",
    secret: Annotated[str, Form()] = "",
) -> Response:
    """Make an endpoint; the secret of a webhook is shown this once."""
    values = {"name": name, "channel": channel, "url": url, "topics": topics}
    draft = Draft(name, channel, url, tuple(topics.replace(",", " ").split()), secret.strip())
    settings = settings_of(request)
    try:
        made = await endpoints.create(
            work.tx,
            work.ids,
            vault,
            principal.tenant_id,
            draft,
            principal.actor,
            settings.delivery_ports,
            plain_http=settings.delivery_plain_http,
        )
    except WrongEndpointError as error:
        return await _endpoints(request, principal, work.tx, Typed(values, error.errors))
    except TooManyEndpointsError as error:
        return await _endpoints(request, principal, work.tx, Typed(values, {"name": str(error)}))
    if made.secret:
        return await _secret(request, principal, work.tx, made, "The endpoint is made")
    return done(request, f"{ENDPOINTS}/{made.endpoint.id}", "The endpoint is made. Send a test.")


@router.get(f"{ENDPOINTS}/{{endpoint_id}}")
async def show_endpoint(request: Request, principal: Reader, tx: TenantTx, endpoint_id: UUID) -> Response:
    """Show one endpoint, what was changed about it, and its last messages."""
    return await _endpoint(request, principal, tx, await endpoints.found(tx, principal.tenant_id, endpoint_id))


@router.post(f"{ENDPOINTS}/{{endpoint_id}}")
async def change_endpoint(
    request: Request,
    principal: Keeper,
    work: Work,
    vault: OfVault,
    endpoint_id: UUID,
    name: Annotated[str, Form()] = "",
    url: Annotated[str, Form()] = "",
    topics: Annotated[str, Form()] = "",
) -> Response:
    """Change an endpoint; an empty address stays as it is, since it is a secret that is not shown."""
    before = await endpoints.found(work.tx, principal.tenant_id, endpoint_id)
    try:
        await endpoints.change(
            work.tx,
            vault,
            principal.tenant_id,
            endpoint_id,
            principal.actor,
            settings_of(request).delivery_ports,
            plain_http=settings_of(request).delivery_plain_http,
            name=name,
            url=url.strip() or None,
            topics=tuple(topics.replace(",", " ").split()),
        )
    except WrongEndpointError as error:
        typed = Typed({"name": name, "url": url, "topics": topics}, error.errors)
        return await _endpoint(request, principal, work.tx, before, typed)
    return done(request, f"{ENDPOINTS}/{endpoint_id}", "The endpoint is changed.")


@router.post(f"{ENDPOINTS}/{{endpoint_id}}/test")
async def test_endpoint(request: Request, principal: Sending, endpoint_id: UUID) -> Response:
    """Send a test, and say what came of it."""
    message_id, outcome = await tried(request, principal, endpoint_id)
    if outcome.kind == Kind.SENT:
        return done(request, f"{ENDPOINTS}/{endpoint_id}", f"The test arrived: it answered {outcome.status}.")
    words = f"The test did not arrive: {outcome.error}."
    return done(request, f"{MESSAGES}/{message_id}", words, is_good=False)


@router.post(f"{ENDPOINTS}/{{endpoint_id}}/secret")
async def rotate_secret(request: Request, principal: Keeper, work: Work, vault: OfVault, endpoint_id: UUID) -> Response:
    """Replace the secret of a webhook, and show the new one this once."""
    try:
        made = await endpoints.rotate(work.tx, vault, principal.tenant_id, endpoint_id, principal.actor)
    except WrongEndpointError as error:
        return done(request, f"{ENDPOINTS}/{endpoint_id}", sentence(error), is_good=False)
    return await _secret(request, principal, work.tx, made, "The endpoint has another secret")


@router.post(f"{ENDPOINTS}/{{endpoint_id}}/enable")
async def enable_endpoint(
    request: Request, principal: Keeper, work: Work, watch: OfWatch, endpoint_id: UUID
) -> Response:
    """Send messages there again."""
    await endpoints.enable(work.tx, principal.tenant_id, endpoint_id, principal.actor, watch)
    return done(request, f"{ENDPOINTS}/{endpoint_id}", "Messages go there again, at once.")


@router.post(f"{ENDPOINTS}/{{endpoint_id}}/disable")
async def disable_endpoint(request: Request, principal: Keeper, work: Work, endpoint_id: UUID) -> Response:
    """Send nothing there until it is enabled."""
    await endpoints.disable(work.tx, principal.tenant_id, endpoint_id, principal.actor)
    return done(request, f"{ENDPOINTS}/{endpoint_id}", "Nothing is sent there or kept for it until you enable it.")


@router.post(f"{ENDPOINTS}/{{endpoint_id}}/redrive")
async def redrive_endpoint(request: Request, principal: Sending, work: Work, endpoint_id: UUID) -> Response:
    """Send all its failed messages again."""
    await endpoints.found(work.tx, principal.tenant_id, endpoint_id)
    count = await send_again(request, principal, work.tx, endpoint_id=endpoint_id)
    words = f"{count:,} failed {'message is' if count == 1 else 'messages are'} sent again."
    return done(request, f"{ENDPOINTS}/{endpoint_id}", words)


@router.post(f"{ENDPOINTS}/{{endpoint_id}}/delete")
async def delete_endpoint(
    request: Request, principal: Keeper, work: Work, watch: OfWatch, endpoint_id: UUID
) -> Response:
    """Delete an endpoint with its secrets."""
    await endpoints.delete(work.tx, principal.tenant_id, endpoint_id, principal.actor, watch)
    return done(request, ENDPOINTS, "The endpoint is deleted. What was sent to it stays in the log.")


@router.get(f"{MESSAGES}/{{message_id}}")
async def show_message(
    request: Request, principal: Reader, tx: TenantTx, message_id: UUID, cursor: Cursor = None
) -> Response:
    """Show one message with every attempt; of a bundle also what left with it."""
    row = await store.read_delivery(tx, principal.tenant_id, message_id)
    if row is None:
        raise not_found("message")
    names = {str(each.id): each.name for each in await endpoint_store.all_of(tx, principal.tenant_id)}
    attempts = await store.attempts_of(tx, principal.tenant_id, message_id)
    message = _message(row, names)
    path = f"{MESSAGES}/{message_id}"
    after = decode_cursor(cursor, tuple[UUID], of=path)[0] if cursor else None
    rows = await store.bundled_with(tx, principal.tenant_id, message_id, after=after, limit=ROWS + 1)
    members, following = cut_page(rows, ROWS, lambda each: (each["id"],), of=path)
    return await console.response(
        request,
        principal,
        tx,
        "message.html",
        further=(message["subject"] or message["topic"],),
        message=message,
        content=content_of(row),
        members=[_message(each, names) for each in members],
        next=following,
        is_first=cursor is None,
        attempts=[
            {**each, "sent": shown(each["sent"])[:MAX_SHOWN_CHARS], "answer": shown(each["answer"])[:MAX_SHOWN_CHARS]}
            for each in attempts
        ],
        may_send=principal.may("messages:write"),
        **_helpers(),
    )


@router.post(f"{MESSAGES}/{{message_id}}/redrive")
async def redrive_message(request: Request, principal: Sending, work: Work, message_id: UUID) -> Response:
    """Send a failed message again."""
    if await store.read_delivery(work.tx, principal.tenant_id, message_id) is None:
        raise not_found("message")
    count = await send_again(request, principal, work.tx, message_id=message_id)
    words = "It is sent again, at once." if count else "It has not failed, so nothing was done."
    return done(request, f"{MESSAGES}/{message_id}", words, is_good=bool(count))


async def _endpoints(request: Request, principal: Principal, tx: SqlTx, typed: Typed = NOTHING_TYPED) -> Response:
    found = await endpoint_store.all_of(tx, principal.tenant_id)
    return await console.response(
        request,
        principal,
        tx,
        "endpoints.html",
        status=typed.status,
        further=("Endpoints",),
        endpoints=found,
        standing=await endpoint_store.standing(tx, principal.tenant_id, [each.id for each in found]),
        now=tx.now,
        labels=LABELS,
        values={name: typed.values.get(name, "") for name in LABELS},
        errors=typed.errors,
        choices={each.value: CHANNEL_NAMES[each] for each in CHANNELS},
        may_write=principal.may("endpoints:write"),
        **_helpers(),
    )


async def _endpoint(
    request: Request, principal: Principal, tx: SqlTx, endpoint: Endpoint, typed: Typed = NOTHING_TYPED
) -> Response:
    tenant_id, outlet = principal.tenant_id, str(endpoint.id)
    rows = await store.list_deliveries(tx, tenant_id, outlet=outlet, limit=10)
    values = {"name": endpoint.name, "url": "", "topics": " ".join(endpoint.topics)}
    return await console.response(
        request,
        principal,
        tx,
        "endpoint.html",
        status=typed.status,
        further=(Crumb("Endpoints", ENDPOINTS), endpoint.name),
        endpoint=endpoint,
        path=f"{ENDPOINTS}/{endpoint.id}",
        standing=(await endpoint_store.standing(tx, tenant_id, [endpoint.id])).get(endpoint.id),
        changes=await _changes(request, tx, tenant_id, endpoint.id),
        messages=[_message(row, {outlet: endpoint.name}) for row in rows],
        now=tx.now,
        labels=LABELS,
        values={**values, **typed.values},
        errors=typed.errors,
        may_write=principal.may("endpoints:write"),
        may_send=principal.may("messages:write"),
        **_helpers(),
    )


async def _changes(request: Request, tx: SqlTx, tenant_id: str, endpoint_id: UUID) -> list[dict[str, Any]]:
    """Return who changed what, the newest first: people by their names."""
    found = [dict(each) for each in await endpoint_store.changes(tx, tenant_id, endpoint_id, CHANGES)]
    name_of = await namer(request.app.state.resources.common_database(), tenant_id, [each["actor"] for each in found])
    return [{**each, "actor": name_of(each["actor"])} for each in found]


async def _secret(request: Request, principal: Principal, tx: SqlTx, made: endpoints.Made, title: str) -> Response:
    """Answer with a secret: the only time that it is told to anybody."""
    return await console.response(
        request,
        principal,
        tx,
        "endpoint_secret.html",
        further=(Crumb("Endpoints", ENDPOINTS), made.endpoint.name),
        title=title,
        endpoint=made.endpoint,
        secret=made.secret,
        path=f"{ENDPOINTS}/{made.endpoint.id}",
        overlap_hours=int(OVERLAP.total_seconds() // 3_600),
        **_helpers(),
    )


def _message(row: RowMapping, names: Mapping[str, str]) -> dict[str, Any]:
    """Return a message as the pages show it: an endpoint by its name."""
    words, look = STATES[State(row["state"])]
    return {
        **row,
        "subject": content_of(row).subject,
        "endpoint_id": row["recipient"] if row["recipient"] in names else None,
        "to": names.get(row["recipient"], "" if row["channel"] == Channel.CONSOLE else row["recipient"]),
        "words": words,
        "look": look,
        "way": CHANNEL_NAMES[Channel(row["channel"])],
    }


def _helpers() -> dict[str, Any]:
    return {"messages_path": MESSAGES, "endpoints_path": ENDPOINTS, "states": STATES, "channel_names": CHANNEL_NAMES}
