"""What is kept of a sorted review, beside its severity."""

from typing import Final

import msgspec

from plaudit.ingest.sorting.domain.language import told_language
from plaudit.ingest.sorting.domain.rules import CompiledRules
from plaudit.ingest.sorting.domain.severity import LEAVE, Hit, Severity, by_stars, judge
from plaudit.ingest.sorting.domain.sort import matches
from plaudit.ingest.sorting.domain.words import Words, plain_words, statement

MAX_SAID: Final = 5
"""Phrases of which the place is kept; further ones say no more."""


class Said(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A phrase that counts: what it stands for, and from where to where it stands in `words.statement`."""

    category: str
    start: int
    end: int


class Findings(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the rules say of a review. It is stored by place: a new field comes last, with a default."""

    check: bool = False
    """A hint that a person should look; it changes no deadline."""
    leave: bool = False
    """The writer goes, or threatens to."""
    topics: tuple[str, ...] = ()
    personas: tuple[str, ...] = ()
    language: str | None = None
    """Of the text, where the platform does not say it, and the text does."""
    said: tuple[Said, ...] = ()
    """What makes it drastic, or asks for a look."""


NOTHING: Final = Findings()


def find(
    title: str | None,
    text: str | None,
    stars: float,
    rules: CompiledRules,
    *,
    subject: str,
    stated_language: str | None,
) -> tuple[Severity, Findings]:
    """Return how severe a review is, and what else its words say.

    Args:
        title: its title.
        text: its text.
        stars: its rating from 1 to 5.
        rules: the tenant's.
        subject: what it is about.
        stated_language: what the platform says of the text's language.
    """
    if not text and not title:
        return by_stars(stars), NOTHING
    written = statement(title, text)
    plain = plain_words(written)
    language = None if stated_language else told_language(written, rules.languages)
    at_sight = rules.topics_at_sight(Words(written).folded if plain is None else plain)
    if at_sight is None:
        return _closely(Words(written), stars, rules, subject, language)
    if not (at_sight or language):
        return by_stars(stars), NOTHING
    return by_stars(stars), Findings(topics=at_sight, language=language)


def _closely(
    words: Words, stars: float, rules: CompiledRules, subject: str, language: str | None
) -> tuple[Severity, Findings]:
    """Return what `find` does of a text that may hold more than single words say."""
    hits, topics, personas = matches(words, rules, subject)
    if not (hits or topics or personas or language):
        return by_stars(stars), NOTHING
    topic_names = tuple([match.phrase.group for match in topics])
    persona_names = tuple([match.phrase.group for match in personas])
    if not hits:
        return by_stars(stars), Findings(topics=topic_names, personas=persona_names, language=language)
    judgement = judge(stars, hits)
    said = () if judgement.severity is not Severity.DRASTIC and not judgement.check else _said(hits)
    return judgement.severity, Findings(
        judgement.check,
        judgement.leave,
        topic_names,
        persona_names,
        language,
        said,
    )


def _said(hits: tuple[Hit, ...]) -> tuple[Said, ...]:
    """Return the phrases that count, those that overlap as one.

    Strong and long ones come first: one strong phrase may be all that makes a review drastic.
    """
    counted = [hit for hit in hits if hit.not_counted is None and hit.category != LEAVE]
    counted.sort(key=lambda hit: (not hit.is_strong, hit.start - hit.end, hit.start))
    told: list[Said] = []
    for hit in counted:
        for number, each in enumerate(told):
            if each.category == hit.category and each.start < hit.end and hit.start < each.end:
                told[number] = Said(each.category, min(each.start, hit.start), max(each.end, hit.end))
                break
        else:
            told.append(Said(hit.category, hit.start, hit.end))
    return tuple(told[:MAX_SAID])
