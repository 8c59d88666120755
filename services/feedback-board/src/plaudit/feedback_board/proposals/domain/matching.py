"""Which requests a review seems to be about: all requests of a board, kept so that one review is compared with few.

The measure is that of `similar.domain.sentences`, and a property test compares the two. A review and a request that is
proposed share a rare stem, so requests are looked up by their rare stems alone. The outcome is a function of the
requests, of the rarity, and of the review: the order in which they came does not matter.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import fsum, sqrt
from typing import Final, Self
from uuid import UUID

from plaudit.feedback_board.similar.domain.likeness import Rarity
from plaudit.feedback_board.similar.domain.sentences import (
    FULL_WEIGHT,
    MIN_RAREST_IDF,
    MIN_SHARED,
    PROPOSED_FROM,
    TEXT_WEIGHT,
    Wanted,
    read_request,
    read_sentence,
    split,
)

MAX_SENTENCES: Final = 200
"""Of a review that are read."""
MAX_CANDIDATES: Final = 500
"""Requests that a sentence is compared with: those with its rarest stems first."""
MAX_REQUESTS: Final = 20_000
"""Of a board that are kept in memory: the newest ones."""
REQUESTS_OF_A_REVIEW: Final = 2
"""That are proposed for it."""
CONTENT_FROM: Final = 4.0
"""Who gives as many stars and speaks of what is shipped praises that it exists."""
LEAST_REVIEWS: Final = 1_000
"""A board that knows fewer reckons as if it knew as many, the others without any of the words: the measure was tried on
about as many, and among few, what five people ask for would be a frequent word already."""
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, as reviews are compared with it."""

    id: UUID
    root_id: UUID
    """What speaks for it, if it is merged; else itself."""
    title: str
    text: str
    subject: str | None
    """Only reviews of this subject, and of what is below it; None for all."""
    is_shipped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A review, as it is compared."""

    tenant_id: str
    review_id: UUID
    revision: int
    subject: str
    rating: float | None
    title: str | None
    excerpt: str | None

    @property
    def sentences(self) -> Sequence[str]:
        """What it says, in sentences: those of its title first. A number names one of them."""
        return [sentence for part in (self.title, self.excerpt) if part for sentence in split(part)][:MAX_SENTENCES]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A request that a review seems to be about, and the sentence that says so."""

    request_id: UUID
    sentence: int
    score: float


@dataclass(frozen=True, slots=True)
class _Entry:
    asked: Asked
    wanted: Wanted
    weights: dict[str, float]
    length: float


class Board:
    """The requests of one tenant that reviews may be about."""

    def __init__(self, requests: Iterable[Asked], rarity: Rarity, before: Self | None = None) -> None:
        """Weigh the words of requests by how rare they are in reviews.

        Args:
            requests: all that reviews may be about; of more than `MAX_REQUESTS`, the newest ones are taken.
            rarity: of stems in reviews.
            before: the same board at an earlier time, where the words of most requests have been read.
        """
        self._idfs: dict[str, float] = {}
        self._rarity = rarity
        self._read_before = {} if before is None else before.read
        self.read: dict[tuple[str, str], Wanted] = {}
        """Title and text of each request → as reviews are compared with it."""
        self._found_by: dict[str, list[_Entry]] = {}
        for asked in sorted(requests, key=lambda each: each.id, reverse=True)[:MAX_REQUESTS]:
            entry = self._entry(asked)
            for stem in entry.weights:
                if self._idf(stem) >= MIN_RAREST_IDF:
                    self._found_by.setdefault(stem, []).append(entry)
        self._read_before = {}

    def propose(self, said: Said) -> list[Proposed]:
        """Return the requests that a review seems to be about, of each set the most alike one, the best first."""
        if not self._found_by:
            return []
        best: dict[UUID, Proposed] = {}
        for place, sentence in enumerate(said.sentences):
            stems = read_sentence(sentence)
            for entry in self._candidates(stems):
                score = self._score(entry, stems)
                if score < PROPOSED_FROM or not _may_be_about(said, entry.asked):
                    continue
                found = Proposed(request_id=entry.asked.id, sentence=place, score=score)
                root_id = entry.asked.root_id
                if root_id not in best or _order(found) < _order(best[root_id]):
                    best[root_id] = found
        return sorted(best.values(), key=_order)[:REQUESTS_OF_A_REVIEW]

    def _candidates(self, stems: frozenset[str]) -> Iterable[_Entry]:
        lists = [(len(entries), stem, entries) for stem in stems if (entries := self._found_by.get(stem))]
        found: dict[UUID, _Entry] = {}
        for _, _, entries in sorted(lists, key=lambda each: each[:2]):
            for entry in entries[: MAX_CANDIDATES - len(found)]:
                found[entry.asked.id] = entry
        return found.values()

    def _score(self, entry: _Entry, stems: frozenset[str]) -> float:
        """Return how alike a sentence is to a request, from 0 to 1."""
        shared = stems & entry.weights.keys()
        if len(shared) < MIN_SHARED or not shared & entry.wanted.in_title:
            return 0.0
        together = fsum(entry.weights[each] * self._idf(each) for each in shared)
        likeness = together / (entry.length * _length(map(self._idf, stems)))
        proof = min(1.0, fsum(entry.weights[each] for each in shared) / FULL_WEIGHT)
        return round(likeness * proof, _DIGITS)

    def _entry(self, asked: Asked) -> _Entry:
        words = asked.title, asked.text
        wanted = self.read[words] = self._read_before.get(words) or read_request(*words)
        weights = {each: self._idf(each) for each in wanted.in_title}
        weights |= {each: TEXT_WEIGHT * self._idf(each) for each in wanted.in_text}
        return _Entry(asked, wanted, weights, _length(weights.values()))

    def _idf(self, stem: str) -> float:
        known = self._idfs.get(stem)
        if known is not None:
            return known
        idf = self._rarity.idf(stem)
        if len(self._idfs) < MAX_REQUESTS * 10:  # strangers' words are without end
            self._idfs[stem] = idf
        return idf


def count_stems(reviews: Iterable[Said]) -> Rarity:
    """Return how rare stems are in reviews."""
    holding: dict[str, int] = {}
    number = 0
    for said in reviews:
        number += 1
        for stem in frozenset[str]().union(*map(read_sentence, said.sentences)):
            holding[stem] = holding.get(stem, 0) + 1
    return Rarity(titles=max(number, LEAST_REVIEWS), holding=holding)


def proposal_id(tenant_id: str, request_id: UUID, review_id: UUID) -> UUID:
    """Return the id of the proposal to link a review to a request: the same however often it is made."""
    return UUID(bytes=sha256(f"proposal:{tenant_id}:{request_id}:{review_id}".encode()).digest()[:16])


def _may_be_about(said: Said, asked: Asked) -> bool:
    """Say whether a review is of the request's subject, and is no praise of what is there already."""
    is_of_subject = asked.subject is None or f"{said.subject}/".startswith(f"{asked.subject}/")
    is_praise = asked.is_shipped and said.rating is not None and said.rating >= CONTENT_FROM
    return is_of_subject and not is_praise


def _order(proposed: Proposed) -> tuple[float, UUID, int]:
    return (-proposed.score, proposed.request_id, proposed.sentence)


def _length(values: Iterable[float]) -> float:
    return sqrt(fsum(value * value for value in values))
