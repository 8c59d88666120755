"""People who are told of alerts, one after the other, and what they were told."""

from typing import Any

from httpx import AsyncClient

from plaudit.alerting.people import commands as people
from plaudit.alerting.policies.domain.document import Format
from plaudit.common.db import Role
from plaudit_testing.clocks import at, review
from plaudit_testing.mailbox import Mailbox, told_by

OWNERS = """\
people:
  - {address: ada@acme.example, name: Ada Byron, zone: Europe/Berlin}
  - {address: ben@acme.example, name: Ben Kay}
  - {address: cem@acme.example, name: Cem}
  - {address: dan@acme.example, name: Dan, quiet_hours: {from: "09:00", to: "12:00"}}
teams:
  - {name: berlin, members: [ben@acme.example, cem@acme.example]}
escalations:
  - name: usual
    steps: [{after: 30 min, team: berlin}, {after: 2 h}]
assignments:
  - {subject: acme/berlin, owner: ada@acme.example, escalation: usual}
"""


async def save(stage: Any, document: str, tenant: str = "default") -> None:
    """Save the document of a tenant's people."""
    async with stage.resources.database(Role.API).driver_transaction(tenant) as tx:
        await people.save(tx, tenant, document, Format.YAML, "test")


async def goes_to(stage: Any, hours: float) -> None:
    """Let time go on, with all that it starts."""
    await stage.move_to(at(hours))
    await stage.fires()
    await stage.escalates()
    await stage.sends()


async def breached(stage: Any, api: AsyncClient, state: Any = None) -> dict[str, Any]:
    """A review that was not answered in time, of which its owner was told."""
    await stage.happens(None, state or review(), at(0))
    await goes_to(stage, 24.01)
    [alert] = (await api.get("/v1/alerts")).json()["items"]
    return dict(alert)


def told(mailbox: Mailbox, topic: str = "Nobody has looked") -> list[str]:
    """Return to whom mails about this went."""
    return sorted(str(mail["To"]) for mail in mailbox.mails if topic in told_by(mail))


async def outcomes(stage: Any, topic: str) -> list[tuple[Any, ...]]:
    """Return what became of each message of a topic: recipient, state, reason."""
    rows = await stage.rows(
        "SELECT recipient, state, reason FROM message_deliveries WHERE topic = $1 ORDER BY created_at, recipient", topic
    )
    return [tuple(row.values()) for row in rows]
