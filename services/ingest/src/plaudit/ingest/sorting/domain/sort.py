"""Sorts a review: one pass over its text finds severity, topics and personas."""

import msgspec

from plaudit.ingest.sorting.domain.language import UNKNOWN, Language, language_of
from plaudit.ingest.sorting.domain.phrases import Match
from plaudit.ingest.sorting.domain.rules import SEVERITY, TOPICS, CompiledRules
from plaudit.ingest.sorting.domain.severity import Hit, Severity, Statement, judge
from plaudit.ingest.sorting.domain.words import normalise, sentences


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
    normalised = normalise(text)
    split = sentences(normalised)
    statement = Statement(normalised, split)
    muted = rules.muted(subject)
    hits: dict[tuple[str, str], Hit] = {}
    topics: dict[str, Mark] = {}
    personas: dict[str, Mark] = {}
    for match in rules.index.find(split):
        phrase = match.phrase
        if phrase.list_name == SEVERITY:
            key = (phrase.group, phrase.text)
            known = hits.get(key)
            if known is None or _worth(known) < _most(match):
                hit = statement.hit(match, muted=muted, switched_off=rules.switched_off)
                if known is None or _worth(known) < _worth(hit):
                    hits[key] = hit
        elif phrase.list_name == TOPICS:
            if phrase.group not in topics and phrase.group not in rules.hidden_topics:
                topics[phrase.group] = _mark(match)
        elif phrase.group not in personas:
            personas[phrase.group] = _mark(match)
    judgement = judge(stars, tuple(hits.values()))
    is_told = tell_language or bool(stated_language)
    language = language_of(normalised, stated_language, rules.languages) if is_told else UNKNOWN
    return Sorted(
        text=normalised,
        severity=judgement.severity,
        check=judgement.check,
        leave=judgement.leave,
        is_judged=language.is_judged,
        hits=judgement.hits,
        topics=tuple(topics.values()),
        personas=tuple(personas.values()),
        language=language,
    )


def _worth(hit: Hit) -> int:
    """Return how much a hit says: of several of one phrase the first that says most is kept."""
    return 0 if hit.not_counted is not None else 1 + hit.is_strong


def _most(match: Match) -> int:
    """Return how much a match can say at best, so that a phrase that comes often is not judged each time."""
    return 1 if match.phrase.is_weak else 2


def _mark(match: Match) -> Mark:
    start, end = match.sentence.starts[match.first], match.sentence.ends[match.last]
    return Mark(name=match.phrase.group, phrase=match.phrase.text, start=start, end=end)
