"""The development mailbox: a real SMTP server that keeps every mail, and a page that shows them.

Nothing leaves the machine. Mails are shown as text, never as HTML.
"""

import asyncio
import contextlib
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from plaudit_local.layout import Layout
from plaudit_local.mail_store import Mail, MailStore
from plaudit_local.ports import LOOPBACK

PAGES = Path(__file__).with_name("mailbox_pages")
MAIL_MAX_BYTES = 10_000_000
SHOWN_MAX = 200
STOP_SECONDS = 3
SECURITY_HEADERS: Mapping[str, str] = {
    "content-security-policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


class Receiver:
    """What the SMTP server does with a mail."""

    def __init__(self, store: MailStore) -> None:
        self._store = store

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep the mail before it is acknowledged."""
        content = envelope.original_content or b""
        to = ", ".join(envelope.rcpt_tos)
        traced = f"X-Envelope-From: {envelope.mail_from}\r\nX-Envelope-To: {to}\r\n".encode() + content
        name = await asyncio.to_thread(self._store.add, traced, datetime.now(UTC))
        return f"250 kept as {name}"


def page_app(store: MailStore) -> Starlette:
    """The page, its JSON and its health checks."""
    templates = Environment(loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined)

    def page(name: str, status: int = 200, **values: object) -> Response:
        return HTMLResponse(templates.get_template(name).render(**values), status, SECURITY_HEADERS)

    def index(_request: Request) -> Response:
        return page("list.html", mails=list(store.newest(SHOWN_MAX)), shown_max=SHOWN_MAX)

    def one(request: Request) -> Response:
        mail = store.get(request.path_params["mail_id"])
        return page("missing.html", 404) if mail is None else page("mail.html", mail=mail)

    def as_json(_request: Request) -> Response:
        return JSONResponse({"items": [_as_dict(mail) for mail in store.newest(SHOWN_MAX)]}, headers=SECURITY_HEADERS)

    def style(_request: Request) -> Response:
        return FileResponse(PAGES / "style.css", headers=SECURITY_HEADERS)

    def healthy(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[
            Route("/", index),
            Route("/mails.json", as_json),
            Route("/mails/{mail_id}", one),
            Route("/style.css", style),
            Route("/livez", healthy),
            Route("/readyz", healthy),
        ]
    )


def _as_dict(mail: Mail) -> dict[str, str]:
    return {
        "id": mail.id,
        "received_at": mail.received_at.isoformat().replace("+00:00", "Z"),
        "from": mail.sender,
        "to": mail.recipients,
        "subject": mail.subject,
        "text": mail.text,
    }


async def serve(store: MailStore, smtp_port: int, http_port: int) -> None:
    """Receive and show mails until a signal comes."""
    loop = asyncio.get_running_loop()
    receiver = Receiver(store)
    smtp = await loop.create_server(
        lambda: SMTP(receiver, data_size_limit=MAIL_MAX_BYTES, enable_SMTPUTF8=True, ident="Plaudit mailbox"),
        LOOPBACK,
        smtp_port,
    )
    config = uvicorn.Config(
        page_app(store),
        host=LOOPBACK,
        port=http_port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(smtp)
        await uvicorn.Server(config).serve()


def main(layout: Layout) -> int:
    """Run with the ports that the environment names (PLAUDIT_SMTP_PORT, PLAUDIT_HTTP_PORT); returns the exit code."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(
            serve(MailStore(layout.mailbox), int(os.environ["PLAUDIT_SMTP_PORT"]), int(os.environ["PLAUDIT_HTTP_PORT"]))
        )
    return 0
