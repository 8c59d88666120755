"""Real reviews with real answers, as events tell of them: rows of the console of a shop of apps, and their clocks."""

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

from msgspec.structs import replace

from plaudit.alerting.clocks.domain.clock import Clock
from plaudit.alerting.clocks.domain.review_clocks import ReviewClocks, ReviewRevision, decide_revision
from plaudit.alerting.clocks.domain.run import apply
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common.contracts import ReviewChange, ReviewState
from plaudit_testing.clocks import RULES, TENANT, answered, review
from plaudit_testing.shared import shared

FOLDER = "gplay_firefox_console_export"
SUBMITTED, UPDATED = "Review Submit Millis Since Epoch", "Review Last Update Millis Since Epoch"
REPLIED = "Developer Reply Millis Since Epoch"
LONG_AGO = datetime(2010, 1, 1, tzinfo=UTC)


def rows() -> list[dict[str, str]]:
    """The rows of the export, a review and its answer each."""
    with gzip.open(shared("data", FOLDER, "reviews.csv.gz"), "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def facts() -> Mapping[str, Any]:
    """What was counted of them with plain arithmetic."""
    counted: Mapping[str, Any] = json.loads(shared("data", FOLDER, "facts.json").read_text(encoding="utf-8"))
    return counted


def moment(row: Mapping[str, str], column: str) -> datetime:
    """A time of a row."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(row[column]))


def lived(row: Mapping[str, str], start: str, received: str | None = None, review_id: str = "review") -> ReviewClocks:
    """The clocks about a review that was published at its start, and then answered, as events tell it.

    Args:
        row: of the export.
        start: the column of its publication.
        received: the column of when we learned of it; at its publication, if not given.
        review_id: its id.
    """
    known = moment(row, received or start)
    state = state_of(row, start, received)
    with_answer = answered(state, moment(row, REPLIED))
    clocks = ReviewClocks()
    _tell(clocks, review_id, 1, None, state, known)
    _tell(clocks, review_id, 2, state, with_answer, max(known, moment(row, REPLIED)))
    return clocks


def state_of(row: Mapping[str, str], start: str, received: str | None = None) -> ReviewState:
    """The review of a row before it was answered; arguments as of `lived`."""
    published = moment(row, start)
    known = moment(row, received or start)
    state = review(float(row["Star Rating"]), published_at=published, rated_at=published, received_at=known)
    return replace(state, source=replace(state.source, created_at=LONG_AGO))


def first_answers(start: str, received: str | None = None) -> list[Clock]:
    """The clocks of first answers, of all rows."""
    clocks = [
        lived(row, start, received, f"review-{number}").newest(Metric.FIRST_ANSWER) for number, row in enumerate(rows())
    ]
    return [clock for clock in clocks if clock is not None]


def percentiles(lags: Sequence[int], like: Mapping[str, int]) -> dict[str, int]:
    """The percentiles that the facts have, such as `p50`, as they count them."""
    ordered = sorted(lags)
    return {name: ordered[int(int(name[1:]) / 100 * (len(ordered) - 1))] for name in like}


def _tell(
    clocks: ReviewClocks, review_id: str, number: int, before: ReviewState | None, after: ReviewState, at: datetime
) -> None:
    change = ReviewChange(review_id=review_id, revision=number, before=before, after=after)
    revision = ReviewRevision(tenant_id=TENANT, partition=0, recorded_at=at, change=change, is_first=number == 1)
    for decided in list(decide_revision(revision, clocks, RULES, partition_of=lambda _: 0)):
        run = reduce(lambda run, event: apply(run, event, RULES.of(TENANT)), decided.events, decided.clock.run)
        clocks.add(replace(decided.clock, run=run))
