"""JSONTestSuite (github.com/nst/JSONTestSuite) as bodies of requests, at each service's own port and at the door."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from plaudit_testing.edge import DOOR, Answers, EdgeHouse, exchange, request
from plaudit_testing.shared import outside_suite
from plaudit_testing.webhooks import headers

pytestmark = [pytest.mark.e2e, pytest.mark.postgres]

NOT_JSON = {"/problems#malformed-json", "/problems#invalid-json"}
STRICTER = {
    "y_number_double_close_to_zero.json",
    "y_object_duplicated_key.json",
    "y_object_duplicated_key_and_value.json",
    "y_object_escaped_null_in_key.json",
    "y_string_null_escape.json",
}
"""What RFC 8259 allows and docs/webhooks.md does not: a number of 83 characters, a key twice, and NUL."""
BY_VALUE = STRICTER | {"n_number_NaN.json", "n_number_infinity.json", "n_number_minus_infinity.json"}
"""What a hook refuses of one event, so that it costs no other: nothing of these bodies is taken."""
NOTHING_TAKEN = "/problems#nothing-taken"

Send = Callable[[bytes], Answers]


def ways(house: EdgeHouse) -> Iterator[tuple[str, Send]]:
    """Of sending a body: to an operation with a key, and as a signed webhook."""

    def with_key(port: int, path: str) -> Send:
        lines = [f"Authorization: Bearer {house.running.key}", "Content-Type: application/json", "Connection: close"]
        return lambda body: exchange(port, request("POST", path, *lines, f"Content-Length: {len(body)}", body=body))

    def signed(port: int) -> Send:
        def send(body: bytes) -> Answers:
            signature = headers(house.source["secret"], body, f"msg_{uuid.uuid4().hex}")
            lines = [f"{name}: {value}" for name, value in signature.items()]
            lines += ["Connection: close", f"Content-Length: {len(body)}"]
            return exchange(port, request("POST", house.hook, *lines, body=body))

        return send

    ports = house.ports
    yield "hook of ingest", signed(ports["ingest"])
    yield "hook at the door", signed(ports[DOOR])
    for place, path in {
        "ingest": "/v1/sources",
        "feedback-board": "/v1/requests",
        DOOR: "/v1/requests",
        "scoring": "/v1/scores",
        "alerting": "/v1/policies",
    }.items():
        yield f"{path} of {place}", with_key(ports[place], path)


def fault(way: str, case: Path, answer: Answers) -> str | None:
    """What is wrong about an answer."""
    problem = answer.problem() or {}
    is_not_json = problem.get("type") in NOT_JSON
    told = f"{way}: {case.name}: {answer.statuses} {problem}"
    if len(answer.statuses) != 1 or answer.statuses[0] >= 500 or (answer.statuses[0] >= 400 and not problem):
        return told
    if answer.statuses == [413]:
        return told if case.name.startswith("y_") else None
    if way.startswith(("/v1/scores", "/v1/policies")):
        return None if answer.statuses == [405] else told  # these take no JSON from anybody
    if way.startswith("hook") and case.name in BY_VALUE:
        return None if problem.get("type") == NOTHING_TAKEN and answer.statuses == [422] else told
    if case.name.startswith("n_") or case.name in STRICTER:
        return None if is_not_json else told
    return told if case.name.startswith("y_") and is_not_json else None


def test_each_body_is_read_or_refused_as_the_suite_says(house: EdgeHouse) -> None:
    cases = sorted(outside_suite("JSONTestSuite", "test_parsing").glob("*.json"))
    assert len(cases) >= 300
    with ThreadPoolExecutor(8) as threads:
        started = [(way, case, threads.submit(send, case.read_bytes())) for way, send in ways(house) for case in cases]
        faults = [found for way, case, each in started if (found := fault(way, case, each.result()))]
    print(f"{len(cases)} bodies in {len(list(ways(house)))} ways")
    assert faults == [], "\n".join(faults)
