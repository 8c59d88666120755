"""The pages of the development mailbox, its JSON and its health checks. Mails are shown as text, never as HTML."""

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from plaudit_local.mailbox.store import Mail, MailStore

TEMPLATES = Path(__file__).with_name("templates")
SHOWN_MAX = 200
SECURITY_HEADERS: Mapping[str, str] = {
    "content-security-policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


def page_app(store: MailStore) -> Starlette:
    """Make the application that shows the mails of a store."""
    templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)

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
        return FileResponse(TEMPLATES / "style.css", headers=SECURITY_HEADERS)

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
