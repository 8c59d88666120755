"""What Schemathesis is told beyond the document: ids that exist, cursors of lists, signatures, and four checks.

Schemathesis imports it in a process of its own. The variable `CONFORMANCE` holds what runs.
"""

import itertools
import json
import os
import unicodedata
from typing import Any
from uuid import uuid4

import requests
import schemathesis
from requests.auth import AuthBase
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase

from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.webhooks import headers

RUNS = json.loads(os.environ["CONFORMANCE"])
KEPT = 4
"""One of so many ids stays as it was made up: 404 is to be seen too."""
SIGNED = "/v1/hooks/{source_id}"
WITH_TOKEN = "/v1/hooks/{source_id}/{token}"
UNTAKEN = ("quarantined", "quarantine_reason")
OF_SOURCE = "/v1/sources/{source_id}"
SHOWS = {"shows_nothing"}
GUIDELINE_RULES = {"against_the_rules", "ready_text"}
BEYOND_SCHEMAS = {
    "GET /v1/clocks": {"unknown_owner"},
    "GET /v1/clocks.csv": {"unknown_owner"},
    "POST /v1/alerts/{alert_id}/assign": {"unknown_owner"},
    "POST /v1/clocks/move": SHOWS,
    **{f"POST /v1/clocks/{{clock_id}}/{each}": SHOWS for each in ("pause", "resume", "move", "fulfil", "settle")},
    "POST /v1/touchpoints/{touchpoint_id}/skip": SHOWS,
    "POST /v1/library/guidelines": GUIDELINE_RULES,
    "PUT /v1/library/guidelines/{guideline_id}": GUIDELINE_RULES,
}
"""The rules, by their codes, that may refuse what the schema allows: all that 422 means there."""
A_PHRASE = {"category": "legal", "phrase": "lawyer/lawyers"}
"""One that can be muted: only the lists know which there are."""

_turns = itertools.count()
_keys: set[str] = set()


class Sign(AuthBase):
    """Signs the body as it is sent."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the three headers of Standard Webhooks."""
        body = request.body or b""
        assert isinstance(body, (bytes, str))
        signed = headers(self._secret, body.encode() if isinstance(body, str) else body)
        signed.pop("content-type")
        request.headers.update(signed)
        return request


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Let what the schema allows be possible too: no schema knows ids, cursors, keys and signatures."""
    meta = case.meta
    if meta is None:
        return
    if not meta.is_negative_at(ParameterLocation.PATH):
        if case.path in (SIGNED, WITH_TOKEN):
            _use_an_address_that_exists(case)
        elif (case.method, case.path) == ("DELETE", OF_SOURCE):
            # The sources that deliveries are posted to must stay.
            if case.path_parameters.get("source_id") in RUNS["known"]["source_id"]:
                case.path_parameters["source_id"] = str(uuid4())
        elif meta.phase.name != TestPhase.STATEFUL and next(_turns) % KEPT:
            _use_known_ids(case)
    if not meta.is_negative_at(ParameterLocation.BODY):
        case.body = _typed(case.body)
        if isinstance(case.body, dict) and isinstance(case.body.get("mutes"), list):
            case.body["mutes"] = [{**mute, **A_PHRASE} for mute in case.body["mutes"]]
        if isinstance(case.body, dict) and case.body.get("review_id") and RUNS["reviews_of_the_board"]:
            # Its 404 would be of the review, and be taken for one of the request that was just made.
            case.body["review_id"] = RUNS["reviews_of_the_board"][next(_turns) % len(RUNS["reviews_of_the_board"])]
    if not meta.is_negative_at(ParameterLocation.QUERY):
        for name in {"cursor", "after"} & {*(case.query or {})}:
            _use_a_cursor_of_the_list(case, name)
    if not meta.is_negative_at(ParameterLocation.HEADER):
        _use_the_key_once(case)
        if case.path == SIGNED and case.path_parameters.get("source_id") in RUNS["secrets"]:
            kwargs["auth"] = Sign(RUNS["secrets"][case.path_parameters["source_id"]])


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Remember what signs the deliveries of each source."""
    if response.status_code >= 300 or not case.path.startswith("/v1/sources"):
        return
    name = f"{case.method} {case.path}"
    if name in ("POST /v1/sources", f"POST {OF_SOURCE}/secret/rotate"):
        source = json.loads(response.content)
        if source.get("platform", "native") == "native" and source["secret"]:
            RUNS["secrets"][source["id"]] = source["secret"]
    elif name == f"PUT {OF_SOURCE}/secrets":
        RUNS["secrets"][case.path_parameters["source_id"]] = case.body["secrets"][0]
    elif name == f"DELETE {OF_SOURCE}":
        RUNS["secrets"].pop(case.path_parameters["source_id"], None)


def _use_an_address_that_exists(case: Any) -> None:
    """Only a delivery to a source shows what becomes of its body."""
    if case.path == WITH_TOKEN:
        case.path_parameters["source_id"], case.path_parameters["token"] = RUNS["secret_addresses"][0]
    elif case.path_parameters.get("source_id") not in RUNS["secrets"]:
        case.path_parameters["source_id"] = next(iter(RUNS["secrets"]))


def _typed(value: Any) -> Any:
    """Return a body with texts as keyboards make them: composed (NFC, in which lengths are measured), and without NUL.

    NUL is refused wherever it stands. What the schema does not know has no schema to say so.
    """
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value.replace("\0", ""))
    if isinstance(value, list):
        return [_typed(each) for each in value]
    if isinstance(value, dict):
        return {_typed(name): _typed(each) for name, each in value.items()}
    return value


def _use_known_ids(case: Any) -> None:
    for name in case.path_parameters or {}:
        if known := RUNS["known"].get(name):
            case.path_parameters[name] = known[next(_turns) % len(known)]


def _use_a_cursor_of_the_list(case: Any, name: str) -> None:
    case.query.pop(name)
    sent = case.operation.schema.transport.serialize_case(case, base_url=RUNS["address"])
    answer = requests.get(
        sent["url"],
        params={**(sent["params"] or {}), "limit": 1},
        headers={"authorization": f"Bearer {RUNS['key']}"},
        timeout=DEADLINE_SECONDS,
    )
    following = answer.json().get("next")
    if following:
        case.query[name] = following


def _use_the_key_once(case: Any) -> None:
    key = (case.headers or {}).get("Idempotency-Key")
    if key is not None:
        if key in _keys:
            case.headers["Idempotency-Key"] = f"{next(_turns)}-{key}"[:255]
        _keys.add(case.headers["Idempotency-Key"])


@schemathesis.serializer("application/gzip", "application/jsonl")
def as_a_file(ctx: Any, value: Any) -> bytes:
    """Return a file of what was made up."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


@schemathesis.serializer("application/yaml", "application/x-yaml", "text/yaml")
def as_a_document(ctx: Any, value: Any) -> bytes:
    """Return a document as it is written: the schema of YAML is that of its text, not of what it means."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode(errors="replace")


@schemathesis.check
def refusals_are_named_in_the_document(ctx: Any, response: Any, case: Any) -> None:
    """A refusal is a problem of a type that the operation's document names for its status, or for any."""
    if response.status_code < 400 or case.method.lower() not in case.operation.schema.raw_schema["paths"][case.path]:
        return
    told = json.loads(response.content)["type"].rpartition("#")[2]
    answers = case.operation.schema.raw_schema["paths"][case.path][case.method.lower()]["responses"]
    named = answers.get(str(response.status_code), {}).get("description", "") + answers["default"]["description"]
    assert f"`{told}`: " in named, f"{response.status_code} {told} is not in the document"


@schemathesis.check
def only_rules_beyond_schemas_refuse(ctx: Any, response: Any, case: Any) -> None:
    """What the schema allows is refused, where that is to be expected, by a rule that no schema can say."""
    rules = BEYOND_SCHEMAS.get(f"{case.method} {case.path}")
    if rules is None or response.status_code != 422 or case.meta is None or case.meta.generation.mode.is_negative:
        return
    broken = {each["code"] for each in json.loads(response.content)["errors"]}
    assert broken, "refused without a rule"
    assert broken <= rules, f"refused by {sorted(broken - rules)}"


@schemathesis.check
def every_answer_has_an_id(ctx: Any, response: Any, case: Any) -> None:
    """Every answer names its request."""
    assert response.headers.get("x-request-id"), "no X-Request-Id"


@schemathesis.check
def what_a_hook_does_not_take_is_told(ctx: Any, response: Any, case: Any) -> None:
    """A hook answers 202 to what is against the schema only where it lists an event that it did not take."""
    if case.path not in (SIGNED, WITH_TOKEN) or response.status_code != 202 or case.meta is None:
        return
    if case.meta.is_negative_at(ParameterLocation.BODY):
        told = json.loads(response.content)
        assert any(told.get(name) for name in UNTAKEN), "taken, although it is against the schema"
