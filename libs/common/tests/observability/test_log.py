import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
import structlog
from prometheus_client import REGISTRY

from plaudit.common.observability import log as logs
from plaudit.common.observability import tracing
from plaudit.common.settings import Settings

Lines = Callable[[], list[dict[str, Any]]]


class Stdout(io.TextIOWrapper):
    def __init__(self, terminal: bool) -> None:
        self._bytes = io.BytesIO()
        super().__init__(self._bytes, "utf-8", write_through=True)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def written(self) -> str:
        self.flush()
        return self._bytes.getvalue().decode()


@pytest.fixture
def stdout(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Stdout]]:
    """Configures logging onto a captured standard output, and puts everything back."""
    root = logging.getLogger()
    handlers, level, config = root.handlers, root.level, structlog.get_config()

    def configure(*, terminal: bool = False, **settings: Any) -> Stdout:
        out = Stdout(terminal)
        monkeypatch.setattr(sys, "stdout", out)
        logs.configure("ingest", Settings(database_url="postgresql://nowhere", **settings))
        return out

    yield configure
    root.handlers, root.level = handlers, level
    structlog.configure(**config)


@pytest.fixture
def lines(stdout: Callable[..., Stdout]) -> Lines:
    out = stdout()
    return lambda: [json.loads(line) for line in out.written().splitlines()]


def dropped() -> float:
    return REGISTRY.get_sample_value("plaudit_log_fields_dropped_total") or 0.0


def test_a_line_says_when_how_grave_who_and_what(lines: Lines) -> None:
    structlog.get_logger().info("request", route="/v1/reviews", status=200)
    [line] = lines()
    assert list(line)[:4] == ["timestamp", "level", "service", "event"]
    assert {**line, "timestamp": "…"} == {
        "timestamp": "…",
        "level": "info",
        "service": "ingest",
        "event": "request",
        "route": "/v1/reviews",
        "status": 200,
    }


def test_a_field_that_is_not_on_the_list_never_reaches_the_log_and_is_counted(lines: Lines) -> None:
    before = dropped()
    structlog.get_logger().info("stored", key_id="r1", text="I live at", email="a@b.example")
    [line] = lines()
    assert line["key_id"] == "r1"
    assert "I live at" not in str(line)
    assert "a@b.example" not in str(line)
    assert dropped() - before == 2


def test_a_long_text_is_cut(lines: Lines) -> None:
    structlog.get_logger().info("stored", detail="x" * 10_000)
    assert len(lines()[0]["detail"]) <= logs.MAX_TEXT_CHARS + 1


def test_ids_and_times_are_texts_and_anything_else_is_shown_somehow(lines: Lines) -> None:
    structlog.get_logger().info("stored", key_id=UUID(int=7), detail=object)
    assert lines()[0]["key_id"] == str(UUID(int=7))


def test_an_exception_is_told_without_local_variables_and_without_what_drivers_append(lines: Lines) -> None:
    def fails(secret: str) -> None:
        raise ValueError("duplicate key\nDETAIL: Key (email)=(a@b.example) exists")

    try:
        fails("whsec_canary")
    except ValueError:
        structlog.get_logger().exception("failed")
    [line] = lines()
    assert line["error_type"] == "ValueError"
    assert "duplicate key" in line["exception"]
    assert "fails" in line["exception"]
    assert "whsec_canary" not in str(line)
    assert "a@b.example" not in str(line)


def test_the_cause_of_an_exception_is_told_too(lines: Lines) -> None:
    error = RuntimeError("outer")
    error.__cause__ = KeyError("inner")
    structlog.get_logger().error("failed", exc_info=error)
    assert "caused by KeyError: 'inner'" in lines()[0]["exception"]


def test_a_line_names_its_request_and_its_trace(lines: Lines) -> None:
    token = logs.request_id_var.set("req-12345678")
    try:
        with tracing.span(None):
            structlog.get_logger().info("stored")
            trace_id = tracing.current_trace_id()
    finally:
        logs.request_id_var.reset(token)
    [line] = lines()
    assert (line["request_id"], line["trace_id"]) == ("req-12345678", trace_id)


def test_what_libraries_warn_of_comes_the_same_way(lines: Lines) -> None:
    logging.getLogger("aiokafka.conn").warning("lost %s", "a broker")
    logging.getLogger("aiokafka.conn").info("chatter")
    [line] = lines()
    assert (line["event"], line["level"], line["logger"]) == ("lost a broker", "warning", "aiokafka.conn")


def test_below_the_level_nothing_is_written(stdout: Callable[..., Stdout]) -> None:
    out = stdout(log_level="warning")
    structlog.get_logger().info("stored")
    assert out.written() == ""


def test_on_a_terminal_a_line_is_for_people(stdout: Callable[..., Stdout]) -> None:
    out = stdout(terminal=True)
    structlog.get_logger().info("stored", key_id="r1")
    assert not out.written().startswith("{")
    assert "stored" in out.written()


def test_a_level_that_is_none_is_refused_by_name(stdout: Callable[..., Stdout]) -> None:
    with pytest.raises(ValueError, match="PLAUDIT_LOG_LEVEL: 'LOUD'"):
        stdout(log_level="LOUD")


def said(count: int, message: str = "Unable connect to node with id %s: %s", at_seconds: float = 0.0) -> None:
    """So many lines of a library, all at one time."""
    for number in range(count):
        record = logging.LogRecord("aiokafka", logging.ERROR, "client.py", 1, message, (number, "refused"), None)
        record.created = at_seconds
        logging.getLogger("aiokafka").handle(record)


def test_what_a_library_says_again_and_again_is_logged_once_in_a_while_with_its_count(lines: Lines) -> None:
    said(300)
    said(5, "Failed fetch %s %s")
    said(2, at_seconds=logs.REPEAT_SECONDS)
    said(1, at_seconds=3 * logs.REPEAT_SECONDS)
    assert [(line["event"], line.get("repeated")) for line in lines()] == [
        ("Unable connect to node with id 0: refused", None),
        ("Failed fetch 0 refused", None),
        ("Unable connect to node with id 0: refused", 299),
        ("Unable connect to node with id 0: refused", 1),
    ]


def test_no_more_than_some_messages_are_remembered(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_REMEMBERED_MESSAGES", 2)
    for message in ("a %s %s", "b %s %s", "c %s %s", "a %s %s"):
        said(1, message)
    assert len(lines()) == 4
