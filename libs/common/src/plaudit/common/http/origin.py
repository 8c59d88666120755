"""The guard against forged requests: only forms of our own pages are accepted."""

from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.requests import Request

from plaudit.common.http.problems import Problem


async def check_origin(request: Request) -> None:
    """Accept a form that one of our own pages sent; raise a 403 for any other.

    Browsers send Sec-Fetch-Site, and older ones Origin. A request with neither is refused.
    """
    if not is_from_our_page(request):
        raise sent_from_elsewhere()


def is_from_our_page(request: Request) -> bool | None:
    """Return whether one of our own pages sent a request, by what browsers say; None when the browser says nothing."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    if origin is not None:
        return _host_of(origin) == request.headers.get("host", "-")
    return None


def _host_of(origin: str) -> str:
    """Return the host and port of an origin; empty where it has none, or is no address at all."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def sent_from_elsewhere() -> Problem:
    """Return the 403 of a request that none of our pages sent."""
    return Problem(
        "sent-from-elsewhere",
        HTTPStatus.FORBIDDEN,
        "This form was sent from elsewhere",
        "Open the page itself and send the form from there.",
        headers={"Vary": "Sec-Fetch-Site, Origin"},
    )
