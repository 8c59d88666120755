"""The strict CloudEvents reader and the relay's splice."""

import json
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from plaudit.common.events.numbering import splice
from plaudit.common.strict_json import loads
from plaudit_testing.cloudevents import MEDIA_TYPE, InvalidEventError, decode, parse_time

VECTORS = Path(
    os.environ.get("PLAUDIT_SHARED", Path(__file__).parents[5] / "shared"), "vectors/cloudevents_bindings.json"
)
needs_vectors = pytest.mark.skipif(not VECTORS.exists(), reason=f"no published vectors at {VECTORS}")
PUBLISHED = json.loads(VECTORS.read_text()) if VECTORS.exists() else {"http": [], "kafka": [], "minimum_events": []}
STRUCTURED = [case for case in PUBLISHED["http"] + PUBLISHED["kafka"] if case["mode"] == "structured"]

REQUIRED = {"id": "e-1", "source": "/plaudit/ingest", "specversion": "1.0", "type": "review.created"}


def event(*, leave_out=(), **members):
    kept = {name: value for name, value in {**REQUIRED, **members}.items() if name not in leave_out}
    return json.dumps(kept).encode()


def refusal(value, content_type=MEDIA_TYPE):
    with pytest.raises(InvalidEventError) as refused:
        decode(content_type, value)
    return str(refused.value)


def test_the_required_attributes_suffice():
    read = decode(MEDIA_TYPE, event())
    assert (read.id, read.source, read.specversion, read.type) == ("e-1", "/plaudit/ingest", "1.0", "review.created")
    assert (read.time, read.subject, read.datacontenttype, read.dataschema) == (None, None, None, None)
    assert (read.extensions, read.data, read.has_data) == ({}, None, False)


def test_every_attribute_and_the_data_are_read():
    read = decode(
        MEDIA_TYPE,
        event(
            time="2026-03-07T10:30:12.25+01:00",
            subject="acme/berlin",
            datacontenttype="application/json",
            dataschema="https://plaudit.example/schemas/review.created.json",
            tenant="default",
            sequence="00000000000000000001",
            retries=3,
            replayed=False,
            data={"rating": 4},
        ),
    )
    assert read.time == datetime(2026, 3, 7, 9, 30, 12, 250_000, UTC)
    assert read.subject == "acme/berlin"
    assert read.datacontenttype == "application/json"
    assert read.dataschema == "https://plaudit.example/schemas/review.created.json"
    expected = {"tenant": "default", "sequence": "00000000000000000001", "retries": 3, "replayed": False}
    assert read.extensions == expected
    assert read.data == {"rating": 4}


def test_an_attribute_that_is_null_is_unset():
    read = decode(MEDIA_TYPE, event(time=None, subject=None, datacontenttype=None, dataschema=None, tenant=None))
    assert read == decode(MEDIA_TYPE, event())


def test_null_data_is_not_the_same_as_none():
    assert decode(MEDIA_TYPE, event(data=None)).has_data
    assert not decode(MEDIA_TYPE, event()).has_data


def test_base64_data_becomes_bytes():
    assert decode(MEDIA_TYPE, event(data_base64="AP8=")).data == b"\x00\xff"


@pytest.mark.parametrize("name", ["id", "source", "specversion", "type"])
def test_a_required_attribute_must_be_there_as_text(name):
    assert refusal(event(leave_out=[name])) == f"{name} is missing"
    for wrong in ["", 25, {"xyz": "abc"}, True]:
        assert refusal(event(**{name: wrong})).startswith(name)
    assert refusal(event(**{name: None})) == f"{name} is missing"


@pytest.mark.parametrize("name", ["subject", "datacontenttype", "dataschema", "time"])
def test_an_optional_attribute_is_text_or_absent(name):
    for wrong in ["", 25, [], False]:
        assert refusal(event(**{name: wrong})).startswith(name)


@pytest.mark.parametrize("version", ["0.3", "1.1", "1", "1.0.0"])
def test_only_version_one_is_taken(version):
    assert "specversion" in refusal(event(specversion=version))


@pytest.mark.parametrize(
    "time",
    [
        "lunchtime",
        "2018-04-05T18:31Z",
        "2018-04-05T18:31:00X",
        "2018-04-05T18:31:00+25:00",
        "2018-04-05T18:31:00+xx:00",
        "2018-04-05T18:31:00+05",
        "2018-04-05T18:31:00+0500",
        "2018-04-05T18:31:00",
        "2018-04-05 18:31:00Z",
        "2018-02-30T00:00:00Z",
        "2018-04-05T24:00:00Z",
        "2018-04-05T18:60:00Z",
        "2016-12-31T23:59:60Z",
        "2018-04-05T18:31:00.Z",
        "2018-04-05T18:31:00,5Z",
        "20180405T183100Z",
        "2018-W14-4T18:31:00Z",
        "0001-01-01T00:00:00+01:00",
        "2018-04-05T18:31:00Z ",
        "2018-04-05T18:31:00Z\n",
        "\u0662018-04-05T18:31:00Z",
    ],
)
def test_a_time_is_rfc_3339_with_seconds_and_a_zone(time):
    assert refusal(event(time=time)).startswith("time")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2018-04-05T17:31:00Z", datetime(2018, 4, 5, 17, 31, tzinfo=UTC)),
        ("2018-04-05t17:31:00z", datetime(2018, 4, 5, 17, 31, tzinfo=UTC)),
        ("2018-04-05T17:31:00.000000000Z", datetime(2018, 4, 5, 17, 31, tzinfo=UTC)),
        ("2018-04-05T17:31:00.123456789Z", datetime(2018, 4, 5, 17, 31, 0, 123_456, UTC)),
        ("2018-04-05T17:31:00.5Z", datetime(2018, 4, 5, 17, 31, 0, 500_000, UTC)),
        ("2018-04-05T18:31:00+01:00", datetime(2018, 4, 5, 17, 31, tzinfo=UTC)),
        ("2018-04-05T16:31:00-01:00", datetime(2018, 4, 5, 17, 31, tzinfo=UTC)),
        ("2018-04-05T17:31:00-00:00", datetime(2018, 4, 5, 17, 31, tzinfo=UTC)),
    ],
)
def test_one_instant_may_be_written_in_many_ways(text, instant):
    assert parse_time(text) == instant
    assert parse_time(text).tzinfo is UTC


@given(
    st.datetimes(timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))),
)
def test_a_written_instant_is_read_back(instant):
    assume(datetime(1, 1, 3, tzinfo=UTC) < instant < datetime(9999, 12, 29, tzinfo=UTC))
    assert parse_time(instant.isoformat()) == instant


@pytest.mark.parametrize(
    "name", ["MyExtension", "my.extension", "my_extension", "", "x" * 21, "é", "my-extension", " a"]
)
def test_an_extension_name_is_short_lower_case_letters_and_digits(name):
    assert "attribute name" in refusal(event(**{name: "x"}))


@pytest.mark.parametrize(
    "value", [1.5, 1.0, 2**31, -(2**31) - 1, {}, [], "a\nb", "\x7f", "\ufffe", "\U0001ffff", "\ufdd0"]
)
def test_an_extension_is_clean_text_a_boolean_or_a_small_integer(value):
    assert refusal(event(extension=value)).startswith("extension")


@pytest.mark.parametrize("value", ["", "Grüße 🌟", True, 2**31 - 1, -(2**31), "https://x.example", "TWE="])
def test_every_type_of_extension_is_taken(value):
    assert decode(MEDIA_TYPE, event(extension=value)).extensions == {"extension": value}


@pytest.mark.parametrize("source", ["#fragment", "/a/b", "//host/path", "urn:uuid:1", "https://x.example/?q=%20", "a"])
def test_a_source_is_a_uri_reference(source):
    assert decode(MEDIA_TYPE, event(source=source)).source == source


@pytest.mark.parametrize("source", ["a b", "%zz", "é", "a\\b", "<a>", "http://[::1"])
def test_a_source_that_is_none_is_refused(source):
    assert refusal(event(source=source)).startswith("source")


@pytest.mark.parametrize("schema", ["schema.json", "//host/schema", "#x"])
def test_a_data_schema_is_absolute(schema):
    assert refusal(event(dataschema=schema)).startswith("dataschema")


@pytest.mark.parametrize("media_type", ["xyz", "a/", "/b", "text/plain; charset", "text/plain;charset=", "a/b c"])
def test_a_data_content_type_is_a_media_type(media_type):
    assert refusal(event(datacontenttype=media_type)).startswith("datacontenttype")


def test_data_comes_once():
    assert "data_base64" in refusal(event(data="text", data_base64="eA=="))


@pytest.mark.parametrize("encoded", ["eA", "eA=", "e!==", 5, "eA==\n", "e A="])
def test_base64_data_is_base64(encoded):
    assert "data_base64" in refusal(event(data_base64=encoded))


@pytest.mark.parametrize("value", [None, b"", b"[]", b'"x"', b"null", b"{", b'{"id":"a","id":"b"}', b'{"id":"\xff"}'])
def test_a_value_is_one_json_object(value):
    assert "value" in refusal(value)


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/cloudevents+json",
        "application/cloudevents+json",
        b"APPLICATION/CloudEvents+JSON",
        b"application/cloudevents+json; charset=utf-8",
        b"application/cloudevents+json;charset=UTF-8",
        b'application/cloudevents+json ; charset="utf-8"',
        b"application/cloudevents+json; x=y; charset=us-ascii",
    ],
)
def test_the_content_type_may_have_parameters_and_any_case(content_type):
    assert decode(content_type, event()).id == "e-1"


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        b"",
        b"application/json",
        b"application/cloudevents",
        b"application/cloudevents-batch+json",
        b"application/cloudevents+jsonx",
        b"application/cloudevents+avro",
        b"application/cloudevents+json; charset=utf-16",
        b"application/cloudevents+json; charset=latin1; charset=utf-8",
        b"application/cloudevents+json, text/plain",
        b"\xff\xfe",
    ],
)
def test_another_content_type_is_refused(content_type):
    assert refusal(event(), content_type).startswith(("content-type", "charset", "the record has no content-type"))


@given(content_type=st.none() | st.binary(max_size=50) | st.just(MEDIA_TYPE), value=st.none() | st.binary(max_size=80))
def test_noise_raises_nothing_else(content_type, value):
    with pytest.raises(InvalidEventError):
        decode(content_type, value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(
    st.dictionaries(
        st.sampled_from([*REQUIRED, "time", "subject", "datacontenttype", "dataschema", "data", "data_base64"])
        | st.text(),
        st.sampled_from([*REQUIRED.values(), "2026-01-01T00:00:00Z", "a/b", "urn:a"]) | json_values,
    )
)
def test_a_strange_object_is_an_event_or_an_invalid_one(members):
    try:
        read = decode(MEDIA_TYPE, json.dumps({**REQUIRED, **members}).encode())
    except InvalidEventError:
        return
    assert all([read.id, read.source, read.type])
    assert read.specversion == "1.0"


@given(epoch=st.integers(1, 10**18), sequence=st.integers(1, 10**20 - 1), data=json_values)
def test_a_spliced_envelope_is_the_event_with_its_place(epoch, sequence, data):
    envelope = json.dumps({**REQUIRED, "data": json.dumps(data)}).encode()
    spliced = loads(splice(envelope, epoch, sequence))
    assert spliced == {**loads(envelope), "epoch": str(epoch), "sequence": f"{sequence:020}"}


@given(st.lists(st.integers(1, 10**20 - 1), min_size=2, max_size=5))
def test_sequences_sort_as_text_as_they_do_as_numbers(sequences):
    written = [json.loads(splice(b'{"id":"1"}', 1, sequence))["sequence"] for sequence in sequences]
    assert sorted(written) == [f"{sequence:020}" for sequence in sorted(sequences)]


def test_a_spliced_envelope_is_a_cloud_event():
    read = decode(MEDIA_TYPE, splice(event(data={"a": {}}), 3, 42))
    assert read.extensions == {"epoch": "3", "sequence": "00000000000000000042"}


@pytest.mark.parametrize("envelope", [b"", b"}", b"{}", b'{"a":1', b'{"a":1} ', b'{"a":1}\n', b"[1]"])
def test_what_cannot_be_spliced_is_refused(envelope):
    with pytest.raises(ValueError, match="closing brace"):
        splice(envelope, 1, 1)


@pytest.mark.parametrize(("epoch", "sequence"), [(0, 1), (-1, 1), (1, 0), (1, -1), (1, 10**20)])
def test_a_place_out_of_range_is_refused(epoch, sequence):
    with pytest.raises(ValueError, match="sequence"):
        splice(b'{"a":1}', epoch, sequence)


@needs_vectors
@pytest.mark.parametrize("case", STRUCTURED)
def test_published_structured_messages_are_read_as_published(case):
    content_type = case.get("content_type") or case["headers"]["content-type"]
    read = decode(content_type, (case.get("body") or case["value"]).encode())
    expected = dict(case["attributes"])
    assert read.time == parse_time(expected.pop("time"))
    assert {name: getattr(read, name) for name in expected} == expected
    assert read.data == case["data"]


@needs_vectors
@pytest.mark.parametrize("minimum", PUBLISHED["minimum_events"], ids=lambda one: one["id"])
def test_published_minimum_events_are_read_as_published(minimum):
    members = {name: value for name, value in minimum.items() if name != "data_text"}
    read = decode(MEDIA_TYPE, json.dumps({**members, "data": minimum["data_text"]}).encode())
    assert {name: getattr(read, name) for name in members} == members
    assert read.data == minimum["data_text"]


@needs_vectors
def test_the_published_extensions_are_read_as_published():
    published = dict(PUBLISHED["extensions_event"])
    published["data"] = json.loads(published.pop("data_text"))
    published.pop("modes")
    # Text with a line break is no legal attribute, though one published extension has it.
    assert refusal(json.dumps(published).encode()).startswith("comexampleextension2")
    published["comexampleextension2"] = published["comexampleextension2"].rstrip("\n")
    read = decode(MEDIA_TYPE, json.dumps(published).encode())
    assert read.extensions == {name: value for name, value in published.items() if name.startswith("comexample")}
    assert read.data == {"world": "hello"}
