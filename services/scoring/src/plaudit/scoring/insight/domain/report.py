"""From counts of days and a sample of reviews to what is told: complaints, praise and what changed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Final, Literal
from uuid import UUID

import msgspec

from plaudit.common.contracts.mentions import TOPIC_TITLES
from plaudit.common.statistics.intervals import Interval, wilson
from plaudit.scoring.insight.domain.kept import ALL, NOTHING, DayCounts
from plaudit.scoring.insight.domain.sample import Group, SampledReview
from plaudit.scoring.insight.domain.since import change_week
from plaudit.scoring.insight.domain.standing_out import (
    CERTAIN_Z,
    MIN_BEFORE,
    MIN_NOW,
    MIN_SHARE_OF_CHANGE,
    MIN_VOICES,
    POSSIBLE_Z,
    Ranked,
    background_of,
    can_tell_changes,
    rising,
    standing_out,
)
from plaudit.scoring.insight.domain.statistics import mean_ease, shares_z
from plaudit.scoring.insight.domain.window import Window

EXAMPLES: Final = 3
"""Reviews that are named for a topic or a term."""
SURFACES_READ: Final = 20
"""Reviews that tell how a term is written most often."""
MIN_QUESTIONS: Final = 3
"""Low-rated reviews that ask what content could answer: fewer are no pattern. A judgement, not measured."""

Direction = Literal["rising", "falling"]


class WeekCounts(msgspec.Struct, frozen=True):
    """What was counted of a topic in one week of one side of a window."""

    topic: str
    is_now: bool
    week: int
    """As `Window.week_of` says."""
    counts: DayCounts


class Sample(msgspec.Struct, frozen=True):
    """The reviews whose terms are counted."""

    low: Group
    high: Group
    low_before: Group
    is_whole: bool
    """Whether it holds all reviews with terms."""


class Share(msgspec.Struct, frozen=True):
    """How many of how many."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """The share; None of nothing."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> Interval | None:
        """Where it lies at 95 %; None of nothing."""
        return wilson(self.count / self.of, self.of) if self.of else None


class Ease(msgspec.Struct, frozen=True):
    """How easily complaints were solved, from 1, very hard, to 7, very easily."""

    answers: int
    mean: float | None
    interval: Interval | None


class Change(msgspec.Struct, frozen=True):
    """That something is said more or less than before."""

    direction: Direction
    is_certain: bool
    """Whether hardly any such change is told by chance; otherwise it is possible."""
    since: date | None
    """The first day of the week at which the share changed most likely."""


class Example(msgspec.Struct, frozen=True):
    """A review to read."""

    review_id: UUID
    day: date
    excerpt: str = ""
    origin: str | None = None
    """None where it is not known yet: what the ledger holds may be a moment behind."""


class TopicInsight(msgspec.Struct, frozen=True, kw_only=True):
    """What reviews say of one topic."""

    topic: str
    low: Share
    """Low-rated reviews that mention it, of all low-rated ones."""
    high: Share
    low_before: Share
    drastic: int
    solved: Share
    """Of the low-rated ones that mention it, how many are solved."""
    ease: Ease
    questions: int
    change: Change | None
    weeks: tuple[int, ...]
    """Low-rated reviews that mention it, the oldest week first."""
    low_examples: tuple[Example, ...]
    high_examples: tuple[Example, ...]

    @property
    def title(self) -> str:
        """What a reader sees."""
        return TOPIC_TITLES[self.topic]

    @property
    def is_answerable(self) -> bool:
        """Whether content could answer it: enough of its complaints are questions."""
        return self.questions >= MIN_QUESTIONS


class TermInsight(msgspec.Struct, frozen=True, kw_only=True):
    """What people say by one term."""

    stem: str
    term: str
    """As it is written most often."""
    said: Share
    """People that say it, of those in the group."""
    other: Share
    """The same in the group that it is compared with."""
    is_certain: bool
    questions: int
    change: Change | None
    examples: tuple[Example, ...]
    written_in: tuple[UUID, ...]
    """Reviews that tell how it is written."""

    @property
    def is_answerable(self) -> bool:
        """Whether content could answer it: enough of its complaints are questions."""
        return self.questions >= MIN_QUESTIONS


class Insight(msgspec.Struct, frozen=True, kw_only=True):
    """What people complain about and praise."""

    window: Window
    now: DayCounts
    before: DayCounts
    solved: Share
    ease: Ease
    topics: tuple[TopicInsight, ...]
    """All that are mentioned, the most frequent complaints first."""
    complaints: tuple[TermInsight, ...]
    praise: tuple[TermInsight, ...]
    changes: tuple[TermInsight, ...]
    read: tuple[int, int, int]
    """How many people's words were compared: low-rated, high-rated, low-rated before."""
    is_whole: bool

    @property
    def can_tell_changes(self) -> bool:
        """Whether there are enough low-rated reviews, now and before."""
        return can_tell_changes(self.now.low, self.before.low)

    @property
    def note_of_changes(self) -> str | None:
        """What can be said where no change is told."""
        if self.changes or self.changed_topics:
            return None
        if self.can_tell_changes:
            return (
                f"No topic and no term changed measurably ({self.now.low} low-rated reviews, {self.before.low} before; "
                f"a term must be said by at least {MIN_VOICES} people)."
            )
        return (
            f"Too few low-rated reviews to tell a change: {self.now.low}, and {self.before.low} before; "
            f"{MIN_NOW} and {MIN_BEFORE} are needed."
        )

    @property
    def changed_topics(self) -> tuple[TopicInsight, ...]:
        """Those that are in a larger share of complaints than before, then those in a smaller one."""
        found = [(topic.change.direction == "falling", topic) for topic in self.topics if topic.change]
        return tuple(topic for _, topic in sorted(found, key=lambda each: each[0]))

    @property
    def complained_topics(self) -> tuple[TopicInsight, ...]:
        """Those of complaints, the most frequent first."""
        return tuple(topic for topic in self.topics if topic.low.count)

    @property
    def praised_topics(self) -> tuple[TopicInsight, ...]:
        """Those of praise, the most frequent first."""
        found = [topic for topic in self.topics if topic.high.count]
        return tuple(sorted(found, key=lambda topic: (-topic.high.count, topic.topic)))

    @property
    def terms(self) -> Iterator[TermInsight]:
        """All terms, of each list."""
        yield from self.complaints
        yield from self.praise
        yield from self.changes


def insight_of(window: Window, counted: Iterable[WeekCounts], sample: Sample, limit: int) -> Insight:
    """Return what reviews tell.

    Args:
        window: the days that they are of.
        counted: all counts of these days, and of those before.
        sample: the reviews whose terms are compared.
        limit: most terms of each list.
    """
    now: dict[str, DayCounts] = {}
    before: dict[str, DayCounts] = {}
    weeks: dict[str, list[int]] = {ALL: [0] * window.weeks}
    for each in counted:
        side = now if each.is_now else before
        side[each.topic] = side.get(each.topic, NOTHING).plus(each.counts)
        weeks.setdefault(each.topic, [0] * window.weeks)[each.week] += each.counts.low
    all_now, all_before = now.get(ALL, NOTHING), before.get(ALL, NOTHING)
    background = background_of((sample.low, sample.high, sample.low_before))
    examples = _topic_examples(sample.low), _topic_examples(sample.high)
    topics = [
        _topic(
            window, topic, now.get(topic, NOTHING), before.get(topic, NOTHING), all_now, all_before, weeks, *examples
        )
        for topic in TOPIC_TITLES
    ]
    complaints, praise = standing_out(sample.low, sample.high, background)
    changes = rising(sample.low, sample.low_before, background)
    return Insight(
        window=window,
        now=all_now,
        before=all_before,
        solved=Share(all_now.solved, all_now.low),
        ease=_ease(all_now),
        topics=tuple(
            sorted(
                (topic for topic in topics if topic.low.count or topic.high.count or topic.change),
                key=lambda topic: (-topic.low.count, -topic.high.count, topic.topic),
            )
        ),
        complaints=_terms(complaints[:limit], sample.low, sample.high),
        praise=_terms(praise[:limit], sample.high, sample.low),
        changes=_terms(changes[:limit], sample.low, sample.low_before, window),
        read=(sample.low.size, sample.high.size, sample.low_before.size),
        is_whole=sample.is_whole,
    )


def _topic(
    window: Window,
    topic: str,
    now: DayCounts,
    before: DayCounts,
    all_now: DayCounts,
    all_before: DayCounts,
    weeks: Mapping[str, Sequence[int]],
    low_examples: Mapping[str, tuple[Example, ...]],
    high_examples: Mapping[str, tuple[Example, ...]],
) -> TopicInsight:
    low, low_before = Share(now.low, all_now.low), Share(before.low, all_before.low)
    of_weeks = weeks.get(topic, [0] * window.weeks)
    found = _topic_change(low, low_before)
    return TopicInsight(
        topic=topic,
        low=low,
        high=Share(now.high, all_now.high),
        low_before=low_before,
        drastic=now.drastic,
        solved=Share(now.solved, now.low),
        ease=_ease(now),
        questions=now.questions,
        change=found and Change(*found, _since(window, of_weeks, weeks[ALL])),
        weeks=tuple(of_weeks),
        low_examples=low_examples.get(topic, ()),
        high_examples=high_examples.get(topic, ()),
    )


def _topic_change(now: Share, before: Share) -> tuple[Direction, bool] | None:
    """Return how a topic's share of low-rated reviews changed, and whether that is certain; None if not measurably."""
    if not can_tell_changes(now.of, before.of):
        return None
    z = shares_z(now.count, now.of, before.count, before.of)
    more = now if z > 0 else before
    if abs(z) < POSSIBLE_Z or more.count < max(MIN_VOICES, MIN_SHARE_OF_CHANGE * more.of):
        return None
    return ("rising" if z > 0 else "falling"), abs(z) >= CERTAIN_Z


def _ease(counts: DayCounts) -> Ease:
    if not counts.eased:
        return Ease(0, None, None)
    return Ease(counts.eased, *mean_ease(counts.ease_sum, counts.ease_squares, counts.eased))


def _terms(
    found: Sequence[Ranked], group: Group, other: Group, window: Window | None = None
) -> tuple[TermInsight, ...]:
    """Return terms as they are told; those of changes with the window in which they changed."""
    told = {each.stem for each in found}
    said_in: dict[str, list[SampledReview]] = {stem: [] for stem in told}
    for review, stems in group.readings:
        for stem in told.intersection(stems):
            said_in[stem].append(review)
    asked = Counter(chain.from_iterable(told.intersection(voice.asking) for voice in group.voices if voice.asking))
    return tuple(
        TermInsight(
            stem=each.stem,
            term=each.stem,
            said=Share(each.count, group.size),
            other=Share(each.other, other.size),
            is_certain=each.is_certain,
            questions=asked[each.stem],
            change=None if window is None else _rise(window, each, group, other),
            examples=_of_different_people(said_in[each.stem]),
            written_in=tuple(review.review_id for review in said_in[each.stem][:SURFACES_READ]),
        )
        for each in found
    )


def _rise(window: Window, term: Ranked, now: Group, before: Group) -> Change:
    counts, totals = [0] * window.weeks, [0] * window.weeks
    for voice in (*now.voices, *before.voices):
        week = window.week_of(voice.day)
        totals[week] += 1
        counts[week] += term.stem in voice.stems
    return Change("rising", term.is_certain, _since(window, counts, totals))


def _since(window: Window, counts: Sequence[int], totals: Sequence[int]) -> date | None:
    week = change_week(counts, totals)
    return None if week is None else window.first_day(week)


def _topic_examples(group: Group) -> dict[str, tuple[Example, ...]]:
    """Return topic → examples, in one pass over the group."""
    found: dict[str, list[SampledReview]] = {}
    for review, _ in group.readings:
        for topic in review.topics.split():
            found.setdefault(topic, []).append(review)
    return {topic: _of_different_people(reviews) for topic, reviews in found.items()}


def _of_different_people(found: Iterable[SampledReview]) -> tuple[Example, ...]:
    """Return the first reviews, one of each person."""
    writers: set[int] = set()
    examples: list[Example] = []
    for review in found:
        if len(examples) == EXAMPLES:
            break
        if review.writer is None or review.writer not in writers:
            examples.append(Example(review.review_id, review.day))
        if review.writer is not None:
            writers.add(review.writer)
    return tuple(examples)
