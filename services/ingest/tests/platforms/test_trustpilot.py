"""Trustpilot's payloads, the published genuine ones where they are present."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import UNSET

from plaudit.ingest.platforms import ADAPTERS, UnusableBodyError
from plaudit.ingest.reviews.domain.instructions import (
    Content,
    CreateReview,
    EditReview,
    Ignored,
    RemoveReview,
)
from plaudit.ingest.reviews.domain.scales import Scale
from plaudit.ingest.reviews.domain.state import Kind
from plaudit.ingest.sources.domain import KeyedSource

SHARED = Path(os.environ.get("PLAUDIT_SHARED", Path(__file__).parents[5] / "shared"))
VECTORS = SHARED / "vectors/review_platform_payloads.json"
SOURCE = KeyedSource(
    id="source-1",
    tenant_id="default",
    name="Trustpilot",
    platform="trustpilot",
    subject="acme/shop",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    secret="whsec_",
    person_key=b"k" * 32,
)
REVIEW = {"id": "r-1", "stars": 4, "createdAt": "2026-02-14T10:15:30Z"}


def normalise(body):
    return ADAPTERS["trustpilot"].normalise(body, SOURCE)


def read(name, **data):
    [instruction] = normalise({"eventName": name, "version": "1", "eventData": data})
    return instruction


@pytest.mark.parametrize("what", ["service", "product"])
def test_each_event_becomes_its_instruction(what):
    assert isinstance(read(f"{what}-review-created", **REVIEW), CreateReview)
    assert isinstance(read(f"{what}-review-updated", **REVIEW), EditReview)
    assert read(f"{what}-review-deleted", id="r-1") == RemoveReview(external_id="r-1")


@pytest.mark.parametrize("name", ["foo", "service-review-moderated", ""])
def test_an_unknown_event_is_ignored_and_the_others_are_kept(name):
    unknown = {"eventName": name, "eventData": REVIEW}
    known = {"eventName": "service-review-created", "eventData": REVIEW}
    instructions = normalise({"events": [unknown, known, unknown]})
    assert [type(instruction) for instruction in instructions] == [Ignored, CreateReview, Ignored]
    assert repr(name) in instructions[0].reason


@pytest.mark.parametrize("event", [None, "x", {}, {"eventName": 5, "eventData": REVIEW}])
def test_an_event_without_a_name_is_quarantined(event):
    [instruction] = normalise({"events": [event]})
    assert "eventName" in instruction.reason


@pytest.mark.parametrize("written", ["2026-02-14T10:15:30Z", "2026-02-14T10:15:30.000Z", "2026-02-14T11:15:30+01:00"])
def test_a_time_may_have_milliseconds(written):
    instruction = read("service-review-created", **{**REVIEW, "createdAt": written})
    assert instruction.content.published_at == datetime(2026, 2, 14, 10, 15, 30, tzinfo=UTC)


def test_there_is_no_version_so_the_order_of_receipt_counts():
    assert read("service-review-updated", **REVIEW).version is None


def test_a_consumer_is_a_person_of_the_platform():
    instruction = read("service-review-created", **REVIEW, consumer={"id": "c-1", "name": "Ann"})
    assert instruction.content.person == "trustpilot:c-1"
    assert "Ann" not in repr(instruction)


def test_labels_order_and_place_are_tags():
    instruction = read(
        "product-review-created",
        **REVIEW,
        tags=[{"group": "Shop", "value": "Online"}, {"group": None, "value": "Summer"}, {}],
        referenceId="O-1",
        locationId="L-1",
    )
    assert instruction.content.tags == ("Shop:Online", "Summer", "reference:O-1", "location:L-1", "product-review")


def test_an_update_leaves_alone_what_it_does_not_speak_of():
    instruction = read("service-review-updated", id="r-1", stars=2)
    assert instruction.content == Content(rating=2.0, scale=Scale(1.0, 5.0), kind=Kind.STARS, tags=())


@pytest.mark.parametrize("link", ["javascript:alert(1)", "ftp://x.example", "https://" + "x" * 2_050])
def test_an_unusable_link_does_not_cost_the_review(link):
    assert read("service-review-created", **REVIEW, link=link).content.url is UNSET


@pytest.mark.parametrize("stars", [0, 6, -1])
def test_stars_off_the_scale_are_quarantined(stars):
    assert "off its scale" in read("service-review-created", **{**REVIEW, "stars": stars}).reason


@pytest.mark.parametrize(("field", "wrong"), [("id", 5), ("stars", "4"), ("createdAt", "2026"), ("isVerified", "no")])
def test_a_wrong_field_is_named(field, wrong):
    assert f"eventData.{field}" in read("service-review-created", **{**REVIEW, field: wrong}).reason


@pytest.mark.parametrize("body", [None, [], 5, "x", {}, {"events": None}, {"events": {}}])
def test_another_body_is_unusable(body):
    with pytest.raises(UnusableBodyError, match="events"):
        normalise(body)


@pytest.mark.skipif(not VECTORS.exists(), reason=f"no published payloads at {VECTORS}")
def test_the_genuine_payloads_are_read():
    entries = json.loads(VECTORS.read_text())["entries"]
    bodies = [entry["payload"] for entry in entries if entry["platform"] == "Trustpilot" and "payload" in entry]
    captured, documented = (normalise(body) for body in bodies)

    first, unknown = captured
    assert isinstance(unknown, Ignored)
    assert isinstance(first, CreateReview)
    assert first.external_id == bodies[0]["events"][0]["eventData"]["id"]
    assert (first.content.rating, first.content.verified, first.content.language) == (4.0, True, "en")
    assert first.content.published_at == datetime(2022, 7, 8, 22, 41, 48, tzinfo=UTC)
    assert first.content.person == "trustpilot:bbbbb"
    assert first.content.tags == ("reference:XELeKJriAxDQq3ps",)

    [only] = documented
    assert only.content.published_at == datetime(2017, 5, 20, 9, 34, 44, tzinfo=UTC)
    assert only.content.tags[0] == "Generic:Tag value"
