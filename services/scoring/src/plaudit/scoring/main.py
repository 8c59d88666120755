"""Scoring's composition root: `python -m plaudit.scoring.main api|consume|relay|jobs|migrate|all`."""

from plaudit.common.contracts.subjects import SUBJECT_RULE
from plaudit.common.http.app import create_app
from plaudit.common.process import Parts, Resources, Service, main
from plaudit.scoring.api import router
from plaudit.scoring.consumer import SUBSCRIPTIONS
from plaudit.scoring.log_fields import LOG_FIELDS
from plaudit.scoring.settings import ScoringSettings


def build(resources: Resources[ScoringSettings]) -> Parts:
    """Put the service together."""
    app = create_app(
        title="Plaudit scoring",
        service="scoring",
        description="Decayed trust scores of every subject and every prefix of it, current to the second.",
        resources=resources,
        routers=[router],
        problems={"invalid-subject": f"{SUBJECT_RULE[0].upper()}{SUBJECT_RULE[1:]}."},
    )
    return Parts(app=app, subscriptions=SUBSCRIPTIONS)


SERVICE = Service(name="scoring", settings=ScoringSettings, build=build, has_outbox=False, log_fields=LOG_FIELDS)

if __name__ == "__main__":
    main(SERVICE)
