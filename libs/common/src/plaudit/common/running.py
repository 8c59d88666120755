"""Run a server and its loops until told to stop, then stop them in order and before a deadline."""

import asyncio
import faulthandler
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from plaudit.common.http.ops import Ops
from plaudit.common.http.server import HttpServer
from plaudit.common.jobs import Loop
from plaudit.common.observability import metrics

log = structlog.get_logger()

EXIT_FAILED: Final = 1
WATCHDOG_SLACK_SECONDS: Final = 2.0
"""After the deadline, for an event loop that is blocked."""
LAG_INTERVAL_SECONDS: Final = 1.0


class _Stop:
    """Why the process ends: a signal, or a part that failed."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.failed = False
        self.running: set[str] = set()

    def on_signal(self, number: signal.Signals) -> None:
        if self.asked.is_set():
            log.warning("second_signal", signal=number.name)
            os._exit(128 + number)
        log.info("stopping", signal=number.name)
        self.asked.set()

    def fail(self) -> None:
        self.failed = True
        self.asked.set()


async def run_until_stopped(
    server: HttpServer,
    loops: Sequence[Loop],
    ops: Ops,
    closing: Sequence[Callable[[], Awaitable[None]]],
    *,
    timeout_seconds: float,
) -> int:
    """Run everything until SIGTERM, SIGINT or a failure, stop in order, and return the exit code.

    The order: become not ready; ask clients to leave; accept nothing more; answer what was accepted; stop the loops;
    close. After `timeout_seconds`, or at a second signal, the process exits at once.

    Args:
        server: of the application and the probes.
        loops: run beside it.
        ops: marked as stopping first.
        closing: called in this order at the end, also when one of them raises.
        timeout_seconds: for the whole stop.
    """
    stop = _Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.on_signal, number)
    stop_loops = asyncio.Event()
    running = [asyncio.create_task(_guarded(each.name, each.run(stop_loops), stop)) for each in loops]
    serving = asyncio.create_task(_guarded("http", server.run(), stop))
    lag = asyncio.create_task(_measure_lag())
    await stop.asked.wait()

    ops.stopping = True
    faulthandler.dump_traceback_later(timeout_seconds + WATCHDOG_SLACK_SECONDS, exit=True)
    try:
        async with asyncio.timeout(timeout_seconds):
            await server.stop()
            await serving
            stop_loops.set()
            await asyncio.gather(*running)
            await _close(closing)
    except TimeoutError:
        log.exception("stop_timed_out", waiting=", ".join(sorted(stop.running)) or "connections")
        os._exit(EXIT_FAILED)
    finally:
        faulthandler.cancel_dump_traceback_later()
        lag.cancel()
    code = EXIT_FAILED if stop.failed else 0
    log.info("stopped", exit_code=code)
    return code


async def _close(closing: Sequence[Callable[[], Awaitable[None]]]) -> None:
    for close in closing:
        try:
            await close()
        except Exception:
            log.exception("close_failed")


async def _guarded(name: str, work: Awaitable[None], stop: _Stop) -> None:
    """Run a part; when it ends without being asked to, the process ends."""
    stop.running.add(name)
    try:
        await work
    except Exception:
        log.exception("loop_failed", loop=name)
        stop.fail()
    else:
        if not stop.asked.is_set():
            log.error("loop_ended", loop=name)
            stop.fail()
    # Not when it is cancelled: the log names it then as what the process no longer waited for.
    stop.running.discard(name)


async def _measure_lag() -> None:
    loop = asyncio.get_running_loop()
    while True:
        begun = loop.time()
        await asyncio.sleep(LAG_INTERVAL_SECONDS)
        metrics.EVENT_LOOP_LAG_SECONDS.set(max(0.0, loop.time() - begun - LAG_INTERVAL_SECONDS))
