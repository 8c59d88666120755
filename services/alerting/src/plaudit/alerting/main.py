"""Alerting's composition root: `python -m plaudit.alerting.main api|consume|relay|jobs|migrate|all`."""

from collections.abc import Sequence
from typing import Any

from plaudit.alerting.alerts import api as alerts
from plaudit.alerting.alerts.commands import BreachAlerts, PauseAlerts
from plaudit.alerting.alerts.commands.composing import check_of as alert_check_of
from plaudit.alerting.alerts.commands.composing import gatherer_of as alert_gatherer_of
from plaudit.alerting.alerts.commands.endpoints import beside_events, last_scores, listing_beside_events
from plaudit.alerting.alerts.commands.storms import Storms
from plaudit.alerting.alerts.commands.telling import withheld
from plaudit.alerting.alerts.commands.unreachable import recipient_watch
from plaudit.alerting.alerts.consumer import (
    board_endpoint_subscription,
    endpoint_subscription,
    uncaught_subscription,
)
from plaudit.alerting.alerts.domain.notes import TOPIC as ALERT_TOPIC
from plaudit.alerting.alerts.domain.told_events import SCORE_CHANGED
from plaudit.alerting.alerts.jobs import EscalationJob, SilenceJob, count_silences_set_aside
from plaudit.alerting.alerts.pages import ROUTERS as ALERT_PAGES
from plaudit.alerting.answers import api as answers
from plaudit.alerting.answers import consumer as answers_consumer
from plaudit.alerting.answers import pages as answer_pages
from plaudit.alerting.audit import api as audit
from plaudit.alerting.audit.commands import record_redriven
from plaudit.alerting.audit.pages import router as audit_pages
from plaudit.alerting.cadences import api as cadences
from plaudit.alerting.cadences import pages as cadence_pages
from plaudit.alerting.cadences.commands.sending import checks_of as cadence_checks
from plaudit.alerting.cadences.consumer import SUBSCRIPTIONS as CADENCE_SUBSCRIPTIONS
from plaudit.alerting.cadences.domain.consent import TOPICS as INVITATION_TOPICS
from plaudit.alerting.cadences.jobs.cadence_job import CadenceJob, ReplanJob, look_for_late
from plaudit.alerting.cadences.jobs.inviting import completing
from plaudit.alerting.cadences.schemas.documents import MAX_DOCUMENT_BYTES as MAX_RULES_BYTES
from plaudit.alerting.calendars import api as calendars
from plaudit.alerting.calendars import pages as calendar_pages
from plaudit.alerting.calendars.domain import CalendarRef
from plaudit.alerting.calendars.jobs import CalendarsJob, Moved
from plaudit.alerting.changes import api as changes
from plaudit.alerting.changes.jobs import ChangesJob
from plaudit.alerting.clocks import api as clocks
from plaudit.alerting.clocks.commands import Follower, order_counting
from plaudit.alerting.clocks.consumer import subscription
from plaudit.alerting.clocks.jobs import MoveJob, count_failed_moves
from plaudit.alerting.contacts.jobs import ContactsJob
from plaudit.alerting.desk import pages as desk
from plaudit.alerting.erasure.commands import scrubbing
from plaudit.alerting.incidents import api as incidents
from plaudit.alerting.incidents import pages as incident_pages
from plaudit.alerting.incidents.commands.completing import completing as completing_incidents
from plaudit.alerting.incidents.commands.sending import checks_of as incident_checks
from plaudit.alerting.incidents.domain.messages import SIGN_UP as SIGN_UP_TOPIC
from plaudit.alerting.incidents.domain.messages import TOPIC as INCIDENT_TOPIC
from plaudit.alerting.incidents.jobs import SubscriberErasureJob, SubscriberResealJob
from plaudit.alerting.incidents.pages import public as public_incidents
from plaudit.alerting.library import api as library
from plaudit.alerting.library import pages as library_pages
from plaudit.alerting.log_fields import LOG_FIELDS
from plaudit.alerting.mails.commands import OwnerMails, check_of, gatherer_of
from plaudit.alerting.mails.domain.letters import TOPIC as CLOCK_TOPIC
from plaudit.alerting.people import api as people
from plaudit.alerting.people import pages as owner_pages
from plaudit.alerting.people.domain import Owner, fallback_owner
from plaudit.alerting.policies import api as policies
from plaudit.alerting.policies import pages as policy_pages
from plaudit.alerting.policies.commands import check_calendar
from plaudit.alerting.reports import api as reports
from plaudit.alerting.reports.pages import router as report_pages
from plaudit.alerting.reviews.consumer import KEPT_REVIEWS
from plaudit.alerting.set_aside import api as set_aside
from plaudit.alerting.set_aside.pages import router as set_aside_pages
from plaudit.alerting.settings import AlertingSettings
from plaudit.alerting.timers.commands import Schedule
from plaudit.alerting.timers.consumer import CONTACTS
from plaudit.alerting.timers.jobs.auditor import Auditor
from plaudit.alerting.timers.jobs.timer_job import TimerJob
from plaudit.common import administration, sessions
from plaudit.common.contracts import ALERTS
from plaudit.common.db import Database, Role, Tx
from plaudit.common.delivery import api as messages
from plaudit.common.delivery.channels.sender import Sender
from plaudit.common.delivery.commands import Checks, Complete, Ready, Withdraw
from plaudit.common.delivery.connector import Connector
from plaudit.common.delivery.consent.pages import router as preferences
from plaudit.common.delivery.contacts import AddressBook
from plaudit.common.delivery.domain.consent import Topic
from plaudit.common.delivery.domain.message import takes_topic
from plaudit.common.delivery.gatherings.commands import Gatherings
from plaudit.common.delivery.jobs import NO_ADDRESSES, DeliveryJob, EndpointResealJob, MessagePurgeJob
from plaudit.common.delivery.pages import router as message_pages
from plaudit.common.erasure.jobs import ErasureJob
from plaudit.common.http import Api, create_app
from plaudit.common.http.front_door import FrontDoorRoutes
from plaudit.common.http.static import static_route
from plaudit.common.ids import IdSource
from plaudit.common.kafka.end_offsets import EndOffsets
from plaudit.common.kafka.subscription import Subscription
from plaudit.common.outbox import Outbox
from plaudit.common.process import Parts, Resources, Service, main
from plaudit.common.settings import address_of
from plaudit.common.vault import Vault, vault_of

INCIDENT_TOPICS = (
    Topic(
        INCIDENT_TOPIC,
        "Incidents",
        "What went wrong, and what we do about it, where you have asked to be told.",
        asked_by=frozenset({SIGN_UP_TOPIC}),
    ),
)
"""What subscribers of incidents can choose to be told about."""
DESCRIPTION = "Clocks for reviews that have to be answered: warnings, breaches, mails, and alerts for people."


def owner_of_settings(settings: AlertingSettings) -> Owner:
    """Return who answers for what no tenant gives to anybody else."""
    return fallback_owner(settings.owner_email, settings.owner_time_zone)


def followers(settings: AlertingSettings) -> Sequence[Follower]:
    """Return the rooms that act, in the same transaction, when something happens to a clock."""
    fallback = owner_of_settings(settings)
    return (Schedule(), BreachAlerts(fallback), PauseAlerts(fallback), OwnerMails(fallback))


def counting_anew(ids: IdSource) -> Moved:
    """Return what orders, where the open time of a calendar has moved, that its clocks are counted anew."""

    async def order(tx: Tx, tenant_id: str, ref: CalendarRef) -> None:
        await order_counting(tx, ids(), tenant_id, ref)

    return order


def checks(settings: AlertingSettings) -> Checks:
    """Return what is asked before messages leave: topic → its check."""
    fallback = owner_of_settings(settings)
    return {
        CLOCK_TOPIC: beside_events(check_of(settings.public_url, fallback, withheld)),
        ALERT_TOPIC: beside_events(alert_check_of(settings.public_url, fallback)),
        **{
            topic: beside_events(check)
            for topic, check in incident_checks(settings.public_url, address_of(settings)).items()
        },
        **cadence_checks(address_of(settings)),
        SCORE_CHANGED: last_scores,
    }


def gatherings(settings: AlertingSettings, outbox: Outbox) -> Gatherings:
    """Return how what is gathered is composed, and what a storm of messages raises; the outbox takes its events."""
    fallback = owner_of_settings(settings)
    storms = Storms(fallback, settings.public_url, settings.delivery_storm_messages, outbox.append)
    return Gatherings(
        {
            CLOCK_TOPIC: listing_beside_events(gatherer_of(settings.public_url, fallback, withheld)),
            ALERT_TOPIC: listing_beside_events(alert_gatherer_of(settings.public_url, fallback)),
        },
        on_storm=storms.begin,
        on_calm=storms.end,
    )


def completed(worker: Database, vault: Vault, book: AddressBook | None) -> Complete:
    """Return what finds the addresses of persons: those of subscribers are here, those of customers ingest has.

    Args:
        worker: a worker's connections.
        vault: opens the addresses that are here.
        book: asks ingest; None where this installation has none to ask.
    """
    of_incidents = completing_incidents(worker, vault)
    of_others = completing(book) if book else None

    async def complete(ready: Ready) -> Ready | Withdraw:
        if takes_topic([INCIDENT_TOPIC, SIGN_UP_TOPIC], ready.delivery.topic):
            return await of_incidents(ready)
        return await of_others(ready) if of_others else Withdraw(NO_ADDRESSES)

    return complete


def _app(resources: Resources[AlertingSettings], following: Sequence[Follower]) -> Api:
    """Return what answers requests: endpoints and pages of all rooms."""
    app = create_app(
        title="Plaudit alerting",
        service=resources.service,
        description=DESCRIPTION,
        resources=resources,
        staff_sessions=sessions.staff_sessions(resources),
        routers=[
            messages.messages,
            messages.endpoint_routes,
            message_pages,
            preferences,
            changes.router,
            clocks.router,
            clocks.changing(following),
            alerts.router,
            *ALERT_PAGES,
            *incidents.ROUTERS,
            *incident_pages.ROUTERS,
            library.router,
            answers.router,
            library_pages.router,
            answer_pages.router,
            cadences.router,
            cadence_pages.router,
            calendars.router,
            calendar_pages.router,
            policies.router,
            policies.covering(people.owner_of_facts),
            policy_pages.router,
            policy_pages.covering(people.owner_of_facts),
            *reports.ROUTERS,
            report_pages,
            people.router,
            owner_pages.router,
            audit.router,
            audit_pages,
            set_aside.router,
            set_aside_pages,
            desk.router,
            desk.changing(following),
            sessions.router,
            administration.router,
        ],
        bare_routes=[static_route(public_incidents.STATIC)],
        open_paths=public_incidents.OPEN_PATHS,
        pages=True,
        assets=resources.page_assets,
        tags={
            **messages.TAGS,
            "calendars": "When the company is open, by which due times are counted.",
            "policies": "The rules that start clocks.",
            "clocks": "What runs for each review that has to be answered, and how it ended.",
            "alerts": "What a person should look at, and what is silenced.",
            "owners": "Who answers for what, and who is told when they do not.",
            "audit": "Who did what, and when.",
            "set aside": "What could not be processed, and is tried again by people.",
            "incidents": "What went wrong, what the public is told of it, and data breaches.",
            "library": "What we stand for and which points an answer covers; never a text to be sent.",
            "answer checks": "What to look at again before an answer is published, and how individual answers are.",
            "reports": "How much is in time, how soon, what became of ratings, and what has to be looked up.",
            "cadences": "Regular contacts with customers, invitations to review, and the weekly digest.",
        },
        problems={
            **clocks.PROBLEMS,
            **alerts.PROBLEMS,
            **incidents.PROBLEMS,
            **library.PROBLEMS,
            **cadences.PROBLEMS,
            **calendars.PROBLEMS,
            **policies.PROBLEMS,
            **people.PROBLEMS,
            **reports.PROBLEMS,
            **messages.PROBLEMS,
        },
        refusals={
            **clocks.REFUSALS,
            **alerts.REFUSALS,
            **incidents.REFUSALS,
            **library.REFUSALS,
            **cadences.REFUSALS,
            **calendars.REFUSALS,
            **policies.REFUSALS,
            **people.REFUSALS,
            **reports.REFUSALS,
            **messages.REFUSALS,
        },
        body_limits={
            **incidents.BODY_LIMITS,
            **incident_pages.BODY_LIMITS,
            **calendars.BODY_LIMITS,
            **calendar_pages.BODY_LIMITS,
            **policy_pages.BODY_LIMITS,
            **owner_pages.BODY_LIMITS,
            **cadence_pages.BODY_LIMITS,
            **answer_pages.BODY_LIMITS,
        },
        streamed_bodies={
            policies.REVISIONS: policies.MAX_DOCUMENT_BYTES,
            people.OWNERS: policies.MAX_DOCUMENT_BYTES,
            cadences.CADENCES: MAX_RULES_BYTES,
        },
    )
    app.state.calendar_fits = check_calendar
    app.state.clock_followers = following
    app.state.note_redriven = record_redriven
    app.state.consent_topic = ALERTS
    app.state.message_topics = (*INVITATION_TOPICS, *INCIDENT_TOPICS)
    return app


def _subscriptions(settings: AlertingSettings, following: Sequence[Follower]) -> list[Subscription[Any]]:
    """Return what is read from Kafka."""
    return [
        subscription(following, settings.partitions),
        CONTACTS,
        KEPT_REVIEWS,
        uncaught_subscription(owner_of_settings(settings)),
        endpoint_subscription(settings.public_url),
        board_endpoint_subscription(settings.public_url),
        answers_consumer.SUBSCRIPTION,
        *CADENCE_SUBSCRIPTIONS,
    ]


def build(resources: Resources[AlertingSettings]) -> Parts:
    """Return the parts of alerting."""
    settings = resources.settings
    end_offsets = EndOffsets(settings)
    connector = Connector(settings)
    sender = Sender(settings, connector)
    following = followers(settings)
    vault = vault_of(settings)
    book = AddressBook(settings.ingest_url, vault) if settings.ingest_url else None
    worker = resources.database(Role.WORKER)
    complete = completed(worker, vault, book)
    watch = recipient_watch(owner_of_settings(settings), resources.outbox)
    app = _app(resources, following)
    app.state.recipient_watch = watch
    return Parts(
        app=app,
        subscriptions=_subscriptions(settings, following),
        jobs=[
            TimerJob(resources, following, end_offsets.end_offset),
            Auditor(resources, connector, [look_for_late, count_silences_set_aside, count_failed_moves]),
            MoveJob(resources, following),
            EscalationJob(worker, owner_of_settings(settings)),
            SilenceJob(worker, owner_of_settings(settings)),
            CadenceJob(resources),
            ReplanJob(resources),
            ChangesJob(worker),
            ContactsJob(worker),
            DeliveryJob(
                worker,
                settings,
                sender,
                vault,
                checks(settings),
                gatherings(settings, resources.outbox),
                complete,
                watch,
            ),
            MessagePurgeJob(worker, settings),
            EndpointResealJob(worker, vault),
            SubscriberResealJob(worker, vault),
            SubscriberErasureJob(worker),
            CalendarsJob(worker, [counting_anew(resources.ids)]),
            ErasureJob(worker, scrubbing(following, resources.outbox)),
        ],
        closing=[end_offsets.aclose, sender.close, *([book.close] if book else [])],
    )


SERVICE = Service(
    name="alerting",
    settings=AlertingSettings,
    build=build,
    log_fields=LOG_FIELDS,
    front_door=FrontDoorRoutes(
        prefixes=(
            "/v1/calendars",
            "/v1/holidays",
            "/v1/policies",
            "/v1/coverage",
            "/v1/clocks",
            "/v1/clocks.csv",
            "/v1/alerts",
            "/v1/silences",
            "/v1/owners",
            "/v1/audit",
            "/v1/set-aside",
            "/v1/alerts.csv",
            "/v1/messages",
            "/v1/endpoints",
            "/preferences",
            "/v1/cadences",
            "/v1/occurrences",
            "/v1/touchpoints",
            "/v1/invitations",
            "/v1/digests",
            "/v1/incidents",
            public_incidents.PAGES,
            public_incidents.STATIC.path,
            "/v1/reports",
            "/v1/library",
            "/v1/answers/check",
            "/v1/answers/individuality",
            "/console",
            "/console/answers/check",
            "/console/library",
        )
    ),
)

if __name__ == "__main__":
    main(SERVICE)
