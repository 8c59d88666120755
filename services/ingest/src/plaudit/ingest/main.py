"""Ingest's composition root: `python -m plaudit.ingest.main api|consume|relay|jobs|migrate|all`."""

from plaudit.common import administration, sessions
from plaudit.common.db import Role
from plaudit.common.http import create_app
from plaudit.common.http.front_door import FrontDoorRoutes
from plaudit.common.http.static import static_route
from plaudit.common.http_client import HttpClient
from plaudit.common.process import Parts, Resources, Service, main
from plaudit.common.purge import PurgeJob
from plaudit.common.settings import address_of
from plaudit.common.vault import vault_of
from plaudit.ingest.addresses import api as addresses
from plaudit.ingest.answers import api as written_answers
from plaudit.ingest.answers import pages as answer_pages
from plaudit.ingest.answers.jobs import AnsweredByHandJob, AnswerJob, AnswerRetentionJob
from plaudit.ingest.contacts import api as contacts
from plaudit.ingest.contacts.jobs import ResealJob
from plaudit.ingest.customers import api as customers
from plaudit.ingest.deliveries import api as deliveries
from plaudit.ingest.deliveries import pages as delivery_pages
from plaudit.ingest.deliveries.jobs import DeliveryRetentionJob, HeldExpiryJob
from plaudit.ingest.erasure import api as erasure
from plaudit.ingest.erasure import pages as erasure_pages
from plaudit.ingest.erasure.consumer import persons_who_ask
from plaudit.ingest.erasure.jobs import ErasureJob
from plaudit.ingest.export import api as export
from plaudit.ingest.hooks.api import answers
from plaudit.ingest.hooks.api.issuer_keys import PublishedKeys
from plaudit.ingest.hooks.api.openapi import HOOKS
from plaudit.ingest.hooks.api.route import Hooks
from plaudit.ingest.hooks.api.source_cache import SourceCache
from plaudit.ingest.hooks.api.writer import delivery_writer
from plaudit.ingest.hooks.jobs import FailedAttemptsLog
from plaudit.ingest.imports import pages as import_pages
from plaudit.ingest.imports.api import routes as imports
from plaudit.ingest.imports.jobs.import_process import ImportProcess
from plaudit.ingest.imports.jobs.retention import ImportRetentionJob
from plaudit.ingest.log_fields import LOG_FIELDS
from plaudit.ingest.mappings import api as mappings
from plaudit.ingest.mappings import pages as mapping_pages
from plaudit.ingest.platforms import ADAPTERS, ANSWERING, answers_of
from plaudit.ingest.platforms.examples import examples
from plaudit.ingest.platforms.guides import guide_of
from plaudit.ingest.pulls import api as pulls
from plaudit.ingest.pulls import pages as pull_pages
from plaudit.ingest.pulls import store as pulls_store
from plaudit.ingest.pulls.jobs.pull_job import PullJob
from plaudit.ingest.replays import api as replays
from plaudit.ingest.replays import pages as replay_pages
from plaudit.ingest.replays.jobs import ReplayJob
from plaudit.ingest.resorting import api as resorting
from plaudit.ingest.resorting import pages as sorting_pages
from plaudit.ingest.resorting.jobs import SortAgainJob, WordsOfTradeJob
from plaudit.ingest.reviews import api as reviews
from plaudit.ingest.reviews import pages as review_pages
from plaudit.ingest.revision_feed import api as revision_feed
from plaudit.ingest.search.jobs import SearchIndexJob
from plaudit.ingest.settings import IngestSettings
from plaudit.ingest.settling import api as settling
from plaudit.ingest.settling import pages as settling_pages
from plaudit.ingest.settling.jobs import ReportsJob
from plaudit.ingest.sorting import api as sorting
from plaudit.ingest.sorting.domain import language
from plaudit.ingest.sources import api as sources
from plaudit.ingest.sources import pages as source_pages
from plaudit.ingest.surveys import api as surveys
from plaudit.ingest.surveys.jobs import ExpiredInvitationsJob
from plaudit.ingest.surveys.pages import console as survey_console
from plaudit.ingest.surveys.pages import public as survey_pages
from plaudit.ingest.test_console import api as test_console
from plaudit.ingest.test_console import pages as test_console_pages

MAX_BODY_BYTES = 1024 * 1024
"""Of what is not a hook: a batch of a thousand events of customers."""
HOOK_CONNECTIONS = 4
"""Two groups in flight and look-ups of sources beside them."""


def build(resources: Resources[IngestSettings]) -> Parts:
    """Put the service together."""
    language.load()
    settings = resources.settings
    vault = vault_of(settings)
    database = resources.database(Role.HOOK, HOOK_CONNECTIONS)
    writer = delivery_writer(database, resources.outbox, resources.ids)
    failed_attempts = FailedAttemptsLog(database)
    client = HttpClient(settings.interface_origins)
    published_keys = PublishedKeys(client, address_of(settings))
    sources_of_hooks = SourceCache(database, vault, settings.source_cache_seconds, proof_of=published_keys.proof_of)
    hooks = Hooks(sources_of_hooks, writer, failed_attempts, published_keys, resources.ids, settings)
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
            *(sources.router, mappings.router, deliveries.router, customers.router, contacts.router, erasure.router),
            *(pulls.router, written_answers.router, answer_pages.router, settling.router),
            *(settling_pages.router, erasure_pages.router),
            *(mapping_pages.router, sorting_pages.router),
            *(export.router, reviews.router, review_pages.router, revision_feed.router, sorting.router),
            *(source_pages.router, pull_pages.router, replays.router, replay_pages.router, delivery_pages.router),
            *(test_console.router, test_console_pages.router, resorting.router),
            *(surveys.router, survey_pages.router, survey_console.router, addresses.router),
            *(imports.router, import_pages.router, sessions.router, administration.router),
        ),
        bare_routes=[static_route(survey_pages.STATIC)],
        direct_routes=[hooks],
        body_limits={surveys.PATH: survey_pages.MAX_BODY_BYTES, **addresses.BODY_LIMITS},
        more_openapi={**HOOKS, "enums": {("SourceIn", "platform"): ADAPTERS}},
        assets=resources.page_assets,
        pages=True,
        tags={
            "sources": "The accounts on platforms that reviews come from, each with the address that it posts to.",
            "mappings": "What stands where in the payloads of custom sources: guessed, and previewed.",
            "hooks": "The addresses that platforms post to.",
            "answers": "What your company answers, from its submission until the platform shows it.",
            "reviews": "Reviews as they stand, and every revision that led to it.",
            "customers": "What happened with customers, and whether and where they may be written to.",
            "erasures": "What is deleted for good, and the receipts.",
            "surveys": "What customers are asked, and links for those whom to ask.",
            "replays": "Deliveries that are read again, and how far that is.",
            "deliveries": "What platforms sent, byte for byte, and what they were answered.",
            "imports": "Files of reviews, and what became of their rows.",
            "sorting": "The rules that find severity, topics and personas in reviews.",
        },
        problems={
            **answers.PROBLEMS,
            **sources.PROBLEMS,
            **mappings.PROBLEMS,
            **contacts.PROBLEMS,
            **written_answers.PROBLEMS,
            **settling.PROBLEMS,
            **pulls.PROBLEMS,
            **sorting.PROBLEMS,
            **surveys.PROBLEMS,
            **imports.PROBLEMS,
        },
        refusals={
            **sources.REFUSALS,
            **mappings.REFUSALS,
            **contacts.REFUSALS,
            **written_answers.REFUSALS,
            **settling.REFUSALS,
            **pulls.REFUSALS,
            **sorting.REFUSALS,
            **surveys.REFUSALS,
            **imports.REFUSALS,
        },
    )
    app.state.vault = vault
    app.state.platforms = ADAPTERS
    app.state.examples = examples
    app.state.guide_of = guide_of
    app.state.pulls_of = pull_pages.pulls_shown
    app.state.platform_proofs = {platform: adapter.proof_of for platform, adapter in ADAPTERS.items()}
    app.state.answering_interfaces = ANSWERING
    app.state.answers_of = answers_of
    worker = resources.database(Role.WORKER)
    jobs = (
        HeldExpiryJob(worker),
        ReplayJob(worker, resources.outbox, resources.ids, vault),
        SearchIndexJob(worker),
        SortAgainJob(worker, resources.outbox, resources.ids, answers_of),
        WordsOfTradeJob(worker),
        ErasureJob(worker, resources.outbox, resources.ids, vault),
        DeliveryRetentionJob(worker, settings.delivery_retention_days),
        ResealJob(worker, vault, [pulls_store.reseal]),
        PullJob(worker, database, resources.outbox, resources.ids, vault, client),
        ExpiredInvitationsJob(worker),
        PurgeJob(worker),
        AnswerJob(worker, resources.outbox, resources.ids, vault, ANSWERING, HttpClient(settings.interface_origins)),
        AnsweredByHandJob(worker),
        AnswerRetentionJob(worker, settings.answer_retention_days),
        ReportsJob(worker),
        ImportProcess(worker),
        ImportRetentionJob(worker),
    )
    return Parts(
        app=app,
        subscriptions=[persons_who_ask(resources.outbox, resources.ids, vault)],
        jobs=[writer, failed_attempts, *jobs],
        closing=[client.close],
    )


SERVICE = Service(
    name="ingest",
    settings=IngestSettings,
    build=build,
    log_fields=LOG_FIELDS,
    front_door=FrontDoorRoutes(
        prefixes=(
            *("/v1/sources", "/v1/mappings", "/v1/reviews", "/v1/review-revisions", "/v1/deliveries"),
            *("/v1/held-events", "/v1/hooks", "/v1/customers", "/v1/contacts", "/v1/erasures"),
            *("/v1/sorting-rules", "/v1/answers", "/v1/imports"),
            *("/v1/platform-reports", "/v1/quarantined-events", "/v1/replays"),
            *("/v1/surveys", "/v1/survey-templates", "/s", "/survey-static"),
            *("/console/answers", "/console/deliveries", "/console/imports", "/console/reviews", "/console/sources"),
            *("/console/surveys", "/console/erasures", "/console/sorting"),
        )
    ),
)

if __name__ == "__main__":
    main(SERVICE)
