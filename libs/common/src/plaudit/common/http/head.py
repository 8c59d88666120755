"""What the head of a request says before anybody serves it: its id, its trace, and whether its body is taken."""

import itertools
import re
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from plaudit.common.http.problems import Problem, body_too_large
from plaudit.common.observability import tracing

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_process: Final = secrets.token_hex(6)
_counter: Final = itertools.count(1)


def new_request_id(given: bytes | None) -> str:
    """Return the caller's request id if it is harmless, else a new one of process and number."""
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given.decode("ascii")
    return f"{_process}-{next(_counter):x}"


def trace_of(headers: Mapping[bytes, bytes]) -> tuple[str, str | None]:
    """Return the place of a request in its caller's trace, or in a new one."""
    traceparent, tracestate = headers.get(b"traceparent"), headers.get(b"tracestate")
    if traceparent is None:
        return tracing.new_traceparent(), None
    return tracing.follow(traceparent.decode("latin-1"), tracestate.decode("latin-1") if tracestate else None)


def check_body_headers(headers: Mapping[bytes, bytes], max_bytes: int) -> None:
    """Refuse a body by its headers.

    Raises:
        Problem: 413 for one that says that it is too large, 415 for a compressed one.
    """
    length = headers.get(b"content-length")
    if length is not None and int(length) > max_bytes:
        raise body_too_large(max_bytes)
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Problem(
            "compressed-body",
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "Compressed bodies are not taken",
            "Send the body without Content-Encoding.",
            headers={"Accept-Encoding": "identity"},
        )
