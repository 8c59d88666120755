"""What a clock can measure, and what a class of each metric may say."""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from plaudit.common.contracts import Kind, Severity


class Metric(StrEnum):
    """What has to happen in time."""

    FIRST_ANSWER = "first_answer"
    NEXT_ANSWER = "next_answer"
    FOLLOW_UP = "follow_up"
    RESOLUTION_FIRST = "resolution_first"
    RESOLUTION_TOTAL = "resolution_total"
    INCIDENT_UPDATE = "incident_update"
    STATUTORY = "statutory"


class About(StrEnum):
    """What a clock of a metric is about."""

    REVIEW = "review"
    INCIDENT = "incident"


INCIDENT: Final = "incident"
DATA_BREACH: Final = "data_breach"
"""The kind of incident that the statutory clock is for."""
PUBLIC_KINDS: Final = (Kind.STARS, Kind.THUMBS)
"""Statements that stand in public. The others are answers to surveys, which nobody can answer in public."""
REVIEW_SEVERITIES: Final = (Severity.NORMAL, Severity.NEGATIVE, Severity.DRASTIC)
INCIDENT_SEVERITIES: Final = ("routine", "important", "urgent")
"""The mildest first."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a class of one metric may say."""

    title: str
    what_for: str
    """What starts its clocks, and what fulfils them."""
    about: About
    kinds: tuple[str, ...]
    """The kinds of statement, or of incident, that can start a clock."""
    severities: tuple[str, ...]
    """Of what the clock is about, the mildest first; none where all are treated alike."""
    takes_calendar: bool = True
    """Whether only open hours may count; otherwise the clock runs around the clock."""
    may_pause: bool = True
    takes_grace: bool = True
    """Whether we can learn late of what starts the clock."""
    warns_by_percent: bool = True
    """Whether a warning may be a share of the time; otherwise it is so long after the start."""


METRICS: Final = MappingProxyType(
    {
        Metric.FIRST_ANSWER: Rules(
            title="First answer",
            what_for="From the publication of a review to the first public answer.",
            about=About.REVIEW,
            kinds=PUBLIC_KINDS,
            severities=REVIEW_SEVERITIES,
        ),
        Metric.NEXT_ANSWER: Rules(
            title="Next answer",
            what_for="From the oldest statement that its author made after our answer to the next public answer.",
            about=About.REVIEW,
            kinds=PUBLIC_KINDS,
            severities=REVIEW_SEVERITIES,
        ),
        Metric.FOLLOW_UP: Rules(
            title="Private follow-up",
            what_for="From our public answer to the personal contact with its author.",
            about=About.REVIEW,
            kinds=PUBLIC_KINDS,
            severities=REVIEW_SEVERITIES,
        ),
        Metric.RESOLUTION_FIRST: Rules(
            title="First resolution",
            what_for="From the publication of a review until it is settled for the first time.",
            about=About.REVIEW,
            kinds=tuple(Kind),
            severities=REVIEW_SEVERITIES,
        ),
        Metric.RESOLUTION_TOTAL: Rules(
            title="Total resolution",
            what_for="From the publication of a review until it is settled for good: undoing it lets the clock go on.",
            about=About.REVIEW,
            kinds=tuple(Kind),
            severities=REVIEW_SEVERITIES,
        ),
        Metric.INCIDENT_UPDATE: Rules(
            title="Incident update",
            what_for="From the beginning of an incident, or from the last update, to the next update; until it is "
            "resolved.",
            about=About.INCIDENT,
            kinds=(INCIDENT, DATA_BREACH),
            severities=INCIDENT_SEVERITIES,
            takes_grace=False,
        ),
        Metric.STATUTORY: Rules(
            title="Statutory notice",
            what_for="From the awareness of a data breach to the notice to the authority, in calendar time.",
            about=About.INCIDENT,
            kinds=(DATA_BREACH,),
            severities=(),
            takes_calendar=False,
            may_pause=False,
            takes_grace=False,
            warns_by_percent=False,
        ),
    }
)
"""Metric → what its classes may say."""
