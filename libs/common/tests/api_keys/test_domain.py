from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.api_keys.domain import (
    SCOPES,
    ApiKey,
    KeyState,
    check_rotation,
    checked_scopes,
    expiry,
    parse,
)
from plaudit.common.refusals import RefusedError, WrongInputError

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def key(**changed) -> ApiKey:
    nothing = dict.fromkeys(["expires_at", "last_used_at", "rotated_at", "previous_expires_at", "revoked_at"])
    values = {"public_id": "a" * 16, "tenant_id": "default", "name": "x", "scopes": ("*",), "created_at": NOW}
    return ApiKey(**{**nothing, **values, **changed})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plaudit_aaaaaaaaaaaaaaaa_",
        f"plaudit_{'a' * 16}_{'s' * 42}",
        f"plaudit_{'a' * 16}_{'s' * 44}",
        f"plaudit_{'A' * 16}_{'s' * 43}",
        f"plaudit_{'1' * 16}_{'s' * 43}",
        f"other_{'a' * 16}_{'s' * 43}",
        f"plaudit_{'a' * 16}_{'s' * 43}\n",
        f"plaudit_{'a' * 16}_{'ä' * 43}",
    ],
)
def test_what_has_not_the_form_of_a_key_is_none(text: str) -> None:
    assert parse(text) is None


@given(
    st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=16, max_size=16),
    st.from_regex(r"[A-Za-z0-9_-]{43}", fullmatch=True),
)
def test_a_key_is_its_public_id_and_its_secret_whatever_underscores_that_holds(public_id: str, secret: str) -> None:
    assert parse(f"plaudit_{public_id}_{secret}") == (public_id, secret)


def test_a_key_is_active_until_its_expiry_and_revoked_for_ever() -> None:
    assert key().state(NOW) is KeyState.ACTIVE
    assert key(expires_at=NOW + HOUR).state(NOW) is KeyState.ACTIVE
    assert key(expires_at=NOW).state(NOW) is KeyState.EXPIRED
    assert key(expires_at=NOW, revoked_at=NOW).state(NOW - HOUR) is KeyState.REVOKED


@pytest.mark.parametrize("ended", [{"expires_at": NOW}, {"revoked_at": NOW - HOUR}])
def test_a_key_that_is_no_longer_valid_is_not_rotated(ended) -> None:
    with pytest.raises(RefusedError, match="create another one"):
        check_rotation(key(**ended), HOUR, NOW)


def test_a_second_rotation_within_the_overlap_must_have_none() -> None:
    rotated = key(rotated_at=NOW, previous_expires_at=NOW + HOUR)
    with pytest.raises(RefusedError, match="2026-11-28 13:00:00 UTC"):
        check_rotation(rotated, HOUR, NOW)
    check_rotation(rotated, timedelta(), NOW)
    check_rotation(rotated, HOUR, NOW + HOUR)


@pytest.mark.parametrize("overlap", [-HOUR, timedelta(days=91)])
def test_an_overlap_has_limits(overlap) -> None:
    with pytest.raises(WrongInputError, match="90 days"):
        check_rotation(key(), overlap, NOW)


@pytest.mark.parametrize("validity", [timedelta(), -HOUR, timedelta(days=3651), timedelta.max])
def test_a_validity_has_limits(validity) -> None:
    with pytest.raises(WrongInputError, match="3650 days"):
        expiry(NOW, validity)


def test_a_key_without_a_validity_is_valid_for_ever() -> None:
    assert expiry(NOW, None) is None
    assert expiry(NOW, HOUR) == NOW + HOUR


def test_scopes_are_kept_once_and_in_order_and_a_star_holds_all() -> None:
    assert checked_scopes(["scores:read", "alerts:read", "scores:read"]) == ("alerts:read", "scores:read")
    assert checked_scopes(["scores:read", "*"]) == ("*",)


@pytest.mark.parametrize(("wrong", "meant"), [("clock:read", "clocks:read"), ("Reviews:Read", "reviews:read")])
def test_a_misspelt_scope_is_refused_with_the_one_that_was_meant_and_all_known_ones(wrong, meant) -> None:
    with pytest.raises(WrongInputError) as refused:
        checked_scopes(["alerts:read", wrong])
    assert f"there is no scope '{wrong}'; did you mean '{meant}'" in str(refused.value)
    assert all(scope in str(refused.value) for scope in SCOPES)


@pytest.mark.parametrize("wanted", [[], [""]])
def test_no_scope_is_refused(wanted) -> None:
    with pytest.raises(WrongInputError, match=r"alerts:read.*\* \(all\)"):
        checked_scopes(wanted)
