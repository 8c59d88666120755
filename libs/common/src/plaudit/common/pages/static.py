"""The files that pages link to; their addresses change with their content."""

from hashlib import sha256
from importlib.resources import files
from typing import Final

_MEDIA_TYPES: Final = {"css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
_HASH_CHARS: Final = 12


class StaticFiles:
    """The files in the folder `static` of a package."""

    def __init__(self, package: str, path: str) -> None:
        """Read the files; `path` is where they are served, for example `/static`."""
        self.path = path
        self.content = {file.name: file.read_bytes() for file in files(package).joinpath("static").iterdir()}
        self.version = sha256(b"".join(content for _, content in sorted(self.content.items()))).hexdigest()[
            :_HASH_CHARS
        ]
        """A short hash over all of the files."""

    def url(self, name: str) -> str:
        """Return the address of a file; it may be cached for ever."""
        return f"{self.path}/{self.version}/{name}"

    def media_type(self, name: str) -> str:
        """Return what kind of file it is."""
        return _MEDIA_TYPES[name.rpartition(".")[2]]


SHARED: Final = StaticFiles("plaudit.common.pages", "/static")
"""What the pages of every service link to."""
