"""The real process of scoring with its live group alone: `python -m benchmarks.live_worker consume`."""

from plaudit.common.process import Parts, Resources, Service, main
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.settings import ScoringSettings


def build(_resources: Resources[ScoringSettings]) -> Parts:
    """The live group, without history."""
    return Parts(subscriptions=(LIVE,))


if __name__ == "__main__":
    main(Service(name="scoring", settings=ScoringSettings, build=build, has_outbox=False))
