"""What a clock says to people: what it is about, what is due, and that it was not in time."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from plaudit.alerting.clocks.domain.about import AboutKind
from plaudit.alerting.clocks.domain.clock import Clock
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common.text import isolated, one_line


class Words(NamedTuple):
    """How people say what a metric wants."""

    do: str
    """As a task: `Answer`."""
    due: str
    """As a thing: `a public answer`."""
    missing: str
    """That there is none: `none has been published`."""
    late: str
    """Of what it is about: `not answered in time`."""


WORDS: Final[Mapping[str, Words]] = {
    Metric.FIRST_ANSWER: Words("Answer", "a public answer", "none has been published", "not answered in time"),
    Metric.NEXT_ANSWER: Words(
        "Answer again", "another public answer", "none has been published", "what was added is not answered in time"
    ),
    Metric.FOLLOW_UP: Words(
        "Contact the customer", "a personal contact", "there was none", "customer not contacted in time"
    ),
    Metric.RESOLUTION_FIRST: Words("Resolve", "a resolution", "there is none", "not resolved in time"),
    Metric.RESOLUTION_TOTAL: Words("Resolve for good", "a resolution", "there is none", "not resolved in time"),
    Metric.INCIDENT_UPDATE: Words("Post an update", "an update", "there is none", "not updated in time"),
    Metric.STATUTORY: Words("Tell the authority", "the notice to the authority", "there is none", "not told in time"),
}
"""Metric → how people say it."""


def words_of(clock: Clock) -> Words:
    """Return how people say what is due."""
    return WORDS[clock.metric]


def name_of(clock: Clock) -> str:
    """Return what a clock is about: `1-star review of acme/berlin`, `incident Payments fail`."""
    about = clock.about
    if about.kind == AboutKind.INCIDENT:
        return f"incident {isolated(one_line(about.title or about.id))}"
    if about.stars is not None:
        return f"{about.stars}-star review of {about.subject}"
    return f"{about.title or about.kind} of {about.subject}"
