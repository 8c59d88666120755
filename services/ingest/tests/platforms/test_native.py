"""The native format, field by field."""

from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from plaudit.ingest.platforms.native.adapter import read_event
from plaudit.ingest.reviews.domain.instructions import (
    AnswerContent,
    AnswerReview,
    AnswerState,
    Content,
    CreateReview,
    EditReview,
    Ignored,
    Instruction,
    Quarantined,
    RemoveReview,
    RestoreReview,
)
from plaudit.ingest.reviews.domain.scales import Scale
from plaudit.ingest.reviews.domain.state import Kind, Origin
from plaudit.ingest.sources.domain import KeyedSource

SOURCE = KeyedSource(
    id="source-1",
    tenant_id="default",
    name="Shop",
    platform="native",
    subject="acme",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    secret="whsec_",
    person_key=b"k" * 32,
)
WHOLE = {"id": "r-1", "rating": 4, "published_at": "2026-02-14T10:15:30Z"}
PUBLISHED = datetime(2026, 2, 14, 10, 15, 30, tzinfo=UTC)


def created(**data):
    return read_event({"type": "review.created", "data": {**WHOLE, **data}}, SOURCE)


def edited(**data):
    return read_event({"type": "review.edited", "data": {"id": "r-1", **data}}, SOURCE)


def reason(instruction):
    assert isinstance(instruction, Quarantined), instruction
    return instruction.reason


def test_a_creation_needs_id_rating_and_time():
    expected = Content(rating=4.0, kind=Kind.STARS, scale=Scale(1.0, 5.0), published_at=PUBLISHED)
    assert created() == CreateReview(external_id="r-1", content=expected)


@pytest.mark.parametrize("field", ["id", "rating", "published_at"])
def test_a_creation_without_one_of_them_names_it(field):
    data = {name: value for name, value in WHOLE.items() if name != field}
    assert field in reason(read_event({"type": "review.created", "data": data}, SOURCE))


def test_a_time_without_a_zone_is_told_in_plain_words():
    data = {**WHOLE, "published_at": "2026-01-31T09:00:00"}
    why = reason(read_event({"type": "review.created", "data": data}, SOURCE))
    assert "published_at" in why
    assert "Expected a time with its zone" in why


def test_a_leap_second_is_quarantined_with_what_to_write_in_its_place():
    data = {**WHOLE, "published_at": "2016-12-31T23:59:60Z"}
    why = reason(read_event({"type": "review.created", "data": data}, SOURCE))
    assert "published_at" in why
    assert "seconds go from 00 to 59: write a leap second as the second before or after it" in why


def test_every_field_is_read():
    instruction = created(
        version=3,
        subject="acme/berlin",
        scale={"min": 0, "max": 10},
        kind="csat",
        title="Hm",
        text="Good",
        language="pt-BR",
        edited_at="2026-02-15T10:00:00+02:00",
        author={"id": "c-1", "name": "Ann"},
        verified=True,
        origin="incentivised",
        tags=["a", "b"],
        url="https://x.example/r",
        answer={"text": "Thanks", "published_at": "2026-02-16T10:00:00Z", "state": "pending"},
    )
    assert instruction == CreateReview(
        external_id="r-1",
        version=3,
        content=Content(
            subject="acme/berlin",
            rating=4.0,
            scale=Scale(0.0, 10.0),
            kind=Kind.CSAT,
            published_at=PUBLISHED,
            edited_at=datetime(2026, 2, 15, 8, 0, tzinfo=UTC),
            title="Hm",
            text="Good",
            language="pt-BR",
            url="https://x.example/r",
            person="native:c-1",
            verified=True,
            origin=Origin.INCENTIVISED,
            tags=("a", "b"),
            answer=AnswerContent(
                text="Thanks", published_at=datetime(2026, 2, 16, 10, tzinfo=UTC), state=AnswerState.PENDING
            ),
        ),
    )


def test_times_are_read_into_utc():
    instruction = created(published_at="2026-02-14T11:15:30.123456+01:00")
    assert instruction.content.published_at == PUBLISHED.replace(microsecond=123_456)
    assert instruction.content.published_at.tzinfo is UTC


def test_unknown_fields_are_ignored():
    assert created(loyalty="gold", author={"id": "c-1", "age": 44}) == created(author={"id": "c-1"})
    assert read_event(
        {"type": "review.removed", "id": 5, "data": {"id": "r-1", "rating": "x"}}, SOURCE
    ) == RemoveReview(external_id="r-1")


def test_an_edit_needs_the_id_and_what_is_new():
    assert edited(subject="acme/berlin", version=2) == EditReview(
        external_id="r-1", version=2, content=Content(subject="acme/berlin")
    )


def test_null_takes_texts_and_author_away_and_is_nothing_elsewhere():
    nothing = dict.fromkeys(["title", "text", "language", "url", "author"])
    assert edited(**nothing).content == Content(title=None, text=None, language=None, url=None, person=None)
    elsewhere = ["subject", "rating", "scale", "kind", "published_at", "edited_at", "version", "verified", "origin"]
    assert edited(**dict.fromkeys([*elsewhere, "tags", "answer"])) == edited()


def test_an_edit_with_a_rating_alone_leaves_its_scale_to_what_is_stored():
    assert edited(rating=9).content == Content(rating=9.0)
    assert edited(rating=9).content.scale is UNSET


def test_removal_restoration_and_answer_need_only_the_id_and_the_answer():
    assert read_event({"type": "review.removed", "data": {"id": "r-1", "version": 4}}, SOURCE) == RemoveReview(
        external_id="r-1", version=4
    )
    assert read_event({"type": "review.restored", "data": {"id": "r-1"}}, SOURCE) == RestoreReview(external_id="r-1")
    answered = {"type": "review.answered", "data": {"id": "r-1", "answer": {"text": "Thanks"}}}
    assert read_event(answered, SOURCE) == AnswerReview(external_id="r-1", answer=AnswerContent(text="Thanks"))


@pytest.mark.parametrize(
    ("field", "wrong", "says"),
    [
        ("id", "", "data.id"),
        ("id", "x" * 201, "data.id"),
        ("id", "a\nb", "data.id"),
        ("id", 5, "data.id"),
        ("rating", "4", "data.rating"),
        ("rating", True, "data.rating"),
        ("rating", None, "data.rating"),
        ("rating", 6, "off its scale"),
        ("published_at", "2026-02-14T10:15:30", "data.published_at"),
        ("published_at", "yesterday", "data.published_at"),
        ("published_at", 1_700_000_000, "data.published_at"),
        ("published_at", "1969-12-31T23:59:59Z", "before 1970"),
        ("published_at", "0001-01-01T00:00:00+10:00", "no time that we can keep"),
        ("edited_at", "9999-12-31T23:59:59-10:00", "no time that we can keep"),
        ("version", 1.5, "data.version"),
        ("version", "1", "data.version"),
        ("version", 2**63, "data.version"),
        ("subject", "other", "data.subject"),
        ("subject", "acme2", "data.subject"),
        ("subject", "acme/Berlin", "data.subject"),
        ("subject", "acme/" + "/".join("abcdef"), "data.subject"),
        ("kind", "emoji", "data.kind"),
        ("scale", {"min": 1}, "data.scale"),
        ("scale", {"min": 5, "max": 1}, "is none"),
        ("origin", "paid", "data.origin"),
        ("verified", "yes", "data.verified"),
        ("tags", ["x"] * 51, "data.tags"),
        ("tags", ["x" * 101], "data.tags"),
        ("tags", "x", "data.tags"),
        ("language", "x" * 36, "data.language"),
        ("language", "<script>", "data.language: is no language tag"),
        ("language", "pt_BR", "data.language: is no language tag"),
        ("url", "javascript:alert(1)", "data.url"),
        ("url", "https://x.example/a b", "data.url"),
        ("url", "https://" + "x" * 2_050, "data.url"),
        ("author", "Ann", "data.author"),
        ("author", {"email": "x" * 321}, "data.author.email"),
        ("answer", {"state": "loud"}, "data.answer.state"),
        ("answer", {"published_at": "2026"}, "data.answer.published_at"),
        ("title", 5, "data.title"),
        ("text", ["x"], "data.text"),
    ],
)
def test_a_wrong_field_is_named(field, wrong, says):
    assert says in reason(created(**{field: wrong}))


@pytest.mark.parametrize("kind", ["review.liked", "created", "webhook.test", ""])
def test_another_type_is_ignored_by_its_name(kind):
    ignored = read_event({"type": kind, "data": WHOLE}, SOURCE)
    assert isinstance(ignored, Ignored)
    assert repr(kind) in ignored.reason


@pytest.mark.parametrize("kind", [None, 5, ["review.created"], {}])
def test_what_is_no_type_is_answered_with_those_there_are(kind):
    assert "review.created, review.edited" in reason(read_event({"type": kind, "data": WHOLE}, SOURCE))


@pytest.mark.parametrize("item", [None, 5, "x", [], [WHOLE]])
def test_an_event_is_an_object(item):
    assert "object" in reason(read_event(item, SOURCE))


@pytest.mark.parametrize("data", [None, 5, "x", []])
@pytest.mark.parametrize("kind", ["created", "edited", "removed", "restored", "answered"])
def test_its_data_is_an_object(kind, data):
    assert reason(read_event({"type": f"review.{kind}", "data": data}, SOURCE)).startswith("data: Expected object")


def test_an_address_never_stands_in_an_instruction():
    instruction = created(author={"id": "ann@mail.example", "name": "Ann", "email": "ann@mail.example"})
    assert "ann" not in repr(instruction).lower()


FIELDS = [
    *("id", "subject", "rating", "scale", "kind", "title", "text", "language", "published_at", "edited_at", "version"),
    *("author", "verified", "origin", "tags", "url", "answer"),
]
# Sampled and not composed: to make recursive JSON takes Hypothesis longer than to read it takes us.
VALUES = [
    *(None, True, False, 0, 1, -1, 3, 6, 2**63, -(2**70), 0.5, 4.5, -0.0, 1e300, -1e-300),
    *(
        "",
        " ",
        "x",
        "r-1",
        "\0",
        "a\nb",
        "é",
        "💥",
        "x" * 300,
        "4",
        "true",
        "acme",
        "acme/berlin",
        "acme/Berlin",
        "other",
    ),
    *("stars", "nps", "ces", "thumbs", "organic", "paid", "en", "https://x.example/r", "javascript:x"),
    *("2026-02-14T10:15:30Z", "2026-02-14T10:15:30", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
    *([], [None], ["a"], ["a", 1], [[]], [{}], ["x"] * 51),
    *({}, {"": None}, {"min": 0, "max": 10}, {"min": 5, "max": 1}, {"min": 0}, {"min": "0", "max": 1e308}),
    *({"id": "c-1"}, {"id": 5}, {"email": "ann@mail.example"}, {"email": []}, {"name": {}, "id": None}),
    *({"text": "Thanks"}, {"text": None}, {"state": "removed"}, {"state": 1}, {"published_at": "2026-02-14"}),
    {"published_at": "2026-02-14T10:15:30Z", "text": ["x"]},
]
values = st.sampled_from(VALUES) | st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@given(
    kind=st.sampled_from(["created", "edited", "removed", "restored", "answered"]),
    data=st.lists(st.tuples(st.sampled_from(FIELDS), values), max_size=4).map(dict),
    whole=st.booleans(),
)
def test_whatever_is_sent_becomes_an_instruction_or_a_reason(kind, data, whole):
    event = {"type": f"review.{kind}", "data": {**WHOLE, **data} if whole else data}
    instruction = read_event(event, SOURCE)
    assert isinstance(instruction, get_args(Instruction | Quarantined))
    assert not isinstance(instruction, Quarantined) or instruction.reason
