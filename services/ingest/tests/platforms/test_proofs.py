"""How platforms prove their deliveries: every published vector, and what is told of one that fails."""

import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from plaudit.common.standard_webhooks import InvalidSecretError, new_secret
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.platforms.proofs import (
    AsymmetricStandardWebhooks,
    HmacSignature,
    NotProvenError,
    PathToken,
    Proven,
    SharedSecretHeader,
    StandardWebhooks,
)
from plaudit_testing.shared import shared

NOW = 1_777_716_000.0
BODY = b'{"review":{"id":1,"rating":5}}'
SECRET = "test-secret"


def reason(proof, headers, body=BODY, secrets=(SECRET,), now=NOW, token=None):
    with pytest.raises(NotProvenError) as caught:
        proof.verify(headers, body, [proof.key(secret) for secret in secrets], now, token)
    return caught.value.reason


def is_proven(proof, headers, body=BODY, secrets=(SECRET,), now=NOW, token=None):
    return proof.verify(headers, body, [proof.key(secret) for secret in secrets], now, token)


def proof_of(platform):
    return ADAPTERS[platform].proof


HEX = "bd9353b2e58a0b415003651d1bb900c7caab1678d0ac3180a8a940640e4f1ca0"


@pytest.mark.parametrize(
    ("platform", "headers", "secret", "now"),
    [
        ("judge-me", {b"judgeme-hmac-sha256": HEX}, SECRET, NOW),
        ("delighted", {b"x-delighted-webhook-signature": f"sha256={HEX}"}, SECRET, NOW),
        (
            "typeform",
            {b"typeform-signature": "sha256=vZNTsuWKC0FQA2UdG7kAx8qrFnjQrDGAqKlAZA5PHKA="},
            SECRET,
            NOW,
        ),
        (
            "podium",
            {
                b"podium-timestamp": "1700000000",
                b"podium-signature": "35a4898cfc5e93ebf477dfa17ecd6ce493ef1c7ccc7f5abf1ef8d087e91b2798",
            },
            SECRET,
            1_700_000_000,
        ),
        (
            "okendo",
            {
                b"webhook-id": "msg_1",
                b"webhook-timestamp": "1700000000",
                b"webhook-signature": "v1,Clynj7SiIL0OgNXQ6xOmhIKgZCP736XzL7EW86NlW8E=",
            },
            "whsec_" + base64.b64encode(b"0123456789abcdef" * 2).decode(),
            1_700_000_000,
        ),
    ],
)
def test_a_known_signature_of_the_platform_is_proven(platform, headers, secret, now):
    signed = [(name, value.encode()) for name, value in headers.items()]
    proof = proof_of(platform)
    assert is_proven(proof, signed, secrets=(secret,), now=now) == Proven("msg_1" if platform == "okendo" else None)
    assert is_proven(proof, signed, secrets=(new_secret(), secret), now=now)
    assert reason(proof, signed, secrets=(new_secret(),), now=now) == "no_match"
    assert reason(proof, signed, BODY + b" ", secrets=(secret,), now=now) == "no_match"
    for name, value in signed:
        assert (
            reason(proof, [each for each in signed if each[0] != name], secrets=(secret,), now=now) == "missing_header"
        )
        assert reason(proof, [*signed, (name, value)], secrets=(secret,), now=now) == "repeated_header"


VECTORS = {"Judge.me": "judge-me", "Okendo": "okendo", "Zendesk": "zendesk", "Delighted": "delighted"}
VECTORS |= {
    name: platform
    for name, platform in {"WooCommerce": "woocommerce", "WebwinkelKeur": "webwinkelkeur"}.items()
    if platform in ADAPTERS
}


@pytest.mark.parametrize("name", VECTORS)
def test_a_signature_vector_is_proven_and_its_wrong_values_are_not(name):
    rows = json.loads(shared("vectors", "platform_payloads_2.json").read_text())
    [row] = [row for row in rows if row["platform"] == name and row["event"] == "signature vector"]
    vector, proof, body = row["signature_vector"], proof_of(VECTORS[name]), row["payload"].encode()
    given = {key.lower().encode(): value.encode() for key, value in row["headers"].items()}
    header = vector["header"].lower().encode()

    def headers(value):
        return list({**given, header: value.encode()}.items())

    assert is_proven(
        proof, headers(vector["right"]), body, (vector["secret"],), 1_777_971_600 if name == "Zendesk" else NOW
    )
    for why, wrong in vector["wrong"].items():
        now = 1_777_971_600 if name == "Zendesk" else NOW
        assert reason(proof, headers(wrong), body, (vector["secret"],), now) == "no_match", why


def test_the_example_of_typeform_is_proven():
    example = json.loads(shared("vectors", "other_webhook_signatures.json").read_text())["typeform"]["computed_example"]
    headers = [(b"typeform-signature", example["header_value"].encode())]
    assert is_proven(proof_of("typeform"), headers, example["body"].encode(), (example["secret"],))


@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_the_vectors_of_rfc_4231_are_proven(digest):
    vectors = json.loads(shared("vectors", "hmac_rfc4231.json").read_text())["vectors"][digest]
    proof = HmacSignature(header=b"x-hash", digest=digest)
    for vector in vectors:
        key, message = bytes.fromhex(vector["key_hex"]), bytes.fromhex(vector["msg_hex"])
        assert proof.verify([(b"x-hash", vector["mac_hex"].encode())], message, (key,), NOW)
    assert len(vectors) == 6


def test_the_published_standard_webhooks_are_proven():
    suite = json.loads(shared("vectors", "standard_webhooks.json").read_text())
    proof = StandardWebhooks(min_secret_bytes=20)
    for vector in [*suite["positive"], *suite["positive_computed"]]:
        headers = [
            (b"webhook-id", vector["id"].encode()),
            (b"webhook-timestamp", str(vector["timestamp"]).encode()),
            (b"webhook-signature", vector["signature"].encode()),
        ]
        proven = is_proven(proof, headers, vector["payload"].encode(), (vector["secret"],), vector["timestamp"])
        assert proven == Proven(vector["id"])


def signed_v1a(private, body=BODY, timestamp=int(NOW), version="v1a"):
    signature = base64.b64encode(private.sign(f"msg_1.{timestamp}.".encode() + body)).decode()
    values = ("msg_1", str(timestamp), f"v1,AAAA {version},{signature}")
    return [(name, value.encode()) for name, value in zip(StandardWebhooks.headers, values, strict=True)]


def public(private):
    return "whpk_" + base64.b64encode(private.public_key().public_bytes_raw()).decode()


def test_an_ed25519_signature_is_proven_by_one_of_the_public_keys():
    proof, private, other = AsymmetricStandardWebhooks(), Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    signed = signed_v1a(private)
    assert is_proven(proof, signed, secrets=(public(other), public(private))) == Proven("msg_1")
    assert reason(proof, signed, secrets=(public(other),)) == "no_match"
    assert reason(proof, signed, BODY + b" ", secrets=(public(private),)) == "no_match"
    assert reason(proof, signed_v1a(private, version="v1"), secrets=(public(private),)) == "no_match"
    assert reason(proof, signed_v1a(private, timestamp=int(NOW) - 301), secrets=(public(private),)) == "too_old"
    hostile = [*signed[:2], (signed[2][0], b"v1a,!!!! v1a, v1a,AAAA \xff")]
    assert reason(proof, hostile, secrets=(public(private),)) == "no_match"
    for secret in ("", "whpk_", "whpk_AAAA", "whsec_" + "A" * 43 + "=", "ä" * 32):
        with pytest.raises(InvalidSecretError):
            proof.key(secret)


TIMED = HmacSignature(header=b"x-sign", timestamp_header=b"x-time")


def timed(timestamp, separator=b".", body=BODY):
    mac = hmac.new(SECRET.encode(), timestamp + separator + body, hashlib.sha256).hexdigest()
    return [(b"x-sign", mac.encode()), (b"x-time", timestamp)]


@pytest.mark.parametrize(
    ("timestamp", "wanted"),
    [
        (b"%d" % (NOW - 301), "too_old"),
        (b"%d" % (NOW + 301), "too_new"),
        (b"%d" % (NOW * 1000), "milliseconds"),
        (b"now", "malformed_timestamp"),
        (b"-1", "malformed_timestamp"),
        (b"1e9", "malformed_timestamp"),
        (b"9" * 16, "malformed_timestamp"),
        (b"\xff", "malformed_timestamp"),
    ],
)
def test_what_is_wrong_with_a_time_is_told(timestamp, wanted):
    assert reason(TIMED, timed(timestamp)) == wanted


def test_how_far_a_time_is_off_is_told():
    with pytest.raises(NotProvenError, match="x-time is 412 s in the past, at most 300 are taken"):
        is_proven(TIMED, timed(b"%d" % (NOW - 412)))
    with pytest.raises(NotProvenError, match="webhook-timestamp is 500 s in the future, at most 300 are taken"):
        is_proven(
            AsymmetricStandardWebhooks(), signed_v1a(Ed25519PrivateKey.generate(), timestamp=int(NOW) + 500), secrets=()
        )


def test_milliseconds_are_taken_where_the_platform_sends_them():
    either = HmacSignature(header=b"x-sign", timestamp_header=b"x-time", timestamp_form="either")
    for timestamp in (b"%d" % NOW, b"%d" % (NOW * 1000)):
        assert is_proven(either, timed(timestamp))
    assert reason(either, timed(b"%d" % (NOW * 1000 - 301_000))) == "too_old"


@pytest.mark.parametrize("timestamp", [b"2026-05-02", b"2026-05-02T10:00:00", b"x", b"\xff", b"1777716000"])
def test_a_written_time_without_a_zone_proves_nothing(timestamp):
    iso = HmacSignature(header=b"x-sign", timestamp_header=b"x-time", timestamp_form="iso", separator=b"")
    assert is_proven(iso, timed(b"2026-05-02T10:00:00Z", b""))
    assert reason(iso, timed(timestamp, b"")) == "malformed_timestamp"


def test_a_shared_secret_and_a_token_are_compared_as_a_whole():
    shared_secret = SharedSecretHeader(header=b"x-secret", id_header=b"x-id")
    assert is_proven(shared_secret, [(b"x-secret", SECRET.encode()), (b"x-id", b"d-1")]) == Proven("d-1")
    assert is_proven(shared_secret, [(b"x-secret", SECRET.encode()), (b"x-id", b"d 1")]) == Proven()
    for wrong in (SECRET[:-1], SECRET + "x", SECRET.upper()):
        assert reason(shared_secret, [(b"x-secret", wrong.encode())]) == "no_match"
        assert reason(PathToken(), [], token=wrong) == "wrong_token"
    assert reason(shared_secret, [(b"x-secret", b"")]) == "missing_header"
    assert is_proven(PathToken(), [], token=SECRET) == Proven()
    for wrong in (None, "", "\ud800", "é"):
        assert reason(PathToken(), [], token=wrong) == "wrong_token"


@pytest.mark.parametrize("platform", ADAPTERS)
def test_hostile_headers_are_refused_and_never_fail(platform):
    proof = proof_of(platform)
    if proof.in_address:
        return
    key = b"k" * 32
    for value in (b"", b" ", b"\x00", b"\xff\xfe", b"v1,", b"sha256=", b"x" * 30_000, b"," * 100, b"v1,a " * 20):
        with pytest.raises(NotProvenError):
            proof.verify([(name, value) for name in proof.headers], BODY, (key,), NOW)


@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_either_digest_is_taken_where_the_platform_does_not_say_which(digest):
    proof = HmacSignature(header=b"x-hash", digest="sha512", other_digest="sha256")
    mac = hmac.new(b"a-secret-of-theirs", b"{}", digest).hexdigest().encode()
    assert is_proven(proof, [(b"x-hash", mac)], b"{}", ("a-secret-of-theirs",))
    assert reason(proof, [(b"x-hash", mac)], b"{} ", ("a-secret-of-theirs",)) == "no_match"
