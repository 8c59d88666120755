"""How long ago a consumer turned, as everybody who asks is told."""

import time
from types import SimpleNamespace
from typing import Any, cast

from plaudit.common.contracts import REVIEWS, ReviewChange
from plaudit.common.kafka.consumer import ConsumerLoop
from plaudit.common.kafka.subscription import Subscription
from plaudit_testing.databases import settings_for


async def apply_nothing(_tx: object, _records: object) -> tuple[()]:
    return ()


def test_the_age_is_that_of_the_slowest_worker_whether_or_not_anybody_has_asked_if_it_lives() -> None:
    """Prometheus asks for the age alone: of a consumer that turns, it must not be the time since the start."""
    subscription = Subscription(group="age", topic=REVIEWS, data=ReviewChange, handle=apply_nothing)
    settings = settings_for("postgresql://nobody@nowhere/x")
    loop = ConsumerLoop(subscription, cast("Any", None), cast("Any", None), settings)
    now = time.monotonic()
    loop._beaten_at = now - 700
    loop._member = cast("Any", SimpleNamespace(turned_at=now))

    assert loop.age_seconds() < 600
    loop._member = cast("Any", SimpleNamespace(turned_at=now - 900))
    assert loop.age_seconds() >= 900
    assert not loop.live().ok
