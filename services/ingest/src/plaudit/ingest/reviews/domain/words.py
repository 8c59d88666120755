"""The words of texts, as they are searched: folded, so that case and form do not matter.

A text is found by words that it has, or that begin some of its own; their order does not matter. Characters of scripts
that are written without spaces are words of their own. So any script can be searched, and a stem is not guessed.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

MAX_WORD_CHARS: Final = 64
"""Of a longer one, the beginning is searched."""
MAX_WORDS: Final = 2_000
"""Different ones of a review; the rest of its text is not searched."""
MAX_SEARCHED_WORDS: Final = 16
MIN_BEGINNING_CHARS: Final = 3
"""A shorter word is searched as it is, not as the beginning of others."""

_UNSPACED: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD: Final = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")


def words(*texts: str | None) -> list[str]:
    """Return the different words of texts, in the order in which they first come."""
    found: dict[str, None] = {}
    for text in texts:
        if text:
            folded = unicodedata.normalize("NFKC", text).casefold()
            found.update(dict.fromkeys(word[:MAX_WORD_CHARS] for word in _WORD.findall(folded)))
    return list(found)[:MAX_WORDS]


def stored_words(tenant_id: str, found: Iterable[str]) -> list[str]:
    """Return words as the index holds them: each behind its tenant's name."""
    return [f"{tenant_id}:{word}" for word in found]


def search_query(tenant_id: str, text: str | None, marked: Iterable[Sequence[str]] = ()) -> str | None:
    """Return a query of PostgreSQL's full text.

    Args:
        tenant_id: whose words.
        text: all of its words, or what begins with them, must be there.
        marked: of each group of marks, one must be there.

    Returns:
        None where nothing can be found: the text has no words, or a group no marks.
    """
    searched = words(text)[:MAX_SEARCHED_WORDS]
    groups = [[_quoted(tenant_id, each) for each in group] for group in marked]
    if (text is not None and not searched) or not all(groups):
        return None
    terms = [_quoted(tenant_id, word) + (":*" if len(word) >= MIN_BEGINNING_CHARS else "") for word in searched]
    return " & ".join([*terms, *(f"({' | '.join(group)})" for group in groups)]) or None


def _quoted(tenant_id: str, word: str) -> str:
    escaped = f"{tenant_id}:{word}".replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
