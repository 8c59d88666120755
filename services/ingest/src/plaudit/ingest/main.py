"""Ingest's composition root: `python -m plaudit.ingest.main api|consume|relay|jobs|migrate|all`."""

from plaudit.common.db import Role
from plaudit.common.group_commit import GroupCommit
from plaudit.common.http.app import create_app
from plaudit.common.process import Parts, Resources, Service, main
from plaudit.ingest.api import ROUTERS
from plaudit.ingest.api.hook_docs import HOOK_PATHS
from plaudit.ingest.api.hooks import Flush, Hooks
from plaudit.ingest.api.known_sources import Sources
from plaudit.ingest.api.problems import PROBLEMS
from plaudit.ingest.intake import Intake
from plaudit.ingest.log_fields import LOG_FIELDS
from plaudit.ingest.settings import IngestSettings

HOOK_CONNECTIONS = 4
"""Two groups in flight and look-ups of sources beside them."""


def build(resources: Resources[IngestSettings]) -> Parts:
    """Put the service together."""
    settings = resources.settings
    database = resources.database(Role.HOOK, HOOK_CONNECTIONS)
    flush: Flush = GroupCommit("intake", Intake(database, resources.outbox, resources.ids).write)
    hooks = Hooks(Sources(database, settings.source_cache_seconds), flush, resources.ids, settings)
    app = create_app(
        title="Plaudit ingest",
        service="ingest",
        description="The front door: platforms post signed webhooks; teams ask for reviews and their history.",
        resources=resources,
        routers=ROUTERS,
        bare_routes=hooks.routes(),
        body_limits={"/v1/hooks/": settings.hook_max_body_bytes},
        openapi_paths=HOOK_PATHS,
        problems=PROBLEMS,
    )
    return Parts(app=app, jobs=[flush])


SERVICE = Service(name="ingest", settings=IngestSettings, build=build, log_fields=LOG_FIELDS)

if __name__ == "__main__":
    main(SERVICE)
