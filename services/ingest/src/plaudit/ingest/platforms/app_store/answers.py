"""Answers through the interface of App Store Connect: one response for each review, shown some time after it was sent.

Apple's documents are the only source of these shapes.
"""

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from plaudit.ingest.platforms.answering import Answering, Call, Shown
from plaudit.ingest.platforms.asking import (
    CannotAskError,
    Credential,
    Credentials,
    Grant,
    HttpRequest,
    Token,
    UnusableReplyError,
    bearer,
    credential,
    json_body,
    member,
    read_object,
    text_at,
    time_at,
)
from plaudit.ingest.platforms.interface import InvalidCredentialsError, signed

ADDRESS: Final = "https://api.appstoreconnect.apple.com"
AUDIENCE: Final = "appstoreconnect-v1"
TOKEN_LIFETIME: Final = timedelta(minutes=15)
"""Apple refuses one that is valid for more than 20 minutes."""


def _sign(credentials: Credentials, now: datetime) -> Token:
    issuer, key_id = credential(credentials, "issuer_id"), credential(credentials, "key_id")
    pem = credential(credentials, "private_key")
    try:
        claims = {"iss": issuer, "aud": AUDIENCE}
        value = signed(pem, "ES256", {"kid": key_id, "typ": "JWT"}, claims, now, TOKEN_LIFETIME)
    except InvalidCredentialsError as error:
        raise CannotAskError("the credential 'private_key' is not the .p8 file of a key") from error
    return Token(value, TOKEN_LIFETIME.total_seconds())


def _no_token(_body: bytes) -> Token:
    raise UnusableReplyError("tokens are signed here, and not asked for")


def _send(call: Call) -> HttpRequest:
    body = json_body(
        data={
            "type": "customerReviewResponses",
            "attributes": {"responseBody": call.text},
            "relationships": {"review": {"data": {"type": "customerReviews", "id": call.external_id}}},
        }
    )
    return HttpRequest("POST", ADDRESS, "/v1/customerReviewResponses", bearer(call.token), body)


def _look(call: Call) -> HttpRequest:
    path = f"/v1/customerReviews/{quote(call.external_id, safe='')}/response"
    return HttpRequest("GET", ADDRESS, path, bearer(call.token))


def _read_looked(body: bytes) -> Shown | None:
    attributes = member(read_object(body), "data", "attributes")
    text, at = text_at(attributes, "responseBody"), time_at(attributes, "lastModifiedDate")
    if text is None:
        return None
    return Shown(text, "published" if text_at(attributes, "state") == "PUBLISHED" else "pending", at)


def _read_sent(body: bytes) -> Shown:
    return _read_looked(body) or Shown(None, "pending")


ANSWERING: Final = Answering(
    title="App Store",
    credentials=(
        Credential("issuer_id", "Of your keys in App Store Connect."),
        Credential("key_id", "The id of the key."),
        Credential("private_key", "The key itself, the content of its .p8 file."),
    ),
    grant=Grant(_sign, _no_token),
    send=_send,
    look=_look,
    read_sent=_read_sent,
    read_looked=_read_looked,
    max_chars=5_970,
)
