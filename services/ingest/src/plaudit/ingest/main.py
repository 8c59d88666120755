"""Ingest's composition root: `python -m plaudit.ingest.main api|consume|relay|jobs|migrate|all`."""

from plaudit.common import administration, sessions
from plaudit.common.db import Role
from plaudit.common.http import create_app
from plaudit.common.http.front_door import FrontDoorRoutes
from plaudit.common.process import Parts, Resources, Service, main
from plaudit.common.vault import vault_of
from plaudit.ingest.contacts import api as contacts
from plaudit.ingest.contacts.jobs import ResealJob
from plaudit.ingest.customers import api as customers
from plaudit.ingest.deliveries import api as deliveries
from plaudit.ingest.deliveries.jobs import DeliveryRetentionJob, HeldExpiryJob
from plaudit.ingest.erasure import api as erasure
from plaudit.ingest.erasure.jobs import ErasureJob
from plaudit.ingest.export import api as export
from plaudit.ingest.hooks.api import answers
from plaudit.ingest.hooks.api.openapi import HOOKS
from plaudit.ingest.hooks.api.route import Hooks
from plaudit.ingest.hooks.api.source_cache import SourceCache
from plaudit.ingest.hooks.api.writer import delivery_writer
from plaudit.ingest.hooks.jobs import FailedAttemptsLog
from plaudit.ingest.imports import api as imports
from plaudit.ingest.imports import pages as import_pages
from plaudit.ingest.imports.jobs import ImportJob, ImportRetentionJob
from plaudit.ingest.log_fields import LOG_FIELDS
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.resorting import api as resorting
from plaudit.ingest.reviews import api as reviews
from plaudit.ingest.reviews import pages as review_pages
from plaudit.ingest.revision_feed import api as revision_feed
from plaudit.ingest.search.jobs import SearchIndexJob
from plaudit.ingest.settings import IngestSettings
from plaudit.ingest.sorting import api as sorting
from plaudit.ingest.sources import api as sources
from plaudit.ingest.sources import pages as source_pages
from plaudit.ingest.sources.pages.examples import examples

MAX_BODY_BYTES = 1024 * 1024
"""Of what is not a hook: a batch of a thousand events of customers."""
HOOK_CONNECTIONS = 4
"""Two groups in flight and look-ups of sources beside them."""


def build(resources: Resources[IngestSettings]) -> Parts:
    """Put the service together."""
    settings = resources.settings
    vault = vault_of(settings)
    database = resources.database(Role.HOOK, HOOK_CONNECTIONS)
    writer = delivery_writer(database, resources.outbox, resources.ids)
    failed_attempts = FailedAttemptsLog(database)
    sources_of_hooks = SourceCache(database, vault, settings.source_cache_seconds)
    hooks = Hooks(sources_of_hooks, writer, failed_attempts, resources.ids, settings)
    app = create_app(
        title="Plaudit ingest",
        service="ingest",
        description="Platforms post signed webhooks; teams ask for reviews and their history.",
        resources=resources,
        max_body_bytes=MAX_BODY_BYTES,
        streamed_bodies={
            "/v1/imports": settings.import_max_bytes,
            import_pages.NEW: settings.import_max_bytes + MAX_BODY_BYTES,
            "/v1/imports/preview": imports.MAX_PREVIEW_BYTES,
        },
        staff_sessions=sessions.staff_sessions(resources),
        routers=(
            *(sources.router, deliveries.router, customers.router, contacts.router, erasure.router, imports.router),
            *(export.router, reviews.router, review_pages.router, revision_feed.router, sorting.router),
            *(source_pages.router, import_pages.router, resorting.router, sessions.router, administration.router),
        ),
        direct_routes=[hooks],
        more_openapi={**HOOKS, "enums": {("SourceIn", "platform"): ADAPTERS}},
        assets=resources.page_assets,
        pages=True,
        tags={
            "sources": "The accounts on platforms that reviews come from, each with the address that it posts to.",
            "hooks": "The addresses that platforms post to.",
            "reviews": "Reviews as they stand, and every revision that led to it.",
            "customers": "What happened with customers, and whether and where they may be written to.",
            "erasures": "What is deleted for good, and the receipts.",
            "deliveries": "What platforms sent, byte for byte, and what they were answered.",
            "imports": "Files of reviews, and what became of their rows.",
            "sorting": "The rules that find severity, topics and personas in reviews.",
        },
        problems={**answers.PROBLEMS, **sources.PROBLEMS, **contacts.PROBLEMS, **sorting.PROBLEMS, **imports.PROBLEMS},
        refusals={**sources.REFUSALS, **contacts.REFUSALS, **sorting.REFUSALS, **imports.REFUSALS},
    )
    app.state.vault = vault
    app.state.platforms = ADAPTERS
    app.state.examples = examples
    app.state.platform_proofs = {platform: adapter.proof for platform, adapter in ADAPTERS.items()}
    app.state.platforms_without_answers = frozenset(
        platform for platform, adapter in ADAPTERS.items() if adapter.tells.answers == "never"
    )
    app.state.revision_streams = revision_feed.Streams()
    worker = resources.database(Role.WORKER)
    jobs = (
        HeldExpiryJob(worker),
        SearchIndexJob(worker),
        ErasureJob(worker, resources.outbox, resources.ids, vault),
        DeliveryRetentionJob(worker, settings.delivery_retention_days),
        ResealJob(worker, vault),
        ImportJob(worker, database, resources.outbox, resources.ids, vault),
        ImportRetentionJob(worker),
    )
    return Parts(app=app, jobs=[writer, failed_attempts, *jobs])


SERVICE = Service(
    name="ingest",
    settings=IngestSettings,
    build=build,
    log_fields=LOG_FIELDS,
    front_door=FrontDoorRoutes(
        prefixes=(
            *("/v1/sources", "/v1/reviews", "/v1/review-revisions", "/v1/deliveries", "/v1/held_events", "/v1/hooks"),
            *("/v1/customers", "/v1/contacts", "/v1/erasures", "/v1/sorting-rules", "/v1/imports"),
            *("/console/reviews", "/console/sources", "/console/imports"),
        )
    ),
)

if __name__ == "__main__":
    main(SERVICE)
