"""From the names of what is reviewed to subjects: different names never become one subject."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from plaudit.common.contracts.subjects import MAX_SEGMENT_CHARS, SUBJECT_RULE, is_subject
from plaudit.ingest.transfer.domain.advice import Advice, AdvisedError

MAX_NAMES: Final = 100_000
DIGEST_CHARS: Final = 8
UNNAMED: Final = "name"
_PLAIN_MARKS: Final = frozenset("&,.'’‘`´()/!?:;\"“”„«»_-–—|")  # noqa: RUF001 - names hold these
"""Punctuation that a segment loses without becoming another name."""


class SubjectError(AdvisedError):
    """Names that cannot become subjects; the text names them."""


def same_name(name: str) -> str:
    """Return a name without differences that are none: spelling of Unicode, case, and spaces."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def slug(name: str) -> str:
    """Return a name as one segment of a subject's path.

    A name that loses letters or signs, or is too long, ends in a digest of it, so that 日本 and 한국, or C++ and C#,
    differ.
    """
    same = same_name(name)
    decomposed = [char for char in unicodedata.normalize("NFKD", same) if not unicodedata.combining(char)]
    is_whole = all((char.isascii() and char.isalnum()) or char.isspace() or char in _PLAIN_MARKS for char in decomposed)
    ascii_only = "".join(char for char in decomposed if char.isascii())
    base = re.sub(r"[^a-z0-9._-]+", "-", ascii_only).strip("-._")
    if is_whole and base and len(base) <= MAX_SEGMENT_CHARS:
        return base
    digest = hashlib.sha256(same.encode()).hexdigest()[:DIGEST_CHARS]
    kept = base[: MAX_SEGMENT_CHARS - DIGEST_CHARS - 1].rstrip("-._") or UNNAMED
    return f"{kept}-{digest}"


class Subjects:
    """Which name is which subject: those that were stated, and those that are made of names as they come."""

    def __init__(self, stated: Mapping[str, str]) -> None:
        """Begin with names whose subjects are stated.

        Raises:
            SubjectError: a stated one is no subject.
        """
        self._subjects: dict[str, str] = {}
        self.stated: list[tuple[str, str]] = []
        """Each name as it is displayed, in any script, with its subject."""
        self.names: dict[str, str] = {}
        """Subject → its first name."""
        for name, subject in stated.items():
            if not is_subject(subject):
                raise SubjectError(f"{subject!r}, which {name!r} is to be: {SUBJECT_RULE}")
            self._subjects[same_name(name)] = subject
            self.names.setdefault(subject, name)
            self.stated.append((name, subject))

    def find(self, name: str) -> str:
        """Return the subject of a name.

        Raises:
            SubjectError: another name makes the same subject, or there are too many names.
        """
        same = same_name(name)
        if (known := self._subjects.get(same)) is not None:
            return known
        if len(self._subjects) >= MAX_NAMES:
            raise SubjectError(f"there are more than {MAX_NAMES:,} different names of subjects")
        made = slug(name)
        if (other := self.names.get(made)) is not None:
            raise SubjectError(
                f"two names make the subject {made!r}: {other!r} and {name.strip()!r}; ",
                Advice(
                    "state in a file which is which, and name it with --subjects",
                    "write the subjects themselves into a column, and map it as subject=COLUMN under {map}",
                ),
            )
        self._subjects[same] = made
        self.names[made] = name.strip()
        self.stated.append((name.strip(), made))
        return made
