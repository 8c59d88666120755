"""One folder for each platform: `adapter.py`, invented `fixtures/` and a `doc.md` for whoever connects it.

A fixture is a body as the platform sends it; the file `….expected.json` beside it holds the instructions it becomes.
"""

from collections.abc import Mapping
from types import MappingProxyType

from plaudit.ingest.platforms.adapter import Adapter, UnusableBodyError
from plaudit.ingest.platforms.native.adapter import ADAPTER as NATIVE
from plaudit.ingest.platforms.trustpilot.adapter import ADAPTER as TRUSTPILOT

ADAPTERS: Mapping[str, Adapter] = MappingProxyType({adapter.platform: adapter for adapter in (NATIVE, TRUSTPILOT)})

__all__ = ["ADAPTERS", "Adapter", "UnusableBodyError"]
