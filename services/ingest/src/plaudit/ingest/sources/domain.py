"""A source: one configured account on a platform."""

from datetime import datetime
from functools import cached_property
from typing import Literal

import msgspec

Proof = Literal["standard_webhooks", "path_token"]
"""How a platform proves its deliveries: it signs them, or, where it signs nothing, by a secret in the address."""


class UnknownPlatformError(ValueError):
    """There is no adapter for the platform; the text names those there are."""


class SourceRef(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a review keeps of its source. It is stored by place: see `ReviewState`."""

    id: str
    name: str
    platform: str
    created_at: datetime


class Source(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One configured account: which tenant it belongs to, what it reviews, and what proves its deliveries."""

    tenant_id: str
    id: str
    name: str
    platform: str
    subject: str
    """All its reviews are about this subject or one below it."""
    secret: str
    """Signs deliveries, in the form of Standard Webhooks: `whsec_…`."""
    path_token: str | None = None
    """The secret in the address, for a platform that signs nothing."""
    created_at: datetime

    @cached_property
    def ref(self) -> SourceRef:
        """What a review keeps of it; made once, for a batch names it in each of its reviews."""
        return SourceRef(id=self.id, name=self.name, platform=self.platform, created_at=self.created_at)


class KeyedSource(Source, frozen=True, kw_only=True):
    """A source with the key that its tenant's persons are hashed with, as its deliveries are read."""

    person_key: bytes
