"""Scoring's composition root: `python -m plaudit.scoring.main api|consume|relay|jobs|migrate|all`."""

from typing import Final

from plaudit.common import administration, sessions
from plaudit.common.db import Role
from plaudit.common.erasure.jobs import ErasureJob
from plaudit.common.http import Api, create_app
from plaudit.common.http.front_door import FrontDoorRoutes
from plaudit.common.http.static import static_route
from plaudit.common.jobs import Loop
from plaudit.common.process import Parts, Resources, Service, main
from plaudit.common.purge import PurgeJob
from plaudit.scoring.answers.consumer import ANSWERS
from plaudit.scoring.backlogs.jobs import BacklogsJob
from plaudit.scoring.badges import api as badges
from plaudit.scoring.badges.pages import console as badges_console
from plaudit.scoring.badges.pages import public as badges_public
from plaudit.scoring.cells.jobs import CellsJob
from plaudit.scoring.erasure.commands import scrub
from plaudit.scoring.explanation import api as explanation
from plaudit.scoring.explanation import pages as explanation_pages
from plaudit.scoring.explorer import pages as explorer
from plaudit.scoring.figures import api as figures
from plaudit.scoring.figures import pages as figures_pages
from plaudit.scoring.filling.jobs import HalfLivesJob
from plaudit.scoring.history.consumer import HISTORY
from plaudit.scoring.insight import api as insight
from plaudit.scoring.insight import pages as insight_pages
from plaudit.scoring.insight.consumer import INSIGHT
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.log_fields import LOG_FIELDS
from plaudit.scoring.markers import api as markers
from plaudit.scoring.markers import pages as markers_pages
from plaudit.scoring.moves.jobs import MovesJob
from plaudit.scoring.own_profiles import api as own_profiles
from plaudit.scoring.own_profiles import pages as own_profiles_pages
from plaudit.scoring.projection import api as projection
from plaudit.scoring.projection import pages as projection_pages
from plaudit.scoring.publishing import api as publishing
from plaudit.scoring.publishing.jobs import CompletionJob, ProfilesJob, PublishingJob
from plaudit.scoring.ranking import api as ranking
from plaudit.scoring.reconciliation.jobs import ReconciliationJob
from plaudit.scoring.scores import api as scores
from plaudit.scoring.scores import pages as scores_pages
from plaudit.scoring.series import api as series
from plaudit.scoring.settings import ScoringSettings

ROUTERS: Final = (
    explanation.router,
    explanation_pages.router,
    insight.router,
    insight_pages.router,
    projection.router,
    projection_pages.router,
    badges.router,
    badges_public.router,
    badges_console.router,
    publishing.router,
    own_profiles.router,
    own_profiles_pages.router,
    explorer.router,
    figures.router,
    figures_pages.router,
    markers.router,
    markers_pages.router,
    ranking.router,
    scores.router,
    scores_pages.router,
    series.router,
    sessions.router,
    administration.router,
)
PROBLEMS: Final = {
    **scores.PROBLEMS,
    **insight.PROBLEMS,
    **explanation.PROBLEMS,
    **projection.PROBLEMS,
    **badges.PROBLEMS,
    **own_profiles.PROBLEMS,
    **ranking.PROBLEMS,
    **markers.PROBLEMS,
}
REFUSALS: Final = {
    **scores.REFUSALS,
    **insight.REFUSALS,
    **explanation.REFUSALS,
    **projection.REFUSALS,
    **badges.REFUSALS,
    **own_profiles.REFUSALS,
    **series.REFUSALS,
    **figures.REFUSALS,
    **ranking.REFUSALS,
    **markers.REFUSALS,
}
TAGS: Final = {
    "scores": "The score of every subject, and of everything below it, at this instant.",
    "explanation": "Why a score is what it is, and why it moved.",
    "projection": "Where a score goes, and what it takes to be elsewhere.",
    "insight": "What people complain about and praise, by topics and by terms that stand out.",
    "markers": "What was done or happened, and what changed around it.",
    "profiles": "The rules that scores are computed by: three for everybody, and a tenant's own.",
    "badges": "Which scores everybody may see, as badges on other sites.",
}


def build(resources: Resources[ScoringSettings]) -> Parts:
    """Put the service together."""
    # In the order in which rebuilds and refills put others in their place.
    resources.database(Role.API).share("sums", "ledger")
    return Parts(app=_app(resources), subscriptions=(LIVE, HISTORY, INSIGHT, ANSWERS), jobs=_jobs(resources))


def _app(resources: Resources[ScoringSettings]) -> Api:
    return create_app(
        title="Plaudit scoring",
        service="scoring",
        description="Decayed trust scores of every subject and every prefix of it, current to the second.",
        resources=resources,
        staff_sessions=sessions.staff_sessions(resources),
        routers=ROUTERS,
        bare_routes=[static_route(badges_public.STATIC)],
        open_paths=badges_public.OPEN_PATHS,
        pages=True,
        problems=PROBLEMS,
        refusals=REFUSALS,
        assets=resources.page_assets,
        tags=TAGS,
    )


def _jobs(resources: Resources[ScoringSettings]) -> list[Loop]:
    worker = resources.database(Role.WORKER)
    return [
        PublishingJob(resources),
        CompletionJob(resources),
        ProfilesJob(resources),
        ErasureJob(worker, scrub),
        PurgeJob(worker),
        CellsJob(worker),
        MovesJob(worker),
        ReconciliationJob(worker),
        HalfLivesJob(worker, resources.settings.partitions),
        BacklogsJob(worker),
    ]


SERVICE = Service(
    name="scoring",
    settings=ScoringSettings,
    build=build,
    front_door=FrontDoorRoutes(
        prefixes=(
            "/v1/scores",
            "/v1/score-effects",
            "/v1/score-events",
            "/v1/score-figures",
            "/v1/figure-series",
            "/v1/score-profiles",
            "/v1/score-ranking",
            "/v1/score-series",
            "/v1/score-explanations",
            "/v1/score-projections",
            "/v1/insight",
            "/v1/markers",
            "/v1/badges",
            "/v1/badge-profile",
            "/console/scores",
            "/badges",
            "/badge-static",
            "/scores/how",
        )
    ),
    log_fields=LOG_FIELDS,
)

if __name__ == "__main__":
    main(SERVICE)
