"""Each operation of each service declares who may use it, and nobody else can."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from plaudit.common.api_keys import commands as api_keys
from plaudit.common.db import Database
from plaudit.common.db import Role as DatabaseRole
from plaudit.common.http import authorize
from plaudit.common.people import commands as people
from plaudit.common.people.domain import ROLE_SCOPES, Role
from plaudit.common.sessions import commands as sessions
from plaudit.common.sessions import staff
from plaudit_testing.databases import migrated, settings_for
from plaudit_testing.operations import NO_DATABASE, SERVICES, Operation, build, operations_of
from plaudit_testing.servers import PostgresServer

OPERATIONS = [each for service in SERVICES for each in operations_of(service.name, build(service, NO_DATABASE)[0])]
GUARDED = [each for each in OPERATIONS if any(each.declarations)]
FOR_ANYONE = {
    *("/docs", "/docs/openapi.json", "/problems", "/openapi.json"),
    *("/sign-in", "/sign-in/link", "/sign-in/link/{token}", "/sign-in/oidc", "/sign-in/oidc/callback", "/sign-out"),
    *(
        "/b/{tenant}",
        "/b/{tenant}/status/{status}",
        "/b/{tenant}/requests",
        "/b/{tenant}/r/{slug}",
        "/b/{tenant}/r/{slug}/priority",
        "/b/{tenant}/r/{slug}/votes",
        "/b/{tenant}/r/{slug}/edit",
        "/b/{tenant}/r/{slug}/comments",
        "/b/{tenant}/r/{slug}/comments/{comment_id}",
        "/b/{tenant}/roadmap",
        "/b/{tenant}/embed/roadmap",
        "/b/{tenant}/embed/request",
        "/b/{tenant}/changelog",
        "/b/{tenant}/changelog/{slug}",
        "/b/{tenant}/requests.json",
        "/b/{tenant}/roadmap.json",
        "/b/{tenant}/sitemap.xml",
        "/robots.txt",
        "/b/{tenant}/r/{slug}/followers",
        "/b/{tenant}/r/{slug}/votes-instead",
        "/b/{tenant}/similar",
    ),
    *(f"/b/{{tenant}}/feeds/{name}.atom" for name in ("requests", "shipped", "changelog", "requests/{slug}")),
    *("/b/{tenant}/sign-in", "/b/{tenant}/sign-in/token", "/b/{tenant}/sign-out", "/b/{tenant}/links/{token}"),
    *("/b/{tenant}/me", "/b/{tenant}/your-data", "/b/{tenant}/your-data/deletions/{deletion_id}"),
    "/s/{token}",  # the survey of an invitation
    *("/board-preferences/{token}", "/board-preferences/{token}/stop", "/board-preferences/{token}/stop/{topic}"),
    "/board-preferences/{token}/requests/{request_id}",  # of who reads the mail with the link
    *("/preferences/{token}", "/preferences/{token}/stop", "/preferences/{token}/stop/{topic}"),
    *(f"/badges/{{tenant}}/{{subject:path}}.{end}" for end in ("svg", "json", "html")),
    "/scores/how/{profile}",
    *("/incidents/{tenant}", "/incidents/{tenant}/feed.atom", "/incidents/{tenant}/banner.json"),
    *("/incidents/{tenant}/{slug}", "/incidents/{tenant}/{slug}/feed.atom"),
    *("/incidents/{tenant}/{slug}/subscribe", "/incidents/{tenant}/{slug}/subscribe/sent"),
    "/incidents/{tenant}/{slug}/subscription/{token}",  # of who reads the mail with the link
    "/internal/contacts",  # for services of ours: what is not sealed by the key of the vault is a 404
}
"""Paths that are meant for the public. Whoever adds one says so here."""
FOR_ANYONE_OF_ONE_SERVICE = {
    ("feedback-board", "/"),  # the public board
    ("alerting", "/"),  # leads to the console
    *(("alerting", "/console/clocks"), ("alerting", "/console/clocks/{clock_id}")),  # lead to the desk
    ("feedback-board", "/console"),  # leads to the requests, on the service's own port
}
FOR_EVERY_ROLE = {"/console/account", "/console/account/sessions/end"}
"""Paths that need a session and no scope: they show and end what belongs to whoever is signed in."""
OPEN_BARE_ROUTES = {
    *("/static/{version}/{name}", "/board-static/{version}/{name}", "/survey-static/{version}/{name}"),
    *("/badge-static/{version}/{name}", "/incident-static/{version}/{name}"),
    "/visitor-static/{version}/{name}",
    "/similar-static/{version}/{name}",
}
OURS = {"sec-fetch-site": "same-origin"}
HTML = {"accept": "text/html"}
SIGN_IN_FORM = '<form method="post" action="/sign-in">'

ALL_SCOPES = frozenset().union(*(each.declared.scopes for each in GUARDED if each.declared))


def is_for_anyone(operation: Operation) -> bool:
    return operation.path in FOR_ANYONE or (operation.service, operation.path) in FOR_ANYONE_OF_ONE_SERVICE


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_an_operation_declares_once_who_may_use_it(operation: Operation) -> None:
    if operation.path == "/openapi.json":  # the framework's own
        return
    assert len(operation.declarations) == 1, "declare authorize(…), staff(…) or anyone"
    assert (operation.declared is None) == is_for_anyone(operation)
    if operation.declared is not None:
        assert bool(operation.declared.scopes) == (operation.path not in FOR_EVERY_ROLE)
        assert isinstance(operation.declared, authorize) == operation.path.startswith("/v1/")


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
def test_a_bare_route_is_for_the_public(service) -> None:
    app, _ = build(service, NO_DATABASE)
    assert {route.path for route in app._bare_routes} <= OPEN_BARE_ROUTES


def test_the_roles_name_scopes_that_operations_ask_for() -> None:
    named = frozenset().union(*ROLE_SCOPES.values()) - {"*"}
    assert named <= ALL_SCOPES


@pytest.fixture(scope="module")
def whole_url(postgres_server: PostgresServer) -> Iterator[str]:
    names = [service.name for service in SERVICES]
    dsn = postgres_server.create_database(
        postgres_server.template("whole", lambda dsn: migrated(dsn, *names)), name="access"
    )
    yield dsn
    postgres_server.drop_database(dsn)


@pytest.fixture
async def owner(whole_url: str) -> AsyncIterator[Database]:
    database = Database(settings_for(whole_url), "common", DatabaseRole.OWNER, pool_size=1)
    yield database
    await database.close()


@pytest.fixture(params=SERVICES, ids=lambda each: each.name)
async def served(request, whole_url: str) -> AsyncIterator[tuple[httpx.AsyncClient, list[Operation]]]:
    settings = {**settings_for(whole_url).model_dump(exclude_unset=True), **NO_DATABASE}
    app, resources = build(request.param, {**settings, "database_url": whole_url})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://plaudit.example") as client:
        yield client, [each for each in GUARDED if each.service == request.param.name]
    await resources.close()


async def new_key(owner: Database, scopes: frozenset[str]) -> dict[str, str]:
    async with owner.transaction() as tx:
        return {"authorization": f"Bearer {await api_keys.create(tx, 'default', 'access', sorted(scopes))}"}


async def new_session(owner: Database, role: Role) -> dict[str, str]:
    async with owner.transaction() as tx:
        person = await people.create(tx, "default", uuid4(), f"{uuid4()}@example.com", "Ada", role)
        session_id = await sessions.begin_for_person(tx, person, timedelta(days=7))
    return {"cookie": f"plaudit_session={session_id}"}


async def ask(client: httpx.AsyncClient, operation: Operation, headers: dict[str, str]) -> httpx.Response:
    """Ask with what can be read: a body that is no JSON is refused before anybody's scopes are looked at."""
    is_read = isinstance(operation.declared, authorize) and operation.method in {"POST", "PUT", "PATCH"}
    body = {"content": b"{}", "headers": {**OURS, **headers, "content-type": "application/json"}}
    return await client.request(
        operation.method, operation.url, **(body if is_read else {"headers": {**OURS, **headers}})
    )


@pytest.mark.postgres
async def test_an_operation_is_closed_without_key_and_session(served) -> None:
    client, operations = served
    for operation in operations:
        answer = await client.request(operation.method, operation.url, headers={**OURS, **HTML})
        if isinstance(operation.declared, staff):
            assert SIGN_IN_FORM in answer.text, operation.name
        else:
            assert answer.status_code == 401, operation.name


@pytest.mark.postgres
async def test_an_operation_refuses_a_key_that_has_all_scopes_but_one(served, owner: Database) -> None:
    client, operations = served
    for scope in sorted(ALL_SCOPES):
        header = await new_key(owner, ALL_SCOPES - {scope})
        for operation in operations:
            if isinstance(operation.declared, authorize):
                answer = await ask(client, operation, header)
                refused = scope in operation.declared.scopes
                assert (answer.status_code == 403) == refused, (operation.name, scope, answer.text)
                assert answer.status_code != 401, operation.name


@pytest.mark.postgres
@pytest.mark.parametrize("role", Role)
async def test_an_operation_is_open_to_the_roles_that_have_its_scopes_and_to_no_other(
    served, owner: Database, role: Role
) -> None:
    client, operations = served
    cookie = await new_session(owner, role)
    for operation in operations:
        answer = await ask(client, operation, {**HTML, **cookie})
        allowed = role is Role.ADMIN or ROLE_SCOPES[role].issuperset(operation.declared.scopes)
        assert (answer.status_code == 403) == (not allowed), (operation.name, answer.text)
        assert answer.status_code != 401, operation.name
        assert SIGN_IN_FORM not in answer.text, operation.name


@pytest.mark.postgres
async def test_an_operation_changes_nothing_for_a_session_whose_form_is_from_elsewhere(served, owner: Database) -> None:
    client, operations = served
    cookie = await new_session(owner, Role.ADMIN)
    for operation in operations:
        if operation.method != "GET":
            answer = await client.request(
                operation.method, operation.url, headers={**cookie, "sec-fetch-site": "cross-site"}
            )
            assert answer.status_code == 403, operation.name
