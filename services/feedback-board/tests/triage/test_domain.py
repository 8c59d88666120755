"""In which sections of the inbox a request stands, at the edge of each."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.feedback_board.requests.domain.request import Draft, Request, new_request
from plaudit.feedback_board.requests.domain.status import Status
from plaudit.feedback_board.triage import wording
from plaudit.feedback_board.triage.domain import STALE, Section, Triage, sections_of

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def a_request(age: timedelta, status: Status = Status.OPEN, since: timedelta | None = None, reach: int = 0) -> Request:
    made = new_request("default", UUID(int=1), "dark-mode", Draft(title="Dark mode", text=""), NOW - age)
    return replace(made, status=status, status_changed_at=NOW - (age if since is None else since), reach=reach)


@pytest.mark.parametrize(
    ("status", "days", "section"),
    [
        (Status.OPEN, 7, Section.STALE_OPEN),
        (Status.PLANNED, 90, Section.STALE_PLANNED),
        (Status.IN_PROGRESS, 30, Section.STALE_IN_PROGRESS),
    ],
)
def test_a_status_is_stale_only_after_its_days(status: Status, days: int, section: Section) -> None:
    age = timedelta(days=days)
    assert section not in sections_of(a_request(age, status), NOW)
    assert section in sections_of(a_request(age + INSTANT, status), NOW)


def test_a_new_request_is_new_for_seven_days_and_untriaged_from_then_on() -> None:
    week = timedelta(days=7)
    assert sections_of(a_request(week - INSTANT), NOW) == {Section.NEW}
    assert sections_of(a_request(week + INSTANT), NOW) == {Section.STALE_OPEN}


def test_an_old_request_that_was_reopened_today_is_neither_new_nor_stale() -> None:
    assert sections_of(a_request(timedelta(days=400), since=timedelta(hours=1)), NOW) == set()


def test_ten_people_without_an_estimate_make_a_request_large_until_it_is_sized_or_decided() -> None:
    asked = a_request(timedelta(days=1), Status.UNDER_REVIEW, reach=10)
    assert sections_of(asked, NOW) == {Section.WAITING, Section.UNSIZED}
    assert Section.UNSIZED not in sections_of(replace(asked, reach=9), NOW)
    assert Section.UNSIZED not in sections_of(replace(asked, priority=Decimal(0)), NOW)
    assert Section.UNSIZED not in sections_of(replace(asked, status=Status.PLANNED), NOW)


@given(
    status=st.sampled_from(Status),
    age=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=500)),
    later=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=500)),
)
def test_what_is_stale_stays_so_while_nobody_acts(status: Status, age: timedelta, later: timedelta) -> None:
    request = a_request(age, status)
    stale = sections_of(request, NOW) & set(STALE)
    assert len(stale) <= 1, "one status is stale in one way"
    assert stale <= sections_of(request, NOW + later)


def test_every_section_has_its_words_and_its_number() -> None:
    counted = Triage(
        new=9,
        new_open=1,
        waiting=8,
        under_review=2,
        stale_open=4,
        stale_planned=8,
        stale_in_progress=16,
        unsized_large=1_000,
        held_posts=32,
        vote_bursts=64,
        suggested_links=128,
        failed_mails=7,
    )
    assert set(counted.by_section) == set(Section) == set(wording.TITLES) == set(wording.HINTS)
    assert counted.by_section[Section.SUSPICIOUS] == 96
    assert counted.total == 255, "requests without an estimate are counted where they stand otherwise"
