"""What is stated for a delivery, what an answer means, and what is never shown."""

import json
import subprocess
from urllib.parse import quote

import pytest

from plaudit.common.standard_webhooks import InvalidSecretError
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.webhooks.domain import (
    MASK,
    Attempt,
    NotSignableError,
    Outcome,
    content_type_of,
    curl,
    not_proven_reason,
    origin_of,
    outcome,
    shown_headers,
    shown_path,
    signed_headers,
    with_token,
)

NOW = 1_777_716_000
BODY = b'{"type":"review.removed","data":{"id":"r-1"}}'
OTHER = "whsec_Pz8/Pz8/Pz8/Pz8/Pz8/Pz8/Pz8/Pz8/Pz8/Pz8/Pz8/"
SECRET = "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
ATTEMPT = Attempt("msg_1", NOW)
HOOK = "https://reviews.example/v1/hooks/0190"


def raw(headers):
    return [(name.encode(), value.encode()) for name, value in headers.items()]


@pytest.mark.parametrize(
    "platform", sorted(name for name, each in ADAPTERS.items() if each.proof.is_for_any_sender and name != "native-v1a")
)
def test_what_is_signed_as_a_platform_is_proven_as_one(platform):
    adapter, secret = ADAPTERS[platform], SECRET
    headers = raw(signed_headers(adapter, secret, BODY, ATTEMPT))
    assert not_proven_reason(adapter, [secret], headers, f"/v1/hooks/0190/{quote(secret, safe='')}", BODY, NOW) is None
    reason = not_proven_reason(adapter, [OTHER], headers, "/v1/hooks/0190/x", BODY, NOW)
    assert reason is not None
    assert reason.startswith("wrong_token: " if adapter.proof.in_address else "no_match: ")


@pytest.mark.parametrize(
    ("platform", "secret", "attempt", "said"),
    [
        ("native", None, ATTEMPT, "native needs a secret: put it into PLAUDIT_WEBHOOK_SECRET"),
        ("yext", SECRET, Attempt("msg_1", NOW, is_id_stated=True), "yext sends no id of a delivery"),
        ("stamped", SECRET, Attempt("msg_1", NOW, is_time_stated=True), "stamped signs no time"),
        ("google-business", "ours@accounts.example", ATTEMPT, "nobody but Google Business Profile itself can send"),
        ("google-play", None, ATTEMPT, "nobody but Google Play itself can send"),
        ("native", SECRET, Attempt("msg.1", NOW), "without a dot"),
        ("zendesk", SECRET, Attempt("msg_1", 1e300), "."),
    ],
)
def test_what_cannot_be_signed_is_said(platform, secret, attempt, said):
    with pytest.raises(NotSignableError, match=said):
        signed_headers(ADAPTERS[platform], secret, BODY, attempt)


def test_a_secret_that_is_none_is_refused_where_it_signs():
    with pytest.raises(InvalidSecretError):
        signed_headers(ADAPTERS["native"], "nonsense!", BODY, ATTEMPT)
    assert signed_headers(ADAPTERS["trustpilot"], "nonsense!", BODY, ATTEMPT) == {}


@pytest.mark.parametrize(
    ("status", "answer", "means"),
    [
        (202, {"accepted": 1, "quarantined": []}, Outcome.TAKEN),
        (202, {"accepted": 0, "quarantined": [], "held": [{"index": 0, "reason": "early"}]}, Outcome.TAKEN),
        (202, {"duplicate": True, "accepted": 1, "quarantined": []}, Outcome.TAKEN),
        (202, {"accepted": 1, "quarantined": [{"index": 1, "reason": "x"}]}, Outcome.REFUSED),
        (202, {"accepted": 0, "quarantined": [], "quarantine_reason": "id_reused"}, Outcome.REFUSED),
        (204, None, Outcome.TAKEN),
        (200, [], Outcome.TAKEN),
        (302, None, Outcome.REFUSED),
        (401, {}, Outcome.REFUSED),
        (422, {}, Outcome.REFUSED),
        (408, {}, Outcome.UNCERTAIN),
        (429, {}, Outcome.UNCERTAIN),
        (500, {}, Outcome.UNCERTAIN),
        (503, None, Outcome.UNCERTAIN),
    ],
)
def test_an_answer_means_taken_refused_or_uncertain(status, answer, means):
    assert outcome(status, b"" if answer is None else json.dumps(answer).encode()) is means


def test_a_file_of_lines_is_sent_as_lines():
    assert content_type_of("a.jsonl") == content_type_of("a.ndjson") == "application/x-ndjson"
    assert content_type_of("a.json") == content_type_of("-") == "application/json"


def test_a_token_is_put_at_the_end_of_an_address_that_has_none():
    trustpilot, native = ADAPTERS["trustpilot"], ADAPTERS["native"]
    assert with_token(HOOK, trustpilot, "t/k") == f"{HOOK}/t%2Fk"
    assert with_token(f"{HOOK}/", trustpilot, "token") == f"{HOOK}/token"
    assert with_token(f"{HOOK}/there", trustpilot, "token") == f"{HOOK}/there"
    assert with_token(HOOK, trustpilot, None) == HOOK
    assert with_token(HOOK, native, "whsec_") == HOOK


def test_secrets_are_never_shown():
    assert origin_of(f"{HOOK}/token") == "https://reviews.example"
    assert origin_of("http://127.0.0.1:8000/v1/hooks/1/token") == "http://127.0.0.1:8000"
    assert shown_path("/v1/hooks/1/token", ADAPTERS["yotpo"]) == f"/v1/hooks/1/{MASK}"
    assert shown_path("/v1/hooks/1", ADAPTERS["native"]) == "/v1/hooks/1"
    headers = [(b"x-stamped-webhook-secret", b"hidden"), (b"authorization", b"hidden"), (b"a", b"1"), (b"a", b"2")]
    assert shown_headers(headers) == {"x-stamped-webhook-secret": MASK, "authorization": MASK, "a": "1, 2"}


def test_a_curl_command_survives_the_shell_and_holds_no_secret(tmp_path):
    headers = {"x-a": "it's $HOME", "x-stamped-webhook-secret": "hidden"}
    command = curl(headers, None, "@it's a file")
    assert "hidden" not in command
    fake = tmp_path / "curl"
    fake.write_text('#!/bin/sh\ncat\nfor each; do printf "%s\\n" "$each"; done\n')
    fake.chmod(0o700)
    told = subprocess.run(
        ["/bin/sh", "-c", command],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "PLAUDIT_WEBHOOK_SECRET": "hidden", "HOOK": HOOK},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    assert told == [
        *("x-stamped-webhook-secret: hidden", "-sS", "--data-binary", "@it's a file", "-H", "@-"),
        *("-H", "x-a: it's $HOME", HOOK),
    ]
