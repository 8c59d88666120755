"""From a webhook to a score that counts it, through all real processes: idle, at calm rates, and near the top.

Probes are webhooks of subjects of their own, sent on time; after each the score is asked for until it counts it,
and its event is waited for on `scores.v1`. What makes up the rate beside them comes from a process of its own.
"""

import asyncio
import json
import multiprocessing
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from benchmarks import cores, load, servers
from benchmarks.cpu import Meter
from benchmarks.hooks import Hook, make_key, make_sources
from benchmarks.load import Outcome
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.report import Report, latencies
from benchmarks.reviews import native_events
from benchmarks.servers import Product, Servers
from benchmarks.stream import Client
from benchmarks.told import listening
from benchmarks.webhook import single_requests

SERVICES = ("ingest", "scoring", "alerting", "feedback-board")
SOURCES = 8
WARM_UP = 2_000
IDLE_SECONDS = 20.0
SETTLE_SECONDS = 6.0
"""After a stream, until nothing of it is left to do."""
STREAM_SECONDS = 30.0
PROBES_PER_SECOND = 20.0
RATES = (100.0, 1_000.0)
TOP_WEBHOOKS = 20_000
TOP_SHARE = 0.8
ASK_AGAIN_SECONDS = 0.002
CONNECTIONS = 64
PROBE_CONNECTIONS = 16
GIVE_UP_SECONDS = 30.0

_COUNTED = """
SELECT coalesce(sum(n1 + n2 + n3 + n4 + n5), 0)::bigint AS counted FROM scoring.sums
WHERE position('/' IN prefix) = 0
"""


@dataclass
class _Seen:
    readable_ms: list[float] = field(default_factory=list)
    told_ms: list[float] = field(default_factory=list)
    refused: int = 0
    never: int = 0
    never_told: int = 0


@dataclass(frozen=True)
class Stage:
    """The running processes, and who measures them."""

    report: Report
    backing: Servers
    products: dict[str, Product]
    hooks: list[Hook]
    key: str
    meter: Meter


def run(report: Report, options: Options) -> None:
    """Measure idle processes, then streams of rising rates."""
    with ExitStack() as stack:
        backing = stack.enter_context(servers.running(pinned=False))
        asyncio.run(backing.prepare(*SERVICES))
        describe(report, backing, pinned=False)
        made = {
            name: stack.enter_context(
                servers.product(backing, f"plaudit.{name.replace('-', '_')}.main", "all", pinned=False)
            )
            for name in SERVICES
        }
        for each in made.values():
            each.wait_ready()
        key = asyncio.run(make_key(backing))
        hooks = make_sources(made["ingest"], key, [f"company-{n}" for n in range(SOURCES)])
        readers = {name: each.cpu_seconds for name, each in made.items()} | backing.readers()
        stage = Stage(report, backing, made, hooks, key, Meter(readers, frozenset(readers), cores.all_cores()))
        _run_all(stage, options)


def _run_all(stage: Stage, options: Options) -> None:
    warm_up, top = options.scaled(WARM_UP), options.scaled(TOP_WEBHOOKS)
    seconds = STREAM_SECONDS * options.scale
    load.closed(stage.hooks[0].address, list(single_requests(stage.hooks, warm_up, "w")), CONNECTIONS)
    _settle(stage, sent := warm_up)
    _idle(stage, IDLE_SECONDS * options.scale)
    for rate in RATES:
        sent += _unwatched(stage, rate, seconds, sent)
        sent += _steady(stage, f"{rate:,.0f} a second", rate, seconds, sent)
    stage.report.heading(f"latency: the highest rate, {CONNECTIONS} connections, everything on these cores")
    outcome = load.closed(stage.hooks[0].address, list(single_requests(stage.hooks, top, "t")), CONNECTIONS)
    stage.report.line("webhooks per second", f"{outcome.per_second:,.0f}")
    _settle(stage, sent := sent + top)
    share = TOP_SHARE * outcome.per_second
    _steady(stage, f"{TOP_SHARE:.0%} of the highest rate, {share:,.0f} a second", share, seconds, sent)
    for name, size in stage.backing.memory_bytes().items():
        stage.report.line(f"memory of {name}", f"{size / 2**20:,.0f} MiB")


def _idle(stage: Stage, seconds: float) -> None:
    stage.report.heading("latency: no traffic")
    first = stage.meter.sample()
    time.sleep(seconds)
    spent = stage.meter.between(first, stage.meter.sample())
    _shares(stage.report, spent.seconds, spent.wall_seconds)
    memory = {name: each.memory_bytes() for name, each in stage.products.items()} | stage.backing.memory_bytes()
    sizes = [f"{name} {size / 2**20:,.0f}" for name, size in memory.items()]
    stage.report.line("memory", f"{sum(memory.values()) / 2**20:,.0f} MiB: {', '.join(sizes)}")
    stage.report.foreign(spent)


def _unwatched(stage: Stage, per_second: float, seconds: float, sent_before: int) -> int:
    """Measure what one rate costs while nobody asks for scores; return how many webhooks it was."""
    report = stage.report
    report.heading(f"latency: {per_second:,.0f} webhooks a second, and no questions")
    requests = list(single_requests(stage.hooks, round(per_second * seconds), f"u{sent_before}-"))
    first = stage.meter.sample()
    with _in_the_background(stage.hooks[0], requests, per_second) as alone:
        answered = alone.result()
    spent = stage.meter.between(first, stage.meter.sample())
    report.line("webhook answered", latencies(answered.latencies_ms))
    _shares(report, spent.seconds, spent.wall_seconds)
    report.foreign(spent)
    _settle(stage, sent_before + len(requests))
    return len(requests)


def _steady(stage: Stage, what: str, per_second: float, seconds: float, sent_before: int) -> int:
    """Follow some webhooks of one rate up to their score; return how many it was in all."""
    report = stage.report
    report.heading(f"latency: webhook to score, {what}")
    probes = round(PROBES_PER_SECOND * seconds)
    others = round((per_second - PROBES_PER_SECOND) * seconds)
    requests = list(single_requests(stage.hooks, others, f"o{sent_before}-"))
    questions = list(_probes(stage.hooks, stage.key, probes, f"p{sent_before}-"))
    with _in_the_background(stage.hooks[0], requests, per_second - PROBES_PER_SECOND) as beside:
        first = stage.meter.sample()
        seen = asyncio.run(_stream(stage, questions))
        spent = stage.meter.between(first, stage.meter.sample())
        answered = beside.result()
    report.text(f"{probes + others:,} signed webhooks of one review, {probes:,} of them followed up to their score")
    report.line("webhook answered", latencies(answered.latencies_ms))
    report.line("score readable", latencies(seen.readable_ms))
    report.line("score told", f"{latencies(seen.told_ms)}: its event is with a consumer of scores.v1")
    report.line("answers not 2xx", f"{seen.refused + answered.refused} of {probes + others:,}")
    _shares(report, spent.seconds, spent.wall_seconds)
    report.foreign(spent)
    report.check("scores that never came", seen.never, 0)
    report.check("scores that were never told", seen.never_told, 0)
    _settle(stage, sent_before + probes + others)
    return probes + others


def _shares(report: Report, seconds: Mapping[str, float], wall_seconds: float) -> None:
    parts = [f"{name} {each / wall_seconds:.1%}" for name, each in seconds.items()]
    report.line("processor time", f"{sum(seconds.values()) / wall_seconds:.1%} of one core: {', '.join(parts)}")


@contextmanager
def _in_the_background(hook: Hook, requests: list[bytes], per_second: float) -> Iterator["Future[Outcome]"]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        yield pool.submit(load.opened, hook.address, requests, CONNECTIONS, per_second)


def _probes(hooks: list[Hook], key: str, count: int, prefix: str) -> Iterator[tuple[str, bytes, bytes]]:
    """Yield a new subject, a webhook of it, and the question for its score."""
    for number in range(count):
        turn = number % len(hooks)
        subject = f"company-{turn}/{prefix}{number}"
        (event,) = islice(native_events(1, f"company-{turn}", f"{prefix}{number}"), 1)
        event["data"]["subject"] = subject
        yield subject, hooks[turn].request(event), _question(subject, key)


async def _stream(stage: Stage, probes: list[tuple[str, bytes, bytes]]) -> _Seen:
    seen, dues = _Seen(), dict[str, float]()
    async with (
        listening(stage.backing) as told,
        Client("127.0.0.1", stage.hooks[0].port, PROBE_CONNECTIONS) as ingest,
        Client("127.0.0.1", stage.products["scoring"].port, PROBE_CONNECTIONS) as scoring,
    ):
        async with asyncio.TaskGroup() as group:
            began_at = time.perf_counter()
            for number, (subject, request, question) in enumerate(probes):
                dues[subject] = due = began_at + number / PROBES_PER_SECOND
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(_follow(seen, ingest, request, due, scoring, question))
        await told.heard_of(dues.keys(), GIVE_UP_SECONDS)
    seen.told_ms = [(told.first_at[each] - due) * 1000 for each, due in dues.items() if each in told.first_at]
    seen.never_told = len(dues) - len(seen.told_ms)
    return seen


async def _follow(seen: _Seen, ingest: Client, request: bytes, due: float, scoring: Client, question: bytes) -> None:
    status, _ = await ingest.ask(request)
    seen.refused += not 200 <= status < 300
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


def _settle(stage: Stage, expected: int) -> None:
    """Wait until every review sent so far is counted, and all is quiet again."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    counted = -1
    while counted != expected and time.monotonic() < deadline:
        time.sleep(0.1)
        counted = asyncio.run(servers.fetch(stage.backing.database_url, _COUNTED))["counted"]
    stage.report.check("reviews counted in scores", counted, expected)
    time.sleep(SETTLE_SECONDS)
