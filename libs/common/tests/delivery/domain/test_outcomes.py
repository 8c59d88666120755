"""When the next attempt is made, what an answer means, and when an outlet rests."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.delivery.domain.outcomes import (
    DISABLED_AFTER,
    LONGEST_REST_SECONDS,
    MAX_ANSWER_BYTES,
    MAX_ATTEMPTS,
    OPENS_AFTER,
    SCHEDULE_SECONDS,
    Circuit,
    Kind,
    Outcome,
    after,
    is_to_be_disabled,
    meaning,
    retry_after,
    retry_seconds,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FAILED = Outcome(Kind.FAILED, error="away")


def answered(status, wait=None, body=b""):
    return meaning(status, body, wait, NOW, refusing=frozenset({400}))


def test_the_schedule_is_that_of_standard_webhooks():
    assert sum(SCHEDULE_SECONDS) == 75 * 3600 + 35 * 60 + 5
    assert MAX_ATTEMPTS == 10
    assert [retry_seconds(made, 0.0) for made in range(1, 11)] == [*SCHEDULE_SECONDS, None]


@given(attempts=st.integers(1, MAX_ATTEMPTS - 1), luck=st.floats(0, 1))
def test_a_wait_is_made_longer_by_luck_and_never_shorter(attempts, luck):
    wait = retry_seconds(attempts, luck)
    assert SCHEDULE_SECONDS[attempts - 1] <= wait <= 1.1 * SCHEDULE_SECONDS[attempts - 1]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, "sent"),
        (204, "sent"),
        (299, "sent"),
        (301, "failed"),
        (307, "failed"),
        (400, "refused"),
        (401, "failed"),
        (404, "failed"),
        (410, "gone"),
        (429, "failed"),
        (500, "failed"),
        (502, "failed"),
        (503, "failed"),
    ],
)
def test_only_2xx_is_a_success(status, kind):
    assert answered(status).kind == kind


def test_a_redirect_says_that_nobody_follows_it():
    assert "not followed" in answered(302).error


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        (" 30 ", 30.0),
        ("999999999999", 86400.0),
        ("Mon, 02 Mar 2026 09:01:00 GMT", 60.0),
        ("Mon, 02 Mar 2020 09:01:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        (f"Mon, 02 Mar 2026 09:01:00 +{'9' * 20}", None),
        (None, None),
        ("٣", None),
    ],
)
def test_retry_after_is_a_number_or_a_date_within_bounds(value, seconds):
    assert retry_after(value, NOW) == seconds


def test_an_answer_is_kept_up_to_its_limit():
    assert len(answered(500, body=b"x" * 100_000).answer) == MAX_ANSWER_BYTES


def test_a_throttled_sender_rests_even_where_no_time_is_given():
    circuit = after(Circuit(), answered(429), NOW)
    assert circuit.is_resting(NOW)
    assert after(Circuit(), answered(503, "120"), NOW).rests_until == NOW + timedelta(seconds=120)


def test_an_outlet_rests_after_failures_in_a_row_longer_each_time_and_never_too_long():
    circuit, rests = Circuit(), []
    for _ in range(OPENS_AFTER + 12):
        circuit = after(circuit, FAILED, NOW)
        rests.append((circuit.rests_until - NOW).total_seconds() if circuit.rests_until else 0.0)
    assert rests[: OPENS_AFTER - 1] == [0.0] * (OPENS_AFTER - 1)
    assert rests[OPENS_AFTER - 1 : OPENS_AFTER + 2] == [30.0, 60.0, 120.0]
    assert max(rests) == LONGEST_REST_SECONDS
    assert not circuit.is_resting(NOW + timedelta(seconds=LONGEST_REST_SECONDS))


@pytest.mark.parametrize("kind", [Kind.SENT, Kind.REFUSED])
def test_an_answer_about_the_message_itself_closes_the_circuit(kind):
    circuit = Circuit(failures=7, failing_since=NOW, rests_until=NOW + timedelta(hours=1))
    assert after(circuit, Outcome(kind), NOW) == Circuit()


def test_an_endpoint_that_fails_for_days_is_disabled():
    circuit = after(Circuit(), FAILED, NOW)
    assert not is_to_be_disabled(circuit, NOW + DISABLED_AFTER - timedelta(seconds=1))
    assert is_to_be_disabled(after(circuit, FAILED, NOW + DISABLED_AFTER), NOW + DISABLED_AFTER)
    assert not is_to_be_disabled(after(circuit, Outcome(Kind.SENT), NOW + DISABLED_AFTER), NOW + DISABLED_AFTER)
