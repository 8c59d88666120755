"""`up` of a product of stand-ins: up.py PORT PORT [--broken] [--never-ready] [--no-link]."""

import argparse
import sys
from pathlib import Path

from plaudit_local.supervision.layout import Layout
from plaudit_local.supervision.plan import Plan, Service, Step, product
from plaudit_local.supervision.supervisor import up
from plaudit_local.supervision.terminal import Terminal

HERE = Path(__file__).parent


def python(script: str, *arguments: str) -> list[str]:
    return [sys.executable, str(HERE / script), *arguments]


parser = argparse.ArgumentParser()
parser.add_argument("ports", type=int, nargs=2)
parser.add_argument("--broken", action="store_true")
parser.add_argument("--never-ready", action="store_true")
parser.add_argument("--no-link", action="store_true")
options = parser.parse_args()

migration = ["--fails-with", "the schema is crooked"] if options.broken else []
link = ["--fails-with", "no such admin"] if options.no_link else ["--prints-link"]
services = ["--never-ready"] if options.never_ready else []
plan = Plan(
    migrations=(Step("migrate one", python("step.py", "migrate one", *migration)),),
    topics=Step("make topics", python("step.py", "topics")),
    key=Step("make the key", python("step.py", "key", "--prints", "the-development-key")),
    services=tuple(
        Service(name, python("service.py", name, *services), port, endpoint=name)
        for name, port in zip(("one", "two"), options.ports, strict=True)
    ),
    mailbox=product().mailbox,
    sign_in=Step("make a link", python("step.py", "link", *link)),
    public_board=Step("switch the board on", python("step.py", "board")),
    pages=product().pages,
    demo=Step("play the demo", python("step.py", "demo", "--prints", "It was lovely.")),
)
sys.exit(up(Layout.of_checkout(), plan, Terminal()))
