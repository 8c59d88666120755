"""The one source of identifiers, injected where they are made."""

from collections.abc import Callable
from uuid import UUID

import uuid_utils
from asyncpg.pgproto import pgproto

IdSource = Callable[[], UUID]


def uuid7() -> UUID:
    """Return a new time-ordered UUID (RFC 9562, version 7): keys that arrive together lie together in an index.

    Of the driver's class, a `UUID` like those that it reads: made and written out in a fifth of the time.
    """
    return pgproto.UUID(uuid_utils.uuid7().bytes)
