"""A mailbox that takes the board's mails, and a person who signs in by them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from plaudit_testing.board_pages import BOARD, link_in
from plaudit_testing.mailbox import Mailbox, open_mailbox


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    """What takes all mails."""
    async with open_mailbox() as opened:
        yield opened


@pytest.fixture
def more_settings(request: pytest.FixtureRequest, mailbox: Mailbox) -> dict[str, Any]:
    """The board sends its mails to the mailbox."""
    marker = request.node.get_closest_marker("settings")
    return {"smtp_host": "127.0.0.1", "smtp_port": mailbox.port, **(marker.kwargs if marker else {})}


@pytest.fixture
def sign_in(mailbox: Mailbox):
    """Signs a browser in as who reads the mails of an address; returns the answer to the link's button."""

    async def signing(browser: httpx.AsyncClient, email: str, name: str = "", **wanted: str) -> httpx.Response:
        asked = await browser.post(f"{BOARD}/sign-in", data={"email": email, **wanted})
        assert asked.status_code == 200, asked.text
        return await browser.post(link_in(mailbox), data={"name": name})

    return signing
