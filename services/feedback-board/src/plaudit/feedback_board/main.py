"""Feedback-board's composition root: `python -m plaudit.feedback_board.main api|consume|relay|jobs|migrate|all`."""

from plaudit.common import administration, sessions
from plaudit.common.db import Role
from plaudit.common.delivery.channels.sender import Sender
from plaudit.common.delivery.connector import Connector
from plaudit.common.delivery.consent.pages import preferences_at
from plaudit.common.delivery.contacts import AddressBook
from plaudit.common.delivery.jobs import DeliveryJob, MessagePurgeJob
from plaudit.common.erasure.jobs import ErasureJob
from plaudit.common.http import create_app
from plaudit.common.http.front_door import FrontDoorRoutes
from plaudit.common.http.static import static_route
from plaudit.common.process import Parts, Resources, Service, main
from plaudit.common.purge import PurgeJob
from plaudit.common.settings import address_of
from plaudit.common.vault import vault_of
from plaudit.feedback_board.accounts.pages import links as account_links
from plaudit.feedback_board.accounts.pages import own, signing_in
from plaudit.feedback_board.board.pages import changelog as changelog_pages
from plaudit.feedback_board.board.pages import (
    changelog_console,
    console,
    embeds,
    feeds,
    following,
    open_data,
    own_requests,
    settings_console,
    sitemap,
    voting,
)
from plaudit.feedback_board.board.pages import comments as comment_pages
from plaudit.feedback_board.board.pages import routes as board_pages
from plaudit.feedback_board.board.pages import similar as similar_pages
from plaudit.feedback_board.changelog import api as changelog
from plaudit.feedback_board.comments import api as comments
from plaudit.feedback_board.embeds import api as board_settings
from plaudit.feedback_board.erasure.commands import scrubbing
from plaudit.feedback_board.erasure.consumer import PERSONS
from plaudit.feedback_board.imports import api as imports
from plaudit.feedback_board.imports import pages as import_pages
from plaudit.feedback_board.imports.domain.rows import MAX_FILE_BYTES
from plaudit.feedback_board.links import api as links
from plaudit.feedback_board.links import consumer
from plaudit.feedback_board.merges import api as merges
from plaudit.feedback_board.merges import pages as merge_pages
from plaudit.feedback_board.moderation import api as moderation
from plaudit.feedback_board.moderation.pages import routes as moderation_pages
from plaudit.feedback_board.notifications import api as notifications
from plaudit.feedback_board.notifications import pages as notification_pages
from plaudit.feedback_board.notifications.commands.sending import PREFERENCES, check_of, completing
from plaudit.feedback_board.notifications.domain.messages import TOPIC, TOPICS
from plaudit.feedback_board.notifications.jobs import ContactResealJob, TellingJob
from plaudit.feedback_board.personas import api as personas
from plaudit.feedback_board.personas import pages as persona_pages
from plaudit.feedback_board.personas.jobs import MuteJob
from plaudit.feedback_board.requests import api as requests
from plaudit.feedback_board.requests.jobs import CountsJob, DayJob, RecountJob
from plaudit.feedback_board.settings import BoardSettings
from plaudit.feedback_board.similar import api as similar
from plaudit.feedback_board.similar.jobs import IndexJob
from plaudit.feedback_board.similar.pages import console as similar_console
from plaudit.feedback_board.visitors import api as visitors
from plaudit.feedback_board.visitors import pages as visitor_pages
from plaudit.feedback_board.visitors.jobs import SecretResealJob
from plaudit.feedback_board.votes import api as votes
from plaudit.feedback_board.votes.jobs import VoteWriter

DESCRIPTION = """
What people ask for, on a public board: requests with their votes, the reviews that say the same, what each would take,
and what became of it. The priority of a request is impact × reach ÷ effort; reach counts distinct people who voted or
wrote a linked review within the last 90 days. The board itself is at `/` and `/b/{tenant}`.
"""


def build(resources: Resources[BoardSettings]) -> Parts:
    """Return the parts of the service."""
    settings = resources.settings
    worker = resources.database(Role.WORKER)
    vault = vault_of(settings)
    book = AddressBook(settings.ingest_url, vault) if settings.ingest_url else None
    sender = Sender(settings, Connector(settings))
    writer = VoteWriter(resources.database(Role.API), resources.outbox, resources.ids)
    app = create_app(
        title="Plaudit board",
        service=resources.service,
        description=DESCRIPTION.strip(),
        resources=resources,
        staff_sessions=sessions.staff_sessions(resources),
        routers=[
            similar.router,
            similar.board_router,
            requests.router,
            requests.board,
            votes.router,
            links.router,
            merges.router,
            personas.router,
            personas.of_requests,
            comments.router,
            moderation.router,
            notifications.router,
            notification_pages.console_router,
            following.router,
            notification_pages.mail_router,
            preferences_at(PREFERENCES),
            board_pages.front,
            board_pages.router,
            feeds.router,
            open_data.router,
            sitemap.router,
            sitemap.front,
            embeds.router,
            settings_console.router,
            board_settings.router,
            imports.router,
            import_pages.router,
            changelog_pages.router,
            changelog_console.router,
            changelog.router,
            voting.router,
            own_requests.router,
            comment_pages.router,
            visitors.router,
            signing_in.router,
            account_links.router,
            own.router,
            console.router,
            merge_pages.router,
            persona_pages.router,
            moderation_pages.router,
            similar_pages.router,
            similar_console.router,
            sessions.router,
            administration.router,
        ],
        assets=resources.page_assets,
        tags={
            "board": "The settings of the board.",
            "changelog": "You asked, we built it: drafts, and what is published.",
            "comments": "What people and staff say about a request, and the official response.",
            "moderation": "Posts that wait for a look, people who are trusted or blocked, and who did what.",
            "personas": "Kinds of people who ask, and how much each counts for reach.",
            "requests": "What people ask for: with votes, linked reviews, status, size and the log of each.",
            "sign-in": "How your own product signs its customers in on the board.",
        },
        bare_routes=[
            static_route(board_pages.STATIC),
            static_route(visitor_pages.STATIC),
            static_route(similar_pages.STATIC),
        ],
        pages=True,
        problems={
            **requests.PROBLEMS,
            **votes.PROBLEMS,
            **links.PROBLEMS,
            **merges.PROBLEMS,
            **personas.PROBLEMS,
            **changelog.PROBLEMS,
            **comments.PROBLEMS,
            **similar.PROBLEMS,
            **imports.PROBLEMS,
        },
        refusals={
            **requests.REFUSALS,
            **votes.REFUSALS,
            **links.REFUSALS,
            **merges.REFUSALS,
            **personas.REFUSALS,
            **changelog.REFUSALS,
            **board_settings.REFUSALS,
            **comments.REFUSALS,
            **moderation.REFUSALS,
            **imports.REFUSALS,
        },
        streamed_bodies={
            imports.PATH: MAX_FILE_BYTES,
            import_pages.IMPORTS: MAX_FILE_BYTES + import_pages.AROUND_FILE_BYTES,
        },
    )
    app.state.vote_writer = writer
    app.state.vault = vault
    app.state.message_topics = TOPICS
    return Parts(
        app=app,
        subscriptions=[consumer.SUBSCRIPTION, PERSONS],
        jobs=[
            writer,
            RecountJob(worker, resources.outbox, resources.ids),
            DayJob(worker),
            MuteJob(worker),
            CountsJob(worker),
            TellingJob(worker, settings.status_hold_seconds, can_ask=book is not None),
            DeliveryJob(
                worker,
                settings,
                sender,
                vault,
                {TOPIC: check_of(address_of(settings))},
                complete=completing(worker, vault, book),
                preferences=PREFERENCES,
            ),
            MessagePurgeJob(worker, settings),
            ContactResealJob(worker, vault),
            IndexJob(worker),
            PurgeJob(worker),
            SecretResealJob(worker, vault),
            ErasureJob(worker, scrubbing(resources.outbox, resources.ids)),
        ],
        closing=[sender.close, *([book.close] if book else [])],
    )


SERVICE = Service(
    name="feedback-board",
    settings=BoardSettings,
    build=build,
    front_door=FrontDoorRoutes(
        prefixes=(
            *(
                "/v1/requests",
                "/v1/personas",
                "/v1/changelog",
                "/v1/board",
                "/v1/moderation",
                "/b",
                "/board-static",
                "/visitor-static",
                "/similar-static",
                PREFERENCES,
                "/docs",
                "/problems",
                "/static",
                "/sign-in",
                "/sign-out",
            ),
            *(
                "/console/requests",
                "/console/moderation",
                "/console/personas",
                "/console/changelog",
                "/console/board",
                "/console/keys",
                "/console/people",
                "/console/account",
            ),
        ),
        exact=("/", "/robots.txt"),
    ),
)

if __name__ == "__main__":
    main(SERVICE)
