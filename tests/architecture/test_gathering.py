"""How long records gather before the next transaction: it bounds what an effect waits for, and what a trickle costs."""

import pytest

from plaudit.alerting.clocks.consumer import subscription
from plaudit.common.kafka.subscription import Subscription
from plaudit.feedback_board.erasure.consumer import PERSONS
from plaudit.feedback_board.links.consumer import SUBSCRIPTION
from plaudit.scoring.answers.consumer import ANSWERS
from plaudit.scoring.history.consumer import HISTORY
from plaudit.scoring.insight.consumer import INSIGHT
from plaudit.scoring.live.consumer import LIVE

PEOPLE_SEE = 0.1


def test_a_score_waits_for_no_other_review() -> None:
    assert LIVE.gather_seconds == 0


@pytest.mark.parametrize(
    ("gathering", "longest_seconds"),
    [
        (subscription((), 1), PEOPLE_SEE),
        (SUBSCRIPTION, PEOPLE_SEE),
        (HISTORY, 0.25),
        (INSIGHT, 1.0),
        (ANSWERS, 1.0),
        (PERSONS, 0.25),
    ],
    ids=lambda value: getattr(value, "group", None),
)
def test_other_consumers_gather_records_and_none_for_longer_than_its_effect_may_wait(
    gathering: Subscription[object], longest_seconds: float
) -> None:
    assert 0 < gathering.gather_seconds <= longest_seconds
