"""Whether a review asks for what a request asks for: the likeness of one of its sentences to the request.

Source and measures: research of the project on texts, 5.1. It proposes a link, and a person decides. The rarity is that
of stems in the reviews of a subject.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import fsum, sqrt
from typing import Final

from plaudit.feedback_board.requests.domain.words import stem, words
from plaudit.feedback_board.similar.domain.likeness import Rarity, read_title
from plaudit.feedback_board.similar.domain.word_lists import ASKING, GRAMMAR, REVIEWING

PROPOSED_FROM: Final = 0.5
"""Right 83 times in 100 on reviews of a browser; few are found, since a wrong proposal costs a person's time."""
MIN_SHARED: Final = 2
MIN_RAREST_IDF: Final = 3.0
"""At least one word in common is that rare."""
FULL_WEIGHT: Final = 8.0
"""Words in common of less weight than this count for less: two frequent words prove little."""
TEXT_WEIGHT: Final = 0.6
"""Of a word that only the text of the request holds."""
MAX_CHARACTERS: Final = 5_000
"""Of a review that are read."""
_DIGITS: Final = 6
_SENTENCE_END: Final = re.compile(r"[.!?\n…;:,]|\s[-–—]\s")
_UNTOLD: Final = GRAMMAR | ASKING | REVIEWING


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A request as reviews are compared with it."""

    in_title: frozenset[str]
    in_text: frozenset[str]
    """Stems that only the text holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The sentence of a review that is most like a request."""

    score: float
    shared: frozenset[str]
    """Stems of the words that both have, to be marked where they stand."""

    @property
    def is_proposed(self) -> bool:
        """Whether it is worth a person's look."""
        return self.score >= PROPOSED_FROM


def read_request(title: str, text: str) -> Wanted:
    """Return a request as reviews are compared with it."""
    in_title = read_title(title).stems
    return Wanted(in_title=in_title, in_text=_stems(text) - in_title)


def read_review(text: str) -> Sequence[frozenset[str]]:
    """Return the stems of each sentence of a review that has some."""
    return [stems for each in split(text) if (stems := _stems(each))]


def split(text: str) -> Sequence[str]:
    """Return the sentences of a review, with those that say nothing: the places of these are kept."""
    return _SENTENCE_END.split(text[:MAX_CHARACTERS])


def read_sentence(sentence: str) -> frozenset[str]:
    """Return the stems of one sentence."""
    return _stems(sentence)


def best_match(wanted: Wanted, sentences: Sequence[frozenset[str]], rarity: Rarity) -> Match | None:
    """Return the sentence that is most like a request, the first of equal ones; None where no sentence is like it."""
    weights = {each: rarity.idf(each) for each in wanted.in_title}
    weights |= {each: TEXT_WEIGHT * rarity.idf(each) for each in wanted.in_text}
    length = _length(weights.values())
    matches = (_match(wanted, weights, length, sentence, rarity) for sentence in sentences)
    return max((each for each in matches if each is not None), key=lambda match: match.score, default=None)


def _match(
    wanted: Wanted, weights: dict[str, float], length: float, sentence: frozenset[str], rarity: Rarity
) -> Match | None:
    shared = sentence & weights.keys()
    if len(shared) < MIN_SHARED or not shared & wanted.in_title or max(map(rarity.idf, shared)) < MIN_RAREST_IDF:
        return None
    likeness = fsum(weights[each] * rarity.idf(each) for each in shared) / (length * _length(map(rarity.idf, sentence)))
    proof = min(1.0, fsum(weights[each] for each in shared) / FULL_WEIGHT)
    return Match(score=round(likeness * proof, _DIGITS), shared=frozenset(shared))


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in words(text) if word not in _UNTOLD)


def _length(values: Iterable[float]) -> float:
    return sqrt(fsum(value * value for value in values))
