"""Reviews are settled, with the history kept, and reported to their platforms, until those take them down."""

import json
from typing import Any

import httpx
import pytest

from plaudit.common.db import Role
from plaudit.ingest.settling.jobs import ReportsJob
from plaudit_testing.running_ingest import Ingest, Source, created

pytestmark = pytest.mark.postgres

FINDING = {"disposition": "justified", "outcome": "refunded", "cause": "late_delivery", "ease": 5, "note": "A voucher."}


@pytest.fixture
async def review_id(ingest: Ingest, source: Source) -> str:
    await ingest.post(source, created("r-1", 1, text="Nobody called back."))
    [found] = await ingest.items("/v1/reviews")
    return str(found["id"])


async def send(
    ingest: Ingest, method: str, path: str, body: Any, tenant: str = "default", **headers: str
) -> httpx.Response:
    sent = {"authorization": f"Bearer {await ingest.key(tenant)}", **headers}
    return await ingest.client.request(method, path, json=body, headers=sent)


async def settle(ingest: Ingest, review_id: str, **more: Any) -> httpx.Response:
    headers = {name: more.pop(name) for name in ("if-match",) if name in more}
    return await send(ingest, "PUT", f"/v1/reviews/{review_id}/resolution", {**FINDING, **more}, **headers)


async def resolved(ingest: Ingest) -> list[dict[str, Any]]:
    rows = await ingest.rows("SELECT envelope FROM ingest.outbox ORDER BY id")
    events = [json.loads(row["envelope"]) for row in rows]
    return [each for each in events if each["type"] == "review.resolved"]


async def test_a_review_is_settled_with_an_event_that_changes_nothing_else(ingest: Ingest, review_id: str):
    answer = await settle(ingest, review_id)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
    assert {name: answer.json()[name] for name in FINDING} == FINDING
    [event] = await resolved(ingest)
    before, after = event["data"]["before"], event["data"]["after"]
    resolution = after.pop("resolution")
    assert after == before
    assert resolution.pop("resolved_at") == answer.json()["resolved_at"]
    assert resolution == {"disposition": "justified", "outcome": "refunded", "cause": "late_delivery", "ease": 5}
    assert "voucher" not in json.dumps(event)
    found = (await ingest.get(f"/v1/reviews/{review_id}")).json()
    assert (found["revision"], found["revisions"][-1]["type"]) == (2, "review.resolved")
    assert found["revisions"][-1]["actor"] == answer.json()["resolved_by"]


async def test_settling_anew_keeps_what_was_said_before_and_the_same_again_changes_nothing(
    ingest: Ingest, review_id: str
):
    for outcome in ("refunded", "refunded", "replaced"):
        assert (await settle(ingest, review_id, outcome=outcome)).status_code == 200
    shown = (await ingest.get(f"/v1/reviews/{review_id}/resolution")).json()
    assert (shown["number"], shown["outcome"]) == (2, "replaced")
    assert [(each["number"], each["outcome"]) for each in shown["history"]] == [(1, "refunded")]
    assert len(await resolved(ingest)) == 2


async def test_a_resolution_that_another_has_replaced_is_not_overwritten(ingest: Ingest, review_id: str):
    assert (await settle(ingest, review_id, **{"if-match": '"1"'})).status_code == 412, "there is none yet"
    assert (await settle(ingest, review_id)).headers["etag"] == '"1"'
    assert (await settle(ingest, review_id, outcome="x", **{"if-match": '"1"'})).headers["etag"] == '"2"'
    refused = await settle(ingest, review_id, outcome="y", **{"if-match": '"1"'})
    assert refused.status_code == 412
    assert "number 2" in refused.json()["detail"]


async def test_what_the_platform_tells_later_leaves_the_resolution(ingest: Ingest, source: Source, review_id: str):
    await settle(ingest, review_id)
    await ingest.post(source, {"type": "review.edited", "data": {"id": "r-1", "rating": 4}})
    await ingest.post(source, {"type": "review.answered", "data": {"id": "r-1", "answer": {"text": "Sorry."}}})
    rows = await ingest.rows("SELECT envelope FROM ingest.outbox ORDER BY id DESC LIMIT 1")
    assert json.loads(rows[0]["envelope"])["data"]["after"]["resolution"]["outcome"] == "refunded"


async def test_a_removed_review_is_settled_without_an_event_and_comes_back_settled(
    ingest: Ingest, source: Source, review_id: str
):
    await ingest.post(source, {"type": "review.removed", "data": {"id": "r-1"}})
    assert (await settle(ingest, review_id)).status_code == 200
    assert await resolved(ingest) == []
    await ingest.post(source, {"type": "review.restored", "data": {"id": "r-1"}})
    rows = await ingest.rows("SELECT envelope FROM ingest.outbox ORDER BY id DESC LIMIT 1")
    assert json.loads(rows[0]["envelope"])["data"]["after"]["resolution"]["outcome"] == "refunded"


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"disposition": "maybe"}, "/disposition"),
        ({"outcome": "We refunded it."}, "/outcome"),
        ({"cause": ""}, "/cause"),
        ({"ease": 0}, "/ease"),
        ({"ease": 8}, "/ease"),
        ({"ease": True}, "/ease"),
        ({"note": "x" * 5_001}, "/note"),
    ],
)
async def test_what_cannot_be_a_resolution_is_refused_by_name(ingest: Ingest, review_id: str, more: Any, pointer: str):
    refused = await settle(ingest, review_id, **more)
    assert refused.status_code == 422, refused.text
    assert [each["pointer"] for each in refused.json()["errors"]] == [pointer]


async def test_a_report_is_open_until_the_platform_has_decided_and_the_review_counts_meanwhile(
    ingest: Ingest, source: Source, review_id: str
):
    path, body = f"/v1/reviews/{review_id}/report", {"reason": "not_a_customer", "evidence": "No such order."}
    keyed = {"idempotency-key": "k-1"}
    first, again = [await send(ingest, "POST", path, body, **keyed) for _ in range(2)]
    assert (first.status_code, first.json()["state"]) == (201, "open")
    assert again.json() == first.json()
    assert (await send(ingest, "POST", path, body)).status_code == 409
    assert len(await ingest.items("/v1/platform-reports", state="open")) == 1
    for _ in range(2):
        declined = await send(ingest, "PUT", f"{path}/decision", {"state": "declined", "decision": "Within the rules."})
        assert (declined.status_code, declined.json()["state"]) == (200, "declined")
    assert (await send(ingest, "PUT", f"{path}/decision", {"state": "accepted"})).status_code == 409
    assert (await send(ingest, "POST", path, {"reason": "spam"})).status_code == 201
    reports = (await ingest.get(f"/v1/reviews/{review_id}/reports")).json()["items"]
    assert [each["state"] for each in reports] == ["open", "declined"]
    found = (await ingest.get(f"/v1/reviews/{review_id}")).json()
    assert (found["removed"], found["revision"]) == (False, 1)
    job = ReportsJob(ingest.resources.database(Role.WORKER))
    assert not await job.has_work()
    await ingest.post(source, {"type": "review.removed", "data": {"id": "r-1"}})
    assert await job.has_work()
    assert await job.turn() == 1
    [latest, _] = (await ingest.get(f"/v1/reviews/{review_id}/reports")).json()["items"]
    assert (latest["state"], latest["decision"]) == ("accepted", "the platform took the review down")
    assert (await send(ingest, "POST", path, body)).status_code == 409, "there is nothing to report any more"


async def test_settling_and_reporting_end_at_the_tenant(ingest: Ingest, review_id: str):
    await settle(ingest, review_id)
    await send(ingest, "POST", f"/v1/reviews/{review_id}/report", {"reason": "spam"})
    for method, path, body in (
        ("PUT", "resolution", FINDING),
        ("POST", "report", {"reason": "spam"}),
        ("PUT", "report/decision", {"state": "accepted"}),
    ):
        assert (await send(ingest, method, f"/v1/reviews/{review_id}/{path}", body, "other")).status_code == 404
    assert (await ingest.get(f"/v1/reviews/{review_id}/resolution", "other")).status_code == 404
    assert (await ingest.get(f"/v1/reviews/{review_id}/reports", "other")).status_code == 404
    assert await ingest.items("/v1/platform-reports", "other") == []
