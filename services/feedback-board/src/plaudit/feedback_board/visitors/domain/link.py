"""A link that is mailed: what it is for, and what its owner wanted to do before signing in."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from plaudit.common.sessions.domain import local_path


class Purpose(StrEnum):
    """What a link does when its button is pressed, once."""

    SIGN_IN = "sign_in"
    EXPORT = "export"
    DELETION = "deletion"


class Intent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody wanted to do, and signed in for: it is done then."""

    vote: str = ""
    """The slug of a request to vote for."""
    title: str = ""
    """Of a request to make, with its text."""
    text: str = ""
    form: str = ""
    """The id of the form that it was typed into."""

    @property
    def is_any(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.vote or self.title or self.text)


NO_INTENT: Final = Intent()
_STEP_UP: Final = re.compile(r"(?:^|/)\.\.?(?:[/?#]|$)")


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it is stored."""

    tenant_id: str
    token_hash: bytes
    person_key: str
    purpose: Purpose
    address: str
    """The address that it was mailed to, sealed."""
    next_path: str
    intent: Intent
    expires_at: datetime


def board_path(tenant_id: str, text: str) -> str:
    """Return an address within a tenant's board as it is given, and the board's own for anything else."""
    home = f"/b/{tenant_id}"
    path = local_path(text, home)
    is_within = path == home or path.startswith((f"{home}/", f"{home}?", f"{home}#"))
    return path if is_within and not _STEP_UP.search(path.partition("?")[0]) else home
