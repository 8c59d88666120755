"""The signed token of the host's product: it says who somebody is, once, and for a day at most.

A JWT with an HMAC under the secret that the tenant shares with us. The algorithm is ours to say, never the token's.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.jws import JWSRegistry

from plaudit.feedback_board.requests.domain.errors import BoardRefusedError, InvalidInputError
from plaudit.feedback_board.visitors.domain.visitor import SignedIn, clean_display_name, person_at

ALGORITHM: Final = "HS256"
LEEWAY: Final = timedelta(seconds=60)
"""How far the host's clock may be from ours."""
MAX_LIFE: Final = timedelta(hours=24)
MAX_ID_CHARACTERS: Final = 128
MAX_TOKEN_CHARACTERS: Final = 4_096
HOST_PREFIX: Final = "host:"
SECRET_MIN_CHARACTERS: Final = 32
SECRET_MAX_CHARACTERS: Final = 256
SECRET_PATTERN: Final = rf"^[!-~]{{{SECRET_MIN_CHARACTERS},{SECRET_MAX_CHARACTERS}}}$"


class TokenRefusedError(BoardRefusedError):
    """A token that signs nobody in; the text says why, and repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class HostToken:
    """What a token says that is signed with the secret, and good now."""

    person: SignedIn
    id_hash: bytes
    """Of its `jti`: it counts once."""
    expires_at: datetime
    """After this it is refused by its time alone."""


def audience(tenant_id: str) -> str:
    """Return what `aud` of a token for a board is."""
    return f"plaudit-board:{tenant_id}"


def read_token(token: str, secrets: list[str], tenant_id: str, tenant_key: bytes, now: datetime) -> HostToken:
    """Return what a token says.

    Args:
        token: as it came.
        secrets: those that it may be signed with.
        tenant_id: whose board it must be for.
        tenant_key: of the hashes of addresses.
        now: the time.

    Raises:
        TokenRefusedError: no secret matches, a claim is missing or wrong, or it is too old.
    """
    claims = _verified(token, secrets)
    issued_at, expires_at = _time(claims, "iat"), _time(claims, "exp")
    if claims.get("aud") not in (audience(tenant_id), [audience(tenant_id)]):
        raise TokenRefusedError(f"aud must be {audience(tenant_id)}")
    if not issued_at - LEEWAY <= now < expires_at + LEEWAY:
        raise TokenRefusedError("the token is not good now: make one when the person comes")
    if not timedelta() < expires_at - issued_at <= MAX_LIFE:
        raise TokenRefusedError("exp must be later than iat, and by 24 hours at most")
    token_id = _id(claims, "jti")
    person = SignedIn(_person_key(claims, tenant_key), _name(claims))
    return HostToken(person, sha256(token_id.encode()).digest(), expires_at + LEEWAY)


def _verified(token: str, secrets: list[str]) -> dict[str, Any]:
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise TokenRefusedError("the token is too long")
    registry = JWSRegistry(algorithms=[ALGORITHM])
    for secret in secrets:
        try:
            return dict(jwt.decode(token, OctKey.import_key(secret), registry=registry).claims)
        except (JoseError, ValueError):  # a wrong secret, another algorithm, or no token at all
            continue
    raise TokenRefusedError(f"the token is not signed with this board's secret, by {ALGORITHM}")


def _time(claims: dict[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenRefusedError(f"{name} must be a number of seconds")
    try:
        return datetime.fromtimestamp(value, tz=UTC)
    except (OverflowError, ValueError, OSError):
        raise TokenRefusedError(f"{name} must be a number of seconds") from None


def _id(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_ID_CHARACTERS or not value.isascii():
        raise TokenRefusedError(f"{name} must be a text of 1 to {MAX_ID_CHARACTERS} ASCII characters")
    if not value.isprintable() or " " in value:
        raise TokenRefusedError(f"{name} must be printable, without blanks")
    return value


def _person_key(claims: dict[str, Any], tenant_key: bytes) -> str:
    subject, email = _id(claims, "sub"), claims.get("email")
    if "@" in subject:
        raise TokenRefusedError("sub must not be an address: give it as email")
    if email is None:
        return f"{HOST_PREFIX}{subject}"
    if claims.get("email_verified") is not True:
        raise TokenRefusedError("email_verified must be true, or email be left out: an address proves who somebody is")
    try:
        return person_at(tenant_key, email if isinstance(email, str) else "")
    except InvalidInputError as error:
        raise TokenRefusedError(str(error)) from None


def _name(claims: dict[str, Any]) -> str | None:
    name = claims.get("name")
    if name is None:
        return None
    if not isinstance(name, str):
        raise TokenRefusedError("name must be a text")
    try:
        return clean_display_name(name)
    except InvalidInputError as error:
        raise TokenRefusedError(str(error)) from None
