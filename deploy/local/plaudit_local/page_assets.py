"""Fills the folder that `PLAUDIT_PAGE_ASSETS` names: libraries for browsers, and the API reference of all services."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from zipfile import ZipFile

from plaudit_local.servers.jars import PAGES_LOCK, class_path, read_lock
from plaudit_local.supervision.layout import CHECKOUT

REFERENCE = CHECKOUT / "docs" / "contracts" / "openapi.json"
FILES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "swagger-ui": {
            "swagger-ui.css": "swagger-ui.css",
            "swagger-ui-bundle.js": "swagger-ui-bundle.js",
            "swagger-ui-bundle.js.LICENSE.txt": "swagger-ui-bundle.js.LICENSE.txt",
        },
        "uplot": {
            "uPlot.min.css": "dist/uPlot.min.css",
            "uPlot.iife.min.js": "dist/uPlot.iife.min.js",
            "LICENSE.txt": "LICENSE",
        },
    }
)
"""Library, by the name of its WebJar → the files that are served, each with its place in the jar."""


def fill(folder: Path, progress: Callable[[str], None] = lambda _line: None, cache: Path | None = None) -> None:
    """Write the reference, and the files of the locked WebJars, where the folder does not hold them already.

    Raises:
        JarsUnavailableError: a jar as locked is neither here nor to be fetched.
    """
    _write(folder / REFERENCE.name, REFERENCE.read_bytes())
    jars = read_lock(PAGES_LOCK)
    for jar, path in zip(jars, class_path(jars, cache, progress), strict=True):
        with ZipFile(path) as archive:
            for name, place in FILES[jar.artifact].items():
                content = archive.read(f"META-INF/resources/webjars/{jar.artifact}/{jar.version}/{place}")
                _write(folder / jar.artifact / name, content)


def _write(path: Path, content: bytes) -> None:
    """Write a file in one step: a service may be reading the folder."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}")
    new.write_bytes(content)
    new.replace(path)
