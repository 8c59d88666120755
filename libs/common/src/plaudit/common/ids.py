"""The one source of new ids, passed to the code that needs them."""

from collections.abc import Callable
from uuid import UUID

import uuid_utils
from asyncpg.pgproto import pgproto

IdSource = Callable[[], UUID]


def uuid7() -> UUID:
    """Return a new time-ordered UUID (RFC 9562, version 7), so that keys made together are together in an index.

    It is of the driver's subclass of `UUID`, which is made and encoded in a fifth of the time.
    """
    return pgproto.UUID(uuid_utils.uuid7().bytes)
