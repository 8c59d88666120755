"""What a guideline may be, and which one fits a review."""

from uuid import uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.alerting.library.domain.guideline import (
    Draft,
    InvalidGuidelineError,
    ReadyTextError,
    Revision,
    best_match,
    checked,
)
from plaudit.alerting.library.domain.shipped import shipped
from plaudit.common.contracts import Severity
from plaudit.common.contracts.mentions import TOPIC_TITLES

DRAFT = Draft(
    language="en",
    topic="delivery",
    severity=Severity.NEGATIVE,
    stance="We stand by our dates. What is late is our concern.",
    points=("Name where the parcel is now", "Apologise for the wait"),
)


def changed(**fields):
    return msgspec.structs.replace(DRAFT, **fields)


def guideline(topic=None, severity=None, language="en", **fields):
    draft = changed(topic=topic, severity=severity, language=language)
    return Revision(
        **msgspec.structs.asdict(draft), tenant_id="default", id=uuid4(), number=1, made_by="person:1", made_at=None
    ) if not fields else msgspec.structs.replace(guideline(topic, severity, language), **fields)  # fmt: skip


@pytest.mark.parametrize("each", shipped("default"), ids=lambda each: f"{each.language}-{each.topic}-{each.severity}")
def test_each_shipped_guideline_may_be_kept(each):
    draft = Draft(**{name: getattr(each, name) for name in Draft.__struct_fields__})
    assert checked(draft) == draft


def test_shipped_guidelines_are_the_same_in_english_and_german():
    places = {language: [each.place[:2] for each in shipped("default") if each.language == language]
              for language in ("en", "de")}  # fmt: skip
    assert places["en"] == places["de"]
    assert len({each.id for each in shipped("default")}) == len(shipped("default"))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Hi there, this is how it goes"),
        ("en", "Dear customer, name the parcel"),
        ("en", "We are sorry that your parcel was late"),
        ("en", "Please tell us your order number today"),
        ("en", "I will call you back tomorrow at ten"),
        ("en", "Name the parcel. Kind regards, your Acme team"),
        ("en", "Thank {name} for the review"),
        ("en", "Thank [customer] for the review"),
        ("de", "Sehr geehrte Frau Müller, nennen Sie"),
        ("de", "Wir bitten Sie für das lange Warten um Entschuldigung"),
        ("de", "Den Stand nennen. Mit freundlichen Grüßen"),
        ("fr", "Nous sommes désolés de votre attente chez nous"),
        ("es", "Lamentamos mucho que su pedido llegara tarde"),
        ("it", "Ci dispiace molto per il suo ordine in ritardo"),
        ("nl", "Het spijt ons dat uw pakket te laat kwam"),
    ],
)
@pytest.mark.parametrize("field", ["stance", "points"])
def test_what_reads_like_a_text_to_be_sent_is_refused(language, text, field):
    draft = changed(language=language, **{field: text if field == "stance" else ("Say where it is", text)})
    with pytest.raises(ReadyTextError, match="written anew") as refused:
        checked(draft)
    assert refused.value.field == ("stance" if field == "stance" else "points/1")


@pytest.mark.parametrize(
    "text",
    [
        "We answer within a day, and we keep what we promise.",
        "Our word counts. Nothing is disputed in public.",
        "Deal with the cause before the excuse",
        "Say “we hear you” by what is done",
    ],
)
def test_what_a_team_says_to_itself_is_no_text_to_be_sent(text):
    assert checked(changed(stance=text)).stance == text


def test_a_point_is_one_sentence():
    with pytest.raises(ReadyTextError, match="several sentences"):
        checked(changed(points=("Name the parcel. Name the day.",)))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"language": "xx"}, "language"),
        ({"topic": "weather"}, "topic"),
        ({"stance": " \u200b "}, "stance"),
        ({"stance": "x" * 1_001}, "stance"),
        ({"points": ()}, "points"),
        ({"points": ("x",) * 13}, "points"),
        ({"points": ("x", " ")}, "points/1"),
        ({"points": ("x" * 201,)}, "points/0"),
    ],
)
def test_a_field_that_cannot_be_kept_is_named(fields, field):
    with pytest.raises(InvalidGuidelineError) as refused:
        checked(changed(**fields))
    assert refused.value.field == field


def test_topic_goes_before_severity_and_severity_before_language():
    topic, severe, german = guideline("delivery"), guideline(None, Severity.NEGATIVE), guideline(None, None, "de")
    facts = {"topics": ("delivery",), "severity": Severity.NEGATIVE, "language": "de-AT"}
    assert best_match([german, severe, topic], **facts).guideline == topic
    assert best_match([german, severe], **facts).guideline == severe
    assert best_match([german], **facts).guideline == german
    assert best_match([], **facts) is None


def test_the_topic_that_is_mentioned_first_counts():
    delivery, price = guideline("delivery"), guideline("price_fees")
    for topics, best in ((("delivery", "price_fees"), delivery), (("price_fees", "delivery"), price)):
        assert best_match([delivery, price], topics=topics, severity=None, language=None).guideline == best


def test_a_drastic_review_may_take_a_guideline_for_negative_ones_and_says_so():
    found = best_match([guideline(None, Severity.NEGATIVE)], topics=(), severity=Severity.DRASTIC, language="en")
    assert found.reasons == (
        "It is for any topic: the review mentions none.",
        "It is for negative reviews: none that fits is for drastic ones.",
        "It is in the review's language, en.",
    )
    assert best_match([guideline(None, Severity.DRASTIC)], topics=(), severity=Severity.NEGATIVE, language="en") is None


def test_a_language_without_guidelines_falls_back_to_english_and_never_to_another_one():
    english, german = guideline(), guideline(None, None, "de")
    found = best_match([english, german], topics=("delivery",), severity=Severity.NORMAL, language="fr")
    assert found.guideline == english
    assert found.reasons == (
        "It is for any topic: none that fits is for a topic that the review mentions.",
        "It is for any severity: none that fits is for normal reviews.",
        "It is in English: none that fits is in fr.",
    )
    assert best_match([german], topics=(), severity=None, language=None) is None


def test_a_withdrawn_guideline_fits_no_review():
    assert best_match([guideline(is_withdrawn=True)], topics=(), severity=None, language="en") is None


@given(
    st.lists(st.sampled_from(sorted(TOPIC_TITLES)), max_size=4, unique=True).map(tuple),
    st.sampled_from(Severity),
    st.sampled_from(["en", "de", "fr", "zh-Hant", None]),
)
def test_some_shipped_guideline_fits_every_judged_review(topics, severity, language):
    assert best_match(shipped("default"), topics=topics, severity=severity, language=language) is not None
