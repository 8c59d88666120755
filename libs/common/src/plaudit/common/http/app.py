"""The application factory: a FastAPI application with everything that all services share."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Final, Protocol

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from plaudit.common.db import Database, Role
from plaudit.common.http.auth import ApiKeys, SessionPrincipals, anyone, identify
from plaudit.common.http.direct import DirectRoute
from plaudit.common.http.docs import Reference, problems_page
from plaudit.common.http.edge import METHODS, Edge, ExactPath
from plaudit.common.http.errors import COMMON_REFUSALS, Refusals
from plaudit.common.http.event_stream import Streams
from plaudit.common.http.openapi import complete
from plaudit.common.http.problems import COMMON_PROBLEMS, Problem
from plaudit.common.http.static import static_route
from plaudit.common.http.strict import refuse_body_not_taken, refuse_unknown_parameters
from plaudit.common.ids import IdSource
from plaudit.common.outbox import Outbox
from plaudit.common.pages import Pages
from plaudit.common.pages.navigation import ACCOUNT, section_of
from plaudit.common.pages.static import NO_ASSETS, SHARED, PageAssets
from plaudit.common.rate_limits import Blocks

API_VERSION: Final = "1"
DEFAULT_MAX_BODY_BYTES: Final = 65_536


class HasDatabase(Protocol):
    """What an application needs of its resources to look up keys and to open transactions."""

    outbox: Outbox
    ids: IdSource

    def database(self, role: Role) -> Database:
        """Return this process's connections under a role."""


class Api(FastAPI):
    """A FastAPI application inside our own edge, in place of the framework's layers.

    The edge handles every exception, so the framework's handlers are left out. Other middleware is refused on purpose.
    """

    edge: Edge

    def __init__(
        self,
        *,
        bare_routes: Sequence[Route],
        direct_routes: Sequence[DirectRoute] = (),
        body_limits: Mapping[str, int] = MappingProxyType({}),
        site: Pages | None = None,
        more_openapi: Mapping[str, Any] | None = None,
        problems: Mapping[str, str] = COMMON_PROBLEMS,
        edge: Callable[..., Edge] = Edge,
        **options: Any,
    ) -> None:
        """Make the application inside an `edge`; `options` are FastAPI's."""
        # Off: the check on each request costs more than our whole edge. Our telemetry is in plaudit.common.
        # No redirects to the same path with or without a slash: they would be built from the header Host.
        super().__init__(
            telemetry={"tracing": False, "metrics": False, "logs": False}, redirect_slashes=False, **options
        )
        self._more_openapi = more_openapi or {}
        self._problems = problems
        self._bare_routes = list(bare_routes)
        self.direct_routes = list(direct_routes)
        self._body_limits = {**body_limits, **{each.prefix: each.max_body_bytes for each in direct_routes}}
        self._site = site
        self._edge_around = edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the edge directly: the steps of FastAPI and Starlette before it are a fifth of a bare route's cost."""
        scope["app"] = self
        await (self.middleware_stack or self._built())(scope, receive, send)

    def add_bare_routes(self, routes: Sequence[Route]) -> None:
        """Add bare routes; before the first request."""
        if self.middleware_stack is not None:
            raise RuntimeError("bare routes are added before the first request")
        self._bare_routes += routes

    def build_middleware_stack(self) -> ASGIApp:
        """Return the edge around the router."""
        if self.user_middleware:
            raise RuntimeError("no middleware beside the edge: extend plaudit.common.http.edge")
        render = partial(_problem_page, self._site) if self._site else None
        self.edge = self._edge_around(
            AsyncExitStackMiddleware(self.router),
            bare_routes=[*(route for each in self.direct_routes for route in each.asgi_routes()), *self._bare_routes],
            body_limits=self._body_limits,
            render_problem=render,
            methods_of=self._methods_of,
            exact_paths=self._exact_paths(),
        )
        return self.edge

    def _methods_of(self, scope: Scope) -> set[str]:
        """Return the methods that the router serves at the path of a scope."""
        return {
            method
            for method in METHODS
            if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in self.router.routes)
        }

    def _exact_paths(self) -> dict[str, ExactPath]:
        """Return the paths without parameters."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for route in iter_route_contexts(self.router.routes):
            if route.path is not None and "{" not in route.path and route.methods:
                found[route.path] |= route.methods
        return {path: ExactPath(path, frozenset(methods)) for path, methods in found.items()}

    def _built(self) -> ASGIApp:
        if self.middleware_stack is None:
            self.middleware_stack = self.build_middleware_stack()
        return self.middleware_stack

    def built_edge(self) -> Edge:
        """Return the edge; no bare routes are added after this."""
        self._built()
        return self.edge

    def drain(self) -> None:
        """Ask every client with its next answer to close its connection."""
        self.built_edge().draining = True

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document of this service."""
        if not self.openapi_schema:
            self.openapi_schema = complete(super().openapi(), self._more_openapi, self._problems)
        return self.openapi_schema


def create_ops_app(service: str, routes: Sequence[Route]) -> Api:
    """Return the application of a process without an API: these bare routes, and a problem for any other path."""
    return Api(title=f"Plaudit {service}", openapi_url=None, bare_routes=routes)


async def resources(request: Request) -> Any:
    """Return the resources of the application, for endpoints by `Depends(resources)`."""
    return request.app.state.resources


def rate_limits_of(request: Request) -> Blocks:
    """Return the limits that this process spends in blocks."""
    blocks: Blocks = request.app.state.rate_limits
    return blocks


def create_app(
    *,
    title: str,
    service: str,
    description: str,
    resources: HasDatabase,
    routers: Sequence[APIRouter],
    bare_routes: Sequence[Route] = (),
    direct_routes: Sequence[DirectRoute] = (),
    max_body_bytes: int = DEFAULT_MAX_BODY_BYTES,
    body_limits: Mapping[str, int] = MappingProxyType({}),
    streamed_bodies: Mapping[str, int] = MappingProxyType({}),
    pages: bool = False,
    more_openapi: Mapping[str, Any] | None = None,
    problems: Mapping[str, str] | None = None,
    refusals: Refusals | None = None,
    staff_sessions: SessionPrincipals | None = None,
    needs_key: bool = True,
    tags: Mapping[str, str] | None = None,
    assets: PageAssets = NO_ASSETS,
    open_paths: Sequence[str] = (),
) -> Api:
    """Return an application with all that services share.

    Args:
        title: of the API.
        service: its name, for example `ingest`.
        description: of the API, in CommonMark.
        resources: for endpoints by `Depends(resources)`; its database looks up API keys.
        routers: the routes.
        bare_routes: matched before all others and called without the framework; their answers below 400 are counted
            and not logged, so their work is logged where it is done.
        direct_routes: matched before all others, and served by the HTTP protocol itself.
        max_body_bytes: of a request's body, but of a direct route's.
        body_limits: path prefix → another limit for the bodies below it.
        streamed_bodies: path → the largest body there, for operations that take a body of any kind part by part.
        pages: whether this service has pages for people; then its problems are pages too.
        more_openapi: what the OpenAPI document has beside what the routes say of themselves; see `openapi.complete`.
        problems: slug → meaning and what to do, of this service's own problems, for the page `/problems`.
        refusals: the problems of what this service's domains refuse: error → maker of its problem.
        staff_sessions: finds whom the cookie of a request speaks for; without it, only keys do.
        needs_key: whether every address under /v1 needs a principal, but for bare and direct routes and open paths.
        tags: noun → description, of the groups of operations in the OpenAPI document.
        assets: what the installation adds to pages.
        open_paths: beginnings of paths whose answers scripts of every site may read, without cookies.
    """
    meanings = {**COMMON_PROBLEMS, **(problems or {})}
    site = Pages()
    app = Api(
        title=title,
        description=description,
        version=API_VERSION,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        bare_routes=[*bare_routes, *map(static_route, (SHARED, *assets.libraries.values()))],
        direct_routes=direct_routes,
        body_limits=body_limits,
        site=site if pages else None,
        more_openapi=more_openapi,
        problems=meanings,
        openapi_tags=[{"name": name, "description": what} for name, what in (tags or {}).items()],
        edge=partial(
            Edge,
            max_body_bytes=max_body_bytes,
            streamed=streamed_bodies,
            refusals={**COMMON_REFUSALS, **(refusals or {})},
            identify=identify if needs_key else None,
            open_paths=open_paths,
        ),
    )
    app.state.pages = site
    app.state.libraries = assets.libraries
    app.state.service = service
    app.state.resources = resources
    app.state.event_streams = Streams()
    app.state.rate_limits = Blocks(lambda: resources.database(Role.API))
    app.state.api_keys = ApiKeys(lambda: resources.database(Role.API))
    app.state.staff_sessions = staff_sessions
    checks = [Depends(refuse_unknown_parameters), Depends(refuse_body_not_taken)]
    for router in routers:
        app.include_router(router, dependencies=checks)
    reference = Reference(site, app.openapi, assets)
    for path, show in {
        "/docs": reference.page,
        "/docs/openapi.json": reference.document,
        "/problems": problems_page(site, meanings),
    }.items():
        app.add_api_route(path, show, include_in_schema=False, response_class=Response, dependencies=[Depends(anyone)])
    return app


def _problem_page(site: Pages, problem: Problem, request_id: str, path: str) -> Response:
    way_on = ACCOUNT if section_of(path) else ""
    page = site.response("problem.html", status=problem.status, problem=problem, request_id=request_id, account=way_on)
    page.headers.update(problem.headers)
    return page


def _operation_id(route: APIRoute) -> str:
    """Use the names of functions as operation ids, so that generated clients stay readable."""
    return route.name
