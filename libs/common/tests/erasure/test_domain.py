"""What an erasure takes from stored events, and what it leaves."""

from datetime import UTC, datetime

import msgspec
import pytest

from plaudit.common.contracts import Answer, Envelope, ReviewChange
from plaudit.common.erasure.domain import Erasure, Kind, erasure_in, name_of, scrubbed, told_in
from plaudit_testing.review_events import PUBLISHED, RECORDED, pending_envelope, review_state

REVIEW = "01956d00-0000-7000-8000-0000000000aa"
WORDS = "quibblefrotz"
SPOKEN = review_state(
    2,
    title=WORDS,
    text=f"It was {WORDS}.",
    person=f"native:{WORDS}",
    url=f"https://example.com/{WORDS}",
    external_id=WORDS,
    tags=(WORDS,),
    answer=Answer(text=f"Dear {WORDS}", published_at=PUBLISHED, state="published"),
)


def erased(name: str = REVIEW, kind: Kind = Kind.REVIEW, tenant: str = "default") -> Erasure:
    return Erasure(tenant, kind, name, RECORDED)


def event(**fields: object) -> bytes:
    whole = {"type": "customer.contacted", "tenant": "default", "time": "2026-03-02T09:00:00Z", "data": {}}
    return msgspec.json.encode(whole | fields)


def test_of_a_reviews_event_its_figures_and_numbers_stay_and_no_word() -> None:
    stored = pending_envelope(SPOKEN, SPOKEN, review_id=REVIEW)
    left = scrubbed(stored, erased())
    assert left is not None
    assert WORDS.encode() not in left
    change = msgspec.json.decode(left[:-1] + b',"epoch":"1","sequence":"%020d"}' % 1, type=Envelope[ReviewChange]).data
    assert change.before is not None
    assert (change.before.rating, change.before.subject, change.before.source) == (2, "acme/berlin", SPOKEN.source)
    assert change.review_id == REVIEW
    assert scrubbed(left, erased()) is None


def test_the_events_of_other_reviews_and_tenants_stay_as_they_are() -> None:
    stored = pending_envelope(None, SPOKEN, review_id=REVIEW)
    assert scrubbed(stored, erased("01956d00-0000-7000-8000-0000000000ab")) is None
    assert scrubbed(stored, erased(tenant="other")) is None


def test_an_events_id_on_the_platform_goes() -> None:
    left = scrubbed(event(data={"review_id": REVIEW, "external_id": WORDS, "clock_id": "c"}), erased())
    assert left is not None
    assert msgspec.json.decode(left)["data"] == {"review_id": REVIEW, "external_id": "erased", "clock_id": "c"}


def test_a_person_is_taken_from_what_was_before_the_erasure_and_not_from_what_came_after() -> None:
    person = erased("native:c-1", Kind.PERSON)
    before = event(subject="native:c-1", data={"person": "native:c-1", "plan": WORDS})
    left = scrubbed(before, person)
    assert left is not None
    assert msgspec.json.decode(left)["subject"] == "erased"
    assert msgspec.json.decode(left)["data"] == {"person": "erased"}
    assert scrubbed(event(time="2026-03-02T09:00:06Z", data={"person": "native:c-1"}), person) is None
    assert scrubbed(event(data={"person": "native:c-11"}), person) is None


@pytest.mark.parametrize("value", [b"\xff" + REVIEW.encode(), b"{" + REVIEW.encode()])
def test_what_is_no_event_and_holds_the_name_is_emptied(value: bytes) -> None:
    assert scrubbed(value, erased()) == b""
    assert scrubbed(b"{", erased()) is None
    assert scrubbed(b"{c-1", erased("c-1", Kind.PERSON)) is None
    assert scrubbed(b'{"c-1"', erased("c-1", Kind.PERSON)) == b""


@pytest.mark.parametrize("odd", [b"1e999", b'"\\ud800"', b'"\xff"', b"[" * 100_000 + b"]" * 100_000])
def test_an_event_with_a_member_that_cannot_be_read_or_written_loses_its_words(odd: bytes) -> None:
    stored = event(data={"review_id": REVIEW, "before": {"text": WORDS}})[:-1] + b',"odd":' + odd + b"}"
    left = scrubbed(stored, erased())
    assert left is not None
    assert WORDS.encode() not in left


def test_states_of_another_shape_lose_everything() -> None:
    stored = event(data={"review_id": REVIEW, "before": [WORDS], "after": WORDS})
    left = scrubbed(stored, erased())
    assert left is not None
    assert WORDS.encode() not in left


def test_events_of_erasures_are_known() -> None:
    review = event(type="review.erased", data={"review_id": REVIEW, "before": None, "after": None})
    assert erasure_in(review) == Erasure("default", Kind.REVIEW, REVIEW, datetime(2026, 3, 2, 9, tzinfo=UTC))
    person = event(type="customer.erased", data={"person": "native:c-1", "erased_at": "2026-03-01T09:00:00Z"})
    assert erasure_in(person) == Erasure("default", Kind.PERSON, "native:c-1", datetime(2026, 3, 1, 9, tzinfo=UTC))
    assert erasure_in(event(data={"person": "native:c-1"})) is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"[]",
        event(data={"review_id": 7}),
        event(data={"review_id": "a\x00b"}),
        event(data={"review_id": "a" * 2000}),
        event(data={"review_id": REVIEW}, tenant="a\x00"),
        event(data={"review_id": REVIEW}, time="2026-03-02T09:00:00"),
    ],
)
def test_what_names_nothing_that_can_be_stored_tells_of_nothing(value: bytes | None) -> None:
    assert told_in(value) == []
    assert erasure_in(value) is None


def test_a_person_is_remembered_by_a_hash_under_the_tenants_key_and_a_review_by_its_id() -> None:
    assert name_of(Kind.REVIEW, REVIEW, b"key") == REVIEW
    hashed = name_of(Kind.PERSON, "native:c-1", b"key")
    assert "c-1" not in hashed
    assert hashed != name_of(Kind.PERSON, "native:c-1", b"another key")
