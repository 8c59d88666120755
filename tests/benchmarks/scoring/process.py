"""The real process of scoring with one of its groups alone: `python -m benchmarks.scoring.process live consume`."""

import sys
from collections.abc import Mapping
from typing import Any

from plaudit.common.kafka.subscription import Subscription
from plaudit.common.process import Parts, Service, main
from plaudit.scoring.answers.consumer import ANSWERS
from plaudit.scoring.history.consumer import HISTORY
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.settings import ScoringSettings

GROUPS: Mapping[str, Subscription[Any]] = {"live": LIVE, "history": HISTORY, "answers": ANSWERS}

if __name__ == "__main__":
    group = GROUPS[sys.argv[1]]
    service = Service(
        name="scoring",
        settings=ScoringSettings,
        build=lambda _resources: Parts(subscriptions=(group,)),
        has_outbox=False,
    )
    main(service, sys.argv[2:])
