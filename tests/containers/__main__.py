"""`make compose-check`: proves the installation in containers as far as this machine can, and says what it could not.

Without an engine it holds the files to their rules. With one it builds and starts everything under a project name of
its own, plays the demo, runs the end-to-end tests at the one address, kills each container, and removes everything.
"""

import asyncio
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from containers.compose import (
    ROOT,
    Compose,
    ComposeError,
    docker,
    has_compose,
    has_engine,
    image_bytes,
    images_of,
)
from plaudit_local.servers.ports import free_port
from plaudit_testing import oracle
from plaudit_testing.installation import Installation
from plaudit_testing.shared import shared

PROJECT = "plaudit-check"
DOOR_NETWORK = "172.31.251"
LARGEST_IMAGE_BYTES = 250_000_000
SEED = 8
STREAMS = 4
PROFILES = ("split", "observability", "demo")
ADDITIONS = ("deploy/compose/ports.yml", "deploy/compose/https.yml")
TARGETS = {"ingest", "scoring", "alerting", "feedback-board"}


@dataclass
class Report:
    """What has been proven, and what could not be."""

    not_proven: list[str] = field(default_factory=list)

    def step(self, claim: str, prove: Callable[[], str | None]) -> None:
        """Prove one claim, and say so; what it raises ends the check."""
        print(f"… {claim}", flush=True)
        start = time.monotonic()
        detail = prove()
        print(f"✓ {claim}{f': {detail}' if detail else ''} ({time.monotonic() - start:.0f} s)", flush=True)

    def leave_open(self, what: str) -> None:
        """Note what this machine cannot prove."""
        self.not_proven.append(what)


def main() -> int:
    """Prove what can be proven; return 1 if something is wrong."""
    report = Report()
    try:
        report.step("The files keep their rules", lambda: _pytest("tests/containers"))
        if has_compose():
            report.step("docker compose accepts them, with every profile and addition", _files_are_accepted)
            report.leave_open("Certificates for a host name: that takes a name that the world can reach.")
        else:
            report.leave_open("Whether docker compose accepts the files: it is not installed here.")
        if has_engine():
            _prove_with_engine(report)
        else:
            report.leave_open("That images build and containers run: no container engine answers here.")
    except (ComposeError, AssertionError, TimeoutError, httpx.HTTPError) as error:
        print(f"✗ {error}", flush=True)
        return 1
    finally:
        for what in report.not_proven:
            print(f"– not proven: {what}")
    return 0


def _prove_with_engine(report: Report) -> None:
    port = free_port()
    compose = Compose(PROJECT, {"PLAUDIT_DOOR_PORT": str(port), "PLAUDIT_DOOR_NETWORK": DOOR_NETWORK})
    command = ["docker", "compose", "--project-name", PROJECT, "exec", "-T", "ingest", "plaudit"]
    installation = Installation(f"http://127.0.0.1:{port}", command, compose.settings)
    _remove(compose)
    try:
        report.step("Everything starts, in order, and is healthy", lambda: compose.run("up", "--build", "--wait")[:0])
        report.step("No image is larger than 250 MB", lambda: _images_are_small(compose))
        report.step("The demo story is played, and its mails arrive", lambda: _demo(compose))
        report.step("The end-to-end tests pass at the one address", lambda: _end_to_end(installation))
        report.step(
            "Each container is killed and comes back; no webhook is lost or counted twice",
            lambda: asyncio.run(_survives_kills(compose, installation)),
        )
        report.step("What is removed and made again has its data", lambda: _keeps_data(compose, installation))
        report.step(
            "The end-to-end tests pass with consumers, relays and jobs in containers of their own",
            lambda: _split(compose, installation),
        )
        if _is_here(compose, "prometheus", report):
            report.step("Prometheus reads the figures of all services", lambda: _prometheus(compose))
        if _is_here(compose, "grafana", report):
            report.step("Grafana shows its page", lambda: compose.run("up", "--wait", "grafana")[:0])
        _name_strange_images(compose, report)
    except (ComposeError, AssertionError, TimeoutError, httpx.HTTPError):
        print(compose.run("logs", "--tail", "15", "--no-color", check=False), flush=True)
        raise
    finally:
        report.step("Nothing is left of it", lambda: _remove(compose))


def _pytest(path: str, **settings: str) -> str:
    command = [sys.executable, "-m", "pytest", path, "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **settings}
    )
    if done.returncode:
        raise ComposeError(f"{path}:\n{done.stdout[-6_000:]}{done.stderr[-1_000:]}")
    return done.stdout.strip().splitlines()[-1].strip("= ")


def _files_are_accepted() -> None:
    compose = Compose(PROJECT, {"PLAUDIT_SITE_ADDRESS": "plaudit.example.com"})
    profiles = [part for name in PROFILES for part in ("--profile", name)]
    for addition in (None, *ADDITIONS):
        files = [part for name in ("docker-compose.yml", addition) if name for part in ("--file", name)]
        compose.run(*files, *profiles, "config", "--quiet")


def _config(compose: Compose) -> dict[str, Any]:
    profiles = [part for name in PROFILES for part in ("--profile", name)]
    return dict(json.loads(compose.run(*profiles, "config", "--format", "json")))


def _images_are_small(compose: Compose) -> str:
    compose.run("--profile", "demo", "build", "demo")
    sizes = image_bytes(images_of(_config(compose)))
    too_large = {image: size for image, size in sizes.items() if size > LARGEST_IMAGE_BYTES}
    assert not too_large, f"larger than {LARGEST_IMAGE_BYTES} bytes: {too_large}"
    return ", ".join(f"{image} {size / 1e6:.0f} MB" for image, size in sizes.items())


def _demo(compose: Compose) -> str:
    played = compose.run("run", "--rm", "-T", "demo").strip().splitlines()[-1]
    asked = ("exec", "-T", "mailbox", "wget", "-q", "-O", "-", "http://127.0.0.1:8025/api/v1/messages")
    compose.wait("a mail to the owner", lambda: json.loads(compose.run(*asked))["total"] > 0)
    return played


def _end_to_end(installation: Installation) -> str:
    return _pytest(
        "tests/e2e/test_at_one_address.py",
        PLAUDIT_TEST_ADDRESS=installation.address,
        PLAUDIT_TEST_COMMAND=" ".join(installation.command),
        **installation.environment,
    )


async def _survives_kills(compose: Compose, installation: Installation) -> str:
    """Post reviews while one container after the other dies; their scores come out as computed."""
    tenant = installation.new_tenant()
    platform = await tenant.platform("rental")
    story = oracle.story(shared("data"), SEED, edits=50, removals=20, restorations=10, moves=10, limit=300)
    await platform.post_streams(oracle.interleaved(story.events, SEED, STREAMS, twice=False), batch=10)
    services = compose.services()
    random.Random(SEED).shuffle(services)
    killing = asyncio.create_task(asyncio.to_thread(_kill_each, compose, services))
    rounds = 0
    while not killing.done():
        rounds += 1
        news = oracle.go_on(story, SEED + rounds, edits=10)
        await platform.post_streams(oracle.interleaved(news, SEED + rounds, STREAMS, twice=True), batch=2)
    await killing
    await tenant.scores_are_exact(story.reviews)
    return f"{', '.join(services)}; {len(platform.acknowledged)} deliveries, {platform.unavailable} answered 503 or not"


def _kill_each(compose: Compose, services: Sequence[str]) -> None:
    for service in services:
        _kill(compose, service)
        compose.wait("all are healthy again", lambda: all(compose.state(each).healthy for each in services))


def _kill(compose: Compose, service: str) -> None:
    restarts = compose.state(service).restarts
    compose.kill_from_within(service)
    compose.wait(f"{service} comes back", lambda: _came_back(compose, service, restarts))


def _came_back(compose: Compose, service: str, restarts: int) -> bool:
    now = compose.state(service)
    return now.restarts > restarts and now.healthy


def _keeps_data(compose: Compose, installation: Installation) -> None:
    tenant = installation.new_tenant()

    async def post() -> None:
        story = oracle.story(shared("data"), SEED, edits=0, removals=0, restorations=0, moves=0, limit=50)
        platform = await tenant.platform("rental")
        await platform.post_streams([story.events], batch=25)
        await tenant.scores_are_exact(story.reviews)
        await asyncio.to_thread(compose.run, "down")
        await asyncio.to_thread(compose.run, "up", "--wait")
        await tenant.scores_are_exact(story.reviews)

    asyncio.run(post())


def _split(compose: Compose, installation: Installation) -> str:
    compose.run("--profile", "split", "up", "--wait", PLAUDIT_PARTS="api")
    parts = [service for service in compose.services() if service.endswith(("-consume", "-relay", "-jobs"))]
    assert parts, "the profile starts no parts"
    passed = _end_to_end(installation)
    compose.run("--profile", "split", "stop", *parts)
    compose.run("up", "--wait")
    return f"{passed}, {len(parts)} parts"


def _is_here(compose: Compose, service: str, report: Report) -> bool:
    """Whether the image of a service is here, or can be had."""
    image = _config(compose)["services"][service]["image"]
    for attempt in (("image", "inspect", image), ("pull", "--quiet", image)):
        try:
            docker(*attempt)
        except ComposeError:
            continue
        return True
    report.leave_open(f"The container `{service}`: the image {image} is neither here nor to be had.")
    return False


def _prometheus(compose: Compose) -> str:
    compose.run("--profile", "observability", "up", "--wait", "prometheus")
    asked = ("exec", "-T", "prometheus", "wget", "-q", "-O", "-", "http://127.0.0.1:9090/api/v1/query?query=up")

    def read() -> set[str]:
        found = json.loads(compose.run(*asked))["data"]["result"]
        return {each["metric"]["job"] for each in found if each["value"][1] == "1"}

    compose.wait("Prometheus reads all services", lambda: read() == TARGETS)
    return ", ".join(sorted(TARGETS))


def _name_strange_images(compose: Compose, report: Report) -> None:
    """Leave open what images that nobody has pulled say about the public ones."""
    base = {service["image"] for service in _config(compose)["services"].values() if "build" not in service}
    base |= set(re.findall(r"^ARG PYTHON_IMAGE=(.+)$", (ROOT / "deploy" / "Dockerfile").read_text(), re.MULTILINE))
    ours = []
    for image in sorted(base):
        try:
            if not json.loads(docker("image", "inspect", image))[0].get("RepoDigests"):
                ours.append(image)
        except ComposeError:
            continue
    if ours:
        report.leave_open(f"The public images {', '.join(ours)}: those of this engine come from no registry.")


def _remove(compose: Compose) -> None:
    profiles = [part for name in PROFILES for part in ("--profile", name)]
    compose.run(*profiles, "down", "--volumes", "--remove-orphans")
    for kind in ("container", "volume", "network"):
        flags = ["--all"] if kind == "container" else []
        left = docker(kind, "ls", *flags, "--quiet", "--filter", f"label=com.docker.compose.project={PROJECT}")
        assert not left, f"a {kind} is left: {left}"


if __name__ == "__main__":
    sys.exit(main())
