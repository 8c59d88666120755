"""The desk's page, and signing in to it."""

from plaudit.alerting.desk.pages.desk import router

__all__ = ["router"]
