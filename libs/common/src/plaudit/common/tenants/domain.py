"""What a tenant is, and what it may be called."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plaudit.common.names import shown
from plaudit.common.refusals import WrongInputError

MAX_ID_CHARS: Final = 63
TENANT_PATTERN: Final = rf"^[a-z0-9][a-z0-9-]{{0,{MAX_ID_CHARS - 1}}}$"
_TENANT: Final = re.compile(TENANT_PATTERN.removeprefix("^").removesuffix("$"))


@dataclass(frozen=True, slots=True)
class Tenant:
    """One customer organisation of this installation."""

    id: str
    name: str
    created_at: datetime
    board_public: bool
    """Whether everybody may see its board and write on it."""


def checked_id(tenant_id: str) -> str:
    """Return the id of a tenant as it was given.

    Raises:
        WrongInputError: it has not the form of one.
    """
    if _TENANT.fullmatch(tenant_id) is None:
        raise WrongInputError(
            f"{shown(tenant_id)} cannot be a tenant's id: it has 1 to {MAX_ID_CHARS} of a-z, 0-9 and '-', "
            "and begins with a letter or digit"
        )
    return tenant_id
