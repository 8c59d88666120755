"""What an attempt has come to, when the next one is made, and when an outlet rests.

The schedule is that of Standard Webhooks 1.0.0, section "Deliverability and reliability": at once, 5 s, 5 min, 30 min,
2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

import msgspec

from plaudit.common.text import clean

SCHEDULE_SECONDS: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Before the second attempt, and so on."""
MAX_ATTEMPTS: Final = len(SCHEDULE_SECONDS) + 1
JITTER: Final = 0.1
"""A wait is made up to so much longer, so that what failed together does not come back together."""
MAX_RETRY_AFTER_SECONDS: Final = 86_400.0
MAX_ERROR_CHARS: Final = 500
MAX_ANSWER_BYTES: Final = 64 * 1024
MAX_SENT_BYTES: Final = 64 * 1024
"""Of what was sent, as it is kept with an attempt."""

OPENS_AFTER: Final = 5
"""Failures of an outlet in a row."""
FIRST_REST_SECONDS: Final = 30.0
LONGEST_REST_SECONDS: Final = 1_800.0
DISABLED_AFTER: Final = timedelta(hours=120)
"""An endpoint that has failed for so long without a success is disabled."""
GONE: Final = 410
THROTTLED: Final = frozenset({429, 502, 503, 504})
TOO_LATE: Final = "the endpoint is disabled"


class Kind(StrEnum):
    """How an attempt ended."""

    SENT = "sent"
    FAILED = "failed"
    """Another one may succeed."""
    REFUSED = "refused"
    """No further one can: the recipient will never take this message."""
    GONE = "gone"
    """The recipient will never take any: the endpoint says so, and is disabled, or the mailbox does not exist."""
    UNRECORDED = "unrecorded"
    """The process ended before the record: the recipient may have got it."""
    WITHDRAWN = "withdrawn"
    """It was not wanted any more when the address was asked for: nothing was sent, and no attempt is noted."""


class Outcome(msgspec.Struct, frozen=True):
    """What one attempt has come to."""

    kind: str
    status: int | None = None
    """Of an HTTP answer."""
    answer: bytes = b""
    """Its beginning, at most `MAX_ANSWER_BYTES`."""
    error: str = ""
    retry_after_seconds: float | None = None
    """What the recipient asks for, if it does."""
    sent: bytes = b""
    """What was sent, at most `MAX_SENT_BYTES`; it holds no secret."""
    duration_seconds: float = 0.0
    is_ours: bool = False
    """Whether our own code raised: this says nothing about the outlet, good or bad."""
    is_of_the_recipient: bool = False
    """Whether it failed for this recipient alone, as a mailbox that is full or does not exist: the server is well."""
    may_have_arrived: bool = False
    """Whether all was sent and no answer came: the recipient may have got it, and the next attempt says so."""

    @property
    def is_of_the_outlet(self) -> bool:
        """Whether the failure says something about the server rather than about this message."""
        return not self.is_ours and not self.is_of_the_recipient and self.kind in {Kind.FAILED, Kind.GONE}

    def without_words(self, error: str) -> "Outcome":
        """Return what came of the attempt, and nothing of what was sent or answered.

        Args:
            error: in place of the error, if there was one.
        """
        return msgspec.structs.replace(self, sent=b"", answer=b"", error=error if self.error else "")


def storable(outcome: Outcome) -> Outcome:
    """Return an outcome whose words the database takes, whatever a server has answered."""
    return msgspec.structs.replace(outcome, error=clean(outcome.error)) if outcome.error else outcome


class Circuit(msgspec.Struct, frozen=True):
    """Whether an outlet takes anything: it rests after failures in a row, then one attempt probes it."""

    failures: int = 0
    failing_since: datetime | None = None
    rests_until: datetime | None = None

    def is_resting(self, now: datetime) -> bool:
        """Return whether nothing is sent there now."""
        return self.rests_until is not None and now < self.rests_until


def after(circuit: Circuit, outcome: Outcome, now: datetime) -> Circuit:
    """Return how an outlet stands after an attempt. A message that is refused for itself is an answer of the server."""
    if not outcome.is_of_the_outlet:
        return Circuit()
    failures = circuit.failures + 1
    rests_until = circuit.rests_until
    if outcome.retry_after_seconds is not None:
        rests_until = now + timedelta(seconds=outcome.retry_after_seconds)
    if failures >= OPENS_AFTER:
        rest = min(LONGEST_REST_SECONDS, FIRST_REST_SECONDS * 2.0 ** min(failures - OPENS_AFTER, 10))
        rests_until = max(rests_until or now, now + timedelta(seconds=rest))
    return Circuit(failures, circuit.failing_since or now, rests_until)


def is_to_be_disabled(circuit: Circuit, now: datetime) -> bool:
    """Return whether an endpoint has failed for so long that nothing is sent there until somebody looks."""
    return circuit.failing_since is not None and now - circuit.failing_since >= DISABLED_AFTER


def retry_seconds(attempts: int, luck: float) -> float | None:
    """Return how long to wait after so many attempts; None where there is no further one.

    Args:
        attempts: made so far, at least 1.
        luck: from 0 to 1, for the jitter.
    """
    if attempts >= MAX_ATTEMPTS:
        return None
    return SCHEDULE_SECONDS[attempts - 1] * (1.0 + JITTER * luck)


def retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds of a header `Retry-After`, within bounds: a number or an HTTP date; None for all else."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MAX_RETRY_AFTER_SECONDS)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return min(max((at - now).total_seconds(), 0.0), MAX_RETRY_AFTER_SECONDS)


def meaning(status: int, answer: bytes, wait: str | None, now: datetime, *, refusing: frozenset[int]) -> Outcome:
    """Return what an HTTP answer means: only 2xx is a success, and a redirect is followed by nobody.

    Args:
        status: of the answer.
        answer: the beginning of its body.
        wait: its header `Retry-After`.
        now: the time.
        refusing: statuses by which this channel refuses a message for good.
    """
    kept = answer[:MAX_ANSWER_BYTES]
    if 200 <= status < 300:
        return Outcome(Kind.SENT, status, kept)
    if status == GONE:
        return Outcome(Kind.GONE, status, kept, "it answered 410: this address is gone for good")
    if 300 <= status < 400:
        return Outcome(Kind.FAILED, status, kept, f"it answered {status}, a redirect, which is not followed")
    if status in refusing:
        return Outcome(Kind.REFUSED, status, kept, f"it answered {status}: it will never take this message")
    asked = retry_after(wait, now)
    if asked is None and status == 429:
        asked = FIRST_REST_SECONDS
    return Outcome(Kind.FAILED, status, kept, f"it answered {status}", asked)
