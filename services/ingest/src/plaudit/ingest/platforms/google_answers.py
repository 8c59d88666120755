"""Answers through Google's interfaces.

On Google Play they are live at once; on Google Business Profile they are looked at first.
"""

import re
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from plaudit.ingest.platforms.answering import Answering, Call, Shown
from plaudit.ingest.platforms.asking import (
    CannotAskError,
    Credential,
    Credentials,
    Grant,
    HttpRequest,
    bearer,
    credential,
    json_body,
    member,
    read_object,
    read_token,
    seconds_at,
    text_at,
    time_at,
)

TOKENS: Final = "https://oauth2.googleapis.com"
PLAY: Final = "https://androidpublisher.googleapis.com"
BUSINESS: Final = "https://mybusiness.googleapis.com"
PLAY_SCOPE: Final = "https://www.googleapis.com/auth/androidpublisher"
JWT_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_LIFETIME: Final = timedelta(minutes=30)
TOKEN_SECONDS: Final = 3_600.0
_NAME: Final = re.compile(r"accounts/[\w-]{1,64}/locations/[\w-]{1,64}/reviews/[\w-]{1,128}", re.ASCII)
_FORM: Final = {"content-type": "application/x-www-form-urlencoded"}


def _ask_as_service(credentials: Credentials, now: datetime) -> HttpRequest:
    """Ask for a token with an assertion that is signed with the key of a service account."""
    email, pem = credential(credentials, "client_email"), credential(credentials, "private_key")
    claims = {"iss": email, "scope": PLAY_SCOPE, "aud": f"{TOKENS}/token", "iat": now, "exp": now + ASSERTION_LIFETIME}
    try:
        assertion = jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, RSAKey.import_key(pem))
    except (JoseError, ValueError, TypeError, AttributeError) as error:
        raise CannotAskError("the credential 'private_key' is not that of a service account") from error
    return HttpRequest(
        "POST", TOKENS, "/token", _FORM, urlencode({"grant_type": JWT_GRANT, "assertion": assertion}).encode()
    )


def _ask_as_user(credentials: Credentials, _now: datetime) -> HttpRequest:
    """Ask for a token with the refresh token that the owner of the profile has given."""
    form = {name: credential(credentials, name) for name in ("client_id", "client_secret", "refresh_token")}
    return HttpRequest("POST", TOKENS, "/token", _FORM, urlencode({"grant_type": "refresh_token", **form}).encode())


def _read_token(body: bytes) -> Any:
    return read_token(body, usual_seconds=TOKEN_SECONDS)


def _play_path(call: Call) -> str:
    package = quote(credential(call.credentials, "package_name"), safe="")
    return f"/androidpublisher/v3/applications/{package}/reviews/{quote(call.external_id, safe='')}"


def _send_to_play(call: Call) -> HttpRequest:
    path = f"{_play_path(call)}:reply"
    return HttpRequest("POST", PLAY, path, bearer(call.token), json_body(replyText=call.text))


def _look_at_play(call: Call) -> HttpRequest:
    return HttpRequest("GET", PLAY, _play_path(call), bearer(call.token))


def _read_play_sent(body: bytes) -> Shown:
    result = member(read_object(body), "result")
    return Shown(text_at(result, "replyText"), "published", seconds_at(result, "lastEdited", "seconds"))


def _read_play_looked(body: bytes) -> Shown | None:
    comments = member(read_object(body), "comments")
    for each in comments if isinstance(comments, list) else ():
        text = text_at(each, "developerComment", "text")
        if text is not None:
            return Shown(text, "published", seconds_at(each, "developerComment", "lastModified", "seconds"))
    return None


GOOGLE_PLAY: Final = Answering(
    title="Google Play",
    credentials=(
        Credential("package_name", "Of the app, such as com.example.shop."),
        Credential("client_email", "Of a service account that may answer reviews."),
        Credential("private_key", "Its key, from the same JSON file."),
    ),
    grant=Grant(_ask_as_service, _read_token),
    send=_send_to_play,
    look=_look_at_play,
    read_sent=_read_play_sent,
    read_looked=_read_play_looked,
    max_chars=350,
    needs_words=True,
    pause_seconds=2.0,
)


def _business_path(call: Call) -> str:
    """Return the path of a review, whose id is its name."""
    if not _NAME.fullmatch(call.external_id):
        raise CannotAskError("the review's id is not accounts/…/locations/…/reviews/…")
    return f"/v4/{call.external_id}"


def _send_to_business(call: Call) -> HttpRequest:
    path = f"{_business_path(call)}/reply"
    return HttpRequest("PUT", BUSINESS, path, bearer(call.token), json_body(comment=call.text))


def _look_at_business(call: Call) -> HttpRequest:
    return HttpRequest("GET", BUSINESS, _business_path(call), bearer(call.token))


def _read_reply(reply: object) -> Shown | None:
    text, at = text_at(reply, "comment"), time_at(reply, "updateTime")
    if text is None:
        return None
    match text_at(reply, "reviewReplyState"):
        case "PENDING":
            return Shown(text, "pending", at)
        case "REJECTED":
            return Shown(text, "rejected", at, text_at(reply, "policyViolation") or "no reason given")
        case _:
            return Shown(text, "published", at)


def _read_business_sent(body: bytes) -> Shown:
    return _read_reply(read_object(body)) or Shown(None, "pending")


def _read_business_looked(body: bytes) -> Shown | None:
    return _read_reply(member(read_object(body), "reviewReply"))


GOOGLE_BUSINESS: Final = Answering(
    title="Google Business Profile",
    credentials=(
        Credential("client_id", "Of your OAuth client."),
        Credential("client_secret", "Its secret."),
        Credential("refresh_token", "That the owner of the profile has given to the client."),
    ),
    grant=Grant(_ask_as_user, _read_token),
    send=_send_to_business,
    look=_look_at_business,
    read_sent=_read_business_sent,
    read_looked=_read_business_looked,
    max_bytes=4_096,
)
