"""Composition root: `python -m plaudit.feedback_board.main api|consume|relay|jobs|migrate|all`."""

from plaudit.common.db import Role
from plaudit.common.http import create_app
from plaudit.common.process import Parts, Resources, Service, main
from plaudit.feedback_board import api, consumer, jobs
from plaudit.feedback_board.commands import Board
from plaudit.feedback_board.log_fields import LOG_FIELDS
from plaudit.feedback_board.pages import routes, stylesheet
from plaudit.feedback_board.problems import PROBLEMS
from plaudit.feedback_board.settings import BoardSettings

DESCRIPTION = """
What people ask for, on a public board: votes, the reviews that say the same, what it would take, and what became of it.
A request is one wish. Its priority is impact × reach ÷ effort; reach counts distinct people who voted or wrote a linked
review within the last 90 days. The board itself is at `/` and `/b/{tenant}`.
"""


def build(resources: Resources[BoardSettings]) -> Parts:
    """Return the parts of the service."""
    worker = resources.database(Role.WORKER)
    board = Board(worker, resources.outbox, resources.ids)
    app = create_app(
        title="Plaudit board",
        service=resources.service,
        description=DESCRIPTION.strip(),
        resources=resources,
        routers=[api.router, routes.router, stylesheet.router],
        pages=True,
        problems=PROBLEMS,
    )
    return Parts(
        app=app,
        subscriptions=[consumer.SUBSCRIPTION],
        jobs=[jobs.Recounts(board), jobs.Forgetting(worker)],
    )


SERVICE = Service(name="feedback-board", settings=BoardSettings, build=build, log_fields=LOG_FIELDS)

if __name__ == "__main__":
    main(SERVICE)
