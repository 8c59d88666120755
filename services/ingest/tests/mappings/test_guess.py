"""Guesses: what is sure, what is likely, and what is left to whoever knows the platform."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.ingest.mappings.domain.guess import guess
from plaudit.ingest.mappings.domain.names import KNOWN
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.platforms.expressions import BoundedInterpreter, Expression
from plaudit.ingest.platforms.mapping import FIELDS
from plaudit_testing.platforms import FIXTURES, FOLDER, platform_of
from plaudit_testing.shared import shared


def fixture(platform, name):
    return json.loads((FOLDER / platform / "fixtures" / f"{name}.json").read_text())


def found(body):
    return {each.field: each.expression for each in guess(body).fields}


def sure(body):
    return {each.field for each in guess(body).fields if each.confidence == "sure"}


def unclear(body):
    return {each.field: each.candidates for each in guess(body).unclear}


@pytest.mark.parametrize(
    ("platform", "name", "events", "expressions"),
    [
        ("judge_me", "created", None, ("review.id", "review.rating", "review.created_at")),
        ("stamped", "plain", None, ("id", "reviewRating", "dateCreated")),
        ("yotpo", "older", None, ("data.id", "data.score", "data.created_at")),
        ("trustpilot", "batch", "events", ("eventData.id", "eventData.stars", "eventData.createdAt")),
        ("trusted_shops", "page", "items", ("id", "rating", "submittedAt")),
        ("bazaarvoice", "page", "Results", ("Id", "Rating", "SubmissionTime")),
        ("yelp", "excerpts", "reviews", ("id", "rating", "time_created")),
        ("g2", "page", "data", ("id", "attributes.star_rating", "attributes.published_at")),
        ("woocommerce", "rows", None, ("id", "rating", "date_created")),
        ("okendo", "update", None, ("resource.reviewId", "resource.rating", "resource.dateCreated")),
    ],
)
def test_what_is_needed_is_found_in_payloads_of_platforms(platform, name, events, expressions):
    body = fixture(platform, name)
    names = found(body)
    assert guess(body).events == events
    assert (names["id"], names["rating"], names["published_at"]) == expressions


def test_german_names_are_known():
    event = {
        "bewertungsId": "B-1",
        "sterne": "2,5",
        "kommentar": "Kalt",
        "Überschrift": "Schade",
        "erstelltAm": "2026-11-28T18:30:00Z",
    }
    names = {"id": "bewertungsId", "rating": "sterne", "text": "kommentar", "published_at": "erstelltAm"}
    assert found({"bewertungen": [event]}) == {**names, "title": '"Überschrift"'}
    assert found({"bewertungen": [{**event, "bewertung": "Gut"}]})["rating"] == "sterne"


def test_where_no_name_is_known_the_events_are_an_array_of_the_body():
    assert guess({"lähetys": 1, "arviot": [{"numero": "a"}, {"numero": "b"}]}).events == "arviot"
    assert guess({"numero": "a"}).events is None


def test_a_customer_and_an_answer_are_not_the_review():
    body = fixture("judge_me", "created")
    assert found(body)["author_id"] == "review.reviewer.id"
    assert found(body)["author_email"] == "review.reviewer.email"
    page = fixture("trusted_shops", "page")
    assert (found(page)["text"], found(page)["answer"]) == ("comment", "reply.comment")
    assert found(page)["answered_at"] == "reply.createdAt"
    assert "author_id" not in found({"id": 1, "rating": 4, "order": {"id": 2}})


def test_an_answer_in_an_array_is_the_first_one():
    body = {"id": 1, "replies": [{"body": "Thanks.", "created_at": "2026-03-02T10:00:00Z"}]}
    assert found(body)["answer"] == "replies[0].body"


def test_what_several_members_may_be_is_likely_and_says_so():
    body = {"id": 1, "rating": 4, "published_at": "2026-03-02T10:00:00Z", "created_at": "2026-03-01T10:00:00Z"}
    [time] = [each for each in guess(body).fields if each.field == "published_at"]
    assert (time.expression, time.confidence) == ("published_at", "likely")
    assert "created_at" in time.reason
    assert sure(body) == {"id", "rating"}


def test_what_not_every_event_has_is_likely_and_says_so():
    [title] = [each for each in guess([{"title": "A"}, {"id": 2}]).fields if each.field == "title"]
    assert (title.confidence, "1 of 2 events lack it" in title.reason) == ("likely", True)


def test_what_is_needed_and_has_no_name_is_listed_with_what_it_may_be():
    body = {"key": "a b", "grade2": 4, "posted_on": "2026-03-02T10:00:00Z"}
    assert found(body) == {}
    candidates = unclear(body)
    assert "key" in candidates["id"]
    assert candidates["rating"] == ("grade2",)
    assert candidates["published_at"] == ("posted_on",)


def test_ratings_in_words_are_not_guessed():
    body = {"id": 1, "rating": "FIVE", "created_at": "2026-03-02T10:00:00Z"}
    assert "rating" not in found(body)
    [rating] = [each for each in guess(body).unclear if each.field == "rating"]
    assert (rating.candidates, "words" in rating.reason) == (("rating",), True)


@pytest.mark.parametrize("rating", [8, "7,5", 0, -1, 60])
def test_a_scale_that_is_not_one_to_five_is_asked_for(rating):
    [scale] = [each for each in guess({"rating": rating}).unclear if each.field == "scale_max"]
    assert "say both ends" in scale.reason


def test_the_ends_of_a_scale_beside_the_rating_are_found():
    assert found({"rating": {"min": 1, "max": 10, "rating": 7}})["scale_max"] == "rating.max"
    assert found({"Rating": 4, "RatingRange": 5})["scale_max"] == "RatingRange"


def test_a_zone_a_status_a_version_and_the_proof_are_asked_for():
    body = {"created": "2026-03-02 10:00:00", "state": "live", "version": 3}
    assert unclear(body).keys() >= {"time_zone", "removed", "version", "proof"}
    assert unclear(body)["removed"] == ("state",)
    assert "time_zone" not in unclear({"created": "2026-03-02T10:00:00Z"})
    assert "time_zone" not in unclear({"created": 1772445600})


def test_what_happened_is_told_by_words_and_only_those_seen_are_known():
    events = [{"type": "review.created", "id": 1}, {"type": "review.deleted", "id": 2}, {"type": "ping", "id": 3}]
    said = guess(events)
    assert said.words == {"event": {"review.created": "created", "review.deleted": "removed"}}
    assert "event" in unclear(events)
    assert guess([{"type": "SERVICE_REVIEW"}]).words == {}


@pytest.mark.parametrize("body", [None, 1, "x", [], [1, 2], True])
def test_a_body_without_objects_has_no_mapping(body):
    assert found(body) == {}
    assert "events" in unclear(body)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_every_expression_is_one_of_a_mapping_and_nothing_stands_twice(path):
    said = guess(json.loads(path.read_text()))
    names = [each.field for each in said.fields]
    assert len(names) == len(set(names))
    assert set(names) <= set(FIELDS)
    for each in said.fields:
        Expression(each.expression)
    if said.events is not None:
        Expression(said.events)


def test_an_id_that_stands_with_no_rating_is_not_sure():
    assert sure({"id": 7, "rating": 4}) == {"id", "rating"}
    assert "id" not in sure({"id": 7, "text": "x"})
    assert "id" not in sure({"page": {"id": 7}, "review": {"rating": 4}})


def expected_of(row):
    expected = row.get("expected")
    expected = expected[0] if isinstance(expected, list) else expected
    return expected if isinstance(expected, dict) and expected.get("rating_raw") is not None else None


def test_what_is_sure_of_an_id_or_a_rating_is_right_in_payloads_of_platforms():
    entries = json.loads(shared("vectors", "platform_payloads_2.json").read_text())
    used = 0
    for row in entries if isinstance(entries, list) else entries["entries"]:
        expected = expected_of(row)
        if expected is None or isinstance(row["payload"], str) or row["platform"] == "Google Business Profile":
            continue  # Google's ids are paths, which no member holds.
        said, interpreter = guess(row["payload"]), BoundedInterpreter()
        events = Expression(said.events or "@").search(row["payload"], interpreter)
        event = events[0] if isinstance(events, list) else events
        for each in said.fields:
            if each.confidence == "sure" and each.field in {"id", "rating"}:
                wanted = expected["id" if each.field == "id" else "rating_raw"]
                assert str(Expression(each.expression).search(event, interpreter)) == str(wanted), row["platform"]
                used += 1
    sys.stdout.write(f"used: {used} fields\n")
    assert used >= 30


def test_a_name_that_jmespath_must_quote_is_quoted():
    assert found({"Review Id": 1, "a-b": {"rating": 4}}) == {"id": '"Review Id"', "rating": '"a-b".rating'}


def test_each_known_field_is_one_of_a_mapping():
    assert set(KNOWN) <= set(FIELDS)
    assert all(known.names for known in KNOWN.values())
    assert len({platform_of(path) for path in FIXTURES}) == len(ADAPTERS)


names = st.text() | st.sampled_from(["id", "rating", "replies", "created", "type"])
scraps = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
inner = scraps | st.lists(scraps, max_size=4) | st.dictionaries(names, scraps, max_size=4)
bodies = inner | st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4)


@given(bodies)
def test_a_guess_never_fails(body):
    said = guess(body)
    for each in said.fields:
        Expression(each.expression)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (["28.11.2026 18:30"], "in the order day, month, year"),
        (["11/28/2026"], "in the order month, day, year"),
        (["28-11-2026", "01-02-2026"], "in the order day, month, year"),
        (["05/03/2026, 6:30 PM"], "could be either way round, which is not guessed"),
        (["28.11.2026", "11.28.2026"], "could be either way round, which is not guessed"),
    ],
)
def test_dates_as_people_write_them_are_no_times_and_what_to_do_is_said(written: list[str], said: str):
    body = [{"id": f"r-{n}", "rating": 4, "datum": each, "updated_at": each} for n, each in enumerate(written)]
    found = guess(body)
    assert not {"published_at", "edited_at"} & {each.field for each in found.fields}
    unclear = {each.field: each for each in found.unclear}
    for name, expression in (("published_at", "datum"), ("edited_at", "updated_at")):
        assert said in unclear[name].reason
        assert "let the sender write one of these, or import the reviews as a file" in unclear[name].reason
        assert unclear[name].candidates == (expression,)


def test_dates_of_something_else_are_not_taken_for_the_reviews():
    reasons = {each.field: each.reason for each in guess({"id": 1, "order": {"date": "28.11.2026"}}).unclear}
    assert "these are dates" not in reasons["published_at"]
