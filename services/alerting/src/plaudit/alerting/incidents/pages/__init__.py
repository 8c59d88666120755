"""The pages of incidents: those of the console, and those that everybody sees."""

from plaudit.alerting.incidents.pages import breach, console, correcting, listing, public, subscribing, writing

ROUTERS = (
    *(listing.router, console.router, writing.router, correcting.router, breach.router),
    *(subscribing.router, public.router),
)

__all__ = ["ROUTERS"]
