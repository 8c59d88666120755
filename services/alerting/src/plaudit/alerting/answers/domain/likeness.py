"""How alike two answers are: the share of trigrams that both have, as PostgreSQL's pg_trgm counts them.

Words are runs of letters and digits in small letters, with two spaces before and one behind. The similarity is that of
Jaccard: trigrams of both over trigrams of either. Trigrams are kept as 32-bit numbers; that two of the few hundred of
an answer fall on one number happens once in a hundred thousand answers, and changes a similarity by less than 0.01.
"""

import re
from array import array
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import Final
from zlib import crc32

WARN_FROM: Final = 0.6
"""Similarity from which an answer is near an earlier one. Calibrated: `docs/answers.md`."""
SAME_FROM: Final = 0.85
"""Similarity from which it is the same one."""
MIN_CHARS: Final = 40
MIN_WORDS: Final = 8
"""Shorter bodies are alike by chance, and are not compared."""
MAX_CHARS: Final = 10_000
"""Of an answer that are compared."""
_WORD: Final = re.compile(r"[^\W_]+")
UNSPACED: Final = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Letters of scripts that put no spaces between words."""
CHARS_OF_A_WORD: Final = 2
"""In such a script."""


def trigrams(masked: str) -> frozenset[int]:
    """Return the trigrams of a masked text, each as a number."""
    return frozenset(each for word in _WORD.findall(masked[:MAX_CHARS]) for each in _of_word(word))


def similarity(one: frozenset[int], other: frozenset[int]) -> float:
    """Return how alike two texts are, from 0 to 1; 0 where one has no trigram."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if shared else 0.0


def is_long_enough(masked: str) -> bool:
    """Say whether a masked text can be compared."""
    return len(masked) >= MIN_CHARS and words_in(masked) >= MIN_WORDS


def words_in(text: str) -> int:
    """Return how many words a text has; in scripts without spaces, two characters are one."""
    unspaced = len(UNSPACED.findall(text))
    return len(_WORD.findall(UNSPACED.sub(" ", text))) + unspaced // CHARS_OF_A_WORD


def digest(body: str) -> int:
    """Return a number of 63 bits for a body: equal for equal words, whatever stands between them."""
    words = " ".join(_WORD.findall(body.lower()))
    return int.from_bytes(blake2b(words.encode(), digest_size=8).digest(), "big") >> 1


def packed(numbers: Iterable[int]) -> bytes:
    """Return numbers of 32 bits as they are stored: each once, in order, so that equal sets are equal bytes."""
    return array("I", sorted(set(numbers))).tobytes()


def unpacked(stored: bytes) -> frozenset[int]:
    """Return what `packed` stored."""
    numbers = array("I")
    numbers.frombytes(stored)
    return frozenset(numbers)


class Shelf:
    """Makes sets of trigrams comparable in a microsecond: each trigram that it has met is a bit of a whole number."""

    def __init__(self) -> None:
        """Know no trigram yet."""
        self._places: dict[int, int] = {}

    def bits(self, trigrams: Iterable[int]) -> int:
        """Return a set of trigrams as bits."""
        places = [self._places.setdefault(each, len(self._places)) for each in trigrams]
        room = bytearray(max(places, default=0) // 8 + 1)
        for place in places:
            room[place >> 3] |= 1 << (place & 7)
        return int.from_bytes(room, "little")


def similarity_of_bits(one: int, other: int) -> float:
    """Return how alike two texts of one shelf are: exactly as `similarity`."""
    shared = (one & other).bit_count()
    return shared / (one.bit_count() + other.bit_count() - shared) if shared else 0.0


def contained(part: int, whole: int) -> float:
    """Return the share of a part's trigrams that a text of the same shelf has."""
    return (part & whole).bit_count() / part.bit_count() if part else 0.0


@lru_cache(maxsize=32_768)
def _of_word(word: str) -> tuple[int, ...]:
    padded = f"  {word} "
    return tuple(crc32(padded[place : place + 3].encode()) for place in range(len(padded) - 2))
