from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.alerting.calendars.domain import ALWAYS, Calendar, Interval, Pause, due_at, elapsed_seconds
from plaudit.alerting.policies.domain.conditions import Facts
from plaudit.alerting.policies.domain.default import RENAMED, SHIPPED_ID, of_product, shipped
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.alerting.policies.domain.revisions import BREACH, Class, Policies, PolicyRef, PolicyRevision, Stage

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OFFICE = Calendar(zone="Etc/UTC", week=((Interval(9 * 60, 17 * 60),),) * 5 + ((), ()), name="office")


def hours(number):
    return START + timedelta(hours=number)


def a_class(**fields):
    return Class(
        **{
            "ref": PolicyRef("own", 1, "bad"),
            "metric": Metric.FIRST_ANSWER,
            "target_seconds": 24 * 3600,
            "grace_seconds": 3600,
            "warn_percent": (50, 80),
            **fields,
        }
    )


class TestDueTimes:
    def test_the_target_counts_from_the_anchor(self):
        assert a_class().due_at(START, START, ALWAYS) == hours(24)

    def test_what_is_learned_late_has_its_grace(self):
        assert a_class().due_at(START, hours(23.5), ALWAYS) == hours(24.5)
        assert a_class().due_at(START, hours(72), ALWAYS) == hours(73)

    def test_only_open_hours_count(self):
        assert a_class(target_seconds=8 * 3600).due_at(hours(4), hours(4), OFFICE) == hours(24 + 4)

    def test_a_grace_is_one_of_open_hours_too(self):
        due = a_class(target_seconds=3600).due_at(START, hours(10), OFFICE)
        assert due == hours(24 + 1)

    def test_a_pause_does_not_count(self):
        pause = Pause(hours(2), hours(5), "waits for the customer")
        assert a_class().due_at(START, START, ALWAYS, [pause]) == hours(27)

    def test_while_a_pause_lasts_nothing_is_due(self):
        pause = Pause(hours(2), None, "waits for the customer")
        assert a_class().due_at(START, START, ALWAYS, [pause]) is None
        assert a_class().stages(START, START, ALWAYS, [pause]) == ()
        late = Pause(hours(13), None, "waits")
        assert a_class().stages(START, START, ALWAYS, [late]) == (Stage("warn:50", hours(12)),)

    def test_the_statutory_clock_is_never_paused(self):
        statutory = a_class(metric=Metric.STATUTORY, target_seconds=72 * 3600, grace_seconds=0)
        assert statutory.due_at(START, START, ALWAYS, [Pause(hours(2), None, "waits")]) == hours(72)


MINUTES = st.integers(0, 4 * 24 * 60).map(lambda number: timedelta(minutes=number))


class TestGrace:
    @given(
        known_after=st.integers(-24 * 60, 4 * 24 * 60),
        target=st.integers(1, 48 * 60),
        grace=st.integers(0, 48 * 60),
        calendar=st.sampled_from([ALWAYS, OFFICE]),
        anchor=MINUTES,
        paused=st.lists(st.tuples(MINUTES, MINUTES), max_size=2),
    )
    def test_it_is_due_after_the_target_and_after_the_grace_whichever_is_later(
        self, known_after, target, grace, calendar, anchor, paused
    ):
        anchor_at, rule = START + anchor, a_class(target_seconds=target * 60, grace_seconds=grace * 60)
        known_at = anchor_at + timedelta(minutes=known_after)
        pauses = [Pause(START + begin, START + begin + length, "waits") for begin, length in paused]
        due = due_at(calendar, anchor_at, target * 60, pauses)
        if grace:
            due = max(due, due_at(calendar, known_at, grace * 60, pauses))
        assert rule.due_at(anchor_at, known_at, calendar, pauses) == due
        whole = elapsed_seconds(calendar, anchor_at, due, pauses)
        warnings = {
            f"warn:{share}": due_at(calendar, anchor_at, whole * share // 100, pauses) for share in rule.warn_percent
        }
        stages = {kind: at for kind, at in warnings.items() if known_at < at < due}
        assert dict(rule.stages(anchor_at, known_at, calendar, pauses)) == {**stages, "breach": due}

    @given(
        known_after=st.integers(-24 * 60, 4 * 24 * 60),
        target=st.integers(1, 48 * 60),
        grace=st.integers(0, 48 * 60),
        calendar=st.sampled_from([ALWAYS, OFFICE]),
        anchor=MINUTES,
        paused=st.lists(st.tuples(MINUTES, MINUTES), max_size=2),
        lengths=st.lists(st.integers(1, 48 * 60), max_size=3),
        since=MINUTES,
    )
    def test_what_comes_next_is_the_first_of_the_stages_that_are_still_to_come(
        self, known_after, target, grace, calendar, anchor, paused, lengths, since
    ):
        warned = tuple(sorted({length * 60 for length in lengths}))
        rule = a_class(target_seconds=target * 60, grace_seconds=grace * 60, warn_seconds=warned)
        anchor_at = START + anchor
        known_at = anchor_at + timedelta(minutes=known_after)
        pauses = [Pause(START + begin, START + begin + length, "waits") for begin, length in paused]
        stages = rule.stages(anchor_at, known_at, calendar, pauses)
        assert list(stages) == sorted(stages, key=lambda stage: stage.at)
        first = next(stage for stage in stages if stage.kind == BREACH or stage.at > START + since)
        due = stages[-1].at
        assert rule.next_stage(anchor_at, known_at, calendar, pauses, due=due, since=START + since) == first

    def test_the_kinds_of_a_class_are_those_of_its_stages_in_their_order(self):
        rule = a_class(warn_seconds=(3600, 15 * 3600), target_seconds=24 * 3600)
        assert rule.kinds == tuple(stage.kind for stage in rule.stages(START, START, ALWAYS))


class TestStages:
    def test_warnings_are_shares_of_the_time(self):
        assert a_class().stages(START, START, ALWAYS) == (
            Stage("warn:50", hours(12)),
            Stage("warn:80", hours(19.2)),
            Stage("breach", hours(24)),
        )

    def test_a_warning_that_had_passed_when_we_learned_of_it_is_left_out(self):
        assert a_class().stages(START, hours(13), ALWAYS) == (
            Stage("warn:80", hours(19.2)),
            Stage("breach", hours(24)),
        )
        assert a_class().stages(START, hours(24), ALWAYS) == (Stage("breach", hours(25)),)

    def test_shares_are_of_open_hours_and_not_of_the_time_on_the_clock(self):
        """GLPI's case: Monday 17:00 and 4 h by 08:00 to 18:00 is due on Tuesday at 11:00; 80 % are at 10:12."""
        calendar = Calendar(zone="Etc/UTC", week=((Interval(8 * 60, 18 * 60),),) * 7, name="long")
        stages = a_class(target_seconds=4 * 3600).stages(hours(8), hours(8), calendar)
        assert stages == (
            Stage("warn:50", hours(24)),
            Stage("warn:80", hours(25.2)),
            Stage("breach", hours(26)),
        )

    def test_warnings_of_the_statutory_clock_come_after_hours(self):
        found = shipped().named("data-breach").stages(START, START, ALWAYS)
        assert found == (
            *(Stage(f"warn:{n}h", hours(n)) for n in (24, 48, 60, 68)),
            Stage("breach", hours(72)),
        )


def facts(stars, severity=None, kind="stars"):
    return Facts(subject="acme", severity=severity or ("negative" if stars < 3 else "normal"), kind=kind, rating=stars)


class TestTheShippedPolicy:
    @pytest.mark.parametrize(
        ("metric", "of", "length"),
        [
            (Metric.FIRST_ANSWER, facts(1, "drastic"), timedelta(hours=4)),
            (Metric.FIRST_ANSWER, facts(1), timedelta(hours=24)),
            (Metric.FIRST_ANSWER, facts(2), timedelta(hours=24)),
            (Metric.FIRST_ANSWER, facts(3), timedelta(hours=72)),
            (Metric.FIRST_ANSWER, facts(4), timedelta(days=7)),
            (Metric.FIRST_ANSWER, facts(5), timedelta(days=7)),
            (Metric.FIRST_ANSWER, facts(1, kind="nps"), None),
            (Metric.NEXT_ANSWER, facts(4), timedelta(hours=24)),
            (Metric.FOLLOW_UP, facts(2), timedelta(hours=48)),
            (Metric.FOLLOW_UP, facts(3), None),
            (Metric.RESOLUTION_FIRST, facts(1), timedelta(days=7)),
            (Metric.RESOLUTION_TOTAL, facts(1), timedelta(days=14)),
            (Metric.RESOLUTION_TOTAL, facts(1, kind="nps"), None),
            (Metric.INCIDENT_UPDATE, Facts(subject="acme", severity="urgent", kind="incident"), timedelta(hours=1)),
            (Metric.INCIDENT_UPDATE, Facts(subject="acme", severity="important", kind="incident"), timedelta(days=1)),
            (Metric.INCIDENT_UPDATE, Facts(subject="acme", severity="routine", kind="incident"), timedelta(days=7)),
            (Metric.STATUTORY, Facts(subject="acme", severity="urgent", kind="data_breach"), timedelta(hours=72)),
            (Metric.STATUTORY, Facts(subject="acme", severity="urgent", kind="incident"), None),
        ],
    )
    def test_it_is_the_table_that_the_documentation_promises(self, metric, of, length):
        found = Policies(shipped()).matching("default", metric, of)
        assert (found and found.due_at(START, START, ALWAYS)) == (length and START + length)

    def test_owners_are_told_of_answers_within_a_minute(self):
        answers = [each for each in shipped().classes if each.metric is Metric.FIRST_ANSWER]
        assert {(each.notify_within_seconds, each.warn_percent) for each in answers} == {(60, (50, 80))}

    def test_clocks_of_before_classes_keep_their_times(self):
        policies = Policies(shipped(), of_product=of_product(), renamed=RENAMED)
        negative = policies.pinned("default", PolicyRef("answer-negative-reviews", 1))
        drastic = policies.pinned("default", PolicyRef("answer-drastic-reviews", 1))
        for each, target in ((negative, 24), (drastic, 4)):
            assert each.due_at(START, START, ALWAYS) == hours(target)
            assert each.due_at(START, hours(30), ALWAYS) == hours(31)
            assert each.warn_percent == (50, 80)


class TestPins:
    OWN = PolicyRevision(id="own", number=1, title="Ours", classes=(a_class(),))

    def test_a_tenant_has_its_own_policy_once_it_is_in_force(self):
        policies = Policies(shipped(), {"acme": self.OWN}, {("acme", "own", 1): self.OWN})
        assert policies.matching("acme", Metric.FIRST_ANSWER, facts(1)).ref == PolicyRef("own", 1, "bad")
        assert policies.matching("other", Metric.FIRST_ANSWER, facts(1)).ref == PolicyRef(
            SHIPPED_ID, 1, "one-or-two-stars"
        )

    def test_a_clock_finds_its_class_by_the_pin_whatever_is_in_force(self):
        policies = Policies(shipped(), {}, {("acme", "own", 1): self.OWN}, of_product())
        assert policies.pinned("acme", PolicyRef("own", 1, "bad")) is self.OWN.classes[0]
        assert policies.pinned("acme", PolicyRef(SHIPPED_ID, 1, "drastic")) == shipped().named("drastic")
        for missing in (PolicyRef("own", 2, "bad"), PolicyRef("own", 1, "good"), PolicyRef(SHIPPED_ID, 9, "drastic")):
            with pytest.raises(KeyError):
                policies.pinned("acme", missing)
        with pytest.raises(KeyError):
            policies.pinned("other", PolicyRef("own", 1, "bad"))
