"""The one ASGI layer around a service's application: everything that every request needs.

It sets the request id and the trace, limits the body, adds security headers, turns exceptions into problems, and
writes one metric and one log line. It calls bare routes without the framework, so that a webhook costs little.
"""

import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import structlog
from starlette.convertors import PathConvertor, StringConvertor
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from plaudit.common.http.auth import Principal
from plaudit.common.http.errors import COMMON_REFUSALS, AnswerInsteadError, Refusals, problem_of, raised
from plaudit.common.http.exchange import BodiesInFlight, Exchange, SlowBodies
from plaudit.common.http.head import check_body_headers, new_request_id, trace_of
from plaudit.common.http.headers import read_headers
from plaudit.common.http.json_body import JSON_TYPE, receive_strict_json
from plaudit.common.http.problems import (
    Problem,
    bad_request,
    method_not_allowed,
    not_found,
    unauthorized,
)
from plaudit.common.observability import metrics, tracing
from plaudit.common.observability.log import request_id_var

log = structlog.get_logger()

CLIENT_CLOSED_REQUEST: Final = 499
FIRST_ERROR: Final = 400
UNMATCHED: Final = "unmatched"
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_NOSNIFF = (b"x-content-type-options", b"nosniff")
_CLOSE = (b"connection", b"close")
_BARE_HEADERS = (_NOSNIFF,)
"""Of bare routes: their answers are for machines, and no browser shows them."""
_HEADERS = (
    _NOSNIFF,
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_OPEN_HEADERS: Final = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"ETag, Retry-After"),
)
_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
}
"""Of OPTIONS at an open path: what scripts of other sites may do. https://fetch.spec.whatwg.org/#http-cors-protocol"""
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_EVERY_ADDRESS: Final = "*"
"""What OPTIONS names in place of a path to ask for the whole server."""
_API: Final = "/v1/"
_READING: Final = frozenset({"GET", "HEAD"})
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})

RenderProblem = Callable[[Problem, str, str], Response]
Identify = Callable[[Request], Awaitable[Principal | None]]
MethodsOf = Callable[[Scope], set[str]]


@dataclass(frozen=True)
class ExactPath:
    """A path without parameters, with the methods that it serves. Whoever asks for it means no value of a parameter."""

    path: str
    methods: frozenset[str]


class Edge:
    """The outermost application of a service. While `draining`, it asks clients to close their connections."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        bare_routes: Sequence[Route],
        max_body_bytes: int = 0,
        body_limits: Mapping[str, int] = MappingProxyType({}),
        streamed: Mapping[str, int] = MappingProxyType({}),
        render_problem: RenderProblem | None = None,
        refusals: Refusals = COMMON_REFUSALS,
        identify: Identify | None = None,
        methods_of: MethodsOf | None = None,
        exact_paths: Mapping[str, ExactPath] = MappingProxyType({}),
        open_paths: Sequence[str] = (),
    ) -> None:
        """Wrap an application.

        Args:
            app: for paths that no bare route matches.
            bare_routes: called directly; answers below 400 are counted and not logged.
            max_body_bytes: of a request, unless `body_limits` has another limit.
            body_limits: by path prefix; the longest one applies.
            streamed: path → the largest body there, which is never held whole and need not be JSON.
            render_problem: renders a problem as a page, with the request id and for the path, for clients that accept
                HTML outside the API.
            refusals: the problems of what domains refuse.
            identify: returns whom a request speaks for. If given, nothing of a request under /v1 is judged before it
                is known, but for bare routes, which prove their requests themselves, and open paths.
            methods_of: returns the methods that the application serves at the path of a scope.
            exact_paths: those that a path with parameters, which serves other methods, may match too.
            open_paths: beginnings of paths whose answers everybody may read without a key, scripts of every site too.
        """
        self.draining = False
        self.in_progress = 0
        metrics.HTTP_REQUESTS_IN_PROGRESS.set_function(lambda: self.in_progress)
        self.bodies = BodiesInFlight()
        self._slow_bodies = SlowBodies()
        self._app = app
        self._bare = [_BareRoute(route) for route in bare_routes]
        self._max_body_bytes = max_body_bytes
        self._streamed = streamed
        self._body_limits = sorted(body_limits.items(), key=lambda item: -len(item[0]))
        self._render_problem = render_problem
        self._refusals = refusals
        self._identify = identify
        self._methods_of = methods_of
        self._exact_paths = exact_paths
        self._open_paths = tuple(open_paths)
        self._observe: dict[tuple[str, str, int], Callable[[float], None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = perf_counter()
        headers, refusal = _read_headers(scope)
        request_id = new_request_id(headers.get(b"x-request-id"))
        request_id_var.set(request_id)
        tracing.enter(*trace_of(headers))
        bare = self._bare_route(scope)
        exchange = Exchange(
            receive,
            send,
            self._max_bytes(scope["path"]),
            self._extra_headers(request_id, scope["path"], bare is not None),
            self._slow_bodies,
            self.bodies,
            bare is not None,
            is_streamed=scope["path"] in self._streamed,
        )
        self.in_progress += 1
        # The server drops the body of an answer to HEAD by its own scope.
        seen = {**scope, "method": "GET"} if bare is None and scope["method"] == "HEAD" else scope
        problem: Problem | None = None
        exchange.body_complete = b"content-length" not in headers and b"transfer-encoding" not in headers
        try:
            if refusal is not None:
                problem = await self._answer(refusal, scope, headers, request_id, exchange)
            else:
                await self._dispatch(seen, headers, bare, exchange)
        except Exception as error:  # noqa: BLE001 - the edge is where every exception ends
            problem = await self._answer(raised(error), scope, headers, request_id, exchange)
        finally:
            self.in_progress -= 1
            self.bodies.release(exchange.held)
            self._record(scope, seen, bare, exchange, perf_counter() - begun, problem)

    def _extra_headers(self, request_id: str, path: str, bare: bool) -> list[tuple[bytes, bytes]]:
        headers = [(b"x-request-id", request_id.encode()), *(_BARE_HEADERS if bare else _HEADERS)]
        if path.startswith(self._open_paths):
            headers += _OPEN_HEADERS
        if self.draining:
            headers.append(_CLOSE)
        return headers

    def _bare_route(self, scope: Scope) -> "_BareRoute | None":
        path = scope["path"]
        for route in self._bare:
            match = route.match(path)
            if match is not None:
                scope["path_params"] = match.groupdict()
                return route
        return None

    def _max_bytes(self, path: str) -> int:
        if path in self._streamed:
            return self._streamed[path]
        for prefix, limit in self._body_limits:
            if path.startswith(prefix):
                return limit
        return self._max_body_bytes

    async def _dispatch(
        self, scope: Scope, headers: Mapping[bytes, bytes], bare: "_BareRoute | None", exchange: Exchange
    ) -> None:
        if scope["method"] == "OPTIONS":
            await self._tell_methods(scope, exchange)
        elif bare is None:
            await self._serve(scope, headers, exchange)
        else:
            check_body_headers(headers, exchange.max_bytes)
            await bare.serve(scope, exchange)

    async def _serve(self, scope: Scope, headers: Mapping[bytes, bytes], exchange: Exchange) -> None:
        """Pass a request on to the framework: who sends it is judged first, what it says afterwards."""
        is_api = scope["path"].startswith(_API)
        if is_api and self._identify is not None and not scope["path"].startswith(self._open_paths):
            principal = await self._identify(Request(scope))
            if principal is None:
                raise unauthorized()
            scope.setdefault("state", {})["principal"] = principal
        check_body_headers(headers, exchange.max_bytes)
        scope.setdefault("state", {})["exchange"] = exchange
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            raise bad_request("unreadable-text", "The address holds a NUL character.")
        if is_api and not _is_utf8(scope["query_string"]):
            raise bad_request("unreadable-text", "The query holds bytes that are not UTF-8.")
        self._check_method(scope)
        says_json = JSON_TYPE.match(headers.get(b"content-type", b"")) is not None
        receive: Receive = exchange.receive
        if not exchange.is_streamed and (says_json or (is_api and scope["method"] in _WITH_BODY)):
            receive = receive_strict_json(exchange, says_json=says_json)
        await self._app(scope, receive, exchange.send)

    def _check_method(self, scope: Scope) -> None:
        """Refuse a method that an exact path does not serve: the framework would go on to paths with parameters."""
        exact = self._exact_paths.get(scope["path"])
        if exact is not None and scope["method"] not in exact.methods:
            scope["route"] = exact
            raise method_not_allowed()

    async def _tell_methods(self, scope: Scope, exchange: Exchange) -> None:
        """Answer OPTIONS, which needs no key: the methods of an address are no secret.

        A browser asks so, too, before a script of another site may send headers of its own.
        """
        methods = METHODS if scope["path"] == _EVERY_ADDRESS else self._methods(scope)
        if not methods:
            raise not_found("address")
        more = _PREFLIGHT if scope["path"].startswith(self._open_paths) else {}
        response = Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": _allow(methods), **more})
        await response(scope, exchange.receive, exchange.send)

    def _methods(self, scope: Scope) -> set[str]:
        """Return the methods of a path; none when nothing is there."""
        bare = self._bare_route(scope)
        if bare is not None:
            return bare.methods
        exact = self._exact_paths.get(scope["path"])
        if exact is not None:
            return set(exact.methods)
        return self._methods_of(scope) if self._methods_of is not None else set()

    async def _answer(
        self, error: Exception, scope: Scope, headers: Mapping[bytes, bytes], request_id: str, exchange: Exchange
    ) -> Problem | None:
        """Answer with the problem; when an answer has begun already, the server cuts the connection."""
        if isinstance(error, ClientDisconnect):
            exchange.status = CLIENT_CLOSED_REQUEST
            return None
        if isinstance(error, AnswerInsteadError):
            await error.response(scope, exchange.receive, exchange.send)
            return None
        problem = self.problem_of(error, has_begun=exchange.started)
        if exchange.started:
            return problem
        if problem.status == HTTPStatus.METHOD_NOT_ALLOWED:
            # Each of the framework's routes knows its own methods only.
            problem.headers["Allow"] = _allow(self._methods(scope))
        elsewhere = self._without_slash(scope) if problem.status == HTTPStatus.NOT_FOUND else None
        if elsewhere is not None:
            response = Response(status_code=int(HTTPStatus.PERMANENT_REDIRECT), headers={"Location": elsewhere})
            await response(scope, exchange.receive, exchange.send)
            return None
        wants_page = b"text/html" in headers.get(b"accept", b"") and not scope["path"].startswith("/v1/")
        if self._render_problem is not None and wants_page:
            response = self._render_problem(problem, request_id, scope["path"])
        else:
            response = problem.response(request_id)
        await response(scope, exchange.receive, exchange.send)
        return problem

    def _without_slash(self, scope: Scope) -> str | None:
        """Return the address of the page that is meant by one with a slash behind it; None when there is none.

        It is relative, so that no header of the request decides where it leads.
        """
        path: str = scope["path"]
        raw_path: bytes = scope.get("raw_path", b"")
        if scope["method"] not in _READING or path.startswith(_API) or not raw_path.endswith(b"/"):
            return None
        if self._methods(dict(scope)) or "GET" not in self._methods({**scope, "path": path[:-1]}):
            return None
        query: bytes = b"?" + scope["query_string"] if scope["query_string"] else b""
        return (raw_path[:-1] + query).decode("latin-1")

    def problem_of(self, error: Exception, *, has_begun: bool = False) -> Problem:
        """Return the problem that tells a client about an exception; log one that no client has caused.

        An answer that has begun already cannot say it: `has_begun` logs every one.
        """
        problem = problem_of(error, self._refusals)
        expected = isinstance(error, Problem) or problem.status < HTTPStatus.INTERNAL_SERVER_ERROR
        if has_begun or not expected:
            level = logging.WARNING if problem.status == HTTPStatus.SERVICE_UNAVAILABLE else logging.ERROR
            log.log(level, "request_failed", exc_info=error)
        return problem

    def record(
        self,
        method: str,
        route: str,
        status: int,
        seconds: float,
        received_bytes: int,
        problem: Problem | None,
        *,
        is_bare: bool,
        principal: Principal | None = None,
    ) -> None:
        """Count a request and its time, and write its line, in its context; none for a bare route's good answer."""
        key = (method, route, status)
        observe = self._observe.get(key)
        if observe is None:
            observe = self._observe[key] = metrics.HTTP_REQUEST_SECONDS.labels(method, route, str(status)).observe
        observe(seconds)
        if is_bare and status < FIRST_ERROR:
            return
        fields: dict[str, Any] = {}
        if problem is not None:
            fields["problem"] = problem.slug
        if principal is not None:
            fields["tenant_id"] = principal.tenant_id
            fields |= {"person_id": str(principal.person.id)} if principal.person else {"key_id": principal.key_id}
        log.info(
            "request",
            method=method,
            route=route,
            status=int(status),
            duration_ms=round(seconds * 1000, 3),
            body_bytes=received_bytes,
            **fields,
        )

    def _record(
        self,
        scope: Scope,
        seen: Scope,
        bare: "_BareRoute | None",
        exchange: Exchange,
        seconds: float,
        problem: Problem | None,
    ) -> None:
        self.record(
            scope["method"] if scope["method"] in METHODS else "OTHER",
            bare.path if bare is not None else _template(seen),
            exchange.status,
            seconds,
            exchange.received,
            problem,
            is_bare=bare is not None,
            principal=seen.get("state", {}).get("principal"),
        )


class _BareRoute:
    """A Starlette route that is matched and called without the framework around it."""

    def __init__(self, route: Route) -> None:
        self.path = route.path
        self.match = route.path_regex.match
        self._route = route
        self.methods = set(route.methods or METHODS)
        self._endpoint = route.endpoint if inspect.iscoroutinefunction(route.endpoint) else None
        if not all(isinstance(each, (StringConvertor, PathConvertor)) for each in route.param_convertors.values()):
            raise ValueError(f"{route.path}: a bare route's parameters are texts")

    async def serve(self, scope: Scope, exchange: Exchange) -> None:
        if scope["method"] not in self.methods:
            raise method_not_allowed()
        if self._endpoint is None:
            await self._route.app(scope, exchange.receive, exchange.send)
            return
        response = await self._endpoint(Request(scope, exchange.receive, exchange.send))
        await response(scope, exchange.receive, exchange.send)


def _read_headers(scope: Scope) -> tuple[dict[bytes, bytes], Problem | None]:
    """Return the headers of a request, and let the framework read the same ones; or why they are refused."""
    lines: list[tuple[bytes, bytes]] = list(scope["headers"])
    try:
        headers = read_headers(lines)
    except Problem as problem:
        return {}, problem
    if len(headers) != len(lines):
        scope["headers"] = list(headers.items())
    return headers, None


def _allow(methods: Iterable[str]) -> str:
    """Return the header Allow: OPTIONS is served everywhere, and HEAD wherever GET is."""
    served = {"OPTIONS", *methods}
    return ", ".join(sorted(served | {"HEAD"} if "GET" in served else served))


def _template(scope: Scope) -> str:
    """Return the path template of the route that the framework chose.

    The route itself lacks the prefixes of its routers, which FastAPI keeps in a context of the scope.
    """
    context = scope.get("fastapi", {}).get("effective_route_context")
    route = context if context is not None else scope.get("route")
    return str(getattr(route, "path", UNMATCHED))


def _is_utf8(query: bytes) -> bool:
    """Return whether a query can be read as it was sent: the framework reads other bytes as U+FFFD."""
    try:
        unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        return False
    return True
