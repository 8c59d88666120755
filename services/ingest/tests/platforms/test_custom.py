"""Mappings of custom sources: what cannot be one, what it proves and tells, and how it reads."""

import json
import re
from pathlib import Path

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from plaudit.ingest.platforms import ADAPTERS, UnusableBodyError
from plaudit.ingest.platforms.mapped_fields import READERS
from plaudit.ingest.platforms.mapping import FIELDS, compiled
from plaudit.ingest.platforms.proofs import (
    AsymmetricStandardWebhooks,
    HmacSignature,
    PathToken,
    SharedSecretHeader,
    StandardWebhooks,
)
from plaudit.ingest.reviews.domain.instructions import (
    AnswerReview,
    AnswerState,
    CreateReview,
    EditReview,
    Ignored,
    Quarantined,
    RemoveReview,
    RestoreReview,
)
from plaudit.ingest.reviews.domain.state import Kind
from plaudit.ingest.sources.domain import InvalidMappingError
from plaudit_testing.platforms import source_of

NEEDED = {"id": "id", "rating": "rating", "published_at": "at"}
EVENT = {"id": "r-1", "rating": 4, "at": "2026-03-02T10:00:00Z"}


def written(fields=(), proof=None, **others):
    return json.dumps({"fields": {**NEEDED, **dict(fields)}, "proof": proof or {"kind": "path-token"}, **others})


def read(body, mapping=None, **changes):
    source = replace(source_of("custom"), mapping=mapping or written(), **changes)
    return ADAPTERS["custom"].read(json.dumps(body).encode(), source)


def read_one(event, **fields):
    [item] = read({**EVENT, **event}, written(fields))
    return item


@pytest.mark.parametrize(
    ("mapping", "pointer", "reason"),
    [
        ("[]", "", "object"),
        ('{"fields": {}}', "", "proof"),
        (json.dumps({"fields": {}, "proof": {"kind": "path-token"}}), "/fields/id", "missing"),
        (written({"colour": "x"}), "/fields/colour", "no field"),
        (written({"text": "a["}), "/fields/text", "JMESPath"),
        (written(events="a["), "/events", "JMESPath"),
        (written({"scale_min": "`0`"}), "/fields/scale_max", "missing"),
        (written({"answered_at": "x"}), "/fields/answer", "missing"),
        (written(words={"text": {"a": True}}), "/words/text", "no words"),
        (written(words={"rating": {"a": True}}), "/words/rating", "numbers"),
        (written(words={"removed": {"a": 1}}), "/words/removed", "true or false"),
        (written(words={"event": {"a": "born"}}), "/words/event", "created"),
        (written(words={"event": {"A": "created", "a ": "edited"}}), "/words/event", "twice"),
        (written(words={"rating": {}}), "/words/rating", "1 to 50"),
        (written(proof={"kind": "hmac"}), "/proof/header", "missing"),
        (written(surprise=1), "", "surprise"),
    ],
)
def test_what_cannot_be_a_mapping_is_refused_by_its_member(mapping, pointer, reason):
    with pytest.raises(InvalidMappingError) as refused:
        compiled(mapping)
    [member] = [member for member in refused.value.members if member.pointer == pointer]
    assert reason in member.reason


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(InvalidMappingError) as refused:
        compiled(json.dumps({"fields": {"rating": "[", "text": "&a"}, "proof": {"kind": "path-token"}}))
    assert [member.pointer for member in refused.value.members] == [
        *("/fields/rating", "/fields/text", "/fields/id", "/fields/published_at"),
    ]


def test_each_field_has_its_reader():
    assert sorted(READERS) == sorted(FIELDS)


@pytest.mark.parametrize(
    ("proof", "made"),
    [
        ({"kind": "standard-webhooks"}, StandardWebhooks()),
        ({"kind": "standard-webhooks-v1a"}, AsymmetricStandardWebhooks()),
        ({"kind": "path-token", "id_header": "X-Id"}, PathToken(id_header=b"x-id")),
        ({"kind": "secret-header", "header": "X-Secret"}, SharedSecretHeader(header=b"x-secret")),
        (
            {"kind": "hmac", "header": "X-Sign", "digest": "sha512", "encoding": "base64", "prefix": "v1="},
            HmacSignature(header=b"x-sign", digest="sha512", encoding="base64", prefix=b"v1="),
        ),
        (
            {
                "kind": "hmac",
                "header": "X-Sign",
                "timestamp_header": "X-Time",
                "timestamp_form": "iso",
                "separator": "",
            },
            HmacSignature(header=b"x-sign", timestamp_header=b"x-time", timestamp_form="iso", separator=b""),
        ),
    ],
)
def test_a_mapping_says_what_proves_deliveries(proof, made):
    assert ADAPTERS["custom"].of(written(proof=proof)).proof == made


def test_what_a_source_tells_follows_from_its_mapping():
    plain = ADAPTERS["custom"].of(written()).tells
    assert {plain.edits, plain.removals, plain.restorations, plain.answers, plain.versions} == {"never"}
    fields = {"answer": "a", "version": "v", "verified": "b", "location": "l", "event": "e"}
    tells = ADAPTERS["custom"].of(written(fields, words={"event": {"x": "created", "y": "removed"}})).tells
    assert (tells.edits, tells.removals, tells.restorations) == ("push", "push", "never")
    assert (tells.answers, tells.versions, tells.verified, tells.location) == ("push",) * 4


def test_only_a_custom_source_takes_a_mapping_and_it_needs_one():
    with pytest.raises(InvalidMappingError, match="takes none"):
        ADAPTERS["yotpo"].of(written())
    with pytest.raises(InvalidMappingError, match="is missing"):
        ADAPTERS["custom"].of(None)


def test_events_are_where_the_mapping_says_or_the_body_itself():
    assert len(read([EVENT, EVENT])) == 2
    assert len(read(EVENT)) == 1
    assert len(read({"data": {"items": [EVENT] * 3}}, written(events="data.items"))) == 3
    assert len(read({"data": EVENT}, written(events="data"))) == 1
    assert len(read([{"r": EVENT}, {"r": EVENT}], written(events="[*].r"))) == 2
    assert read([]) == []


@pytest.mark.parametrize("body", [{}, {"data": 1}, {"data": {"items": "x"}}, None, "x", 1])
def test_a_body_without_events_is_refused_as_a_whole(body):
    with pytest.raises(UnusableBodyError, match=r"data\.items"):
        read(body, written(events="data.items"))


def test_at_most_a_thousand_events_are_in_a_delivery():
    with pytest.raises(UnusableBodyError, match="at most 1,000"):
        read([EVENT] * 1_001)
    assert len(read([EVENT] * 1_000)) == 1_000


@pytest.mark.parametrize("name", ["id", "rating", "published_at"])
def test_what_is_needed_and_missing_quarantines_its_event_with_its_expression(name):
    missing = {key: value for key, value in EVENT.items() if key != NEEDED[name]}
    broken, sound = read([missing, EVENT])
    assert broken == Quarantined(f"{name} ({NEEDED[name]}): is missing")
    assert isinstance(sound, CreateReview)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("text", 1, "must be a text"),
        ("language", "Klingon, really", "BCP 47"),
        ("verified", "perhaps", "yes or a no"),
        ("version", 1.5, "whole number"),
        ("version", 2**63, "whole number"),
        ("version", -1, "whole number"),
        ("kind", "applause", "must be one of"),
        ("edited_at", "yesterday", "must be a time"),
        ("edited_at", "2016-12-31T23:60Z", "must be a time of the calendar"),
        ("edited_at", "2016-12-31T23:59:60Z", "write a leap second as the second before or after it"),
        ("tags", "a label", "array of texts"),
        ("author_id", {"a": 1}, "must be a text"),
    ],
)
def test_a_value_that_cannot_be_read_quarantines_its_event_and_is_not_quoted(name, value, reason):
    item = read_one({"x": value}, **{name: "x"})
    assert isinstance(item, Quarantined)
    assert item.reason.startswith(f"{name} (x): ")
    assert reason in item.reason
    assert not isinstance(value, str) or value not in item.reason


def test_what_is_null_or_absent_was_not_mentioned():
    optional = {name: f"none.{name}" for name in ("title", "text", "url", "author_email", "answer", "tags", "version")}
    content = read_one({}, **optional).content
    assert {content.title, content.text, content.url, content.person, content.answer, content.tags} == {UNSET}
    assert read_one({"x": ""}, text="x").content.text is None
    assert read_one({"x": ""}, answer="x").content.answer.state is AnswerState.REMOVED


def test_a_version_is_whole_whatever_its_size():
    assert read_one({"x": 2**63 - 1}, version="x").version == 2**63 - 1
    assert read_one({"x": "7"}, version="x").version == 7


def test_a_rating_is_on_the_scale_of_its_kind_or_of_the_mapping():
    assert isinstance(read_one({"rating": 8}), Quarantined)
    ten = read_one({"rating": "8,5"}, scale_min="`0`", scale_max="`10`").content
    assert (ten.rating, ten.scale.min, ten.scale.max) == (8.5, 0.0, 10.0)
    assert read_one({"rating": 9}, kind="'nps'").content.kind is Kind.NPS
    assert isinstance(read_one({"rating": 0.5}, kind="'thumbs'"), Quarantined)


@pytest.mark.parametrize("name", ["kind", "scale_min"])
def test_a_scale_that_the_mapping_names_and_the_event_lacks_is_not_made_up(name):
    fields = {"kind": "x"} if name == "kind" else {"scale_min": "x", "scale_max": "`10`"}
    assert read_one({}, **fields) == Quarantined(f"{name} (x): is missing")


def test_a_time_without_a_zone_is_in_that_of_the_source_and_none_is_made_up():
    [item] = read({**EVENT, "at": "2026-03-02 10:00"}, time_zone=None)
    assert isinstance(item, Quarantined)
    assert "set time_zone" in item.reason


def test_events_are_told_apart_by_their_words():
    words = {"event": {"New": "created", "upd": "edited", "del": "removed", "back": "restored", "re": "answered"}}
    mapping = written({"event": "what", "answer": "reply"}, words=words)
    sent = [{**EVENT, "what": word, "reply": "Thanks."} for word in ("new", "UPD", "del", "back", "re")]
    kinds = [CreateReview, EditReview, RemoveReview, RestoreReview, AnswerReview]
    assert [type(item) for item in read(sent, mapping)] == kinds
    other, missing = read([{**EVENT, "what": "ping"}, EVENT], mapping)
    assert isinstance(other, Ignored)
    assert missing == Quarantined("event (what): is missing")


def test_without_words_the_events_have_our_names():
    mapping = written({"event": "what"})
    assert [type(item) for item in read([{**EVENT, "what": each} for each in ("created", "removed")], mapping)] == [
        *(CreateReview, RemoveReview),
    ]
    assert isinstance(read({"what": "answered", "id": 1}, mapping)[0], Quarantined)


def test_an_edit_needs_only_what_changed():
    [item] = read({"id": 1, "what": "edited", "t": "New."}, written({"event": "what", "text": "t"}))
    assert isinstance(item, EditReview)
    assert (item.content.text, item.content.rating, item.content.published_at) == ("New.", UNSET, UNSET)


def test_a_status_that_is_not_public_is_a_removal_that_waits_for_nothing_unless_it_has_a_version():
    words = {"removed": {"live": False, "hidden": True}}
    fields = {"removed": "state", "version": "v"}
    hidden, later, live, odd = read(
        [{**EVENT, "state": "hidden"}, {**EVENT, "state": "Hidden", "v": 3}, {**EVENT, "state": "live"},
         {**EVENT, "state": "odd"}],
        written(fields, words=words),
    )  # fmt: skip
    assert (hidden.is_standing, later.is_standing, later.version) == (True, False, 3)
    assert isinstance(live, CreateReview)
    assert isinstance(odd, Quarantined)


def test_expressions_that_use_up_the_steps_quarantine_the_events_that_are_left():
    many = {**EVENT, "many": list(range(50_000))}
    mapping = written({"text": "to_string(length([many, many][]))"})
    items = read([many] + [{**EVENT, "many": []}] * 2, mapping)
    assert isinstance(items[0], CreateReview)
    items = read([many], written({"text": "to_string(sum(many[?@ > `1`]))"}))
    assert "steps" in items[0].reason


def test_a_field_that_strict_json_refuses_costs_its_event_alone():
    source = replace(source_of("custom"), mapping=written())
    body = b'[{"id": 1, "rating": NaN, "at": 1}, {"id": 2, "rating": 4, "at": 1772445600}, {"id": 3, "id": 3}]'
    broken, sound, twice = ADAPTERS["custom"].read(body, source)
    assert "NaN" in broken.reason
    assert isinstance(sound, CreateReview)
    assert isinstance(twice, Quarantined)


def test_the_mapping_of_the_guide_is_one():
    guide = (Path(__file__).parents[4] / "docs" / "custom-sources.md").read_text()
    [mapping] = re.findall(r"```json\n(.*?)```", guide, re.DOTALL)
    assert compiled(mapping).events.text == "data.items"
    assert set(re.findall(r"`([a-z_]+)`", guide)) >= set(FIELDS)
