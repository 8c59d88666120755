"""Phrases: how they are written, and whether words match one.

Phrases are separated by `;`, their words by blanks. `a/b` is either word, `stem*` any word that begins so, `*stem` any
that ends so, `word?` may be missing, `<n>` leaves room for up to n words, `!a/b` at the end forbids these as the next
word. A leading `~` marks a weak phrase. `ä` matches `ae` and `a`, and so for ö and ü.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from plaudit.ingest.sorting.domain.words import (
    BREAK,
    MAX_CACHED_WORD_CHARS,
    Words,
    fold,
    kept,
    normalise,
    without_umlauts,
)

MAX_GAP_WORDS: Final = 5
MAX_GAPS: Final = 3
MAX_STEPS: Final = 12
"""Words of a phrase. Together the three bound the work at each word of a text."""
MIN_PREFIX_CHARS: Final = 3
MIN_SUFFIX_CHARS: Final = 5
MAX_TRIED: Final = 8
"""Phrases of several words that are tried one by one, each over the whole text."""

_GAP: Final = re.compile(r"<(\d{1,3})>")


class WrongPhraseError(ValueError):
    """A phrase that is not written as phrases are; the text says why."""


class Element(NamedTuple):
    """What one word of a phrase may be."""

    exact: frozenset[str]
    prefixes: tuple[str, ...]
    suffixes: tuple[str, ...]

    @property
    def is_exact(self) -> bool:
        """Whether it is one of some words, none of them told by its beginning or end."""
        return not self.prefixes and not self.suffixes

    def matches(self, word: str) -> bool:
        """Say whether it may be this word."""
        return (
            word in self.exact
            or (bool(self.prefixes) and word.startswith(self.prefixes))
            or (bool(self.suffixes) and word.endswith(self.suffixes))
        )


class Step(NamedTuple):
    """One word of a phrase after its first: at most `gap` other words come before it, and it may be missing."""

    gap: int
    is_optional: bool
    element: Element


class Phrase(NamedTuple):
    """A phrase of a list. `text` is its name: as it is written there, without the mark of weakness."""

    list_name: str
    group: str
    """The category, topic or persona that it stands for."""
    text: str
    is_weak: bool
    first: Element
    steps: tuple[Step, ...]
    unless: Element | None
    means: str
    """Its list and group in one word."""
    needed: frozenset[str]
    """Of these words a text has one where it has the phrase; empty if any may be missing. They are rare ones."""

    def end(self, words: Sequence[str], first: int) -> int | None:
        """Return the place of the phrase's last word, given that of its first; None if the other words do not match."""
        last = _last(self.steps, 0, words, first) if self.steps else first
        if last is not None and self.unless is not None and last + 1 < len(words):
            return None if self.unless.matches(words[last + 1]) else last
        return last


class Match(NamedTuple):
    """A phrase in a text: from the word `first` to the word `last`."""

    phrase: Phrase
    words: Words
    first: int
    last: int

    @property
    def span(self) -> tuple[int, int]:
        """From where to where it stands in the text."""
        return self.words.span(self.first, self.last)


class _Beginnings(NamedTuple):
    """The phrases that may begin at a word, in the order of their index."""

    phrases: tuple[tuple[str, frozenset[str], Phrase], ...]
    """Each behind what it means and what it needs."""
    needed: frozenset[str] | None
    """Of these words a text has one where it has one of the phrases; None if it need have none."""


class _Sight(NamedTuple):
    """What a word of a text says by itself."""

    groups: tuple[str, ...]
    """Those that it tells alone."""
    others: tuple[tuple[frozenset[str], Phrase], ...] | None
    """Phrases that the text may have, each behind words of which it needs another one too; None where the word must be
    folded first."""


_Numbered = tuple[int, Element, Phrase]
_NOT_FOLDED: Final = _Sight((), None)


class PhraseIndex:
    """Finds phrases. A word leads to those that may begin with it by one look-up, however many there are.

    Its work is linear in the text: at each word a bounded number of phrases looks at a bounded number of words.
    """

    def __init__(self, phrases: Iterable[Phrase], *, listed: str = "") -> None:
        """Index phrases by what their first word may be.

        Args:
            phrases: of all lists.
            listed: the list of which `groups_at_sight` tells the groups.
        """
        self.phrases = tuple(phrases)
        self._listed = listed
        self._by_word = _ByWord(self.phrases)
        self._at_sight = _AtSight(self.phrases, listed)

    def with_more(self, phrases: Iterable[Phrase]) -> "PhraseIndex":
        """Return an index of these phrases beside its own; it stays as it is."""
        return PhraseIndex((*self.phrases, *phrases), listed=self._listed)

    def find(self, words: Words, known: Collection[str] = ()) -> Iterator[Match]:
        """Yield every phrase at every place where it begins, in the order of the text.

        Args:
            words: of the text.
            known: what phrases stand for, as `Phrase.means`, that need not be found any more. It may grow meanwhile.
        """
        folded = words.folded
        present = frozenset(folded)
        for place, beginnings in enumerate(map(self._by_word.__getitem__, folded)):
            if beginnings is None:
                continue
            phrases, needed = beginnings
            if needed is not None and needed.isdisjoint(present):
                continue
            for means, phrase_needs, phrase in phrases:
                if means in known or (phrase_needs and phrase_needs.isdisjoint(present)):
                    continue
                if (last := phrase.end(folded, place)) is not None:
                    yield Match(phrase, words, place, last)

    def groups_at_sight(self, words: Sequence[str]) -> Collection[str] | None:
        """Return the groups of the list that a text tells, in its order; None where `find` must look.

        It looks once at each word that a text has, and most words lead nowhere. `find` must look where a phrase of
        another list is found, or where words lead to so many phrases that they are not tried here.

        Args:
            words: of the text, as `plain_words` returns them, or folded.
        """
        once = dict.fromkeys(words)
        lacks = once.keys().isdisjoint
        groups: dict[str, None] = {}
        tried: list[Phrase] = []
        for told, others in filter(None, map(self._at_sight.__getitem__, once)):
            for group in told:
                groups[group] = None
            if others is None:
                return None
            for needed, phrase in others:
                if not (needed and lacks(needed)):
                    tried.append(phrase)
        return self._with_tried(tried, groups, words, once) if tried else groups

    def _with_tried(
        self, tried: Sequence[Phrase], groups: Collection[str], words: Sequence[str], once: Mapping[str, None]
    ) -> Collection[str] | None:
        """Return what `groups_at_sight` does, given the groups that single words tell."""
        if len(tried) > MAX_TRIED:
            return None
        found = [(phrase, place) for phrase in tried if (place := _first_place(phrase, words, once)) is not None]
        if not found:
            return groups
        places: dict[str, int] = {}
        for place, sight in enumerate(map(self._at_sight.__getitem__, words)):
            for group in sight.groups if sight else ():
                places.setdefault(group, place)
        for phrase, place in found:
            known = places.get(phrase.group)
            if phrase.list_name != self._listed or (place != known and place in places.values()):
                return None
            places[phrase.group] = place if known is None else min(place, known)
        return sorted(places, key=places.__getitem__)


def _first_place(phrase: Phrase, words: Sequence[str], once: Mapping[str, None]) -> int | None:
    """Return where a phrase begins first in a text, None where it is not in it; `once` has each of its words."""
    first = phrase.first
    beginnings = first.exact & once.keys() if first.is_exact else set(filter(first.matches, once))
    if not beginnings:
        return None
    places = (place for place, word in enumerate(words) if word in beginnings)
    return next((place for place in places if phrase.end(words, place) is not None), None)


class _ByElement:
    """Word → the phrases of which a given element may be that word."""

    def __init__(self, elements: Iterable[tuple[Element, Phrase]]) -> None:
        self._exact: dict[str, list[_Numbered]] = {}
        self._prefixes: dict[str, list[_Numbered]] = {}
        self._suffixes: dict[str, list[_Numbered]] = {}
        for number, (element, phrase) in enumerate(elements):
            numbered = number, element, phrase
            for word in element.exact:
                self._exact.setdefault(word, []).append(numbered)
            for stem in {stem[:MIN_PREFIX_CHARS] for stem in element.prefixes}:
                self._prefixes.setdefault(stem, []).append(numbered)
            for stem in {stem[-MIN_SUFFIX_CHARS:] for stem in element.suffixes}:
                self._suffixes.setdefault(stem, []).append(numbered)

    def __getitem__(self, word: str) -> list[Phrase]:
        """Return the phrases of a folded word, in their order."""
        candidates = {
            number: phrase
            for found in (
                self._exact.get(word, ()),
                self._prefixes.get(word[:MIN_PREFIX_CHARS], ()),
                self._suffixes.get(word[-MIN_SUFFIX_CHARS:], ()),
            )
            for number, element, phrase in found
            if element.matches(word)
        }
        return [phrase for _, phrase in sorted(candidates.items())]


class _ByWord(dict[str, _Beginnings | None]):
    """Folded word → the phrases that may begin at it, None without any. Most come again, so they are kept."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        super().__init__()
        self._beginning = _ByElement((phrase.first, phrase) for phrase in phrases)

    def __missing__(self, word: str) -> _Beginnings | None:
        phrases = self._beginning[word]
        needs = [phrase.needed for phrase in phrases]
        beginnings = None
        if phrases:
            told = tuple((phrase.means, phrase.needed, phrase) for phrase in phrases)
            beginnings = _Beginnings(told, frozenset().union(*needs) if all(needs) else None)
        return beginnings if len(word) > MAX_CACHED_WORD_CHARS else kept(self, word, beginnings)


class _AtSight(dict[str, _Sight | None]):
    """Word → what a text says that has it, None where that is nothing. Most come again, so they are kept.

    A phrase of several words stands behind its first or another one, whichever is rarer.
    """

    def __init__(self, phrases: Iterable[Phrase], listed: str) -> None:
        super().__init__()
        self._listed = listed
        self._telling = _ByElement((_telling(phrase), phrase) for phrase in phrases)

    def __missing__(self, word: str) -> _Sight | None:
        sight = _NOT_FOLDED if fold(word) != word else self._of_folded(word)
        return sight if len(word) > MAX_CACHED_WORD_CHARS else kept(self, word, sight)

    def _of_folded(self, word: str) -> _Sight | None:
        phrases = self._telling[word]
        groups = [each.group for each in phrases if self._is_told_by_a_word(each)]
        others = tuple((_needed_too(each), each) for each in phrases if not self._is_told_by_a_word(each))
        return _Sight(tuple(dict.fromkeys(groups)), others) if phrases else None

    def _is_told_by_a_word(self, phrase: Phrase) -> bool:
        return phrase.list_name == self._listed and not phrase.steps and phrase.unless is None


def _telling(phrase: Phrase) -> Element:
    """Return what tells best that a text may have a phrase: its rare words, or its first where that is as rare."""
    return phrase.first if _is_told_by_first(phrase) else Element(phrase.needed, (), ())


def _needed_too(phrase: Phrase) -> frozenset[str]:
    """Return of which words a text must have one besides what tells best; empty if that cannot be said."""
    if _is_told_by_first(phrase):
        return phrase.needed
    return phrase.first.exact if phrase.first.is_exact else frozenset()


def _is_told_by_first(phrase: Phrase) -> bool:
    first = phrase.first
    shortest = min(map(len, (*first.exact, *first.prefixes, *first.suffixes)))
    return not phrase.needed or shortest >= min(map(len, phrase.needed))


def read_phrases(list_name: str, group: str, written: str) -> list[Phrase]:
    """Return the phrases of a list.

    Raises:
        WrongPhraseError: one of them is not written as phrases are.
    """
    joined = re.sub(r"/\s+", "/", normalise(written))
    return [_phrase(list_name, group, each.split()) for each in joined.split(";") if each.strip()]


def _phrase(list_name: str, group: str, parts: list[str]) -> Phrase:
    text = " ".join(parts).removeprefix("~")
    is_weak = parts[0].startswith("~")
    parts = text.split()
    unless = None
    if len(parts) > 1 and parts[-1].startswith("!"):
        unless = _element(parts.pop().removeprefix("!"), text)
    if not parts or parts[0].endswith("?") or _GAP.fullmatch(parts[0]):
        raise WrongPhraseError(f"{text!r}: the first word of a phrase must be there")
    steps: list[Step] = []
    gap = gaps = 0
    for part in parts[1:]:
        if written_gap := _GAP.fullmatch(part):
            gap, gaps = int(written_gap[1]), gaps + 1
            if not 0 < gap <= MAX_GAP_WORDS or gaps > MAX_GAPS:
                raise WrongPhraseError(f"{text!r}: leave room at most {MAX_GAPS} times, for 1 to {MAX_GAP_WORDS} words")
        else:
            steps.append(Step(gap, part.endswith("?"), _element(part.removesuffix("?"), text)))
            gap = 0
    if gap or len(steps) >= MAX_STEPS:
        raise WrongPhraseError(f"{text!r}: a phrase has at most {MAX_STEPS} words and ends with one")
    needed = _rarest(step.element.exact for step in steps if not step.is_optional and step.element.is_exact)
    means = f"{list_name}/{group}"
    return Phrase(list_name, group, text, is_weak, _element(parts[0], text), tuple(steps), unless, means, needed)


def _rarest(choices: Iterable[frozenset[str]]) -> frozenset[str]:
    """Return the words of a phrase that are rare: those of which the shortest is longest."""
    return max(choices, key=lambda words: min(map(len, words)), default=frozenset())


def _element(part: str, text: str) -> Element:
    exact: set[str] = set()
    prefixes: set[str] = set()
    suffixes: set[str] = set()
    for written in part.split("/"):
        spellings = _spellings(written.strip("*"), text)
        if written.endswith("*") and not written.startswith("*"):
            prefixes |= _long_enough(spellings, MIN_PREFIX_CHARS, text)
        elif written.startswith("*") and not written.endswith("*"):
            suffixes |= _long_enough(spellings, MIN_SUFFIX_CHARS, text)
        elif "*" in written:
            raise WrongPhraseError(f"{text!r}: a word has one *, at its beginning or at its end")
        else:
            exact |= spellings
    return Element(frozenset(exact), tuple(sorted(prefixes)), tuple(sorted(suffixes)))


def _spellings(word: str, text: str) -> set[str]:
    if Words(word).spans != [(0, len(word))]:
        raise WrongPhraseError(f"{text!r}: {word!r} is not one word")
    return {fold(word), without_umlauts(word)}


def _long_enough(stems: set[str], least_chars: int, text: str) -> set[str]:
    if any(len(stem) < least_chars for stem in stems):
        raise WrongPhraseError(f"{text!r}: what stands beside * has at least {least_chars} letters")
    return stems


def _last(steps: tuple[Step, ...], number: int, words: Sequence[str], place: int) -> int | None:
    """Return the place of the last word of the steps from `number` on, after the word at `place`."""
    if number == len(steps):
        return place
    gap, is_optional, element = steps[number]
    for following in range(place + 1, min(place + 2 + gap, len(words))):
        word = words[following]
        if word == BREAK:
            break
        if element.matches(word):
            last = _last(steps, number + 1, words, following)
            if last is not None:
                return last
    return _last(steps, number + 1, words, place) if is_optional else None
