"""One page for people: what is late, what runs out next, what was alerted."""

from plaudit.alerting.pages.routes import router

__all__ = ["router"]
