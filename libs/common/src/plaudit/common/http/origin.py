"""The guard against forged requests: only forms of our own pages are accepted."""

from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.requests import Request

from plaudit.common.http.problems import Problem


def check_origin(request: Request) -> None:
    """Accept a form that one of our own pages sent; raise a 403 for any other.

    Browsers send Sec-Fetch-Site, and older ones Origin. A request with neither is refused.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        ours = site in {"same-origin", "none"}
    else:
        ours = urlsplit(request.headers.get("origin", "")).netloc == request.headers.get("host", "-")
    if not ours:
        raise Problem(
            "sent-from-elsewhere",
            HTTPStatus.FORBIDDEN,
            "This form was sent from elsewhere",
            "Open the page itself and send the form from there.",
            headers={"Vary": "Sec-Fetch-Site, Origin"},
        )
