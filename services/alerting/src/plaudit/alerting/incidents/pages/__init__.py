"""The pages of incidents: those of the console, and those that everybody sees."""

from plaudit.alerting.incidents.domain.breach import MAX_LIST_CHARS
from plaudit.alerting.incidents.pages import breach, console, correcting, listing, public, subscribing, writing
from plaudit.alerting.mails.domain.words import INCIDENTS
from plaudit.common.http.limits import form_bytes

BODY_LIMITS = {INCIDENTS: form_bytes(2 * MAX_LIST_CHARS)}
"""Of a list of people, in letters of two bytes; a whole update in all languages is smaller."""
ROUTERS = (
    *(listing.router, console.router, writing.router, correcting.router, breach.router),
    *(subscribing.router, public.router),
)

__all__ = ["BODY_LIMITS", "ROUTERS"]
