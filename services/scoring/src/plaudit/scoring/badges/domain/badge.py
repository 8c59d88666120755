"""What a tenant allows everybody to see: a subject, what it is called, and what kind of thing it is."""

from enum import StrEnum
from typing import Final

import msgspec

MAX_BADGES: Final = 1_000
"""Of a tenant."""


class Kind(StrEnum):
    """What a subject is, for those who read structured data (schema.org)."""

    ORGANIZATION = "organization"
    LOCAL_BUSINESS = "local_business"
    PRODUCT = "product"


class UnknownBadgeError(ValueError):
    """A subject's score is not shown to everybody."""

    def __init__(self, subject: str) -> None:
        """Name the subject."""
        super().__init__(f"The score of `{subject}` is not public. `PUT /v1/badges/{subject}` makes it so.")


class TooManyBadgesError(ValueError):
    """A tenant shows as many scores as it may."""

    def __init__(self) -> None:
        """Say how many that is."""
        super().__init__(
            f"{MAX_BADGES:,} subjects are public already, which is the most. Make another one private first."
        )


class UnfitProfileError(ValueError):
    """A profile that badges cannot show."""

    def __init__(self, name: str) -> None:
        """Say which ones they can."""
        super().__init__(
            f"A badge says that no review is left out, and the profile `{name}` does not count all stars and thumbs. "
            "Choose one that does."
        )


class Badge(msgspec.Struct, frozen=True, kw_only=True):
    """A subject whose score everybody may see."""

    tenant_id: str
    subject: str
    name: str
    """What people call it."""
    kind: Kind
    allowed_by: str
    """The key or the person."""
