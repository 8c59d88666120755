"""What the parser of heads leaves to be done: addresses, sizes, heads that ask for another protocol, its errors."""

from collections.abc import Sequence
from typing import Final

import httptools
import structlog

from plaudit.common.http.problems import Problem, internal_error, malformed

_SEPARATORS_BYTES: Final = 4
"""Of one header: colon, space and the end of the line."""

log = structlog.get_logger()


def head_bytes(url: bytes, headers: Sequence[tuple[bytes, bytes]]) -> int:
    """Return the size of a head, but of its method and version."""
    return len(url) + sum(len(name) + len(value) + _SEPARATORS_BYTES for name, value in headers)


def head_without_upgrade(
    parser: httptools.HttpRequestParser, url: bytes, headers: Sequence[tuple[bytes, bytes]]
) -> bytes:
    """Return the head that a parser has just read, as if it asked for no other protocol."""
    lines = [b"%b %b HTTP/%b" % (parser.get_method(), url, parser.get_http_version().encode())]
    for name, value in headers:
        if name == b"connection":
            tokens = (token.strip() for token in value.split(b","))
            lines.append(b"connection: " + b", ".join(token for token in tokens if token.lower() != b"upgrade"))
        elif name != b"upgrade":
            lines.append(b"%b: %b" % (name, value))
    return b"\r\n".join(lines) + b"\r\n\r\n"


def origin_form(url: bytes) -> bytes:
    """Return path and query of an absolute address; one without a path means the root."""
    parsed = httptools.parse_url(url)
    return (parsed.path or b"/") + (b"?" + parsed.query if parsed.query else b"")


def problem_of_parser(error: httptools.HttpParserError) -> Problem:
    """Return the problem of an error of the parser, which reports what a callback of ours raises like its own."""
    cause = error.__context__
    if isinstance(cause, Problem):
        return cause
    if cause is not None and not isinstance(cause, (httptools.HttpParserError, UnicodeDecodeError)):
        log.error("request_failed", exc_info=cause)
        return internal_error()
    return malformed()
