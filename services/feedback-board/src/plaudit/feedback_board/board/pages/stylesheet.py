"""The board's own stylesheet, on top of the shared one."""

from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

HASH_CHARACTERS: Final = 12
FOREVER: Final = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


@cache
def _content() -> bytes:
    return files("plaudit.feedback_board.board.pages").joinpath("board.css").read_bytes()


@cache
def _version() -> str:
    return sha256(_content()).hexdigest()[:HASH_CHARACTERS]


def stylesheet_url() -> str:
    """Return the address of the stylesheet, which changes with its content."""
    return f"/board-static/{_version()}/board.css"


@router.get("/board-static/{version}/board.css")
async def serve_stylesheet(version: str) -> Response:
    """Answer with the stylesheet; an old address gets the present content, uncached."""
    caching = FOREVER if version == _version() else "no-cache"
    return Response(_content(), media_type="text/css", headers={"Cache-Control": caching})
