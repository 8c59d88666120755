"""What providers answer, beyond what the one in the other tests does."""

import time
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey, RSAKey

from plaudit.common.sessions.domain import OidcAttempt, OidcRefusedError
from plaudit.common.sessions.provider import OidcProvider
from plaudit.common.settings import Settings

ISSUER = "https://id.example.com/application/o/plaudit/"
EMAIL = "ada@example.com"
VERIFIED = {"email": EMAIL, "email_verified": True}
SIGNING = RSAKey.generate_key(2048, {"use": "sig", "kid": "signing", "alg": "RS256"})
ENCRYPTING = RSAKey.generate_key(2048, {"use": "enc", "kid": "encrypting", "alg": "RSA-OAEP"})
OTHERS: dict[str, dict[str, Any]] = {
    "for encryption": dict(ENCRYPTING.as_dict(private=False)),
    "for key agreement": dict(OKPKey.generate_key("X25519", {"kid": "x", "use": "enc"}).as_dict(private=False)),
    "of an unknown curve": {"kty": "EC", "crv": "P-1", "kid": "curve", "x": "AA", "y": "AA"},
    "of an unknown kind": {"kty": "AKP", "kid": "kind", "alg": "ML-DSA-44", "pub": "AAAA"},
    "without its numbers": {"kty": "RSA", "kid": "empty"},
}


async def email_from(
    claims: dict[str, Any],
    info: dict[str, Any] | None = None,
    *,
    more_keys: tuple[dict[str, Any], ...] = (),
    header: dict[str, Any] | None = None,
    issuer: str = ISSUER,
) -> str:
    """The address that a provider vouches for by such an ID token and such user info."""
    now = int(time.time())
    token = jwt.encode(
        header or {"alg": "RS256", "kid": "signing"},
        {"iss": ISSUER, "aud": "plaudit", "sub": "1", "iat": now, "exp": now + 300, "nonce": "n", **claims},
        SIGNING,
    )
    answers: dict[str, Any] = {
        "/application/o/plaudit/.well-known/openid-configuration": {
            "issuer": ISSUER,
            "token_endpoint": "https://id.example.com/token",
            "jwks_uri": "https://id.example.com/keys",
            **({"userinfo_endpoint": "https://id.example.com/info"} if info is not None else {}),
        },
        "/token": {"access_token": "a", "id_token": token},
        "/keys": {"keys": [*more_keys, SIGNING.as_dict(private=False)]},
        "/info": info,
    }
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answers[request.url.path]))
    settings = Settings.model_validate(
        {"database_url": "postgresql://nowhere", "oidc_issuer": issuer, "oidc_client_id": "plaudit"}
    )
    provider = OidcProvider(settings, "https://plaudit.example.com/sign-in/oidc/callback", transport)
    return await provider.verified_email("code", OidcAttempt("n", "v" * 43, "/console"))


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
async def test_a_key_that_we_do_not_use_hinders_no_sign_in(other: dict[str, Any]) -> None:
    assert await email_from(VERIFIED, more_keys=(other,)) == EMAIL


async def test_a_token_may_name_no_key_where_one_alone_signs() -> None:
    assert await email_from(VERIFIED, more_keys=(OTHERS["for encryption"],), header={"alg": "RS256"}) == EMAIL


async def test_an_issuer_may_be_set_without_the_slash_at_its_end() -> None:
    assert await email_from(VERIFIED, issuer=ISSUER.rstrip("/")) == EMAIL


@pytest.mark.parametrize("claims", [{}, {"email": EMAIL}, {"email_verified": True}])
async def test_what_the_id_token_does_not_say_is_asked_of_the_user_info(claims: dict[str, Any]) -> None:
    assert await email_from(claims, {"sub": "1", **VERIFIED}) == EMAIL


@pytest.mark.parametrize(
    ("claims", "info"),
    [
        ({"email_verified": True}, {"sub": "1", "email": EMAIL, "email_verified": False}),
        ({"email_verified": True}, {"sub": "1", "email": EMAIL}),
        ({"email": EMAIL}, {"sub": "1", "email_verified": True}),
        ({"email": EMAIL}, {"sub": "1", "email": "eve@example.com", "email_verified": True}),
        ({"email": EMAIL}, {"sub": "2", **VERIFIED}),
        ({**VERIFIED, "email_verified": False}, {"sub": "1", **VERIFIED}),
    ],
)
async def test_an_address_and_the_word_that_it_is_verified_come_from_one_place(
    claims: dict[str, Any], info: dict[str, Any]
) -> None:
    with pytest.raises(OidcRefusedError):
        await email_from(claims, info)


@pytest.mark.parametrize(("seconds", "accepted"), [(30, True), (180, False)])
async def test_the_clocks_of_both_may_differ_by_a_minute(seconds: int, accepted: bool) -> None:
    now = int(time.time())
    for times in ({"iat": now + seconds}, {"iat": now - 600, "exp": now - seconds}):
        if accepted:
            assert await email_from({**VERIFIED, **times}) == EMAIL
        else:
            with pytest.raises(OidcRefusedError):
                await email_from({**VERIFIED, **times})
