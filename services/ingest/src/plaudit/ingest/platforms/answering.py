"""How a platform's interface takes the company's answer to a review: pure builders of requests and readers of replies.

A submitted answer is not a published one: each reader says what the platform shows.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from plaudit.common.text import one_line
from plaudit.ingest.platforms.asking import Credential, Credentials, Grant, HttpRequest


@dataclass(frozen=True)
class Call:
    """What a request about an answer is made of."""

    external_id: str
    text: str = field(repr=False)
    credentials: Credentials = field(repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Shown:
    """An answer as a platform tells it."""

    text: str | None
    """None where the platform does not repeat it."""
    state: Literal["published", "pending", "rejected"]
    at: datetime | None = None
    """When it was published or changed, where the platform says it."""
    reason: str | None = None
    """Why it was rejected, in the platform's words."""

    def is_of(self, text: str) -> bool:
        """Return whether it is the answer with this text."""
        return self.text is None or one_line(self.text) == one_line(text)


NO_LIMIT: Final = 20_000
"""Characters of an answer where the platform has no limit of its own that we know: that of our own store."""


@dataclass(frozen=True, kw_only=True)
class Answering:
    """A platform's interface for answers."""

    title: str
    """The platform's own name."""
    credentials: tuple[Credential, ...]
    """Those that it needs."""
    grant: Grant
    send: Callable[[Call], HttpRequest]
    """Returns the request that publishes an answer, or replaces the one before. Raises `CannotAskError`."""
    look: Callable[[Call], HttpRequest]
    """Returns the request that asks which answer is shown. Raises `CannotAskError`."""
    read_sent: Callable[[bytes], Shown]
    """Reads the answer to `send`. Raises `UnusableReplyError`."""
    read_looked: Callable[[bytes], Shown | None]
    """Reads the answer to `look`; None where no answer is shown. Raises `UnusableReplyError`."""
    max_chars: int = NO_LIMIT
    max_bytes: int | None = None
    needs_words: bool = False
    """Whether a review without words cannot be answered there."""
    pause_seconds: float = 1.0
    """Between two requests of one source, at least."""

    def too_long(self, text: str) -> str | None:
        """Return in words by how much a text is too long; None where it is not."""
        if len(text) > self.max_chars:
            return f"{self.title} takes {self.max_chars:,} characters, and the answer has {len(text):,}."
        size_bytes = len(text.encode())
        if self.max_bytes is not None and size_bytes > self.max_bytes:
            return f"{self.title} takes {self.max_bytes:,} bytes, and the answer has {size_bytes:,}."
        return None
