"""Sorts a review: one pass over its text finds severity, topics and personas."""

from collections.abc import Sequence

import msgspec

from plaudit.ingest.sorting.domain.language import UNKNOWN, Language, language_of
from plaudit.ingest.sorting.domain.phrases import Match
from plaudit.ingest.sorting.domain.rules import PERSONAS, SEVERITY, TOPICS, CompiledRules
from plaudit.ingest.sorting.domain.severity import Hit, Severity, Statement, judge
from plaudit.ingest.sorting.domain.words import Words, normalise


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A topic that a text mentions, or what its writer says about themselves: where it is first said, and by what."""

    name: str
    phrase: str
    start: int
    end: int


class Sorted(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules say of a review. Spans are places in `text`."""

    text: str
    severity: Severity
    check: bool
    """A hint for people; it changes no deadline."""
    leave: bool
    """The writer goes, or threatens to."""
    is_judged: bool
    """Whether the severity rules cover the language; else `normal` and `negative` say nothing of the text."""
    hits: tuple[Hit, ...]
    """Each phrase of the severity lists once, with why it does not count where it does not."""
    topics: tuple[Mark, ...]
    personas: tuple[Mark, ...]
    language: Language


def sort(
    text: str,
    stars: float | None,
    rules: CompiledRules,
    *,
    subject: str | None = None,
    stated_language: str | None = None,
    tell_language: bool = True,
) -> Sorted:
    """Return what the rules say of a review.

    Args:
        text: what was written: `words.statement` makes one of title and text.
        stars: its rating from 1 to 5; None without one.
        rules: the tenant's.
        subject: what the review is about, for phrases that are muted there.
        stated_language: what the platform says of the text's language.
        tell_language: whether to tell it from the text where the platform says none; it costs more than all the rest.
    """
    words = Words(normalise(text))
    hits, topics, personas = matches(words, rules, subject)
    judgement = judge(stars, hits)
    is_told = tell_language or bool(stated_language)
    language = language_of(words.text, stated_language, rules.languages) if is_told else UNKNOWN
    return Sorted(
        text=words.text,
        severity=judgement.severity,
        check=judgement.check,
        leave=judgement.leave,
        is_judged=language.is_judged,
        hits=judgement.hits,
        topics=tuple(map(_mark, topics)),
        personas=tuple(map(_mark, personas)),
        language=language,
    )


def matches(
    words: Words, rules: CompiledRules, subject: str | None
) -> tuple[tuple[Hit, ...], Sequence[Match], Sequence[Match]]:
    """Return what a text holds of the severity lists, and the first match of each topic and of each persona."""
    hits: dict[tuple[str, str], Hit] = {}
    marks: dict[str, list[Match]] = {TOPICS: [], PERSONAS: []}
    known = set(rules.hidden)
    statement = muted = None
    for match in rules.index.find(words, known):
        phrase = match.phrase
        if phrase.list_name != SEVERITY:
            known.add(phrase.means)
            marks[phrase.list_name].append(match)
            continue
        if statement is None or muted is None:
            statement, muted = Statement(words), rules.muted(subject)
        key = (phrase.group, phrase.text)
        earlier = hits.get(key)
        if earlier is None or _worth(earlier) < _most(match):
            hit = statement.hit(match, muted=muted, switched_off=rules.switched_off)
            if earlier is None or _worth(earlier) < _worth(hit):
                hits[key] = hit
    return tuple(hits.values()), marks[TOPICS], marks[PERSONAS]


def _worth(hit: Hit) -> int:
    """Return how much a hit says: of several of one phrase the first that says most is kept."""
    return 0 if hit.not_counted is not None else 1 + hit.is_strong


def _most(match: Match) -> int:
    """Return how much a match can say at best, so that a phrase that comes often is not judged each time."""
    return 1 if match.phrase.is_weak else 2


def _mark(match: Match) -> Mark:
    start, end = match.span
    return Mark(name=match.phrase.group, phrase=match.phrase.text, start=start, end=end)
