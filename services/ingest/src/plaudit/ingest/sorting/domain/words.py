"""From a text to folded words in sentences, each with its place in the text."""

import re
import unicodedata
from typing import Final, TypeVar

MAX_TEXT_CHARS: Final = 20_000
"""Of a statement that is sorted; what comes after is not read."""
MAX_CACHED_WORD_CHARS: Final = 32
CACHED_WORDS: Final = 32_768

_APOSTROPHES: Final = "'`\u00b4\u2018\u2019\u201b\u02b9\u02bb\u02bc\u2032\uff07\uff40"
"""As people type them, also those that keyboards and programs put in their place."""
_INVISIBLE: Final = re.compile("[\u200b-\u200d\u2060\ufeff\u00ad\ufe0f]")
_A_WORD: Final = rf"[^\W_]+(?:[{_APOSTROPHES}][^\W_]+)*"
_WORD: Final = re.compile(_A_WORD)
_WORDS_AND_BETWEEN: Final = re.compile(f"({_A_WORD})")
_DASH: Final = re.compile(r"\s-\s")
_SENTENCE_BREAK: Final = re.compile("[.!?\\n\u2026;:]|\\s[-\u2013\u2014]\\s")
BREAK: Final = "."
"""Between the words of two sentences. No word is like it."""
_NOWHERE: Final = (-1, -1)
_APOSTROPHES_IN_A_ROW: Final = re.compile("['`]{2}")
_IN_WORDS_OF_ASCII: Final = b"'`"
_SENTENCE_ENDS_OF_ASCII: Final = ".!?\n;:"
_ASCII: Final = (
    "".join(
        chr(number).lower() if chr(number).isalnum() else BREAK if chr(number) in _SENTENCE_ENDS_OF_ASCII else " "
        for number in range(128)
    )
    .encode()
    .ljust(256)
)
"""A table for `bytes.translate`: letters in lower case, what ends a sentence as a break, and all else as a blank."""
Kept = TypeVar("Kept")
_WITHOUT_APOSTROPHES: Final = str.maketrans(dict.fromkeys(_APOSTROPHES))
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", **dict.fromkeys(_APOSTROPHES)})
_END_OF_CUT_TITLE: Final = " .\u2026"
_REPEATED_LETTER: Final = re.compile(r"([^\W\d_])\1{2,}")


class Words:
    """The words of a text, folded, with a `BREAK` where a sentence ends.

    The places of words in the text are told on demand, as most texts hold nothing whose place is asked for.
    """

    __slots__ = ("_spans", "folded", "text")

    def __init__(self, normalised: str) -> None:
        """Split a text that `normalise` returned. It reads each character a bounded number of times."""
        self.text = normalised
        plain = plain_words(normalised)
        self.folded = _of_any(normalised) if plain is None else list(map(_folded.__getitem__, plain))
        self._spans: list[tuple[int, int]] | None = None

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return from where to where the words `first` to `last` stand in the text; neither is a break."""
        spans = self.spans
        return spans[first][0], spans[last][1]

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Where each word stands in the text; a break stands nowhere, between its neighbours."""
        if self._spans is None:
            following = _WORD.finditer(self.text)
            self._spans = [_NOWHERE if word == BREAK else next(following).span() for word in self.folded]
        return self._spans


def kept(cache: dict[str, Kept], word: str, value: Kept) -> Kept:
    """Remember what follows from a word, and return it; a full cache begins anew."""
    if len(cache) >= CACHED_WORDS:
        cache.clear()
    cache[word] = value
    return value


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


def fold(word: str) -> str:
    """Return a word as it is compared: lower case, umlauts written out, no accents and apostrophes, `sooo` as `so`."""
    return _folded[word]


def without_umlauts(word: str) -> str:
    """Return a folded word as it is spelled by people that leave the dots out: ä as a."""
    return fold("".join({"ä": "a", "ö": "o", "ü": "u"}.get(letter, letter) for letter in word.lower()))


def plain_words(normalised: str) -> list[str] | None:
    """Return the words of a text that can be split by its characters alone; None for any other.

    It is ASCII, and no two apostrophes follow each other. The words are in lower case, with a `BREAK` where a sentence
    ends, and not folded: most of them are as folding leaves them.
    """
    if not normalised.isascii():
        return None
    if ("'" in normalised or "`" in normalised) and _APOSTROPHES_IN_A_ROW.search(normalised):
        return None
    text = _DASH.sub(BREAK, normalised) if "-" in normalised else normalised
    return text.encode().translate(_ASCII, _IN_WORDS_OF_ASCII).replace(b".", b" . ").decode().split()


def _of_any(text: str) -> list[str]:
    parts = _WORDS_AND_BETWEEN.split(text)
    words = list(map(_folded.__getitem__, parts[1::2]))
    found: list[str] = []
    written = 0
    for place, between in enumerate(parts[2:-1:2], start=1):
        if between != " " and _SENTENCE_BREAK.search(between):
            found += words[written:place]
            found.append(BREAK)
            written = place
    return found + words[written:]


def _fold(word: str) -> str:
    lowered = word.lower()
    if lowered.isascii():
        folded = lowered.translate(_UMLAUTS) if not lowered.isalnum() else lowered
    else:
        # Apostrophes first: the normal form of some is a space and a mark.
        composed = unicodedata.normalize("NFKC", word.translate(_WITHOUT_APOSTROPHES)).lower().translate(_UMLAUTS)
        folded = composed if composed.isascii() else _without_accents(composed)
    # A word of one letter alone is a name, such as BBB.
    return folded if len(set(folded)) == 1 else _REPEATED_LETTER.sub(r"\1", folded)


class _Folded(dict[str, str]):
    """Word → the word as it is compared. Short ones are kept, as most of a text's words come again."""

    def __missing__(self, word: str) -> str:
        folded = _fold(word)
        return folded if len(word) > MAX_CACHED_WORD_CHARS else kept(self, word, folded)


_folded: Final = _Folded()


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
