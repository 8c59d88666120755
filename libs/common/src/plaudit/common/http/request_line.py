"""Request lines with a method that the parser does not know: it stops within the method, before the line has come."""

import re
from typing import Final

from plaudit.common.http.edge import METHODS
from plaudit.common.http.problems import Problem, malformed, unknown_method

_LINE: Final = re.compile(rb"(?:\A|\n)([!#$%&'*+.^_`|~0-9A-Za-z-]+) [!-~]+ HTTP/1\.[01]\r?\n")
_BEGUN_LINE: Final = re.compile(rb"(?:\A|\n)([!#$%&'*+.^_`|~0-9A-Za-z-]+(?: [!-~]*(?: [HTP/.01]*)?)?\r?)\Z")
_BEGUN_METHOD: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]*\Z")
_LONGEST_METHOD_BYTES: Final = 64
"""More than of any method that the parser knows."""


def begun_method(before: bytes, chunk: bytes) -> bytes:
    """Return the method with which a chunk ends, of which an earlier one may have had the beginning."""
    found = _BEGUN_METHOD.search((before + chunk[-_LONGEST_METHOD_BYTES:])[-_LONGEST_METHOD_BYTES:])
    return found[0] if found else b""


def begun_line(text: bytes) -> bytes:
    """Return the request line with which a refused text ends, and whose rest is to be waited for; empty for none."""
    found = _BEGUN_LINE.search(text)
    return b"" if found is None or _has_unknown_method(text) else found[1]


def problem_of(text: bytes) -> Problem:
    """Return the problem of a text in which the parser found something else than a method that it knows."""
    return unknown_method() if _has_unknown_method(text) else malformed()


def _has_unknown_method(text: bytes) -> bool:
    return not METHODS.issuperset(method.decode() for method in _LINE.findall(text))
