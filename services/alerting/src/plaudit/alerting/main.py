"""The composition root: `python -m plaudit.alerting.main api|consume|relay|jobs|migrate|all`."""

from plaudit.alerting.api import router
from plaudit.alerting.consumer import subscription
from plaudit.alerting.jobs import MailLoop, TimerLoop
from plaudit.alerting.log_fields import LOG_FIELDS
from plaudit.alerting.mail.smtp import smtp_sender
from plaudit.alerting.pages import router as pages_router
from plaudit.alerting.settings import AlertingSettings
from plaudit.common.db import Role
from plaudit.common.http.app import create_app
from plaudit.common.kafka.end_offsets import EndOffsets
from plaudit.common.process import Parts, Resources, Service, main

PROBLEMS = {
    "alert-resolved": "The alert is resolved; there is nothing left to acknowledge.",
    "sent-from-elsewhere": "A form counts only when a page of this service sent it.",
}
"""Slug → meaning, beyond what all services share."""
DESCRIPTION = "Promises to those who wrote a review: clocks that run, warnings, breaches, and alerts for people."


def build(resources: Resources[AlertingSettings]) -> Parts:
    """Return what alerting is made of."""
    settings = resources.settings
    worker = resources.database(Role.WORKER)
    end_offsets = EndOffsets(settings)
    return Parts(
        app=create_app(
            title="Plaudit alerting",
            service=resources.service,
            description=DESCRIPTION,
            resources=resources,
            routers=[router, pages_router],
            pages=True,
            problems=PROBLEMS,
        ),
        subscriptions=[subscription(settings.owner_email)],
        jobs=[
            TimerLoop(worker, resources.outbox, settings, end_offsets.end_offset),
            MailLoop(worker, settings, smtp_sender(settings)),
        ],
        closing=[end_offsets.close],
    )


ALERTING = Service(name="alerting", settings=AlertingSettings, build=build, log_fields=LOG_FIELDS)

if __name__ == "__main__":
    main(ALERTING)
