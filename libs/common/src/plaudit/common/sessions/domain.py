"""A session of staff, and the secrets of signing in: how they are made, what is stored of them, and when they end."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from plaudit.common.people.domain import Person
from plaudit.common.refusals import RefusedError
from plaudit.common.settings import Settings

SECRET_BYTES: Final = 32
LAST_SEEN_EVERY: Final = timedelta(minutes=1)
"""The use of a session is written down at most so often."""
OIDC_ATTEMPT_AGE: Final = timedelta(minutes=10)
MAX_PATH_CHARS: Final = 1_000
BROWSERS: Final = {
    "Edg/": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "Chrome/": "Chrome",
    "CriOS/": "Chrome",
    "Safari/": "Safari",
}
"""Word of a User-Agent → browser. The first that is there counts: most browsers also call themselves by later ones."""
SYSTEMS: Final = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "CrOS": "ChromeOS",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}
"""Word of a User-Agent → system, as `BROWSERS`."""

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_LOCAL_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")
"""An address on this host: printable ASCII without a backslash, which browsers read as a slash."""


class NoAdminError(RefusedError):
    """A link for an admin was asked for, and the account is not an active admin's."""


class OidcRefusedError(Exception):
    """The provider did not vouch for a person who has an account here; the text may be shown."""


class NoAttemptError(OidcRefusedError):
    """The browser began no such sign-in, or finished it before, or began it too long ago."""


@dataclass(frozen=True, slots=True)
class Session:
    """What the database holds of a session that was not ended."""

    tenant_id: str
    created_at: datetime
    last_seen_at: datetime
    person: Person | None
    key_id: str
    """The public id of the key that it was exchanged for; empty for a person's."""
    key_scopes: frozenset[str]
    key_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that has not ended, as it is shown to whom it belongs."""

    id_hash: bytes
    created_at: datetime
    last_seen_at: datetime
    browser: str
    """Empty when it is not known."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link to sign in that was just made."""

    person: Person
    token: str
    expires_at: datetime
    next_path: str = ""
    """The page that signing in leads to; empty: the home of the console."""

    @property
    def path(self) -> str:
        """The address of its page, on this host."""
        path = f"/sign-in/link/{self.token}"
        return f"{path}?{urlencode({'next': self.next_path})}" if self.next_path else path


@dataclass(frozen=True, slots=True)
class OidcAttempt:
    """A sign-in that was begun at the provider."""

    nonce: str
    code_verifier: str
    next_path: str


def new_secret() -> str:
    """Return 256 random bits, as text for a cookie or an address."""
    return secrets.token_urlsafe(SECRET_BYTES)


def is_secret(text: str) -> bool:
    """Return whether a text has the form of our secrets."""
    return _SECRET.fullmatch(text) is not None


def browser_of(user_agent: str) -> str:
    """Return a browser and its system in our own words, such as `Firefox on Windows`; empty when both are unknown."""
    browser = next((name for word, name in BROWSERS.items() if word in user_agent), "")
    system = next((name for word, name in SYSTEMS.items() if word in user_agent), "")
    return " on ".join(filter(None, (browser or (system and "A browser"), system)))


def form_token(session_id: str) -> str:
    """Return the token that the hidden field of a session's forms has; it says nothing of the session's id."""
    return hmac.new(session_id.encode(), b"form", hashlib.sha256).hexdigest()


def ends_at(session: Session, settings: Settings) -> datetime:
    """Return when a session ends unless it is used before: by its idle time, its age, or the expiry of its key."""
    ends = [
        session.last_seen_at + timedelta(hours=settings.session_idle_hours),
        session.created_at + timedelta(days=settings.session_max_days),
    ]
    return min(ends if session.key_expires_at is None else [*ends, session.key_expires_at])


def local_path(text: str, default: str) -> str:
    """Return an address on this host as it is given, and the default for anything else."""
    return text if len(text) <= MAX_PATH_CHARS and _LOCAL_PATH.fullmatch(text) else default
