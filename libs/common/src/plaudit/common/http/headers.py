"""The one reader of a request's headers, for the protocol and for the edge (RFC 9110, section 5).

The lines of a list are joined. A field of one value that comes twice is refused: two readers could each take another.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from plaudit.common.http.problems import malformed, repeated_header, unknown_transfer_coding

WHITESPACE: Final = b" \t"
"""What may stand around a value and is no part of it."""
SINGLE: Final = frozenset(
    {
        b"authorization",
        b"content-length",
        b"content-type",
        b"host",
        b"idempotency-key",
        b"if-modified-since",
        b"if-range",
        b"if-unmodified-since",
        b"origin",
        b"range",
        b"sec-fetch-site",
    }
)
"""The fields of one value that something here reads."""

_HOST: Final = re.compile(rb"(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._~%!$&'()*+,;=-]{1,255})(?::[0-9]{0,5})?")
_VERSIONS: Final = frozenset({"1.0", "1.1"})
_ENTITY_TAG: Final = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_NUMBER_TAG: Final = re.compile(r'"([0-9]{1,18})"')
_SEPARATORS: Final = " \t,"
_QUALITY: Final = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")
_NOT_AT_ALL: Final = (0.0, 0)
"""Quality, and place from the end, of what no range names."""


def read_headers(lines: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return the value of each header by its name.

    Args:
        lines: with names in lower case, and values without whitespace around them.

    Raises:
        Problem: 400 for a field of one value that comes twice.
    """
    fields = dict(lines)
    return fields if len(fields) == len(lines) else _joined(lines)


def _joined(lines: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    values: dict[bytes, list[bytes]] = {}
    for name, value in lines:
        values.setdefault(name, []).append(value)
    if len(values.get(b"traceparent", ())) > 1:
        # W3C Trace Context: the trace begins anew, and its state belongs to none that is continued.
        del values[b"traceparent"]
        values.pop(b"tracestate", None)
    for name, several in values.items():
        if len(several) > 1 and name in SINGLE:
            raise repeated_header(name.decode())
    return {name: (b"; " if name == b"cookie" else b", ").join(several) for name, several in values.items()}


def check_framing(version: str, fields: dict[bytes, bytes]) -> None:
    """Refuse a head after which two readers could disagree about where its message ends, or for whom it is.

    Args:
        version: of HTTP, for example `1.1`.
        fields: the headers, as `read_headers` returns them.

    Raises:
        Problem: 400 for a head that breaks RFC 9112, 501 for a transfer coding other than chunked.
    """
    host = fields.get(b"host")
    if version not in _VERSIONS:
        raise malformed(f"HTTP/{version} is not served here.")
    if host is None:
        if version == "1.1":
            raise malformed("The header Host is missing.")
    elif _HOST.fullmatch(host) is None:
        raise malformed("The header Host names no host.")
    coding = fields.get(b"transfer-encoding")
    if coding is not None:
        _check_transfer_coding(version, coding.lower())


def _check_transfer_coding(version: str, coding: bytes) -> None:
    if version == "1.0":
        raise malformed("HTTP/1.0 has no Transfer-Encoding.")
    codings = [each.strip(WHITESPACE) for each in coding.split(b",")]
    if any(each != b"chunked" for each in codings):
        raise unknown_transfer_coding()
    if len(codings) > 1:
        raise malformed("A body is chunked once.")


def entity_tags(value: str) -> list[tuple[bool, str]] | None:
    """Return the entity tags of If-Match or If-None-Match, each with whether it is weak; None when it is no such list.

    A tag may hold a comma, so the list is not simply split.
    """
    tags: list[tuple[bool, str]] = []
    rest = value.strip(_SEPARATORS)
    while rest:
        match = _ENTITY_TAG.match(rest)
        if match is None:
            return None
        tags.append((match[1] is not None, match[2]))
        behind = rest[match.end() :]
        rest = behind.lstrip(_SEPARATORS)
        if rest and "," not in behind[: len(behind) - len(rest)]:
            return None
    return tags


def strong_tags(if_match: str) -> frozenset[str] | None:
    """Return the tags of If-Match of which one must be the current one; None when any will do.

    A weak tag matches nothing there, and a value that is no list has no tags.
    """
    if if_match.strip() == "*":
        return None
    return frozenset(tag for is_weak, tag in entity_tags(if_match) or () if not is_weak)


def revisions_of(if_match: str | None) -> frozenset[int] | None:
    """Return the revisions of which If-Match wants one to be the current; None when any will do.

    The entity tag of a thing that has revisions is the number of the one in force. A tag that is no number is of none.
    """
    tags = None if if_match is None else strong_tags(if_match)
    return None if tags is None else frozenset(int(found[1]) for found in map(_NUMBER_TAG.fullmatch, tags) if found)


def is_none_match(if_none_match: str, current: str) -> bool:
    """Return whether If-None-Match lets the whole answer be sent: none of its tags is weakly the current one."""
    if if_none_match.strip() == "*":
        return False
    return all(tag != current.removeprefix("W/") for _, tag in entity_tags(if_none_match) or ())


def preferred(accept: str, offered: Sequence[str]) -> str | None:
    """Return which of some media types a client likes best, by its header Accept (RFC 9110, section 12.5.1).

    Of equally good ones it is the one that the header names first, and then the one that is offered first.

    Args:
        accept: the header; one that is empty accepts everything.
        offered: types such as `application/json`, at least one.

    Returns:
        None if it accepts none of them.
    """
    ranges = {name: (quality, -place) for place, (name, quality) in enumerate(_media_ranges(accept or "*/*"))}
    liked = []
    for media_type in offered:
        # The most specific range counts, not the best one.
        names = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
        liked.append(next((ranges[name] for name in names if name in ranges), _NOT_AT_ALL))
    best = max(liked)
    return offered[liked.index(best)] if best[0] > 0 else None


def preferred_language(accepted: str, offered: Sequence[str]) -> str:
    """Return which of some languages a reader likes best, by the header Accept-Language; the first one if none.

    Args:
        accepted: the header; `de-AT` likes `de` too (RFC 4647, section 3.4).
        offered: codes such as `de`, at least one.
    """
    liked: dict[str, tuple[float, int]] = {}
    for place, (name, quality) in enumerate(_media_ranges(accepted)):
        liked.setdefault(name.partition("-")[0], (quality, -place))
    best = max(offered, key=lambda code: liked.get(code, _NOT_AT_ALL))
    return best if liked.get(best, _NOT_AT_ALL)[0] > 0 else offered[0]


def _media_ranges(accept: str) -> Iterator[tuple[str, float]]:
    """Yield each media range with its quality; one whose quality is no number from 0 to 1 is as if it had none."""
    for each in accept.lower().split(","):
        name, *parameters = (part.strip() for part in each.split(";"))
        qualities = [match[1] for match in map(_QUALITY.fullmatch, parameters) if match]
        if name:
            yield name, float(qualities[0]) if qualities else 1.0
