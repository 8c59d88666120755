"""How far a delivery is proven, and which common mistake a wrong signature comes from."""

import base64
import hashlib
import hmac
import json

import pytest

from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.platforms.proofs import (
    AsymmetricStandardWebhooks,
    HmacSignature,
    OidcBearer,
    PathToken,
    SharedSecretHeader,
    StandardWebhooks,
)
from plaudit.ingest.test_console.domain import State, explains, parse_headers, prove, written_headers

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OLDER = "whsec_" + base64.b64encode(bytes(32)).decode()
KEY = bytes(range(32))
BODY = json.dumps({"b": 1, "a": "ü"}, indent=2, ensure_ascii=False).encode() + b"\n"
NOW = 1_771_064_130.0
STATED = b"1771064130"


def v1(key: bytes, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def sent(signature: str, timestamp: bytes = STATED) -> list[tuple[bytes, bytes]]:
    return [(b"webhook-id", b"m-1"), (b"webhook-timestamp", timestamp), (b"webhook-signature", signature.encode())]


def of(headers: list[tuple[bytes, bytes]], *, body: bytes = BODY, now: float = NOW):
    return prove(StandardWebhooks(), headers, body, [SECRET, OLDER], now, None)


def states(proved) -> dict[str, State]:
    return {step.name: step.state for step in proved.steps}


def test_a_signature_that_fits_shows_what_was_signed_and_whose_clock_is_ahead():
    proved = of(sent(v1(KEY, b"m-1.1771064130." + BODY)), now=NOW - 12)
    assert states(proved) == {"headers": State.OK, "time": State.OK, "signature": State.OK}
    assert (proved.error, proved.sent_id) == (None, "m-1")
    assert proved.signature.signed == b"m-1.1771064130." + BODY
    assert proved.signature.skew_seconds == 12
    assert proved.signature.expected[0] == proved.signature.given
    assert len(proved.signature.expected) == 2, "one for each secret"
    assert proved.signature.hint is None


@pytest.mark.parametrize(
    ("headers", "wrong"),
    [
        ([], {"headers": State.WRONG, "signature": State.UNKNOWN}),
        (
            sent(v1(KEY, b"m-1.1771000000." + BODY), b"1771000000"),
            {"headers": State.OK, "time": State.WRONG, "signature": State.OK},
        ),
        (
            sent("v1,AAAA", b"1771000000"),
            {"headers": State.OK, "time": State.WRONG, "signature": State.WRONG},
        ),
        (
            sent(v1(KEY, b"m-1.1771064130000." + BODY), b"1771064130000"),
            {"headers": State.OK, "time": State.WRONG, "signature": State.OK},
        ),
        (sent("v1,AAAA"), {"headers": State.OK, "time": State.OK, "signature": State.WRONG}),
    ],
    ids=["no headers", "old and right", "old and wrong", "milliseconds", "wrong"],
)
def test_each_step_says_by_itself_whether_it_is_right(headers, wrong):
    proved = of(headers)
    assert states(proved) == wrong
    assert proved.error is not None


COMPACT = json.dumps(json.loads(BODY), separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("signature", "words"),
    [
        (v1(KEY, BODY), "over the body alone, without id and time before it"),
        (v1(KEY, b"1771064130." + BODY), "over time and body"),
        (v1(SECRET.encode(), b"m-1.1771064130." + BODY), "with the secret as text"),
        (v1(SECRET[6:].encode(), b"m-1.1771064130." + BODY), "with the text after whsec_"),
        (v1(KEY, b"m-1.1771064130." + BODY[:-1]), "without the line end after it"),
        (v1(KEY, b"m-1.1771064130." + BODY.replace(b"\n", b"\r\n")), "with other line ends (CR LF)"),
        (v1(KEY, b"m-1.1771064130." + COMPACT), "written again without spaces"),
        (v1(SECRET.encode(), COMPACT), "with the secret as text"),
        ("v1," + hmac.new(KEY, b"m-1.1771064130." + BODY, hashlib.sha256).hexdigest(), "Only its spelling is wrong"),
    ],
)
def test_a_common_mistake_is_named(signature, words):
    proved = of(sent(signature))
    assert words in (proved.signature.hint or "")


def test_an_unknown_mistake_is_not_guessed():
    assert of(sent(v1(b"x" * 32, BODY))).signature.hint is None
    assert of(sent("v1,")).signature.hint is None


def test_an_hmac_of_a_platform_is_taken_apart_too():
    proof = HmacSignature(header=b"x-sig", prefix=b"sha256=", timestamp_header=b"x-time", separator=b":")
    signed = STATED + b":" + BODY
    right = "sha256=" + hmac.new(b"a secret of theirs", signed, hashlib.sha256).hexdigest()
    headers = [(b"x-time", STATED), (b"x-sig", right.encode())]
    proved = prove(proof, headers, BODY, ["a secret of theirs"], NOW, None)
    assert (proved.error, proved.signature.expected, proved.signature.signed) == (None, (right,), signed)
    alone = "sha256=" + hmac.new(b"a secret of theirs", BODY, hashlib.sha256).hexdigest()
    proved = prove(proof, [headers[0], (b"x-sig", alone.encode())], BODY, ["a secret of theirs"], NOW, None)
    assert proved.signature.hint == "It was made over the body alone, without the time before it."


def test_a_token_in_the_address_is_a_step_of_its_own_and_never_shown():
    token = "t" * 43
    for given, state in ((token, State.OK), ("x" * 43, State.WRONG), (None, State.WRONG)):
        proved = prove(PathToken(), [], BODY, [token], NOW, given)
        assert states(proved) == {"address": state}
        assert token not in repr(proved)


@pytest.mark.parametrize("platform", ADAPTERS)
def test_how_every_platform_proves_its_deliveries_is_explained(platform):
    assert "is not explained here" not in explains(ADAPTERS[platform].proof)


def test_of_a_pair_of_keys_no_signature_is_expected():
    public = "whpk_" + base64.b64encode(bytes(32)).decode()
    proved = prove(AsymmetricStandardWebhooks(), sent("v1a,AAAA"), BODY, [public], NOW, None)
    assert (proved.signature.expected, states(proved)["signature"]) == ((), State.WRONG)
    proved = prove(
        SharedSecretHeader(header=b"x-secret"), [(b"x-secret", b"none of it")], BODY, ["a secret"], NOW, None
    )
    assert "a secret" not in repr(proved)


def test_a_token_of_an_issuer_is_looked_at_and_its_signature_left_open():
    proof = OidcBearer(issuers=("https://issuer.example",), keys_url="https://issuer.example/keys", audience="here")
    account = "push@project.example"
    claims = {"iss": "https://issuer.example", "aud": "here", "email": account, "email_verified": True}

    def token(**more: object) -> list[tuple[bytes, bytes]]:
        parts = ({"alg": "RS256", "kid": "k"}, {**claims, "iat": NOW - 10, "exp": NOW + 10, **more})
        written = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts]
        return [(b"authorization", b"Bearer " + b".".join((*written, b"AAAA")))]

    cases = [
        (token(), {"headers": State.OK, "signature": State.UNKNOWN}),
        (token(aud="elsewhere"), {"headers": State.OK, "signature": State.WRONG}),
        (token(exp=NOW - 900), {"headers": State.OK, "time": State.WRONG, "signature": State.UNKNOWN}),
        ([], {"headers": State.WRONG, "signature": State.UNKNOWN}),
    ]
    for headers, expected in cases:
        assert states(prove(proof, headers, BODY, [account], NOW, None)) == expected


def test_headers_are_read_one_a_line():
    assert parse_headers("Webhook-Id: m-1\r\n\n X-A :b: c \n") == [(b"webhook-id", b"m-1"), (b"x-a", b"b: c")]
    assert parse_headers(written_headers({"a": "b"})) == [(b"a", b"b")]
    with pytest.raises(ValueError, match="Line 2"):
        parse_headers("a: b\nnonsense\n")
