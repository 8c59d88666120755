"""The development mailbox: a real SMTP server that keeps every mail, and pages that show them.

Nothing leaves the machine.
"""

import asyncio
import contextlib
from pathlib import Path

import uvicorn

from plaudit_local.mailbox.pages import page_app
from plaudit_local.mailbox.smtp import listen
from plaudit_local.mailbox.store import MailStore
from plaudit_local.servers.ports import LOOPBACK

STOP_SECONDS = 3


def run(folder: Path, smtp_port: int, http_port: int) -> None:
    """Receive and show mails until a signal comes.

    Args:
        folder: keeps one file for each mail.
        smtp_port: where mails are received.
        http_port: where the pages are.
    """
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(MailStore(folder), smtp_port, http_port))


async def _serve(store: MailStore, smtp_port: int, http_port: int) -> None:
    config = uvicorn.Config(
        page_app(store),
        host=LOOPBACK,
        port=http_port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    async with await listen(store, LOOPBACK, smtp_port):
        await uvicorn.Server(config).serve()
