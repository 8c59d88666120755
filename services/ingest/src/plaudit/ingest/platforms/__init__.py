"""One folder for each platform: `adapter.py`, invented `fixtures/` and a `doc.md` for whoever connects it.

Where reviews can be asked for, `interface.py` says how; where answers can be sent, `answers.py` does.

A fixture is a body as the platform sends it; the file `….expected.json` beside it holds the instructions it becomes.
The folders are discovered by their `adapter.py`: a new platform is a new folder, and touches nothing else.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType
from typing import Final

from plaudit.ingest.platforms.adapter import Adapter, UnusableBodyError
from plaudit.ingest.platforms.answering import Answering
from plaudit.ingest.platforms.interface import Interface
from plaudit.ingest.sources.domain import Answers, InvalidMappingError


def _modules(name: str) -> Iterator[tuple[str, ModuleType]]:
    """Return the modules of this name, each with the name of its platform."""
    for found in iter_modules(__path__):
        path = f"{__name__}.{found.name}.{name}"
        if found.ispkg and find_spec(path) is not None:
            yield found.name.replace("_", "-"), import_module(path)


ADAPTERS: Mapping[str, Adapter] = MappingProxyType(
    {platform: module.ADAPTER for platform, module in _modules("adapter")}
)
MAX_PING_BYTES: Final = 64
_PINGS: Final = tuple(adapter.ping for adapter in ADAPTERS.values() if adapter.ping)


def is_ping(body: bytes) -> bool:
    """Return whether a body is what some platform posts, without a proof, when a webhook is connected.

    It is the same for every address, so that an answer does not tell which sources there are.
    """
    return len(body) <= MAX_PING_BYTES and any(ping.fullmatch(body) for ping in _PINGS)


INTERFACES: Mapping[str, Interface] = MappingProxyType(
    {platform: module.INTERFACE for platform, module in _modules("interface")}
)
"""Of the platforms that are asked for reviews."""
ANSWERING: Mapping[str, Answering] = MappingProxyType(
    {platform: module.ANSWERING for platform, module in _modules("answers")}
)
"""Of the platforms that answers are sent to; on the others, answers are given by hand."""


def answers_of(platform: str, mapping: str | None, *, is_polled: bool) -> Answers:
    """Return whether answers are told at a source.

    Where a platform is asked and we have no interface for it, what comes are its answers to whoever asks.

    Args:
        platform: of the source. Nothing is told where there is no adapter of it.
        mapping: of a custom source. Nothing is told by one that this version cannot read.
        is_polled: whether the platform was asked for all it has, and is asked since.
    """
    try:
        way = ADAPTERS[platform].of(mapping).tells.answers
    except (KeyError, InvalidMappingError):
        return Answers.UNTOLD
    if way == "push":
        return Answers.TOLD
    is_asked = is_polled or platform not in INTERFACES
    return Answers.POLLED if way == "poll" and is_asked else Answers.UNTOLD


def answers_depend_on_polls(platform: str) -> bool:
    """Return whether answers are told at a source only if the platform is asked."""
    return platform in INTERFACES and ADAPTERS[platform].tells.answers == "poll"


__all__ = [
    "ADAPTERS",
    "ANSWERING",
    "INTERFACES",
    "Adapter",
    "Answering",
    "Interface",
    "UnusableBodyError",
    "answers_depend_on_polls",
    "answers_of",
    "is_ping",
]
