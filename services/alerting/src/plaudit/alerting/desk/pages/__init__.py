"""The console's pages of what waits: the overview, and the desk with one clock beside the list."""

from plaudit.alerting.desk.pages.acting import changing
from plaudit.alerting.desk.pages.showing import router

__all__ = ["changing", "router"]
