"""The quick reading of native bodies, beside the strict reader: the same instructions, or none at all."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import UNSET, inspect

from plaudit.common.strict_json import MAX_DEPTH, MAX_NODES, MAX_STRING_BYTES, InvalidJsonError
from plaudit.ingest.platforms import ADAPTERS, UnusableBodyError
from plaudit.ingest.platforms.adapter import MAX_EVENTS
from plaudit.ingest.platforms.native.adapter import PlainBody, read_plain
from plaudit.ingest.reviews.domain.instructions import CreateReview, Quarantined
from plaudit.ingest.sources.domain import KeyedSource

SOURCE = KeyedSource(
    id="source-1",
    tenant_id="default",
    name="Shop",
    platform="native",
    subject="acme",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    secret="whsec_",
    person_key=b"k" * 32,
)
ORDINARY = (
    '{"type":"review.created","data":{"id":"r-1","version":3,"rating":4,"published_at":"2026-02-14T10:15:30Z",'
    '"title":"Good","text":"Very good","author":{"id":"c-1","name":"Ann","email":"ann@mail.example"},'
    '"scale":{"min":0,"max":10},"answer":{"text":"Thanks","published_at":"2026-02-16T10:00:00+01:00","state":"pending"},'
    '"subject":"acme/berlin","kind":"csat","language":"en","verified":true,"origin":"invited","tags":["a","b"],'
    '"url":"https://x.example/r","edited_at":"2026-02-15T10:00:00.123456Z"}}'
)
SHORT = '{"type":"review.created","data":{"id":"r-1","rating":4,"published_at":"2026-02-14T10:15:30Z"}}'
REMOVED = '{"type":"review.removed","data":{"id":"r-1","version":4}}'
ANSWERED = '{"type":"review.answered","data":{"id":"r-1","answer":{"text":"Thanks"}}}'
EDITED = '{"type":"review.edited","data":{"id":"r-1","rating":2.5,"text":null,"version":null,"subject":null}}'


def outcome(read, body):
    """What a reading gives, to the last bit, or how it refuses."""
    try:
        instructions = read(body)
    except (InvalidJsonError, UnusableBodyError) as error:
        return type(error), str(error)
    return [(type(instruction), repr(instruction)) for instruction in instructions]


def strictly(body):
    return outcome(lambda text: replace(ADAPTERS["native"], read_plain=None).read(text, SOURCE), body)


def is_read_alike(body):
    quickly = read_plain(body, SOURCE)
    assert quickly is None or outcome(lambda _: quickly, body) == strictly(body)
    assert outcome(lambda text: ADAPTERS["native"].read(text, SOURCE), body) == strictly(body)
    return quickly is not None


def reformatted(text):
    return json.dumps(json.loads(text), indent=2)


@pytest.mark.parametrize(
    "text",
    [
        ORDINARY,
        SHORT,
        REMOVED,
        ANSWERED,
        EDITED,
        REMOVED.replace("removed", "restored"),
        "[]",
        reformatted(ORDINARY),
        f"[{ORDINARY},{REMOVED},{EDITED}]",
        ORDINARY.replace("Very good", "Sehr schön, 5€ 💥"),
        ORDINARY.replace("Very good", 'Sehr sch\\u00f6n\\n\\ud83d\\ude00 \\"so\\" \\\\ \\/'),
        SHORT.replace('"rating":4', '"rating":4.5'),
        SHORT.replace("r-1", "018f2e4a-2e47-7e00-8e12-1234567e8901"),
        # Wrong by a rule of ours and not of JSON, so it is cleared and then quarantined.
        SHORT.replace('"rating":4', '"rating":6'),
        SHORT.replace("2026", "1969"),
        SHORT.replace('"rating":4', '"rating":4,"subject":"other"'),
        SHORT.replace('"type":"review.created",', "").replace("}}", '},"type":"review.created"}'),
    ],
)
def test_an_ordinary_body_is_read_quickly_and_as_the_strict_reader_reads_it(text):
    assert is_read_alike(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        SHORT.replace('"rating":4', '"rating":5,"rating":4'),
        SHORT.replace('"rating":4', '"rating":4,"r\\u0061ting":4'),
        SHORT.replace('"data"', '"type":"review.created","data"'),
        SHORT.replace('"data":', '"data":{},"data":'),
        # A repeated key, and two quotes too few to hide it.
        SHORT.replace('"rating":4', '"rating":5,"rating":4,"text":"\\u0022\\u0022"'),
        SHORT.replace('"rating":4', '"rating":4,"tags":["a"],"tags":["b"],"title":"\\u0022\\u0022\\u0022\\u0022"'),
        SHORT.replace('"rating":4', '"rating":4,"text":"\\u0000"'),
        SHORT.replace('"rating":4', '"rating":4,"loyalty":"gold"'),
        SHORT.replace('"rating":4', '"rating":4,"loyalty":' + "[" * 33 + "]" * 33),
        SHORT.replace('"rating":4', '"rating":4,"author":{"age":44}'),
        SHORT.replace('"rating":4', f'"rating":4.{"0" * 70}'),
        SHORT.replace('"rating":4', '"rating":0e-999'),
        SHORT.replace('"rating":4', '"rating":4e0000000'),
        SHORT.replace('"rating":4', f'"rating":{"4" * 70}'),
        SHORT.replace('"rating":4', '"rating":4,"scale":{"min":1e-400,"max":5}'),
        SHORT.replace('"rating":4', f'"rating":4,"scale":{{"min":1,"max":5.{"0" * 70}}}'),
        SHORT.replace('"rating":4', f'"rating":4,"version":{"4" * 70}'),
        SHORT.replace("r-1", "r\x7f1"),
        SHORT.replace("r-1", "r\\n1"),
        SHORT.replace("r-1", ""),
        *(
            SHORT.replace('"rating":4', f'"rating":4,"url":"{url}"')
            for url in ("", "javascript:x", "https://", "http://", "ftp://x.example", "https://x.example/a b")
        ),
        *(
            SHORT.replace('"rating":4', f'"rating":4,"url":"https://x.example/{space}"')
            for space in ("\x7f", "\x85", "\xa0", "\u2003", "\u2028", "\\n", "\\u0001")
        ),
        SHORT.replace('"rating":4', f'"rating":4,"url":"https://{"x" * 2_050}"'),
        SHORT.replace('"rating":4', '"rating":4,"text":"' + "x" * MAX_STRING_BYTES + '"'),
        SHORT.replace(":30Z", f":30.{'1' * MAX_STRING_BYTES}Z"),
        SHORT + "x",
        "\ufeff" + SHORT,
        SHORT[:-1],
        SHORT.replace("r-1", "r\t1"),
        SHORT.replace("r-1", "\\ud800"),
        f"[{','.join([SHORT] * (MAX_EVENTS + 1))}]",
        SHORT.replace("r-1", "r\ufffd1"),
        f"[[{SHORT}]]",
        f"[{SHORT},5]",
        SHORT.replace("review.created", "review.liked"),
        "[" * 5_000,
        "",
    ],
)
def test_a_doubtful_body_is_left_to_the_strict_reader(text):
    assert not is_read_alike(text.encode())


def test_a_body_that_is_not_utf_8_is_left_to_the_strict_reader():
    for broken in (b"\xff", b"\xed\xa0\x80", b"\xc0\xaf"):
        assert not is_read_alike(SHORT.replace("r-1", "r-%").encode().replace(b"%", broken))
        assert not is_read_alike(SHORT.replace('"rating"', '"x":"%","rating"').encode().replace(b"%", broken))


SPLICES = [
    *(
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        '"',
        "\\",
        " ",
        "\n",
        "\0",
        "\x7f",
        "é",
        "\ufeff",
        "null",
        "true",
        "NaN",
        "-0.0",
        "0",
    ),
    *('"a"', '"a":1,', '"id":"r-2",', '"rating":3,', '"rating":"4",', '"text":"\\u0022\\u0022",', '"text":null,'),
    *('"type":"review.edited",', '"data":{},', '"tags":[],', '"author":null,', '"scale":null,', '"scale":{"min":1},'),
    *(
        "1e400",
        "1e-400",
        "0e-400",
        "4e0",
        "4" * 62,
        "4" * 70,
        "0." + "0" * 70,
        "\\u0000",
        "\\u0022",
        "\\u0061",
        "\\ud800",
    ),
    *('"\\u0069d":"r-3",', '"rat\\u0069ng":1,', "[" * 33 + "]" * 33, '"x":' + "[" * 31 + "]" * 31 + ",", "4.5", "-1"),
]


@given(
    text=st.sampled_from([ORDINARY, SHORT, REMOVED, ANSWERED, EDITED]),
    edits=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 3), st.sampled_from(SPLICES)), max_size=3),
    batch=st.booleans(),
)
@example(text=SHORT, edits=[(6, 0, '"id":"r-2",')], batch=False)
def test_whatever_is_spliced_into_a_body_is_read_as_the_strict_reader_reads_it(text, edits, batch):
    tokens = re.findall(r'"(?:[^"\\]|\\.)*"|[0-9.]+|[][{}:,]|[a-z]+', text)
    for place, removed, added in edits:
        at = place % (len(tokens) + 1)
        tokens[at : at + removed] = [added]
    spliced = "".join(tokens)
    is_read_alike((f"[{text},{spliced}]" if batch else spliced).encode("utf-8", "surrogatepass"))


NUMBERS = st.sampled_from(
    [
        "4",
        "-0",
        "0",
        "-0.0",
        "0.0",
        "4.0",
        "4.5",
        "5e0",
        "0.5e1",
        "1e-309",
        "0e400",
        "10",
        "1000000",
        "1000001",
        "1E+308",
    ]
) | st.floats(allow_nan=False, allow_infinity=False).map(repr)


@given(rating=NUMBERS, low=NUMBERS, high=NUMBERS, version=NUMBERS, scaled=st.booleans())
def test_numbers_are_read_to_the_last_bit_as_the_strict_reader_reads_them(rating, low, high, version, scaled):
    scale = f',"scale":{{"min":{low},"max":{high}}}' if scaled else ""
    is_read_alike(SHORT.replace('"rating":4', f'"rating":{rating},"version":{version}{scale}').encode())


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.booleans())
def test_texts_are_read_to_the_last_character_as_the_strict_reader_reads_them(text, ascii_only):
    data = {"id": text, "rating": 4, "published_at": "2026-02-14T10:15:30Z", "text": text, "author": {"email": text}}
    is_read_alike(json.dumps({"type": "review.created", "data": data}, ensure_ascii=ascii_only).encode())


@given(
    scheme=st.sampled_from(["https://", "http://", "https:/", "HTTPS://", " https://", ""]),
    rest=st.text(
        st.characters(exclude_categories=["Cs"]) | st.sampled_from(" \x1c\x1f\x85\xa0\u2028\u3000"), max_size=4
    ),
)
def test_links_are_taken_as_the_strict_reader_takes_them(scheme, rest):
    data = {"id": "r-1", "rating": 4, "published_at": "2026-02-14T10:15:30Z", "url": scheme + rest}
    is_read_alike(json.dumps({"type": "review.created", "data": data}, ensure_ascii=False).encode())


def test_one_wrong_event_of_a_batch_leaves_the_others_as_they_are():
    wrong = SHORT.replace('"rating":4', '"rating":6')
    instructions = read_plain(f"[{SHORT},{wrong},{SHORT}]".encode(), SOURCE)
    assert [type(instruction) for instruction in instructions] == [CreateReview, Quarantined, CreateReview]


def structs(kind):
    """Yield each struct of a type with its depth."""
    if isinstance(kind, inspect.StructType):
        yield kind
        for field in kind.fields:
            yield from structs(field.type)
    elif isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from structs(one)
    elif isinstance(kind, (inspect.ListType, inspect.VarTupleType)):
        yield from structs(kind.item_type)


def most_nodes(kind):
    if isinstance(kind, inspect.StructType):
        tag = 1 if kind.tag_field else 0
        return 1 + tag + sum(most_nodes(field.type) for field in kind.fields)
    if isinstance(kind, inspect.UnionType):
        return max(map(most_nodes, kind.types))
    if isinstance(kind, (inspect.ListType, inspect.VarTupleType)):
        return 1 + kind.max_length * most_nodes(kind.item_type)
    assert not isinstance(kind, (inspect.AnyType, inspect.DictType, inspect.RawType))
    return 1


def depth(kind):
    if isinstance(kind, inspect.StructType):
        return 1 + max(depth(field.type) for field in kind.fields)
    if isinstance(kind, inspect.UnionType):
        return max(map(depth, kind.types))
    return 1 + depth(kind.item_type) if isinstance(kind, (inspect.ListType, inspect.VarTupleType)) else 0


def test_no_value_of_the_type_breaks_a_limit_of_the_strict_reader():
    kind = inspect.type_info(PlainBody)
    assert most_nodes(kind) <= MAX_NODES
    assert depth(kind) <= MAX_DEPTH


def test_an_absent_field_adds_no_quotes():
    for kind in structs(inspect.type_info(PlainBody)):
        assert set(kind.cls.__struct_defaults__) <= {UNSET, msgspec.NODEFAULT}, kind.cls
