"""One folder for each platform: `adapter.py`, invented `fixtures/` and a `doc.md` for whoever connects it.

A fixture is a body as the platform sends it; the file `….expected.json` beside it holds the instructions it becomes.
The folders are discovered: a new platform is a new folder, and touches nothing else.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Final

from plaudit.ingest.platforms.adapter import Adapter, UnusableBodyError


def _discovered() -> Iterator[Adapter]:
    for module in iter_modules(__path__):
        if module.ispkg:
            adapter: Adapter = import_module(f"{__name__}.{module.name}.adapter").ADAPTER
            yield adapter


ADAPTERS: Mapping[str, Adapter] = MappingProxyType({adapter.platform: adapter for adapter in _discovered()})
MAX_PING_BYTES: Final = 64
_PINGS: Final = tuple(adapter.ping for adapter in ADAPTERS.values() if adapter.ping)


def is_ping(body: bytes) -> bool:
    """Return whether a body is what some platform posts, without a proof, when a webhook is connected.

    It is the same for every address, so that an answer does not tell which sources there are.
    """
    return len(body) <= MAX_PING_BYTES and any(ping.fullmatch(body) for ping in _PINGS)


__all__ = ["ADAPTERS", "Adapter", "UnusableBodyError", "is_ping"]
