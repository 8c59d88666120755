"""What comes back from interfaces of platforms is read as it is meant, and never trusted to be there."""

from datetime import UTC, datetime, timedelta

import pytest

from plaudit.ingest.platforms.asking import (
    UnusableReplyError,
    read_object,
    read_token,
    refusal_of,
    retry_after,
    seconds_at,
    text_at,
    time_at,
)

NOW = datetime(2026, 5, 1, 10, tzinfo=UTC)
DAY = 86_400.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2", 2.0),
        ("0.5", 0.5),
        ("0", 0.0),
        ("Fri, 01 May 2026 10:00:02 GMT", 2.0),
        ("Fri, 01 May 2026 09:00:00 GMT", 0.0),
        ("Fri, 01 May 2026 10:00:02 -0000", 2.0),
        ("Sat, 01 May 2027 10:00:00 GMT", DAY),
        ("999999", DAY),
        ("1e400", DAY),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("nan", None),
        ("Fri, 99 May 2026 10:00:02 GMT", None),
        ("Fri, 01 May 99999999999 10:00:02 GMT", None),
        ("Fri, 01 May 2026 99999999999999999999:00:02 GMT", None),
        ("Fri, 01 May 2026 10:00:02 +99999999999999", None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_what_cannot_be_read_says_nothing(value, seconds: float | None):
    assert retry_after(value, NOW) == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"text"', b"\xff", b"[" * 1000])
def test_what_is_no_object_is_unusable(body):
    with pytest.raises(UnusableReplyError):
        read_object(body)


def test_members_that_are_not_there_or_of_another_kind_are_none():
    value = read_object(
        b'{"a": [{"b": 7, "at": "2026-05-01T12:00:00+02:00", "s": "1777629600"}], "naive": "2026-05-01"}'
    )
    assert text_at(value, "a", 0, "b") is None
    assert text_at(value, "a", 1, "b") is None
    assert text_at(value, "a", "b") is None
    assert time_at(value, "a", 0, "at") == NOW
    assert time_at(value, "naive") is None
    assert seconds_at(value, "a", 0, "s") == NOW
    assert seconds_at(value, "a", 0, "at") is None


def test_a_token_lives_as_long_as_it_says_in_a_number_or_a_text():
    assert read_token(b'{"access_token": "t", "expires_in": "359999"}', usual_seconds=1).lifetime_seconds == 359_999
    assert read_token(b'{"access_token": "t", "expires_in": 5}', usual_seconds=1).lifetime_seconds == 5
    assert read_token(b'{"access_token": "t"}', usual_seconds=1).lifetime_seconds == 1
    assert "t-secret" not in repr(read_token(b'{"access_token": "t-secret"}', usual_seconds=1))
    with pytest.raises(UnusableReplyError):
        read_token(b'{"access_token": ""}', usual_seconds=1)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": {"code": 400, "message": "Reply is  too long"}}', "400: Reply is too long"),
        (b'{"message": "Already replied"}', "400: Already replied"),
        (b'{"errors": [{"title": "Conflict", "detail": "A response exists."}]}', "400: A response exists."),
        (b'{"error": "invalid_grant"}', "400: invalid_grant"),
        (b"<html>", "400, and no reason"),
    ],
)
def test_a_refusal_is_told_in_the_words_of_the_platform(body, said):
    assert refusal_of(400, body) == said
