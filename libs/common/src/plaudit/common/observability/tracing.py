"""W3C trace context: one trace from a request through the event's `traceparent` to its consumers.

The current position in a trace is a context variable with the text of the header, which goes into the outbox, onto the
bus and into the next request. Nothing is exported.
"""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, NamedTuple

SAMPLED: Final = 0x01
RANDOM_TRACE_ID: Final = 0x02
_KNOWN_FLAGS: Final = SAMPLED | RANDOM_TRACE_ID
_LENGTH: Final = 55
"""Of version 00; a longer text of that version is malformed."""
_TRACE_BITS: Final = 128
_SPAN_BITS: Final = 64

_PATTERN = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-[ -~]*)?")
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


class Traceparent(NamedTuple):
    """A parsed `traceparent`: ids in lower-case hexadecimal digits, flags as a number."""

    trace_id: str
    span_id: str
    flags: int

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"


def parse(text: str) -> Traceparent | None:
    """Parse a `traceparent` header by W3C Trace Context, level 2; return None when it is invalid.

    Version ff, ids of zeros, capital letters, and anything after the fields of version 00 are invalid. Of a higher
    version, only the fields of 00 are read. Unknown flags are cleared.
    """
    match = _PATTERN.fullmatch(text)
    if match is None:
        return None
    version, trace_id, span_id, flags = match.groups()
    if version == "ff" or (version == "00" and len(text) != _LENGTH):
        return None
    if not trace_id.strip("0") or not span_id.strip("0"):
        return None
    return Traceparent(trace_id, span_id, int(flags, 16) & _KNOWN_FLAGS)


def new_traceparent() -> str:
    """Return the start of a new trace: random ids, marked as random, not sampled.

    An id of zeros would be invalid; it is too unlikely to be checked.
    """
    ids = f"{random.getrandbits(_TRACE_BITS + _SPAN_BITS):0{(_TRACE_BITS + _SPAN_BITS) // 4}x}"
    return f"00-{ids[:32]}-{ids[32:]}-02"


def new_traceparents(count: int) -> list[str]:
    """Return the starts of so many new traces, from one draw of random bytes: half the cost of single ones."""
    ids = random.randbytes(count * (_TRACE_BITS + _SPAN_BITS) // 8).hex()
    return [f"00-{ids[at : at + 32]}-{ids[at + 32 : at + 48]}-02" for at in range(0, count * 48, 48)]


def child(text: str | None) -> str:
    """Return a new span in the trace of this `traceparent`, or a new trace if it is missing or malformed."""
    parent = parse(text) if text else None
    if parent is None:
        return new_traceparent()
    return f"00-{parent.trace_id}-{random.getrandbits(_SPAN_BITS):016x}-{parent.flags:02x}"


def current_traceparent() -> str | None:
    """Return the current position as a `traceparent`, None outside any trace."""
    return _current.get()


def current_trace_id() -> str | None:
    """Return the id of the current trace, for log lines."""
    text = _current.get()
    return text[3:35] if text else None


def enter(traceparent: str | None) -> None:
    """Set the position for the rest of the task; it must be well-formed."""
    _current.set(traceparent)


@contextmanager
def at(traceparent: str) -> Iterator[None]:
    """Run the block at this position; it must be well-formed."""
    token = _current.set(traceparent)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def span(parent: str | None) -> Iterator[str]:
    """Run the block in a child span of `parent`; a consumer passes the event's `traceparent`."""
    traceparent = child(parent)
    with at(traceparent):
        yield traceparent
