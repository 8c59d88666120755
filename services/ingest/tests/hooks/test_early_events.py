"""Events that are early, late, doubled and in disorder, beside a model that knows all of them."""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import UNSET
from msgspec.structs import replace

from plaudit.ingest.hooks.domain import Delivery, Group
from plaudit.ingest.reviews.domain.held import Unknown
from plaudit.ingest.reviews.domain.instructions import (
    AnswerContent,
    AnswerReview,
    AnswerState,
    Content,
    CreateReview,
    EditReview,
    RemoveReview,
    RestoreReview,
)
from plaudit.ingest.sources.domain import Source

START = datetime(2026, 2, 14, 10, 0, tzinfo=UTC)
SOURCE = Source(
    id="source-1",
    tenant_id="default",
    name="Shop",
    platform="native",
    subject="acme",
    created_at=START,
    secret="whsec_",
)
KEY = (SOURCE.id, "r-1")
PARTS = ("rating", "title", "text", "tags")

ratings = st.integers(1, 5).map(float)
texts = st.sampled_from([UNSET, None, "a", "b", "c"])
contents = st.builds(
    Content, rating=st.just(UNSET) | ratings, title=texts, text=texts, tags=st.sampled_from([UNSET, (), ("a",), ("b",)])
)
answers = st.sampled_from([AnswerContent(text=text, published_at=START) for text in "abc"])
instructions = st.one_of(
    st.builds(
        lambda content, rating: CreateReview(external_id="r-1", content=replace(content, rating=rating)),
        contents,
        ratings,
    ),
    st.builds(EditReview, external_id=st.just("r-1"), content=contents),
    st.builds(RemoveReview, external_id=st.just("r-1")),
    st.builds(RestoreReview, external_id=st.just("r-1")),
    st.builds(
        AnswerReview, external_id=st.just("r-1"), answer=answers | st.just(AnswerContent(state=AnswerState.REMOVED))
    ),
)


def makes_a_review(instruction):
    return isinstance(instruction, (CreateReview, EditReview)) and instruction.content.rating is not UNSET


class Model:
    """A review as whoever has seen the events in this order knows it: each simply replaces what it tells."""

    def __init__(self, *, final, versioned):
        self.final, self.versioned = final, versioned
        self.told = {"rating": None, "title": None, "text": None, "tags": (), "answer": None}
        self.removed = False

    def tell(self, instruction):
        if isinstance(instruction, (RemoveReview, RestoreReview)):
            self.removed = isinstance(instruction, RemoveReview)
        elif isinstance(instruction, AnswerReview):
            answer = instruction.answer
            self.told["answer"] = None if answer.state is AnswerState.REMOVED else answer.text
        else:
            told = {name: getattr(instruction.content, name) for name in PARTS}
            self.told.update({name: value for name, value in told.items() if value is not UNSET})
            # Without a version, a late copy of a creation cannot be told from a new publication.
            if not self.final or (self.versioned and isinstance(instruction, CreateReview)):
                self.removed = False


class Events(RuleBasedStateMachine):
    """The platform writes a history and delivers any of it, at any time, in groups of deliveries."""

    @initialize(final=st.booleans(), versioned=st.booleans())
    def connect(self, final, versioned):
        self.final, self.versioned = final, versioned
        self.ids = (UUID(int=number) for number in count(1))
        self.now = START
        self.history = []
        self.received = []
        self.known = None
        self.revisions = []

    @rule(instruction=instructions)
    def write(self, instruction):
        version = len(self.history) + 1 if self.versioned else None
        self.history.append(replace(instruction, version=version))

    @precondition(lambda self: self.history)
    @rule(data=st.data())
    def deliver(self, data):
        some = st.lists(st.sampled_from(self.history), min_size=1, max_size=4)
        deliveries = data.draw(st.lists(some, min_size=1, max_size=3))
        self.now += timedelta(minutes=1)
        group = Group(self.now, lambda: next(self.ids), {}, {KEY: self.known})
        for events in deliveries:
            delivery = Delivery(str(next(self.ids)), SOURCE, None, "{}", b"", events, removals_are_final=self.final)
            outcome = group.take(delivery).outcome
            assert (outcome.quarantined, outcome.ignored) == ((), ())
            assert outcome.accepted + len(outcome.held) == len(events)
            self.received += events
        self.revisions += group.revisions
        if group.revisions:
            self.known = group.latest[KEY].stored
        elif group.held:
            unknown = group.held[KEY]
            self.known = Unknown(unknown.review_id, unknown.events)

    def in_order(self):
        if self.versioned:
            return sorted({event.version: event for event in self.received}.values(), key=lambda event: event.version)
        first = next(place for place, event in enumerate(self.received) if makes_a_review(event))
        return [self.received[first], *self.received[:first], *self.received[first + 1 :]]

    @invariant()
    def the_review_is_what_the_model_says(self):
        if not any(makes_a_review(event) for event in getattr(self, "received", ())):
            return
        model = Model(final=self.final, versioned=self.versioned)
        for event in self.in_order():
            model.tell(event)
        state = self.known.state
        told = {name: getattr(state, name) for name in PARTS} | {"answer": state.answer and state.answer.text}
        assert (told, self.known.removed) == (model.told, model.removed)

    @invariant()
    def its_revisions_have_no_gap_and_tell_what_was_seen_before_and_after(self):
        seen = None
        for number, new in enumerate(getattr(self, "revisions", ()), start=1):
            assert new.stored.revision == number
            if new.change is not None:
                assert new.change.before == seen
                seen = new.change.after
            assert seen == (None if new.stored.removed else new.stored.state)

    @invariant()
    def an_unknown_review_loses_no_event(self):
        if isinstance(getattr(self, "known", None), Unknown):
            assert [event.instruction for event in self.known.events] == self.received


TestEvents = Events.TestCase
TestEvents.settings = settings(max_examples=150, stateful_step_count=12, deadline=None)
