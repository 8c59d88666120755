"""The real Caddy with the real Caddyfile, before stand-ins of the services."""

import gzip
import importlib.util
import json
import resource
import socket
from pathlib import Path

import pytest
from starlette.requests import Request

from plaudit.common.http.client_address import client_address
from plaudit.common.settings import Settings
from plaudit_local.servers.caddy import CADDYFILE
from plaudit_local.servers.ports import LOOPBACK
from plaudit_local.servers.process import wait_until
from plaudit_testing.deadlines import DEADLINE_SECONDS

spec = importlib.util.spec_from_file_location("generate_caddyfile", CADDYFILE.with_name("generate.py"))
generate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(generate)

ROUTES = generate.declared_routes()
DECLARED = [
    (name, path)
    for name, routes in ROUTES.items()
    for path in (*routes.exact, *routes.prefixes, *(f"{prefix}/x/y" for prefix in routes.prefixes))
]
PROBES = ("/metrics", "/readyz", "/livez")
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def exchange(door, *parts: bytes) -> bytes:
    """Everything that comes back over one connection, in which the client stops sending after these bytes."""
    with socket.create_connection((LOOPBACK, door.port), timeout=DEADLINE_SECONDS) as connection:
        for part in parts:
            try:
                connection.sendall(part)
            except OSError:
                break
        answered = b""
        try:
            while chunk := connection.recv(65_536):
                answered += chunk
        except ConnectionResetError:
            pass
    return answered


def header(seen: dict, name: str) -> list[str]:
    return [value for found, value in seen["headers"] if found == name]


@pytest.mark.parametrize(("service", "path"), DECLARED)
def test_each_declared_path_reaches_its_service_and_no_other(door, service, path):
    assert door.seen(path)["service"] == service
    assert door.seen(f"{path}?a=%2F&b=1")["line"] == f"GET {path}?a=%2F&b=1 HTTP/1.1"


@pytest.mark.parametrize("path", ["/v1/scoresheet", "/v1", "/v1/", "/boards", "/consoles", "/nobody", "/docsx"])
def test_a_path_of_nobody_is_our_404(door, path):
    answer = door.client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems#not-found"
    assert answer.json()["instance"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("probe", PROBES)
@pytest.mark.parametrize(
    "form",
    [
        "{}", "{}/", "/{}", "{}?x=/v1/scores", "/v1/scores/..{}", "/v1/scores/../..{}", "/v1/scores/%2e%2e/%2e%2e{}",
        "/b/..%2f..{}", "/./{}", "//v1/..{}", "{}#/b/x", "/b/../{}", "{};/b", "{}%00", "{}%20", "/static/..%5c..{}",
    ],
)  # fmt: skip
def test_a_probe_of_a_service_is_not_reached_in_any_spelling(door, probe, form):
    before = [len(service.asked) for service in door.services.values()]
    head = f"GET {form.format(probe)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    status = exchange(door, head.encode()).partition(b"\r\n")[0]
    after = [
        seen for service, count in zip(door.services.values(), before, strict=True) for seen in service.asked[count:]
    ]
    assert status.split()[1] in {b"400", b"404"} or after, status
    assert not [seen for seen in after if seen["line"].split()[1].partition("?")[0].rstrip("/") in PROBES]


def test_a_client_cannot_write_where_it_comes_from(door):
    forged = [
        ("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-For", "127.0.0.1"), ("Forwarded", "for=1.2.3.4"),
        ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.test"),
    ]  # fmt: skip
    seen = door.seen("/b/default", headers=forged)
    assert header(seen, "x-forwarded-for") == [LOOPBACK]
    assert header(seen, "x-forwarded-proto") == ["http"]
    assert header(seen, "x-forwarded-host") == [f"{LOOPBACK}:{door.port}"]
    assert header(seen, "forwarded") == []


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (["198.51.100.7"], "198.51.100.7"),
        (["198.51.100.7:40001"], "198.51.100.7"),
        (["[2001:db8::7]:443"], "2001:db8::7"),
        (["2001:db8::7"], "2001:db8::7"),
        (["1.2.3.4, 198.51.100.7:5, 10.0.0.3"], "198.51.100.7"),
        (["1.2.3.4", "198.51.100.7", "10.0.0.3:99"], "198.51.100.7"),
        (["1.2.3.4, nonsense"], "127.0.0.1"),
    ],
)
def test_behind_a_trusted_proxy_a_service_finds_the_client_in_every_form(door_behind_a_proxy, forwarded, client):
    seen = door_behind_a_proxy.seen("/b/default", headers=[("X-Forwarded-For", line) for line in forwarded])
    settings = Settings(database_url="postgresql://", trusted_proxies="127.0.0.1 10.0.0.0/8")
    headers = [(name.encode(), value.encode()) for name, value in seen["headers"]]
    request = Request({"type": "http", "headers": headers, "client": (LOOPBACK, 1)})
    assert str(client_address(request, settings.trusted_proxies)) == client


def test_a_service_that_is_down_is_a_problem_that_says_when_to_come_again(dead_door):
    answer = dead_door.client.get("/v1/scores/acme", headers=BROWSER)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems#unavailable"
    assert answer.json()["instance"] == answer.headers["x-request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert not {"server", "via"} & answer.headers.keys()


def test_a_service_that_is_down_is_a_page_for_a_browser(dead_door):
    answer = dead_door.client.get("/", headers={**BROWSER, "x-request-id": "from-the-test"})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "does not run, or is being started" in answer.text
    assert "<code>from-the-test</code>" in answer.text
    assert "{" not in answer.text.partition("</style>")[2]


@pytest.mark.parametrize("sent", ["", "short", "with space", '<script>"', "x" * 65, "good-one-1, good-one-2"])
def test_a_request_id_that_could_say_anything_is_replaced_by_one_of_ours(door, sent):
    answer = door.client.get("/nobody", headers={"x-request-id": sent, **BROWSER})
    assert sent == "" or sent not in answer.text
    assert len(answer.headers["x-request-id"]) == 36


def test_a_request_has_one_id_at_the_door_and_in_the_service(door):
    assert header(door.seen("/", headers={"x-request-id": "the-clients-own"}), "x-request-id") == ["the-clients-own"]
    (made,) = header(door.seen("/"), "x-request-id")
    assert len(made) == 36


def test_answers_are_compressed_and_their_etags_come_back_as_the_service_wrote_them(door):
    answer = door.client.get("/v1/requests", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    tag = answer.headers["etag"]
    for name in ("if-match", "if-none-match"):
        seen = door.seen("/v1/requests", headers={name: f'"1", {tag}', "accept-encoding": "gzip"})
        assert header(seen, name) == ['"1", "7"']


def test_a_compressed_body_is_passed_on_as_it_was_sent(door):
    packed = gzip.compress(b"x" * 100)
    answer = door.client.post("/v1/hooks/x", content=packed, headers={"content-encoding": "gzip"})
    assert answer.json()["body"] == packed.decode("latin-1")
    assert header(answer.json(), "content-encoding") == ["gzip"]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_our_413(door, chunked):
    body = b"x" * (8 * 1024 * 1024 + 1)
    answer = door.client.post("/v1/hooks/x", content=iter([body]) if chunked else body)
    assert answer.status_code == 413
    assert answer.json()["type"] == "/problems#body-too-large"


def test_the_largest_webhook_passes(door):
    answer = door.client.post("/v1/hooks/x", content=b"x" * (4 * 1024 * 1024))
    assert answer.json()["body"] == 4 * 1024 * 1024


def test_a_flood_of_headers_is_refused_before_it_is_read(door):
    before = len(door.services["scoring"].asked)
    for flood in (b"a: " + b"x" * 1_048_576 + b"\r\n", b"a: b\r\n" * 100_000):
        answered = exchange(door, b"GET /v1/scores HTTP/1.1\r\nHost: x\r\n", flood, b"\r\n")
        assert answered == b"" or answered.split()[1] == b"431"
    assert len(door.services["scoring"].asked) == before
    assert door.client.get("/v1/scores").status_code == 200


def test_a_head_over_the_services_limit_reaches_the_service_that_explains_it(door):
    seen = door.seen("/v1/scores", headers={"a": "x" * 60_000})
    assert header(seen, "a") == ["x" * 60_000]


def test_a_door_that_may_open_no_more_files_answers_again_when_connections_are_closed(own_door):
    pid = own_door.process.pid
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (40, 40))
    held = [socket.create_connection((LOOPBACK, own_door.port), timeout=DEADLINE_SECONDS) for _ in range(100)]
    assert wait_until(lambda: len(list(Path(f"/proc/{pid}/fd").iterdir())) >= 40, DEADLINE_SECONDS)
    assert own_door.process.running
    for connection in held:
        connection.close()
    assert own_door.client.get("/v1/scores").status_code == 200


SMUGGLED = b"GET /v1/scores/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"POST /v1/hooks/x HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nContent-Length: 5\r\n\r\n",
        b"POST /v1/hooks/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 6\r\n\r\n",
        b"POST /v1/hooks/x HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n",
        b"POST /v1/hooks/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"POST /v1/hooks/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n",
        b"POST /v1/hooks/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n",
        b"POST /v1/hooks/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
        b"POST /v1/hooks/x HTTP/1.1\r\nHost: x\r\n Content-Length: 5\r\n\r\n",
        b"POST /v1/hooks/x HTTP/1.1\r\n\r\n",
        b"POST /v1/hooks/x HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"POST /v1/hooks/x HTTP/1.1\r\nHost: x y\r\n\r\n",
        b"GET /v1/hooks/x\r\n\r\n",
        b"GET /v1/hooks/x HTTP/3.9\r\nHost: x\r\n\r\n",
        b"POST /v1/hooks/x HTTP/1.1\r\nHost: x\r\nA\x00: b\r\n\r\n",
    ],
)
def test_a_request_that_can_be_read_in_two_ways_is_refused_and_what_follows_is_not_read(door, head):
    before = [len(service.asked) for service in door.services.values()]
    answered = exchange(door, head + b"5\r\nabcde\r\n0\r\n\r\n" + SMUGGLED)
    assert answered.count(b"HTTP/1.1 ") <= 1
    assert answered.split()[1][:1] in {b"4", b"5"}
    assert [len(service.asked) for service in door.services.values()] == before


@pytest.mark.parametrize("chunk", [b"0x5\r\nabcde", b"-5\r\nabcde", b"5\nabcde", b"6\r\nabcde", b"f" * 40, b"\r\n"])
def test_a_body_whose_chunks_cannot_be_read_is_our_400_that_ends_the_connection(door, chunk):
    head = (
        b"POST /v1/hooks/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nX-Request-Id: the-clients-own\r\n\r\n"
    )
    asked = len(door.services["scoring"].asked)
    answered = exchange(door, head + chunk + b"\r\n0\r\n\r\n" + SMUGGLED)
    assert answered.startswith(b"HTTP/1.1 400 ")
    problem = json.loads(answered.partition(b"\r\n\r\n")[2])
    assert (problem["type"], problem["instance"]) == ("/problems#malformed-http", "the-clients-own")
    assert len(door.services["scoring"].asked) == asked


@pytest.mark.parametrize("path", [b"/v1/scores", b"/v1/hooks/x", b"/"])
def test_a_method_that_is_too_long_to_be_passed_on_is_our_501(door, path):
    answered = exchange(door, b"A" * 33 + b" " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answered.startswith(b"HTTP/1.1 501 ")
    assert json.loads(answered.partition(b"\r\n\r\n")[2])["type"] == "/problems#unknown-method"


def test_a_request_for_no_host_is_our_400(door):
    answered = exchange(door, b"GET /v1/scores HTTP/1.1\r\nHost:\r\n\r\n")
    assert answered.startswith(b"HTTP/1.1 400 ")
    problem = json.loads(answered.partition(b"\r\n\r\n")[2])
    assert problem["type"] == "/problems#malformed-http"
    assert len(problem["instance"]) == 36


def test_a_length_beside_chunks_is_not_passed_on(door):
    head = b"POST /v1/hooks/x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
    before = len(door.services["ingest"].asked)
    exchange(
        door, head + b"5\r\nabcde\r\n0\r\n\r\n" + b"GET /v1/scores HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    [seen] = door.services["ingest"].asked[before:]
    assert seen["body"] == "abcde"
    assert header(seen, "content-length") == []


def test_the_doors_log_has_a_line_for_each_answer_of_its_own_and_no_secret(dead_door):
    secret = {"authorization": "Bearer canary-1", "cookie": "s=canary-2", "x-forwarded-for": "203.0.113.77"}
    for path in ("/v1/hooks/id/canary-3?x=canary-4", "/sign-in/link/canary-5", "/canary-6"):
        dead_door.client.get(path, headers={**secret, "x-request-id": "the-request"})
    wait_until(lambda: dead_door.log.read_text().count("the-request") == 3, DEADLINE_SECONDS)
    text = dead_door.log.read_text()
    lines = [json.loads(line) for line in text.splitlines() if "the-request" in line]
    assert [line["status"] for line in lines] == [503, 503, 404]
    assert [line["upstream"] for line in lines] == ["ingest", "feedback-board", None]
    assert "connection refused" in lines[0]["reason"]
    assert {line["service"] for line in lines} == {"front-door"}
    assert "canary" not in text
    assert "203.0.113.77" not in text
