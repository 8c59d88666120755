"""Alerting's composition root: `python -m plaudit.alerting.main api|consume|relay|jobs|migrate|all`."""

from collections.abc import Sequence

from plaudit.alerting.alerts import api as alerts
from plaudit.alerting.alerts.commands import BreachAlerts
from plaudit.alerting.answers import api as answers
from plaudit.alerting.answers import consumer as answers_consumer
from plaudit.alerting.answers import pages as answer_pages
from plaudit.alerting.clocks.api import router as clocks
from plaudit.alerting.clocks.commands import Follower
from plaudit.alerting.clocks.consumer import subscription
from plaudit.alerting.desk.pages import router as desk
from plaudit.alerting.erasure.commands import scrubbing
from plaudit.alerting.library import api as library
from plaudit.alerting.library import pages as library_pages
from plaudit.alerting.log_fields import LOG_FIELDS
from plaudit.alerting.mails.commands import OwnerMails
from plaudit.alerting.mails.jobs.mail_job import MailJob
from plaudit.alerting.policies.api import router as policies
from plaudit.alerting.settings import AlertingSettings
from plaudit.alerting.timers.commands import Schedule
from plaudit.alerting.timers.jobs.timer_job import TimerJob
from plaudit.common import administration, sessions
from plaudit.common.db import Role
from plaudit.common.erasure.jobs import ErasureJob
from plaudit.common.http import create_app
from plaudit.common.http.front_door import FrontDoorRoutes
from plaudit.common.kafka.end_offsets import EndOffsets
from plaudit.common.mail.smtp import smtp_sender
from plaudit.common.process import Parts, Resources, Service, main

DESCRIPTION = "Clocks for reviews that have to be answered: warnings, breaches, mails, and alerts for people."


def followers(settings: AlertingSettings) -> Sequence[Follower]:
    """Return the rooms that act, in the same transaction, when something happens to a clock."""
    return (Schedule(), BreachAlerts(settings.owner_email), OwnerMails(settings.owner_email))


def build(resources: Resources[AlertingSettings]) -> Parts:
    """Return the parts of alerting."""
    settings = resources.settings
    end_offsets = EndOffsets(settings)
    following = followers(settings)
    return Parts(
        app=create_app(
            title="Plaudit alerting",
            service=resources.service,
            description=DESCRIPTION,
            resources=resources,
            staff_sessions=sessions.staff_sessions(resources),
            routers=[
                *(clocks, alerts.router, policies, library.router, answers.router),
                *(desk, library_pages.router, answer_pages.router, sessions.router, administration.router),
            ],
            pages=True,
            assets=resources.page_assets,
            tags={
                "policies": "The rules that start clocks.",
                "clocks": "What runs for each review that has to be answered, and how it ended.",
                "alerts": "What a person should look at.",
                "library": "What we stand for and which points an answer covers; never a text to be sent.",
                "answer checks": "What to look at again before an answer is published, and how individual answers are.",
            },
            problems={**alerts.PROBLEMS, **library.PROBLEMS},
            refusals={**alerts.REFUSALS, **library.REFUSALS},
        ),
        subscriptions=[subscription(following), answers_consumer.SUBSCRIPTION],
        jobs=[
            TimerJob(resources, following, end_offsets.end_offset),
            MailJob(resources.database(Role.WORKER), settings, smtp_sender(settings)),
            ErasureJob(resources.database(Role.WORKER), scrubbing(following, resources.outbox)),
        ],
        closing=[end_offsets.aclose],
    )


SERVICE = Service(
    name="alerting",
    settings=AlertingSettings,
    build=build,
    log_fields=LOG_FIELDS,
    front_door=FrontDoorRoutes(
        prefixes=(
            *("/v1/policies", "/v1/clocks", "/v1/alerts", "/v1/library", "/v1/answers/check"),
            *("/v1/answers/individuality", "/console", "/console/answers/check", "/console/library"),
        )
    ),
)

if __name__ == "__main__":
    main(SERVICE)
