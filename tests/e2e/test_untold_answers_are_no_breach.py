"""Where answers are not told, a clock ends as unknown at its due time; where they are, as breached."""

import asyncio
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from plaudit.alerting.policies.domain.default import shipped
from plaudit.alerting.policies.domain.revisions import PolicyRef, PolicyRevision
from plaudit.alerting.policies.domain.stored import OWN_ID
from plaudit_testing import pipeline
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.stack import eventually, stack
from plaudit_testing.webhooks import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.postgres]

SHORT_POLICY = """
WITH saved AS (
    INSERT INTO alerting.policy_revisions
        (tenant_id, policy_id, number, title, format, document, compiled, saved_at, saved_by)
    VALUES ('default', $1, $2, $3, 'yaml', '', $4, now(), 'test')
)
INSERT INTO alerting.policy_activations (tenant_id, policy_id, number, activated_at, activated_by)
VALUES ('default', $1, $2, now(), 'test')
"""
"""Past the API, which takes no time as short as a test waits."""


def short_policy() -> PolicyRevision:
    """The shipped class of bad reviews alone, due after seconds."""
    bad = shipped().named("one-or-two-stars")
    ref = PolicyRef(OWN_ID, 1, bad.name)
    due = msgspec.structs.replace(bad, ref=ref, target_seconds=2, grace_seconds=2, warn_percent=(50,))
    return PolicyRevision(id=ref.id, number=ref.revision, title="Short", classes=(due,))


async def test_a_bad_review_whose_answer_nobody_tells_is_unknown_at_its_due_time(
    database_url: str, fresh_kafka: Any, tmp_path: Path
) -> None:
    with stack(database_url, fresh_kafka.address, tmp_path, PLAUDIT_OWNER_EMAIL="owner@example.com") as running:
        running.prepare("ingest", "alerting")
        policy = short_policy()
        compiled = msgspec.json.encode(policy).decode()
        pipeline.rows(running, SHORT_POLICY, policy.id, policy.number, policy.title, compiled)
        ingest = running.process("ingest", "all").start()
        alerting = running.process("alerting", "all").start()
        for process in (ingest, alerting):
            await asyncio.to_thread(process.wait_ready)
        told = await asyncio.to_thread(pipeline.create_source, running, ingest, "acme/told")
        untold = await asyncio.to_thread(pipeline.create_source, running, ingest, "acme/untold", "judge-me")

        written = datetime.now(UTC)
        bad = {"id": "r-told", "rating": 1, "text": "Cold soup.", "published_at": written.isoformat()}
        review = {
            "id": 465,
            "rating": 1,
            "body": "Cold soup.",
            "published": True,
            "hidden": False,
            "curated": "ok",
            "source": "web",
            "title": "Soup",
            "verified": "not-yet",
            "reviewer": {"id": 1, "email": "buyer@example.test", "name": "Ada"},
            "created_at": written.isoformat(),
            "updated_at": written.isoformat(),
        }
        body = json.dumps({"event": "review/created", "review": review}).encode()
        mac = hmac.new(untold["secret"].encode(), body, hashlib.sha256).hexdigest()
        async with httpx.AsyncClient(timeout=DEADLINE_SECONDS) as client:
            await Platform(told["hook"], told["secret"]).post(client, [{"type": "review.created", "data": bad}])
            sent = await client.post(untold["hook"], content=body, headers={"judgeme-hmac-sha256": mac})
            assert sent.status_code in (200, 202), sent.text

        def clocks() -> dict[str, dict[str, Any]]:
            items = alerting.get("/v1/clocks", running.key)[1].get("items", [])
            return {clock["external_id"]: clock for clock in items}

        ends = {"r-told": "breached", "465": "unknown"}
        await eventually(lambda: {name: clock["state"] for name, clock in clocks().items()} == ends, "clocks ended")
        unknown = clocks()["465"]
        assert (unknown["answers"], unknown["breached_at"]) == ("untold", None)
        assert datetime.fromisoformat(unknown["unknown_at"]) >= datetime.fromisoformat(unknown["due_at"])
        _, log = alerting.get(f"/v1/clocks/{unknown['id']}", running.key)
        assert [entry["kind"] for entry in log["log"]] == ["started", "warned", "unknown"]
        alerts = alerting.get("/v1/alerts", running.key)[1]["items"]
        assert [alert["clock_id"] for alert in alerts] == [clocks()["r-told"]["id"]]
