"""What holds for every history of a review."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from plaudit.ingest.reviews.domain.decisions import Held, Revised, StoredReview, decide
from plaudit.ingest.reviews.domain.instructions import (
    AnswerContent,
    AnswerReview,
    AnswerState,
    Content,
    CreateReview,
    EditReview,
    Quarantined,
    RemoveReview,
    RestoreReview,
)
from plaudit.ingest.reviews.domain.state import Kind
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


# Sampled and not composed field by field: Hypothesis would take most of the time to make what is decided at once.
TIMES = [START + timedelta(minutes=minutes) for minutes in (-10_000, -600, -11, -1, 0, 1, 4, 5, 6, 9, 12, 30, 10_000)]
ANSWERS = [
    AnswerContent(text=text, published_at=at, state=state)
    for text in ("", "Thanks")
    for at in (None, *TIMES[::2])
    for state in AnswerState
]
FIELDS = [
    *({"subject": subject} for subject in ("acme", "acme/berlin")),
    *({"rating": float(rating)} for rating in range(7)),
    *({"kind": kind} for kind in (Kind.STARS, Kind.NPS)),
    *({name: at} for name in ("published_at", "edited_at") for at in TIMES),
    *({"text": text} for text in (None, "", "x", "y")),
    *({"answer": answer} for answer in ANSWERS[::5]),
]
RATINGS = [{}, *({"rating": float(rating)} for rating in range(7))]

versions = st.sampled_from([None, None, 1, 2, 3, 4, 5, 6])
contents = st.builds(
    lambda rating, fields: Content(**dict(item for each in (rating, *fields) for item in each.items())),
    st.sampled_from(RATINGS),
    st.lists(st.sampled_from(FIELDS), max_size=4),
)
instructions = st.one_of(
    st.builds(CreateReview, external_id=st.just("r-1"), version=versions, content=contents),
    st.builds(EditReview, external_id=st.just("r-1"), version=versions, content=contents),
    st.builds(RemoveReview, external_id=st.just("r-1"), version=versions),
    st.builds(RestoreReview, external_id=st.just("r-1"), version=versions),
    st.builds(AnswerReview, external_id=st.just("r-1"), version=versions, answer=st.sampled_from(ANSWERS)),
)
histories = st.lists(instructions, max_size=12)


def visible(stored):
    return None if stored is None or stored.removed else stored.state


def deliver(history, current=None):
    """Return the stored review and every decision; the n-th delivery is received n minutes after the start.

    What comes before the review waits for it.
    """
    decisions, waiting = [], []

    def tell(instruction, at):
        nonlocal current
        decision = decide(current, instruction, SOURCE, at, "review-1")
        decisions.append(decision)
        if isinstance(decision, Held):
            waiting.append((instruction, at))
        elif isinstance(decision, Revised):
            current = decision.stored

    for minutes, instruction in enumerate(history):
        tell(instruction, START + timedelta(minutes=minutes))
        while waiting and current is not None:
            tell(*waiting.pop(0))
    return current, decisions


@given(histories)
def test_the_events_tell_exactly_what_is_seen(history):
    """Subtracting each `before` and adding each `after` leaves what is visible: a score needs no store of reviews."""
    current, seen = None, None
    for minutes, instruction in enumerate(history):
        decision = decide(current, instruction, SOURCE, START + timedelta(minutes=minutes), "review-1")
        if not isinstance(decision, Revised):
            continue
        if decision.change is None:
            assert visible(decision.stored) == seen
        else:
            assert decision.change.before == seen
            assert decision.change.after == visible(decision.stored)
            assert decision.change.before != decision.change.after
            assert decision.change.revision == decision.stored.revision
            seen = decision.change.after
        current = decision.stored


@given(histories)
def test_revisions_have_no_gap_and_versions_never_fall(history):
    _, decisions = deliver(history)
    stored = [decision.stored for decision in decisions if isinstance(decision, Revised)]
    assert [one.revision for one in stored] == list(range(1, len(stored) + 1))
    told = [one.version for one in stored if one.version is not None]
    assert told == sorted(told)
    assert len({(one.review_id, one.external_id, one.partition_key) for one in stored}) <= 1


@given(histories)
def test_no_time_lies_more_than_five_minutes_after_its_receipt(history):
    _, decisions = deliver(history)
    for minutes, decision in enumerate(decisions):
        if isinstance(decision, Revised) and decision.stored.state is not None:
            state = decision.stored.state
            limit = START + timedelta(minutes=minutes + 5)
            told = [state.published_at, state.rated_at, state.edited_at, state.answer and state.answer.published_at]
            assert all(at <= limit for at in told if at is not None)


@given(histories)
def test_a_stored_review_read_back_from_json_decides_the_same(history):
    current, _ = deliver(history)
    read_back = msgspec.json.decode(msgspec.json.encode(current), type=StoredReview | None)
    assert read_back == current
    for instruction in history:
        assert decide(read_back, instruction, SOURCE, START, "x") == decide(current, instruction, SOURCE, START, "x")


@given(history=histories, data=st.data())
def test_versioned_events_delivered_again_at_any_later_time_change_nothing(history, data):
    """Given a history in the order of its versions, when any of it comes again, then nothing is written.

    What was refused, such as a rating off the scale of then, is refused again, or taken once after its scale came.
    """
    ordered = [replace(instruction, version=number) for number, instruction in enumerate(history, 1)]
    # What comes before the review waits for it.
    while ordered and not isinstance(decide(None, ordered[0], SOURCE, START, "review-1"), Revised):
        ordered.pop(0)
    current = None
    refused = set()
    for minutes, instruction in enumerate(ordered):
        decision = decide(current, instruction, SOURCE, START + timedelta(minutes=minutes), "review-1")
        if isinstance(decision, Revised):
            current = decision.stored
        if isinstance(decision, Quarantined):
            refused.add(instruction.version)
            assert decide(current, instruction, SOURCE, START + timedelta(minutes=minutes), "review-1") == decision
        again = st.tuples(st.sampled_from(ordered[: minutes + 1]), st.integers(0, 9))
        for repeated, days in data.draw(st.lists(again, max_size=3)):
            decision = decide(current, repeated, SOURCE, START + timedelta(days=days), "review-2")
            if repeated.version in refused and isinstance(decision, Revised):
                refused.remove(repeated.version)
                assert decision.stored.version == current.version
                current = decision.stored
                decision = decide(current, repeated, SOURCE, START + timedelta(days=days), "review-2")
            assert not isinstance(decision, Revised)


@st.composite
def whole_histories(draw):
    """A creation and edits that each carry the whole review with a rating nobody gave before, versions ascending."""
    ratings = draw(st.lists(st.integers(10, 50).map(lambda tenth: tenth / 10), min_size=1, max_size=6, unique=True))
    texts = draw(st.lists(st.sampled_from([None, "x", "y"]), min_size=len(ratings), max_size=len(ratings)))
    return [
        (EditReview if number else CreateReview)(
            external_id="r-1",
            version=number + 1,
            content=Content(
                subject=draw(st.sampled_from(["acme", "acme/berlin"])),
                rating=rating,
                published_at=START - timedelta(days=30),
                edited_at=START - timedelta(days=20 - number) if number else UNSET,
                text=text,
            ),
        )
        for number, (rating, text) in enumerate(zip(ratings, texts, strict=True))
    ]


def same_but_for_receipt(one, other):
    return replace(one.state, received_at=START) == replace(other.state, received_at=START)


@given(history=whole_histories(), data=st.data())
def test_whole_versioned_events_end_the_same_in_any_order_and_number(history, data):
    in_order, _ = deliver(history)
    extra = data.draw(st.lists(st.sampled_from(history), max_size=6))
    shuffled, _ = deliver(data.draw(st.permutations(history + extra)))
    assert same_but_for_receipt(shuffled, in_order)
    assert (shuffled.version, shuffled.removed) == (in_order.version, in_order.removed)


@given(history=whole_histories(), data=st.data())
def test_a_removal_with_the_highest_version_wins_wherever_it_arrives(history, data):
    removal = RemoveReview(external_id="r-1", version=len(history) + 1)
    final, decisions = deliver(data.draw(st.permutations([*history, removal])))
    assert (final.removed, final.version) == (True, removal.version)
    net = [decision.change for decision in decisions if isinstance(decision, Revised) and decision.change]
    assert not net or net[-1].after is None


@given(history=whole_histories(), data=st.data())
def test_a_creation_above_a_removal_lives_whichever_comes_first(history, data):
    again = replace(history[0], version=len(history) + 2)
    removal = RemoveReview(external_id="r-1", version=len(history) + 1)
    final, _ = deliver(data.draw(st.permutations([*history, removal, again])))
    assert not final.removed
    assert final.state.rating == again.content.rating


@given(history=whole_histories())
def test_removed_and_restored_is_as_if_nothing_had_been(history):
    before, _ = deliver(history)
    last = len(history)
    around = [
        RemoveReview(external_id="r-1", version=last + 1),
        RestoreReview(external_id="r-1", version=last + 2),
    ]
    after, _ = deliver(around, before)
    assert after.state == before.state
    assert not after.removed
