"""Feedback-board's composition root: `python -m plaudit.feedback_board.main api|consume|relay|jobs|migrate|all`."""

from plaudit.common import administration, sessions
from plaudit.common.db import Role
from plaudit.common.erasure.jobs import ErasureJob
from plaudit.common.http import create_app
from plaudit.common.http.front_door import FrontDoorRoutes
from plaudit.common.http.static import static_route
from plaudit.common.process import Parts, Resources, Service, main
from plaudit.common.purge import PurgeJob
from plaudit.feedback_board.board.pages import console
from plaudit.feedback_board.board.pages import routes as board_pages
from plaudit.feedback_board.comments import api as comments
from plaudit.feedback_board.comments import pages as comment_pages
from plaudit.feedback_board.erasure.commands import scrubbing
from plaudit.feedback_board.erasure.consumer import PERSONS
from plaudit.feedback_board.links import api as links
from plaudit.feedback_board.links import consumer
from plaudit.feedback_board.merges import api as merges
from plaudit.feedback_board.merges import pages as merge_pages
from plaudit.feedback_board.moderation import api as moderation
from plaudit.feedback_board.moderation import pages as moderation_pages
from plaudit.feedback_board.requests import api as requests
from plaudit.feedback_board.requests.jobs import RecountJob
from plaudit.feedback_board.settings import BoardSettings
from plaudit.feedback_board.votes import api as votes
from plaudit.feedback_board.votes import pages as vote_pages
from plaudit.feedback_board.votes.writer import VoteWriter

DESCRIPTION = """
What people ask for, on a public board: requests with their votes, the reviews that say the same, what each would take,
and what became of it. The priority of a request is impact × reach ÷ effort; reach counts distinct people who voted or
wrote a linked review within the last 90 days. The board itself is at `/` and `/b/{tenant}`.
"""


def build(resources: Resources[BoardSettings]) -> Parts:
    """Return the parts of the service."""
    worker = resources.database(Role.WORKER)
    writer = VoteWriter(resources.database(Role.API), resources.outbox, resources.ids)
    app = create_app(
        title="Plaudit board",
        service=resources.service,
        description=DESCRIPTION.strip(),
        resources=resources,
        staff_sessions=sessions.staff_sessions(resources),
        routers=[
            requests.router,
            votes.router,
            links.router,
            merges.router,
            comments.router,
            moderation.router,
            board_pages.front,
            board_pages.router,
            vote_pages.router,
            comment_pages.router,
            console.router,
            merge_pages.router,
            moderation_pages.router,
            sessions.router,
            administration.router,
        ],
        assets=resources.page_assets,
        tags={
            "requests": "What people ask for: with votes, linked reviews, status, size and the log of each.",
            "comments": "What people and staff say about a request, and the official response.",
            "moderation": "Posts that wait for a look, people who are trusted or blocked, and who did what.",
        },
        bare_routes=[static_route(board_pages.STATIC)],
        pages=True,
        problems={
            **requests.PROBLEMS,
            **votes.PROBLEMS,
            **links.PROBLEMS,
            **merges.PROBLEMS,
            **comments.PROBLEMS,
        },
        refusals={
            **requests.REFUSALS,
            **votes.REFUSALS,
            **links.REFUSALS,
            **merges.REFUSALS,
            **comments.REFUSALS,
            **moderation.REFUSALS,
        },
    )
    app.state.vote_writer = writer
    return Parts(
        app=app,
        subscriptions=[consumer.SUBSCRIPTION, PERSONS],
        jobs=[
            writer,
            RecountJob(worker, resources.outbox, resources.ids),
            PurgeJob(worker),
            ErasureJob(worker, scrubbing(resources.outbox, resources.ids)),
        ],
    )


SERVICE = Service(
    name="feedback-board",
    settings=BoardSettings,
    build=build,
    front_door=FrontDoorRoutes(
        prefixes=(
            *(
                "/v1/requests",
                "/v1/moderation",
                "/b",
                "/board-static",
                "/docs",
                "/problems",
                "/static",
                "/sign-in",
                "/sign-out",
            ),
            *("/console/requests", "/console/moderation", "/console/keys", "/console/people", "/console/account"),
        ),
        exact=("/",),
    ),
)

if __name__ == "__main__":
    main(SERVICE)
