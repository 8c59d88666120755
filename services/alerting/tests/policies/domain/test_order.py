from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from plaudit.alerting.calendars.domain import ALWAYS, Calendar, Interval
from plaudit.alerting.policies.domain.compile import compiled
from plaudit.alerting.policies.domain.conditions import Condition, Facts, Stars
from plaudit.alerting.policies.domain.document import Format, WrongPolicyError
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.alerting.policies.domain.order import mistakes_of_order
from plaudit.alerting.policies.domain.revisions import Class, PolicyRef, PolicyRevision

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NINE_TO_FIVE = (Interval(9 * 60, 17 * 60),)
OFFICE = Calendar(zone="Europe/Berlin", week=(NINE_TO_FIVE,) * 5 + ((), ()), name="office")
CALENDARS = {"always": ALWAYS, "office": OFFICE}


def a_class(name, hours, *, calendar="always", grace="1 h", metric="first_answer", when="{}"):
    grace_line = f"    grace: {grace}\n" if grace else ""
    return (
        f"  - name: {name}\n    metric: {metric}\n    when: {when}\n    due_within: {hours} h\n"
        f"    calendar: {calendar}\n{grace_line}"
    )


def policy(*classes):
    return compiled(
        "title: Ours\nclasses:\n" + "".join(classes),
        Format.YAML,
        policy_id="own",
        number=1,
        calendars=CALENDARS,
        now=NOW,
    )


def mistakes(*classes):
    with pytest.raises(WrongPolicyError) as raised:
        policy(*classes)
    return [(each.pointer, each.code) for each in raised.value.errors]


DRASTIC = "{severity: [drastic]}"
BAD = "{rating: {to: 2}}"


def test_the_severer_one_must_not_be_due_later():
    policy(a_class("drastic", 4, when=DRASTIC), a_class("all", 24))
    assert mistakes(a_class("drastic", 48, when=DRASTIC), a_class("all", 24)) == [
        ("/classes/0/due_within", "severer_due_later")
    ]


def test_open_hours_count_by_their_longest_wait_on_the_clock():
    """Eight open hours from Friday 17:00 end on Monday 17:00: longer than the 24 hours of a milder one."""
    policy(a_class("drastic", 4, when=DRASTIC), a_class("all", 8, calendar="office"))
    assert mistakes(a_class("drastic", 8, when=DRASTIC, calendar="office"), a_class("all", 24)) == [
        ("/classes/0/due_within", "severer_due_later")
    ]


def test_a_longer_grace_of_the_severer_one_is_refused_too():
    assert mistakes(a_class("drastic", 24, when=DRASTIC, grace="5 h"), a_class("all", 24)) == [
        ("/classes/0/grace", "severer_due_later")
    ]


def test_a_worse_review_may_not_lack_a_class_where_a_milder_one_has_one():
    assert mistakes(a_class("good", 24, when="{rating: {from: 4}}")) == [("/classes/0", "severer_never_due")]
    policy(a_class("bad", 24, when=BAD))


def test_a_class_that_is_never_the_first_is_refused():
    assert mistakes(a_class("all", 4), a_class("drastic", 4, when=DRASTIC)) == [("/classes/1", "never_first")]
    assert mistakes(
        a_class("low", 4, when="{rating: {to: 3}}"),
        a_class("high", 4, when="{rating: {from: 3}}"),
        a_class("three", 4, when="{rating: {from: 3, to: 3}}"),
    ) == [("/classes/2", "never_first")]


def test_one_surroundings_alone_can_be_wrong():
    berlin = a_class("berlin", 48, when="{severity: [drastic], subject: [acme/berlin]}")
    assert mistakes(berlin, a_class("drastic", 4, when=DRASTIC), a_class("all", 24)) == [
        ("/classes/0/due_within", "severer_due_later")
    ]
    policy(berlin, a_class("berlin-all", 72, when="{subject: [acme/berlin]}"), a_class("all", 24))


def test_topics_come_together():
    """A review that mentions both topics is of the first class: there the drastic one would be later."""
    assert mistakes(
        a_class("a", 10, when="{severity: [drastic], topic: [delivery]}"),
        a_class("b", 2, when="{topic: [billing_refund]}"),
        a_class("rest", 72),
    ) == [("/classes/0/due_within", "severer_due_later")]


def test_metrics_do_not_shadow_each_other():
    policy(a_class("first", 24), a_class("next", 2, metric="next_answer"))


def test_incidents_are_in_order_of_their_severities():
    def update(name, hours, severity):
        return a_class(name, hours, metric="incident_update", grace="", when=f"{{severity: [{severity}]}}")

    policy(update("u", 1, "urgent"), update("i", 24, "important"))
    assert mistakes(update("u", 48, "urgent"), update("i", 24, "important")) == [
        ("/classes/0/due_within", "severer_due_later")
    ]
    assert mistakes(update("r", 1, "routine")) == [("/classes/0", "severer_never_due")]


def test_a_calendar_that_there_is_not_is_named_with_the_nearest():
    with pytest.raises(WrongPolicyError, match=r"line 7, /classes/0/calendar: .* did you mean `office`") as raised:
        policy(a_class("all", 24, calendar="ofice"))
    assert raised.value.errors[0].line == 7


def test_conditions_that_make_too_many_combinations_are_refused_and_not_computed():
    topics = ["delivery", "price_fees", "billing_refund", "staff_attitude", "quality_defect", "app_website"]
    classes = [
        a_class(f"c{number}", 1, when=f"{{topic: [{topic}], persona: [{persona}], source: [s{number}]}}")
        for number, (topic, persona) in enumerate(
            (topic, persona) for topic in topics for persona in ("long_time", "new_user", "business_use")
        )
    ]
    assert policy(*classes[:3], a_class("rest", 1)) is not None
    many = [a_class(f"t{n}", 1, when=f"{{topic: [{t}]}}") for n, t in enumerate(TOPICS)]
    assert ("/classes/0", "too_many_combinations") in mistakes(*many, a_class("rest", 1))


TOPICS = (
    *("price_fees", "billing_refund", "cancel_contract", "support_contact", "staff_attitude", "speed_waiting"),
    *("delivery", "quality_defect", "app_website", "account_identity", "choice_availability", "clean_safe"),
    *("honesty_terms", "decision_denied", "ads_privacy"),
)

SEVERITIES = ("normal", "negative", "drastic")
subjects = st.sampled_from(["acme", "acme/berlin", "acme/berlin/shop", "other"])
lists = st.lists(subjects, max_size=2, unique=True).map(tuple)
conditions = st.builds(
    Condition,
    severity=st.lists(st.sampled_from(SEVERITIES), max_size=2, unique=True).map(tuple),
    rating=st.none() | st.tuples(st.integers(1, 5), st.integers(1, 5)).map(lambda ends: Stars(min(ends), max(ends))),
    subject=lists,
    topic=st.lists(st.sampled_from(["delivery", "price_fees"]), max_size=2, unique=True).map(tuple),
    verified=st.none() | st.booleans(),
)


@st.composite
def revisions(draw):
    made = draw(st.lists(st.tuples(conditions, st.integers(1, 4)), min_size=1, max_size=4))
    classes = tuple(
        Class(ref=PolicyRef("own", 1, f"c{n}"), metric=Metric.FIRST_ANSWER, when=when, target_seconds=hours * 3600)
        for n, (when, hours) in enumerate(made)
    )
    return PolicyRevision(id="own", number=1, title="x", classes=classes)


@st.composite
def pairs(draw):
    """Two reviews of the same surroundings, the first not milder."""
    cells = [
        ("normal", 3),
        ("normal", 4),
        ("normal", 5),
        ("negative", 1),
        ("negative", 2),
        *(("drastic", n) for n in (1, 2, 5)),
    ]
    (bad, low), (mild, high) = draw(st.tuples(st.sampled_from(cells), st.sampled_from(cells)))
    assume(SEVERITIES.index(bad) >= SEVERITIES.index(mild) and low <= high)
    rest = {
        "subject": draw(subjects),
        "kind": "stars",
        "topics": draw(st.sampled_from([(), ("delivery",), ("price_fees",), ("delivery", "price_fees")])),
        "verified": draw(st.booleans()),
    }
    return Facts(severity=bad, rating=low, **rest), Facts(severity=mild, rating=high, **rest)


def always(_calendar, seconds):
    return timedelta(seconds=seconds)


def due(revision, facts):
    found = revision.matching(Metric.FIRST_ANSWER, facts)
    return timedelta.max if found is None else timedelta(seconds=found.target_seconds)


@settings(max_examples=100, deadline=None)
@given(revisions(), st.lists(pairs(), min_size=1, max_size=20))
def test_of_an_accepted_policy_no_worse_review_is_due_later(revision, looked_at):
    if any(each.code != "never_first" for each in mistakes_of_order(revision.classes, always)):
        return
    for bad, mild in looked_at:
        assert due(revision, bad) <= due(revision, mild)


@settings(max_examples=100, deadline=None)
@given(revisions(), st.lists(pairs(), min_size=1, max_size=20))
@example(PolicyRevision(id="own", number=1, title="x", classes=()), [])
def test_a_class_that_is_first_for_some_review_is_never_called_in_vain(revision, looked_at):
    in_vain = {each.pointer for each in mistakes_of_order(revision.classes, always) if each.code == "never_first"}
    for facts in (facts for pair in looked_at for facts in pair):
        found = revision.matching(Metric.FIRST_ANSWER, facts)
        assert found is None or f"/classes/{revision.classes.index(found)}" not in in_vain
