"""What the bus is told of a score, mapped from scoring's own figures."""

from typing import Final

from plaudit.common.contracts import SCORES, ProfileScore, ScoreChange, StarsChange
from plaudit.common.contracts import Cause as ToldCause
from plaudit.common.contracts import SurveyFigure as ToldSurvey
from plaudit.common.events import Outgoing
from plaudit.scoring.publishing.domain import Cause, ProfileFigures, Record, ScoreKey, Survey
from plaudit.scoring.sums.domain.decay import time_of

TYPE: Final = "score.changed"


def score_change(key: ScoreKey, number: int, cause: Cause, record: Record) -> ScoreChange:
    """Return the data of an event."""
    return ScoreChange(
        subject=key.prefix,
        number=number,
        as_of=record.as_of,
        cause=ToldCause(cause),
        profiles={name: _profile_score(figures) for name, figures in record.profiles.items()},
        nps=_survey(record, Survey.NPS),
        csat=_survey(record, Survey.CSAT),
        ces=_survey(record, Survey.CES),
    )


def outgoing(key: ScoreKey, change: ScoreChange) -> Outgoing:
    """Return the event: the newest one of its key replaces the others."""
    return Outgoing(
        topic=SCORES,
        key=f"{key.tenant_id}/{key.prefix}",
        type=TYPE,
        subject=key.prefix,
        tenant_id=key.tenant_id,
        time=change.as_of,
        data=change,
    )


def _profile_score(figures: ProfileFigures) -> ProfileScore:
    score, following = figures.score, figures.next_stars
    return ProfileScore(
        score=score.score,
        stars=score.stars,
        count=score.count,
        distribution={str(star): count for star, count in score.distribution.items()},
        effective_reviews=score.effective_reviews,
        prior=score.prior,
        next_stars=None if following is None else StarsChange(at=time_of(following.at_us), stars=following.stars),
        weight=figures.weight,
        prior_weight=figures.prior_weight,
        half_life_days=figures.half_life_days,
    )


def _survey(record: Record, survey: Survey) -> ToldSurvey | None:
    figure = record.surveys.get(survey)
    return None if figure is None else ToldSurvey(value=figure.value, count=figure.count)
