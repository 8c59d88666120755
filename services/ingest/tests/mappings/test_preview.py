"""Previews: what would come out, and all that cannot be read of each event."""

import json

import pytest

from plaudit.common.strict_json import InvalidJsonError
from plaudit.ingest.mappings.domain.preview import MAX_EVENTS, preview
from plaudit.ingest.platforms import UnusableBodyError
from plaudit.ingest.reviews.domain.instructions import CreateReview, Quarantined
from plaudit.ingest.sources.domain import InvalidMappingError

MAPPING = {
    "events": "items",
    "fields": {"id": "id", "rating": "score", "published_at": "at", "text": "body", "language": "lang"},
    "proof": {"kind": "path-token"},
}
SOUND = {"id": 1, "score": 4, "at": "2026-03-02T10:00:00Z", "body": "Warm."}


def previewed(*events, mapping=MAPPING, **others):
    return preview(json.dumps(mapping), json.dumps({"items": events}).encode(), **others)


def test_every_field_that_cannot_be_read_is_named_not_only_the_first():
    sound, broken = previewed(SOUND, {"score": "many", "at": "yesterday", "body": 7, "lang": "x"})
    assert isinstance(sound.item, CreateReview)
    assert sound.wrong == ()
    assert isinstance(broken.item, Quarantined)
    assert [each.field for each in broken.wrong] == ["id", "rating", "published_at", "text", "language"]
    assert broken.wrong[1].reason == "rating (score): must be a number, not a text of 4 characters"


def test_what_is_needed_and_missing_is_named_of_a_new_review_alone():
    mapping = {**MAPPING, "fields": {**MAPPING["fields"], "event": "what"}}
    created, edited = previewed({"what": "created"}, {"what": "edited", "body": 1}, mapping=mapping)
    assert [each.field for each in created.wrong] == ["id", "rating", "published_at"]
    assert [each.field for each in edited.wrong] == ["id", "text"]


def test_a_time_without_a_zone_is_in_the_one_that_is_given():
    [without] = previewed({**SOUND, "at": "2026-03-02 10:00"})
    assert [each.field for each in without.wrong] == ["published_at"]
    [given] = previewed({**SOUND, "at": "2026-03-02 10:00"}, time_zone="Europe/Berlin")
    assert given.item.content.published_at.hour == 9


@pytest.mark.parametrize("written", ["28.11.2026 18:30", "11/28/2026", "05/03/2026, 6:30 PM"])
def test_a_date_that_is_not_read_says_what_is(written: str):
    [[wrong]] = [each.wrong for each in previewed({**SOUND, "at": written}, time_zone="Europe/Berlin")]
    assert wrong.field == "published_at"
    assert "ISO 8601, such as 2026-11-28T18:30:00+01:00, or Unix seconds or milliseconds" in wrong.reason
    assert written not in wrong.reason


def test_the_first_hundred_events_are_shown():
    assert len(previewed(*[SOUND] * 500)) == MAX_EVENTS


def test_what_is_no_object_has_a_reason_and_no_fields():
    [item] = previewed("a text")
    assert (item.item, item.wrong) == (Quarantined("an event: must be an object"), ())


def test_a_byte_order_mark_is_skipped():
    payload = b"\xef\xbb\xbf" + json.dumps({"items": [SOUND]}).encode()
    assert isinstance(preview(json.dumps(MAPPING), payload)[0].item, CreateReview)


@pytest.mark.parametrize(
    ("mapping", "payload", "error"),
    [
        (MAPPING, b"{", InvalidJsonError),
        (MAPPING, b'{"other": []}', UnusableBodyError),
        ({**MAPPING, "events": "["}, b"{}", InvalidMappingError),
    ],
)
def test_what_cannot_be_previewed_is_an_error(mapping, payload, error):
    with pytest.raises(error):
        preview(json.dumps(mapping), payload)
