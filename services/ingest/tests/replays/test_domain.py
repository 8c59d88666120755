"""Replays over any history: nothing is applied twice, and what was broken comes out as versions say."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from plaudit.ingest.hooks.domain import Delivery, Group, KnownReview, Outcome, ReviewKey
from plaudit.ingest.replays.domain import Before, ReplayGroup
from plaudit.ingest.reviews.domain.held import Unknown
from plaudit.ingest.reviews.domain.instructions import (
    AnswerContent,
    AnswerReview,
    Content,
    CreateReview,
    EditReview,
    Item,
    Quarantined,
    RemoveReview,
    RestoreReview,
)
from plaudit.ingest.reviews.domain.scales import STARS_SCALE
from plaudit.ingest.reviews.domain.state import Kind, StoredReview
from plaudit.ingest.sources.domain import Source

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SOURCE = Source(
    tenant_id="t", id=str(UUID(int=7)), name="n", platform="native", subject="acme", secret="s", created_at=NOW
)


def event(kind: str, external_id: str, rating: int, version: int | None) -> Item:
    of_review = {"external_id": external_id, "version": version}
    content = Content(rating=float(rating), scale=STARS_SCALE, kind=Kind.STARS, published_at=NOW)
    match kind:
        case "create":
            return CreateReview(**of_review, content=content)
        case "edit":
            return EditReview(**of_review, content=Content(rating=float(rating)))
        case "text":
            return EditReview(**of_review, content=Content(text=f"text {rating}"))
        case "remove":
            return RemoveReview(**of_review)
        case "restore":
            return RestoreReview(**of_review)
        case _:
            return AnswerReview(**of_review, answer=AnswerContent(text=f"answer {rating}", published_at=NOW))


KINDS = st.sampled_from(["create", "create", "edit", "text", "remove", "restore", "answer"])
WITHOUT_VERSIONS = st.builds(event, KINDS, st.sampled_from("ab"), st.integers(1, 5), st.none())
ANY = st.builds(event, KINDS, st.sampled_from("ab"), st.integers(1, 5), st.one_of(st.none(), st.integers(1, 6)))


@dataclass
class Memory:
    """What the database holds of deliveries and reviews."""

    reviews: dict[ReviewKey, KnownReview] = field(default_factory=dict)
    made: dict[ReviewKey, list[str]] = field(default_factory=dict)
    deliveries: list[tuple[Before, list[Item]]] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def take(self, events: list[Item], *, is_broken: bool = False) -> None:
        """Take a delivery as the hook does; all events of a broken one are quarantined, whatever they say."""
        number = len(self.deliveries)
        at = NOW + timedelta(minutes=number)
        read: list[Item] = [Quarantined("broken") for _ in events] if is_broken else events
        delivery = Delivery(str(UUID(int=1000 + number)), SOURCE, None, "{}", b"x", read)
        group = Group(at, self._id, {}, self._known(delivery))
        outcome = group.take(delivery).outcome
        self._keep(group, delivery)
        self.deliveries.append((before_of(delivery, outcome, at), events))

    def replay(self, place: int) -> int:
        """Replay a delivery; return how many revisions that made."""
        before, events = self.deliveries[place]
        delivery = Delivery(before.id, SOURCE, None, "{}", b"x", events, received_at=before.received_at)
        group = ReplayGroup(NOW + timedelta(days=1), self._id, SOURCE, self._known(delivery), {}, self.made)
        after = group.again(delivery, before, lambda _: True)
        self._keep(group, delivery)
        self.deliveries[place] = before_of(delivery, after.outcome, before.received_at), events
        return len(group.revisions)

    def _id(self) -> UUID:
        return UUID(int=next(self.numbers))

    def _known(self, delivery: Delivery) -> dict[ReviewKey, KnownReview]:
        return {key: self.reviews.get(key) for key in delivery.review_keys}

    def _keep(self, group: Group, delivery: Delivery) -> None:
        for key in delivery.review_keys:
            known = group._reviews[key]
            self.reviews[key] = Unknown(known.review_id, known.events) if isinstance(known, Unknown) else known
        for new in group.revisions:
            self.made.setdefault((new.source_id, new.stored.external_id), []).append(new.delivery_id)


def before_of(delivery: Delivery, outcome: Outcome, at: datetime) -> Before:
    return Before(
        id=delivery.id,
        source_id=SOURCE.id,
        sent_id=None,
        received_at=at,
        status=outcome.status,
        first_status=None,
        accepted=outcome.accepted,
        unchanged=outcome.unchanged,
        quarantined=outcome.quarantined,
        held=outcome.held,
        ignored=outcome.ignored,
        quarantine_reason=outcome.quarantine_reason,
        headers={},
        body=b"x",
        scrubbed_at=None,
    )


def seen(memory: Memory) -> dict[str, object]:
    """What the reviews end as, without what depends on when we learned of it."""
    return {
        key[1]: None
        if not isinstance(known, StoredReview) or known.state is None
        else (known.removed, known.state.rating, known.state.text, known.state.answer)
        for key, known in memory.reviews.items()
    }


@settings(max_examples=400)
@given(st.lists(st.lists(ANY, min_size=1, max_size=3), min_size=1, max_size=8), st.data())
def test_whatever_came_a_replay_of_what_was_read_changes_nothing(deliveries: list[list[Item]], data: st.DataObject):
    memory = Memory()
    for events in deliveries:
        memory.take(events)
    before = dict(memory.reviews)
    for place in data.draw(st.lists(st.integers(0, len(deliveries) - 1), max_size=12)):
        assert memory.replay(place) == 0
    assert memory.reviews == before


@settings(max_examples=300)
@given(st.lists(st.tuples(st.lists(ANY, min_size=1, max_size=3), st.booleans()), min_size=1, max_size=8), st.data())
def test_after_a_fix_one_replay_takes_all_that_it_can_and_the_next_one_nothing(
    deliveries: list[tuple[list[Item], bool]], data: st.DataObject
):
    memory = Memory()
    for events, is_broken in deliveries:
        memory.take(events, is_broken=is_broken)
    places = range(len(deliveries))
    for place in places:
        memory.replay(place)
    assert all(not before.quarantined or before.quarantined[0][1] != "broken" for before, _ in memory.deliveries)
    after = dict(memory.reviews)
    for place in [*places, *data.draw(st.permutations(places))]:
        assert memory.replay(place) == 0
    assert memory.reviews == after


@settings(max_examples=200)
@given(st.lists(st.lists(WITHOUT_VERSIONS, min_size=1, max_size=2), min_size=1, max_size=6))
def test_a_pause_that_is_replayed_ends_as_if_there_had_been_none(deliveries: list[list[Item]]):
    paused, straight = Memory(), Memory()
    for events in deliveries:
        paused.take(events, is_broken=True)
        straight.take(events)
    for place in range(len(deliveries)):
        paused.replay(place)
    assert seen(paused) == seen(straight)
