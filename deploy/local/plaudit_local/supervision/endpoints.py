"""Where everything of the running product is, for programs (`.local/endpoints.json`) and for people."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plaudit_local.servers.ports import LOOPBACK
from plaudit_local.supervision.layout import Layout, read_json, write_private
from plaudit_local.supervision.plan import Plan


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


def as_text(endpoints: Mapping[str, Any], plan: Plan, layout: Layout) -> str:
    """Return the same for a person, one address a line: first the one of all services."""
    lines = [f"  {'Plaudit':<22} {endpoints.get('address', '?')}"]
    lines += [
        f"  {title:<22} {endpoints.get(service.endpoint, '?')}{path}"
        for service in (*plan.services, plan.mailbox)
        for title, path in service.shows
    ]
    lines.append(f"  {'development key':<22} {endpoints.get('api_key', '?')}")
    lines.append(f"  {'all of it':<22} {layout.endpoints}")
    return "\n".join(lines)


def stored_key(layout: Layout, identity: str) -> str | None:
    """Return the development key that was made in the database of this identity, if there is one."""
    found = read_json(layout.development_key)
    return str(found["key"]) if found.get("database") == identity and found.get("key") else None


def store_key(layout: Layout, identity: str, key: str) -> None:
    """Keep the development key: the database has only its hash."""
    write_private(layout.development_key, json.dumps({"database": identity, "key": key}) + "\n")
