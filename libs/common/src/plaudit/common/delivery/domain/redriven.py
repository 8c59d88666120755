"""What a service is told when somebody sends failed messages again."""

from typing import NamedTuple
from uuid import UUID


class Redriven(NamedTuple):
    """Failed messages that somebody has sent again."""

    tenant_id: str
    actor: str
    kind: str
    """`message` or `endpoint`: what was named."""
    id: UUID
    messages: int
