"""Structured logs: one line for each request and batch, and only fields that are known to be harmless.

Lines are JSON on standard output, and readable text on a terminal. A field that is neither in `FIELDS` nor declared by
the service is left out and counted, so that no review text, name, address, secret or path (it may hold a token) is
logged by accident. Lines that libraries write through `logging` are treated alike.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog

from plaudit.common.observability import metrics, tracing
from plaudit.common.settings import Settings

FIELDS: Final = frozenset(
    {
        # every line
        *("event", "level", "timestamp", "service", "request_id", "trace_id", "logger"),
        # processes and loops
        *("command", "pid", "url", "signal", "exit_code", "loop", "waiting"),
        # requests and group commits
        *("method", "route", "status", "duration_ms", "body_bytes", "problem", "requests"),
        *("tenant_id", "key_id", "person_id"),
        # Kafka and the outbox
        *("topic", "partition", "partitions", "group", "offset", "sequence", "created", "table"),
        *("applied", "repeated", "dead", "tries", "attempt"),
        # messages
        *("channel", "delivery_id", "outcome"),
        # what went wrong
        *("error_type", "exception", "reason", "detail", "hint"),
    }
)
"""What the common library logs; a service declares its own fields in `log_fields.py`."""
MAX_TEXT_CHARS: Final = 500
MAX_FRAMES: Final = 20
"""Of one exception's trace, counted from where it was raised."""
MAX_CAUSES: Final = 3
REPEAT_SECONDS: Final = 10.0
"""A library's message, whatever its values, is logged once in this time; the next line says how often it came."""
MAX_REMEMBERED_MESSAGES: Final = 1_000

request_id_var: ContextVar[str | None] = ContextVar("request_id", default=None)

EventDict = MutableMapping[str, Any]


def configure(service: str, settings: Settings, fields: frozenset[str] = frozenset()) -> None:
    """Set up the logs of this process; called once, in the composition root.

    Args:
        service: its name, on every line.
        settings: level and format.
        fields: names of fields that this service logs beside `FIELDS`.
    """
    level = logging.getLevelNamesMapping().get(settings.log_level.upper())
    if level is None:
        raise ValueError(f"PLAUDIT_LOG_LEVEL: {settings.log_level!r} is no level; DEBUG, INFO, WARNING or ERROR")
    pretty = settings.log_format == "pretty" or (settings.log_format == "auto" and sys.stdout.isatty())

    def name_service(_logger: object, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        add_context,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_service,
        render_exception,
        partial(allow_fields, allowed=FIELDS | fields),
    ]
    structlog.configure(
        processors=[*shared, *([structlog.dev.ConsoleRenderer()] if pretty else [_render_json])],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout)
        if pretty
        else structlog.BytesLoggerFactory(sys.stdout.buffer),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_Forward()]
    # At INFO, libraries repeat what our own lines say.
    root.setLevel(max(level, logging.WARNING) if level > logging.DEBUG else logging.INFO)


def add_context(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Add the ids of the request and the trace to a line."""
    if (request_id := request_id_var.get()) is not None:
        event.setdefault("request_id", request_id)
    if (trace_id := tracing.current_trace_id()) is not None:
        event.setdefault("trace_id", trace_id)
    return event


def allow_fields(_logger: object, _method: str, event: EventDict, allowed: frozenset[str] = FIELDS) -> EventDict:
    """Leave out and count the fields that are not allowed, and cut long texts."""
    unknown = event.keys() - allowed
    for name in unknown:
        del event[name]
    if unknown:
        metrics.LOG_FIELDS_DROPPED.inc(len(unknown))
    for name, value in event.items():
        if isinstance(value, str) and len(value) > MAX_TEXT_CHARS and name != "exception":
            event[name] = value[:MAX_TEXT_CHARS] + "…"
    return event


def render_exception(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Turn `exc_info` into the exception's type, the first line of its message, and its frames.

    Local variables and further lines of the message are left out: drivers put rows and parameters there.
    """
    info = event.pop("exc_info", None)
    error = info if isinstance(info, BaseException) else info[1] if isinstance(info, tuple) else None
    if error is None and info:
        error = sys.exc_info()[1]
    if error is not None:
        event.setdefault("error_type", type(error).__qualname__)
        event["exception"] = describe(error)
    return event


def describe(error: BaseException) -> str:
    """Return an exception and its causes as text: type, first line of the message, and the frames."""
    parts: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(parts) < MAX_CAUSES:
        frames = traceback.extract_tb(cause.__traceback__)[-MAX_FRAMES:]
        where = "".join(f"\n  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
        parts.append(f"{type(cause).__qualname__}: {first_line(cause)}{where}")
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\ncaused by ".join(parts)


def first_line(error: BaseException) -> str:
    """Return the first line of an exception's message, cut to a limited length."""
    lines = str(error).splitlines()
    return lines[0][:MAX_TEXT_CHARS] if lines else ""


def _plain(value: Any) -> Any:
    if isinstance(value, (UUID, datetime)):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    return repr(value)[:MAX_TEXT_CHARS]


_encode = msgspec.json.Encoder(enc_hook=_plain).encode


def _render_json(_logger: object, _method: str, event: EventDict) -> bytes:
    first = {name: event.pop(name, None) for name in ("timestamp", "level", "service", "event")}
    return _encode({**first, **event})


class _Forward(logging.Handler):
    """Passes records of the standard library's `logging` to structlog, of each message one in a while.

    A library says the same of every attempt: Kafka's client hundreds of times a second while its broker is away.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, int, object], _Said] = {}

    def emit(self, record: logging.LogRecord) -> None:
        key = record.name, record.levelno, record.msg
        said = self._said.get(key)
        if said is not None and record.created - said.at_seconds < REPEAT_SECONDS:
            said.repeated += 1
            return
        if len(self._said) >= MAX_REMEMBERED_MESSAGES:
            self._said.clear()
        self._said[key] = _Said(record.created)
        repeats = {"repeated": said.repeated} if said is not None and said.repeated else {}
        structlog.get_logger().log(
            record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info or None, **repeats
        )


@dataclass(slots=True)
class _Said:
    at_seconds: float
    repeated: int = 0
    """How often the same message came since, and was left out."""
