"""What a tenant says of its people, as it is stored: revisions, of which the last one is in force."""

from datetime import datetime
from typing import Final

import msgspec

from plaudit.alerting.people.domain.owners import Owners
from plaudit.alerting.policies.domain.document import Format
from plaudit.common.refusals import RefusedError

MAX_REVISIONS: Final = 10_000
"""Of a tenant's document."""


class OwnersChangedError(RefusedError):
    """Another revision is in force than whoever asks has seen."""

    def __init__(self, number: int) -> None:
        """Name the one that is in force."""
        super().__init__(f"Revision {number} is in force now. Read the owners again, and decide again.")


class TooManyRevisionsError(RefusedError):
    """The document has as many revisions as it may."""


class OwnersRevision(msgspec.Struct, frozen=True, kw_only=True):
    """A revision with its document. It never changes."""

    owners: Owners
    format: Format
    document: str
    saved_at: datetime
    saved_by: str
