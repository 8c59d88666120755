"""The words of what is told: how a term is written most often, and what an example says about it."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec
from msgspec.structs import replace

from plaudit.common.text import ELLIPSIS, shortened
from plaudit.scoring.insight.domain.report import Example, Insight, TermInsight, TopicInsight

MAX_EXCERPT_CHARS: Final = 160
MAX_LEAD_CHARS: Final = 60
"""Of an excerpt before the term that it shows."""
_SENTENCE_END: Final = re.compile(r"[.!?…]\s+|\n+")
_BESIDE: Final = r"(?:[ \t]+|-)"
"""What may stand between the two words of a term in a text."""


class Wording(msgspec.Struct, frozen=True):
    """How one review is written."""

    review_id: UUID
    stems: str
    surfaces: str
    words: str


def named(insight: Insight) -> set[UUID]:
    """Return the reviews that are examples."""
    of_topics = (each for topic in insight.topics for each in (*topic.low_examples, *topic.high_examples))
    of_terms = (each for term in insight.terms for each in term.examples)
    return {example.review_id for examples in (of_topics, of_terms) for example in examples}


def wanted(insight: Insight) -> set[UUID]:
    """Return the reviews whose words are needed."""
    return named(insight) | {review_id for term in insight.terms for review_id in term.written_in}


def worded(insight: Insight, wordings: Mapping[UUID, Wording], origins: Mapping[UUID, str]) -> Insight:
    """Return what is told with its words; an example whose review has gone meanwhile is left out.

    Args:
        insight: what is told.
        wordings: how the reviews of `wanted` are written.
        origins: why those of `named` were written, as far as it is known.
    """

    def term(each: TermInsight) -> TermInsight:
        examples = tuple(
            replace(
                example,
                excerpt=excerpt(wording.words, _surface(wording, each.stem)),
                origin=origins.get(example.review_id),
            )
            for example in each.examples
            if (wording := wordings.get(example.review_id))
        )
        return replace(each, term=_usual_surface(each, wordings), examples=examples)

    def topic(each: TopicInsight) -> TopicInsight:
        return replace(each, low_examples=told(each.low_examples), high_examples=told(each.high_examples))

    def told(examples: tuple[Example, ...]) -> tuple[Example, ...]:
        return tuple(
            replace(example, excerpt=excerpt(wording.words), origin=origins.get(example.review_id))
            for example in examples
            if (wording := wordings.get(example.review_id))
        )

    return replace(
        insight,
        topics=tuple(map(topic, insight.topics)),
        complaints=tuple(map(term, insight.complaints)),
        praise=tuple(map(term, insight.praise)),
        changes=tuple(map(term, insight.changes)),
    )


def excerpt(words: str, surface: str = "") -> str:
    """Return what a review says about a term in one line: its sentence, or the beginning of the review."""
    place = _place_of(surface, words) if surface else 0
    if place <= 0:
        return shortened(" ".join(words.split()), MAX_EXCERPT_CHARS)
    begin = max((end.end() for end in _SENTENCE_END.finditer(words, 0, place)), default=0)
    lead = ""
    if place - begin > MAX_LEAD_CHARS:
        begin = words.find(" ", place - MAX_LEAD_CHARS, place) + 1 or place
        lead = ELLIPSIS
    line = " ".join(words[begin : begin + 2 * MAX_EXCERPT_CHARS].split())
    return shortened(f"{lead}{line}", MAX_EXCERPT_CHARS)


def _place_of(surface: str, words: str) -> int:
    """Return where a term stands in a text as words of its own, so not `app` in `happy`; -1 where it does not."""
    term = _BESIDE.join(map(re.escape, surface.split(" ")))
    found = re.search(rf"(?<![^\W_]){term}(?![^\W_])", words, re.IGNORECASE)
    return -1 if found is None else found.start()


def _usual_surface(term: TermInsight, wordings: Mapping[UUID, Wording]) -> str:
    found = Counter(
        surface
        for review_id in term.written_in
        if (wording := wordings.get(review_id)) and (surface := _surface(wording, term.stem))
    )
    return max(found, key=lambda surface: (found[surface], -len(surface), surface), default=term.stem)


def _surface(wording: Wording, stem: str) -> str:
    stems = wording.stems.split("\n")
    return wording.surfaces.split("\n")[stems.index(stem)] if stem in stems else ""
