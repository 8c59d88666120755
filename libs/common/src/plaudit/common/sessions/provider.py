"""An OpenID provider: where it is asked to sign somebody in, and which verified e-mail address it vouches for.

Authorization code flow with PKCE, state and nonce, by Authlib; signatures are checked with the provider's own keys.
"""

import time
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import quote

import httpx
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet
from joserfc.jws import JWSRegistry

from plaudit.common.sessions.domain import OidcAttempt, OidcRefusedError
from plaudit.common.settings import Settings

log = structlog.get_logger()

SCOPE: Final = "openid email profile"
_AUTH_METHODS: Final = "token_endpoint_auth_methods_supported"
_BASIC: Final = "client_secret_basic"
DISCOVERY: Final = "/.well-known/openid-configuration"
METADATA_SECONDS: Final = 3600.0
LEEWAY_SECONDS: Final = 60
ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
"""Of signatures by a key pair: with a shared secret, whoever can check could also sign."""


class OidcProvider:
    """The provider that the settings name."""

    def __init__(
        self, settings: Settings, redirect_uri: str, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """Ask it nothing yet; it sends browsers back to `redirect_uri`."""
        self._transport = transport
        self._settings = settings
        self._issuer = settings.oidc_issuer.rstrip("/")
        self._redirect_uri = redirect_uri
        self._metadata: tuple[float, dict[str, Any]] | None = None

    async def address(self, state: str, attempt: OidcAttempt) -> str:
        """Return the address of the provider's own sign-in page.

        Raises:
            OidcRefusedError: the provider cannot be reached, or is not what the settings say.
        """
        try:
            metadata = await self._discover()
            address: str = prepare_grant_uri(
                metadata["authorization_endpoint"],
                self._settings.oidc_client_id,
                "code",
                redirect_uri=self._redirect_uri,
                scope=SCOPE,
                state=state,
                nonce=attempt.nonce,
                code_challenge=create_s256_code_challenge(attempt.code_verifier),
                code_challenge_method="S256",
            )
        except (httpx.HTTPError, ValueError, LookupError) as error:
            raise _refused(error) from error
        return address

    async def verified_email(self, code: str, attempt: OidcAttempt) -> str:
        """Exchange a code for what the provider says of a person, and return the verified e-mail address.

        Raises:
            OidcRefusedError: the code or what it is exchanged for is not valid, or the address is not verified.
        """
        try:
            metadata = await self._discover()
            async with self._client() as client:
                token = await self._token(client, metadata, code, attempt.code_verifier)
                keys = await _json(client.get(metadata["jwks_uri"]))
                claims = self._checked(token, keys, metadata, attempt.nonce)
                if not {"email", "email_verified"} <= claims.keys() and "userinfo_endpoint" in metadata:
                    bearer = {"Authorization": f"Bearer {token['access_token']}"}
                    claims = _same_person(
                        claims, await _json(client.get(metadata["userinfo_endpoint"], headers=bearer))
                    )
        except (AuthlibBaseError, JoseError, httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            raise _refused(error) from error
        email = claims.get("email")
        if not isinstance(email, str) or claims.get("email_verified") is not True:
            raise OidcRefusedError("the provider does not say that your e-mail address is verified")
        return email

    async def _discover(self) -> dict[str, Any]:
        if self._metadata is not None and self._metadata[0] > time.monotonic():
            return self._metadata[1]
        async with self._client() as client:
            metadata = await _json(client.get(self._issuer + DISCOVERY))
        if str(metadata["issuer"]).rstrip("/") != self._issuer:
            raise ValueError("the provider names another issuer than PLAUDIT_OIDC_ISSUER")
        self._metadata = (time.monotonic() + METADATA_SECONDS, metadata)
        return metadata

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=self._settings.oidc_timeout_seconds, transport=self._transport)

    async def _token(
        self, client: httpx.AsyncClient, metadata: Mapping[str, Any], code: str, code_verifier: str
    ) -> dict[str, Any]:
        """Exchange a code, as the client that the settings name."""
        secret = self._settings.oidc_client_secret.get_secret_value()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": code_verifier,
            "client_id": self._settings.oidc_client_id,
        }
        auth = httpx.Auth()
        # Without a list, RFC 8414 has it that the provider takes client_secret_basic.
        if secret and _BASIC in metadata.get(_AUTH_METHODS, [_BASIC]):
            auth = httpx.BasicAuth(quote(self._settings.oidc_client_id, safe=""), quote(secret, safe=""))
        elif secret:
            form["client_secret"] = secret
        return await _json(client.post(metadata["token_endpoint"], data=form, auth=auth))

    def _checked(
        self, token: Mapping[str, Any], keys: Any, metadata: Mapping[str, Any], nonce: str
    ) -> Mapping[str, Any]:
        """Return the claims of an ID token whose signature, issuer, audience, times and nonce are right."""
        offered = ALGORITHMS.intersection(metadata.get("id_token_signing_alg_values_supported", ["RS256"]))
        registry = JWSRegistry(algorithms=sorted(offered), strict_check_header=False)
        decoded = jwt.decode(token["id_token"], _signing_keys(keys), registry=registry)
        options = {
            "iss": {"essential": True, "value": metadata["issuer"]},
            "aud": {"essential": True, "value": self._settings.oidc_client_id},
        }
        params = {"nonce": nonce, "client_id": self._settings.oidc_client_id, "access_token": token["access_token"]}
        claims = CodeIDToken(decoded.claims, decoded.header, options, params)
        claims.validate(leeway=LEEWAY_SECONDS)
        return dict(claims)


async def _json(asking: Awaitable[httpx.Response]) -> dict[str, Any]:
    """Return the JSON object of an answer."""
    answer = (await asking).raise_for_status().json()
    if not isinstance(answer, dict):
        raise TypeError("the provider's answer is no object")
    return answer


def _signing_keys(keys: Mapping[str, Any]) -> KeySet:
    """Return the provider's keys but those for encryption, and those of kinds that are not known here."""
    known: list[Key] = []
    for each in keys["keys"]:
        with suppress(JoseError, LookupError, ValueError, TypeError):
            if each.get("use", "sig") == "sig":
                known += KeySet.import_key_set({"keys": [each]}).keys
    return KeySet(known)


def _same_person(claims: Mapping[str, Any], info: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the user info, whose address and whose word that it is verified belong together."""
    if info.get("sub") != claims["sub"]:
        raise ValueError("the provider's user info is about another person")
    if claims.get("email", info.get("email")) != info.get("email"):
        raise ValueError("the provider names two addresses")
    return info


def _refused(error: Exception) -> OidcRefusedError:
    """Log what failed by its type alone: a library's text may hold the code or the token."""
    log.warning("oidc_failed", error_type=type(error).__name__)
    return OidcRefusedError("the provider did not sign you in: try again, or sign in another way")
