"""The pages of incidents: those of the console, and those that everybody sees."""

from plaudit.alerting.incidents.pages import breach, console, public, writing

ROUTERS = (console.router, writing.router, breach.router, public.router)

__all__ = ["ROUTERS"]
