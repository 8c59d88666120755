"""Google Play's interface v3: the reviews of an app with a text that were new or changed in the last seven days."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Final

import msgspec
from msgspec import Meta

from plaudit.ingest.platforms.interface import (
    Ask,
    Interface,
    InvalidCredentialsError,
    Limit,
    Secret,
    Token,
    Walk,
    page_of,
    private_key,
    rows,
    signed,
    text,
    token_form,
)

PAGE_SIZE: Final = 100
"""The most that the interface gives; it often gives fewer."""
SCOPE: Final = "https://www.googleapis.com/auth/androidpublisher"
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_LASTS: Final = timedelta(minutes=30)
"""Google takes an hour at most."""


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A service account that may read the app's reviews, and the app."""

    client_email: Annotated[str, Meta(max_length=320, pattern=r"^[^\s\x00@]+@[^\s\x00@]+\Z")]
    private_key: Secret
    """Both are in the service account's JSON file."""
    package_name: Annotated[str, Meta(max_length=200, pattern=r"^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*\Z")]


class GooglePlay(Interface):
    """The reviews of one app. It never lists all of them, so nothing is concluded from what is missing."""

    origin = "https://androidpublisher.googleapis.com"
    origin_of_tokens = "https://oauth2.googleapis.com"
    credentials: ClassVar[type[msgspec.Struct]] = Credentials
    limit = Limit(requests=100, seconds=3_600)
    every = timedelta(minutes=30)
    complete_every = None
    order = "none"
    look_back = timedelta(days=7)
    published_is_last_change = True

    def read_credentials(self, written: object) -> msgspec.Struct:
        """Return the credentials; the key must be one that RS256 signs with."""
        found = super().read_credentials(written)
        if isinstance(found, Credentials):
            private_key(found.private_key, "RS256")
            return found
        raise InvalidCredentialsError("must be an object")

    def token(self, credentials: Credentials, now: datetime) -> Token | Ask:
        """Return the request that exchanges what we sign as the service account."""
        address = f"{self.origin_of_tokens}/token"
        claims = {"iss": credentials.client_email, "scope": SCOPE, "aud": address}
        assertion = signed(credentials.private_key, "RS256", {"typ": "JWT"}, claims, now, ASSERTION_LASTS)
        return token_form(address, grant_type=GRANT, assertion=assertion)

    def first(self, credentials: Credentials, walk: Walk) -> Ask:
        """Ask for the first page of the week."""
        return self._page(credentials, None)

    def following(self, credentials: Credentials, walk: Walk, asked: Ask, document: Mapping[str, Any]) -> Ask | None:
        """Ask for the page that the token names."""
        token = text(document, "tokenPagination", "nextPageToken")
        return None if token is None else self._page(credentials, token)

    def entries(self, document: Mapping[str, Any]) -> list[tuple[str | None, datetime | None]]:
        """Return ids and last changes."""
        return [(text(row, "reviewId"), _changed(row)) for row in rows(document, "reviews")]

    def _page(self, credentials: Credentials, token: str | None) -> Ask:
        base = f"{self.origin}/androidpublisher/v3/applications/{credentials.package_name}/reviews"
        return page_of(base, maxResults=PAGE_SIZE, token=token)


def _changed(row: Mapping[str, Any]) -> datetime | None:
    comments = row.get("comments")
    found = [
        int(seconds)
        for comment in (comments if isinstance(comments, list) else ())
        if isinstance(comment, dict)
        and (seconds := text(comment, "userComment", "lastModified", "seconds")) is not None
        and seconds.isascii()
        and seconds.isdigit()
        and len(seconds) < 12
    ]
    return datetime.fromtimestamp(max(found), UTC) if found else None


INTERFACE = GooglePlay()
