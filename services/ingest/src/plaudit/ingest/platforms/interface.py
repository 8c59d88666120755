"""What an interface of a platform is, where reviews are asked for: requests out, answers in. Pure.

A *walk* asks for one page after the other. A complete walk lists all reviews there are, so it also tells which are
gone; the others list what is new or was changed lately.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Final, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from msgspec import Meta

from plaudit.ingest.platforms.fields import explain

DAY: Final = timedelta(days=1)
TOKEN_SPARE: Final = timedelta(minutes=2)
"""How long before its end a token is no longer used."""
SKEW: Final = timedelta(minutes=1)
"""How far our clock may run ahead of a platform's: a token that was issued in the future is none to it."""
MAX_TOKEN_CHARS: Final = 8_192
FORM: Final = "application/x-www-form-urlencoded"

Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._:~-]+\Z")]
"""Of something in an address."""
Secret = Annotated[str, Meta(min_length=1, max_length=8_192, pattern=r"^[^\x00]+\Z")]
_ESCAPED_BREAK = re.compile(r"(?:\\r)?\\n")
"""As a break of lines stands in JSON, from which a key is copied."""
_AROUND_PEM: Final = "\ufeff\"', \t\r\n"
_PEM = re.compile(r"-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----\s*")


class InvalidCredentialsError(ValueError):
    """Credentials that cannot be; the text names the field, and holds no value."""


class UnexpectedAnswerError(ValueError):
    """An answer that is not of the documented shape; the text says what was expected, and holds nothing of it."""


class Ask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request, without what authorizes it."""

    url: str
    method: Literal["GET", "POST"] = "GET"
    headers: dict[str, str] = {}
    body: str = ""

    @property
    def params(self) -> dict[str, str]:
        """The parameters of its address."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))


class Told(msgspec.Struct, frozen=True):
    """One answer."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes


class Token(msgspec.Struct, frozen=True):
    """What authorizes requests for a while."""

    value: str
    until: datetime


class Limit(msgspec.Struct, frozen=True):
    """How many requests a source makes at most in so many seconds; below what the platform allows."""

    requests: int
    seconds: int


class Walk(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One way through the pages, as far as it has come."""

    started_at: datetime
    complete: bool
    """Whether it lists all reviews there are."""
    since: datetime | None = None
    """What was changed, or published, before is not asked for; see `Interface.order`."""
    next: Ask | None = None
    """What is asked for next; None before the first page."""
    latest: datetime | None = None
    """The latest change that was seen."""
    pages: int = 0
    expected: int = 0
    """How many reviews there are, as the platform says."""
    listed: str = ""
    """Which reviews the last page listed, as a digest."""
    unnamed: bool = False
    """Whether an entry without an id was seen, so that nothing is concluded from what is missing."""


class Interface(ABC):
    """How one platform is asked. Without state: one object for all sources of the platform."""

    origin: ClassVar[str]
    """Scheme and host. What authorizes requests is sent to no other."""
    origin_of_tokens: ClassVar[str] = ""
    """Where tokens are got, if anywhere."""
    credentials: ClassVar[type[msgspec.Struct]]
    """What a source needs; each field is one of a JSON object."""
    limit: ClassVar[Limit]
    every: ClassVar[timedelta]
    """From one walk to the next."""
    complete_every: ClassVar[timedelta | None] = DAY
    """From one complete walk to the next; None where no walk tells what is gone."""
    order: ClassVar[Literal["changed", "published", "none"]]
    """What pages are sorted by, the latest first; a walk that is not complete ends with what is older."""
    look_back: ClassVar[timedelta]
    """How much of what was seen before is listed again, since a platform tells some changes late."""
    published_is_last_change: ClassVar[bool] = False
    """Whether the platform tells one time alone, that of the last change: it is the publication only at first."""

    def read_credentials(self, written: object) -> msgspec.Struct:
        """Return the credentials of a source, without space around them: copies often have some.

        Raises:
            InvalidCredentialsError: one is missing, unknown or of another form; no value is in the text.
        """
        if isinstance(written, dict):
            written = {name: value.strip() if isinstance(value, str) else value for name, value in written.items()}
        try:
            return msgspec.convert(written, self.credentials)
        except msgspec.ValidationError as error:
            raise InvalidCredentialsError(explain(str(error))) from None

    @abstractmethod
    def token(self, credentials: Any, now: datetime) -> Token | Ask:
        """Return the token that authorizes requests, or the request that one is got with."""

    def read_token(self, told: Told, now: datetime) -> Token:
        """Return the token of an answer with `access_token` and `expires_in`, in seconds.

        Raises:
            UnexpectedAnswerError: it holds none.
        """
        document = decode(told.body)
        value = document.get("access_token")
        seconds = document.get("expires_in")
        seconds = int(seconds) if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit() else seconds
        if not isinstance(value, str) or not 0 < len(value) <= MAX_TOKEN_CHARS or not isinstance(seconds, int):
            raise UnexpectedAnswerError("the answer to the request for a token holds no access_token and expires_in")
        lasting = timedelta(seconds=min(max(seconds, 0), 30 * 86_400))
        return Token(value, now + lasting)

    def authorized(self, ask: Ask, token: Token) -> dict[str, str]:
        """Return the headers of a request with what authorizes it."""
        return {**ask.headers, "authorization": f"Bearer {token.value}"}

    @abstractmethod
    def first(self, credentials: Any, walk: Walk) -> Ask:
        """Return the request for the first page of a walk."""

    @abstractmethod
    def following(self, credentials: Any, walk: Walk, asked: Ask, document: Mapping[str, Any]) -> Ask | None:
        """Return the request for the page after one; None after the last.

        Raises:
            UnexpectedAnswerError: the page does not say it in the documented way.
        """

    @abstractmethod
    def entries(self, document: Mapping[str, Any]) -> list[tuple[str | None, datetime | None]]:
        """Return the id of each review of a page, and the time that pages are sorted by; None where it is not told.

        Raises:
            UnexpectedAnswerError: it is no page.
        """

    def expected(self, asked: Ask, document: Mapping[str, Any]) -> int:
        """Return how many reviews the platform says that there are, on the first page of a list; 0 on the others."""
        return 0

    def one(self, credentials: Any, name: str) -> Ask | None:
        """Return the request for one review that a notification has named; None if it is none of the source."""
        return None


def decode(body: bytes) -> Mapping[str, Any]:
    """Return the object that an answer holds.

    Raises:
        UnexpectedAnswerError: it is no JSON object.
    """
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise UnexpectedAnswerError("the answer is no JSON object")
    return document


def rows(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the objects of an array in a page; null among them is left out, and an absent array is empty.

    Raises:
        UnexpectedAnswerError: it is no array of objects.
    """
    found = document.get(name, [])
    if not isinstance(found, list):
        raise UnexpectedAnswerError(f"the answer's {name} is no array")
    return [row if isinstance(row, dict) else {} for row in found if row is not None]


def text(row: Mapping[str, Any], *path: str) -> str | None:
    """Return a text at a path, None where there is none."""
    value: object = row
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) and value else None


def instant(written: str | None) -> datetime | None:
    """Return an instant, None where it is none or has no zone."""
    try:
        found = datetime.fromisoformat(written or "")
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def page_of(base: str, **params: str | int | None) -> Ask:
    """Return the request for an address with parameters, without those that are None."""
    return Ask(url=f"{base}?{urlencode({name: value for name, value in params.items() if value is not None})}")


def linked(origin: str, written: object) -> Ask | None:
    """Return the request that a page links to; None for none.

    Raises:
        UnexpectedAnswerError: it leads to another host, where no token must be sent.
    """
    if written is None:
        return None
    if not isinstance(written, str) or not written.startswith(f"{origin}/"):
        raise UnexpectedAnswerError("the link to the next page leads to another host")
    return Ask(url=written)


def token_form(url: str, headers: Mapping[str, str] | None = None, **fields: str) -> Ask:
    """Return the request for a token: a form."""
    return Ask(url=url, method="POST", headers={"content-type": FORM, **(headers or {})}, body=urlencode(fields))


def signed(
    key: str,
    algorithm: Literal["ES256", "RS256"],
    header: Mapping[str, str],
    claims: Mapping[str, Any],
    now: datetime,
    lasts: timedelta,
) -> str:
    """Return a JWT that is signed with a private key in PEM.

    Args:
        key: see `private_key`.
        algorithm: that it signs with.
        header: of the token, besides the algorithm.
        claims: of the token, besides its times.
        now: by our clock. It is issued a little earlier, as the platform's may be behind.
        lasts: from now to its end.

    Raises:
        InvalidCredentialsError: the key is none.
    """
    times = {"iat": int((now - SKEW).timestamp()), "exp": int((now + lasts).timestamp())}
    found = private_key(key, algorithm)
    return jwt.encode({"alg": algorithm, **header}, {**claims, **times}, found, algorithms=[algorithm])


def private_key(key: str, algorithm: Literal["ES256", "RS256"]) -> ECKey | RSAKey:
    """Return a private key that is written in PEM, also as it stands in a JSON file: quoted, its lines escaped.

    Raises:
        InvalidCredentialsError: it is none, or of another kind.
    """
    kind = "an elliptic curve P-256" if algorithm == "ES256" else "an RSA"
    found: ECKey | RSAKey | None = None
    written = _ESCAPED_BREAK.sub("\n", key).strip(_AROUND_PEM)
    if _PEM.fullmatch(written):
        with suppress(JoseError, ValueError, TypeError):
            found = (ECKey if algorithm == "ES256" else RSAKey).import_key(written)
    if found is None or not found.is_private or (isinstance(found, ECKey) and found.curve_name != "P-256"):
        raise InvalidCredentialsError(f"private_key: must be {kind} private key in PEM")
    return found
