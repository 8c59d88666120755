"""`python -m plaudit_local <verb>`: the product on this machine, without containers."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from plaudit_local import commands
from plaudit_local.jars import JarsUnavailableError, write_lock
from plaudit_local.layout import Layout, read_json
from plaudit_local.plan import product
from plaudit_local.process import ProcessFailedError


def _up(_options: argparse.Namespace) -> int:
    # Late, as in the other verbs: each of them loads only what it needs.
    from plaudit_local.screen import screen
    from plaudit_local.supervisor import up

    return up(Layout.of_checkout(), product(), screen())


def _mailbox(_options: argparse.Namespace) -> int:
    from plaudit_local.mailbox import main as mailbox

    return mailbox(Layout.of_checkout())


def _demo(_options: argparse.Namespace) -> int:
    from plaudit_local import demo

    print(demo.play(read_json(Layout.of_checkout().endpoints)))
    return 0


def _lock(_options: argparse.Namespace) -> int:
    print(f"{write_lock()} jars locked")
    return 0


VERBS: Mapping[str, tuple[str, Callable[[argparse.Namespace], int]]] = {
    "up": ("run everything in the foreground", _up),
    "down": ("stop what `up` runs", lambda _options: commands.down(Layout.of_checkout())),
    "status": ("say what runs, and where", lambda _options: commands.status(Layout.of_checkout(), product())),
    "clean": ("stop it and delete its data", lambda _options: commands.clean(Layout.of_checkout())),
    "servers": ("PostgreSQL and Kafka alone, in the foreground", lambda options: commands.servers(options.dir)),
    "mailbox": ("the development mailbox alone, as `up` starts it", _mailbox),
    "demo": ("play the demo story into the running product", _demo),
    "lock": ("renew the lock of Kafka's jars", _lock),
}


def main() -> int:
    """Run one verb; returns the exit code."""
    parser = argparse.ArgumentParser(prog="plaudit_local", description="Plaudit on this machine, without containers.")
    verbs = parser.add_subparsers(required=True)
    for name, (meaning, run) in VERBS.items():
        verb = verbs.add_parser(name, help=meaning)
        verb.set_defaults(run=run)
        if name == "servers":
            verb.add_argument("--dir", type=Path, required=True, help="where their data is kept")
    options = parser.parse_args()
    try:
        code: int = options.run(options)
    except (ProcessFailedError, JarsUnavailableError, PermissionError) as error:
        print(error, file=sys.stderr)
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
