"""The rules of a tenant: the shipped lists, with what the tenant added, muted, hid and switched off."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from plaudit.common.contracts.mentions import TOPIC_TITLES
from plaudit.common.contracts.subjects import prefixes
from plaudit.ingest.sorting.domain.base_rates import SubjectRates
from plaudit.ingest.sorting.domain.language import KNOWN_LANGUAGES
from plaudit.ingest.sorting.domain.lists.personas_en import PERSONAS_EN
from plaudit.ingest.sorting.domain.lists.severity_de import SEVERITY_DE
from plaudit.ingest.sorting.domain.lists.severity_en import SEVERITY_EN
from plaudit.ingest.sorting.domain.lists.topics_de import TOPICS_DE
from plaudit.ingest.sorting.domain.lists.topics_en import TOPICS_EN
from plaudit.ingest.sorting.domain.phrases import Phrase, PhraseIndex, WrongPhraseError, read_phrases
from plaudit.ingest.sorting.domain.severity import DRASTIC_CATEGORIES, LEAVE

SHIPPED_VERSION: Final = 3
"""Rises with every change of the shipped lists or of how they are applied."""
MAX_ADDED_CHARS: Final = 4_000
"""Of the phrases that a tenant adds to one category or topic."""
MAX_ADDED_PHRASES: Final = 200
MAX_MUTES: Final = 1_000
MAX_LANGUAGES: Final = 10

SEVERITY: Final = "severity"
TOPICS: Final = "topics"
PERSONAS: Final = "personas"


class WrongRulesError(ValueError):
    """Rules that cannot be applied; the text says why."""


class Mute(msgspec.Struct, frozen=True, kw_only=True):
    """A phrase that says nothing about a subject and those below it: it is a word of the trade there."""

    subject: str
    category: str
    phrase: str


class SortingRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a tenant changed. All of it is beside the shipped lists, which stay as they are."""

    languages: tuple[str, ...] = ("de", "en")
    """Languages that customers write in, besides English."""
    switched_off: tuple[str, ...] = ()
    """Categories of drastic phrases that do not count."""
    more_drastic: Mapping[str, str] = {}
    """Category → phrases beside the shipped ones."""
    more_topics: Mapping[str, str] = {}
    """Topic → phrases beside the shipped ones."""
    hidden_topics: tuple[str, ...] = ()
    mutes: tuple[Mute, ...] = ()
    counted_anyway: tuple[Mute, ...] = ()
    """Phrases that count, though they are words of the trade by the numbers."""


class RulesChangedError(ValueError):
    """Somebody else has changed the rules since; the text says what to do."""


class RulesRevision(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant's rules as somebody set them; revision 0 are the shipped ones, which nobody set."""

    revision: int
    rules: SortingRules
    changed_at: datetime | None
    changed_by: str | None


_NOTHING: Final[frozenset[tuple[str, str]]] = frozenset()


class CompiledRules:
    """Rules, ready to sort by. Compiling takes milliseconds: keep it."""

    def __init__(self, rules: SortingRules, words_of_trade: Iterable[SubjectRates] = ()) -> None:
        """Compile rules. What was checked once compiles also when later versions of the lists lack what it mutes.

        Args:
            rules: what the tenant changed.
            words_of_trade: subjects with enough good reviews, and the phrases that these hold too.

        Raises:
            WrongRulesError: the phrases of a group are too many, or one is not written as phrases are.
        """
        self.languages = frozenset(rules.languages)
        self.switched_off = frozenset(rules.switched_off)
        self.hidden = frozenset(f"{TOPICS}/{topic}" for topic in rules.hidden_topics)
        """What is not looked for, as `Phrase.means`."""
        added = list(_added(rules))
        self.index = _SHIPPED_INDEX.with_more(added) if added else _SHIPPED_INDEX
        self._mutes: dict[str, frozenset[tuple[str, str]]] = {}
        for mute in rules.mutes:
            known = self._mutes.get(mute.subject, frozenset())
            self._mutes[mute.subject] = known | {(mute.category, mute.phrase)}
        kept = {(each.subject, each.category, each.phrase) for each in rules.counted_anyway}
        self._trade = {
            each.subject: frozenset(
                (rate.category, rate.phrase)
                for rate in each.muted
                if (each.subject, rate.category, rate.phrase) not in kept
            )
            for each in words_of_trade
        }

    def topics_at_sight(self, words: Sequence[str]) -> tuple[str, ...] | None:
        """Return the topics of a text of which nothing else can be found; None where `index.find` must look.

        Args:
            words: see `PhraseIndex.groups_at_sight`.
        """
        topics = self.index.groups_at_sight(words)
        if topics is None or not self.hidden:
            return None if topics is None else tuple(topics)
        return tuple([topic for topic in topics if f"{TOPICS}/{topic}" not in self.hidden])

    def muted(self, subject: str | None) -> frozenset[tuple[str, str]]:
        """Return the categories and phrases that are muted for a subject.

        What the tenant mutes is muted below too. Words of a trade are those of the nearest subject with enough good
        reviews: what is a word of one branch's trade may tell something in another's.
        """
        if subject is None or not (self._mutes or self._trade):
            return _NOTHING
        found = trade = _NOTHING
        for above in prefixes(subject):
            found |= self._mutes.get(above, _NOTHING)
            trade = self._trade.get(above, trade)
        return found | trade


def _shipped() -> Iterator[Phrase]:
    for list_name, groups in (
        (SEVERITY, SEVERITY_EN),
        (SEVERITY, SEVERITY_DE),
        (TOPICS, TOPICS_EN),
        (TOPICS, TOPICS_DE),
        (PERSONAS, PERSONAS_EN),
    ):
        for group, written in groups.items():
            yield from read_phrases(list_name, group, written)


def _added(rules: SortingRules) -> Iterator[Phrase]:
    for list_name, groups in ((SEVERITY, rules.more_drastic), (TOPICS, rules.more_topics)):
        for group, written in groups.items():
            if len(written) > MAX_ADDED_CHARS:
                raise WrongRulesError(f"The phrases of {group!r} are longer than {MAX_ADDED_CHARS} characters.")
            try:
                phrases = read_phrases(list_name, group, written)
            except WrongPhraseError as error:
                raise WrongRulesError(f"In {group!r}: {error}.") from error
            if len(phrases) > MAX_ADDED_PHRASES:
                raise WrongRulesError(f"{group!r} has more than {MAX_ADDED_PHRASES} phrases.")
            yield from phrases


def check_rules(rules: SortingRules) -> None:
    """Check rules that somebody wants to set.

    Raises:
        WrongRulesError: they name what there is not, are too many, or a phrase is not written as phrases are.
    """
    for named, known in (
        (rules.switched_off, DRASTIC_CATEGORIES),
        (rules.more_drastic, DRASTIC_CATEGORIES),
        (rules.more_topics, TOPIC_TITLES),
        (rules.hidden_topics, TOPIC_TITLES),
    ):
        for name in named:
            if name not in known:
                raise WrongRulesError(f"There is no {name!r}; there are {', '.join(known)}.")
    if max(len(rules.mutes), len(rules.counted_anyway)) > MAX_MUTES:
        raise WrongRulesError(f"There are more than {MAX_MUTES} muted phrases.")
    if len(rules.languages) > MAX_LANGUAGES:
        raise WrongRulesError(f"There are more than {MAX_LANGUAGES} languages.")
    if unknown := sorted(set(rules.languages) - KNOWN_LANGUAGES):
        raise WrongRulesError(f"No language is called {unknown[0]!r}; use codes such as de, en, fr.")
    drastic = {(each.group, each.text) for each in CompiledRules(rules).index.phrases if each.list_name == SEVERITY}
    for mute in (*rules.mutes, *rules.counted_anyway):
        if (mute.category, mute.phrase) not in drastic or mute.category == LEAVE:
            raise WrongRulesError(f"{mute.category!r} has no phrase {mute.phrase!r} that could be muted.")


_SHIPPED_INDEX: Final = PhraseIndex(_shipped(), listed=TOPICS)
SHIPPED: Final = CompiledRules(SortingRules())
"""The rules of a tenant that changed nothing."""
SHIPPED_RULES: Final = RulesRevision(revision=0, rules=SortingRules(), changed_at=None, changed_by=None)


class RulesInForce(msgspec.Struct, frozen=True, kw_only=True):
    """All that a tenant's reviews are sorted by: what was set, and what is muted as words of a trade."""

    rules: SortingRules = SortingRules()
    words_of_trade: tuple[SubjectRates, ...] = ()

    def compiled(self) -> CompiledRules:
        """Return them ready to sort by."""
        return CompiledRules(self.rules, self.words_of_trade)
