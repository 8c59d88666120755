"""Ingest's composition root: `python -m plaudit.ingest.main api|consume|relay|jobs|migrate|all`."""

from plaudit.common import administration, sessions
from plaudit.common.db import Role
from plaudit.common.http import create_app
from plaudit.common.http.front_door import FrontDoorRoutes
from plaudit.common.process import Parts, Resources, Service, main
from plaudit.ingest.deliveries import api as deliveries
from plaudit.ingest.export import api as export
from plaudit.ingest.hooks.api import answers
from plaudit.ingest.hooks.api.openapi import HOOKS
from plaudit.ingest.hooks.api.route import Hooks
from plaudit.ingest.hooks.api.source_cache import SourceCache
from plaudit.ingest.hooks.api.writer import delivery_writer
from plaudit.ingest.log_fields import LOG_FIELDS
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.reviews import api as reviews
from plaudit.ingest.reviews import pages as review_pages
from plaudit.ingest.revision_feed import api as revision_feed
from plaudit.ingest.search.jobs import SearchIndexJob
from plaudit.ingest.settings import IngestSettings
from plaudit.ingest.sources import api as sources

HOOK_CONNECTIONS = 4
"""Two groups in flight and look-ups of sources beside them."""


def build(resources: Resources[IngestSettings]) -> Parts:
    """Put the service together."""
    settings = resources.settings
    database = resources.database(Role.HOOK, HOOK_CONNECTIONS)
    writer = delivery_writer(database, resources.outbox, resources.ids)
    hooks = Hooks(SourceCache(database, settings.source_cache_seconds), writer, resources.ids, settings)
    app = create_app(
        title="Plaudit ingest",
        service="ingest",
        description="Platforms post signed webhooks; teams ask for reviews and their history.",
        resources=resources,
        staff_sessions=sessions.staff_sessions(resources),
        routers=(
            sources.router,
            export.router,
            reviews.router,
            review_pages.router,
            revision_feed.router,
            deliveries.router,
            sessions.router,
            administration.router,
        ),
        direct_routes=[hooks],
        more_openapi={**HOOKS, "enums": {("SourceIn", "platform"): ADAPTERS}},
        assets=resources.page_assets,
        pages=True,
        tags={
            "sources": "The accounts on platforms that reviews come from, each with the address that it posts to.",
            "hooks": "The addresses that platforms post to.",
            "reviews": "Reviews as they stand, and every revision that led to it.",
            "deliveries": "What platforms sent, byte for byte, and what they were answered.",
        },
        problems={**answers.PROBLEMS, **sources.PROBLEMS},
        refusals=sources.REFUSALS,
    )
    app.state.platform_proofs = {platform: adapter.proof for platform, adapter in ADAPTERS.items()}
    # Every platform that has an adapter tells of answers, in its deliveries or when it is asked.
    app.state.platforms_without_answers = frozenset()
    app.state.revision_streams = revision_feed.Streams()
    return Parts(app=app, jobs=[writer, SearchIndexJob(resources.database(Role.WORKER))])


SERVICE = Service(
    name="ingest",
    settings=IngestSettings,
    build=build,
    log_fields=LOG_FIELDS,
    front_door=FrontDoorRoutes(
        prefixes=(
            "/v1/sources",
            "/v1/reviews",
            "/v1/review-revisions",
            "/v1/deliveries",
            "/v1/hooks",
            "/console/reviews",
        )
    ),
)

if __name__ == "__main__":
    main(SERVICE)
