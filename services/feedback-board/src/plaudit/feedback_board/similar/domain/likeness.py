"""How alike the titles of two requests are, and what may be said of it.

Source and measures: research of the project on texts, 5.2. Two figures: the cosine of the stems, each weighed by how
rare it is on the board, and the share of trigrams that both titles have, as PostgreSQL's pg_trgm counts them. Only both
together say "the same", and never that a request may be merged by itself: word order defeats every method tried.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import fsum, log, sqrt
from typing import Final
from uuid import UUID

from plaudit.feedback_board.requests.domain.words import stem, words
from plaudit.feedback_board.similar.domain.word_lists import ASKING, GRAMMAR, OPPOSITES

SAME_COSINE: Final = 0.75
SAME_TRIGRAMS: Final = 0.5
RELATED_COSINE: Final = 0.5
MAX_STEMS: Final = 24
"""Of one title; the first ones."""
_DIGITS: Final = 6
"""Of a figure: the same on every machine."""
_PREFIX: Final = re.compile(
    r"^\s*(?:\[[^\]]{1,30}\]|(?:feature request|request|suggestion|idea|wunsch|vorschlag)\s*:)", re.IGNORECASE
)
"""What stands before many titles: `[feature]`, `Feature request:`."""


class Likeness(StrEnum):
    """What may be said of two titles."""

    SAME = "same"
    """They probably ask for the same; a person decides."""
    RELATED = "related"
    """They have much in common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """A title as it is compared."""

    stems: frozenset[str]
    """Of the words that say what it is about; of all its words where none does."""
    trigrams: frozenset[str]
    stances: frozenset[str]
    """Stems of the words in it that have an opposite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rarity:
    """How rare stems are on a board."""

    titles: int
    """How many there are."""
    holding: Mapping[str, int]
    """Stem → how many of them hold it; those of the titles that are compared."""

    def idf(self, stemmed: str) -> float:
        """Return the weight of a stem: the rarer, the more."""
        return log((self.titles + 1) / (min(self.holding.get(stemmed, 0), self.titles) + 0.5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """How alike a request is to what was asked for."""

    request_id: UUID
    likeness: Likeness
    cosine: float
    trigrams: float


@lru_cache(maxsize=8_192)
def read_title(title: str) -> Title:
    """Return a title as it is compared."""
    spoken = words(_PREFIX.sub("", title)) or words(title)
    telling = [word for word in spoken if word not in GRAMMAR and word not in ASKING]
    stems = dict.fromkeys(map(stem, telling or spoken))
    return Title(
        stems=frozenset(list(stems)[:MAX_STEMS]),
        trigrams=frozenset(_trigrams(spoken)),
        stances=frozenset(stemmed for stemmed in map(stem, spoken) if stemmed in _OPPOSITE),
    )


def cosine(one: Collection[str], other: Collection[str], rarity: Rarity) -> float:
    """Return the cosine of two sets of stems, from 0 to 1."""
    shared = fsum(rarity.idf(each) ** 2 for each in set(one) & set(other))
    if not shared:
        return 0.0
    return round(min(shared / (_norm(one, rarity) * _norm(other, rarity)), 1.0), _DIGITS)


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the share of the trigrams of either title that both have; 0 where one has none."""
    shared = len(one & other)
    return round(shared / (len(one) + len(other) - shared), _DIGITS) if shared else 0.0


def are_opposed(one: Title, other: Title) -> bool:
    """Say whether one title holds a word and the other its opposite, and neither holds both."""
    return any(
        opposite in other.stances and opposite not in one.stances and stance not in other.stances
        for stance in one.stances
        for opposite in _OPPOSITE[stance]
    )


def compare(request_id: UUID, one: Title, other: Title, rarity: Rarity) -> Alike | None:
    """Return how alike a request with the title `other` is to `one`; None when they have little in common."""
    by_stems = cosine(one.stems, other.stems, rarity)
    if by_stems < RELATED_COSINE:
        return None
    by_trigrams = jaccard(one.trigrams, other.trigrams)
    is_same = by_stems >= SAME_COSINE and by_trigrams >= SAME_TRIGRAMS and not are_opposed(one, other)
    likeness = Likeness.SAME if is_same else Likeness.RELATED
    return Alike(request_id=request_id, likeness=likeness, cosine=by_stems, trigrams=by_trigrams)


def most_alike(asked: Title, candidates: Mapping[UUID, Title], rarity: Rarity) -> list[Alike]:
    """Return those candidates that have much in common with a title: the same first, and of these the most alike."""
    compared = [compare(request_id, asked, title, rarity) for request_id, title in candidates.items()]
    return sorted(filter(None, compared), key=_place)


def looked_up(stems: Collection[str], rarity: Rarity) -> Sequence[str]:
    """Return the stems that a title must share one of to be related, the rarest first.

    The most frequent ones are left out as long as sharing all of these would not be enough: the square of the cosine is
    at most the share that the common stems have in the weight of either title.
    """
    rarest_first = sorted(stems, key=lambda each: (-rarity.idf(each), each))
    spare = RELATED_COSINE**2 * fsum(rarity.idf(each) ** 2 for each in stems)
    while rarest_first and (weight := rarity.idf(rarest_first[-1]) ** 2) < spare:
        spare -= weight
        rarest_first.pop()
    return rarest_first


def _norm(stems: Iterable[str], rarity: Rarity) -> float:
    return sqrt(fsum(rarity.idf(each) ** 2 for each in stems))


def _trigrams(spoken: Iterable[str]) -> Iterable[str]:
    for word in spoken:
        padded = f"  {word} "
        for place in range(len(padded) - 2):
            yield padded[place : place + 3]


def _place(alike: Alike) -> tuple[bool, float, float, UUID]:
    return (alike.likeness is not Likeness.SAME, -alike.cosine, -alike.trigrams, alike.request_id)


def _opposites() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for one, other in OPPOSITES:
        found.setdefault(stem(one), set()).add(stem(other))
        found.setdefault(stem(other), set()).add(stem(one))
    return {each: frozenset(opposites) for each, opposites in found.items()}


_OPPOSITE: Final = _opposites()
