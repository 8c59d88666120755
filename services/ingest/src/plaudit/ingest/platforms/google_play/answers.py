"""Answers through Google Play's interface v3. They are live at once."""

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
    bearer,
    credential,
    form,
    json_body,
    member,
    read_object,
    read_token,
    seconds_at,
    text_at,
)
from plaudit.ingest.platforms.interface import InvalidCredentialsError, signed
from plaudit.ingest.platforms.payload import EPOCH

TOKENS: Final = "https://oauth2.googleapis.com"
ADDRESS: Final = "https://androidpublisher.googleapis.com"
SCOPE: Final = "https://www.googleapis.com/auth/androidpublisher"
JWT_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_LIFETIME: Final = timedelta(minutes=30)
TOKEN_SECONDS: Final = 3_600.0


def _ask(credentials: Credentials, now: datetime) -> HttpRequest:
    """Ask for a token with an assertion that is signed with the key of a service account."""
    email, pem = credential(credentials, "client_email"), credential(credentials, "private_key")
    claims = {"iss": email, "scope": SCOPE, "aud": f"{TOKENS}/token"}
    try:
        assertion = signed(pem, "RS256", {"typ": "JWT"}, claims, now, ASSERTION_LIFETIME)
    except InvalidCredentialsError as error:
        raise CannotAskError("the credential 'private_key' is not that of a service account") from error
    return form(TOKENS, "/token", {"grant_type": JWT_GRANT, "assertion": assertion})


def _path(call: Call) -> str:
    package = quote(credential(call.credentials, "package_name"), safe="")
    return f"/androidpublisher/v3/applications/{package}/reviews/{quote(call.external_id, safe='')}"


def _send(call: Call) -> HttpRequest:
    path = f"{_path(call)}:reply"
    return HttpRequest("POST", ADDRESS, path, bearer(call.token), json_body(replyText=call.text))


def _look(call: Call) -> HttpRequest:
    return HttpRequest("GET", ADDRESS, _path(call), bearer(call.token))


def _read_sent(body: bytes) -> Shown:
    result = member(read_object(body), "result")
    return Shown(text_at(result, "replyText"), "published", seconds_at(result, "lastEdited", "seconds"))


def _read_looked(body: bytes) -> Shown | None:
    comments = member(read_object(body), "comments")
    found = [
        Shown(text, "published", seconds_at(each, "developerComment", "lastModified", "seconds"))
        for each in (comments if isinstance(comments, list) else ())
        if (text := text_at(each, "developerComment", "text")) is not None
    ]
    return max(found, key=lambda shown: shown.at or EPOCH, default=None)


ANSWERING: Final = Answering(
    title="Google Play",
    credentials=(
        Credential("package_name", "Of the app, such as com.example.shop."),
        Credential("client_email", "Of a service account that may answer reviews."),
        Credential("private_key", "Its key, from the same JSON file."),
    ),
    grant=Grant(_ask, lambda body: read_token(body, usual_seconds=TOKEN_SECONDS)),
    send=_send,
    look=_look,
    read_sent=_read_sent,
    read_looked=_read_looked,
    max_chars=350,
    needs_words=True,
    pause_seconds=2.0,
)
