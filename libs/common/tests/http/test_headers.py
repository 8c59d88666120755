"""One reader of headers: what is joined, what is refused, and what a head must say about its message."""

import pytest

from plaudit.common.http.headers import (
    check_framing,
    entity_tags,
    is_none_match,
    preferred,
    read_headers,
    revisions_of,
    strong_tags,
)
from plaudit.common.http.problems import Problem


def refusal_of(version: str, fields: dict[bytes, bytes]) -> tuple[int, str] | None:
    try:
        check_framing(version, fields)
    except Problem as problem:
        return problem.status, problem.slug
    return None


def test_the_lines_of_a_list_are_joined_in_their_order() -> None:
    lines = [(b"accept", b"text/html"), (b"tracestate", b"a=1"), (b"accept", b"*/*"), (b"tracestate", b"b=2")]
    assert read_headers(lines) == {b"accept": b"text/html, */*", b"tracestate": b"a=1, b=2"}


def test_the_lines_of_cookies_are_joined_as_cookies_are() -> None:
    assert read_headers([(b"cookie", b"a=1"), (b"cookie", b"b=2")]) == {b"cookie": b"a=1; b=2"}


@pytest.mark.parametrize("name", ["host", "content-type", "content-length", "authorization", "idempotency-key"])
def test_a_header_of_one_value_is_refused_when_it_comes_twice_even_with_the_same_value(name: str) -> None:
    with pytest.raises(Problem) as refused:
        read_headers([(name.encode(), b"1"), (b"accept", b"*/*"), (name.encode(), b"1")])
    assert (refused.value.status, refused.value.slug) == (400, "repeated-header")
    assert name in refused.value.detail


def test_two_traceparents_are_none_and_take_the_state_with_them() -> None:
    lines = [(b"traceparent", b"a"), (b"tracestate", b"x=1"), (b"traceparent", b"b"), (b"host", b"h")]
    assert read_headers(lines) == {b"host": b"h"}


@pytest.mark.parametrize("host", [b"a", b"a.example", b"a.example:80", b"a.example:", b"127.0.0.1:1", b"[::1]:8001"])
def test_a_host_is_a_name_or_an_address_with_or_without_a_port(host: bytes) -> None:
    assert refusal_of("1.1", {b"host": host}) is None
    assert refusal_of("1.0", {b"host": host}) is None


@pytest.mark.parametrize(
    "host",
    [b"", b"a b", b"a, b", b"user@a", b"a/b", b"a:x", b"a:800000", b"[::1", b"::1", b"[g]", b"\xff", b"a" * 256],
)
def test_a_host_that_names_none_is_a_400(host: bytes) -> None:
    assert refusal_of("1.1", {b"host": host}) == (400, "malformed-http")
    assert refusal_of("1.0", {b"host": host}) == (400, "malformed-http")


def test_only_http_1_0_needs_no_host() -> None:
    assert refusal_of("1.0", {}) is None
    assert refusal_of("1.1", {}) == (400, "malformed-http")


@pytest.mark.parametrize("version", ["0.9", "2.0"])
def test_another_version_of_http_is_a_400(version: str) -> None:
    assert refusal_of(version, {b"host": b"a"}) == (400, "malformed-http")


@pytest.mark.parametrize(
    ("coding", "expected"),
    [
        (b"chunked", None),
        (b"Chunked", None),
        (b"gzip, chunked", (501, "unknown-transfer-coding")),
        (b"identity", (501, "unknown-transfer-coding")),
        (b"chunked, gzip", (501, "unknown-transfer-coding")),
        (b"xchunked", (501, "unknown-transfer-coding")),
        (b"", (501, "unknown-transfer-coding")),
        (b"chunked, chunked", (400, "malformed-http")),
    ],
)
def test_a_body_is_chunked_once_and_coded_in_no_other_way(coding: bytes, expected: tuple[int, str] | None) -> None:
    fields = {b"host": b"a", b"transfer-encoding": coding}
    assert refusal_of("1.1", fields) == expected
    assert refusal_of("1.0", fields) == (400, "malformed-http")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"1"', [(False, '"1"')]),
        ('W/"1"', [(True, '"1"')]),
        ('"1","2" ,\tW/"3",', [(False, '"1"'), (False, '"2"'), (True, '"3"')]),
        ('"a,b", ""', [(False, '"a,b"'), (False, '""')]),
        ("", []),
        ("1", None),
        ('"1" "2"', None),
        ('"1', None),
        ('w/"1"', None),
    ],
)
def test_entity_tags_are_read_as_a_list(value: str, expected: list[tuple[bool, str]] | None) -> None:
    assert entity_tags(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("*", None),
        (" * ", None),
        ('"2"', {'"2"'}),
        ('"1", "2"', {'"1"', '"2"'}),
        (' "2" ,W/"1"', {'"2"'}),
        ('W/"2"', set()),
        ("2", set()),
        ("", set()),
        ('"1", 2, "2"', set()),
    ],
)
def test_a_change_needs_one_of_the_strong_tags(value: str, expected: set[str] | None) -> None:
    assert strong_tags(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("*", None),
        ('"3"', {3}),
        ('"3", "12"', {3, 12}),
        ('W/"3"', set()),
        ('"x", "3x", ""', set()),
        ("3", set()),
        ('"' + "9" * 4_000 + '"', set()),
    ],
)
def test_the_tag_of_a_thing_with_revisions_is_their_number(value: str | None, expected: set[int] | None) -> None:
    assert revisions_of(value) == expected


@pytest.mark.parametrize("value", ['"2"', 'W/"2"', '"1", W/"2"', "*"])
def test_nothing_is_sent_again_to_who_knows_it(value: str) -> None:
    assert not is_none_match(value, '"2"')


@pytest.mark.parametrize("value", ['"1"', "2", "", 'W/"22"'])
def test_the_answer_is_sent_to_who_does_not_know_it(value: str) -> None:
    assert is_none_match(value, '"2"')


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("TEXT/CSV ; Q=1.0", "text/csv"),
        ("text/csv, application/json", "text/csv"),
        ("text/csv;q=0.1, application/json", "application/json"),
        ("application/json;q=0.8, text/csv;q=0.9, */*;q=0.1", "text/csv"),
        ("application/json;q=0, */*", "application/jsonl"),
        ("text/*, */*;q=0.5", "text/csv"),
        ("text/*;q=0.9, text/csv;q=0, application/jsonl;q=0.2", "application/jsonl"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"),
        ("text/csv;header=present;q=0.5, application/json;q=0.4", "text/csv"),
        ("text/csv;q=none, application/json;q=0.5", "text/csv"),
        ("text/csv;q=0", None),
        ("image/png, , ;q=1", None),
    ],
)
def test_the_best_liked_media_type_is_the_one_that_accept_prefers(accept: str, wanted: str | None) -> None:
    assert preferred(accept, ["application/json", "application/jsonl", "text/csv"]) == wanted
