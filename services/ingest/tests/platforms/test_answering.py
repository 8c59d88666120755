"""The interfaces for answers: requests of the documented shape, and what their replies mean."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from plaudit.ingest.platforms import ANSWERING
from plaudit.ingest.platforms.answering import Call, Shown
from plaudit.ingest.platforms.app_store.answers import ANSWERING as APP_STORE
from plaudit.ingest.platforms.asking import CannotAskError, HttpRequest, Token, UnusableReplyError
from plaudit.ingest.platforms.google_business.answers import ANSWERING as GOOGLE_BUSINESS
from plaudit.ingest.platforms.google_play.answers import ANSWERING as GOOGLE_PLAY
from plaudit.ingest.platforms.trustpilot.answers import ANSWERING as TRUSTPILOT
from plaudit_testing.platform_keys import (
    APP_STORE_KEYS,
    EC_PUBLIC,
    GOOGLE_KEYS,
    PLAY_KEYS,
    RSA_PUBLIC,
    TRUSTPILOT_KEYS,
)

NOW = datetime(2026, 5, 1, 10, tzinfo=UTC)
CREDENTIALS = {
    TRUSTPILOT: TRUSTPILOT_KEYS,
    GOOGLE_PLAY: PLAY_KEYS,
    GOOGLE_BUSINESS: GOOGLE_KEYS,
    APP_STORE: APP_STORE_KEYS,
}
ALL = list(CREDENTIALS)


GOOGLE_REVIEW = "accounts/1/locations/2/reviews/3"


def call(answering, external_id="r 1/2", text="Thank you."):
    if answering is GOOGLE_BUSINESS and external_id == "r 1/2":
        external_id = GOOGLE_REVIEW
    return Call(external_id, text, CREDENTIALS[answering], "token")


def ask_and_send(answering, credentials):
    answering.grant.ask(credentials, NOW)
    answering.send(Call(GOOGLE_REVIEW, "Thanks.", credentials, "token"))


def name(answering):
    return answering.title


def test_the_platforms_that_have_an_interface_say_so():
    assert ANSWERING["trustpilot"] is TRUSTPILOT
    assert "native" not in ANSWERING


@pytest.mark.parametrize("answering", ALL, ids=name)
def test_a_missing_credential_is_named(answering):
    for each in answering.credentials:
        fewer = {key: value for key, value in CREDENTIALS[answering].items() if key != each.name}
        with pytest.raises(CannotAskError, match=each.name):
            ask_and_send(answering, fewer)


@pytest.mark.parametrize("answering", ALL, ids=name)
def test_nothing_that_is_shown_of_a_request_tells_a_secret_or_the_text(answering):
    secrets = {each for key, each in CREDENTIALS[answering].items() if key not in {"package_name", "client_email"}}
    made = call(answering, text="quibble")
    shown = repr((made, answering.send(made), answering.grant.ask(CREDENTIALS[answering], NOW)))
    assert [
        secret for secret in secrets | {"quibble"} if f"'{secret}'" in shown or (len(secret) > 5 and secret in shown)
    ] == []


@pytest.mark.parametrize("answering", ALL, ids=name)
def test_a_review_is_named_in_the_path_as_one_segment(answering):
    for request in (answering.send(call(answering)), answering.look(call(answering))):
        assert "r 1/2" not in request.path
        assert "r%201%2F2" in request.path or b"r 1/2" in request.body or GOOGLE_REVIEW in request.path


def test_trustpilot_asks_for_a_token_by_key_and_secret_and_replies_in_a_users_name():
    asked = TRUSTPILOT.grant.ask(CREDENTIALS[TRUSTPILOT], NOW)
    assert isinstance(asked, HttpRequest)
    assert (asked.method, asked.path) == ("POST", "/v1/oauth/oauth-business-users-for-applications/accesstoken")
    assert asked.headers["authorization"] == f"Basic {b64encode(b'canary-key:canary-secret').decode()}"
    assert asked.body == b"grant_type=client_credentials"
    sent = TRUSTPILOT.send(call(TRUSTPILOT, "66f101"))
    assert (sent.method, sent.path) == ("POST", "/v1/private/reviews/66f101/reply")
    assert json.loads(sent.body) == {"message": "Thank you.", "authorBusinessUserId": "canary-user"}
    assert sent.headers["authorization"] == "Bearer token"
    assert TRUSTPILOT.read_sent(b"") == Shown(None, "published")
    reply = {"companyReply": {"text": "Thanks", "createdAt": "2026-05-01T10:00:00Z", "updatedAt": None}}
    assert TRUSTPILOT.read_looked(json.dumps(reply).encode()) == Shown("Thanks", "published", NOW)
    assert TRUSTPILOT.read_looked(b'{"companyReply": null}') is None


def test_google_play_asks_for_a_token_by_a_signed_assertion_and_replies_at_once():
    asked = GOOGLE_PLAY.grant.ask(CREDENTIALS[GOOGLE_PLAY], NOW)
    assert isinstance(asked, HttpRequest)
    form = parse_qs(asked.body.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    assertion = jwt.decode(form["assertion"][0], RSAKey.import_key(RSA_PUBLIC))
    assert assertion.claims["iss"] == "plaudit@shop.iam.gserviceaccount.com"
    assert assertion.claims["aud"] == "https://oauth2.googleapis.com/token"
    assert assertion.claims["exp"] - NOW.timestamp() == 1800
    sent = GOOGLE_PLAY.send(call(GOOGLE_PLAY, "gp:AOqp"))
    assert sent.path == "/androidpublisher/v3/applications/com.example.shop/reviews/gp%3AAOqp:reply"
    assert json.loads(sent.body) == {"replyText": "Thank you."}
    told = b'{"result": {"replyText": "Thank you.", "lastEdited": {"seconds": "1777629600", "nanos": 5}}}'
    assert GOOGLE_PLAY.read_sent(told) == Shown("Thank you.", "published", NOW)
    shown = {"comments": [{"userComment": {"text": "x"}}, {"developerComment": {"text": "Hi", "lastModified": {}}}]}
    assert GOOGLE_PLAY.read_looked(json.dumps(shown).encode()) == Shown("Hi", "published")
    assert GOOGLE_PLAY.read_looked(b'{"comments": [{"userComment": {}}]}') is None
    times = ((5, "Second"), (3, "First"), (None, "Some time"))
    replies = [{"developerComment": {"text": text, "lastModified": {"seconds": at}}} for at, text in times]
    for order in (replies, replies[::-1]):
        looked = GOOGLE_PLAY.read_looked(json.dumps({"comments": order}).encode())
        assert looked == Shown("Second", "published", datetime.fromtimestamp(5, UTC))
    assert GOOGLE_PLAY.too_long("x" * 350) is None
    assert GOOGLE_PLAY.too_long("x" * 351) == "Google Play takes 350 characters, and the answer has 351."


def test_google_business_looks_at_an_answer_before_it_is_shown():
    asked = GOOGLE_BUSINESS.grant.ask(CREDENTIALS[GOOGLE_BUSINESS], NOW)
    assert isinstance(asked, HttpRequest)
    assert parse_qs(asked.body.decode())["grant_type"] == ["refresh_token"]
    sent = GOOGLE_BUSINESS.send(call(GOOGLE_BUSINESS, "accounts/1/locations/2/reviews/AbC-1"))
    assert (sent.method, sent.path) == ("PUT", "/v4/accounts/1/locations/2/reviews/AbC-1/reply")
    looked = GOOGLE_BUSINESS.look(call(GOOGLE_BUSINESS, "accounts/1/locations/2/reviews/AbC-1"))
    assert (looked.method, looked.path) == ("GET", "/v4/accounts/1/locations/2/reviews/AbC-1")
    for other in ("AbC-1", "accounts/1/locations/2/reviews/a/../../3"):
        with pytest.raises(CannotAskError, match="accounts/…/locations/…/reviews/…"):
            GOOGLE_BUSINESS.send(call(GOOGLE_BUSINESS, other))
    told = {"comment": "Hi", "updateTime": "2026-05-01T10:00:00Z"}
    for state, shown in (
        ("PENDING", Shown("Hi", "pending", NOW)),
        ("APPROVED", Shown("Hi", "published", NOW)),
        ("REJECTED", Shown("Hi", "rejected", NOW, "no reason given")),
        (None, Shown("Hi", "published", NOW)),
    ):
        reply = {**told, "reviewReplyState": state}
        assert GOOGLE_BUSINESS.read_sent(json.dumps(reply).encode()) == shown
        assert GOOGLE_BUSINESS.read_looked(json.dumps({"reviewReply": reply}).encode()) == shown
    rejected = {**told, "reviewReplyState": "REJECTED", "policyViolation": "OFF_TOPIC"}
    assert GOOGLE_BUSINESS.read_sent(json.dumps(rejected).encode()).reason == "OFF_TOPIC"
    assert GOOGLE_BUSINESS.read_looked(b"{}") is None


def test_a_reply_is_ours_though_google_has_put_its_translation_to_it():
    for shown in ("Danke.\n\n(Translated by Google)\nThanks.", "(Translated by Google) Thanks.\n\n(Original)\nDanke."):
        looked = GOOGLE_BUSINESS.read_looked(json.dumps({"reviewReply": {"comment": shown}}).encode())
        assert looked == Shown("Danke.", "published")
    assert (
        GOOGLE_BUSINESS.too_long("é" * 2_049) == "Google Business Profile takes 4,096 bytes, and the answer has 4,098."
    )


def test_the_app_store_takes_a_token_that_we_sign_and_shows_a_response_later():
    token = APP_STORE.grant.ask(CREDENTIALS[APP_STORE], NOW)
    assert isinstance(token, Token)
    decoded = jwt.decode(token.value, ECKey.import_key(EC_PUBLIC))
    assert decoded.header == {"alg": "ES256", "kid": "canary-key", "typ": "JWT"}
    assert (decoded.claims["iss"], decoded.claims["aud"]) == ("canary-issuer", "appstoreconnect-v1")
    assert decoded.claims["exp"] - decoded.claims["iat"] <= 20 * 60
    data = json.loads(APP_STORE.send(call(APP_STORE, "000001")).body)["data"]
    assert data["attributes"] == {"responseBody": "Thank you."}
    assert data["relationships"]["review"]["data"] == {"type": "customerReviews", "id": "000001"}
    for state, meant in (("PENDING_PUBLISH", "pending"), ("PUBLISHED", "published")):
        told = {"responseBody": "Hi", "state": state, "lastModifiedDate": "2026-05-01T03:00:00-07:00"}
        body = json.dumps({"data": {"attributes": told}}).encode()
        assert APP_STORE.read_sent(body) == APP_STORE.read_looked(body) == Shown("Hi", meant, NOW)


@pytest.mark.parametrize(
    ("answering", "damaged"),
    [
        (GOOGLE_PLAY, {"private_key": "x"}),
        (GOOGLE_PLAY, {"private_key": APP_STORE_KEYS["private_key"]}),
        (APP_STORE, {"private_key": "x"}),
    ],
)
def test_a_damaged_key_is_named_and_not_shown(answering, damaged):
    with pytest.raises(CannotAskError, match=next(iter(damaged))):
        answering.grant.ask({**CREDENTIALS[answering], **damaged}, NOW)


@pytest.mark.parametrize("answering", ALL, ids=name)
def test_a_reply_that_is_no_json_is_unusable(answering):
    with pytest.raises(UnusableReplyError):
        answering.read_looked(b"<html>")


def test_the_same_words_are_the_same_answer_in_whatever_white_space():
    assert Shown("Thank\r\n you. ", "published").is_of("Thank you.")
    assert not Shown("Thank you!", "published").is_of("Thank you.")
