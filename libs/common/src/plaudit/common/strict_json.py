r"""Strict JSON from unknown senders: one decode in C, and the rules that the decoder does not check.

msgspec refuses invalid UTF-8, NaN and Infinity, raw control characters, lone surrogates and numbers beyond a float64,
and stops at deep nesting. This module adds limits of nesting and nodes, `\u0000`, long numbers, extreme exponents, long
strings and duplicate keys. Cheap tests over the whole body clear most bodies at once; only for the others the strings
are cut out, and the rest is checked exactly.

Duplicate keys are found without looking at keys: a decoded object keeps one member of each name, so its encoding has
fewer colons than the body when a key was repeated, and otherwise exactly as many.

`loads` is the reference. `loads_by_value` is for a body of many events, of which one must not cost the others: what
`loads` refuses in one place becomes an `Unusable` in that place. `plain_decoder` is for a body of a known type that is
read often: it decodes straight into the type, and gives up on every body that it cannot clear at once, which then goes
to `loads`.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable
from itertools import chain
from typing import Final, TypeVar

import msgspec

LOST: Final = "\ufffd"
"""Stands for half of a surrogate pair, and for a NUL, which no database text can keep."""
MAX_NODES: Final = 100_000
"""Values in one body, with containers and without keys."""
MAX_DEPTH: Final = 32
MAX_STRING_BYTES: Final = 4 * 1024 * 1024
"""Of one string or key with its escapes: as much as a body may hold, so that a long text is cut and not refused."""
MAX_NUMBER_CHARS: Final = 64
MAX_EXPONENT: Final = 308
"""Beyond it, a number has 300 digits in a database. One so small that no float is nearer than zero is read as zero."""

LIMITS: Final = (
    f"at most {MAX_NODES:,} values, nested at most {MAX_DEPTH} deep, and numbers of at most {MAX_NUMBER_CHARS} "
    f"characters with an exponent of at most {MAX_EXPONENT}"
)
"""In words."""

Value = TypeVar("Value")

_NUMBER_MARKS: Final = 6
"""Characters beside the digits of a number whose exponent has at most two digits: two signs, point, e and these two."""
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_.$-]{0,99}")
_NUMBER = re.compile(rb"-?[0-9][0-9.eE+-]*+")
_EXPONENT = re.compile(rb"[eE]\+?0*+([0-9]++)")
"""A negative one has no limit."""
_NO_TEXT = re.compile("[\ud800-\udfff\0]")
_WHITESPACE = b" \t\r\n"
_NOT_A_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_AS_BRACES = bytes.maketrans(b"[]", b"{}")
_AS_ZEROS = bytes.maketrans(b"123456789E", b"000000000e")
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class InvalidJsonError(ValueError):
    """A body that is not strict JSON.

    `reason` is a stable word: `not_utf8`, `malformed`, `too_deep`, `too_many_nodes`, `number`, `string_too_long`,
    `nul`, `duplicate_key`. The text says the same for people.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def loads(body: bytes, *, max_nodes: int = MAX_NODES, max_string_bytes: int = MAX_STRING_BYTES) -> object:
    """Return the value of a JSON document, or raise `InvalidJsonError` and nothing else.

    A scalar has depth 0, `[[]]` depth 2. `max_nodes` counts values, `max_string_bytes` the bytes between the quotes.
    A body of 600 bytes takes about 4 µs more than decoding it.
    """
    if len(body) > min(2 * max_nodes, max_string_bytes) or may_hold_an_extreme_number(body):
        _check_exactly(body, max_nodes, max_string_bytes)
        value = _decoded(body)
    else:
        value = _decoded(body)
        # To walk over what was decoded costs a third of cutting the strings out.
        if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _is_deeper(value):
            raise _too_deep()
    escaped_colon = False
    if b"\\" in body and b"\\u00" in body:
        if b"\\u0000" in body.replace(b"\\\\", b"__"):
            raise InvalidJsonError("nul", "a string holds \\u0000, which no database text can keep")
        escaped_colon = b"\\u003a" in body or b"\\u003A" in body
    # An escaped colon counts in the encoding only, so the two counts cannot be compared then.
    if escaped_colon or body.count(b":") != _encode(value).count(b":"):
        _check_keys(body)
    return value


class Unusable:
    """A value that strict JSON refuses, in the place where it stood; the text says why.

    A library that converts values names its class as what it has got in place of what it expected, so each reason that
    a field can have is a class of its own.
    """

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def __str__(self) -> str:
        return self._reason


class NotANumber(Unusable):
    """NaN or an infinity."""


class ExtremeNumber(Unusable):
    """A number that is too long or too large."""


class RepeatedKey(Unusable):
    """An object in which a key stands twice."""


def loads_by_value(body: bytes) -> object:
    """Return the value of a JSON document in which single values may be `Unusable`.

    Those are NaN and infinities, numbers that are too long or too large, and objects with a key twice. Half of a
    surrogate pair and a NUL become U+FFFD. It is many times slower than `loads`.

    Raises:
        InvalidJsonError: it is not JSON, nested too deep, or of too many values.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise InvalidJsonError("not_utf8", "the body is not valid UTF-8") from error
    _check_size(_skeleton(body)[0], MAX_NODES)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_members,
            parse_constant=lambda name: NotANumber(f"{name} is no number"),
            parse_int=lambda number: _number(number, int),
            parse_float=lambda number: _number(number, float),
        )
    except json.JSONDecodeError as error:
        raise InvalidJsonError("malformed", f"{error.msg} at character {error.pos}") from error
    except RecursionError as error:
        raise InvalidJsonError("too_deep", "the body is nested too deeply") from error
    return _mended(value)


def _members(pairs: list[tuple[str, object]]) -> object:
    try:
        return _refuse_duplicates(pairs)
    except InvalidJsonError as error:
        return RepeatedKey(str(error))


def _number(number: str, convert: Callable[[str], float]) -> object:
    try:
        _check_number(number.encode())
    except InvalidJsonError as error:
        return ExtremeNumber(str(error))
    value = convert(number)
    return ExtremeNumber("a number is too large for a 64-bit float") if value in {math.inf, -math.inf} else value


def _mended(value: object) -> object:
    if isinstance(value, str):
        return _NO_TEXT.sub(LOST, value)
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_NO_TEXT.sub(LOST, name): _mended(item) for name, item in value.items()}
    return value


def plain_decoder(decode: Callable[[bytes], Value]) -> Callable[[bytes], Value | None]:
    r"""Return a decoder that gives the typed value of a body that it clears, and None for every other.

    It clears what `loads` takes too, with the same members: UTF-8, no `\u0000`, no key twice, none that the type does
    not know, no long string. The caller checks long and extreme numbers (`may_hold_an_extreme_number`).

    Args:
        decode: the `decode` of a decoder of one type, whose values are never nested deeper than `MAX_DEPTH` or made of
            more than `MAX_NODES` values, and in which a field that may be absent is UNSET then. With another default,
            the default's quotes could stand for those of a repeated key.
    """

    def decode_plain(body: bytes) -> Value | None:
        # No string is longer than the body.
        if len(body) > MAX_STRING_BYTES or (b"\\" in body and (b"\\u0000" in body or b"\\u0022" in body)):
            return None
        try:
            value = decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        # A repeated key and one that the type does not know are dropped, with at least two quotes. Nothing else adds
        # quotes or takes them away, now that none is written as \u0022.
        return value if _encode(value).count(b'"') == body.count(b'"') else None

    return decode_plain


def _decoded(body: bytes) -> object:
    try:
        return _decode(body)
    except UnicodeDecodeError as error:
        raise InvalidJsonError("not_utf8", "the body is not valid UTF-8") from error
    except msgspec.ValidationError as error:
        raise InvalidJsonError("number", f"a number is too large for a 64-bit float: {error}") from error
    except msgspec.DecodeError as error:
        raise InvalidJsonError("malformed", str(error)) from error
    except RecursionError as error:
        raise InvalidJsonError("too_deep", "the body is nested too deeply") from error


def _check_exactly(body: bytes, max_nodes: int, max_string_bytes: int) -> None:
    """Apply the limits exactly, to the body with every string made empty.

    Backslashes occur in strings only, so without the escaped quotes, quotes separate strings from structure. A body
    where that is not so is malformed, and the decoder refuses it.
    """
    skeleton, strings = _skeleton(body)
    if max(map(len, strings), default=0) > max_string_bytes:
        raise InvalidJsonError("string_too_long", f"a string is longer than {max_string_bytes} bytes")
    _check_size(skeleton, max_nodes)
    if may_hold_an_extreme_number(skeleton):
        for match in _NUMBER.finditer(skeleton):
            _check_number(match[0])


def _skeleton(body: bytes) -> tuple[bytes, list[bytes]]:
    """Return a body without whitespace and with every string made empty, and the strings."""
    parts = body.replace(b"\\\\", b"__").replace(b'\\"', b"__").split(b'"')
    return b'""'.join(parts[::2]).translate(None, _WHITESPACE), parts[1::2]


def _check_size(skeleton: bytes, max_nodes: int) -> None:
    _check_depth(skeleton)
    # A container that is not empty has one value more than it has commas.
    opened = skeleton.count(b"{") + skeleton.count(b"[") - skeleton.count(b"{}") - skeleton.count(b"[]")
    if 1 + skeleton.count(b",") + opened > max_nodes:
        raise InvalidJsonError("too_many_nodes", f"the body holds more than {max_nodes} values")


def may_hold_an_extreme_number(text: bytes) -> bool:
    """Return False only if no number is longer than the limit or has a three-digit exponent; text can match too."""
    digits = text.translate(_AS_ZEROS, b"+-.")
    return b"0e000" in digits or b"0" * (MAX_NUMBER_CHARS - _NUMBER_MARKS) in digits


def _check_depth(skeleton: bytes) -> None:
    """Remove the innermost pairs as often as the limit allows; what is left is nested deeper, or malformed."""
    pairs = skeleton.translate(_AS_BRACES, _NOT_A_BRACKET)
    for _ in range(MAX_DEPTH):
        inner, pairs = pairs, pairs.replace(b"{}", b"")
        if len(inner) == len(pairs):
            return
    if pairs:
        raise _too_deep()


def _is_deeper(value: object) -> bool:
    """Say whether a decoded value is nested deeper than the limit, level by level."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(MAX_DEPTH):
        members = [outer.values() if isinstance(outer, dict) else outer for outer in level]
        level = [inner for inner in chain.from_iterable(members) if isinstance(inner, (dict, list))]
    return bool(level)


def _too_deep() -> InvalidJsonError:
    return InvalidJsonError("too_deep", f"the body is nested deeper than {MAX_DEPTH}")


def _check_number(number: bytes) -> None:
    if len(number) > MAX_NUMBER_CHARS:
        raise InvalidJsonError("number", f"a number has more than {MAX_NUMBER_CHARS} characters")
    exponent = _EXPONENT.search(number)
    if exponent and int(exponent[1]) > MAX_EXPONENT:
        raise InvalidJsonError("number", f"a number has an exponent beyond {MAX_EXPONENT}")


def _check_keys(body: bytes) -> None:
    """Find a duplicate key by its name: slow, for the message and for bodies whose colons cannot be compared."""
    json.loads(body, object_pairs_hook=_refuse_duplicates)


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        [(key, _)] = Counter(key for key, _ in pairs).most_common(1)
        # A key that is no name may be what a person wrote, which goes into no answer and no log.
        named = f"the key {key!r}" if _NAME.fullmatch(key) else "a key"
        raise InvalidJsonError("duplicate_key", f"{named} stands twice in one object")
    return members
