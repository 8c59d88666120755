"""The terms of a review: the stems of its content words, and of two that stand side by side, each once.

Source: research of the project on texts, 3.2. A term names what is spoken of: words of grammar, opinions and words of
any process form none, nor do names, addresses and numbers.
"""

import html
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import islice, pairwise, starmap
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec
import snowballstemmer

from plaudit.common.text import clean, cut
from plaudit.scoring.insight.domain.word_lists import (
    ENGLISH,
    GENERIC,
    GERMAN,
    GIVEN_NAMES,
    OPINION,
    STREETS,
    TITLES,
)

MAX_TEXT_CHARS: Final = 5_000
"""Of a statement whose terms are told; what comes after is not read."""
MAX_TERMS: Final = 150
"""Of one review; the first ones."""
MIN_WORD_CHARS: Final = 3
MAX_WORD_CHARS: Final = 40
"""Longer ones are no words of a language."""
CACHED_WORDS: Final = 65_536
MAX_CACHED_CHARS: Final = 2 * MAX_WORD_CHARS
"""What is longer is looked at each time, so that the cache stays small."""
MAX_CAPITALISED_SHARE: Final = 0.5
"""A sentence with a larger share of words in capitals is set as a headline: its capitals say nothing of names."""

_STOPPED: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {"en": ENGLISH | OPINION | GENERIC, "de": GERMAN | ENGLISH | OPINION | GENERIC}
)
_STEMMERS: Final = MappingProxyType({"en": "english", "de": "german"})
LANGUAGES: Final = tuple(_STEMMERS)
"""Those whose terms are told. A list of grammar's words is needed for each."""

_NOT_WORDS: Final = re.compile(
    r"https?://\S+|www\.\S+|\S+@\S+|@\w+|\b[\w-]+\.(?:com|co|de|net|org|eu|io|uk|at|ch|app|info|shop)\b\S*"
    rf"|\b[\w-]*(?:{'|'.join(STREETS)})\.?\s+\d+\w?\b"
    r"|\b\d+\w?\s+(?:[A-ZÄÖÜ]\w+\s+){1,3}(?:[Ss]treet|[Rr]oad|[Aa]venue|[Ll]ane|[Dd]rive|[Cc]lose|[Ss]quare|St|Rd|Ave)\b"
    r"|\b\d{5}\s+[A-ZÄÖÜ][\w-]+"
)
"""Addresses: of pages, of mail, of people on platforms, of streets and places."""
_MAY_HOLD_ADDRESS: Final = re.compile(r"[\d@]|www\.|://|\.\w")
"""What each of them holds one of; many texts hold none."""
_BLANK: Final = " . "
_BREAK: Final = re.compile(r"</?(?:br|p|div|li|[uo]l|t[rdh]|h[1-6])\b[^<>]{0,300}>", re.IGNORECASE)
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]{0,300}>")
_REFERENCE: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
"""A character as HTML writes it, such as `&amp;`."""
MAX_ESCAPES: Final = 2
"""How often a character may have been escaped, as in `&amp;quot;`."""
_APOSTROPHE: Final = "'`\u00b4\u2019"
_WORD: Final = re.compile(rf"[^\W_]+(?:[{_APOSTROPHE}][^\W_]+)*")
_WORDS: Final = re.compile(f"({_WORD.pattern})")
"""Splits a text into what stands between words, and the words."""
_SENTENCE_END: Final = re.compile(r"[.!?\n…;:]|\s[-–—]\s")
_BESIDE: Final = re.compile(r"[ \t]+|-")
"""All that may stand between two words of one term."""
_APOSTROPHES: Final = str.maketrans("", "", _APOSTROPHE)
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_POSSESSIVE: Final = re.compile(rf"[{_APOSTROPHE}][sS]$")
_REPEATED: Final = re.compile(r"([^\W\d_])\1{2,}")
_PLAIN: Final = re.compile(r"[^\W\d_]+")
_HEADLINE_END: Final = " .…"


class Term(NamedTuple):
    """One term of a review."""

    stem: str
    """What it is counted by."""
    surface: str
    """As it stands in the text, to be shown."""


class _Word(msgspec.Struct, frozen=True, gc=False):
    """What is known of a word wherever it stands."""

    text: str
    """As it is written, without the `'s` of an owner."""
    lowered: str
    folded: str
    is_content: bool
    """Whether it may be a term."""
    is_capital: bool
    """Whether it begins with a capital."""
    is_capitalised: bool
    """Whether it is written as a name is: `Sarah`, `PayPal`; not `SLOW`, which is loud, and not `I`."""
    is_given_name: bool
    is_title: bool


class _Text(NamedTuple):
    """The words of a text in their order, and where each stands."""

    words: Sequence[_Word]
    begins: Sequence[bool]
    """Whether a sentence begins with it."""
    beside: Sequence[bool]
    """Whether only a blank or a hyphen stands between it and the word before."""


def statement(title: str | None, text: str | None) -> str:
    """Return title and text as one clean text; a title that the text begins with is not read twice.

    Of a text that was written for a page the words are left: no tags, and characters as themselves.
    """
    if not text:
        return _plain(cut(title or "", MAX_TEXT_CHARS))
    if not title or text.startswith(title.rstrip(_HEADLINE_END)):
        return _plain(cut(text, MAX_TEXT_CHARS))
    return _plain(cut(f"{title}\n{text}", MAX_TEXT_CHARS))


def terms_of(written: str, language: str | None, own_names: frozenset[str]) -> tuple[Term, ...]:
    """Return the terms of a statement, each stem once, in the order of the text.

    Args:
        written: as `statement` returns it.
        language: its tag; where none is known, the words of grammar tell whether it is English or German.
        own_names: folded words that name the subject and where its reviews come from.

    Returns:
        Nothing for a text in another language.
    """
    text = _text(_NOT_WORDS.sub(_BLANK, written) if _MAY_HOLD_ADDRESS.search(written) else written)
    spoken = _language(language, text.words)
    if spoken is None:
        return ()
    names, stopped = _named(text, spoken), _STOPPED[spoken]
    found: dict[str, str] = {}
    before: tuple[str, str] | None = None
    for place, word in enumerate(text.words):
        if not word.is_content or word.folded in stopped or word.folded in own_names or place in names:
            before = None
            continue
        stem, surface = _stem(spoken, word.lowered), _surface(text, place, spoken)
        found.setdefault(stem, surface)
        # A word that is said twice is no pair: `ads ads ads` says no more than `ads`.
        if before is not None and text.beside[place] and before[0] != stem:
            found.setdefault(f"{before[0]} {stem}", f"{before[1]} {surface}")
        before = stem, surface
    return tuple(starmap(Term, islice(found.items(), MAX_TERMS)))


@lru_cache(maxsize=4_096)
def names_of(subject: str, platform: str) -> frozenset[str]:
    """Return the folded words that name a subject, also those of two parts in one, and its platform."""
    found: set[str] = set()
    for name in (*subject.split("/"), platform):
        parts = [fold(part) for part in re.split(r"[._-]", name) if part]
        found |= {*parts, "".join(parts)}
        found |= {f"{part}s" for part in parts}
    return frozenset(part for part in found if len(part) >= MIN_WORD_CHARS)


def fold(word: str) -> str:
    """Return a word as it is compared: lower case, umlauts written out, no accents, no apostrophes, `sooo` as `so`."""
    lowered = word.lower().translate(_APOSTROPHES).translate(_UMLAUTS)
    if not lowered.isascii():
        lowered = "".join(each for each in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(each))
    return _REPEATED.sub(r"\1", lowered)


def folded_words(text: str) -> list[str]:
    """Return all words of a text, folded."""
    return [fold(word) for word in _WORD.findall(text)]


def _plain(text: str) -> str:
    for _ in range(MAX_ESCAPES):
        if "&" in text:
            text = _REFERENCE.sub(lambda found: html.unescape(found[0]), text)
    return clean(_TAG.sub("", _BREAK.sub("\n", text)) if "<" in text else text)


def _text(text: str) -> _Text:
    pieces = _WORDS.split(text)
    words = [_word(each) if len(each) <= MAX_CACHED_CHARS else _word_of(each) for each in pieces[1::2]]
    begins, beside = [False] * len(words), [True] * len(words)
    for place, between in enumerate(pieces[:-1:2]):
        # Most words stand a blank after another one.
        if between != " " or place == 0:
            begins[place] = place == 0 or _SENTENCE_END.search(between) is not None
            beside[place] = place > 0 and _BESIDE.fullmatch(between) is not None
    return _Text(words, begins, beside)


@lru_cache(maxsize=CACHED_WORDS)
def _word(written: str) -> _Word:
    return _word_of(written)


def _word_of(written: str) -> _Word:
    text = _POSSESSIVE.sub("", written)
    folded, is_capital = fold(text), text[:1].isupper()
    return _Word(
        text=text,
        lowered=text.lower(),
        folded=folded,
        is_content=MIN_WORD_CHARS <= len(folded) <= MAX_WORD_CHARS and _PLAIN.fullmatch(folded) is not None,
        is_capital=is_capital,
        is_capitalised=is_capital and not text.isupper(),
        is_given_name=folded in GIVEN_NAMES,
        is_title=folded in TITLES,
    )


def _language(tag: str | None, words: Sequence[_Word]) -> str | None:
    if tag:
        spoken = tag.partition("-")[0].lower()
        return spoken if spoken in LANGUAGES else None
    english = sum(word.folded in ENGLISH for word in words)
    german = sum(word.folded in GERMAN for word in words)
    return None if english == german else "en" if english > german else "de"


def _named(text: _Text, language: str) -> AbstractSet[int]:
    """Return the places of words that name a person, or whatever else English writes with a capital."""
    words = text.words
    names = set[int]() if language == "de" else _told_by_capitals(text)
    for place in [place for place, word in enumerate(words) if word.is_capital or word.is_given_name]:
        if words[place].is_given_name:
            names.add(place)
        elif place > 0:
            before = words[place - 1]
            follows_name = text.beside[place] and place - 1 in names and before.is_capital
            if follows_name or before.is_title:
                names.add(place)
    return names


def _told_by_capitals(text: _Text) -> set[int]:
    """Return the places of words with a capital inside a sentence, where the sentence is not set in capitals."""
    found: set[int] = set()
    capitalised = [place for place, word in enumerate(text.words) if word.is_capitalised]
    begins = [place for place, is_first in enumerate(text.begins) if is_first]
    for first, end in pairwise([*begins, len(text.words)]):
        inner = capitalised[bisect_right(capitalised, first) : bisect_left(capitalised, end)]
        if len(inner) <= MAX_CAPITALISED_SHARE * (end - first - 1):
            found.update(inner)
    return found


def _surface(text: _Text, place: int, language: str) -> str:
    """Return a word as it is shown: a German noun keeps its capital, where the capital says that it is one."""
    word = text.words[place]
    is_noun = language == "de" and word.is_capitalised and not text.begins[place]
    return f"{word.lowered[:1].upper()}{word.lowered[1:]}" if is_noun else word.lowered


@lru_cache(maxsize=len(LANGUAGES))
def _stemmer(language: str) -> Any:
    return snowballstemmer.stemmer(_STEMMERS[language])


@lru_cache(maxsize=CACHED_WORDS)
def _stem(language: str, lowered: str) -> str:
    """Return the stem of a word. The stemmers keep state while they work, and consumers have one thread each."""
    return str(_stemmer(language).stemWord(_REPEATED.sub(r"\1", lowered.translate(_APOSTROPHES))))
