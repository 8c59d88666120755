"""Scoring's composition root: `python -m plaudit.scoring.main api|consume|relay|jobs|migrate|all`."""

from plaudit.common import administration, sessions
from plaudit.common.db import Role
from plaudit.common.erasure.jobs import ErasureJob
from plaudit.common.http import create_app
from plaudit.common.http.front_door import FrontDoorRoutes
from plaudit.common.process import Parts, Resources, Service, main
from plaudit.common.purge import PurgeJob
from plaudit.scoring.erasure.commands import scrub
from plaudit.scoring.explanation import api as explanation
from plaudit.scoring.explanation import pages as explanation_pages
from plaudit.scoring.explorer import pages as explorer
from plaudit.scoring.figures import api as figures
from plaudit.scoring.history.consumer import HISTORY
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.markers import api as markers
from plaudit.scoring.markers import pages as markers_pages
from plaudit.scoring.ranking import api as ranking
from plaudit.scoring.scores import api as scores
from plaudit.scoring.scores import pages as scores_pages
from plaudit.scoring.series import api as series
from plaudit.scoring.settings import ScoringSettings


def build(resources: Resources[ScoringSettings]) -> Parts:
    """Put the service together."""
    app = create_app(
        title="Plaudit scoring",
        service="scoring",
        description="Decayed trust scores of every subject and every prefix of it, current to the second.",
        resources=resources,
        staff_sessions=sessions.staff_sessions(resources),
        routers=[
            explanation.router,
            explanation_pages.router,
            explorer.router,
            figures.router,
            markers.router,
            markers_pages.router,
            ranking.router,
            scores.router,
            scores_pages.router,
            series.router,
            sessions.router,
            administration.router,
        ],
        pages=True,
        problems={**scores.PROBLEMS, **ranking.PROBLEMS, **markers.PROBLEMS},
        refusals={**scores.REFUSALS, **series.REFUSALS, **ranking.REFUSALS, **markers.REFUSALS},
        assets=resources.page_assets,
        tags={
            "scores": "The score of every subject, and of everything below it, at this instant.",
            "markers": "What was done or happened, and what changed around it.",
            "explanation": "Why a score is what it is.",
        },
    )
    worker = resources.database(Role.WORKER)
    return Parts(app=app, subscriptions=(LIVE, HISTORY), jobs=[ErasureJob(worker, scrub), PurgeJob(worker)])


SERVICE = Service(
    name="scoring",
    settings=ScoringSettings,
    build=build,
    has_outbox=False,
    front_door=FrontDoorRoutes(
        prefixes=(
            "/v1/scores",
            "/v1/score-effects",
            "/v1/score-figures",
            "/v1/score-ranking",
            "/v1/score-series",
            "/v1/markers",
            "/console/scores",
        )
    ),
)

if __name__ == "__main__":
    main(SERVICE)
