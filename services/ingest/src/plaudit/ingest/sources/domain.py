"""The account on a platform that deliveries come from."""

from datetime import datetime

import msgspec

from plaudit.common.contracts import SourceRef


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One configured account: whose it is, what it reviews, and the key that its tenant's persons are hashed with."""

    id: str
    tenant_id: str
    name: str
    platform: str
    subject: str
    """Everything this source says is about this subject or one below it."""
    created_at: datetime
    person_key: bytes

    def ref(self) -> SourceRef:
        """Return what the bus says of it."""
        return SourceRef(id=self.id, name=self.name, platform=self.platform, created_at=self.created_at)
