"""The files that pages link to; their addresses change with their content.

Our own are in the package. Those of libraries, such as Swagger UI, are in a folder of the installation, one folder for
each library; without them, pages do without.
"""

from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Final

_MEDIA_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}
SWAGGER_UI: Final = "swagger-ui"
REFERENCE: Final = "openapi.json"
_HASH_CHARS: Final = 12


class StaticFiles:
    """Some files that are served together."""

    def __init__(self, content: Mapping[str, bytes], path: str) -> None:
        """Take the content of each file by its name; `path` is where they are served, for example `/static`."""
        self.path = path
        self.content = content
        self.version = sha256(b"".join(content for _, content in sorted(self.content.items()))).hexdigest()[
            :_HASH_CHARS
        ]
        """A short hash over all of the files."""

    @classmethod
    def of_package(cls, package: str, path: str) -> "StaticFiles":
        """Return the files in the folder `static` of a package."""
        return cls({file.name: file.read_bytes() for file in files(package).joinpath("static").iterdir()}, path)

    def url(self, name: str) -> str:
        """Return the address of a file; it may be cached for ever."""
        return f"{self.path}/{self.version}/{name}"

    def media_type(self, name: str) -> str:
        """Return what kind of file it is."""
        return _MEDIA_TYPES[name.rpartition(".")[2]]


SHARED: Final = StaticFiles.of_package("plaudit.common.pages", "/static")
"""What the pages of every service link to."""


class PageAssets:
    """What an installation adds to the pages: the files of libraries, and the API reference of all services."""

    def __init__(self, folder: Path | None = None) -> None:
        """Read the folder; without one there is nothing.

        Raises:
            FileNotFoundError: there is no such folder.
        """
        entries = [] if folder is None else _visible(folder)
        self.libraries = {
            entry.name: StaticFiles({file.name: file.read_bytes() for file in _visible(entry)}, f"/static/{entry.name}")
            for entry in entries
            if entry.is_dir()
        }
        """Name of a library → its files."""
        self.reference = next((entry.read_bytes() for entry in entries if entry.name == REFERENCE), None)
        """The OpenAPI document of all services; None where the installation has none."""


def _visible(folder: Path) -> list[Path]:
    """Return what is in a folder but hidden files, which may be half written."""
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


NO_ASSETS: Final = PageAssets()
