"""From a text to folded words in sentences, each with its place in the text."""

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

MAX_TEXT_CHARS: Final = 20_000
"""Of a statement that is sorted; what comes after is not read."""
MAX_CACHED_WORD_CHARS: Final = 32
CACHED_WORDS: Final = 32_768

_APOSTROPHES: Final = "'\u2019\u00b4`"
_INVISIBLE: Final = re.compile("[\u200b-\u200d\u2060\ufeff\u00ad\ufe0f]")
_WORD: Final = re.compile(rf"[^\W_]+(?:[{_APOSTROPHES}][^\W_]+)*")
_SENTENCE_BREAK: Final = re.compile("[.!?\\n\u2026;:]|\\s[-\u2013\u2014]\\s")
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", **dict.fromkeys(_APOSTROPHES)})
_END_OF_CUT_TITLE: Final = " .\u2026"
_REPEATED_LETTER: Final = re.compile(r"([^\W\d_])\1{2,}")


class Sentence(NamedTuple):
    """The words of a sentence, folded, with the places of each in the text: from `starts[i]` up to `ends[i]`."""

    words: list[str]
    starts: list[int]
    ends: list[int]


def normalise(text: str) -> str:
    """Return a text as it is sorted: NFC, without invisible characters, not longer than `MAX_TEXT_CHARS`.

    Spans of what was found refer to this text. Normalising it again changes nothing.
    """
    if text.isascii():
        return text[:MAX_TEXT_CHARS]
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", text[:MAX_TEXT_CHARS]))[:MAX_TEXT_CHARS]


def statement(title: str | None, text: str | None) -> str:
    """Return title and text as one text, normalised.

    A title that the text begins with is not read twice: some platforms make the title of the text, and cut it with "…".
    """
    if not title:
        return normalise(text or "")
    if not text or text.startswith(title.rstrip(_END_OF_CUT_TITLE)):
        return normalise(text or title)
    return normalise(f"{title}\n{text}")


def sentences(normalised: str) -> list[Sentence]:
    """Return the sentences of a normalised text. It reads each character a bounded number of times."""
    found: list[Sentence] = []
    words: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    last_end = 0
    for match in _WORD.finditer(normalised):
        start, end = match.span()
        between = normalised[last_end:start]
        if between != " " and words and _SENTENCE_BREAK.search(between):
            found.append(Sentence(words, starts, ends))
            words, starts, ends = [], [], []
        words.append(fold(match.group()))
        starts.append(start)
        ends.append(end)
        last_end = end
    if words:
        found.append(Sentence(words, starts, ends))
    return found


def fold(word: str) -> str:
    """Return a word as it is compared: lower case, umlauts written out, no accents and apostrophes, `sooo` as `so`.

    Short words are kept, as most of a text's words come again.
    """
    return _fold_cached(word) if len(word) <= MAX_CACHED_WORD_CHARS else _fold(word)


def without_umlauts(word: str) -> str:
    """Return a folded word as it is spelled by people that leave the dots out: ä as a."""
    return fold("".join({"ä": "a", "ö": "o", "ü": "u"}.get(letter, letter) for letter in word.lower()))


def _fold(word: str) -> str:
    lowered = word.lower()
    if lowered.isascii():
        folded = lowered.translate(_UMLAUTS) if not lowered.isalnum() else lowered
    else:
        composed = unicodedata.normalize("NFKC", word).lower().translate(_UMLAUTS)
        folded = composed if composed.isascii() else _without_accents(composed)
    return _REPEATED_LETTER.sub(r"\1", folded)


_fold_cached = lru_cache(maxsize=CACHED_WORDS)(_fold)


def _without_accents(word: str) -> str:
    """Return a word without the accents of its Latin letters; those of other scripts are letters of their own."""
    kept: list[str] = []
    is_latin = False
    for character in unicodedata.normalize("NFD", word):
        if unicodedata.combining(character):
            if not is_latin:
                kept.append(character)
        else:
            is_latin = unicodedata.name(character, "").startswith("LATIN")
            kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))
