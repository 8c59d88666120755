"""Who answers for what: the longest prefix wins, and the chain after the owner is in the order of its times."""

from datetime import UTC, datetime, time

from hypothesis import given
from hypothesis import strategies as st

from plaudit.alerting.calendars.domain.local_times import QuietHours
from plaudit.alerting.people.domain import (
    Assignment,
    ChainStep,
    Escalation,
    Owner,
    Owners,
    Repeat,
    Team,
    assignment_of,
    chain_of,
    fallback_owner,
    owner_of,
)
from plaudit.common.contracts.subjects import prefixes

ADA, BEN, CEM = (Owner(f"{name.lower()}@acme.example", name) for name in ("Ada", "Ben", "Cem"))
SEGMENTS = st.sampled_from(["acme", "berlin", "shop-1", "x"])
SUBJECTS = st.lists(SEGMENTS, min_size=1, max_size=5).map("/".join)


def test_the_longest_prefix_wins_whatever_the_order():
    wide, narrow = Assignment("acme", ADA), Assignment("acme/berlin", BEN)
    for assignments in ([wide, narrow], [narrow, wide]):
        assert owner_of(assignments, CEM, "acme/berlin/shop-1") is BEN
        assert owner_of(assignments, CEM, "acme/hamburg") is ADA
        assert owner_of(assignments, CEM, "acme-berlin") is CEM


def test_a_prefix_ends_where_a_segment_ends():
    assert assignment_of([Assignment("acme/ber", ADA)], "acme/berlin") is None


def test_of_one_prefix_the_narrower_assignment_wins():
    plain = Assignment("acme", ADA)
    of_source = Assignment("acme", BEN, sources=("s-1",))
    severe = Assignment("acme", CEM, severities=("drastic",))
    found = [plain, severe, of_source]
    assert owner_of(found, ADA, "acme", "s-1", "drastic") is BEN
    assert owner_of(found, ADA, "acme", "s-2", "drastic") is CEM
    assert owner_of(found, BEN, "acme", "s-2", "normal") is ADA


def test_what_names_a_source_or_severity_is_not_for_what_has_none():
    assert assignment_of([Assignment("acme", ADA, sources=("s-1",))], "acme") is None
    assert assignment_of([Assignment("acme", ADA, severities=("drastic",))], "acme") is None


def test_the_first_member_of_a_team_is_the_owner():
    assert owner_of([Assignment("acme", team=Team("all", (BEN, ADA)))], CEM, "acme") is BEN


@given(st.lists(SUBJECTS, unique=True, max_size=8), SUBJECTS)
def test_the_owner_is_that_of_the_longest_of_all_prefixes_that_are_assigned(assigned, subject):
    assignments = [Assignment(each, Owner(f"{n}@acme.example", each)) for n, each in enumerate(assigned)]
    fitting = [each for each in prefixes(subject) if each in assigned]
    found = owner_of(assignments, ADA, subject)
    assert found.name == (fitting[-1] if fitting else "Ada")


def test_the_owner_of_the_settings_answers_where_nobody_is_named():
    fallback = fallback_owner("owner@acme.example", "Europe/Berlin")
    assert Owners().owner(fallback, "acme", None, None) == fallback
    assert Owners(default=ADA).owner(fallback, "acme", None, None) is ADA


def test_the_owner_of_the_settings_has_the_name_that_the_people_give():
    named = Owner("owner@acme.example", "Olga", zone="Europe/Paris")
    assert Owners(people=(named,)).owner(fallback_owner("owner@acme.example"), "acme", None, None) is named


def test_the_chain_tells_the_owner_at_once_and_then_each_step():
    team = Team("all", (BEN, CEM))
    chain = chain_of(ADA, Escalation("usual", (ChainStep(1800, team), ChainStep(7200)), Repeat(3600, 1)))
    told = [(step.after_seconds, step.target) for step in chain]
    assert told == [(0, ADA), (1800, team), (7200, ADA), (10_800, ADA), (12_600, team), (18_000, ADA)]


@given(
    st.lists(st.integers(1, 100_000), unique=True, max_size=10).map(sorted),
    st.one_of(st.none(), st.builds(Repeat, st.integers(300, 100_000), st.integers(1, 10))),
)
def test_a_chain_is_in_the_order_of_its_times_and_as_long_as_its_passes(times, repeat):
    chain = chain_of(ADA, Escalation("any", tuple(map(ChainStep, times)), repeat))
    after = [step.after_seconds for step in chain]
    assert after == sorted(after)
    assert len(set(after)) == len(after)
    assert len(chain) == (len(times) + 1) * (1 + (repeat.most if repeat else 0))


def test_in_quiet_hours_only_what_is_urgent_leaves():
    night = Owner("n@acme.example", "Nia", zone="Europe/Berlin", quiet=QuietHours(time(22), time(7)))
    late = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
    assert night.not_before(late, is_urgent=False) == datetime(2026, 3, 3, 6, 0, tzinfo=UTC)
    assert night.not_before(late, is_urgent=True) is None
    assert night.not_before(datetime(2026, 3, 2, 12, 0, tzinfo=UTC), is_urgent=False) is None
    assert ADA.not_before(late, is_urgent=False) is None


def test_what_was_of_somebody_who_has_left_is_of_whoever_is_named_next():
    berlin, both = Team("berlin", (BEN,)), Team("both", (BEN, CEM))
    usual = Escalation("usual", (ChainStep(60, berlin), ChainStep(120, both)))
    owners = Owners(
        people=(ADA, BEN, CEM),
        teams=(berlin, both),
        escalations=(usual,),
        assignments=(
            Assignment("acme", CEM, escalation=usual),
            Assignment("acme/berlin", BEN),
            Assignment("acme/bonn", team=berlin),
            Assignment("acme/kiel", team=both),
        ),
        default=BEN,
        default_escalation=usual,
    )
    left = owners.without({BEN.address})
    assert left.people == (ADA, CEM)
    assert [left.owner(ADA, subject, None, None) for subject in ("acme/berlin", "acme/bonn", "acme/kiel")] == [CEM] * 3
    assert left.owner(ADA, "other", None, None) is ADA
    assert [step.target for step in chain_of(ADA, left.default_escalation)] == [ADA, ADA, Team("both", (CEM,))]
    assert left.escalation("acme", None, None) == left.default_escalation
    assert owners.without(()) is owners


def test_whose_account_is_deactivated_is_not_present():
    owners = Owners(people=(ADA, BEN), default=ADA)
    linked = owners.linked({ADA.address: "1", BEN.address: "2"}, {ADA.address})
    assert [each.is_deactivated for each in linked.people] == [True, False]
    assert linked.present.default_owner(CEM) is CEM
