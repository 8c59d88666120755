"""The command line: `python -m benchmarks [name…] [--profile] [--scale SHARE]`."""

import argparse
import logging
import signal
import sys
import time
from itertools import chain

import structlog

from benchmarks import (
    board,
    calendars,
    clock_reports,
    clocks,
    deliveries,
    door,
    imports,
    latency,
    lists,
    moves,
    relay,
    similar,
    sorting,
    webhook,
)
from benchmarks.options import Options
from benchmarks.report import Report
from benchmarks.scoring import (
    answers,
    behind,
    explanations,
    foresight,
    history,
    keys,
    live,
    moments,
    peers,
    refill,
    workers,
)

PROGRAMS = {
    "webhook": webhook.run,
    "door": door.run,
    "relay": relay.run,
    "sorting": sorting.run,
    "calendars": calendars.run,
    "scoring-live": live.run,
    "scoring-workers": workers.run,
    "scoring-keys": keys.run,
    "scoring-history": history.run,
    "scoring-answers": answers.run,
    "scoring-moments": moments.run,
    "scoring-behind": behind.run,
    "scoring-explanations": explanations.run,
    "scoring-foresight": foresight.run,
    "scoring-refill": refill.run,
    "scoring-peers": peers.run,
    "timers": clocks.run_timers,
    "calendar-move": moves.run,
    "audit": clocks.run_audit,
    "clock-reports": clock_reports.run,
    "latency": latency.run,
    "deliveries": deliveries.run,
    "lists": lists.run,
    "imports": imports.run,
    "board": board.run,
    "board-similar": similar.run,
}
SEVERAL = {"scoring": [name for name in PROGRAMS if name.startswith("scoring-")]}
"""Names that stand for several programs."""
KNOWN = (*PROGRAMS, *SEVERAL)


def main() -> int:
    """Run the named programs, or all; 1 if a count was wrong, whatever the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"{', '.join(KNOWN)}; none: all of them")
    parser.add_argument("--profile", action="store_true", help="sample the process under test, print where time goes")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the stated workload, to try a program")
    arguments = parser.parse_args()
    if unknown := set(arguments.names).difference(KNOWN):
        parser.error(f"there is no {', '.join(sorted(unknown))}; choose from {', '.join(KNOWN)}")
    # The product's log of preparations, in this process, is no part of the figures.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    # As Ctrl-C does: servers and folders go away with the blocks that made them.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(128 + signal.SIGTERM))
    report = Report()
    for name in chain.from_iterable(SEVERAL.get(each, [each]) for each in arguments.names or PROGRAMS):
        began_at = time.monotonic()
        PROGRAMS[name](report, Options(arguments.profile, arguments.scale))
        report.note(f"{name} took {time.monotonic() - began_at:.0f} s")
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
