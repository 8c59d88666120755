"""W3C trace context: one trace from a request through the event's `traceparent` to whoever consumes it.

The current position in a trace is one context variable that holds the header's text, since that is what travels: into
the outbox, onto the bus, into the next request. Nothing is exported.
"""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, NamedTuple

HEADER: Final = "traceparent"
SAMPLED: Final = 0x01
RANDOM_TRACE_ID: Final = 0x02
_KNOWN_FLAGS: Final = SAMPLED | RANDOM_TRACE_ID
_LENGTH: Final = 55
"""Of version 00, exactly: a longer one of that version is malformed."""
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
    """Read a `traceparent` header; None when it is not one by the letter of W3C Trace Context, level 2.

    Of a version above 00 what 00 has is read and the rest ignored; version ff, ids of zeros, capital letters and
    anything behind version 00 are invalid. Flags that we do not know are cleared.
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
    """Return the start of a new trace: random ids, marked as such, not sampled.

    That one of them is all zeros, which would be invalid, is less likely than a broken machine.
    """
    ids = f"{random.getrandbits(_TRACE_BITS + _SPAN_BITS):0{(_TRACE_BITS + _SPAN_BITS) // 4}x}"
    return f"00-{ids[:32]}-{ids[32:]}-02"


def child(text: str | None) -> str:
    """Return a new span in the trace of this `traceparent`, or a new trace where there is none or a malformed one."""
    parent = parse(text) if text else None
    if parent is None:
        return new_traceparent()
    return f"00-{parent.trace_id}-{random.getrandbits(_SPAN_BITS):016x}-{parent.flags:02x}"


def current_traceparent() -> str | None:
    """Return where in which trace we are, None outside any."""
    return _current.get()


def current_trace_id() -> str | None:
    """Return the id of the trace we are in, for log lines."""
    text = _current.get()
    return text[3:35] if text else None


def enter(traceparent: str | None) -> None:
    """Make this the position in its trace for the rest of the task. What is given must be well-formed."""
    _current.set(traceparent)


@contextmanager
def span(parent: str | None) -> Iterator[str]:
    """Work in a child span of `parent` for the length of the block; a consumer gives the event's `traceparent`."""
    traceparent = child(parent)
    token = _current.set(traceparent)
    try:
        yield traceparent
    finally:
        _current.reset(token)
