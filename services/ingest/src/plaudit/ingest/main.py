"""Ingest's composition root: `python -m plaudit.ingest.main api|consume|relay|jobs|migrate|all`."""

from plaudit.common import administration, sessions
from plaudit.common.db import Role
from plaudit.common.http import create_app
from plaudit.common.http.front_door import FrontDoorRoutes
from plaudit.common.process import Parts, Resources, Service, main
from plaudit.ingest.deliveries import api as deliveries
from plaudit.ingest.hooks.api import answers
from plaudit.ingest.hooks.api.openapi import HOOKS
from plaudit.ingest.hooks.api.route import Hooks
from plaudit.ingest.hooks.api.source_cache import SourceCache
from plaudit.ingest.hooks.api.writer import delivery_writer
from plaudit.ingest.log_fields import LOG_FIELDS
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.resorting import api as resorting
from plaudit.ingest.reviews import api as reviews
from plaudit.ingest.settings import IngestSettings
from plaudit.ingest.sorting import api as sorting
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
            reviews.router,
            deliveries.router,
            sorting.router,
            resorting.router,
            sessions.router,
            administration.router,
        ),
        direct_routes=[hooks],
        more_openapi={**HOOKS, "enums": {("SourceIn", "platform"): ADAPTERS}},
        assets=resources.page_assets,
        tags={
            "sources": "The accounts on platforms that reviews come from, each with the address that it posts to.",
            "hooks": "The addresses that platforms post to.",
            "reviews": "Reviews as they stand, and every revision that led to it.",
            "deliveries": "What platforms sent, byte for byte, and what they were answered.",
            "sorting": "The rules that find severity, topics and personas in reviews.",
        },
        problems={**answers.PROBLEMS, **sources.PROBLEMS, **sorting.PROBLEMS},
        refusals={**sources.REFUSALS, **sorting.REFUSALS},
    )
    app.state.platform_proofs = {platform: adapter.proof for platform, adapter in ADAPTERS.items()}
    return Parts(app=app, jobs=[writer])


SERVICE = Service(
    name="ingest",
    settings=IngestSettings,
    build=build,
    log_fields=LOG_FIELDS,
    front_door=FrontDoorRoutes(
        prefixes=("/v1/sources", "/v1/reviews", "/v1/deliveries", "/v1/sorting-rules", "/v1/hooks")
    ),
)

if __name__ == "__main__":
    main(SERVICE)
