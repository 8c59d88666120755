"""Events about incidents: `alerts.v1`, written by alerting."""

import msgspec

from plaudit.common.contracts.time import Instant


class IncidentChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An incident was opened, updated, resolved or closed. It holds nothing about a customer."""

    incident_id: str
    slug: str
    """Its name in the address of its public page, where it has one."""
    title: str
    kind: str
    """`incident`, or `data_breach`."""
    severity: str
    """`urgent`, `important` or `routine`."""
    state: str
    """After the change: `open`, `monitoring`, `resolved` or `closed`."""
    audience: str
    """Who is told: `public`, `subscribers` or `internal`."""
    subjects: tuple[str, ...]
    opened_at: Instant
    happened_at: Instant
    change: str
    """What happened: `opened`, `update`, `severity`, `state`, `breach_declared`, `resolved`, `closed` and others."""
    update: int = 0
    """The number of its newest update; 0 where none was published yet."""
