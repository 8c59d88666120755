"""The one source of identifiers, injected where they are made."""

from collections.abc import Callable
from uuid import UUID

import uuid_utils

IdSource = Callable[[], UUID]


def uuid7() -> UUID:
    """Return a new time-ordered UUID (RFC 9562, version 7): keys that arrive together lie together in an index."""
    return UUID(int=uuid_utils.uuid7().int)
