"""Where a change stands among all: by its transaction."""

from datetime import timedelta
from typing import Final, NamedTuple

from plaudit.common.row_numbers import TransactionNumber

KEPT: Final = timedelta(days=1)
"""How long changes are kept; the last one of a tenant stays, so that whoever comes back later learns that there was
one."""


class Place(NamedTuple):
    """The place of a change."""

    xid: TransactionNumber


BEGINNING: Final = Place(0)
