"""What a check finds in a draft, what it leaves alone, and where it says that something stands."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.alerting.answers.domain.check import Draft, Kind, Review, check
from plaudit.alerting.answers.domain.kept_answer import (
    MOST_KEPT,
    Comparison,
    individuality,
    kept_answer,
)
from plaudit.common.contracts import Severity
from plaudit_testing.drafts import BY_PEOPLE, NAMES, REWORDED, SIGNED_BY_ANOTHER, TEMPLATE, TEMPLATE_OF_ANOTHER

NOW = datetime(2026, 3, 31, 9, tzinfo=UTC)
BEFORE = NOW - timedelta(days=3)
REVIEW = Review(
    text="The left hinge of the door broke on the second day, and the carpenter never came.",
    rating=1,
    author="Tom",
    product="Breeze 200",
    subject="acme/berlin",
)
GOOD = BY_PEOPLE[0].replace("should not happen", "should not happen, and I am sorry") + " Does noon suit you?"


def kept(text, review_id="earlier", published_at=BEFORE, review_text="The parcel was late.", names=NAMES):
    return kept_answer(
        tenant_id="default",
        review_id=review_id,
        revision=2,
        subject="acme/berlin",
        published_at=published_at,
        text=text,
        review_text=review_text,
        language="en",
        names=names,
    )


def draft(written, language="en", **review):
    return Draft(text=written, language=language, review=msgspec.structs.replace(REVIEW, **review))


def kinds(report):
    return [each.kind for each in report.findings]


def finding(report, kind):
    return next(each for each in report.findings if each.kind == kind)


def marked(text, found):
    return [text[span.start : span.end] for span in found.spans]


def test_an_individual_answer_has_no_finding():
    report = check(draft(GOOD), [kept(TEMPLATE), *(kept(each, each[:9]) for each in BY_PEOPLE[1:])], NOW)
    assert (kinds(report), report.skipped, report.compared_with) == ([], (), 4)
    assert report.nearest.similarity < 0.25


def test_the_template_for_another_customer_is_the_same_text_with_its_sentences_marked():
    text = TEMPLATE_OF_ANOTHER
    report = check(draft(text, author="Miller", product="Aurora X5"), [kept(TEMPLATE)], NOW)
    found = finding(report, Kind.SAME_TEXT)
    assert found.earlier.similarity == 1
    assert found.earlier.answer.review_id == "earlier"
    assert "28 March 2026: 100% alike" in found.message
    assert marked(text, found)[0].startswith("Thank you for your review of the Aurora")
    assert not any("Dear" in each or "regards" in each for each in marked(text, found))


def test_a_reworded_template_is_a_near_copy():
    report = check(draft(REWORDED, author="Sarah"), [kept(TEMPLATE)], NOW)
    assert Kind.NEAR_COPY in kinds(report)
    assert Kind.SAME_TEXT not in kinds(report)


def test_a_body_under_another_greeting_and_sign_off_is_told_as_such():
    report = check(draft(SIGNED_BY_ANOTHER, author="Sarah"), [kept(TEMPLATE)], NOW)
    found = finding(report, Kind.ONLY_GREETING_DIFFERS)
    assert marked(SIGNED_BY_ANOTHER, found) == ["Hello Sarah,", "Best wishes\nPeter"]
    assert Kind.SAME_TEXT not in kinds(report)
    assert Kind.SAME_TEXT in kinds(check(draft(TEMPLATE, author="Sarah"), [kept(TEMPLATE)], NOW))


def test_how_often_a_text_was_used_in_30_days_is_told():
    uses = [kept(TEMPLATE, f"r{days}", NOW - timedelta(days=days)) for days in (1, 2, 29, 31)]
    report = check(draft(TEMPLATE, author="Sarah"), uses, NOW)
    assert "published 3 times in 30 days" in finding(report, Kind.SAME_TEXT).message


def test_the_answer_of_the_review_itself_and_answers_of_later_are_no_earlier_ones():
    own = msgspec.structs.replace(draft(TEMPLATE), review_id="earlier")
    assert check(own, [kept(TEMPLATE)], NOW).nearest is None
    assert check(draft(TEMPLATE), [kept(TEMPLATE, published_at=NOW)], NOW).nearest is None


def test_a_short_text_is_not_compared_and_that_is_said():
    report = check(draft("Hi Tom, sorry, please call us.\nYour team"), [kept(TEMPLATE)], NOW)
    assert [each.kind for each in report.skipped] == [Kind.NEAR_COPY, Kind.ONLY_GREETING_DIFFERS, Kind.HARD_TO_READ]
    assert "fewer than 40 characters or 8 words" in report.skipped[0].reason


def test_an_answer_that_takes_up_nothing_of_the_review_is_told_what_it_could():
    report = check(draft(BY_PEOPLE[3]), [], NOW)
    found = finding(report, Kind.NOTHING_OF_THE_REVIEW)
    assert "“hinge”" in found.message
    assert found.spans == ()


def test_a_word_that_stands_in_many_answers_takes_up_nothing():
    text = "We are sorry. The door is checked by a colleague who calls tomorrow. Do you agree with that, please?"
    others = [kept(f"Door {number} is looked after, as each door is.", f"r{number}") for number in range(20)]
    assert Kind.NOTHING_OF_THE_REVIEW not in kinds(check(draft(text), [], NOW))
    assert Kind.NOTHING_OF_THE_REVIEW in kinds(check(draft(text), others, NOW))


def test_a_review_without_words_of_its_own_asks_for_none():
    report = check(draft(BY_PEOPLE[1], text="Bad!"), [], NOW)
    assert Kind.NOTHING_OF_THE_REVIEW in [each.kind for each in report.skipped]


@pytest.mark.parametrize(
    ("review", "expected"),
    [
        ({"rating": 1}, True),
        ({"rating": 3}, False),
        ({"rating": 5}, False),
        ({"rating": None}, False),
        ({"rating": 5, "severity": Severity.DRASTIC}, True),
        ({"rating": 1, "severity": Severity.NORMAL}, False),
    ],
)
def test_an_apology_and_an_offer_are_missed_where_the_review_is_negative(review, expected):
    report = check(draft("The hinge is a known part and was replaced by the carpenter on Monday.", **review), [], NOW)
    assert ({Kind.NO_APOLOGY, Kind.NO_QUESTION_OR_OFFER} <= set(kinds(report))) is expected


@pytest.mark.parametrize(
    "text", ["Which door?", "Write to a@acme.example.", "See https://acme.example.", "哪一扇门\uff1f"]
)
def test_a_question_or_an_address_keeps_the_conversation_open(text):
    assert Kind.NO_QUESTION_OR_OFFER not in kinds(check(draft(text), [], NOW))


def test_a_counter_attack_is_marked_by_its_kind():
    text = "Sorry, but you failed to read the manual. Nobody else complained. Call us about the hinge."
    report = check(draft(text), [], NOW)
    found = [each for each in report.findings if each.kind == Kind.COUNTER_ATTACK]
    assert [marked(text, each) for each in found] == [["you failed to"], ["Nobody else complained"]]
    assert "customer's fault" in found[0].message


def test_long_sentences_are_marked():
    text = f"Sorry about the hinge. {'We look at it and then we call, ' * 5}as said. Is it the left one?"
    found = finding(check(draft(text), [], NOW), Kind.HARD_TO_READ)
    assert [each[:7] for each in marked(text, found)] == ["We look"]
    assert "one sentence has more than 25 words" in found.message


def test_a_language_without_lists_is_told_and_the_rest_is_judged():
    report = check(draft(TEMPLATE, language="pl"), [kept(TEMPLATE)], NOW)
    assert {Kind.NO_APOLOGY, Kind.NO_QUESTION_OR_OFFER, Kind.COUNTER_ATTACK} == {each.kind for each in report.skipped}
    assert Kind.SAME_TEXT in kinds(report)


def test_spans_count_code_points_of_the_text_as_it_came():
    text = "😀😀 Dear Tom,\r\n\r\ne\u0301 you failed to call. Sorry! Hinge?"
    found = finding(check(draft(text), [], NOW), Kind.COUNTER_ATTACK)
    assert marked(text, found) == ["you failed to"]


@given(st.text(max_size=200), st.text(max_size=100), st.sampled_from(["en", "de", "fr", "zh", ""]))
def test_every_span_lies_within_any_draft(text, review_text, language):
    report = check(draft(text, language, text=review_text), [kept(TEMPLATE), kept(text, "same")], NOW)
    assert all(0 <= span.start <= span.end <= len(text) for each in report.findings for span in each.spans)


def test_an_answer_is_compared_with_those_published_before_it_and_repeats_are_counted():
    uses = [kept(TEMPLATE, f"r{number}", BEFORE + timedelta(days=number)) for number in range(3)]
    compared = [Comparison(uses).compared(each) for each in uses]
    assert [(each.similarity, each.repeats) for each in compared] == [(0, 0), (1, 1), (1, 2)]
    assert Comparison(uses).compared(kept("Thank you!")).similarity is None


def test_no_more_are_compared_with_than_are_kept():
    comparison = Comparison(kept(TEMPLATE, f"r{number}") for number in range(MOST_KEPT + 5))
    assert len(comparison) == MOST_KEPT


def test_individuality_is_the_share_of_answers_unlike_any_earlier_one():
    days = [NOW - timedelta(days=each) for each in range(5)]
    told = individuality([*zip(days, (0.1, 0.59, 0.6, 0.85, None), (0, 0, 0, 2, 0), strict=True)], NOW)
    assert (told.answers, told.compared, told.individual, told.near_copies, told.same_texts) == (5, 4, 2, 1, 1)
    assert (told.share, told.reused_in_30_days, told.most_repeats) == (0.5, 1, 2)
    assert individuality([], NOW).share is None
