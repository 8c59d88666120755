"""W3C trace context: one trace from a request through the event's `traceparent` to its consumers.

The current position in a trace is a context variable with the text of the header, which goes into the outbox, onto the
bus and into the next request. The `tracestate` that came with it goes the same way, unchanged. Nothing is exported.
"""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, NamedTuple

from plaudit.common.contracts.envelope import MAX_TRACESTATE_CHARS, MAX_TRACESTATE_MEMBERS, TRACESTATE_MEMBER

SAMPLED: Final = 0x01
RANDOM_TRACE_ID: Final = 0x02
_KNOWN_FLAGS: Final = SAMPLED | RANDOM_TRACE_ID
_LENGTH: Final = 55
"""Of version 00; a longer text of that version is malformed."""
_TRACE_BITS: Final = 128
_SPAN_BITS: Final = 64

_LONG_MEMBER_CHARS: Final = 128
"""Members longer than this are left out first."""

_MEMBER = re.compile(TRACESTATE_MEMBER)
_PATTERN = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-[ -~]*)?")
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)
_current_state: ContextVar[str | None] = ContextVar("tracestate", default=None)


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
    return new_traceparent() if parent is None else _child_of(parent)


def _child_of(parent: Traceparent) -> str:
    return f"00-{parent.trace_id}-{random.getrandbits(_SPAN_BITS):016x}-{parent.flags:02x}"


def read_state(text: str) -> str | None:
    """Return a `tracestate` as it is passed on; None when it is empty, malformed or has too many members.

    Of members with the same key, the first is kept. Of a list that is too long, members are left out.
    """
    members: dict[str, str] = {}
    for text_of_one in text.split(","):
        member = text_of_one.strip(" \t")
        if not member:
            continue
        match = _MEMBER.fullmatch(member)
        if match is None:
            return None
        members.setdefault(match[1], member)
    if len(members) > MAX_TRACESTATE_MEMBERS:
        return None
    return ",".join(_shortened(list(members.values()))) or None


def _shortened(members: list[str]) -> list[str]:
    """Leave out long members, then the last ones, until the rest may be passed on."""
    excess = len(",".join(members)) - MAX_TRACESTATE_CHARS
    left_out: set[str] = set()
    last_first = members[::-1]
    for member in sorted(last_first, key=lambda each: len(each) <= _LONG_MEMBER_CHARS):
        if excess <= 0:
            break
        left_out.add(member)
        excess -= len(member) + 1
    return [member for member in members if member not in left_out]


def follow(traceparent: str | None, tracestate: str | None) -> tuple[str, str | None]:
    """Return a new span in the trace of these headers, with its state; a new trace without one if they are malformed.

    A `tracestate` says nothing about a trace that is not continued.
    """
    parent = parse(traceparent) if traceparent else None
    if parent is None:
        return new_traceparent(), None
    return _child_of(parent), read_state(tracestate) if tracestate else None


def current_traceparent() -> str | None:
    """Return the current position as a `traceparent`, None outside any trace."""
    return _current.get()


def current_tracestate() -> str | None:
    """Return the `tracestate` of the current position, None where none came with it."""
    return _current_state.get()


def current_trace_id() -> str | None:
    """Return the id of the current trace, for log lines."""
    text = _current.get()
    return text[3:35] if text else None


def enter(traceparent: str | None, tracestate: str | None = None) -> None:
    """Set the position for the rest of the task; it must be well-formed."""
    _current.set(traceparent)
    _current_state.set(tracestate)


@contextmanager
def at(traceparent: str, tracestate: str | None = None) -> Iterator[None]:
    """Run the block at this position; it must be well-formed."""
    token, state_token = _current.set(traceparent), _current_state.set(tracestate)
    try:
        yield
    finally:
        _current_state.reset(state_token)
        _current.reset(token)


@contextmanager
def span(parent: str | None, state: str | None = None) -> Iterator[str]:
    """Run the block in a child span; a consumer passes the event's `traceparent` and `tracestate`."""
    traceparent, tracestate = follow(parent, state)
    with at(traceparent, tracestate):
        yield traceparent
