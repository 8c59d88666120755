"""What figures were made on: processor, kernel, versions, the servers' settings, and how long a write takes to last."""

import asyncio
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

import asyncpg

from benchmarks import cores
from benchmarks.report import Report
from benchmarks.servers import Servers
from plaudit_local.servers import kafka
from plaudit_local.servers.jars import KAFKA

LIBRARIES = (
    "aiokafka", "asyncpg", "sqlalchemy", "msgspec", "uvloop", "uvicorn", "httptools", "starlette", "fastapi",
    "pydantic", "structlog", "cramjam",
)  # fmt: skip
POSTGRES_SETTINGS = (
    "fsync", "synchronous_commit", "full_page_writes", "wal_compression", "shared_buffers", "max_wal_size",
    "checkpoint_timeout",
)  # fmt: skip
SYNC_WRITES = 200
SYNC_BYTES = 8192
LOOP_SECONDS = 1.0
SPREAD_SECONDS = 1.0
"""Until the other cores are really busy, and the host has noticed."""
LOOP_TURNS = 20_000


def describe(report: Report, servers: Servers, *, pinned: bool = True) -> None:
    """Print the machine, the versions and the servers' settings."""
    report.heading("machine")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    report.line("processor", f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB")
    report.line("system", f"{platform.system()} {platform.release()}, Python {platform.python_version()}")
    layout = f"process under test on {cores.names(cores.tested())}, everything else on {cores.names(cores.others())}"
    report.line("cores", layout if pinned else "no process is pinned")
    report.line(
        "empty loop", f"{turn_nanoseconds():.0f} ns a turn; {_with_all_cores_busy():.0f} ns with every core busy"
    )
    report.line("load before", " ".join(f"{load:.2f}" for load in os.getloadavg()) + " (1, 5, 15 min)")
    report.line("libraries", ", ".join(f"{name} {version(name)}" for name in LIBRARIES))
    report.line("PostgreSQL", asyncio.run(_postgres(servers.database_url)))
    if servers.kafka is not None:
        report.line("Kafka", f"{KAFKA.rpartition(':')[2]}, one node, {' '.join(kafka.JVM_OPTIONS[:2])}")
    median_ms, slowest_ms = sync_milliseconds(servers.folder)
    report.line(
        "fdatasync", f"{SYNC_BYTES} bytes: median {median_ms:.2f} ms, slowest of {SYNC_WRITES} {slowest_ms:.1f} ms"
    )


def sync_milliseconds(folder: Path) -> tuple[float, float]:
    """Median and worst time of a small overwrite and its fdatasync, as a commit does, on the disk of `folder`."""
    path = folder / "sync"
    times = []
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.pwrite(descriptor, bytes(SYNC_BYTES * 16), 0)
        os.fsync(descriptor)
        for number in range(SYNC_WRITES):
            began_at = time.perf_counter()
            os.pwrite(descriptor, bytes([number & 0xFF]) * SYNC_BYTES, number % 16 * SYNC_BYTES)
            os.fdatasync(descriptor)
            times.append((time.perf_counter() - began_at) * 1000)
    finally:
        os.close(descriptor)
        path.unlink()
    return median(times), max(times)


def turn_nanoseconds() -> float:
    """Processor time of one turn of an empty loop: how fast a core is just now.

    A virtual machine's core may be a fraction of itself when its neighbours work, on the host or in the next core;
    every processor time of a figure is then so much longer.
    """
    times = []
    until = time.monotonic() + LOOP_SECONDS
    while time.monotonic() < until:
        began_at = time.process_time()
        for _ in range(LOOP_TURNS):
            pass
        times.append(time.process_time() - began_at)
    return median(times) / LOOP_TURNS * 1e9


def _with_all_cores_busy() -> float:
    endless = [sys.executable, "-S", "-c", "while True: pass"]
    with cores.on(cores.others()):
        busy = [subprocess.Popen(endless) for _ in cores.others()]
    try:
        with cores.on(cores.tested()):
            time.sleep(SPREAD_SECONDS)
            return turn_nanoseconds()
    finally:
        for process in busy:
            process.kill()
            process.wait()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


async def _postgres(database_url: str) -> str:
    connection = await asyncpg.connect(database_url)
    try:
        number = await connection.fetchval("SHOW server_version")
        settings = [f"{name} {await connection.fetchval(f'SHOW {name}')}" for name in POSTGRES_SETTINGS]
    finally:
        await connection.close()
    return f"{number}, {', '.join(settings)}"
