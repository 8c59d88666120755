"""A process that is killed after an answer was sent, and before that is noted, leads to no second answer."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from plaudit_testing.answering_platforms import answering_platform
from plaudit_testing.databases import NO_KAFKA
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.platform_keys import TRUSTPILOT_KEYS
from plaudit_testing.running_ingest import Ingest
from plaudit_testing.stack import stack

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

TEXT = "Thank you, quibblefrotz."


async def test_an_answer_is_sent_once_and_told_once_whatever_dies(ingest: Ingest, ingest_url: str, tmp_path: Path):
    async with answering_platform() as platform:
        source = await ingest.source(platform="trustpilot")
        data = {"id": "t-1", "stars": 1, "createdAt": "2026-02-14T10:00:00Z", "text": "Hm"}
        await ingest.post(source, {"events": [{"eventName": "service-review-created", "eventData": data}]})
        [review] = await ingest.items("/v1/reviews")
        headers = {"authorization": f"Bearer {await ingest.key()}"}
        path = f"/v1/sources/{source.id}/answering-credentials"
        assert (await ingest.client.put(path, json={"credentials": TRUSTPILOT_KEYS}, headers=headers)).is_success
        path = f"/v1/reviews/{review['id']}/answer"
        made: httpx.Response = await ingest.client.post(path, json={"text": TEXT}, headers=headers)
        assert made.json()["via"] == "platform", made.text

        async def is_over(state: str) -> None:
            async with asyncio.timeout(DEADLINE_SECONDS):
                while (await ingest.get(path)).json()["state"] != state:  # noqa: ASYNC110 - another process writes it
                    await asyncio.sleep(0.1)

        origins = json.dumps({"https://api.trustpilot.com": platform.url})
        with stack(
            ingest_url, NO_KAFKA, tmp_path, PLAUDIT_INTERFACE_ORIGINS=origins, PLAUDIT_LOG_LEVEL="DEBUG"
        ) as made_stack:
            process = made_stack.process("ingest", "jobs")
            process.start("answer_sent_before_note=kill")
            async with asyncio.timeout(DEADLINE_SECONDS):
                while process.running:  # noqa: ASYNC110 - another process ends
                    await asyncio.sleep(0.1)
            assert platform.shown == {"t-1": TEXT}
            assert (await ingest.get(path)).json()["state"] == "submitted"
            # The lease would end by itself; the test does not wait for it.
            await ingest.rows("UPDATE ingest.answer_senders SET leased_until = '-infinity'")
            process.start()
            await is_over("published")
            process.stop()
            log = process.log.read_text()
        assert len(platform.requests("POST .*/reply")) == 1
        assert len(platform.requests("GET /v1/private/reviews/t-1")) == 1
        rows = await ingest.rows("SELECT envelope FROM ingest.outbox")
        assert sum(json.loads(row["envelope"])["type"] == "review.answered" for row in rows) == 1
        assert "answer" in log, "something was logged"
        canaries = (*TRUSTPILOT_KEYS.values(), platform.valid_token or "no token", "quibblefrotz")
        assert [each for each in canaries if each in log] == []
