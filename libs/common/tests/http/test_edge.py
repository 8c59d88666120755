import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Annotated

import httpx
import pytest
import pytest_asyncio
from fastapi import APIRouter, Form
from prometheus_client import REGISTRY
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from plaudit.common.http import Api, create_app
from plaudit.common.http.direct import DirectRequest, DirectRoute
from plaudit.common.http.exchange import SlowBodies
from plaudit.common.http.json import encode
from plaudit.common.http.limits import Limits
from plaudit.common.http.problems import COMMON_PROBLEMS
from plaudit.common.observability import metrics, tracing
from plaudit.common.pages.static import SHARED
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.runtime import until
from plaudit_testing.serving import serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

MAX_BYTES = 1_000
HOOK_MAX_BYTES = 5_000
TRACE = "0af7651916cd43dd8448eb211c80319c"

router = APIRouter(prefix="/v1")
inner = APIRouter(prefix="/parts")
pages = APIRouter()


class Thing(BaseModel):
    name: str
    size: float


@router.get("/things/{thing_id}")
async def get_thing(thing_id: str) -> dict[str, str | None]:
    return {"id": thing_id, "traceparent": tracing.current_traceparent()}


@router.post("/things", status_code=201)
async def create_thing(thing: Thing) -> Thing:
    return thing


@inner.get("/{part_id}")
async def get_part(part_id: str) -> str:
    return part_id


@router.get("/fails")
async def fails() -> None:
    raise RuntimeError("canary-internals")


@router.get("/breaks")
async def breaks() -> StreamingResponse:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"a part"
        raise RuntimeError("canary-internals")

    return StreamingResponse(chunks())


@router.get("/parts-of-it")
async def parts_of_it() -> StreamingResponse:
    async def chunks() -> AsyncIterator[bytes]:
        for part in (b"one", b", two"):
            await asyncio.sleep(0.01)
            yield part

    return StreamingResponse(chunks())


@router.post("/parts-of-it")
async def make_parts_of_it() -> StreamingResponse:
    return await parts_of_it()


@router.get("/kept")
async def kept(response: Response) -> str:
    response.headers["cache-control"] = "max-age=60"
    return "kept"


@router.put("/things/{thing_id}")
async def put_thing(thing_id: str, thing: Thing) -> Thing:
    return thing


@router.post("/things/count")
async def count_things(thing: Thing) -> int:
    return len(thing.name)


@pages.post("/form")
async def form(name: Annotated[str, Form()] = "") -> str:
    return name


@pages.get("/shelves/{name}")
async def shelf(name: str) -> str:
    return name


@router.post("/bells")
async def ring() -> str:
    return "rang"


@router.get("/shop")
async def shop() -> str:
    return "open"


ALLOWED = {
    "/v1/things/1": "GET, HEAD, OPTIONS, PUT",
    "/v1/things": "OPTIONS, POST",
    "/v1/things/count": "OPTIONS, POST",
    "/v1/stock/parts/7": "GET, HEAD, OPTIONS",
    "/v1/hooks/s1": "OPTIONS, POST",
    "/docs": "GET, HEAD, OPTIONS",
}


class Hook(DirectRoute):
    """Says what it has received."""

    def take(self, requests: Sequence[DirectRequest]) -> None:
        for request in requests:
            request.answer(202, encode({"source": request.parameters[0], "bytes": len(request.body)}))


async def bare_failure(_request: Request) -> Response:
    raise RuntimeError("canary-internals")


async def unlimited(request: Request) -> Response:
    return JSONResponse({"bytes": len(await request.body())})


class RawApp:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await Response("raw")(scope, receive, send)


@pytest.fixture(scope="module")
def app(no_database: SimpleNamespace) -> Api:
    outer = APIRouter(prefix="/v1")
    outer.include_router(inner, prefix="/stock")
    return create_app(
        title="Things",
        service="things",
        description="For tests.",
        resources=no_database,
        routers=[router, outer, pages],
        bare_routes=[
            Route("/v1/bare-failure", bare_failure),
            Route("/v1/unlimited", unlimited, methods=["POST"]),
            Route("/v1/raw", RawApp()),
        ],
        max_body_bytes=MAX_BYTES,
        direct_routes=[Hook("/v1/hooks/", ["{source_id}"], HOOK_MAX_BYTES)],
        pages=True,
        needs_key=False,
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(app: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(app) as client:
        yield client


def requests_counted(method: str, route: str, status: int) -> float:
    labels = {"method": method, "route": route, "status": str(status)}
    return REGISTRY.get_sample_value("plaudit_http_request_seconds_count", labels) or 0.0


async def chunked(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def problem(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == response.status_code
    assert body["instance"] == response.headers["x-request-id"]
    return response.status_code, body["type"].removeprefix("/problems#")


class TestSlashes:
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    @pytest.mark.parametrize(
        ("path", "to"),
        [("/docs/", "/docs"), ("/docs/?a=1&b=%2F", "/docs?a=1&b=%2F"), ("/shelves/a%20b/", "/shelves/a%20b")],
    )
    async def test_a_pages_address_with_a_slash_behind_it_leads_to_the_page(
        self, client: httpx.AsyncClient, method: str, path: str, to: str
    ) -> None:
        answer = await client.request(method, path, headers={"host": "elsewhere.example", "accept": "text/html"})
        assert (answer.status_code, answer.headers["location"]) == (308, to)
        assert answer.headers["x-request-id"]

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            *[
                ("GET", path)
                for path in ("/", "/nowhere/", "/docs//", "//docs/", "/docs%2F", "/static/none/", "/form/")
            ],
            *[("GET", "/v1/shop/"), ("HEAD", "/v1/shop/"), ("POST", "/docs/"), ("POST", "/form/")],
        ],
    )
    async def test_any_other_address_with_a_slash_behind_it_is_a_404(
        self, client: httpx.AsyncClient, method: str, path: str
    ) -> None:
        assert (await client.request(method, path)).status_code == 404


class TestIdsAndTraces:
    async def test_the_callers_request_id_is_kept(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/v1/shop", headers={"x-request-id": "order-4711.a_b"})
        assert answer.headers["x-request-id"] == "order-4711.a_b"

    @pytest.mark.parametrize("given", ["short", "x" * 65, "with space", "semi;colon", 'quo"te', "new%0aline"])
    async def test_a_request_id_that_could_do_harm_is_replaced(self, client: httpx.AsyncClient, given: str) -> None:
        answer = await client.get("/v1/shop", headers={"x-request-id": given})
        assert re.fullmatch(r"[0-9a-f]{12}-[0-9a-f]+", answer.headers["x-request-id"])

    async def test_every_request_has_an_id_of_its_own(self, client: httpx.AsyncClient) -> None:
        ids = {(await client.get("/v1/shop")).headers["x-request-id"] for _ in range(5)}
        assert len(ids) == 5

    async def test_a_request_continues_the_callers_trace_in_a_span_of_its_own(self, client: httpx.AsyncClient) -> None:
        given = f"00-{TRACE}-b7ad6b7169203331-01"
        seen = (await client.get("/v1/things/1", headers={"traceparent": given})).json()["traceparent"]
        assert seen.startswith(f"00-{TRACE}-")
        assert seen != given

    async def test_a_malformed_trace_is_not_continued(self, client: httpx.AsyncClient) -> None:
        given = f"00-{TRACE.upper()}-b7ad6b7169203331-01"
        seen = (await client.get("/v1/things/1", headers={"traceparent": given})).json()["traceparent"]
        assert tracing.parse(seen) is not None
        assert TRACE not in seen


class TestBodies:
    @pytest.mark.parametrize(
        ("path", "limit"), [("/v1/unlimited", MAX_BYTES), ("/v1/hooks/s1", HOOK_MAX_BYTES), ("/v1/things", MAX_BYTES)]
    )
    async def test_a_body_over_the_cap_is_a_413_before_it_is_read(
        self, client: httpx.AsyncClient, path: str, limit: int
    ) -> None:
        answer = await client.post(path, content=b"x" * (limit + 1), headers={"content-type": "application/json"})
        assert problem(answer) == (413, "body-too-large")
        assert str(limit) in answer.json()["detail"]

    @pytest.mark.parametrize(
        ("path", "limit"), [("/v1/unlimited", MAX_BYTES), ("/v1/hooks/s1", HOOK_MAX_BYTES), ("/v1/things", MAX_BYTES)]
    )
    async def test_a_body_that_hides_its_length_is_cut_while_it_streams(
        self, client: httpx.AsyncClient, path: str, limit: int
    ) -> None:
        parts = chunked(*[b"x" * 400] * (limit // 400 + 1))
        answer = await client.post(path, content=parts, headers={"content-type": "application/json"})
        assert problem(answer) == (413, "body-too-large")

    async def test_a_body_of_exactly_the_cap_is_taken(self, client: httpx.AsyncClient) -> None:
        whole = await client.post("/v1/hooks/s1", content=b"x" * HOOK_MAX_BYTES)
        streamed = await client.post("/v1/hooks/s1", content=chunked(b"x" * 4_000, b"x" * 1_000))
        assert whole.json() == streamed.json() == {"source": "s1", "bytes": HOOK_MAX_BYTES}

    async def test_a_compressed_body_is_a_415(self, client: httpx.AsyncClient) -> None:
        answer = await client.post("/v1/hooks/s1", content=b"x", headers={"content-encoding": "gzip"})
        assert problem(answer) == (415, "compressed-body")

    @pytest.mark.parametrize("path", [b"/v1/unlimited", b"/v1/hooks/s1"])
    async def test_a_body_that_comes_too_slowly_is_a_408(
        self, app: Api, monkeypatch: pytest.MonkeyPatch, path: bytes
    ) -> None:
        monkeypatch.setattr(app.edge, "_slow_bodies", SlowBodies(timeout_seconds=0.1))
        async with serving(app, Limits(body_seconds=0.1, sweep_seconds=0.05)) as impatient:
            reader, writer = await asyncio.open_connection(impatient.base_url.host, impatient.base_url.port)
            writer.write(b"POST %b HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nonly this" % path)
            answer = await asyncio.wait_for(reader.read(), DEADLINE_SECONDS)
            writer.close()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"body-too-slow" in answer

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b'{"name": "a", "size": NaN}',
            b'{"name": "a", "name": "b", "size": 1}',
            b'{"name": "\xff", "size": 1}',
            b'{"name": "a\\u0000", "size": 1}',
            b'{"name": "a", "size": 1e999}',
            b"[" * 200 + b"]" * 200,
        ],
    )
    async def test_json_that_parsers_would_read_differently_is_a_400(
        self, client: httpx.AsyncClient, body: bytes
    ) -> None:
        answer = await client.post("/v1/things", content=body, headers={"content-type": "application/json"})
        assert problem(answer) == (400, "malformed-json")

    async def test_json_of_the_wrong_shape_is_a_422_that_points_there(self, client: httpx.AsyncClient) -> None:
        answer = await client.post("/v1/things", json={"name": "a", "size": "big"})
        assert problem(answer) == (422, "invalid-request")
        assert [(e["in"], e["pointer"]) for e in answer.json()["errors"]] == [("body", "/size")]

    async def test_good_json_in_many_pieces_is_read(self, client: httpx.AsyncClient) -> None:
        parts = chunked(b'{"name": ', b'"a",', b' "size": 1.5}')
        answer = await client.post("/v1/things", content=parts, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()) == (201, {"name": "a", "size": 1.5})

    @pytest.mark.parametrize("kind", [{"content-type": "text/plain"}, {"content-type": "application/jsonp"}, {}])
    async def test_what_is_not_said_to_be_json_is_a_415(self, client: httpx.AsyncClient, kind: dict[str, str]) -> None:
        answer = await client.post("/v1/things", content=b'{"name": "a", "size": 1}', headers=kind)
        assert problem(answer) == (415, "not-json")
        assert answer.headers["accept"] == "application/json"

    @pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "application/a.b+json"])
    async def test_json_by_another_name_is_read(self, client: httpx.AsyncClient, kind: str) -> None:
        body = b'{"name": "a", "size": 1}'
        assert (await client.post("/v1/things", content=body, headers={"content-type": kind})).status_code == 201

    @pytest.mark.parametrize("kind", [{"content-type": "application/json"}, {}])
    @pytest.mark.parametrize("parts", [(), (b"",)], ids=["no length", "chunked"])
    async def test_an_empty_body_where_json_is_needed_is_a_400(
        self, client: httpx.AsyncClient, kind: dict[str, str], parts: tuple[bytes, ...]
    ) -> None:
        content = chunked(*parts) if parts else b""
        answer = await client.post("/v1/things", content=content, headers=kind)
        assert problem(answer) == (400, "malformed-json")

    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            ("application/x-www-form-urlencoded", "&".join(f"f{number}=" for number in range(1_001)).encode()),
            ("multipart/form-data; boundary=x", b"--x\r\nno headers"),
            ("multipart/form-data", b"--x\r\n"),
            ("multipart/form-data; boundary=" + "x" * 300, b"--x\r\n"),
            ("multipart/form-data; boundary=x", b"--x\r\ncontent-disposition: form-data\r\n\r\na\r\n--x--\r\n"),
        ],
    )
    async def test_a_form_that_cannot_be_read_is_a_400_that_is_explained(
        self, app: Api, kind: str, body: bytes
    ) -> None:
        async with serving(app) as client:
            app.edge._max_body_bytes = 100_000
            answer = await client.post("/form", content=body, headers={"content-type": kind})
            app.edge._max_body_bytes = MAX_BYTES
        assert problem(answer) == (400, "bad-request")
        assert "bad-request" in COMMON_PROBLEMS

    async def test_a_form_with_fields_that_nobody_asked_for_is_read(self, client: httpx.AsyncClient) -> None:
        answer = await client.post("/form", data={"name": "a", **{f"f{number}": "x" for number in range(50)}})
        assert (answer.status_code, answer.json()) == (200, "a")

    async def test_an_operation_without_a_body_asks_for_none(self, client: httpx.AsyncClient) -> None:
        for headers in ({}, {"content-type": "application/json"}, {"content-type": "text/plain"}):
            assert (await client.post("/v1/bells", headers=headers)).status_code == 200

    async def test_an_address_with_nul_is_a_400(self, client: httpx.AsyncClient) -> None:
        for path in ("/v1/things/a%00b", "/v1/things/a?x=%00"):
            assert problem(await client.get(path)) == (400, "unreadable-text")

    @pytest.mark.parametrize("query", ["x=%ff", "x=%C3%28", "%ff=x", "x=%ED%A0%80", "x=%c0%ae"])
    async def test_a_query_that_is_not_utf8_is_a_400(self, client: httpx.AsyncClient, query: str) -> None:
        assert problem(await client.get(f"/v1/things/a?{query}")) == (400, "unreadable-text")


class TestErrors:
    @pytest.mark.parametrize("path", ["/v1/fails", "/v1/bare-failure"])
    async def test_an_unhandled_error_is_logged_and_told_without_internals(
        self, client: httpx.AsyncClient, path: str
    ) -> None:
        with capture_logs() as lines:
            answer = await client.get(path)
        assert problem(answer) == (500, "internal-error")
        assert "canary-internals" not in answer.text
        [told] = [line for line in lines if line["event"] == "request_failed"]
        assert str(told["exc_info"]) == "canary-internals"

    async def test_an_answer_that_breaks_off_is_not_mistaken_for_a_whole_one(self, client: httpx.AsyncClient) -> None:
        with capture_logs() as lines, pytest.raises(httpx.RemoteProtocolError):
            await client.get("/v1/breaks")
        assert "request_failed" in [line["event"] for line in lines]

    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize("content", [b"", b"{}"], ids=["no body", "an empty object"])
    async def test_an_answer_in_parts_is_whole_where_a_client_speaks_of_json_all_the_same(
        self, client: httpx.AsyncClient, method: str, content: bytes
    ) -> None:
        headers = {"content-type": "application/json"}
        answer = await client.request(method, "/v1/parts-of-it", headers=headers, content=content)
        assert (answer.status_code, answer.text) == (200, "one, two")

    async def test_what_is_not_there_is_a_404_and_a_wrong_method_a_405_that_names_the_right_ones(
        self, client: httpx.AsyncClient
    ) -> None:
        assert problem(await client.get("/v1/nothing")) == (404, "not-found")
        for path, allowed in ALLOWED.items():
            answer = await client.delete(path)
            assert problem(answer) == (405, "method-not-allowed")
            assert answer.headers["allow"] == allowed

    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
    async def test_a_path_that_is_named_as_it_stands_is_no_value_of_a_parameter(
        self, client: httpx.AsyncClient, method: str
    ) -> None:
        body = b"" if method == "HEAD" else b'{"name": "a", "size": 1}'
        answer = await client.request(method, "/v1/things/count", content=body)
        assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")
        assert (await client.post("/v1/things/count", json={"name": "abc", "size": 1})).json() == 3
        assert (await client.get("/v1/things/counts")).json()["id"] == "counts"

    async def test_options_names_every_method_of_an_address_whichever_route_serves_it(
        self, client: httpx.AsyncClient
    ) -> None:
        for path, allowed in ALLOWED.items():
            answer = await client.options(path)
            assert (answer.status_code, answer.content, answer.headers["allow"]) == (204, b"", allowed)
        assert problem(await client.options("/v1/nothing")) == (404, "not-found")

    @pytest.mark.parametrize("path", ["/v1/shop/", "//evil.example/", "/nothing/"])
    async def test_no_address_is_redirected_to_one_that_the_host_header_names(
        self, client: httpx.AsyncClient, path: str
    ) -> None:
        answer = await client.get(f"{client.base_url}".rstrip("/") + path, headers={"host": "evil.example"})
        assert problem(answer) == (404, "not-found")
        assert "location" not in answer.headers

    async def test_a_browser_gets_a_page_about_the_problem_and_a_client_of_the_api_never(
        self, client: httpx.AsyncClient
    ) -> None:
        browser = {"accept": "text/html,application/xhtml+xml"}
        page = await client.get("/nothing", headers=browser)
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert page.headers["x-request-id"] in page.text
        assert problem(await client.get("/v1/nothing", headers=browser)) == (404, "not-found")


class TestHeaders:
    async def test_every_answer_forbids_sniffing_framing_and_scripts_of_others(self, client: httpx.AsyncClient) -> None:
        for path in ("/v1/shop", "/v1/nothing", "/v1/fails", "/docs"):
            headers = (await client.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]

    async def test_an_answer_is_kept_by_nobody_unless_it_says_so(self, client: httpx.AsyncClient) -> None:
        for path in ("/v1/shop", "/v1/nothing", "/v1/fails"):
            assert (await client.get(path)).headers["cache-control"] == "no-store"
        assert (await client.get("/v1/kept")).headers["cache-control"] == "max-age=60"

    async def test_head_is_get_without_the_body(self, client: httpx.AsyncClient) -> None:
        got, head = await client.get("/v1/shop"), await client.head("/v1/shop")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == got.headers["content-length"]

    async def test_the_server_does_not_say_what_it_is_made_of(self, client: httpx.AsyncClient) -> None:
        assert "server" not in (await client.get("/v1/shop")).headers


class TestWhatIsTold:
    @pytest.mark.parametrize(
        ("method", "path", "route", "status"),
        [
            ("GET", "/v1/things/4711", "/v1/things/{thing_id}", 200),
            ("GET", "/v1/stock/parts/7", "/v1/stock/parts/{part_id}", 200),
            ("HEAD", "/v1/things/4711", "/v1/things/{thing_id}", 200),
            ("POST", "/v1/hooks/s1", "/v1/hooks/{source_id}", 202),
            ("GET", "/v1/raw", "/v1/raw", 200),
            ("GET", "/v1/nothing/secret-path", "unmatched", 404),
            ("PROPFIND", "/v1/shop", "/v1/shop", 405),
            ("GET", "/v1/things/count", "/v1/things/count", 405),
        ],
    )
    async def test_requests_are_counted_under_the_template_of_their_route(
        self, client: httpx.AsyncClient, method: str, path: str, route: str, status: int
    ) -> None:
        label = "OTHER" if method == "PROPFIND" else method
        before = requests_counted(label, route, status)
        assert (await client.request(method, path)).status_code == status
        assert requests_counted(label, route, status) == before + 1
        assert b"secret-path" not in metrics.exposition()

    async def test_a_request_is_one_line_with_its_template_and_never_its_path(self, client: httpx.AsyncClient) -> None:
        with capture_logs() as lines:
            await client.get("/v1/things/secret-token?q=secret-query")
        [line] = [line for line in lines if line["event"] == "request"]
        assert {k: line[k] for k in ("method", "route", "status", "body_bytes")} == {
            "method": "GET",
            "route": "/v1/things/{thing_id}",
            "status": 422,
            "body_bytes": 0,
        }
        assert "secret" not in str(lines)

    async def test_a_bare_route_is_silent_while_all_is_well_and_tells_what_is_not(
        self, client: httpx.AsyncClient
    ) -> None:
        with capture_logs() as lines:
            await client.post("/v1/hooks/s1", content=b"x")
        assert lines == []
        with capture_logs() as lines:
            await client.post("/v1/hooks/s1", content=b"x" * (HOOK_MAX_BYTES + 1))
        [line] = lines
        assert (line["route"], line["status"], line["problem"]) == ("/v1/hooks/{source_id}", 413, "body-too-large")

    async def test_a_client_that_closes_its_connection_is_counted_as_such_and_is_no_error(
        self, app: Api, client: httpx.AsyncClient
    ) -> None:
        before = requests_counted("POST", "/v1/hooks/{source_id}", 499)
        _, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
        writer.write(b"POST /v1/hooks/s1 HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nonly this")
        await writer.drain()
        with capture_logs() as lines:
            writer.close()
            await until(lambda: requests_counted("POST", "/v1/hooks/{source_id}", 499) > before, "counted as 499")
        assert [line["log_level"] for line in lines] == ["info"]
        assert app.edge.in_progress == 0


class TestStaticFiles:
    async def test_a_static_file_may_be_kept_for_ever_under_its_present_address(
        self, client: httpx.AsyncClient
    ) -> None:
        answer = await client.get(SHARED.url("plaudit.css"))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"

    async def test_an_old_address_still_answers_and_is_not_kept(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/static/000000000000/plaudit.css")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")

    @pytest.mark.parametrize("name", ["nothing.css", "..%2f..%2fetc%2fpasswd", "__init__.py"])
    async def test_only_known_files_are_served(self, client: httpx.AsyncClient, name: str) -> None:
        assert problem(await client.get(f"/static/0/{name}")) == (404, "not-found")


class TestTheDocument:
    async def test_no_operation_promises_the_frameworks_error_body(self, client: httpx.AsyncClient) -> None:
        text = (await client.get("/openapi.json")).text
        assert "HTTPValidationError" not in text
        document = json.loads(text)
        for item in document["paths"].values():
            for operation in item.values():
                for status, answer in operation["responses"].items():
                    if status >= "4":
                        assert list(answer["content"]) == ["application/problem+json"]
                assert {"503", "default"} <= operation["responses"].keys()

    async def test_operation_ids_are_the_names_of_functions(self, client: httpx.AsyncClient) -> None:
        document = (await client.get("/openapi.json")).json()
        assert document["paths"]["/v1/things/{thing_id}"]["get"]["operationId"] == "get_thing"

    async def test_the_document_is_a_page_too(self, client: httpx.AsyncClient) -> None:
        page = await client.get("/docs")
        assert page.status_code == 200
        assert "/v1/things/{thing_id}" in page.text
        assert "<script" not in page.text

    async def test_every_problem_that_all_services_share_is_explained_under_its_type(
        self, client: httpx.AsyncClient
    ) -> None:
        page = (await client.get("/problems")).text
        for answer in (await client.get("/v1/nothing"), await client.get("/v1/fails"), await client.put("/v1/shop")):
            assert f'id="{answer.json()["type"].rpartition("#")[2]}"' in page


async def test_a_bare_route_with_a_converted_parameter_is_refused(no_database: SimpleNamespace) -> None:
    app = create_app(
        title="t",
        service="t",
        description="",
        resources=no_database,
        routers=(),
        bare_routes=[Route("/{n:int}", unlimited)],
    )
    with pytest.raises(ValueError, match="parameters are texts"):
        app.build_middleware_stack()


async def test_middleware_of_others_is_refused(no_database: SimpleNamespace) -> None:
    app = create_app(title="t", service="t", description="", resources=no_database, routers=())
    app.add_middleware(RawApp)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="no middleware beside the edge"):
        app.build_middleware_stack()
