"""Programs for senders: each is run against a real ingest, in every language that this machine has."""

import asyncio
import base64
import os
import shutil
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import structs

from plaudit.common.standard_webhooks import new_secret
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.platforms import examples as module
from plaudit.ingest.platforms.examples import Example, examples
from plaudit.ingest.platforms.fixtures import UnsuitableFixtureError
from plaudit.ingest.sources.domain import Source
from plaudit_testing.running_ingest import Ingest

RUNTIMES: Mapping[str, list[str]] = {
    "sh": ["sh", "-eu"],
    "python": [sys.executable, "-W", "error"],
    "javascript": ["node"],
    "php": ["php"],
}
SUFFIXES = {"sh": ".sh", "python": ".py", "javascript": ".mjs", "php": ".php"}
NEEDS = {"sh": ("sh", "curl", "openssl"), "javascript": ("node",), "php": ("php",)}
CREATED_AT = datetime(2026, 11, 28, 12, tzinfo=UTC)


def source_of(platform: str) -> Source:
    return Source(
        tenant_id="default",
        id=str(UUID(int=7)),
        name="it's `ours`",
        platform=platform,
        subject="acme",
        secret="whsec_secret-of-ours",
        more_secrets=("whsec_secret-of-ours",),
        path_token="secret-of-ours",
        created_at=CREATED_AT,
    )


WITH_EXAMPLES = [
    platform
    for platform, adapter in ADAPTERS.items()
    if not adapter.needs_mapping and examples(source_of(platform), "https://reviews.example")
]


def in_language(made: list[Example], language: str) -> Example:
    [found] = [example for example in made if example.language == language]
    return found


async def run(example: Example, folder: Path, secret: str | None) -> str:
    """Run a program with a secret in its environment, and return what it printed."""
    for name in NEEDS.get(example.language, ()):
        if shutil.which(name) is None:
            pytest.skip(f"this machine has no {name}")
    path = folder / f"example{SUFFIXES[example.language]}"
    path.write_text(example.code)
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *RUNTIMES[example.language],
        str(path),
        env=kept if secret is None else {**kept, "PLAUDIT_WEBHOOK_SECRET": secret},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    return printed.decode()


async def new_source(ingest: Ingest, platform: str) -> tuple[Source, str]:
    """A source of a platform, and the secret of its sender."""
    private = Ed25519PrivateKey.generate()
    of_platform = {}
    if platform == "native-v1a":
        of_platform["secret"] = "whpk_" + base64.b64encode(private.public_key().public_bytes_raw()).decode()
    answer = await ingest.client.post(
        "/v1/sources",
        json={"name": platform, "platform": platform, "subject": "acme", "time_zone": "UTC", **of_platform},
        headers={"authorization": f"Bearer {await ingest.key()}"},
    )
    made = answer.json()
    secret = made["secret"] or made["hook"].rpartition("/")[2]
    if platform == "native-v1a":
        secret = "whsk_" + base64.b64encode(private.private_bytes_raw()).decode()
    created_at = datetime.fromisoformat(made["created_at"])
    return structs.replace(source_of(platform), id=made["id"], created_at=created_at), secret


@pytest.mark.postgres
@pytest.mark.parametrize("language", RUNTIMES)
async def test_the_examples_of_each_platform_sign_and_post_a_review(ingest: Ingest, tmp_path: Path, language: str):
    for platform in WITH_EXAMPLES:
        source, secret = await new_source(ingest, platform)
        example = in_language(examples(source, str(ingest.client.base_url)), language)
        printed = await run(example, tmp_path, secret)
        assert '"quarantined":[]' in printed, (platform, printed)
        assert secret not in printed + example.code
        assert await ingest.items("/v1/reviews", source_id=source.id), platform


@pytest.mark.postgres
async def test_an_example_that_is_run_again_changes_nothing(ingest: Ingest, tmp_path: Path):
    source, secret = await new_source(ingest, "native")
    example = in_language(examples(source, str(ingest.client.base_url)), "python")
    told = [await run(example, tmp_path, secret) for _ in range(2)]
    assert ['"unchanged":1' in each for each in told] == [False, True]
    assert "401" in await run(example, tmp_path, new_secret())


@pytest.mark.parametrize("platform", WITH_EXAMPLES)
def test_examples_are_filled_in_and_hold_no_secret(platform: str):
    made = examples(source_of(platform), "https://reviews.example/")
    assert [example.language for example in made] == ["sh", "python", "javascript", "php"]
    for example in made:
        assert f"https://reviews.example/v1/hooks/{UUID(int=7)}" in example.code
        assert "PLAUDIT_WEBHOOK_SECRET" in example.code
        assert ("private key" in example.secret) == (platform == "native-v1a")
        assert "secret-of-ours" not in example.code
        assert example.title
    assert made == examples(source_of(platform), "https://reviews.example")


@pytest.mark.parametrize("secret", [None, ""])
@pytest.mark.parametrize("language", RUNTIMES)
def test_a_program_without_the_secret_posts_nothing_and_says_so(tmp_path: Path, language: str, secret: str | None):
    made = in_language(examples(source_of("native"), "http://127.0.0.1:1"), language)
    printed = asyncio.run(run(made, tmp_path, secret))
    assert "must hold the secret of the source" in printed
    assert "127.0.0.1" not in printed, "nothing was sent"


def test_a_platform_without_a_sample_has_no_examples(monkeypatch: pytest.MonkeyPatch):
    def no_sample(*_arguments: object) -> None:
        raise UnsuitableFixtureError

    monkeypatch.setattr(module, "sample", no_sample)
    assert examples(source_of("native"), "https://reviews.example") == []
    assert len(WITH_EXAMPLES) > 10
