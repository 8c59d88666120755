"""From a webhook to a score that counts it, through all real processes, at a calm rate."""

import asyncio
import json
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from benchmarks import cores, servers
from benchmarks.cpu import Meter
from benchmarks.hooks import Hook, make_key, make_sources
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.report import Report, latencies
from benchmarks.reviews import native_events
from benchmarks.servers import Servers
from benchmarks.stream import Client

PER_SECOND = 100.0
WEBHOOKS = 2_000
WARM_UP = 300
SOURCES = 8
PROBE_EVERY = 5
"""One webhook in so many is followed up to its score, so that asking is little of the load."""
ASK_AGAIN_SECONDS = 0.002
CONNECTIONS = 32
GIVE_UP_SECONDS = 10.0

_COUNTED = """
SELECT coalesce(sum(n1 + n2 + n3 + n4 + n5), 0)::bigint AS counted FROM scoring.sums
WHERE position('/' IN prefix) = 0
"""


@dataclass
class _Seen:
    answered_ms: list[float] = field(default_factory=list)
    readable_ms: list[float] = field(default_factory=list)
    refused: int = 0
    never: int = 0


def run(report: Report, options: Options) -> None:
    """Send webhooks on time, and ask for the scores that they change."""
    webhooks = options.scaled(WEBHOOKS)
    with ExitStack() as stack:
        backing = stack.enter_context(servers.running(pinned=False))
        asyncio.run(backing.prepare("ingest", "scoring"))
        describe(report, backing, pinned=False)
        modules = {"ingest": "plaudit.ingest.main", "scoring": "plaudit.scoring.main"}
        made = {
            name: stack.enter_context(servers.product(backing, module, "all", pinned=False))
            for name, module in modules.items()
        }
        for each in made.values():
            each.wait_ready()
        key = asyncio.run(make_key(backing))
        hooks = make_sources(made["ingest"], key, [f"company-{n}" for n in range(SOURCES)])
        readers = {name: each.cpu_seconds for name, each in made.items()} | backing.readers()
        readers["load generator"] = time.process_time
        meter = Meter(readers, frozenset(readers), cores.all_cores())

        report.heading(f"latency: webhook to score, {PER_SECOND:.0f} a second")
        report.text(
            f"{webhooks:,} signed webhooks of one review, each of a subject of its own, sent on time; of every "
            f"{PROBE_EVERY}th the score is asked for until it counts it"
        )
        asyncio.run(_stream(hooks, "w", options.scaled(WARM_UP), made["scoring"].port, key))
        first = meter.sample()
        seen = asyncio.run(_stream(hooks, "r", webhooks, made["scoring"].port, key))
        spent = meter.between(first, meter.sample())
        report.line("webhook answered", latencies(seen.answered_ms))
        report.line("score readable", latencies(seen.readable_ms))
        report.line("answers not 2xx", f"{seen.refused} of {webhooks:,}")
        busy = [f"{name} {seconds / spent.wall_seconds:.0%}" for name, seconds in spent.seconds.items()]
        report.line("processor time", f"of one core: {', '.join(busy)}")
        report.foreign(spent)
        report.check("scores that never came", seen.never, 0)
        asyncio.run(_check(report, backing, webhooks + options.scaled(WARM_UP)))


async def _stream(hooks: list[Hook], prefix: str, count: int, scoring_port: int, key: str) -> _Seen:
    requests = []
    for number in range(count):
        turn = number % len(hooks)
        subject = f"company-{turn}/{prefix}-{number}"
        (event,) = native_events(1, f"company-{turn}", f"{prefix}{number}")
        event["data"]["subject"] = subject
        requests.append((subject, hooks[turn].request(event)))
    seen = _Seen()
    async with (
        Client("127.0.0.1", hooks[0].port, CONNECTIONS) as ingest,
        Client("127.0.0.1", scoring_port, CONNECTIONS) as scoring,
        asyncio.TaskGroup() as group,
    ):
        began_at = time.perf_counter()
        for number, (subject, request) in enumerate(requests):
            due = began_at + number / PER_SECOND
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(_follow(seen, ingest, request, due, number, scoring, _question(subject, key)))
    return seen


async def _follow(
    seen: _Seen, ingest: Client, request: bytes, due: float, number: int, scoring: Client, question: bytes
) -> None:
    status, _ = await ingest.ask(request)
    seen.answered_ms.append((time.perf_counter() - due) * 1000)
    seen.refused += not 200 <= status < 300
    if number % PROBE_EVERY:
        return
    while time.perf_counter() - due < GIVE_UP_SECONDS:
        _, body = await scoring.ask(question)
        score: dict[str, Any] = json.loads(body)
        if score.get("count"):
            seen.readable_ms.append((time.perf_counter() - due) * 1000)
            return
        await asyncio.sleep(ASK_AGAIN_SECONDS)
    seen.never += 1


def _question(subject: str, key: str) -> bytes:
    return f"GET /v1/scores/{subject} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\r\n".encode()


async def _check(report: Report, backing: Servers, expected: int) -> None:
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while True:
        counted = (await servers.fetch(backing.database_url, _COUNTED))["counted"]
        if counted == expected or time.monotonic() > deadline:
            report.check("reviews counted in scores", counted, expected)
            return
        await asyncio.sleep(0.1)
