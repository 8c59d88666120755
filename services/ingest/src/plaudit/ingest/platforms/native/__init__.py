"""Our own format."""

from plaudit.ingest.platforms.native.adapter import ADAPTER

__all__ = ["ADAPTER"]
