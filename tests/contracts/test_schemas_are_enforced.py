"""What the document says of a value and what the services do with it are the same, value by value and by name.

Schemathesis looks for values that nobody thought of. These tests hold every parameter and field to its own bounds.
"""

import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from plaudit.common.contracts.time import is_instant
from plaudit.common.http.openapi import JSON, operations
from plaudit.common.http.openapi_examples import AN_ID
from plaudit.ingest.hooks.api.openapi import NATIVE_EXAMPLE, TRUSTPILOT_EXAMPLE
from plaudit_testing.conformance import House, house
from plaudit_testing.operations import SERVICES
from plaudit_testing.webhooks import headers

pytestmark = pytest.mark.postgres

DOCUMENT: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "docs" / "contracts" / "openapi.json").read_text(encoding="utf-8")
)
OPERATIONS = dict(operations(DOCUMENT))
REFUSED = {400, 422}
FORMATS = {
    "uuid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch,
    "date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch,
    "date-time": is_instant,
}
TEXTS = (
    *(
        "",
        " ",
        "   ",
        "a",
        "ab",
        "ab ",
        " a b ",
        "abc",
        "a\tb",
        "a\nb",
        "a\x00b",
        "\x0babc",
        "abc\x85",
        "a\u202eb",
        "é",
    ),
    *(
        "a/b",
        "/a",
        "a/",
        "UPPER",
        "-a",
        "a--b",
        "x" * 64,
        "x" * 65,
        "a@b",
        " a@b.example ",
        "a\u200b@b.example",
        "@",
        "native",
        "no-such",
    ),
    *("planned", "stars", "true", "2026-03-01T12:00:00Z", "2026-03-01", "2026-03-01T12:00:00", "en", "e_n"),
    *("01956d00-0000-7000-8000-000000000001", "01956d00", "1e0", "2.0", "2", "0.25", "0.250", "1000", "1000.01", "NaN"),
    *("https://a.example/x", "https://a.example/x y", "ftp://a.example"),
)
VALUES = (None, True, 1, 2.0, 0.3, -1, 1000.01, 10**7, [], {}, ["a"], *TEXTS)
UNDECIDED = {"1e0"}
"""A number for one reader of addresses, and none for another."""
ROTATE = "POST /v1/sources/{source_id}/secret/rotate"
GUIDELINE_WRITES = ("POST /v1/library/guidelines", "PUT /v1/library/guidelines/{guideline_id}")
BEYOND_SCHEMAS = {
    ("POST /v1/policies/revisions/{revision}/activate", "fingerprint"): {"preview-required"},
    ("POST /v1/policies/revisions/{revision}/activate", "skip_preview"): {"preview-required"},
    ("POST /v1/sources", "platform"): {"invalid-source", "invalid-mapping"},
    ("POST /v1/sources", "secret"): {"invalid-source"},
    ("POST /v1/sources", "allowed_addresses"): {"invalid-source"},
    ("POST /v1/sources", "time_zone"): {"invalid-source"},
    ("PATCH /v1/sources/{source_id}", "allowed_addresses"): {"invalid-source"},
    ("PATCH /v1/sources/{source_id}", "time_zone"): {"invalid-source"},
    (ROTATE, "secret"): {"invalid-source"},
    ("PUT /v1/score-profiles/{profile_name}", "kinds"): {"invalid-profile"},
    ("PUT /v1/badges/{subject}", "name"): {"wrong-name"},
    ("POST /v1/markers", "name"): {"wrong-name"},
    ("PUT /v1/badge-profile", "profile"): {"unknown-profile", "unfit-profile", "profile-not-ready"},
    ("POST /v1/mappings/guess", "payload"): {"unusable-payload"},
    ("POST /v1/mappings/preview", "payload"): {"unusable-payload"},
    ("POST /v1/mappings/preview", "time_zone"): {"invalid-source"},
    ("POST /v1/alerts/{alert_id}/assign", "owner"): {"unknown-owner"},
    ("POST /v1/calendars/preview", "zone"): {"invalid-calendar"},
    **{(name, field): {"ready-text"} for name in GUIDELINE_WRITES for field in ("stance", "points")},
}
"""Refusals by rules that no schema can say: which zones, networks, secrets and profiles there are, and what a payload
is."""
BETWEEN_FIELDS = {
    *(("POST /v1/replays", field) for field in ("delivery_id", "source_id", "received_from", "received_before")),
    *(("POST /v1/sources/{source_id}/test", field) for field in ("body", "body_base64")),
}
"""Fields of which one allows or demands another: the refusal names the body as a whole."""
FILE = "application/octet-stream"
YAML = "application/yaml"
SPELLED, PLAIN = "a\u200b@b.example", "a@b.example"
"""Another spelling of an address than the plain one of documents; it is taken wherever that is."""
OF_AN_INCIDENT = {
    "POST /v1/incidents": ("title", "reviews"),
    "POST /v1/incidents/{incident_id}/subscribers": ("address",),
    "POST /v1/incidents/{incident_id}/close": ("learnings",),
    "POST /v1/incidents/{incident_id}/links": ("reviews", "alerts"),
    "PUT /v1/incidents/{incident_id}/breach": ("zone", "country", "subdivision"),
    "PUT /v1/incidents/{incident_id}/breach/awareness": ("reason",),
    "PUT /v1/incidents/{incident_id}/breach/affected": ("method", "people"),
    "POST /v1/incidents/{incident_id}/breach/authority": ("reference", "note"),
    "PUT /v1/incidents/{incident_id}/breach/people": ("note",),
    "PUT /v1/incidents/{incident_id}/updates/{number}": ("reason",),
}
CLOCK_ACTS = ("pause", "resume", "move", "fulfil", "settle")
OF_OTHERS = {
    *((name, field) for name, fields in OF_AN_INCIDENT.items() for field in fields),
    *((name, "name") for name in ("POST /v1/endpoints", "PATCH /v1/endpoints/{endpoint_id}")),
    *(("POST /v1/library/guidelines", field) for field in ("stance", "points")),
    *(("PUT /v1/library/guidelines/{guideline_id}", field) for field in ("stance", "points")),
    ("POST /v1/touchpoints/{touchpoint_id}/done", "note"),
    ("POST /v1/alerts/{alert_id}/resolve", "note"),
    ("POST /v1/touchpoints/{touchpoint_id}/skip", "why"),
    *((f"POST /v1/clocks/{{clock_id}}/{act}", field) for act in CLOCK_ACTS for field in ("reason", "note")),
    *((name, "reason") for name in ("POST /v1/clocks/move", "POST /v1/silences")),
    *(("POST /v1/reviews/{review_id}/answer", field) for field in ("published_at", "text")),
    *(("POST /v1/endpoints", field) for field in ("channel", "url", "secret")),
    ("PATCH /v1/endpoints/{endpoint_id}", "url"),
}
"""Fields that another one must allow, of which something must be seen, or that name what there must be."""
INCIDENT_ACTS = (
    *(("POST", rest) for rest in ("updates", "subscribers", "resolve", "close", "links")),
    *(("PUT", rest) for rest in ("severity", "state", "breach", "breach/awareness", "breach/notice")),
    *(("PUT", rest) for rest in ("breach/affected", "breach/people", "updates/{number}")),
)
OF_STATES = {
    "POST /v1/replays": (404, "not-found"),
    "POST /v1/requests/{request_id}/links": (404, "unknown-review"),
    "POST /v1/requests/{request_id}/votes": (409, "voting-closed"),
    "PUT /v1/requests/{request_id}/status": (409, "status-not-possible"),
    "POST /v1/policies/revisions/{revision}/activate": (412, "precondition-failed"),
    "POST /v1/reviews/{review_id}/report": (409, "report-open"),
    "PUT /v1/reviews/{review_id}/report/decision": (409, "no-open-report"),
    ROTATE: (409, "too-many-secrets"),
    "PUT /v1/sources/{source_id}/credentials": (409, "not-asked"),
    "POST /v1/surveys/{survey_id}/invitations": (409, "survey-closed"),
    **{f"POST /v1/clocks/{{clock_id}}/{act}": (409, "clock-refused") for act in CLOCK_ACTS},
    **{f"{act} /v1/incidents/{{incident_id}}/{rest}": (409, "incident-refused") for act, rest in INCIDENT_ACTS},
    "POST /v1/incidents/{incident_id}/breach/authority": (409, "clock-refused"),
    "POST /v1/silences": (409, "silence-refused"),
    "POST /v1/alerts/{alert_id}/resolve": (409, "alert-ends-otherwise"),
    "POST /v1/library/guidelines": (409, "guideline-exists"),
    "PUT /v1/library/guidelines/{guideline_id}": (409, "guideline-exists"),
    "POST /v1/library/guidelines/{guideline_id}/restore": (404, "not-found"),
    "PUT /v1/calendars/{calendar_name}": (409, "built-in-calendar"),
    "POST /v1/touchpoints/{touchpoint_id}/done": (404, "not-found"),
    "POST /v1/touchpoints/{touchpoint_id}/skip": (404, "not-found"),
}
"""Where what is named does not exist, or what was tried before forbids it by then."""
FIXED = {"cursor", "profile", "timezone", "by"}
"""Which cursors are good just now, which profiles a tenant has, which zones there are and what has
passed, are no rules of form."""
FIXED_HERE = {
    ("GET /v1/policies/revisions/{revision}", "compared_with"),
    ("GET /v1/clocks", "owner"),
    ("GET /v1/clocks.csv", "owner"),
    *(("GET /v1/holidays", parameter) for parameter in ("country", "category", "subdivision")),
    *((f"GET /v1/reports/{report}", "zone") for report in ("compliance", "response-times", "effects")),
    ("GET /v1/score-series", "subject"),
    ("GET /v1/figure-series", "subject"),
    ("GET /v1/score-ranking", "under"),
}
"""Nor is any which subjects have reviews, where that is asked, and which people, revisions, holidays and zones."""


CHECKER = jsonschema.FormatChecker(formats=())
for form, is_formed in FORMATS.items():
    CHECKER.checks(form)(lambda value, is_formed=is_formed: not isinstance(value, str) or bool(is_formed(value)))


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Say whether a value is as a schema of the document says."""
    whole = {**schema, "components": DOCUMENT["components"]}
    return jsonschema.Draft202012Validator(whole, format_checker=CHECKER).is_valid(value)


def bounds(schema: Any) -> Iterator[Any]:
    """The values at the bounds of a schema and of those that it is made of, and just beyond them."""
    if isinstance(schema, list):
        for each in schema:
            yield from bounds(each)
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        yield from bounds(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for keyword, beyond in (("minimum", -1), ("maximum", 1)):
        if keyword in schema:
            yield from (schema[keyword], schema[keyword] + beyond)
    for keyword, beyond in (("minLength", -1), ("maxLength", 1)):
        if keyword in schema:
            yield from ("a" * schema[keyword], "a" * (schema[keyword] + beyond))
    if "maxItems" in schema:
        yield from (["a"] * schema["maxItems"], ["a"] * (schema["maxItems"] + 1))
    yield from schema.get("enum", [])
    for keyword in ("anyOf", "oneOf", "allOf", "items"):
        yield from bounds(schema.get(keyword, []))


@asynccontextmanager
async def clients(made: House) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """A client for each path, with a key."""
    found: dict[str, httpx.AsyncClient] = {}
    authorization = {"authorization": f"Bearer {made.key}"}
    served = [
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{each.port}", headers=authorization, timeout=60)
        for each in made.ports
    ]
    for client in served:
        for path in (await client.get("/openapi.json")).json()["paths"]:
            found[path] = client
    yield found
    for client in served:
        await client.aclose()


def address(path: str, made: House) -> str:
    """A path with ids that exist, as far as something was made that has one."""
    return path.format_map(defaultdict(lambda: AN_ID, {name: values[0] for name, values in made.known.items()}))


def refusal(answer: httpx.Response, place: str, name: str) -> bool:
    """Say whether a value was refused; if so, by its name."""
    if answer.status_code not in REFUSED:
        return False
    told = answer.json()
    if told["type"].endswith("invalid-request"):
        assert {(each["in"], each["pointer"].split("/")[1]) for each in told["errors"]} <= {(place, name), *EITHER}, (
            told
        )
    return True


def is_beyond_schemas(name: str, field: str, answer: httpx.Response) -> bool:
    """Say whether an answer refuses for a reason that no schema of one field can say."""
    if answer.status_code < 400:
        return False
    told = answer.json()
    kind = told["type"].partition("#")[2]
    if kind != "invalid-request":
        return kind in BEYOND_SCHEMAS.get((name, field), ()) or OF_STATES.get(name) == (answer.status_code, kind)
    whole_body = {each["pointer"] for each in told["errors"]} == {""}
    return (name, field) in OF_OTHERS or (whole_body and (name, field) in BETWEEN_FIELDS)


def takes_a_file(operation: Mapping[str, Any]) -> bool:
    """Say whether a body is a file or a document: then what it holds decides, and its own tests try that."""
    content = operation.get("requestBody", {}).get("content", {JSON: {}})
    return JSON not in content or FILE in content or YAML in content


EITHER = {
    *(("body", field) for field in ("person", "email", "review_id", "impact", "effort_weeks")),
    *(("body", field) for field in ("alert_id", "subject", "people", "count", "url", "secret")),
}
"""Fields that go together: one may be named for the other."""


def readings(text: str) -> Iterator[Any]:
    """What a text in an address may mean."""
    yield text
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?|true|false", text):
        yield json.loads(text)


async def test_a_query_parameter_takes_what_its_schema_takes_and_nothing_else(house_url: str) -> None:
    wrong = []
    tried: set[str] = set()
    async with house(house_url, SERVICES) as made, clients(made) as served:
        for name, operation in OPERATIONS.items():
            method, path = name.split(" ")
            if takes_a_file(operation):
                continue
            asked = [each for each in operation.get("parameters", []) if each["in"] == "query"]
            required = {each["name"]: each["schema"]["examples"][0] for each in asked if each["required"]}
            for parameter in asked:
                schema = parameter["schema"]
                # Parameters of all lists are tried in full once.
                texts = TEXTS if json.dumps(schema) not in tried else TEXTS[:1]
                tried.add(json.dumps(schema))
                for text in dict.fromkeys([*texts, *map(str, bounds(schema))]).keys() - UNDECIDED:
                    if is_list(schema):
                        expected = fits([text], schema)
                    else:
                        expected = any(fits(reading, schema) for reading in readings(text))
                    sent = {**required, parameter["name"]: text}
                    body = operation.get("requestBody", {}).get("content", {}).get(JSON, {}).get("example")
                    answer = await served[path].request(method, address(path, made), params=sent, json=body)
                    is_fixed = parameter["name"] in FIXED or (name, parameter["name"]) in FIXED_HERE
                    assert answer.status_code in {200, *REFUSED} or (is_fixed and answer.status_code == 404), (
                        answer.text
                    )
                    taken = not refusal(answer, "query", parameter["name"])
                    if taken != expected and not (expected and is_fixed):
                        wrong.append((name, parameter["name"], text[:80], answer.status_code))
    assert wrong == []


async def test_a_field_of_a_body_takes_what_its_schema_takes_and_nothing_else(house_url: str) -> None:
    wrong = []
    async with house(house_url, SERVICES) as made, clients(made) as served:
        for name, operation in OPERATIONS.items():
            method, path = name.split(" ")
            if "requestBody" not in operation or "/hooks/" in path or takes_a_file(operation):
                continue
            content = operation["requestBody"]["content"][JSON]
            schema = DOCUMENT["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
            example = content["example"] | (
                {"review_id": made.known["review_id"][-1]} if "review_id" in content["example"] else {}
            )
            for field, of_field in schema["properties"].items():
                without = {other: value for other, value in example.items() if other != field}
                tried = [without, *({**example, field: value} for value in [*VALUES, *bounds(of_field)])]
                for body in tried:
                    answer = await served[path].request(method, address(path, made), json=body)
                    assert answer.status_code < 500, answer.text
                    if "\\u0000" in json.dumps(body):
                        # Wherever it stands, the body is no JSON that can be kept.
                        is_wrong = (answer.status_code, answer.json()["type"]) != (400, "/problems#malformed-json")
                    elif fits(body, schema) and is_beyond_schemas(name, field, answer):
                        continue
                    else:
                        is_spelled = field == "email" and body.get(field) == SPELLED
                        expected = fits({**body, "email": PLAIN} if is_spelled else body, schema)
                        is_wrong = refusal(answer, "body", field) == expected or (expected and not answer.is_success)
                    if is_wrong:
                        wrong.append(
                            (name, field, str(body.get(field, "absent"))[:80], answer.status_code, answer.text[:300])
                        )
    assert wrong == []


def is_list(schema: Mapping[str, Any]) -> bool:
    """Say whether a parameter may come several times."""
    return any(each.get("type") == "array" for each in [schema, *schema.get("anyOf", [])])


EVENTS = {
    "Native": ("type", "data", {**NATIVE_EXAMPLE}),
    "Trustpilot": ("eventName", "eventData", {**TRUSTPILOT_EXAMPLE["events"][0]}),
}


@pytest.mark.parametrize("platform", EVENTS)
async def test_a_hook_takes_no_field_against_its_schema(house_url: str, platform: str) -> None:
    kind, data, example = EVENTS[platform]
    schemas = DOCUMENT["components"]["schemas"]
    events = [
        schema["properties"]
        for name, schema in schemas.items()
        if name.startswith(platform) and schema.get("properties", {}).keys() == {kind, data}
    ]
    assert events
    async with house(house_url, SERVICES[:1]) as made:
        [port] = made.ports
        source_id, secret = next(iter(made.secrets.items()))
        path = f"/v1/hooks/{source_id}" if platform == "Native" else "/v1/hooks/" + "/".join(made.secret_addresses[0])
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port.port}", timeout=60) as client:
            for described in events:
                schema = schemas[described[data]["$ref"].rpartition("/")[2]]
                names = described[kind].get("enum", [described[kind].get("const")])
                base = example[data] | {"answer": {"text": "Thank you!"}}
                against = [
                    {**base, field: value}
                    for field, of_field in schema["properties"].items()
                    for value in [*VALUES, *bounds(of_field)]
                    if not (isinstance(value, str) and "\x00" in value) and not fits({**base, field: value}, schema)
                ]
                told = [example, *({kind: names[0], data: each} for each in against)]
                content = json.dumps(told if platform == "Native" else {"events": told}).encode()
                answer = await client.post(path, content=content, headers=headers(secret, content))
                assert answer.status_code == 202, answer.text
                kept = {each["index"] for each in answer.json()["quarantined"]}
                taken = [each for index, each in enumerate(told[1:], start=1) if index not in kept]
                assert taken == []
                assert 0 not in kept
