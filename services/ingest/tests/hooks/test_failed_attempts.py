"""Deliveries that are not proven: counted by reason, and in the bounded log of their source."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.running_ingest import Ingest, Source, created
from plaudit_testing.webhooks import headers

pytestmark = pytest.mark.postgres

BODY = json.dumps(created("r-1")).encode()
Lines = list[dict[str, Any]]
OTHER_SECRET = "whsec_" + "A" * 43 + "="


def counted(platform: str, reason: str) -> float:
    labels = {"platform": platform, "reason": reason}
    return REGISTRY.get_sample_value("plaudit_failed_attempts_total", labels) or 0.0


def attempts_in(lines: Lines) -> int:
    return sum(line["attempts"] for line in lines)


async def log_of(ingest: Ingest, source: Source, is_there: Callable[[Lines], bool]) -> Lines:
    """The log of a source, once it holds what is waited for."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            found = await ingest.items(f"/v1/sources/{source.id}/failed-attempts")
            if is_there(found):
                return found
            await asyncio.sleep(0.1)


async def test_failed_attempts_are_a_line_for_each_reason_and_hour(ingest: Ingest, source: Source):
    before = counted("native", "no_match")
    for _ in range(3):
        await ingest.send(source.hook, BODY, headers(OTHER_SECRET, BODY))
    await ingest.send(source.hook, BODY, {})
    await ingest.send(source.hook, BODY, headers(source.secret, BODY))
    lines = await log_of(ingest, source, lambda lines: attempts_in(lines) >= 4)
    by_reason: dict[str, int] = {}
    for line in lines:
        by_reason[line["reason"]] = by_reason.get(line["reason"], 0) + line["attempts"]
    assert by_reason == {"no_match": 3, "missing_header": 1}
    assert "no signature matches" in {line["detail"] for line in lines}
    assert counted("native", "no_match") == before + 3
    assert (await ingest.counts())["deliveries"] == 1


async def test_a_flood_makes_the_log_no_longer(ingest: Ingest, source: Source):
    signed = headers(OTHER_SECRET, BODY)
    await asyncio.gather(*(ingest.send(source.hook, BODY, signed) for _ in range(200)))
    lines = await log_of(ingest, source, lambda lines: attempts_in(lines) >= 200)
    assert len(lines) <= 2, "one for each hour that the test ran in"
    assert attempts_in(lines) == 200


async def test_attempts_for_no_source_are_counted_only(ingest: Ingest):
    before = counted("unknown", "no_match")
    await ingest.send(f"/v1/hooks/{uuid4()}", BODY, headers(OTHER_SECRET, BODY))
    assert counted("unknown", "no_match") == before + 1
    assert await ingest.rows("SELECT FROM ingest.failed_attempts") == []


async def test_old_lines_are_dropped_when_new_ones_come(ingest: Ingest, source: Source):
    await ingest.superuser.execute(
        "INSERT INTO ingest.failed_attempts SELECT 'default', $1, now() - interval '31 days', 'no_match', 1, now(), "
        "now(), 'x'",
        source.id,
    )
    await ingest.send(source.hook, BODY, {})
    lines = await log_of(ingest, source, lambda lines: "missing_header" in {line["reason"] for line in lines})
    assert {line["reason"] for line in lines} == {"missing_header"}


async def test_the_log_of_another_tenant_is_empty(ingest: Ingest, source: Source):
    await ingest.send(source.hook, BODY, {})
    await log_of(ingest, source, lambda lines: attempts_in(lines) >= 1)
    assert (await ingest.get(f"/v1/sources/{source.id}/failed-attempts", "globex")).status_code == 404
