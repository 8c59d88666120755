"""How the pages of administration say things."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from plaudit.common.api_keys.domain import ALL_SCOPES, SCOPES, KeyState
from plaudit.common.people.domain import Role

ROLES: Final[Mapping[Role, str]] = {
    Role.VIEWER: "reads reviews, scores, clocks, alerts and requests",
    Role.RESPONDER: "reads, acknowledges and resolves alerts, sizes and answers requests, and replays deliveries",
    Role.ADMIN: "does everything, and gives keys and accounts to others",
}
"""What each role may do, in a few words."""
LOOKS: Final[Mapping[KeyState, str]] = {KeyState.ACTIVE: "good", KeyState.EXPIRED: "warn", KeyState.REVOKED: "quiet"}
STATES: Final[Mapping[KeyState, str]] = {
    KeyState.ACTIVE: "valid",
    KeyState.EXPIRED: "expired",
    KeyState.REVOKED: "revoked",
}
VALIDITIES: Final = {
    "7": "for 7 days",
    "30": "for 30 days",
    "90": "for 90 days",
    "365": "for a year",
    "": "until it is revoked",
}
"""For how many days a key may be valid."""
OVERLAPS: Final = {
    "0": "ends at once",
    "1": "is valid for an hour more",
    "24": "is valid for a day more",
    "168": "is valid for 7 days more",
    "720": "is valid for 30 days more",
}
"""For how many hours an old secret may be valid too."""


def day(at: datetime) -> str:
    """Return a day as `7 March 2026` (UTC)."""
    return f"{at.astimezone(UTC):%-d %B %Y}"


def scopes(given: Iterable[str]) -> str:
    """Return what scopes allow, as a list of words."""
    return "; ".join(scope_words(scope) for scope in given)


def scope_words(scope: str) -> str:
    """Return what one scope allows."""
    return "do everything" if scope == ALL_SCOPES else SCOPES.get(scope, scope)


def roles(given: Iterable[Role]) -> str:
    """Return what each of these roles may do, in one line."""
    return "; ".join(f"{role}: {ROLES[role]}" for role in given) + "."


def helpers() -> dict[str, Any]:
    """Return what templates call."""
    return {"day": day, "scopes_of": scopes, "scope_words": scope_words}
