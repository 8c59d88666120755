"""The webhook signature codec: its rules, the official library as oracle, and the published vectors where present."""

import base64
import hashlib
import hmac
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.standard_webhooks import (
    MAX_SIGNATURES,
    TOLERANCE_SECONDS,
    InvalidSecretError,
    InvalidSignatureError,
    decode_secret,
    new_secret,
    sign,
    signature_headers,
    signed_headers,
    verify,
)

KEY = bytes(range(32))
OTHER_KEY = bytes(range(32, 64))
NOW = 1_750_000_000
BODY = b'{"rating": 4}'
ID = b"msg_1"
TIMESTAMP = b"1750000000"

VECTORS = (
    Path(os.environ.get("PLAUDIT_SHARED", Path(__file__).parents[4] / "shared")) / "vectors/standard_webhooks.json"
)
needs_vectors = pytest.mark.skipif(not VECTORS.exists(), reason=f"no published vectors at {VECTORS}")
PUBLISHED = json.loads(VECTORS.read_text()) if VECTORS.exists() else {"positive": [], "positive_computed": []}

keys = st.binary(min_size=24, max_size=64)
ids = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="."), min_size=1, max_size=256)
texts = st.text(st.characters(exclude_categories=["Cs"]))


def mac(key=KEY, message_id=ID, timestamp=TIMESTAMP, body=BODY):
    return base64.b64encode(hmac.new(key, message_id + b"." + timestamp + b"." + body, hashlib.sha256).digest())


SIGNATURE = b"v1," + mac()


def refusal(message_id=ID, timestamp=TIMESTAMP, signature=SIGNATURE, body=BODY, with_keys=(KEY,), now=NOW):
    with pytest.raises(InvalidSignatureError) as refused:
        verify(message_id, timestamp, signature, body, with_keys, now)
    assert str(refused.value)
    return refused.value.reason


@given(key=keys, message_id=ids, timestamp=st.integers(0, 2**40), body=st.binary(max_size=200))
def test_what_is_signed_verifies(key, message_id, timestamp, body):
    signature = sign(key, message_id, timestamp, body)
    verify(message_id.encode(), b"%d" % timestamp, signature.encode(), body, [key], timestamp)


@given(key=keys, message_id=ids, timestamp=st.integers(10**9, 2**33), text=texts)
def test_the_official_library_signs_the_same(key, message_id, timestamp, text):
    official = standardwebhooks.Webhook(key).sign(message_id, datetime.fromtimestamp(timestamp, UTC), text)
    assert sign(key, message_id, timestamp, text.encode()) == official


@given(text=texts)
def test_the_official_library_takes_our_headers_and_secrets(text):
    secret = new_secret()
    now = int(datetime.now(UTC).timestamp())
    headers = signed_headers([OTHER_KEY, decode_secret(secret)], "msg_1", now, text.encode())
    standardwebhooks.Webhook(secret).verify(text.encode(), headers, json_parse=False)


@given(
    position=st.integers(0, 10**6),
    flip=st.integers(1, 255),
    part=st.sampled_from(["message_id", "timestamp", "signature", "body", "key"]),
)
def test_a_changed_byte_anywhere_is_refused(position, flip, part):
    parts = {"message_id": ID, "timestamp": TIMESTAMP, "signature": SIGNATURE, "body": BODY, "key": KEY}
    changed = bytearray(parts[part])
    changed[position % len(changed)] ^= flip
    parts[part] = bytes(changed)
    key = parts.pop("key")
    with pytest.raises(InvalidSignatureError):
        verify(**parts, keys=[key], now_epoch_seconds=NOW)


@given(
    message_id=st.none() | st.binary(max_size=300) | st.just(ID),
    timestamp=st.none() | st.binary(max_size=30) | st.just(TIMESTAMP),
    signature=st.none()
    | st.binary(max_size=3000)
    | st.lists(st.sampled_from([b"v1", b"v1,", b",", b" ", b"=", b"\xff", b"v1a,AAAA", b"A" * 43, b"!"])).map(b"".join),
    body=st.binary(max_size=30),
)
def test_hostile_headers_raise_nothing_else(message_id, timestamp, signature, body):
    with pytest.raises(InvalidSignatureError):
        verify(message_id, timestamp, signature, body, [KEY], NOW)


@pytest.mark.parametrize("absent", [None, b""])
@pytest.mark.parametrize("part", ["message_id", "timestamp", "signature"])
def test_each_header_is_needed(part, absent):
    assert refusal(**{part: absent}) == "missing_header"


@pytest.mark.parametrize(
    "timestamp",
    [
        b"hello",
        b"1750000000.0",
        b"-1750000000",
        b"+1750000000",
        b" 1750000000",
        b"1_750_000_000",
        b"1.75e9",
        b"0x10",
        "\u0661\u0662".encode(),
        b"\xb2",
        b"9" * 16,
        b"9" * 5_000,
        b"inf",
        b"nan",
    ],
)
def test_a_timestamp_is_digits_only(timestamp):
    assert refusal(timestamp=timestamp, signature=b"v1," + mac(timestamp=timestamp)) == "malformed_timestamp"


@pytest.mark.parametrize("message_id", [b"a.b", b".", b"a b", b"a\n", b"\x7f", b"\xc3\xa9", b"x" * 257])
def test_an_id_is_visible_ascii_without_a_dot(message_id):
    assert refusal(message_id=message_id, signature=b"v1," + mac(message_id=message_id)) == "malformed_id"


def test_a_dot_cannot_be_moved_between_the_signed_parts():
    """`a.1` signed at 2 covers the same bytes as `a` signed at 1 with the body `2.…`."""
    signature = b"v1," + mac(message_id=b"a", timestamp=TIMESTAMP, body=b"1.x")
    verify(b"a", TIMESTAMP, signature, b"1.x", [KEY], NOW)
    assert (
        refusal(message_id=b"a." + TIMESTAMP, timestamp=b"1", signature=signature, body=b"x", now=1) == "malformed_id"
    )


@pytest.mark.parametrize("offset_seconds", [-TOLERANCE_SECONDS, 0, TOLERANCE_SECONDS])
def test_the_edge_of_the_tolerance_is_accepted(offset_seconds):
    verify(ID, TIMESTAMP, SIGNATURE, BODY, [KEY], NOW + offset_seconds)


def test_one_second_beyond_the_tolerance_is_refused():
    assert refusal(now=NOW + TOLERANCE_SECONDS + 1) == "too_old"
    assert refusal(now=NOW - TOLERANCE_SECONDS - 1) == "too_new"


def test_a_wider_tolerance_accepts_an_old_request_but_no_changed_timestamp():
    verify(ID, TIMESTAMP, SIGNATURE, BODY, [KEY], NOW + 301, tolerance_seconds=1_000)
    with pytest.raises(InvalidSignatureError) as refused:
        verify(ID, b"1750000001", SIGNATURE, BODY, [KEY], NOW, tolerance_seconds=1_000)
    assert refused.value.reason == "no_match"


def test_any_of_several_signatures_may_match():
    others = b"v1," + mac(OTHER_KEY)
    verify(ID, TIMESTAMP, others + b" v2," + mac() + b" " + SIGNATURE + b" " + others, BODY, [KEY], NOW)


@pytest.mark.parametrize("junk", [b"v1", b"v1,,", b"", b"v1,a,b", b"\xff\xfe", b"v1,!!!!", b"v1a,AAAA"])
def test_a_malformed_signature_does_not_disturb_a_good_one(junk):
    verify(ID, TIMESTAMP, junk + b" " + SIGNATURE, BODY, [KEY], NOW)
    assert refusal(signature=junk + b" " + junk) == "no_match"


@pytest.mark.parametrize(
    "signature",
    [
        mac(),
        b"v2," + mac(),
        b"v1a," + mac(),
        b"V1," + mac(),
        b"v1," + mac()[:-1],
        b"v1," + mac()[:8],
        b"v1," + mac() + b"=",
        b"v1," + mac() + b"\t",
        b"v1,",
        b"v1," + mac(OTHER_KEY),
    ],
)
def test_only_the_exact_text_of_version_one_matches(signature):
    assert refusal(signature=signature) == "no_match"


def test_another_base64_spelling_of_the_same_bytes_does_not_match():
    last = SIGNATURE[-2:-1]
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    twin = SIGNATURE[:-2] + alphabet[alphabet.index(last) + 1 :][:1] + b"="
    assert base64.b64decode(twin[3:]) == base64.b64decode(SIGNATURE[3:])
    assert refusal(signature=twin) == "no_match"


def test_ten_signatures_are_looked_at_and_eleven_are_not():
    filler = b"v1," + mac(OTHER_KEY)
    verify(ID, TIMESTAMP, b" ".join([filler] * (MAX_SIGNATURES - 1) + [SIGNATURE]), BODY, [KEY], NOW)
    assert refusal(signature=b" ".join([SIGNATURE] * (MAX_SIGNATURES + 1))) == "too_many_signatures"
    assert refusal(signature=SIGNATURE + b" v1," + b"A" * 3_000) == "too_many_signatures"
    assert refusal(signature=b" ".join([filler] * 100_000)) == "too_many_signatures"


def test_both_secrets_are_taken_while_one_replaces_the_other():
    for key in (KEY, OTHER_KEY):
        verify(ID, TIMESTAMP, b"v1," + mac(key), BODY, [OTHER_KEY, KEY], NOW)


def test_without_a_key_nothing_verifies():
    assert refusal(with_keys=()) == "no_match"


def test_the_body_need_not_be_json_or_text():
    verify(ID, TIMESTAMP, b"v1," + mac(body=b"\xff\x00"), b"\xff\x00", [KEY], NOW)


@pytest.mark.parametrize("timestamp", [-1, 1.0, "1750000000", True, 10**15])
def test_signing_refuses_what_is_no_timestamp(timestamp):
    with pytest.raises(ValueError, match="timestamp"):
        sign(KEY, "msg_1", timestamp, BODY)


@pytest.mark.parametrize("message_id", ["", "a.b", "é", "a b", "x" * 257])
def test_signing_refuses_what_is_no_id(message_id):
    with pytest.raises(ValueError, match="id"):
        sign(KEY, message_id, NOW, BODY)


def test_a_new_secret_has_32_bytes_and_is_never_the_same():
    first, second = new_secret(), new_secret()
    assert first.startswith("whsec_")
    assert len(decode_secret(first)) == 32
    assert first != second


@given(key=keys, prefix=st.sampled_from(["", "whsec_"]), padded=st.booleans())
def test_a_secret_may_lack_its_prefix_and_its_padding(key, prefix, padded):
    written = base64.b64encode(key).decode()
    assert decode_secret(prefix + (written if padded else written.rstrip("="))) == key


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_!!!!",
        "whsec_" + "é" * 32,
        "A" * 31,
        "A" * 33,
        "A" * 32 + "=",
        " " + "A" * 32,
        "A" * 32 + "\n",
        "A" * 88,
        "-_" * 16,
        "whsec_whsec_" + "A" * 32,
        "whsk_" + "A" * 32,
    ],
)
def test_what_is_no_secret_is_refused(secret):
    with pytest.raises(InvalidSecretError):
        decode_secret(secret)


def test_the_headers_are_picked_from_raw_ones():
    raw = [(b"host", b"x"), (b"webhook-timestamp", b"2"), (b"webhook-id", b"1"), (b"webhook-signature", b"3")]
    assert signature_headers(raw) == (b"1", b"2", b"3")
    assert signature_headers(raw[:2]) == (None, b"2", None)


def test_a_header_that_stands_twice_is_refused():
    with pytest.raises(InvalidSignatureError) as refused:
        signature_headers([(b"webhook-id", b"1"), (b"webhook-id", b"1")])
    assert refused.value.reason == "repeated_header"


@needs_vectors
@pytest.mark.parametrize("prefix", ["", "whsec_"])
@pytest.mark.parametrize("vector", PUBLISHED["positive"] + PUBLISHED["positive_computed"], ids=lambda one: one["name"])
def test_published_vectors_verify(vector, prefix):
    # One published secret has 23 bytes, one fewer than the specification wants.
    key = decode_secret(prefix + vector["secret"].removeprefix("whsec_"), min_bytes=23)
    body = vector["payload"].encode()
    assert sign(key, vector["id"], vector["timestamp"], body) == vector["signature"]
    at = vector["timestamp"]
    verify(vector["id"].encode(), str(at).encode(), vector["signature"].encode(), body, [key], at)


@needs_vectors
@pytest.mark.parametrize(
    "case",
    [one for one in PUBLISHED.get("verify_cases", ()) if "webhook-signature" in one],
    ids=lambda one: one["case"],
)
def test_published_signature_cases_end_as_published(case):
    vector = PUBLISHED["positive"][0]
    key, at = decode_secret(vector["secret"]), vector["timestamp"]
    signature = case["webhook-signature"].replace("<valid v1 signature>", vector["signature"]).encode()
    message_id, body = vector["id"].encode(), vector["payload"].encode()
    if case["expect"].startswith("accept"):
        verify(message_id, str(at).encode(), signature, body, [key], at)
    else:
        with pytest.raises(InvalidSignatureError):
            verify(message_id, str(at).encode(), signature, body, [key], at)
