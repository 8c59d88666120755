"""The cases of the standard webhooks' own tests, sent over HTTP: at ingest's own port and at the door.

Signed by their own library, which their tests are about. A delivery is proven (202) or not (401), and nothing else.
"""

import base64
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks

from plaudit_testing.edge import DOOR, EdgeHouse, exchange, request

pytestmark = [pytest.mark.e2e, pytest.mark.postgres]

Headers = dict[str, str]
BODY = '{"type": "review.created", "data": {"id": "r-1", "rating": 4, "published_at": "2026-02-14T12:00:00Z"}}'
FOREIGN = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
VALID = base64.b64encode(b"x" * 32).decode()

CASES: dict[str, tuple[int, Callable[[Headers], object]]] = {
    "as signed": (202, lambda _: None),
    "missing webhook-id": (401, lambda headers: headers.pop("webhook-id")),
    "missing webhook-timestamp": (401, lambda headers: headers.pop("webhook-timestamp")),
    "missing webhook-signature": (401, lambda headers: headers.pop("webhook-signature")),
    "webhook-timestamp of another kind": (401, lambda headers: headers.update({"webhook-timestamp": "hello"})),
    "webhook-timestamp changed after signing": (
        401,
        lambda headers: headers.update({"webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}),
    ),
    "signature of another message": (401, lambda headers: headers.update({"webhook-signature": f"v1,{VALID}"})),
    "signature that is no base64": (
        401,
        lambda headers: headers.update({"webhook-signature": "v1,dawfeoifkpqwoekfpqoekf"}),
    ),
    "signature cut to 8 characters": (
        401,
        lambda headers: headers.update({"webhook-signature": headers["webhook-signature"][:8]}),
    ),
    "empty signature": (401, lambda headers: headers.update({"webhook-signature": "v1,"})),
    "several signatures": (
        202,
        lambda headers: headers.update(
            {"webhook-signature": f"{FOREIGN} v2{FOREIGN[2:]} {headers['webhook-signature']} {FOREIGN}"}
        ),
    ),
    "right bytes under v2": (
        401,
        lambda headers: headers.update({"webhook-signature": f"v2{headers['webhook-signature'][2:]}"}),
    ),
}
AGES = {"signed 310 s ago": -310, "signed 310 s ahead": 310, "signed 250 s ago": -250, "signed 250 s ahead": 250}


def delivered(house: EdgeHouse, port: int, change: Callable[[Headers], object], age_seconds: float = 0) -> int:
    name, when = f"msg_{uuid.uuid4().hex}", datetime.now(UTC) + timedelta(seconds=age_seconds)
    headers = {
        "webhook-id": name,
        "webhook-timestamp": str(int(when.timestamp())),
        "webhook-signature": standardwebhooks.Webhook(house.source["secret"]).sign(name, when, BODY),
    }
    change(headers)
    lines = [f"{key}: {value}" for key, value in headers.items()]
    lines += ["Content-Type: application/json", f"Content-Length: {len(BODY)}", "Connection: close"]
    answer = exchange(port, request("POST", house.hook, *lines, body=BODY.encode()))
    assert answer.statuses == [202] or answer.problem() is not None, answer.text
    [status] = answer.statuses
    return status


def test_each_case_is_proven_or_not_as_their_tests_say(house: EdgeHouse) -> None:
    for place in ("ingest", DOOR):
        port = house.ports[place]
        found = {name: delivered(house, port, change) for name, (_, change) in CASES.items()}
        assert found == {name: status for name, (status, _) in CASES.items()}, place
        ages = {name: delivered(house, port, lambda _: None, seconds) for name, seconds in AGES.items()}
        assert ages == {name: 401 if abs(seconds) > 300 else 202 for name, seconds in AGES.items()}, place
