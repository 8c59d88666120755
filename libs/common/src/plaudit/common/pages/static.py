"""The files that pages link to; their addresses change with their content."""

import hashlib
from functools import cache
from importlib.resources import files
from typing import Final

STATIC_FILES: Final = {"plaudit.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}
"""Name and media type of each."""
_HASH_CHARS: Final = 12


@cache
def static_content(name: str) -> bytes:
    """Return the bytes of a static file."""
    return files("plaudit.common.pages").joinpath("static", name).read_bytes()


@cache
def static_version() -> str:
    """Return a short hash over all static files."""
    digest = hashlib.sha256()
    for name in sorted(STATIC_FILES):
        digest.update(static_content(name))
    return digest.hexdigest()[:_HASH_CHARS]


def static_url(name: str) -> str:
    """Return the address of a static file; it may be cached for ever."""
    return f"/static/{static_version()}/{name}"
