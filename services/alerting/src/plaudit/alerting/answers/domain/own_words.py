"""Whether an answer takes up anything of its own review: a content word that is rare in the tenant's texts.

A word's rarity is its inverse document frequency (K. Spärck Jones, A Statistical Interpretation of Term Specificity,
Journal of Documentation 28(1), 1972) over the answers that are kept and the reviews that they answer. Words are
compared by their beginnings, which needs no language: `delivered` and `delivery` are one. Scripts without spaces are
compared by pairs of characters.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import islice
from typing import Final, NamedTuple
from zlib import crc32

from plaudit.alerting.answers.domain.likeness import UNSPACED
from plaudit.alerting.answers.domain.wording import common_words

MIN_CHARS: Final = 4
STEM_CHARS: Final = 5
"""Of a word that count: what follows is mostly an ending."""
MAX_WORDS: Final = 2_000
"""Of a text that are read."""
RARE_SHARE: Final = 0.05
"""A word is rare that stands in no more of the tenant's texts. Calibrated: `docs/answers.md`."""
MIN_OWN_WORDS: Final = 2
"""A review with fewer words of its own says too little to be taken up."""
_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


class OwnWord(NamedTuple):
    """A content word where it stands."""

    key: int
    start: int
    end: int


def content_words(text: str, language: str | None = None) -> list[OwnWord]:
    """Return the content words of a text: those of grammar and of any answer left out.

    Args:
        text: of a review or an answer.
        language: its code; where it has no lists, words of grammar of all languages are left out.
    """
    found = []
    for start, end in islice(_words(text), MAX_WORDS):
        key = _key(text[start:end], language)
        if key is not None:
            found.append(OwnWord(key, start, end))
    return found


def keys_of(text: str, language: str | None = None) -> frozenset[int]:
    """Return the content words of a text as numbers; the arguments are those of `content_words`."""
    return frozenset(word.key for word in content_words(text, language))


def frequencies(texts: Iterable[AbstractSet[int]]) -> Counter[int]:
    """Return in how many texts each word stands."""
    return Counter(key for text in texts for key in text)


def rare(keys: AbstractSet[int], frequency: Mapping[int, int], texts: int) -> set[int]:
    """Return those of the words that stand in few of so many texts, or in none."""
    most = int(texts * RARE_SHARE)
    return {key for key in keys if frequency.get(key, 0) <= most}


def _words(text: str) -> Iterator[tuple[int, int]]:
    for word in _WORD.finditer(text):
        if UNSPACED.search(word[0]):
            yield from ((place, place + 2) for place in range(word.start(), word.end() - 1))
        else:
            yield word.span()


@lru_cache(maxsize=32_768)
def _key(word: str, language: str | None) -> int | None:
    folded = _fold(word)
    if UNSPACED.search(word):
        return crc32(word.encode())
    if len(folded) < MIN_CHARS or folded in _folded_common_words(language):
        return None
    return crc32(folded[:STEM_CHARS].encode())


def _fold(word: str) -> str:
    lowered = word.lower().translate(_UMLAUTS).replace("'", "").replace("\u2019", "")
    if lowered.isascii():
        return lowered
    return "".join(each for each in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(each))


@lru_cache(maxsize=16)
def _folded_common_words(language: str | None) -> frozenset[str]:
    return frozenset(map(_fold, common_words(language)))
