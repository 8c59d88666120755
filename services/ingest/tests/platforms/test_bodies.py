"""CloudEvents over HTTP in all their forms, and a document on each line."""

import base64
import json

import pytest

from plaudit.common.strict_json import InvalidJsonError
from plaudit.ingest.platforms import ADAPTERS, UnusableBodyError
from plaudit.ingest.platforms.adapter import MAX_EVENTS
from plaudit.ingest.platforms.bodies import decode_events
from plaudit.ingest.reviews.domain.instructions import CreateReview, Ignored, Quarantined, RemoveReview
from plaudit_testing.platforms import source_of
from plaudit_testing.shared import shared

DATA = {"id": "r-1", "rating": 4, "published_at": "2026-02-14T10:15:30Z"}
PLAIN = {"type": "review.created", "data": DATA}
EVENT = {"specversion": "1.0", "id": "e-1", "source": "/shop", **PLAIN}
JSON_LINES = {b"content-type": b"application/x-ndjson; charset=utf-8"}


def read(body, headers=None):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ADAPTERS["native"].read(body, source_of("native"), headers or {})


PLAINLY = read(PLAIN)


def test_every_form_of_a_cloud_event_says_the_same_as_the_plain_event():
    binary = {b"content-type": b"application/json", b"ce-specversion": b"1.0", b"ce-type": b"review.created"}
    in_base64 = {**EVENT, "data_base64": base64.b64encode(json.dumps(DATA).encode()).decode()}
    del in_base64["data"]
    assert isinstance(PLAINLY[0], CreateReview)
    assert read(EVENT, {b"content-type": b"application/cloudevents+json"}) == PLAINLY
    assert read([EVENT, EVENT], {b"content-type": b"application/cloudevents-batch+json"}) == PLAINLY * 2
    assert read(DATA, binary) == PLAINLY
    assert read(in_base64) == PLAINLY


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("review.created", "review.created"),
        ('"review.created"', "review.created"),
        (r'"review\.\"created\""', 'review."created"'),
        ("review%2Ecreated", "review.created"),
        ('"a%20b"', "a b"),
        ("%C3%A9%F0%9F%98%80", "é😀"),
        ("%2520", "%20"),
        ('"open', '"open'),
        (r'"a\"', r'"a\"'),
        ('""', ""),
        ("100%", "100%"),
    ],
)
def test_an_attribute_in_a_header_is_unquoted_and_decoded_once(written, meant):
    headers = {b"content-type": b"application/json", b"ce-specversion": b'"1.0"', b"ce-type": written.encode()}
    decoded = decode_events(json.dumps(DATA).encode(), headers)
    assert isinstance(decoded, dict)
    assert (decoded["type"], decoded["specversion"]) == (meant, "1.0")


@pytest.mark.parametrize("written", [b"%FF", b"/shop%C3", b'"%ED%A0%80"'])
def test_an_attribute_that_is_no_utf_8_is_quarantined(written):
    headers = {b"content-type": b"application/json", b"ce-specversion": b"1.0", b"ce-source": written}
    assert read(DATA, {**headers, b"ce-type": b"review.created"}) == [
        Quarantined("source: must be UTF-8 where it is percent-encoded")
    ]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({**EVENT, "specversion": "0.3"}, "specversion"),
        ({**EVENT, "specversion": None}, "specversion"),
        ({"specversion": "1.0", "type": "review.created", "data_base64": "?"}, "data_base64"),
        ({"specversion": "1.0", "type": "review.created", "data_base64": "ew=="}, "data_base64"),
    ],
)
def test_a_cloud_event_that_cannot_be_read_costs_no_other(event, reason):
    wrong, right = read([event, EVENT])
    assert isinstance(wrong, Quarantined)
    assert wrong.reason.startswith(reason)
    assert [right] == PLAINLY


def test_data_that_is_no_json_is_refused_and_says_so():
    headers = {b"content-type": b"text/plain", b"ce-specversion": b"1.0", b"ce-type": b"review.created"}
    with pytest.raises(UnusableBodyError, match="content-type"):
        read(b"Hello", headers)
    with pytest.raises(InvalidJsonError):
        read(b"Hello", {**headers, b"content-type": b"application/json"})


def test_the_published_bindings_are_decoded():
    bindings = json.loads(shared("vectors", "cloudevents_bindings.json").read_text())["http"]
    for binding in bindings:
        headers = {name.encode(): value.encode() for name, value in binding.get("headers", {}).items()}
        headers[b"content-type"] = binding["content_type"].encode()
        decoded = decode_events(binding["body"].encode(), headers)
        assert decoded == {**binding["attributes"], "data": binding["data"]}
    assert [binding["mode"] for binding in bindings] == ["binary", "binary", "structured", "structured"]


def test_each_line_is_an_event_of_its_own():
    removed = {"type": "review.removed", "data": {"id": "r-2"}}
    lines = [json.dumps(PLAIN).encode(), b"", b'{"type":', b"\xff", b'{"a":1,"a":2}', json.dumps(removed).encode()]
    items = read(b"\r\n".join(lines) + b"\n", JSON_LINES)
    assert [type(item) for item in items] == [CreateReview, Quarantined, Quarantined, Quarantined, RemoveReview]
    assert [item.reason.partition(":")[0] for item in items[1:4]] == ["line 3", "line 4", "line 5"]


def test_a_cloud_event_of_another_type_is_ignored():
    other, right = read([{"specversion": "1.0", "type": "com.example.other", "data": {}}, EVENT])
    assert isinstance(other, Ignored)
    assert [right] == PLAINLY


def test_there_are_at_most_a_thousand_lines():
    assert read(b"", JSON_LINES) == []
    with pytest.raises(UnusableBodyError, match="at most 1,000"):
        read(b"{}\n" * (MAX_EVENTS + 1), JSON_LINES)
