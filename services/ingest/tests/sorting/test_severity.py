"""What the severity rules say of texts."""

import pytest

from plaudit.ingest.sorting.domain.rules import SHIPPED, CompiledRules, Mute, SortingRules
from plaudit.ingest.sorting.domain.severity import NotCounted, Severity, by_stars
from plaudit.ingest.sorting.domain.sort import Sorted, sort

DRASTIC, CHECK, NEGATIVE, NORMAL = "drastic", "check", "negative", "normal"

SAID = [
    ("This is a scam.", 1, DRASTIC),
    ("Not a scam, just slow.", 2, NEGATIVE),
    ("It isn't a scam at all.", 1, NEGATIVE),
    ("Not only a scam but rude too.", 1, DRASTIC),
    ("No doubt a scam.", 1, DRASTIC),
    ("Avoid this scam.", 1, DRASTIC),
    ("I thought it was a scam but they paid.", 5, NORMAL),
    ("Feels like a scam.", 1, CHECK),
    ("Do not get scammed by them.", 1, DRASTIC),
    ("Total rip-off.", 1, CHECK),
    ("Rip-off and crooks.", 1, DRASTIC),
    ("The awning was ripped off by the wind.", 2, NEGATIVE),
    ("Fees are extortionate.", 2, NEGATIVE),
    ("Great fire pit in the garden.", 5, NORMAL),
    ("We toasted marshmallows at the fire pit, boring.", 2, NEGATIVE),
    ("The battery caught fire.", 1, DRASTIC),
    ("The support team is on fire, love it.", 5, NORMAL),
    ("Carbon monoxide alarm went off.", 2, DRASTIC),
    ('They told me "we will take legal action against you" if I do not pay.', 1, NEGATIVE),
    ('This "company" is a "scam".', 1, DRASTIC),
    ("I will sue them.", 1, DRASTIC),
    ("Sue never called back.", 1, NEGATIVE),
    ("My lawyer will contact you.", 1, DRASTIC),
    ("All my small claims were paid late.", 2, NEGATIVE),
    ("See you in small claims court.", 1, DRASTIC),
    ("I called to close my policy.", 2, NEGATIVE),
    ("They sold my phone number to others.", 1, DRASTIC),
    ("I sold my old phone for this.", 1, NEGATIVE),
    ("My account was hacked.", 1, CHECK),
    ("I disputed the charge with my bank.", 1, DRASTIC),
    ("criminal background check was required", 2, NEGATIVE),
    ("fraud protection is great", 5, NORMAL),
    ("The host was racist.", 1, DRASTIC),
    ("Das ist Betrug!", 1, DRASTIC),
    ("Das ist kein Betrug, nur langsam.", 2, NEGATIVE),
    ("Nicht nur Betrug, auch frech.", 1, DRASTIC),
    ("Betrueger!", 1, DRASTIC),
    ("Betruger!", 1, DRASTIC),
    ("Betrüger!", 1, DRASTIC),
    ("Betru\u0308ger!", 1, DRASTIC),
    ("\uff33\uff23\uff21\uff2d", 1, DRASTIC),
    ("SCAAAAM", 1, DRASTIC),
    ("sc\u200bam", 1, DRASTIC),
    ("Versicherungsbetrug vom Feinsten", 1, DRASTIC),
    ("Abzockverein", 1, CHECK),
    ("Ich kann nicht klagen.", 5, NORMAL),
    ("Ich werde klagen.", 1, DRASTIC),
    ("Man läuft Gefahr, Fristen zu verpassen.", 1, NEGATIVE),
    ("Pflichtverletzung", 1, NEGATIVE),
    ("I told the BBB. This is bait and switch.", 1, DRASTIC),
    ("My plan b was bait and switch.", 1, CHECK),
    ("Brandgefahr!", 1, DRASTIC),
    ("Brandgefährlich!", 1, CHECK),
    ("Die Bremsen haben versagt.", 1, DRASTIC),
    ("This is un scam total, sehr schlecht.", 1, DRASTIC),
    ("Scam", None, DRASTIC),
    ("", 1, NEGATIVE),
    ("Thanks to them I avoided a scam.", 5, CHECK),
    ("I had to go to hospital. I was injured.", 1, DRASTIC),
    ("My son got badly hurt and we ended up in the emergency room.", 1, DRASTIC),
    ("I broke my ankle on the loose step, they had to call an ambulance.", 1, DRASTIC),
    ("My wife was hospitalised after the meal.", 1, DRASTIC),
    ("I was in hospital and they would not move my booking.", 1, CHECK),
    ("The hospital bill is not covered.", 1, NEGATIVE),
    ("They do not pay to the hospital bill.", 1, NEGATIVE),
    ("Ich wurde verletzt und musste ins Spital.", 1, DRASTIC),
    ("Bein gebrochen, der Notarzt musste kommen.", 1, DRASTIC),
    ("Sie haben ihr Versprechen gebrochen.", 1, NEGATIVE),
]
NOT_UNDERSTOOD = [
    ("I was not injured, I did not have to go to hospital.", 1, CHECK),
    ("s c a m", 1, NEGATIVE),
    ("Internetbetrug war der Fall, den sie nicht übernehmen.", 1, DRASTIC),
]
"""Where the rules fail, and what they say instead. The console tells these limits."""


def said_of(text: str, stars: float | None, rules: CompiledRules = SHIPPED, subject: str | None = None) -> Sorted:
    return sort(text, stars, rules, subject=subject, stated_language="en")


def outcome(found: Sorted) -> str:
    return CHECK if found.check else str(found.severity)


@pytest.mark.parametrize(("text", "stars", "expected"), [*SAID, *NOT_UNDERSTOOD])
def test_a_text_with_its_stars_is_as_severe_as_it_was_found_to_be(
    text: str, stars: float | None, expected: str
) -> None:
    assert outcome(said_of(text, stars)) == expected


@pytest.mark.parametrize("text", ["I will never use them again.", "Uninstalling.", "Nie wieder!"])
def test_a_threat_to_leave_is_told_beside_the_severity(text: str) -> None:
    found = said_of(text, 1)
    assert (found.severity, found.check, found.leave) == (Severity.NEGATIVE, False, True)


@pytest.mark.parametrize("stars", [2.5, 3, 4, 5])
def test_better_ratings_than_two_stars_never_become_drastic(stars: float) -> None:
    found = said_of("This is a scam. They stole my money, I will sue them.", stars)
    assert (found.severity, found.check) == (Severity.NORMAL, True)


@pytest.mark.parametrize(("stars", "expected"), [(1, NEGATIVE), (2, NEGATIVE), (2.49, NEGATIVE), (2.5, NORMAL)])
def test_the_stars_decide_where_the_text_says_nothing(stars: float, expected: str) -> None:
    assert by_stars(stars) == said_of("It was blue.", stars).severity == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Not a scam.", NotCounted.NEGATED),
        ("I was worried about a scam.", NotCounted.CONCEDED),
        ("Nothing but scam alerts.", NotCounted.TOPIC),
        ('They wrote "we will see you in court" to me.', NotCounted.QUOTED),
        ("They wrote \u201ewir sehen uns dann vor Gericht wieder\u201c an mich.", NotCounted.QUOTED),
        ("They wrote \u00ab we will see you in court \u00bb to me.", NotCounted.QUOTED),
    ],
)
def test_a_phrase_that_does_not_count_is_kept_with_its_reason(text: str, reason: NotCounted) -> None:
    found = said_of(text, 1)
    assert {hit.not_counted for hit in found.hits} == {reason}
    assert outcome(found) == NEGATIVE


def test_inch_marks_open_no_quotation() -> None:
    assert outcome(said_of('The 27" screen is a scam and the 32" too.', 1)) == DRASTIC


def test_the_same_weak_phrase_twice_is_one() -> None:
    assert outcome(said_of("Rip-off. What a rip-off. A rip-off!", 1)) == CHECK


def test_of_a_phrase_that_comes_several_times_the_place_that_counts_is_kept() -> None:
    text = "It is not a scam, I said. Feels like a scam. Then I saw: a scam."
    (hit,) = said_of(text, 1).hits
    assert (hit.not_counted, hit.is_strong, hit.start) == (None, True, text.rindex("scam"))


def test_neither_phrase_nor_negation_reaches_over_the_end_of_a_sentence() -> None:
    assert outcome(said_of("It was not. Scam.", 1)) == DRASTIC
    assert outcome(said_of("I saw a gas. Leak of the roof.", 1)) == NEGATIVE


def test_the_words_that_fired_are_where_the_hit_says() -> None:
    found = said_of("Das war ja wohl Versicherungsbe\u200btrug, oder?", 1)
    (hit,) = found.hits
    assert (hit.category, found.text[hit.start : hit.end]) == ("fraud", "Versicherungsbetrug")


def test_a_muted_phrase_is_shown_and_does_not_count_for_its_subject_and_those_below() -> None:
    mute = Mute(subject="acme/law", category="legal", phrase="lawyer/lawyers")
    rules = CompiledRules(SortingRules(mutes=(mute,)))
    text = "My lawyer will contact you."
    for subject, expected in (
        ("acme", DRASTIC),
        ("acme/law", NEGATIVE),
        ("acme/law/x", NEGATIVE),
        ("acme/la", DRASTIC),
    ):
        assert outcome(said_of(text, 1, rules, subject)) == expected
    (hit,) = said_of(text, 1, rules, "acme/law").hits
    assert hit.not_counted is NotCounted.MUTED


def test_a_category_that_is_switched_off_counts_nowhere() -> None:
    rules = CompiledRules(SortingRules(switched_off=("safety",)))
    found = said_of("The battery caught fire.", 1, rules)
    assert {hit.not_counted for hit in found.hits} == {NotCounted.SWITCHED_OFF}
    assert outcome(found) == NEGATIVE
    assert outcome(said_of("Scam.", 1, rules)) == DRASTIC


def test_phrases_of_a_tenant_count_beside_the_shipped_ones() -> None:
    rules = CompiledRules(SortingRules(more_drastic={"safety": "wheel <2> came off; ~wobbl*"}))
    assert outcome(said_of("The front wheel just came off.", 1, rules)) == DRASTIC
    assert outcome(said_of("It wobbles.", 1, rules)) == CHECK
    assert outcome(said_of("Scam.", 1, rules)) == DRASTIC
    assert outcome(said_of("The front wheel just came off.", 1)) == NEGATIVE


@pytest.mark.parametrize(("language", "is_judged"), [("en", True), ("de-AT", True), ("fr", False), (None, True)])
def test_a_language_without_rules_is_told_as_not_judged(language: str | None, *, is_judged: bool) -> None:
    assert sort("Zéro", 1, SHIPPED, stated_language=language).is_judged == is_judged
