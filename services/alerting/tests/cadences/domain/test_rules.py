from datetime import time

import msgspec
import pytest

from plaudit.alerting.cadences.domain.default import DEFAULT
from plaudit.alerting.cadences.domain.rules import (
    AfterEvent,
    BeforeRenewal,
    Monthly,
    Purpose,
    Rule,
    SinceContact,
    Trigger,
    Weekday,
    Weekly,
    faults_of,
)


def rule(schedule, purpose=Purpose.TOUCHPOINT, **more):
    return Rule(id="r", title="R", purpose=purpose, schedule=schedule, at=time(9), **more)


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        (rule(AfterEvent(Trigger.PURCHASED, (3, 0))), "/rules/0/schedule/days"),
        (rule(AfterEvent(Trigger.PURCHASED, (3, 3))), "/rules/0/schedule/days"),
        (rule(BeforeRenewal((30, 60))), "/rules/0/schedule/days"),
        (rule(SinceContact(3), Purpose.DIGEST), "/rules/0/schedule/kind"),
        (rule(Weekly(Weekday.MONDAY), Purpose.DIGEST, stages=("new",)), "/rules/0/purpose"),
        (rule(SinceContact(3), Purpose.INVITATION), "/rules/0/schedule/kind"),
        (rule(SinceContact(3), reminder_after_days=7), "/rules/0/reminder_after_days"),
        (rule(Monthly()), "/rules/0/stages"),
    ],
)
def test_what_contradicts_itself_is_refused_at_its_place(wrong, pointer):
    assert [place for place, _ in faults_of(msgspec.structs.replace(DEFAULT, rules=(wrong,)))] == [pointer]


def test_two_rules_of_one_id_are_refused():
    twice = msgspec.structs.replace(DEFAULT, rules=(DEFAULT.rules[0], DEFAULT.rules[0]))
    assert [place for place, _ in faults_of(twice)] == ["/rules/1/id"]


def test_the_default_is_right_and_survives_the_database():
    assert faults_of(DEFAULT) == []
    assert msgspec.json.decode(msgspec.json.encode(DEFAULT), type=type(DEFAULT)) == DEFAULT
