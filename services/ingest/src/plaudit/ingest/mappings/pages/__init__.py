"""The console's pages of custom sources."""

from plaudit.ingest.mappings.pages.editing import router

__all__ = ["router"]
