"""The pages of the development mailbox, its JSON and its health checks. Mails are shown as text, never as HTML."""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from plaudit.common.http.problems import Problem
from plaudit.common.http.static import static_route
from plaudit.common.pages import Pages
from plaudit.common.pages.static import SHARED
from plaudit_local.mailbox.store import Mail, MailStore

SHOWN_MAX = 200
SECURITY_HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


def page_app(store: MailStore) -> Starlette:
    """Make the application that shows the mails of a store."""
    pages = Pages("plaudit_local.mailbox", title="Plaudit mailbox")

    def page(name: str, status: int = 200, **values: object) -> Response:
        response = pages.response(name, status=status, **values)
        response.headers.update(SECURITY_HEADERS)
        return response

    def mailbox(chosen: Mail | None) -> Response:
        mails = list(store.newest(SHOWN_MAX))
        selected = chosen or next(iter(mails), None)
        return page("mailbox.html", mails=mails, selected=selected, is_chosen=chosen is not None, shown_max=SHOWN_MAX)

    def index(_request: Request) -> Response:
        return mailbox(None)

    def one(request: Request) -> Response:
        mail = store.get(request.path_params["mail_id"])
        return page("missing.html", 404) if mail is None else mailbox(mail)

    def as_json(_request: Request) -> Response:
        return JSONResponse({"items": [_as_dict(mail) for mail in store.newest(SHOWN_MAX)]}, headers=SECURITY_HEADERS)

    def healthy(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[
            Route("/", index),
            Route("/mails.json", as_json),
            Route("/mails/{mail_id}", one),
            static_route(SHARED),
            Route("/livez", healthy),
            Route("/readyz", healthy),
        ],
        exception_handlers={Problem: _problem},
    )


def _problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


def _as_dict(mail: Mail) -> dict[str, str]:
    return {
        "id": mail.id,
        "received_at": mail.received_at.isoformat().replace("+00:00", "Z"),
        "from": mail.sender,
        "to": mail.recipients,
        "subject": mail.subject,
        "text": mail.text,
    }
