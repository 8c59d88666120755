"""`docs/webhooks.md` is exact: its code runs, its numbers and problems are the product's."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from plaudit.common.http.limits import BODY_SECONDS, DEFAULT_LIMITS
from plaudit.common.http.problems import head_too_slow, malformed
from plaudit.common.standard_webhooks import MAX_TIMESTAMP_DIGITS, TOLERANCE_SECONDS, decode_secret, verify
from plaudit.common.strict_json import MAX_DEPTH, MAX_EXPONENT, MAX_NODES, MAX_NUMBER_CHARS
from plaudit.ingest.platforms.adapter import MAX_EVENTS
from plaudit.ingest.settings import IngestSettings
from plaudit_testing.running_ingest import Ingest, Source
from plaudit_testing.serving import serving

GUIDE = (Path(__file__).parents[4] / "docs" / "webhooks.md").read_text()
SECONDS = 120


def code(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def python() -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec("\n".join(code("python")), names)
    return names


def cell(name: str) -> str:
    [value] = re.findall(rf"^\| {name} \| `([^`]*)` \|$", GUIDE, re.MULTILINE)
    return str(value)


@pytest.fixture
async def served(ingest: Ingest) -> AsyncIterator[str]:
    """The address of a server for the same application."""
    assert ingest.parts.app is not None
    async with serving(ingest.parts.app) as client:
        yield str(client.base_url).rstrip("/")


@pytest.mark.postgres
async def test_its_python_posts_a_review(ingest: Ingest, source: Source, served: str):
    event = {"type": "review.created", "data": {"id": "r-1", "rating": 4, "published_at": "2026-11-22T09:00:00Z"}}
    told = await asyncio.to_thread(python()["send"], served + source.hook, source.secret, [event])
    assert (told["accepted"], told["quarantined"]) == (1, [])


@pytest.mark.postgres
async def test_its_shell_makes_a_source_and_posts_a_review(ingest: Ingest, source: Source, served: str):
    make, post, _ = code("sh")
    environment = {
        "PATH": os.environ["PATH"],
        "PLAUDIT": served,
        "KEY": await ingest.key(),
        "SOURCE_ID": source.id,
        "SECRET": source.secret,
    }

    def run(script: str) -> str:
        done = subprocess.run(
            ["sh", "-eu", "-c", script], env=environment, check=True, capture_output=True, text=True, timeout=SECONDS
        )
        return done.stdout

    assert '"secret":"whsec_' in await asyncio.to_thread(run, make)
    assert '"accepted":1' in await asyncio.to_thread(run, post)
    [review] = await ingest.items("/v1/reviews")
    assert review["text"] == "Late."


@pytest.mark.postgres
async def test_its_commands_post_a_sample_and_its_repetition(
    ingest: Ingest, source: Source, served: str, tmp_path: Path
):
    *_, commands = code("sh")
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PLAUDIT": served,
        "SOURCE_ID": source.id,
        "PLAUDIT_WEBHOOK_SECRET": source.secret,
    }
    done = await asyncio.to_thread(
        subprocess.run,
        ["sh", "-eu", "-c", commands],
        env=environment,
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.stdout.count('"accepted":1') == 3
    assert '"duplicate":true' in done.stdout
    assert "webhook-signature: v1," in done.stdout
    assert len(await ingest.items("/v1/reviews")) == 2


def test_its_example_of_a_signature_is_right():
    secret, message_id, timestamp, body = map(cell, ("secret", "id", "timestamp", "body"))
    assert len(timestamp) <= MAX_TIMESTAMP_DIGITS
    assert python()["sign"](secret, message_id, timestamp, body.encode()) == cell("signature")
    signed = message_id.encode(), timestamp.encode(), cell("signature").encode()
    verify(*signed, body.encode(), (decode_secret(secret),), int(timestamp))


def test_its_limits_are_the_products():
    mebibytes = IngestSettings.model_fields["hook_max_body_bytes"].default // 2**20
    assert f"One delivery holds 1 to {MAX_EVENTS:,} events and {mebibytes} MiB" in GUIDE
    assert f"{MAX_NODES:,} values; nested {MAX_DEPTH} deep" in GUIDE
    assert f"up to {MAX_NUMBER_CHARS} characters with an exponent of up to {MAX_EXPONENT}" in " ".join(GUIDE.split())
    assert f"at most {TOLERANCE_SECONDS} from our clock" in GUIDE
    assert f"more than {BODY_SECONDS:.0f} seconds" in GUIDE
    assert f"400 `{malformed().slug}`, headers that take more than {DEFAULT_LIMITS.head_seconds:.0f} seconds" in GUIDE
    assert f"408 `{head_too_slow().slug}`" in GUIDE
    kibibytes, headers = DEFAULT_LIMITS.max_head_bytes // 2**10, DEFAULT_LIMITS.max_headers
    assert f"over {kibibytes} KiB of address and headers, or over {headers} headers" in GUIDE
    assert IngestSettings.model_fields["hook_answer_timeout_seconds"].default < 2


@pytest.mark.postgres
async def test_its_table_names_the_problems_as_they_are_answered(ingest: Ingest, source: Source):
    told = dict(re.findall(r"^\| (\d{3}) `([a-z-]+)`", GUIDE, re.MULTILINE))
    answers: list[httpx.Response] = [
        await ingest.post(source, b"{"),
        await ingest.send(source.hook, b"{}", {}),
        await ingest.send_as_is(source.hook, b"", {b"content-length": b"%d" % (5 * 2**20)}),
        await ingest.send(source.hook, b"{}", {"content-encoding": "gzip"}),
        await ingest.post(source, b"5"),
        await ingest.send(source.hook, b"{}", {"webhook-signature": "x" * DEFAULT_LIMITS.max_head_bytes}),
    ]
    for answer in answers:
        assert told[str(answer.status_code)] == answer.json()["type"].rpartition("#")[2]
    assert {int(status) for status in told} == {400, 401, 408, 413, 415, 422, 431, 500, 503}
