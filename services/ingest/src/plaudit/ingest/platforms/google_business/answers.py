"""Answers through Google Business Profile's interface v4. Google looks at them before it shows them."""

from datetime import datetime
from typing import Final

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
    text_at,
    time_at,
)
from plaudit.ingest.platforms.fields import as_written
from plaudit.ingest.platforms.google_business.adapter import NAME

TOKENS: Final = "https://oauth2.googleapis.com"
ADDRESS: Final = "https://mybusiness.googleapis.com"
TOKEN_SECONDS: Final = 3_600.0


def _ask(credentials: Credentials, _now: datetime) -> HttpRequest:
    """Ask for a token with the refresh token that the owner of the profile has given."""
    given = {name: credential(credentials, name) for name in ("client_id", "client_secret", "refresh_token")}
    return form(TOKENS, "/token", {"grant_type": "refresh_token", **given})


def _path(call: Call) -> str:
    """Return the path of a review, whose id is its name."""
    if not NAME.fullmatch(call.external_id):
        raise CannotAskError("the review's id is not accounts/…/locations/…/reviews/…")
    return f"/v4/{call.external_id}"


def _send(call: Call) -> HttpRequest:
    path = f"{_path(call)}/reply"
    return HttpRequest("PUT", ADDRESS, path, bearer(call.token), json_body(comment=call.text))


def _look(call: Call) -> HttpRequest:
    return HttpRequest("GET", ADDRESS, _path(call), bearer(call.token))


def _read_reply(reply: object) -> Shown | None:
    text, at = text_at(reply, "comment"), time_at(reply, "updateTime")
    if text is None:
        return None
    text = as_written(text)
    match text_at(reply, "reviewReplyState"):
        case "PENDING":
            return Shown(text, "pending", at)
        case "REJECTED":
            return Shown(text, "rejected", at, text_at(reply, "policyViolation") or "no reason given")
        case _:
            return Shown(text, "published", at)


def _read_sent(body: bytes) -> Shown:
    return _read_reply(read_object(body)) or Shown(None, "pending")


def _read_looked(body: bytes) -> Shown | None:
    return _read_reply(member(read_object(body), "reviewReply"))


ANSWERING: Final = Answering(
    title="Google Business Profile",
    credentials=(
        Credential("client_id", "Of your OAuth client."),
        Credential("client_secret", "Its secret."),
        Credential("refresh_token", "That the owner of the profile has given to the client."),
    ),
    grant=Grant(_ask, lambda body: read_token(body, usual_seconds=TOKEN_SECONDS)),
    send=_send,
    look=_look,
    read_sent=_read_sent,
    read_looked=_read_looked,
    max_bytes=4_096,
)
