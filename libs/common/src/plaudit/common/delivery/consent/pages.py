"""The public page of a person's preferences, reached by a signed link: it ticks what they are told, and no more.

Mail programs post to `…/stop/{topic}` without a session and without a page (RFC 8058, section 3.1).
"""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from plaudit.common.contracts import Topic as BusTopic
from plaudit.common.db import Database, Role, Tx, lock
from plaudit.common.delivery.consent import commands
from plaudit.common.delivery.consent.events import consent_event
from plaudit.common.delivery.consent.links import PREFERENCES, proven
from plaudit.common.delivery.domain.consent import EVERY, Choice, ConsentEntry, Link, Source, Topic
from plaudit.common.delivery.domain.message import MAX_TOPIC_CHARS
from plaudit.common.http import not_found
from plaudit.common.http.auth import anyone
from plaudit.common.pages import Pages
from plaudit.common.tenants import store as tenants

SAVED: Final = "saved"
_BOX: Final = "topic"

_routes = APIRouter(include_in_schema=False, dependencies=[Depends(anyone)])
pages = Pages("plaudit.common.delivery.consent")


def topics_of(request: Request) -> Sequence[Topic]:
    """Return what people can choose to be told about, as the service has declared in `app.state.message_topics`."""
    topics: Sequence[Topic] = getattr(request.app.state, "message_topics", ())
    return topics


async def _database(request: Request) -> Database:
    database: Database = request.app.state.resources.database(Role.API)
    return database


OfDatabase = Annotated[Database, Depends(_database)]


@_routes.get("/{token}")
async def show_preferences(request: Request, database: OfDatabase, token: str, done: str = "") -> Response:
    """Show what a person has chosen. Opening it changes nothing."""
    link = await _link(database, token)
    topics = topics_of(request)
    async with database.snapshot(link.tenant_id) as tx:
        chosen = await commands.chosen(tx, link.tenant_id, link.person_key, topics)
        name = await tenants.name_of(tx, link.tenant_id) or ""
    response = pages.response(
        "preferences.html",
        tenant=name,
        topics=topics,
        chosen={topic for topic, _ in chosen},
        path=_page_of(request, token),
        counts_elsewhere=_bus_topic(request) is not None,
        is_saved=done == SAVED,
        box=_BOX,
    )
    return _private(response)


@_routes.post("/{token}")
async def choose(request: Request, database: OfDatabase, token: str) -> Response:
    """Write what a person has ticked."""
    link = await _link(database, token)
    form = await request.form()
    ticked = {(str(value), str(channel)) for value in form.getlist(_BOX) for channel in commands.CHANNELS}
    async with _changing(database, link) as tx:
        changed = await commands.choose(tx, link.tenant_id, link.person_key, topics_of(request), ticked)
        await _tell(request, tx, changed)
    return _private(RedirectResponse(f"{_page_of(request, token)}?done={SAVED}", 303))


@_routes.post("/{token}/stop")
async def stop_all(request: Request, database: OfDatabase, token: str) -> Response:
    """Write that a person wants to hear nothing any more."""
    link = await _link(database, token)
    await _stop(request, database, link, {EVERY}, Source.PREFERENCES)
    return _private(RedirectResponse(f"{_page_of(request, token)}?done={SAVED}", 303))


@_routes.get("/{token}/stop/{topic}")
async def lead_to_preferences(request: Request, token: str, topic: str) -> Response:  # noqa: ARG001 - it stops nothing
    """Lead to the page: programs that look at links in advance stop nothing."""
    return _private(RedirectResponse(_page_of(request, token), 303))


@_routes.post("/{token}/stop/{topic}")
async def stop(request: Request, database: OfDatabase, token: str, topic: str) -> Response:
    """Write that a person wants no mails of a topic any more; a mail program asks for it."""
    link = await _link(database, token)
    if len(topic) > MAX_TOPIC_CHARS:
        raise not_found("topic")
    meant = {topic} | {each.name for each in topics_of(request) if topic in each.asked_by}
    await _stop(request, database, link, meant, Source.ONE_CLICK)
    return _private(pages.response("stopped.html", path=_page_of(request, token)))


async def _stop(request: Request, database: Database, link: Link, topics: Collection[str], source: Source) -> None:
    async with _changing(database, link) as tx:
        entries = [
            await commands.note(tx, link.tenant_id, link.person_key, topic, channel, Choice.OUT, source)
            for topic in sorted(topics)
            for channel in ((EVERY,) if topic == EVERY else commands.CHANNELS)
        ]
        await _tell(request, tx, entries)


@asynccontextmanager
async def _changing(database: Database, link: Link) -> AsyncIterator[Tx]:
    """Open a transaction in which a person's choices are written: two at once come one after the other."""
    async with database.change(link.tenant_id) as tx:
        await lock(tx, [commands.order_key(link.tenant_id, link.person_key)])
        yield tx


async def _tell(request: Request, tx: Tx, entries: Sequence[ConsentEntry]) -> None:
    """Tell what was chosen on the topic that the service has declared in `app.state.consent_topic`, if it has."""
    if (topic := _bus_topic(request)) is not None:
        await request.app.state.resources.outbox.append(tx, [consent_event(topic, each) for each in entries])


def _bus_topic(request: Request) -> BusTopic | None:
    topic: BusTopic | None = getattr(request.app.state, "consent_topic", None)
    return topic


def _page_of(request: Request, token: str) -> str:
    """Return the path of a person's page, wherever the service has it."""
    path = request.url.path
    return path[: path.index(token) + len(token)]


async def _link(database: Database, token: str) -> Link:
    """Return whose preferences these are.

    Raises:
        Problem: 404, where no tenant's key has signed the token.
    """
    async with database.driver_snapshot() as tx:
        link = await proven(tx, token)
    if link is None:
        raise not_found("page")
    return link


def _private(response: Response) -> Response:
    response.headers["cache-control"] = "no-store"
    response.headers["referrer-policy"] = "no-referrer"
    response.headers["x-robots-tag"] = "noindex"
    return response


def preferences_at(path: str) -> APIRouter:
    """Return the pages below a path of the service."""
    made = APIRouter(prefix=path)
    made.include_router(_routes)
    return made


router = preferences_at(PREFERENCES)
