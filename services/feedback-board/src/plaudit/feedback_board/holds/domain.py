"""The rules by which a post waits for a look of staff, and what is known of its author."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import UUID

from plaudit.common.text import one_line, seen
from plaudit.feedback_board.requests.domain.errors import BoardRefusedError, InvalidInputError
from plaudit.feedback_board.requests.domain.reach import is_anonymous

SAME_AGAIN_WITHIN: Final = timedelta(days=1)
COPIED_MIN_CHARACTERS: Final = 40
"""A text this long does not come from two people by chance; "+1" does."""
DEFAULT_MOST_LINKS: Final = 2
MAX_MOST_LINKS: Final = 100
MAX_BLOCKED_WORDS: Final = 500
BLOCKED_WORD_MAX_CHARACTERS: Final = 60
MAX_BLOCK: Final = timedelta(days=3_660)
STAFF_WORDS: Final = frozenset({"admin", "administrator", "moderator", "official", "staff", "support", "team"})
"""Whoever writes under a name with one of these words seems to speak for the organisation."""

_LINK: Final = re.compile(
    r"(?:https?://|\bwww\.)\S*|\b[\w-]+\.(?:com|net|org|info|ru|cn|xyz|top|shop|link|click|io)\b(?:/\S*)?",
    re.IGNORECASE,
)
_UUID_BITS_OF_TIME: Final = 80
_TIMED_UUID: Final = 7


class HoldReason(StrEnum):
    """Why a post is held."""

    FIRST_POST = "first_post"
    LINKS = "links"
    BLOCKED_WORD = "blocked_word"
    NO_LETTERS = "no_letters"
    SAME_AGAIN = "same_again"
    TOO_FAST = "too_fast"
    TRAP = "trap"
    NAME = "name"


class PostKind(StrEnum):
    """What kind of post."""

    REQUEST = "request"
    COMMENT = "comment"


class Standing(StrEnum):
    """What staff or the board knows of a person."""

    KNOWN = "known"
    """Has posted something that is public."""
    TRUSTED = "trusted"
    """Is never held."""
    BLOCKED = "blocked"
    """Posts nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonStanding:
    """The standing of one person."""

    tenant_id: str
    person_key: str
    standing: Standing
    reason: str | None
    """Why; for staff alone."""
    until: datetime | None
    """When a block ends; None for never."""
    actor: str
    at: datetime


class PersonBlockedError(BoardRefusedError):
    """The person may not post on this board."""

    def __init__(self, until: datetime | None) -> None:
        """Say until when."""
        ends = "" if until is None else f" until {until.day} {until:%B %Y}"
        super().__init__(
            f"You cannot post on this board{ends}. Nothing of what you wrote was kept; you can still vote."
        )
        self.until = until


class TooFastError(BoardRefusedError):
    """A form came back sooner than people write. It is shown once more, with all its words."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("That was fast. Nothing is posted yet: please read it once more, and send it again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a board holds beyond what every board does."""

    first_of_visitors: bool = False
    """Whether the first post of somebody who has not signed in waits."""
    most_links: int = DEFAULT_MOST_LINKS
    blocked_words: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Check them. Raises InvalidInputError."""
        if not 0 <= self.most_links <= MAX_MOST_LINKS:
            raise InvalidInputError("most_links", f"most_links must be 0 to {MAX_MOST_LINKS}")
        if len(self.blocked_words) > MAX_BLOCKED_WORDS:
            raise InvalidInputError("blocked_words", f"blocked_words has at most {MAX_BLOCKED_WORDS} words")


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What somebody wants to post, as the rules see it."""

    kind: PostKind
    person_key: str
    text: str
    """All its words."""
    name: str | None = None
    shown_for: timedelta | None = None
    """How long its form was shown; None for what no form of ours sent."""
    least_shown: timedelta = timedelta(0)
    """How long people take at least; zero for what comes over the API."""
    trap: str = ""
    """A field that people do not see, and programs fill in."""
    names_taken: Collection[str] = ()
    """Of the staff and of the organisation: nobody else should seem to be them."""
    is_edit: bool = False
    """Whether it replaces words that were looked at: their being there again says nothing."""

    @property
    def fingerprint(self) -> bytes:
        """A hash of its words, by which the same text is seen again."""
        return sha256(_plain(self.text).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A post that waits for a look."""

    tenant_id: str
    kind: PostKind
    post_id: UUID
    request_id: UUID
    person_key: str
    reasons: Sequence[str] = field(default_factory=list)
    held_at: datetime


def reasons_to_hold(post: Post, rules: Rules, *, standing: Standing | None, is_again: bool) -> list[HoldReason]:
    """Return why a post waits for a look; nothing for one that is public at once.

    Args:
        post: what is posted.
        rules: of the board.
        standing: of who posts; None for who is new.
        is_again: whether the same text came within a day: from the same person, or a long one from anybody.
    """
    if standing is Standing.TRUSTED:
        return []
    is_new_visitor = standing is None and is_anonymous(post.person_key)
    found = {
        HoldReason.FIRST_POST: rules.first_of_visitors and is_new_visitor,
        HoldReason.LINKS: count_links(post.text) > rules.most_links,
        HoldReason.BLOCKED_WORD: has_word(post.text, rules.blocked_words)
        or has_word(post.name or "", rules.blocked_words),
        HoldReason.NO_LETTERS: not any(char.isalpha() for char in post.text),
        HoldReason.SAME_AGAIN: is_again,
        HoldReason.TOO_FAST: is_too_fast(post),
        HoldReason.TRAP: bool(post.trap),
        HoldReason.NAME: post.name is not None and seems_to_be(post.name, post.names_taken),
    }
    return [reason for reason, holds in found.items() if holds]


def check_pace(post: Post, *, is_second: bool) -> None:
    """Check that a form was shown as long as people take, which a browser that fills it in may not.

    Whoever sends it a second time is not asked again: what is too fast then is held.

    Raises:
        TooFastError: it was not, and comes for the first time.
    """
    if not is_second and post.shown_for is not None and is_too_fast(post):
        raise TooFastError


def is_too_fast(post: Post) -> bool:
    """Return whether a form came back sooner than a person writes, or no form of ours was shown."""
    if not post.least_shown:
        return False
    return post.shown_for is None or post.shown_for < post.least_shown


def count_links(text: str) -> int:
    """Return how many links a text seems to hold."""
    return len(_LINK.findall(_shape(text)))


def has_word(text: str, words: Collection[str]) -> bool:
    """Return whether one of the words or phrases stands in a text, in any case and width, as a word of its own."""
    plain = f" {_plain(text)} "
    return any(f" {phrase} " in plain for word in words if (phrase := _plain(word)))


def seems_to_be(name: str, others: Collection[str]) -> bool:
    """Return whether a name is, or holds, the name of somebody else, or a word of who speaks for the organisation."""
    words = _plain(name).split()
    joined = "".join(words)
    if STAFF_WORDS.intersection(words):
        return True
    return any(len(plain := "".join(_plain(other).split())) > 1 and _holds(joined, plain, words) for other in others)


def clean_blocked_words(words: Collection[str]) -> list[str]:
    """Return words as they are kept: each once, in order. Raises InvalidInputError."""
    kept = dict.fromkeys(one_line(word) for word in words)
    for word in kept:
        if not _plain(word) or len(word) > BLOCKED_WORD_MAX_CHARACTERS:
            raise InvalidInputError(
                "blocked_words",
                f"each of blocked_words must have 1 to {BLOCKED_WORD_MAX_CHARACTERS} characters, a letter or digit too",
            )
    return list(kept)


def shown_since(form: str) -> datetime | None:
    """Return when a form was made, by its id; None for what is not the id of one of our forms."""
    try:
        made = UUID(hex=form)
    except ValueError:
        return None
    if made.version != _TIMED_UUID:
        return None
    return datetime.fromtimestamp((made.int >> _UUID_BITS_OF_TIME) / 1_000, tz=UTC)


def _holds(joined: str, plain: str, words: Sequence[str]) -> bool:
    """Return whether a short name is the other one, or one of its words, or a long name is within it."""
    return joined == plain or plain in words or (len(plain) >= MIN_WITHIN and plain in joined)


MIN_WITHIN: Final = 5
"""A name with fewer letters is within others by chance: Ada in Adalbert."""


def _shape(text: str) -> str:
    """Return a text as it looks: without what shows nothing, wide and fancy letters as plain ones."""
    return unicodedata.normalize("NFKC", seen(text))


def _plain(text: str) -> str:
    """Return the words of a text: letters and digits in small, without accents, with single spaces."""
    bare = "".join(
        char for char in unicodedata.normalize("NFKD", _shape(text).casefold()) if not unicodedata.combining(char)
    )
    return " ".join("".join(char if char.isalnum() else " " for char in bare).split())
