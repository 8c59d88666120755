"""Where everything of the running product is, for programs (`.local/endpoints.json`) and for people."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from plaudit_local.servers.ports import LOOPBACK
from plaudit_local.supervision.layout import Layout, read_json, write_private
from plaudit_local.supervision.plan import LINK_MINUTES, Plan

TITLE_CHARS = 22


def base_url(port: int) -> str:
    """Return the base address of a server on the loopback interface."""
    return f"http://{LOOPBACK}:{port}"


@dataclass(frozen=True)
class Endpoints:
    """Addresses and the development key."""

    address: str  # of the front door
    services: Mapping[str, str]  # by endpoint name, the mailbox among them
    api_key: str
    database_url: str
    kafka: str
    smtp: str

    def write(self, layout: Layout) -> None:
        """Write `endpoints.json`, which only its owner can read."""
        write_private(layout.endpoints, json.dumps(self.as_dict(), indent=2) + "\n")

    def as_dict(self) -> dict[str, str]:
        """Return the content of `endpoints.json`."""
        rest = {"api_key": self.api_key, "database_url": self.database_url, "kafka": self.kafka, "smtp": self.smtp}
        return {"address": self.address, **self.services, **rest}


def as_text(endpoints: Mapping[str, Any], plan: Plan, layout: Layout, link: str | None) -> str:
    """Return the same for a person: the one address, a link that signs in where there is one, and what is where."""
    address = str(endpoints.get("address", "?"))
    ports = (f"{each.name} {urlsplit(str(endpoints.get(each.endpoint, ''))).port}" for each in plan.services)
    lines = [_line("Plaudit", address)]
    if link:
        lines += [
            _line("sign in", link),
            _line("", f"once, within {LINK_MINUTES} minutes; make status prints another link"),
        ]
    lines += ["", *(_line(title, address + path) for title, path in plan.pages)]
    lines += [
        _line("mailbox", str(endpoints.get(plan.mailbox.endpoint, "?"))),
        _line("development key", str(endpoints.get("api_key", "?"))),
        _line("own ports", ", ".join(ports)),
        _line("all of it", str(layout.endpoints)),
    ]
    return "\n".join(lines)


def _line(title: str, text: str) -> str:
    return f"  {title:<{TITLE_CHARS}} {text}"


def stored_key(layout: Layout, identity: str) -> str | None:
    """Return the development key that was made in the database of this identity, if there is one."""
    found = read_json(layout.development_key)
    return str(found["key"]) if found.get("database") == identity and found.get("key") else None


def store_key(layout: Layout, identity: str, key: str) -> None:
    """Keep the development key: the database has only its hash."""
    write_private(layout.development_key, json.dumps({"database": identity, "key": key}) + "\n")
