"""Answers through Trustpilot's private interface. A reply is live as soon as it is taken."""

from base64 import b64encode
from datetime import datetime
from typing import Final
from urllib.parse import quote

from plaudit.ingest.platforms.answering import Answering, Call, Shown
from plaudit.ingest.platforms.asking import (
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
    text_at,
    time_at,
)

ADDRESS: Final = "https://api.trustpilot.com"
TOKEN_SECONDS: Final = 360_000.0


def _ask(credentials: Credentials, _now: datetime) -> HttpRequest:
    pair = f"{credential(credentials, 'api_key')}:{credential(credentials, 'api_secret')}"
    return form(
        ADDRESS,
        "/v1/oauth/oauth-business-users-for-applications/accesstoken",
        {"grant_type": "client_credentials"},
        {"authorization": f"Basic {b64encode(pair.encode()).decode()}"},
    )


def _send(call: Call) -> HttpRequest:
    author = credential(call.credentials, "business_user_id")
    path = f"/v1/private/reviews/{quote(call.external_id, safe='')}/reply"
    return HttpRequest(
        "POST", ADDRESS, path, bearer(call.token), json_body(message=call.text, authorBusinessUserId=author)
    )


def _look(call: Call) -> HttpRequest:
    path = f"/v1/private/reviews/{quote(call.external_id, safe='')}"
    return HttpRequest("GET", ADDRESS, path, bearer(call.token))


def _read_sent(_body: bytes) -> Shown:
    return Shown(None, "published")


def _read_looked(body: bytes) -> Shown | None:
    reply = member(read_object(body), "companyReply")
    text = text_at(reply, "text")
    return (
        None if text is None else Shown(text, "published", time_at(reply, "updatedAt") or time_at(reply, "createdAt"))
    )


ANSWERING: Final = Answering(
    title="Trustpilot",
    credentials=(
        Credential("api_key", "The API key of your application."),
        Credential("api_secret", "Its secret."),
        Credential("business_user_id", "The id of the business user in whose name answers are given."),
    ),
    grant=Grant(_ask, lambda body: read_token(body, usual_seconds=TOKEN_SECONDS)),
    send=_send,
    look=_look,
    read_sent=_read_sent,
    read_looked=_read_looked,
)
