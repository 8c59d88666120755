"""Random lives of reviews that are answered, and what must be told of their answers, computed from the events alone."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import msgspec

from plaudit.common.contracts import Answer, Answers, Kind, ReviewState, SourceRef
from plaudit.common.db import Database
from plaudit.common.ids import uuid7
from plaudit.common.kafka.subscription import Record
from plaudit.scoring.answers.consumer import ANSWERS
from plaudit_testing.review_events import pending_envelope, record_of, review_state

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)
HOUR = timedelta(hours=1)
SOURCES = [
    SourceRef(id=f"01956d00-0000-7000-8000-00000000000{number}", name="Shop", platform="native", created_at=BEGINNING)
    for number in (1, 2, 3)
]
SUBJECTS = ["acme", "acme/berlin", "acme/berlin/shop-3", "globex"]


@dataclass(frozen=True)
class Told:
    """One event of a review."""

    review_id: str
    revision: int
    type: str
    time: datetime
    before: ReviewState | None
    after: ReviewState | None
    answers: Answers = Answers.TOLD


def answer(at: datetime, state: str = "published") -> Answer:
    """The company's reply."""
    return Answer(text="We are sorry.", published_at=at, state=state)


def lived(chance: random.Random, created_at: datetime, ceases_at: datetime = NEVER) -> list[Told]:
    """Return the events of a review that is told of at an instant, and of what becomes of it.

    The third source ceases to tell answers at an instant.
    """
    review_id, time = str(uuid7()), created_at
    published_at = created_at - chance.choice([0, 0, 1, 30, 2_000]) * HOUR
    state: ReviewState | None = review_state(
        chance.choice([1.0, 2.0, 2.4, 3.0, 5.0]),
        chance.choice(SUBJECTS),
        kind=chance.choice([Kind.STARS, Kind.STARS, Kind.STARS, Kind.THUMBS, Kind.NPS]),
        source=chance.choice(SOURCES),
        rated_at=published_at,
        published_at=published_at,
        answer=chance.choice([None, None, answer(published_at + HOUR)]),
    )
    seen, told = state, [Told(review_id, 1, "review.created", time, None, state)]
    for _ in range(chance.choice([0, 1, 1, 2, 3, 5, 8])):
        time += chance.choice([0.5, 3, 20, 100, 700]) * HOUR
        kind = chance.choice(
            ["answered", "answered", "answer_removed", "edited", "edited", "moved", "worded", "removed"]
        )
        before, name = state, f"review.{kind}"
        if state is None:
            state, name = seen, "review.restored"
        else:
            state, name = _changed(chance, state, kind, time)
        if state is not None:
            seen = state
        told.append(Told(review_id, len(told) + 1, name, time, before, state))
        if name == "review.erased":
            break
    return [_telling(each, ceases_at) for each in told]


def _changed(chance: random.Random, state: ReviewState, kind: str, time: datetime) -> tuple[ReviewState | None, str]:
    def replaced(**fields: Any) -> ReviewState:
        return msgspec.structs.replace(state, **fields)

    earlier = time - chance.choice([0, 0, 2, 50, 500]) * HOUR
    match kind:
        case "answered":
            return replaced(
                answer=answer(earlier, chance.choice(["published", "published", "pending"]))
            ), "review.answered"
        case "answer_removed":
            return replaced(answer=None), "review.answer_removed"
        case "edited":
            rating = chance.choice([1.0, 2.0, 2.3, 3.3, 4.0, 5.0])
            more = {"answer": None} if chance.random() < 0.1 else {}
            return replaced(rating=rating, rated_at=max(earlier, state.rated_at), **more), "review.edited"
        case "moved":
            return replaced(subject=chance.choice(SUBJECTS), source=chance.choice(SOURCES)), "review.edited"
        case "worded":
            return replaced(text="Other words."), "review.edited"
        case _:
            return None, chance.choice(["review.removed", "review.removed", "review.erased"])


def _telling(told: Told, ceases_at: datetime) -> Told:
    state = told.after or told.before
    ceased = state is not None and state.source == SOURCES[2] and told.time >= ceases_at
    return Told(**{**vars(told), "answers": Answers.UNTOLD if ceased else Answers.POLLED})


@dataclass(frozen=True)
class Standing:
    """A review as it stood at an instant."""

    state: ReviewState
    answered_at: datetime | None
    is_raised: bool | None
    waits_from: datetime
    """Its publication, or the last time that it was back before it was answered."""


def standing(events: Sequence[Told], at: datetime) -> Standing | None:
    """Return how a review stood at an instant, by the events alone; None where it is not seen, or does not count."""
    events = sorted({each.revision: each for each in events}.values(), key=lambda each: each.revision)
    if not events or events[0].revision != 1:
        return None
    state = _state(events, at)
    if state is None or state.published_at > at:
        return None
    back = _back(events)

    def waits_from(by: datetime) -> datetime:
        return max([state.published_at, *(each for each in back if each <= by)])

    for times, end in _answers(events):
        if end > at:
            answered_at = min(times)
            if answered_at > at:
                return Standing(state, None, None, waits_from(at))
            then = _state(events, answered_at) or _seen_about(events, answered_at)
            raised = round(state.rating - then.rating, 9) >= 1
            return Standing(state, answered_at, raised if then.rating < 2.5 else None, waits_from(answered_at))
    return Standing(state, None, None, waits_from(at))


def _counted(state: ReviewState | None) -> ReviewState | None:
    return state if state is not None and state.kind in {"stars", "thumbs"} else None


def _turns(events: Sequence[Told]) -> Iterator[tuple[datetime, ReviewState | None]]:
    """When the review was another one, but for its answer."""
    effect, last = datetime.min.replace(tzinfo=UTC), None
    for each in events:
        state = _counted(each.after)
        shape = state and (state.subject, state.source.id, state.published_at, state.rating)
        if shape == last:
            continue
        took = each.time
        if each.revision == 1 and state:
            took = state.published_at
        elif each.before and state and state.rated_at > each.before.rated_at:
            took = state.rated_at
        effect, last = max(effect, took), shape
        yield effect, state


def _back(events: Sequence[Told]) -> list[datetime]:
    """When the review was to be seen again."""
    found, is_gone = [], False
    for effect, state in _turns(events):
        if state is not None and is_gone:
            found.append(effect)
        is_gone = state is None
    return found


def _state(events: Sequence[Told], at: datetime) -> ReviewState | None:
    past = [state for effect, state in _turns(events) if effect <= at]
    return past[-1] if past else None


def _seen_about(events: Sequence[Told], at: datetime) -> ReviewState:
    seen = [(effect, state) for effect, state in _turns(events) if state is not None]
    return [state for effect, state in seen if effect <= at][-1:][0] if seen[0][0] <= at else seen[0][1]


def _answers(events: Sequence[Told]) -> Iterator[tuple[list[datetime], datetime]]:
    """The publications of answers that followed each other, and when the last of them was taken away."""
    times: list[datetime] = []
    for each in events:
        state = _counted(each.after)
        if state is None:
            continue
        if state.answer is not None and state.answer.state == "published":
            times.append(state.answer.published_at)
        elif times:
            took = each.time
            if each.before and state.rated_at > each.before.rated_at:
                took = state.rated_at
            yield times, took
            times = []
    if times:
        yield times, NEVER


def is_told(events: Sequence[Told], source_id: str, at: datetime) -> bool:
    """Return whether the source's newest event says that answers are told, or one not before the instant does."""
    of_source = [each for each in events if (state := each.after or each.before) and state.source.id == source_id]
    newest = max(each.time for each in of_source)
    told = [each.time for each in of_source if each.answers is not Answers.UNTOLD]
    return bool(told) and (max(told) == newest or max(told) >= at)


@dataclass(frozen=True)
class Wanted:
    """What must be told of the answers to a subject's reviews."""

    count: int
    answered: int
    unknown: int
    median: timedelta | None
    within: tuple[float | None, ...]
    answered_negatives: int
    raised: int


def wanted(events: Sequence[Told], subject: str, at: datetime, days: int, source_id: str | None = None) -> Wanted:
    """Return the figures by their definitions."""
    by_review: dict[str, list[Told]] = {}
    for each in events:
        by_review.setdefault(each.review_id, []).append(each)
    found = [
        stood
        for one in by_review.values()
        if (stood := standing(one, at))
        and f"{stood.state.subject}/".startswith(f"{subject}/")
        and stood.waits_from > at - timedelta(days=days)
        and source_id in {None, stood.state.source.id}
    ]
    known = [each for each in found if is_told(events, each.state.source.id, at)]
    answered = [each for each in known if each.answered_at]
    waits = [
        (at - each.waits_from, False)
        if each.answered_at is None
        else (max(each.answered_at - each.waits_from, timedelta(0)), True)
        for each in known
    ]
    negatives = [each for each in answered if each.is_raised is not None]
    return Wanted(
        count=len(known),
        answered=len(answered),
        unknown=len(found) - len(known),
        median=next((time for time, still in survival(waits) if still <= Fraction(1, 2)), None),
        within=tuple(_within(waits, timedelta(hours=hours)) for hours in (24, 72, 168)),
        answered_negatives=len(negatives),
        raised=sum(bool(each.is_raised) for each in negatives),
    )


def survival(waits: Sequence[tuple[Any, bool]]) -> list[tuple[Any, Fraction]]:
    """Return the estimate of Kaplan and Meier as textbooks define it: time of events → share that is left after it.

    Args:
        waits: time, and whether it ended by the event.
    """
    still, found = Fraction(1), []
    for time in sorted({time for time, ended in waits if ended}):
        at_risk = sum(each >= time for each, _ in waits)
        still *= 1 - Fraction(sum(each == time and ended for each, ended in waits), at_risk)
        found.append((time, still))
    return found


def _within(waits: Sequence[tuple[timedelta, bool]], limit: timedelta) -> float | None:
    still = [share for time, share in survival(waits) if time <= limit][-1:] or [Fraction(1)]
    if still[0] and all(time < limit for time, _ in waits):
        return None
    return float(1 - still[0])


class Answering:
    """Tells the group of answers of reviews."""

    def __init__(self, worker: Database) -> None:
        self._worker = worker
        self._sequence = 0

    def record(self, told: Told, *, tenant_id: str = "default", sequence: int = 0, partition: int = 0) -> Record[Any]:
        """One event as a record; the next one of its partition unless told otherwise."""
        self._sequence += 1
        pending = pending_envelope(
            told.before,
            told.after,
            review_id=told.review_id,
            revision=told.revision,
            event_type=told.type,
            time=told.time,
            answers=told.answers,
            tenant_id=tenant_id,
        )
        return record_of(ANSWERS, pending, sequence or self._sequence, partition)

    async def give(self, records: Sequence[Record[Any]]) -> None:
        """Records, in one batch."""
        async with self._worker.transaction() as tx:
            assert await ANSWERS.handler()(tx, records) == ()

    async def tell(self, *events: Told, **more: Any) -> None:
        """Events, in one batch."""
        await self.give([self.record(each, **more) for each in events])

    async def tell_anyhow(self, chance: random.Random, events: Sequence[Told]) -> None:
        """Events in any order and in batches of any size, some of them twice."""
        shuffled = [*events, *chance.sample(events, len(events) // 4)]
        chance.shuffle(shuffled)
        while shuffled:
            size = chance.randrange(1, 40)
            await self.tell(*shuffled[:size])
            shuffled = shuffled[size:]
