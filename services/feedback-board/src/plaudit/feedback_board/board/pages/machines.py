"""What programs read of a public board: answers that everybody may keep for a moment, and ask again for cheaply."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from fastapi import Request
from starlette.responses import Response

from plaudit.common.http.headers import is_none_match

MAX_AGE_SECONDS: Final = 60
"""How long an answer may be shown without asking again."""
_FOR_EVERY_SITE: Final = {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin"}
"""Scripts of other sites may read it: it is the same for everybody."""
_NO_MORE: Final[Mapping[str, str]] = {}


def answer(
    request: Request,
    body: bytes,
    media_type: str,
    *,
    changed_at: datetime | None = None,
    more: Mapping[str, str] = _NO_MORE,
) -> Response:
    """Answer a program; 304 where it has the answer.

    Args:
        request: that it answers.
        body: of the answer.
        media_type: of the body.
        changed_at: when something of it last changed, if that is known.
        more: headers.
    """
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": f"public, max-age={MAX_AGE_SECONDS}", **_FOR_EVERY_SITE, **more}
    if changed_at is not None:
        headers["last-modified"] = format_datetime(changed_at.replace(microsecond=0), usegmt=True)
    if _is_known(request, tag, changed_at):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def _is_known(request: Request, tag: str, changed_at: datetime | None) -> bool:
    """Return whether the client has this answer: If-Modified-Since counts only without If-None-Match (RFC 9110)."""
    if (tags := request.headers.get("if-none-match")) is not None:
        return not is_none_match(tags, tag)
    since = request.headers.get("if-modified-since")
    if since is None or changed_at is None:
        return False
    try:
        return changed_at.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False
