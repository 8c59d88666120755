"""Every proof signs as it verifies: what a sender makes is proven, and nothing else is."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.standard_webhooks import InvalidSecretError, new_secret
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.platforms.proofs import (
    AsymmetricStandardWebhooks,
    HmacSignature,
    NotProvenError,
    PathToken,
    SharedSecretHeader,
    StandardWebhooks,
)

NOW = 1_777_716_000.0
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SEED = PRIVATE.private_bytes_raw()
PUBLIC = PRIVATE.public_key().public_bytes_raw()


def written(prefix, content):
    return prefix + base64.b64encode(content).decode()


def secrets_of(proof):
    """What a sender signs with, and what the source holds."""
    if isinstance(proof, AsymmetricStandardWebhooks):
        return written("whsk_", SEED), written("whpk_", PUBLIC)
    return ("a secret of theirs",) * 2 if isinstance(proof, SharedSecretHeader) else (written("whsec_", SEED),) * 2


OTHER_FORMS = {
    "seconds": HmacSignature(header=b"x-sign", timestamp_header=b"x-time", digest="sha512"),
    "header and id": SharedSecretHeader(header=b"x-secret", id_header=b"x-id"),
    "old secrets": StandardWebhooks(min_secret_bytes=20),
}
PROOFS = {platform: adapter.proof for platform, adapter in ADAPTERS.items() if adapter.proof.is_for_any_sender}
PROOFS |= OTHER_FORMS
ids = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="."), min_size=1, max_size=256)


def raw(headers):
    return [(name.encode(), value.encode()) for name, value in headers.items()]


@given(proof=st.sampled_from(sorted(PROOFS)), body=st.binary(max_size=300), sent_id=ids, late=st.integers(-299, 299))
def test_what_is_signed_is_proven_for_five_minutes(proof, body, sent_id, late):
    proof = PROOFS[proof]
    signing, held = secrets_of(proof)
    headers = raw(proof.sign(proof.signing_key(signing), body, sent_id, NOW))
    proven = proof.verify(headers, body, [proof.key(held)], NOW + late, held)
    assert proven.sent_id == (None if proof.id_header is None else sent_id)
    assert {name for name, _ in headers} >= {*proof.headers, *filter(None, (proof.id_header, proof.timestamp_header))}


@given(proof=st.sampled_from(sorted(PROOFS)), body=st.binary(max_size=300), more=st.binary(min_size=1, max_size=9))
def test_what_is_signed_is_not_proven_of_another_body_secret_or_time(proof, body, more):
    proof = PROOFS[proof]
    signing, held = secrets_of(proof)
    headers = raw(proof.sign(proof.signing_key(signing), body, "msg_1", NOW))

    def is_proven(body=body, secret=held, now=NOW, token=held):
        try:
            return bool(proof.verify(headers, body, [proof.key(secret)], now, token))
        except NotProvenError:
            return False

    signs = not isinstance(proof, (SharedSecretHeader, PathToken))
    other = written("whpk_", Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    assert is_proven()
    assert is_proven(body=body + more) is not signs
    assert is_proven(now=NOW + 302) is (proof.timestamp_header is None)
    assert not is_proven(secret=other if held.startswith("whpk_") else new_secret(), token=f"{held}x")


@pytest.mark.parametrize(
    ("platform", "name", "value"),
    [
        ("podium", "podium-timestamp", "1777716000500"),
        ("zendesk", "x-zendesk-webhook-signature-timestamp", "2026-05-02T10:00:00Z"),
        ("native", "webhook-timestamp", "1777716000"),
        ("native-v1a", "webhook-timestamp", "1777716000"),
    ],
)
def test_a_time_is_written_as_the_platform_writes_it(platform, name, value):
    proof = ADAPTERS[platform].proof
    assert proof.sign(proof.signing_key(secrets_of(proof)[0]), b"{}", "msg_1", NOW + 0.5)[name] == value


def test_a_private_key_may_have_its_public_key_behind_it():
    proof = AsymmetricStandardWebhooks()
    assert proof.signing_key(written("whsk_", SEED)) == proof.signing_key(written("whsk_", SEED + PUBLIC)) == SEED


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsk_",
        "whsk_AAAA",
        "whsk_é",
        written("whpk_", PUBLIC),
        written("whsk_", SEED * 2),
        written("whsk_", b"x" * 33),
    ],
)
def test_what_is_no_private_key_does_not_sign(secret):
    with pytest.raises(InvalidSecretError, match="a private key is needed"):
        AsymmetricStandardWebhooks().signing_key(secret)


@pytest.mark.parametrize("secret", ["eight\r\nx: y", "späte Geheimnisse", " padded secret", "padded secret ", "x" * 7])
def test_a_secret_that_no_header_can_hold_is_not_sent(secret):
    with pytest.raises(InvalidSecretError):
        SharedSecretHeader(header=b"x-secret").signing_key(secret)


@pytest.mark.parametrize("sent_id", ["", "a b", "a\r\nb", "é", "x" * 257])
@pytest.mark.parametrize("platform", ["native", "native-v1a", "zendesk", "yotpo"])
def test_an_id_that_cannot_be_sent_is_refused(platform, sent_id):
    proof = ADAPTERS[platform].proof
    with pytest.raises(ValueError, match="visible ASCII"):
        proof.sign(proof.signing_key(secrets_of(proof)[0]), b"{}", sent_id, NOW)


@pytest.mark.parametrize("platform", sorted({*ADAPTERS} - {*PROOFS}))
def test_what_only_the_platform_can_prove_nobody_else_signs(platform):
    with pytest.raises(InvalidSecretError):
        ADAPTERS[platform].proof.signing_key("ours@accounts.example")
