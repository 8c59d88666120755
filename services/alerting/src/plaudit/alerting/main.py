"""Alerting's composition root: `python -m plaudit.alerting.main api|consume|relay|jobs|migrate|all`."""

from collections.abc import Sequence

from plaudit.alerting.alerts import api as alerts
from plaudit.alerting.alerts.commands import BreachAlerts
from plaudit.alerting.answers import api as answers
from plaudit.alerting.answers import consumer as answers_consumer
from plaudit.alerting.answers import pages as answer_pages
from plaudit.alerting.cadences import api as cadences
from plaudit.alerting.cadences.commands.sending import CHECKS as CADENCE_CHECKS
from plaudit.alerting.cadences.consumer import SUBSCRIPTIONS as CADENCE_SUBSCRIPTIONS
from plaudit.alerting.cadences.jobs.cadence_job import CadenceJob, ReplanJob
from plaudit.alerting.cadences.pages import router as cadence_pages
from plaudit.alerting.calendars import api as calendars
from plaudit.alerting.calendars.jobs import CalendarsJob
from plaudit.alerting.calendars.pages import router as calendar_pages
from plaudit.alerting.clocks import api as clocks
from plaudit.alerting.clocks.commands import Follower
from plaudit.alerting.clocks.consumer import subscription
from plaudit.alerting.clocks.jobs import MoveJob
from plaudit.alerting.contacts.jobs import ContactsJob
from plaudit.alerting.desk.pages import router as desk
from plaudit.alerting.erasure.commands import scrubbing
from plaudit.alerting.library import api as library
from plaudit.alerting.library import pages as library_pages
from plaudit.alerting.log_fields import LOG_FIELDS
from plaudit.alerting.mails.commands import OwnerMails, check_of
from plaudit.alerting.mails.domain.letters import TOPIC
from plaudit.alerting.policies import api as policies
from plaudit.alerting.policies import pages as policy_pages
from plaudit.alerting.reports import api as reports
from plaudit.alerting.reports.pages import router as report_pages
from plaudit.alerting.reviews.consumer import KEPT_REVIEWS
from plaudit.alerting.settings import AlertingSettings
from plaudit.alerting.timers.commands import Schedule
from plaudit.alerting.timers.consumer import CONTACTS
from plaudit.alerting.timers.jobs.timer_job import TimerJob
from plaudit.common import administration, sessions
from plaudit.common.db import Role
from plaudit.common.delivery import api as messages
from plaudit.common.delivery.channels.sender import Sender
from plaudit.common.delivery.commands import Checks
from plaudit.common.delivery.consent.pages import router as preferences
from plaudit.common.delivery.jobs import DeliveryJob, EndpointResealJob, MessagePurgeJob
from plaudit.common.delivery.pages import router as message_pages
from plaudit.common.erasure.jobs import ErasureJob
from plaudit.common.http import create_app
from plaudit.common.http.front_door import FrontDoorRoutes
from plaudit.common.kafka.end_offsets import EndOffsets
from plaudit.common.process import Parts, Resources, Service, main
from plaudit.common.vault import vault_of

DESCRIPTION = "Clocks for reviews that have to be answered: warnings, breaches, mails, and alerts for people."


def followers(settings: AlertingSettings) -> Sequence[Follower]:
    """Return the rooms that act, in the same transaction, when something happens to a clock."""
    return (Schedule(), BreachAlerts(settings.owner_email), OwnerMails(settings.owner_email))


def checks(settings: AlertingSettings) -> Checks:
    """Return what is asked before messages leave: topic → its check."""
    return {TOPIC: check_of(settings.public_url, settings.owner_zone), **CADENCE_CHECKS}


def build(resources: Resources[AlertingSettings]) -> Parts:
    """Return the parts of alerting."""
    settings = resources.settings
    end_offsets = EndOffsets(settings)
    sender = Sender(settings)
    following = followers(settings)
    return Parts(
        app=create_app(
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
                clocks.router,
                clocks.changing(following),
                alerts.router,
                library.router,
                answers.router,
                library_pages.router,
                answer_pages.router,
                cadences.router,
                cadence_pages,
                calendars.router,
                calendar_pages,
                policies.router,
                policy_pages.router,
                reports.router,
                report_pages,
                desk,
                sessions.router,
                administration.router,
            ],
            pages=True,
            assets=resources.page_assets,
            tags={
                **messages.TAGS,
                "calendars": "When the company is open, by which due times are counted.",
                "policies": "The rules that start clocks.",
                "clocks": "What runs for each review that has to be answered, and how it ended.",
                "alerts": "What a person should look at.",
                "library": "What we stand for and which points an answer covers; never a text to be sent.",
                "answer checks": "What to look at again before an answer is published, and how individual answers are.",
                "reports": "How much is in time, how soon, what became of ratings, and what has to be looked up.",
                "cadences": "Regular contacts with customers, invitations to review, and the weekly digest.",
            },
            problems={
                **clocks.PROBLEMS,
                **alerts.PROBLEMS,
                **library.PROBLEMS,
                **cadences.PROBLEMS,
                **calendars.PROBLEMS,
                **policies.PROBLEMS,
                **reports.PROBLEMS,
                **messages.PROBLEMS,
            },
            refusals={
                **clocks.REFUSALS,
                **alerts.REFUSALS,
                **library.REFUSALS,
                **cadences.REFUSALS,
                **calendars.REFUSALS,
                **policies.REFUSALS,
                **reports.REFUSALS,
                **messages.REFUSALS,
            },
            streamed_bodies={policies.REVISIONS: policies.MAX_DOCUMENT_BYTES},
        ),
        subscriptions=[
            subscription(following, settings.partitions),
            CONTACTS,
            KEPT_REVIEWS,
            answers_consumer.SUBSCRIPTION,
            *CADENCE_SUBSCRIPTIONS,
        ],
        jobs=[
            TimerJob(resources, following, end_offsets.end_offset),
            MoveJob(resources, following),
            CadenceJob(resources),
            ReplanJob(resources),
            ContactsJob(resources.database(Role.WORKER)),
            DeliveryJob(resources.database(Role.WORKER), settings, sender, vault_of(settings), checks(settings)),
            MessagePurgeJob(resources.database(Role.WORKER), settings),
            EndpointResealJob(resources.database(Role.WORKER), vault_of(settings)),
            CalendarsJob(resources.database(Role.WORKER)),
            ErasureJob(resources.database(Role.WORKER), scrubbing(following, resources.outbox)),
        ],
        closing=[end_offsets.aclose, sender.close],
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
            "/v1/alerts",
            "/v1/messages",
            "/v1/endpoints",
            "/preferences",
            "/v1/cadences",
            "/v1/occurrences",
            "/v1/touchpoints",
            "/v1/invitations",
            "/v1/digests",
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
