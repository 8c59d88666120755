"""The suite of W3C Trace Context (github.com/w3c/trace-context), at each service's own port and at the door.

It expects a service to call it back. What stands for a call is the event that a request leads to, as it stands in the
outbox. Services that write no event over HTTP tell the trace in their log alone: there, only what the suite says of
`traceparent` is asked, and an id of a span is made up.
"""

import importlib
import json
import sys
import time
import unittest
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from plaudit_testing import pipeline, webhooks
from plaudit_testing.edge import DOOR, EdgeHouse, exchange, logged_lines, request
from plaudit_testing.shared import outside_suite
from plaudit_testing.stack import poll_until

pytestmark = [pytest.mark.e2e, pytest.mark.postgres]

ENVIRONMENT = {"SERVICE_ENDPOINT": "the service", "STRICT_LEVEL": "2", "SPEC_LEVEL": "2"}
FROM_LOGS = ("scoring", "alerting")
Headers = Sequence[tuple[str, str]]


def of_a_review(house: EdgeHouse, port: int, lines: Sequence[str]) -> Headers:
    """Post a review over the hook; return the trace of its event."""
    name = uuid.uuid4().hex
    review = {"id": name, "rating": 4, "published_at": "2026-02-14T12:00:00Z"}
    body = json.dumps([{"type": "review.created", "data": review}]).encode()
    signature = [f"{name}: {value}" for name, value in webhooks.headers(house.source["secret"], body).items()]
    answer = exchange(port, request("POST", house.hook, *signature, *_ending(body), *lines, body=body))
    assert answer.statuses == [202], answer.text
    return _of_event(house, "ingest", name)


def of_a_request(house: EdgeHouse, port: int, lines: Sequence[str]) -> Headers:
    """Make a request of the board; return the trace of its event."""
    name = f"More tea, {uuid.uuid4().hex}"
    body = json.dumps({"title": name}).encode()
    key = [f"Authorization: Bearer {house.running.key}", "Content-Type: application/json"]
    answer = exchange(port, request("POST", "/v1/requests", *key, *_ending(body), *lines, body=body))
    assert answer.statuses == [201], answer.text
    return _of_event(house, "feedback_board", name)


def of_a_log_line(house: EdgeHouse, service: str, lines: Sequence[str]) -> Headers:
    """Ask for what nobody may have; return the trace that the log tells, with a span of our own."""
    name = f"trace-{uuid.uuid4().hex}"
    asked = request("GET", "/v1/scores", "Connection: close", f"X-Request-Id: {name}", *lines)
    assert exchange(house.ports[service], asked).statuses == [401]
    found: list[str] = []

    def is_logged() -> bool:
        found[:] = [line["trace_id"] for line in logged_lines(house.services[service]) if line["request_id"] == name]
        return bool(found)

    poll_until(is_logged, f"the line of {name}")
    return [("traceparent", f"00-{found[0]}-{uuid.uuid4().hex[:16]}-00")]


def _ending(body: bytes) -> list[str]:
    return [f"Content-Length: {len(body)}", "Connection: close"]


def _of_event(house: EdgeHouse, schema: str, name: str) -> Headers:
    sql = f"SELECT envelope FROM {schema}.outbox WHERE position($1::bytea IN envelope) > 0"
    [row] = pipeline.rows(house.running, sql, name.encode())
    event = json.loads(row["envelope"])
    return [(each, event[each]) for each in ("traceparent", "tracestate") if each in event]


class Client:
    """Stands for the client of the suite: it sends the suite's headers as they are, once for each call back."""

    def __init__(self, send: Callable[[Sequence[str]], Headers]) -> None:
        self._send = send

    @contextmanager
    def scope(self) -> Iterator["Client"]:
        yield self

    def url(self, path: str) -> str:
        return path

    def send_request(self, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
        if arguments is None:
            return {}
        lines = [f"{name}: {value}" for name, value in arguments["headers"]]
        calls = {call["url"]: {"headers": self._send(lines)} for call in arguments["arguments"]}
        return {"results": [{"status": 200, "headers": [], "body": ""}], **calls}


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The suite, without its own server, which needs packages that nothing else here needs."""
    folder = outside_suite("trace-context", "test")
    monkeypatch.syspath_prepend(str(folder))
    stand_in: Any = ModuleType("server")
    stand_in.TestServer = SimpleNamespace
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    mine = ("server", "client", "test", "tracecontext", "tracecontext.traceparent", "tracecontext.tracestate")
    before = {name: sys.modules.pop(name) for name in mine if name in sys.modules}
    sys.modules["server"] = stand_in
    yield importlib.import_module("test")
    for name in mine:
        sys.modules.pop(name, None)
    sys.modules.update(before)


def test_every_place_passes_the_suite(house: EdgeHouse, suite: ModuleType) -> None:
    ports = house.ports
    places: dict[str, Callable[[Sequence[str]], Headers]] = {
        "ingest": lambda lines: of_a_review(house, ports["ingest"], lines),
        "feedback-board": lambda lines: of_a_request(house, ports["feedback-board"], lines),
        "ingest at the door": lambda lines: of_a_review(house, ports[DOOR], lines),
        "feedback-board at the door": lambda lines: of_a_request(house, ports[DOOR], lines),
        **{each: lambda lines, each=each: of_a_log_line(house, each, lines) for each in FROM_LOGS},  # type: ignore[misc]
    }
    wrong = []
    for place, send in places.items():
        suite.client, suite.server = Client(send), SimpleNamespace(start=lambda: None, stop=lambda: None)  # type: ignore[attr-defined]
        loader = unittest.TestLoader()
        if place in FROM_LOGS:
            loader.testNamePatterns = ["*.test_traceparent_*", "*.test_both_*"]
        result = unittest.TestResult()
        begun = time.perf_counter()
        loader.loadTestsFromModule(suite).run(result)
        assert result.testsRun >= (20 if place in FROM_LOGS else 40)
        print(f"{place}: {result.testsRun} tests in {time.perf_counter() - begun:.1f} s")
        wrong += [f"{place}: {test.id()}: {text}" for test, text in [*result.failures, *result.errors]]
    assert wrong == [], "\n".join(wrong)
