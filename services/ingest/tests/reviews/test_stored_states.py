"""Our own state, its stored form and the contract on the bus: they hold the same today, and change apart."""

from datetime import UTC, datetime

import msgspec
import pytest
from msgspec.structs import replace

from plaudit.common import contracts
from plaudit.ingest.reviews.domain import state as states
from plaudit.ingest.reviews.domain.decisions import Change, NewRevision
from plaudit.ingest.reviews.domain.state import (
    Answer,
    Disposition,
    Kind,
    Origin,
    RawRating,
    Resolution,
    ReviewState,
    Severity,
    StoredReview,
)
from plaudit.ingest.reviews.domain.state_formats import STATE_FORMAT, decode_state, encode_state
from plaudit.ingest.reviews.events import published_state, review_event
from plaudit.ingest.sorting.domain.findings import Findings, Said
from plaudit.ingest.sources.domain import SourceRef

SOURCE = SourceRef(
    id="0198d7a4-7f7e-7b1c-9d2a-5a0c1f6b2e11",
    name="Our shop",
    platform="native",
    created_at=datetime(2026, 1, 1, 8, 30, tzinfo=UTC),
)
FULL = ReviewState(
    subject="acme/berlin",
    kind=Kind.NPS,
    rating=4.6,
    raw_rating=RawRating(value=9.0, min=0.0, max=10.0),
    verified=True,
    origin=Origin.INVITED,
    severity=Severity.NORMAL,
    source=SOURCE,
    external_id="r-1",
    published_at=datetime(2026, 2, 14, 10, 21, tzinfo=UTC),
    rated_at=datetime(2026, 2, 15, 8, 0, 0, 250_000, UTC),
    received_at=datetime(2026, 2, 14, 10, 16, tzinfo=UTC),
    published_at_raw=datetime(2026, 2, 14, 12, 0, tzinfo=UTC),
    edited_at=datetime(2026, 2, 15, 8, 0, 0, 250_000, UTC),
    title="Hm",
    text="Cold soup, warm welcome. ☕",
    language="pt-BR",
    person="native:c-1",
    tags=("lunch", "city"),
    url="https://x.example/r",
    answer=Answer(text="Thanks", published_at=datetime(2026, 2, 16, 10, tzinfo=UTC), state="pending"),
    text_cut=True,
)
SORTED = replace(
    FULL,
    language=None,
    found=Findings(
        check=True,
        leave=True,
        topics=("delivery", "price_fees"),
        personas=("long_time",),
        language="de",
        said=(Said("fraud", 3, 7),),
    ),
)
SMALL = ReviewState(
    subject="acme",
    kind=Kind.STARS,
    rating=2.0,
    raw_rating=RawRating(value=2.0, min=1.0, max=5.0),
    verified=False,
    origin=Origin.ORGANIC,
    severity=Severity.NEGATIVE,
    source=SOURCE,
    external_id="r-2",
    published_at=datetime(2026, 2, 14, 10, 15, 30, tzinfo=UTC),
    rated_at=datetime(2026, 2, 14, 10, 15, 30, tzinfo=UTC),
    received_at=datetime(2026, 2, 14, 10, 16, tzinfo=UTC),
)
# Written by the code that stored the contract's own type, in the column that was called `content`.
FULL_STORED = (
    '{"subject":"acme/berlin","kind":"nps","rating":4.6,"raw_rating":{"value":9.0,"min":0.0,"max":10.0},'
    '"verified":true,"origin":"invited","severity":"normal","source":{"id":"0198d7a4-7f7e-7b1c-9d2a-5a0c1f6b2e11",'
    '"name":"Our shop","platform":"native","created_at":"2026-01-01T08:30:00Z"},"external_id":"r-1",'
    '"published_at":"2026-02-14T10:21:00Z","rated_at":"2026-02-15T08:00:00.250000Z",'
    '"received_at":"2026-02-14T10:16:00Z","published_at_raw":"2026-02-14T12:00:00Z",'
    '"edited_at":"2026-02-15T08:00:00.250000Z","title":"Hm","text":"Cold soup, warm welcome. ☕","language":"pt-BR",'
    '"person":"native:c-1","tags":["lunch","city"],"url":"https://x.example/r",'
    '"answer":{"text":"Thanks","published_at":"2026-02-16T10:00:00Z","state":"pending"},"text_cut":true}'
).encode()
SMALL_STORED = (
    b'{"subject":"acme","kind":"stars","rating":2.0,"raw_rating":{"value":2.0,"min":1.0,"max":5.0},'
    b'"verified":false,"origin":"organic","severity":"negative","source":{"id":"0198d7a4-7f7e-7b1c-9d2a-5a0c1f6b2e11",'
    b'"name":"Our shop","platform":"native","created_at":"2026-01-01T08:30:00Z"},"external_id":"r-2",'
    b'"published_at":"2026-02-14T10:15:30Z","rated_at":"2026-02-14T10:15:30Z","received_at":"2026-02-14T10:16:00Z"}'
)
STORED = [(FULL, FULL_STORED), (SMALL, SMALL_STORED)]
BOTH = pytest.mark.parametrize(("state", "stored"), STORED, ids=["every field", "only what is required"])


@BOTH
def test_what_the_earlier_code_stored_is_read(state, stored):
    assert decode_state(stored, 1) == state


# As the code of before resolutions wrote them; they must stay readable.
FULL_BEFORE_RESOLUTIONS = (
    b'\xdc\x00\x16\xabacme/berlin\xa3nps\xcb@\x12ffffff\x93\xcb@"\x00\x00\x00\x00\x00\x00\xcb\x00\x00\x00\x00\x00\x00'
    b"\x00\x00\xcb@$\x00\x00\x00\x00\x00\x00\xc3\xa7invited\xa6normal\x94\xd9$0198d7a4-7f7e-7b1c-9d2a-5a0c1f6b2e11"
    b"\xa8Our shop\xa6native\xd6\xffiV0\x88\xa3r-1\xd6\xffi\x90L\x8c\xd7\xff;\x9a\xca\x00i\x91}\x00\xd6\xffi\x90K`"
    b"\xd6\xffi\x90c\xc0\xd7\xff;\x9a\xca\x00i\x91}\x00\xa2Hm\xbcCold soup, warm welcome. \xe2\x98\x95\xa5pt-BR"
    b"\xaanative:c-1\x92\xa5lunch\xa4city\xb3https://x.example/r\x93\xa6Thanks\xd6\xffi\x92\xea\xa0\xa7pending\xc3"
)
# As the code of today writes them; they must stay readable.
FULL_BY_PLACE = (
    FULL_BEFORE_RESOLUTIONS.replace(b"\xdc\x00\x16", b"\xdc\x00\x17")
    .replace(b"\x93\xa6Thanks", b"\x94\xa6Thanks")
    .replace(b"\xa7pending\xc3", b"\xa7pending\xc2\xc3\xc0")
)
SETTLED = replace(
    FULL,
    answer=replace(FULL.answer, ours=True),
    resolution=Resolution(
        disposition=Disposition.WRONG_FACT, outcome="explained", cause=None, ease=6, resolved_at=SMALL.received_at
    ),
)
SORTED_BY_PLACE = (
    b'\xdc\x00\x18\xabacme/berlin\xa3nps\xcb@\x12ffffff\x93\xcb@"\x00\x00\x00\x00\x00\x00\xcb\x00\x00\x00\x00\x00'
    b"\x00\x00\x00\xcb@$\x00\x00\x00\x00\x00\x00\xc3\xa7invited\xa6normal\x94\xd9$0198d7a4-7f7e"
    b"-7b1c-9d2a-5a0c1f6b2e11\xa8Our shop\xa6native\xd6\xffiV0"
    b"\x88\xa3r-1\xd6\xffi\x90L\x8c\xd7\xff;\x9a\xca\x00i\x91}\x00\xd6\xffi\x90K`\xd6\xffi\x90c\xc0\xd7\xff;\x9a\xca\x00i\x91}\x00\xa2"
    b"Hm\xbcCold soup, warm welcome. \xe2\x98\x95\xc0\xaanative:c-1\x92"
    b"\xa5lunch\xa4city\xb3https://x.example/r\x94\xa6Thanks\xd6\xffi\x92\xea"
    b"\xa0\xa7pending\xc2\xc3\xc0\x96\xc3\xc3\x92\xa8delivery\xaaprice_fees\x91\xa9long_tim"
    b"e\xa2de\x91\x93\xa5fraud\x03\x07"
)


def test_what_is_written_today_is_read_and_written_the_same_later():
    assert STATE_FORMAT == 3
    assert decode_state(FULL_BY_PLACE, 2) == decode_state(FULL_BEFORE_RESOLUTIONS, 2) == FULL
    assert encode_state(SORTED) == SORTED_BY_PLACE.replace(b"\xdc\x00\x18", b"\xdc\x00\x19", 1) + b"\xc2"
    assert decode_state(SORTED_BY_PLACE, 3) == SORTED
    for state in (FULL, SETTLED, SMALL):
        assert decode_state(encode_state(state), 3) == state


def test_a_format_that_nobody_knows_is_an_error():
    with pytest.raises(KeyError):
        decode_state(SMALL_STORED, 99)


@BOTH
def test_the_bus_tells_every_field_as_it_did_when_both_were_one_type(state, stored):
    assert msgspec.json.encode(published_state(state)) == stored
    assert published_state(state) == msgspec.json.decode(stored, type=contracts.ReviewState)


@BOTH
def test_an_unknown_field_in_storage_reaches_neither_our_state_nor_the_bus(state, stored):
    named = msgspec.json.encode({**msgspec.json.decode(stored), "mood": "sour"})
    by_place = msgspec.msgpack.encode([*msgspec.msgpack.decode(encode_state(state)), "sour"])
    for later, its_format in ((named, 1), (by_place, 2), (by_place, 3)):
        read = decode_state(later, its_format)
        assert read == state
        assert msgspec.json.encode(published_state(read)) == stored


@BOTH
def test_a_new_field_of_the_contract_has_its_default_on_the_bus_and_is_not_stored(state, stored, monkeypatch):
    later = msgspec.defstruct(
        "ReviewState", [("mood", str, "unknown")], bases=(contracts.ReviewState,), frozen=True, kw_only=True
    )
    monkeypatch.setattr(contracts, "ReviewState", later)
    assert published_state(state).mood == "unknown"
    assert decode_state(encode_state(state), STATE_FORMAT) == state


@BOTH
def test_a_new_last_field_of_our_state_is_stored_and_does_not_reach_the_bus(state, stored):
    later = msgspec.defstruct(
        "ReviewState", [("mood", str, "unknown")], bases=(ReviewState,), frozen=True, kw_only=True, array_like=True
    )
    sour = later(mood="sour", **{name: getattr(state, name) for name in ReviewState.__struct_fields__})
    read = msgspec.msgpack.Decoder(later).decode
    assert read(encode_state(sour)) == sour
    assert read(encode_state(state)).mood == "unknown"
    assert msgspec.json.encode(published_state(sour)) == stored


@pytest.mark.parametrize("name", ["Kind", "Origin", "Severity"])
def test_the_bus_knows_every_word_that_we_use(name):
    assert {each.value for each in getattr(states, name)} <= {each.value for each in getattr(contracts, name)}


def test_the_bus_tells_what_was_found_in_the_words_and_no_places():
    told = msgspec.to_builtins(published_state(SORTED))
    assert {name: value for name, value in told.items() if name not in msgspec.json.decode(FULL_STORED)} == {
        "topics": ("delivery", "price_fees"),
        "personas": ("long_time",),
        "check": True,
        "leave": True,
        "language_from_text": True,
    }
    assert told["language"] == "de"


def test_what_the_contract_does_not_allow_is_never_published():
    with pytest.raises(msgspec.ValidationError):
        published_state(replace(SMALL, rating=5.5))


@pytest.mark.parametrize(("before", "after"), [(None, FULL), (FULL, SMALL), (SMALL, None)])
def test_an_event_tells_both_states_under_the_reviews_own_partition_key(before, after):
    stored = StoredReview(
        review_id="review-1",
        external_id="r-1",
        revision=3,
        version=None,
        removed=after is None,
        partition_key="default/acme",
        state=after or before,
    )
    change = Change(review_id="review-1", revision=3, before=before, after=after)
    at = datetime(2026, 3, 1, tzinfo=UTC)
    new = NewRevision(
        stored,
        "review.edited",
        change,
        tenant_id="default",
        source_id="s-1",
        delivery_id="d-1",
        known_at=at,
        traceparent="00-1-2-01",
    )
    event = review_event(new, change)
    assert (event.topic, event.key, event.type, event.tenant_id) == (
        contracts.REVIEWS, "default/acme", "review.edited", "default",
    )  # fmt: skip
    assert (event.subject, event.time, event.traceparent) == ((after or before).subject, at, "00-1-2-01")
    assert event.data == contracts.ReviewChange(
        review_id="review-1",
        revision=3,
        before=before and published_state(before),
        after=after and published_state(after),
    )


@pytest.mark.parametrize(
    ("answer_state", "answered"), [("published", True), ("pending", False), ("rejected", False), (None, False)]
)
def test_only_a_published_answer_says_when_a_review_was_answered(answer_state, answered):
    at = datetime(2026, 2, 16, tzinfo=UTC)
    answer = None if answer_state is None else Answer(text="Thanks", published_at=at, state=answer_state)
    assert replace(SMALL, answer=answer).answered_at == (at if answered else None)
