"""Messages on a real database, with a real SMTP server and real endpoints."""

from collections.abc import AsyncIterator, Iterator

import pytest

from plaudit_testing.delivering import NOW, HttpEndpoint, Post, delivery_settings, open_endpoint, with_messages
from plaudit_testing.mailbox import Mailbox, open_mailbox
from plaudit_testing.servers import PostgresServer


@pytest.fixture
def messages_url(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database with the tables of messages, and nothing in them."""
    dsn = postgres_server.create_database(postgres_server.template("messages", with_messages), request.node.name)
    yield dsn
    postgres_server.drop_database(dsn)


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with open_mailbox() as opened:
        yield opened


@pytest.fixture
async def endpoint() -> AsyncIterator[HttpEndpoint]:
    async with open_endpoint() as opened:
        yield opened


@pytest.fixture
async def other_endpoint() -> AsyncIterator[HttpEndpoint]:
    async with open_endpoint() as opened:
        yield opened


@pytest.fixture
async def post(messages_url: str, mailbox: Mailbox, endpoint: HttpEndpoint, other_endpoint: HttpEndpoint):
    """All of it at the beginning of the tests' time."""
    made = Post(
        delivery_settings(
            messages_url,
            [endpoint.port, other_endpoint.port],
            smtp_host="127.0.0.1",
            smtp_port=mailbox.port,
            smtp_timeout_seconds=30.0,
            delivery_timeout_seconds=30.0,
        ),
        mailbox,
    )
    await made.move_to(NOW)
    yield made
    await made.close()
