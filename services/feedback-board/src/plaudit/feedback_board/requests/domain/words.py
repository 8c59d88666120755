"""The words of texts, as they are searched and compared: folded, so that case, accents and form do not matter.

A word has one stem, whatever language it is of: the English stemmer takes its ending off, and then the German one. So
nobody has to know the language of five words. Characters of scripts without spaces are words of their own.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import snowballstemmer

MAX_WORD_CHARACTERS: Final = 40
"""Of a longer word, the beginning counts."""
MAX_SEARCHED_CHARACTERS: Final = 120
"""Of a search."""
MAX_SEARCHED_WORDS: Final = 8
MIN_BEGINNING_CHARACTERS: Final = 2
"""A shorter last word is searched as it is, and not as the beginning of others."""
MIN_MISSPELT_CHARACTERS: Final = 5
"""A shorter word is another word when a letter of it changes."""

_UNSPACED: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_APOSTROPHE: Final = "'`\u00b4\u2019"
_WORD: Final = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+(?:[{_APOSTROPHE}][^\W_{_UNSPACED}]+)*")
_APOSTROPHES: Final = str.maketrans("", "", _APOSTROPHE)
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_ENGLISH: Final = snowballstemmer.stemmer("english")
_GERMAN: Final = snowballstemmer.stemmer("german")


def words(text: str) -> list[str]:
    """Return all words of a text, folded, in their order."""
    return [word for found in _WORD.findall(unicodedata.normalize("NFKC", text)) if (word := _fold(found))]


@lru_cache(maxsize=32_768)
def stem(word: str) -> str:
    """Return the stem of a folded word."""
    stemmed: str = _GERMAN.stemWord(_ENGLISH.stemWord(word))
    return stemmed or word


def misspellings(word: str) -> list[str]:
    """Return a folded word with each of its letters left out; none of a short word.

    Two words that are one letter apart, or have two letters in the other's place, share one of these or are one.
    """
    if len(word) < MIN_MISSPELT_CHARACTERS:
        return []
    return sorted({word[:place] + word[place + 1 :] for place in range(len(word))})


def stored_words(tenant_id: str, title: str, text: str) -> list[str]:
    """Return what a request is found by: each behind its tenant's name, so that one index keeps tenants apart."""
    in_title = words(title)
    whole = {*in_title, *words(text)}
    found = whole | set(map(stem, whole))
    nearly = {f"~{each}" for word in in_title for each in (*misspellings(word), word)}
    return [f"{tenant_id}:{each}" for each in sorted(found | nearly)]


def search_query(tenant_id: str, searched: Sequence[str], *, nearly: bool = False) -> str:
    """Return a query of PostgreSQL's full text for requests that have all of some words, the last one as a beginning.

    Args:
        tenant_id: whose requests.
        searched: folded words, at least one.
        nearly: whether a word of a title may be spelt a little otherwise.
    """
    last = len(searched) - 1
    return " & ".join(
        f"({' | '.join(_terms(tenant_id, word, is_last=place == last, nearly=nearly))})"
        for place, word in enumerate(searched)
    )


def _terms(tenant_id: str, word: str, *, is_last: bool, nearly: bool) -> Iterable[str]:
    begins = is_last and len(word) >= MIN_BEGINNING_CHARACTERS
    yield _quoted(f"{tenant_id}:{word}") + (":*" if begins else "")
    if (stemmed := stem(word)) != word:
        yield _quoted(f"{tenant_id}:{stemmed}")
    if nearly:
        for each in misspellings(word):
            yield _quoted(f"{tenant_id}:{each}")
            yield _quoted(f"{tenant_id}:~{each}")
        yield _quoted(f"{tenant_id}:~{word}")


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


@lru_cache(maxsize=32_768)
def _fold(word: str) -> str:
    """Return a word in small letters, with umlauts written out, without accents and apostrophes."""
    lowered = word.casefold().translate(_APOSTROPHES)
    if not lowered.isascii():
        spelt = unicodedata.normalize("NFC", lowered).translate(_UMLAUTS)
        lowered = "".join(each for each in unicodedata.normalize("NFKD", spelt) if not _is_accent(each))
    return lowered[:MAX_WORD_CHARACTERS]


def _is_accent(char: str) -> bool:
    """Say whether a character is an accent of Latin, Greek or Cyrillic; marks of other scripts are letters."""
    return "\u0300" <= char <= "\u036f"
