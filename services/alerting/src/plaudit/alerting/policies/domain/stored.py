"""A policy as it is stored: its revisions, their names, and which is in force."""

import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec

from plaudit.alerting.calendars.domain import Calendar
from plaudit.alerting.policies.domain.default import NEWEST, SHIPPED_ID, shipped, shipped_text
from plaudit.alerting.policies.domain.document import Format
from plaudit.alerting.policies.domain.revisions import PolicyRevision
from plaudit.common.refusals import RefusedError

OWN_ID: Final = "own"
"""The policy that a tenant writes."""
SHIPPED_NAME: Final = "shipped"
"""Names the newest shipped revision, where a number names one of the tenant's own."""
NAME_PATTERN: Final = r"^(shipped|[1-9][0-9]{0,5})$"
MAX_REVISIONS: Final = 10_000
"""Of a tenant's policy."""
_NAME: Final = re.compile(NAME_PATTERN)


class UnknownRevisionError(RefusedError):
    """There is no such revision."""


class PolicyChangedError(RefusedError):
    """Another revision is in force than whoever asks has seen, or what was previewed has changed since."""


class PreviewRequiredError(RefusedError):
    """Whoever puts a revision into force names no preview of it, and does not say that they do without."""


class TooManyRevisionsError(RefusedError):
    """The policy has as many revisions as it may."""


class RevisionKey(NamedTuple):
    """Which revision of which policy."""

    policy_id: str
    number: int

    @property
    def name(self) -> str:
        """Its name for people and addresses."""
        return SHIPPED_NAME if self.policy_id == SHIPPED_ID else str(self.number)


class StoredRevision(msgspec.Struct, frozen=True, kw_only=True):
    """A revision with its document."""

    policy: PolicyRevision
    format: Format
    document: str
    saved_at: datetime | None = None
    """None for a shipped one."""
    saved_by: str | None = None

    @property
    def key(self) -> RevisionKey:
        """Which it is."""
        return RevisionKey(self.policy.id, self.policy.number)


class Activation(msgspec.Struct, frozen=True, kw_only=True):
    """A revision was put into force."""

    id: int
    policy_id: str
    number: int
    activated_at: datetime | None
    """None where nobody has activated any: the shipped one has always been in force."""
    activated_by: str | None

    @property
    def key(self) -> RevisionKey:
        """Which revision."""
        return RevisionKey(self.policy_id, self.number)


NEVER_ACTIVATED: Final = Activation(id=0, policy_id=SHIPPED_ID, number=NEWEST, activated_at=None, activated_by=None)
"""How it stands for a tenant that has activated none."""


def fingerprint_of(revision: StoredRevision, in_force: Activation, calendars: Mapping[str, Calendar]) -> str:
    """Return what names a preview: the revision, what it was compared with, and the calendars that it counts by.

    Reviews are no part of it: they change all the time.

    Args:
        revision: that is previewed.
        in_force: what is in force meanwhile.
        calendars: name → calendar in force, of those that the tenant has.
    """
    named = sorted({each.calendar for each in revision.policy.classes})
    counted_by = [(name, calendars[name].revision if name in calendars else None) for name in named]
    return sha256(msgspec.json.encode((revision.key, in_force.id, counted_by))).hexdigest()[:32]


def key_of(name: str) -> RevisionKey:
    """Return which revision a name stands for.

    Raises:
        UnknownRevisionError: it is no name of a revision.
    """
    if _NAME.fullmatch(name) is None:
        raise UnknownRevisionError("a revision is named by its number, or `shipped`")
    return RevisionKey(SHIPPED_ID, NEWEST) if name == SHIPPED_NAME else RevisionKey(OWN_ID, int(name))


def shipped_revision(number: int) -> StoredRevision:
    """Return a shipped revision with its document."""
    return StoredRevision(policy=shipped(number), format=Format.YAML, document=shipped_text(number))
