"""Reports as the API shows them, and as lines of files."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, Field

from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.alerting.reports.domain.asked import Asked, Dimension, LateEntries, Start, TimeKind
from plaudit.alerting.reports.domain.compliance import Compliance
from plaudit.alerting.reports.domain.effects import LEAST_FOR_MEAN, Bucket, Effect, Effects
from plaudit.alerting.reports.domain.groups import Group, Key, Report
from plaudit.alerting.reports.domain.look_up import Unknown
from plaudit.alerting.reports.domain.response_times import SECOND_US, Times
from plaudit.common.http.files import guarded_cell
from plaudit.common.http.openapi_examples import A_TIME
from plaudit.common.statistics.intervals import Interval
from plaudit.common.statistics.waiting import Quantile

CAUTION: Final = (
    "It shows what happened after answers, and is no proof that answers caused it: reviews that are answered soon may "
    "differ from others, and of those that were raised before an answer none is counted as answered."
)


class IntervalOut(BaseModel):
    """Where a figure lies with a confidence of 95 %."""

    low: float = Field(description="The least that it may be.", examples=[0.2065])
    high: float = Field(description="The most that it may be.", examples=[1.0])


class GroupOut(BaseModel):
    """Which clocks or reviews they are."""

    key: dict[Dimension, str | None] = Field(
        description="What is told by → its value; null where nothing is known of it. Weeks and months are their first "
        "date. Empty for all together.",
        examples=[{}],
    )
    name: str = Field(description="The same in words.", examples=["all"])


class ComplianceOut(GroupOut):
    """How much was in time."""

    share: float | None = Field(
        description="In time ÷ (in time + late + open past due); null where nothing is decided.", examples=[0.0]
    )
    interval: IntervalOut | None = Field(
        description="Wilson's interval of the share.", examples=[{"low": 0.0, "high": 0.7935}]
    )
    counted: int = Field(description="n: in time + late + open past due.", examples=[1])
    in_time: int = Field(description="It happened by the due time.", examples=[0])
    late: int = Field(description="It happened, or was no longer due, after the due time.", examples=[0])
    open_past_due: int = Field(description="The due time has passed, and it has not happened.", examples=[1])
    not_yet_due: int = Field(description="Open, and not in the share.", examples=[0])
    paused: int = Field(
        description="A person has stopped their time; not in the share. In calendar time there are none.", examples=[0]
    )
    unknown: int = Field(
        description="The due time has passed where answers are not told; not in the share.", examples=[0]
    )
    cancelled: int = Field(description="No longer due before the due time; not in the share.", examples=[0])


class _ReportOut(BaseModel):
    start: datetime = Field(alias="from", description="From then.", examples=[A_TIME])
    end: datetime = Field(alias="to", description="To before then.", examples=[A_TIME])
    by: list[Dimension] = Field(description="What it is told by.", examples=[[]])
    zone: str = Field(description="In which weeks and months begin.", examples=["UTC"])


class ComplianceReportOut(_ReportOut):
    """How many clocks that are due in a time are in time."""

    time: TimeKind = Field(
        description="`business`: by the clock's calendar, without pauses. `calendar`: as if every hour counted."
    )
    all: ComplianceOut = Field(description="All clocks together.")
    items: list[ComplianceOut] = Field(description="Each group; none without `by`.", examples=[[]])


class QuantileOut(BaseModel):
    """The time within which a share of what is due happens."""

    seconds: float | None = Field(
        description="By the estimator of Kaplan and Meier; null where too many wait longer than can be seen.",
        examples=[7_200.0],
    )
    low_seconds: float | None = Field(
        description="The lower end of the 95 % interval (log-log, Greenwood's variance); null where it is not known.",
        examples=[7_200.0],
    )
    high_seconds: float | None = Field(
        description="The upper end; null where it lies beyond what can be seen.", examples=[None]
    )


class TimesOut(GroupOut):
    """How soon what is due happens."""

    median: QuantileOut = Field(description="Half of it.")
    p75: QuantileOut = Field(description="Three quarters of it.")
    p90: QuantileOut = Field(description="Nine tenths of it.")
    counted: int = Field(description="n: answered + waiting + cancelled.", examples=[1])
    answered: int = Field(description="It has happened.", examples=[1])
    waiting: int = Field(description="Open: they count with how long they have waited up to now.", examples=[0])
    cancelled: int = Field(description="No longer due: they count with how long they waited until then.", examples=[0])
    known_late: int = Field(description="Of these, those that count only from when they were known.", examples=[0])
    unknown: int = Field(description="Open where answers are not told; in no time.", examples=[0])
    answered_before: int = Field(
        description="The answer is older than the statement, so it is no quick answer to that; in no time.",
        examples=[0],
    )
    ended_before: int = Field(
        description="It had happened, or was no longer due, before the time began to count; in no time.", examples=[0]
    )


class ResponseTimesOut(_ReportOut):
    """How soon what is due happens, those that wait among all."""

    metric: Metric = Field(description="What is due.")
    time: TimeKind = Field(description="`business`: that of the clock's calendar, without pauses. `calendar`: all.")
    start_rule: Start = Field(description="`publication`: when the customer said it. `receipt`: when we knew of it.")
    late_entries: LateEntries = Field(
        description="How clocks count that were known some time after their publication: as if they had been known "
        "from the beginning (`counted`), or only from then (`truncated`)."
    )
    all: TimesOut = Field(description="All clocks together.")
    items: list[TimesOut] = Field(description="Each group; none without `by`.", examples=[[]])


class EffectOut(BaseModel):
    """What became of the ratings of reviews that were answered so soon."""

    bucket: Bucket = Field(description="How soon; `never` is not up to now.", examples=["within_1_hour"])
    counted: int = Field(description="n: negative reviews.", examples=[0])
    raised: int = Field(description="Those whose rating is a star higher now, or more.", examples=[0])
    lowered: int = Field(description="Those whose rating is a star lower now, or more.", examples=[0])
    recovery: float | None = Field(description="Raised ÷ n; null without reviews.", examples=[None])
    interval: IntervalOut | None = Field(description="Wilson's interval of the recovery.", examples=[None])
    mean_change: float | None = Field(description="Of the rating, in stars.", examples=[None])
    mean_interval: IntervalOut | None = Field(
        description=f"By the normal distribution; null for fewer than {LEAST_FOR_MEAN} reviews and where all changes "
        "are the same: that is too few to say how sure the mean is.",
        examples=[None],
    )


_OF_NO_REVIEWS: Final = [
    {
        "bucket": bucket.value,
        "counted": 0,
        "raised": 0,
        "lowered": 0,
        "recovery": None,
        "interval": None,
        "mean_change": None,
        "mean_interval": None,
    }
    for bucket in Bucket
]


class EffectsOut(GroupOut):
    """What became of the ratings of negative reviews."""

    buckets: list[EffectOut] = Field(
        description="By how soon they were answered; each of them.", examples=[_OF_NO_REVIEWS]
    )
    unknown: int = Field(
        description="Negative reviews of sources that do not tell answers; in no bucket.", examples=[0]
    )
    rating_unknown: int = Field(
        description="Answered ones of which the rating at that time is not known; in no bucket.", examples=[0]
    )


class EffectsReportOut(_ReportOut):
    """What became of the ratings of negative reviews that were published in a time, by how soon they were answered."""

    caution: str = Field(description="What the figures do not say.", examples=[CAUTION])
    all: EffectsOut = Field(description="All reviews together.")
    items: list[EffectsOut] = Field(description="Each group; none without `by`.", examples=[[]])


class UnknownOut(BaseModel):
    """A clock past its due time where answers are not told."""

    clock_id: UUID = Field(description="Its id. What is found is said by `POST /v1/clocks/{clock_id}/settle`.")
    metric: Metric = Field(description="What was due.", examples=["first_answer"])
    review_id: str | None = Field(description="The review that it is about.", examples=["review-1"])
    subject: str = Field(description="What the review is about.", examples=["acme/berlin"])
    source_id: str | None = Field(
        description="The source of the review.", examples=["01956d00-0000-7000-8000-000000000001"]
    )
    source_name: str | None = Field(description="Its name.", examples=["Acme shop"])
    stars: int | None = Field(description="Of the review.", examples=[1])
    url: str | None = Field(
        description="Where the review stands in public.", examples=["https://shop.example/reviews/r-1"]
    )
    anchor_at: datetime = Field(description="From when it counted.")
    due_at: datetime = Field(description="When it was due.")


COMPLIANCE_FIELDS: Final = ("share", "low", "high", "counted", *Compliance._fields)
TIMES_FIELDS: Final = (
    *(f"{name}{end}" for name in ("median", "p75", "p90") for end in ("_seconds", "_low_seconds", "_high_seconds")),
    *("counted", "answered", "waiting", "cancelled", "known_late", "unknown", "answered_before", "ended_before"),
)
EFFECT_FIELDS: Final = (
    *("bucket", "counted", "raised", "lowered", "recovery", "low", "high"),
    *("mean_change", "mean_low", "mean_high"),
)
UNKNOWN_HEAD: Final = Unknown._fields


def head_of(by: Sequence[Dimension], fields: Sequence[str]) -> Sequence[str]:
    """Return the names of the columns of a file: what it is told by, the group's name, and the figures."""
    return (*(each.value for each in by), "name", *fields)


def compliance_report_out(asked: Asked, report: Report[Compliance]) -> ComplianceReportOut:
    """Return a report as the API shows it."""
    return ComplianceReportOut(
        **_asked(asked),
        time=asked.time,
        all=compliance_out(asked, _ALL, report.all),
        items=[compliance_out(asked, group.key, group.figures) for group in report.groups],
    )


def compliance_out(asked: Asked, key: Key, found: Compliance) -> ComplianceOut:
    """Return one group of it."""
    return ComplianceOut(
        **_named(asked, key),
        share=found.share,
        interval=interval_out(found.interval),
        counted=found.counted,
        **found._asdict(),
    )


def response_times_out(asked: Asked, metric: Metric, report: Report[Times]) -> ResponseTimesOut:
    """Return a report as the API shows it."""
    return ResponseTimesOut(
        **_asked(asked),
        metric=metric,
        time=asked.time,
        start_rule=asked.start,
        late_entries=asked.late_entries,
        all=times_out(asked, _ALL, report.all),
        items=[times_out(asked, group.key, group.figures) for group in report.groups],
    )


def times_out(asked: Asked, key: Key, found: Times) -> TimesOut:
    """Return one group of it."""
    seen = found.seen
    return TimesOut(
        **_named(asked, key),
        median=_quantile_out(found.median),
        p75=_quantile_out(found.p75),
        p90=_quantile_out(found.p90),
        counted=found.counted,
        answered=len(seen.answered),
        waiting=len(seen.waiting),
        cancelled=len(seen.cancelled),
        known_late=len(seen.entered),
        unknown=seen.unknown,
        answered_before=seen.answered_before,
        ended_before=seen.ended_before,
    )


def effects_out(asked: Asked, report: Report[Effects]) -> EffectsReportOut:
    """Return a report as the API shows it."""
    return EffectsReportOut(
        **_asked(asked),
        caution=CAUTION,
        all=_effects_out(asked, _ALL, report.all),
        items=[_effects_out(asked, group.key, group.figures) for group in report.groups],
    )


def unknown_out(found: Unknown) -> UnknownOut:
    """Return a clock that has to be looked up as the API shows it."""
    return UnknownOut(**found._asdict())


def compliance_row(asked: Asked, group: Group[Compliance]) -> list[str]:
    """Return a group as the cells of a line."""
    found, interval = group.figures, group.figures.interval
    return _row(asked, group.key, [found.share, *(interval or (None, None)), found.counted, *found])


def times_row(asked: Asked, group: Group[Times]) -> list[str]:
    """Return a group as the cells of a line."""
    shown = times_out(asked, group.key, group.figures)
    quantiles = [value for each in (shown.median, shown.p75, shown.p90) for value in each.model_dump().values()]
    counts = [getattr(shown, name) for name in TIMES_FIELDS[len(quantiles) :]]
    return _row(asked, group.key, [*quantiles, *counts])


def effect_row(asked: Asked, key: Key, bucket: Bucket, effect: Effect) -> list[str]:
    """Return a bucket of a group as the cells of a line."""
    low, high = effect.interval or (None, None)
    mean_low, mean_high = effect.mean_interval or (None, None)
    values = [bucket.value, effect.reviews, effect.raised, effect.lowered, effect.recovery, low, high]
    return _row(asked, key, [*values, effect.mean_change, mean_low, mean_high])


def unknown_row(found: Unknown) -> list[str]:
    """Return a clock that has to be looked up as the cells of a line."""
    return [guarded_cell(value) for value in found]


def interval_out(interval: Interval | None) -> IntervalOut | None:
    """Return an interval as the API shows it."""
    return None if interval is None else IntervalOut(low=interval.low, high=interval.high)


_ALL: Final = Key((), ("all",))
ALL: Final = _ALL
"""The key of all together."""


def _asked(asked: Asked) -> Mapping[str, Any]:
    return {"from": asked.window.start, "to": asked.window.end, "by": [*asked.by], "zone": asked.zone}


def _named(asked: Asked, key: Key) -> Mapping[str, Any]:
    # All together have no values, whatever the groups are told by.
    return {"key": dict(zip(asked.by, key.values, strict=False)), "name": ", ".join(key.names)}


def _quantile_out(found: Quantile) -> QuantileOut:
    seconds: Callable[[int | None], float | None] = lambda us: None if us is None else us / SECOND_US  # noqa: E731
    return QuantileOut(seconds=seconds(found.at), low_seconds=seconds(found.low), high_seconds=seconds(found.high))


def _effects_out(asked: Asked, key: Key, found: Effects) -> EffectsOut:
    return EffectsOut(
        **_named(asked, key),
        buckets=[effect_out(bucket, effect) for bucket, effect in found.buckets.items()],
        unknown=found.unknown,
        rating_unknown=found.rating_unknown,
    )


def effect_out(bucket: Bucket, effect: Effect) -> EffectOut:
    """Return what became of the ratings of one bucket."""
    return EffectOut(
        bucket=bucket,
        counted=effect.reviews,
        raised=effect.raised,
        lowered=effect.lowered,
        recovery=effect.recovery,
        interval=interval_out(effect.interval),
        mean_change=effect.mean_change,
        mean_interval=interval_out(effect.mean_interval),
    )


def _row(asked: Asked, key: Key, values: Sequence[object]) -> list[str]:
    # Of all together, nothing is told by.
    keys = [*key.values, *[None] * (len(asked.by) - len(key.values))]
    return [guarded_cell(each) for each in (*keys, ", ".join(key.names), *values)]
