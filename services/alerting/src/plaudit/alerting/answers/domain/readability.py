"""How easily a text is read: long sentences, and a published formula for its language.

| language | formula | source |
|---|---|---|
| English | 206.835 − 1.015·W/S − 84.6·Y/W | R. Flesch, A new readability yardstick, J. of Applied Psychology 32, 1948 |
| German | 180 − W/S − 58.5·Y/W | T. Amstad, Wie verständlich sind unsere Zeitungen?, Zürich 1978 |
| French | 207 − 1.015·W/S − 73.6·Y/W | L. Kandel, A. Moles, L'indice de Flesch en français, 1958 |
| Spanish | 206.84 − 1.02·W/S − 60·Y/W | J. Fernández Huerta, Medidas sencillas de lecturabilidad, 1959 |
| Italian | 89 + (300·S − 10·L)/W | P. Lucisano, M. E. Piemontese, Gulpease, Scuola e città 3, 1988 |
| Dutch | 206.84 − 0.93·W/S − 77·Y/W | W. Douma, De leesbaarheid van landbouwbladen, Wageningen 1960 |
| any other with spaces | 100·X/W + W/S, X words of more than 6 letters | C. H. Björnsson, Läsbarhet (LIX), 1968 |

W words, S sentences, Y syllables, L letters. Syllables are groups of vowels: the silent e of English and French is
none, and a diphthong of German and Dutch is one. Counted without a dictionary, the score is right to a few points.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

MAX_SENTENCE_WORDS: Final = 25
"""Longer sentences are hard to read: the limit of the content guide of GOV.UK."""
MIN_WORDS: Final = 30
"""The formulas are of running text; they say nothing about a few words."""
EASE_BELOW: Final = 50.0
"""Flesch's "difficult"; his formula's children for other languages have the same scale."""
GULPEASE_BELOW: Final = 40.0
"""Hard for who has finished secondary school, by its authors."""
LIX_ABOVE: Final = 50.0
"""Björnsson's "difficult": texts of offices."""
LONG_WORD_LETTERS: Final = 6
_WORD: Final = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_SENTENCE: Final = re.compile(r"[^.!?…\n]+(?:[.!?…]+(?=[\s\"'”)\]]|\Z)|[.!?…]+(?=\S)[^.!?…\n]*)*[.!?…]*")
_ADDRESS: Final = re.compile(r"https?://\S+|www\.\S+|\S+@\S+\.\w+")
_VOWELS: Final = re.compile(r"[aeiouyàáâäæèéêëìíîïòóôöœùúûüýÿ]+")
_VOWELS_DE: Final = re.compile(r"aa|ee|oo|ai|ei|au|äu|eu|ie|ay|ey|[aeiouyäöü]")
_VOWELS_NL: Final = re.compile(r"aai|ooi|oei|eeuw|ieuw|aa|ee|oo|uu|ie|oe|eu|ui|ij|ei|ou|au|[aeiouyéèëïöü]")
_SILENT_EN: Final = re.compile(r"(?:[^laeiouy]es|[^aeiouytd]ed|[^laeiouy]e)$")
_SILENT_FR: Final = re.compile(r"(?<=\w)(?:es|e|ent)$")


class Sentence(NamedTuple):
    """A sentence where it stands, and its words."""

    start: int
    end: int
    words: int


class Readability(NamedTuple):
    """How easily a text is read by one formula."""

    formula: str
    score: float
    is_hard: bool
    words_per_sentence: float


class _Formula(NamedTuple):
    name: str
    score: Callable[[list[str], int], float]
    """Of words and the number of sentences."""
    is_hard: Callable[[float], bool]


def sentences(text: str) -> Iterator[Sentence]:
    """Return the sentences of a text that hold a word; an address counts as one word, and ends none."""
    blanked = _ADDRESS.sub(lambda found: "x" * len(found[0]), text)
    for found in _SENTENCE.finditer(blanked):
        words = len(_WORD.findall(found[0]))
        if words:
            start = found.start() + len(found[0]) - len(found[0].lstrip())
            yield Sentence(start, found.end() - (len(found[0]) - len(found[0].rstrip())), words)


def readability(text: str, language: str | None) -> Readability | None:
    """Return how easily a text is read, by the formula of its language or LIX; None where it is too short.

    Args:
        text: the body of an answer.
        language: its code.
    """
    plain = _ADDRESS.sub(" ", text)
    words = [each.lower() for each in _WORD.findall(plain)]
    if len(words) < MIN_WORDS:
        return None
    count = max(1, sum(1 for _ in sentences(text)))
    formula = _FORMULAS.get(language or "", _LIX)
    score = formula.score(words, count)
    return Readability(formula.name, round(score, 1), formula.is_hard(score), round(len(words) / count, 1))


def syllables(word: str, language: str) -> int:
    """Return how many syllables a word has, one at least."""
    lowered = word.lower()
    if language in {"de", "nl"}:
        return max(1, len((_VOWELS_DE if language == "de" else _VOWELS_NL).findall(lowered)))
    silent = {"en": _SILENT_EN, "fr": _SILENT_FR}.get(language)
    count = len(_VOWELS.findall(lowered))
    return max(1, count - 1 if silent is not None and count > 1 and silent.search(lowered) else count)


def _ease(language: str, base: float, per_sentence: float, per_word: float) -> Callable[[list[str], int], float]:
    def score(words: list[str], count: int) -> float:
        spoken = sum(syllables(word, language) for word in words)
        return base - per_sentence * len(words) / count - per_word * spoken / len(words)

    return score


def _gulpease(words: list[str], count: int) -> float:
    return 89 + (300 * count - 10 * sum(map(len, words))) / len(words)


def _lix(words: list[str], count: int) -> float:
    long = sum(len(word) > LONG_WORD_LETTERS for word in words)
    return 100 * long / len(words) + len(words) / count


def _is_low_ease(score: float) -> bool:
    return score < EASE_BELOW


_LIX: Final = _Formula("LIX (Björnsson 1968)", _lix, lambda score: score > LIX_ABOVE)
_FORMULAS: Final[Mapping[str, _Formula]] = MappingProxyType(
    {
        "en": _Formula("Reading Ease (Flesch 1948)", _ease("en", 206.835, 1.015, 84.6), _is_low_ease),
        "de": _Formula("Reading Ease (Amstad 1978)", _ease("de", 180, 1, 58.5), _is_low_ease),
        "fr": _Formula("Reading Ease (Kandel and Moles 1958)", _ease("fr", 207, 1.015, 73.6), _is_low_ease),
        "es": _Formula("Lecturabilidad (Fernández Huerta 1959)", _ease("es", 206.84, 1.02, 60), _is_low_ease),
        "it": _Formula("Gulpease (Lucisano and Piemontese 1988)", _gulpease, lambda score: score < GULPEASE_BELOW),
        "nl": _Formula("Leesbaarheid (Douma 1960)", _ease("nl", 206.84, 0.93, 77), _is_low_ease),
    }
)
