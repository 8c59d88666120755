"""Which terms stand out in one group against another, and which are told.

Source of the thresholds: the project's research on texts, 3.2. Of shuffled stars it gave 0 to 3 terms at z ≥ 3; of
windows without a change, 2 findings in 91 at z ≥ 2.58.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from plaudit.scoring.insight.domain.sample import Group, Weighted
from plaudit.scoring.insight.domain.statistics import background_share, log_odds

MIN_VOICES: Final = 5
"""A term that fewer people use is not told: it could tell who they are."""
MIN_SHARE: Final = 0.01
MIN_SHARE_OF_CHANGE: Final = 0.05
CERTAIN_Z: Final = 3.0
POSSIBLE_Z: Final = 2.58
SMALL_GROUP: Final = 150
"""In a smaller group a term is told from `POSSIBLE_Z` on, if any is certain."""
MIN_NOW: Final = 15
MIN_BEFORE: Final = 30
"""Reviews that a change is told of, now and before."""
MAX_TERMS: Final = 30
MIN_SHARE_OF_WORD: Final = 0.3
MAX_SHARE_OF_WORD: Final = 0.6
ALIKE_SHARE: Final = 0.7


class Ranked(msgspec.Struct, frozen=True):
    """A term that is told."""

    stem: str
    count: int
    """Voices of the group with it."""
    other: int
    """Voices of the group that it is compared with."""
    z: float

    @property
    def is_certain(self) -> bool:
        """Whether hardly any such term is told by chance."""
        return self.z >= CERTAIN_Z


class Background(msgspec.Struct, frozen=True):
    """All terms of a subject: the prior of every comparison."""

    groups: Sequence[Group]
    total: int
    vocabulary: int

    def share(self, term: str) -> float:
        """Return pᵢ."""
        return background_share(sum(group.counts.get(term, 0) for group in self.groups), self.total, self.vocabulary)


def background_of(groups: Sequence[Group]) -> Background:
    """Return the terms of all groups together."""
    terms = set[str]().union(*(group.counts for group in groups))
    return Background(groups, sum(group.total for group in groups), len(terms))


def standing_out(one: Group, other: Group, background: Background) -> tuple[list[Ranked], list[Ranked]]:
    """Return the terms that stand out in each of two groups against the other, the clearest first; both are decayed.

    A list is empty where none of it is certain: what then is left could all be chance.
    """
    frequent = _frequent(one), _frequent(other)
    terms = frequent[0] | frequent[1]
    weighted = one.weighted(terms), other.weighted(terms)
    return (
        _standing_out(one, other, frequent[0], weighted, background),
        _standing_out(other, one, frequent[1], weighted[::-1], background),
    )


def _frequent(group: Group) -> set[str]:
    least = max(MIN_VOICES, MIN_SHARE * group.size)
    return {term for term, count in group.counts.items() if count >= least}


def _standing_out(
    group: Group, other: Group, terms: set[str], weighted: tuple[Weighted, Weighted], background: Background
) -> list[Ranked]:
    least_z = POSSIBLE_Z if group.size < SMALL_GROUP else CERTAIN_Z
    (y_a, n_a), (y_b, n_b) = weighted
    ranked = (
        Ranked(term, group.counts[term], other.counts.get(term, 0), z)
        for term in terms
        if (z := log_odds(y_a[term], y_b[term], n_a, n_b, background.share(term)).z) >= least_z
    )
    found = _without_overlaps(_by_z(ranked))
    return found if any(each.is_certain for each in found) else []


def can_tell_changes(now: int, before: int) -> bool:
    """Say whether there are enough low-rated reviews, now and before, to tell a change of what they say."""
    return now >= MIN_NOW and before >= MIN_BEFORE


def rising(now: Group, before: Group, background: Background) -> list[Ranked]:
    """Return the terms that are said more now than before, the clearest first; usually none is."""
    if not can_tell_changes(now.size, before.size):
        return []
    least = max(MIN_VOICES, MIN_SHARE_OF_CHANGE * now.size)
    n_a, n_b = now.total, before.total

    def ranked() -> Iterator[Ranked]:
        for term, count in now.counts.items():
            if count >= least:
                earlier = before.counts.get(term, 0)
                odds = log_odds(count, earlier, n_a, n_b, background.share(term))
                if odds.z >= POSSIBLE_Z:
                    yield Ranked(term, count, earlier, odds.z)

    return _without_overlaps(_by_z(ranked()))


def _by_z(found: Iterable[Ranked]) -> list[Ranked]:
    return sorted(found, key=lambda each: (-each.z, each.stem))


def _without_overlaps(listed: Sequence[Ranked]) -> list[Ranked]:
    """Return a list without terms that say what another one says.

    A pair of words goes where it is a small part of each of its listed words, or where another pair with a word in
    common is about as frequent; a word goes where a pair that stays holds most of its reviews.
    """
    words = {each.stem: each.count for each in listed if " " not in each.stem}
    pairs: list[Ranked] = []
    for each in listed:
        parts = each.stem.split(" ")
        counts = [words[part] for part in parts if part in words]
        is_part = bool(counts) and all(each.count < MIN_SHARE_OF_WORD * count for count in counts)
        if len(parts) > 1 and not is_part and not any(_are_alike(each, pair) for pair in pairs):
            pairs.append(each)
    covered = {
        part
        for pair in pairs
        for part in pair.stem.split(" ")
        if part in words and pair.count >= MAX_SHARE_OF_WORD * words[part]
    }
    stays = {pair.stem for pair in pairs} | (words.keys() - covered)
    return [each for each in listed if each.stem in stays][:MAX_TERMS]


def _are_alike(one: Ranked, other: Ranked) -> bool:
    shares_word = not set(one.stem.split(" ")).isdisjoint(other.stem.split(" "))
    return shares_word and min(one.count, other.count) >= ALIKE_SHARE * max(one.count, other.count)
