"""What the product consists of: its programs, the ports they prefer, and the steps before them."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

PARTITIONS = 8
OWNER_EMAIL = "owner@plaudit.example"
BOARD_NAME = "Plaudit demo"
POSTGRES_PORT = 5432
KAFKA_PORT = 9092
DOOR_PORT = 8000
FIRST_SERVICE_PORT = 8001
MAILBOX_PORT = 8005
SMTP_PORT = 2525
LINK_MINUTES = 15
"""How long the link may be used that signs in to the console."""


@dataclass(frozen=True)
class Step:
    """A program that runs to its end."""

    name: str
    command: Sequence[str]


@dataclass(frozen=True)
class Service:
    """A program that keeps running and answers GET /readyz on its port."""

    name: str
    command: Sequence[str]
    preferred_port: int
    endpoint: str
    """Its name in endpoints.json."""


@dataclass(frozen=True)
class Plan:
    """All programs of the product."""

    migrations: Sequence[Step]
    topics: Step
    key: Step
    """Prints a new API key."""
    services: Sequence[Service]
    mailbox: Service
    demo: Step | None
    door_port: int = DOOR_PORT
    """The port that the one address of all services prefers."""
    vault_key: Step | None = None
    """Makes the file with the key of the vault, where there is none."""
    page_assets: Step | None = None
    """Fills the folder of page assets; pages do without what it cannot get."""
    sign_in: Step | None = None
    """Prints a link that signs in once."""
    public_board: Step | None = None
    """Switches on the public board that the demo story is about."""
    pages: Sequence[tuple[str, str]] = ()
    """What a person can look at, at the one address: (title, path)."""


def _python(*arguments: str) -> Sequence[str]:
    return (sys.executable, "-m", *arguments)


def product() -> Plan:
    """Return the plan of Plaudit."""
    modules = {"ingest": "ingest", "scoring": "scoring", "alerting": "alerting", "feedback-board": "feedback_board"}
    owner = os.environ.get("PLAUDIT_OWNER_EMAIL") or OWNER_EMAIL
    return Plan(
        # In one process: importing each service to migrate its schema would take longer than the migrations.
        migrations=(Step("migrate all schemas", _python("plaudit.common.db.migrate", "common", *modules)),),
        topics=Step("make topics", _python("plaudit.common.kafka.topics")),
        key=Step(
            "make the development key",
            _python(
                "plaudit.common.api_keys.cli", "create", "--tenant", "default", "--name", "development", "--scopes", "*"
            ),
        ),
        services=tuple(
            Service(name, _python(f"plaudit.{m}.main", "all"), FIRST_SERVICE_PORT + n, endpoint=m)
            for n, (name, m) in enumerate(modules.items())
        ),
        mailbox=Service("mailbox", _python("plaudit_local", "mailbox"), MAILBOX_PORT, endpoint="mailbox"),
        vault_key=Step("make the key of the vault", _python("plaudit.common.vault.cli", "make")),
        page_assets=Step("fetch what pages use", _python("plaudit_local", "assets")),
        sign_in=Step(
            "make a link to sign in",
            _python(
                *("plaudit.common.sessions.cli", "--tenant", "default", "--email", owner),
                *("--minutes", str(LINK_MINUTES)),
            ),
        ),
        public_board=Step(
            "switch the public board on", _python("plaudit.common.tenants.cli", "board", "default", "on")
        ),
        demo=Step("play the demo story", _python("plaudit_local", "demo")),
        pages=(("console", "/console"), ("public board", "/"), ("API reference", "/docs")),
    )
