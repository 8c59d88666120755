"""What several people complain about that no request asks for: sentences of bad reviews, put together by likeness."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import fsum, sqrt
from typing import Final
from uuid import UUID

from plaudit.feedback_board.proposals.domain.matching import Said
from plaudit.feedback_board.similar.domain.likeness import Rarity
from plaudit.feedback_board.similar.domain.sentences import MIN_SHARED, read_sentence

WINDOW: Final = timedelta(days=30)
LEAST_PEOPLE: Final = 5
COMPLAINT_TO: Final = 2.0
"""Stars of a complaint, at most."""
TOGETHER_FROM: Final = 0.5
"""Cosine of a sentence and of the first sentence of its group."""
LEAST_IDF: Final = 1.0
"""One word in common is in a third of the complaints, at most."""
MAX_COMPLAINTS: Final = 1_000
"""Of a tenant that are compared, the newest ones."""
SHOWN: Final = 10
"""Groups that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A bad review that no request was proposed for."""

    said: Said
    person_key: str | None
    published_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A sentence of a complaint, in a group."""

    review_id: UUID
    sentence: str
    published_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Several people who complain about the same thing."""

    people: int
    members: Sequence[Member]
    """Each review once; the oldest first, whose sentence speaks for all."""


@dataclass(slots=True)
class _Growing:
    leader: frozenset[str]
    length: float
    members: dict[UUID, Member]
    people: set[str]


def group(complaints: Iterable[Complaint], rarity: Rarity) -> list[Group]:
    """Return what at least five distinct people complain about: the most people first.

    Each sentence joins the group whose first sentence it is most like, or begins one; sentences are taken by time and
    id, so that the order in which reviews arrived does not matter. A review without a person counts as nobody.
    """
    ordered = sorted(complaints, key=lambda each: (each.published_at, each.said.review_id))
    groups: list[_Growing] = []
    led_by: dict[str, list[_Growing]] = {}
    for complaint in ordered[-MAX_COMPLAINTS:]:
        for sentence in dict.fromkeys(complaint.said.sentences):
            stems = read_sentence(sentence)
            if len(stems) < MIN_SHARED:
                continue
            joined = _most_alike(stems, led_by, rarity) or _begin(stems, groups, led_by, rarity)
            member = Member(
                review_id=complaint.said.review_id, sentence=sentence.strip(), published_at=complaint.published_at
            )
            joined.members.setdefault(member.review_id, member)
            if complaint.person_key is not None:
                joined.people.add(complaint.person_key)
    return _largest(groups)


def _most_alike(stems: frozenset[str], led_by: dict[str, list[_Growing]], rarity: Rarity) -> _Growing | None:
    length = _length(stems, rarity)
    best: tuple[float, _Growing] | None = None
    seen: set[int] = set()
    for stem in sorted(stems):
        for each in led_by.get(stem, ()):
            if id(each) in seen:
                continue
            seen.add(id(each))
            shared = stems & each.leader
            if len(shared) < MIN_SHARED or max(map(rarity.idf, shared)) < LEAST_IDF:
                continue
            cosine = fsum(rarity.idf(one) ** 2 for one in shared) / (length * each.length)
            if cosine >= TOGETHER_FROM and (best is None or cosine > best[0]):
                best = cosine, each
    return best[1] if best else None


def _begin(
    stems: frozenset[str], groups: list[_Growing], led_by: dict[str, list[_Growing]], rarity: Rarity
) -> _Growing:
    begun = _Growing(stems, _length(stems, rarity), {}, set())
    groups.append(begun)
    for stem in stems:
        if rarity.idf(stem) >= LEAST_IDF:
            led_by.setdefault(stem, []).append(begun)
    return begun


def _largest(groups: Iterable[_Growing]) -> list[Group]:
    """Return the groups of enough people; a review that is in several stays in the largest one."""
    taken: set[UUID] = set()
    found = []
    for each in sorted(groups, key=lambda one: -len(one.people)):
        if len(each.people) >= LEAST_PEOPLE and taken.isdisjoint(each.members):
            taken |= each.members.keys()
            found.append(Group(people=len(each.people), members=list(each.members.values())))
    return found[:SHOWN]


def _length(stems: Iterable[str], rarity: Rarity) -> float:
    return sqrt(fsum(rarity.idf(each) ** 2 for each in stems))
