"""Strict JSON against a slow reference made of the standard library's parser and a walk over its tokens."""

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plaudit.common.strict_json import (
    MAX_DEPTH,
    MAX_NODES,
    MAX_NUMBER_CHARS,
    MAX_STRING_BYTES,
    InvalidJsonError,
    loads,
)


class RefusedError(Exception):
    pass


class Members(dict):
    """An object as the reference keeps it."""


def reference_number(text):
    exponent = re.search("[eE](.*)", text)
    if len(text) > MAX_NUMBER_CHARS or (exponent and int(exponent[1]) > 308):
        raise RefusedError
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise RefusedError
    return number if re.search("[.eE]", text) else int(text)


def reference_constant(_):
    raise RefusedError


def reference_members(pairs):
    if len({key for key, _ in pairs}) != len(pairs):
        raise RefusedError
    return Members(pairs)


def reference_text(text):
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text):
        raise RefusedError


def reference_walk(value, depth=0):
    """Return the number of values."""
    if isinstance(value, str):
        reference_text(value)
        return 1
    if not isinstance(value, (list, dict)):
        return 1
    if depth + 1 > MAX_DEPTH:
        raise RefusedError
    if isinstance(value, dict):
        for key in value:
            reference_text(key)
        value = list(value.values())
    return 1 + sum(reference_walk(item, depth + 1) for item in value)


def reference_loads(body, max_nodes=MAX_NODES):
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=reference_members,
            parse_constant=reference_constant,
            parse_int=reference_number,
            parse_float=reference_number,
        )
    except (ValueError, RecursionError) as error:
        raise RefusedError from error
    if reference_walk(value) > max_nodes:
        raise RefusedError
    return value


def outcome(parse, body, **limits):
    try:
        return json.dumps(parse(body, **limits), sort_keys=True)
    except (InvalidJsonError, RefusedError):
        return "refused"


KEYS = st.sampled_from(["a", "b", "a:b", '"', "é", "\\", "::", "e400", "{[", "\t"]) | st.text(max_size=3)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**70), 10**70)
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(max_size=12)
)
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5))


@given(tree=TREES, ascii_only=st.booleans(), indent=st.none() | st.just(1))
def test_what_the_standard_library_writes_is_read_as_the_reference_reads_it(tree, ascii_only, indent):
    body = json.dumps(tree, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
    assert outcome(loads, body) == outcome(reference_loads, body)


TOKENS = st.sampled_from(
    [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        '"',
        "\\",
        "\\u003a",
        "\\u003A",
        "\\u0000",
        "\\\\u0000",
        "\\u0061",
        "\\ud83d\\ude00",
        "\\ud83d",
        "\\udc00",
        '"a"',
        '"a":',
        '"b":1',
        '{"a":1}',
        "1",
        "0",
        "-",
        ".",
        "e",
        "E+",
        "400",
        "e-309",
        "e308",
        "e0000001",
        "1.5",
        "1" * 62,
        "NaN",
        "Infinity",
        "null",
        "true",
        " ",
        "\n",
        "\t",
        "\0",
        "\x7f",
        "é",
        "\ufeff",
    ]
)


@given(st.lists(TOKENS, max_size=30).map("".join))
@example('{"a":1,"a":2}')
@example('{"a":1,"\\u0061":2}')
@example('{"a":1,"b\\u003a":{"c":1,"c":2}}')
@example('{"a":"x:y","a":"x"}')
@example('{"a":1,"b":"\\u003a","a":2}')
@example('"\\\\u0000"')
@example('"\\\\\\u0000"')
@example("1e308")
@example("[1E+309]")
@example("[1e-309]")
@example("5e-324")
@example("1e-400")
@example("-1E-0000400")
@example("1e-99999999999999999999")
@example("0e-999")
@example("1e131071")
@example("12345e308")
@example("0." + "0" * 70 + "1")
@example("-" + "1" * 63)
@example("-" + "1" * 64)
@example("[" * 32 + "]" * 32)
@example("[" * 33 + "]" * 33)
@example('"\\"{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{"')
@example("\ufeff1")
@example("")
def test_any_string_of_tokens_is_taken_or_refused_as_by_the_reference(text):
    body = text.encode()
    assert outcome(loads, body) == outcome(reference_loads, body)


@given(st.binary(max_size=40))
def test_any_bytes_are_taken_or_refused_as_by_the_reference(body):
    assert outcome(loads, body) == outcome(reference_loads, body)


@given(tree=TREES, max_nodes=st.integers(1, 12))
def test_the_node_limit_counts_exactly(tree, max_nodes):
    body = json.dumps(tree, indent=1).encode()
    assert outcome(loads, body, max_nodes=max_nodes) == outcome(reference_loads, body, max_nodes=max_nodes)


@given(
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    room=st.integers(-2, 2),
)
def test_the_string_limit_counts_the_bytes_between_the_quotes(text, room):
    written = json.dumps(text, ensure_ascii=False).encode()
    length_bytes = len(written) - 2
    body = b'{"a":[' + written + b"]}"
    limit_bytes = max(length_bytes + room, 1)
    if length_bytes <= limit_bytes:
        assert loads(body, max_string_bytes=limit_bytes) == {"a": [text]}
    else:
        with pytest.raises(InvalidJsonError) as refusal:
            loads(body, max_string_bytes=limit_bytes)
        assert refusal.value.reason == "string_too_long"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a":"\xff"}', "not_utf8"),
        (b'{"a":"\xed\xa0\x80"}', "not_utf8"),
        (b"", "malformed"),
        (b'{"a":1', "malformed"),
        (b'{"a":1} x', "malformed"),
        (b'{"a":NaN}', "malformed"),
        (b'{"a":-Infinity}', "malformed"),
        (b'"a\x00b"', "malformed"),
        (b'"\\ud800"', "malformed"),
        (b"[" * 33 + b"]" * 33, "too_deep"),
        (b"[" * 5_000, "too_deep"),
        (b"[" + b"0," * 100_000 + b"0]", "too_many_nodes"),
        (b'{"rating":1e131071}', "number"),
        (b'{"rating":12345e308}', "number"),
        (b"1" * 65, "number"),
        (b"9" * 5_000, "number"),
        (b'"' + b"x" * (MAX_STRING_BYTES + 1) + b'"', "string_too_long"),
        (b'{"' + b"x" * (MAX_STRING_BYTES + 1) + b'":1}', "string_too_long"),
        (b'{"a":"\\u0000"}', "nul"),
        (b'{"\\u0000":1}', "nul"),
        (b'{"a":{"b":1,"b":2}}', "duplicate_key"),
    ],
)
def test_a_refusal_says_why(body, reason):
    with pytest.raises(InvalidJsonError) as refusal:
        loads(body)
    assert refusal.value.reason == reason
    assert str(refusal.value)


def test_a_duplicate_key_is_named():
    with pytest.raises(InvalidJsonError, match="'rating'"):
        loads(b'{"id":"r1","rating":5,"rating":1}')


def test_a_key_may_stand_once_in_each_object():
    assert loads(b'[{"a":1},{"a":2,"b":{"a":3}}]') == [{"a": 1}, {"a": 2, "b": {"a": 3}}]


@pytest.mark.parametrize("piece", [b'\\"', b"\\\\", b'"', b"\\", b'"\\', b'a"', b'["'])
def test_four_mebibytes_of_hostile_quotes_are_refused_in_one_pass(piece):
    """A retrying scan would need hours here; the test's own timeout is the limit."""
    body = b'"' + piece * (4 * 1024 * 1024 // len(piece))
    with pytest.raises(InvalidJsonError):
        loads(body)


@pytest.mark.parametrize(
    ("number", "value"), [("5e-324", 5e-324), ("1e-400", 0.0), ("2.5E-308", 2.5e-308), ("0e-999", 0.0)]
)
def test_a_number_may_be_as_near_to_zero_as_it_likes(number, value):
    assert loads(f'{{"a":{number}}}'.encode()) == {"a": value}


def test_a_string_of_more_than_a_quarter_of_a_mebibyte_is_taken():
    assert loads(b'"' + b"x" * 262_145 + b'"') == "x" * 262_145
    assert loads(b'"' + b"\\u00e9" * 60_000 + b'"') == "é" * 60_000
