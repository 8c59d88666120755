"""Sessions of staff: sign in with an API key in a form that needs no script, and stay signed in by a cookie."""

from plaudit.common.sessions.console import ConsolePages, done
from plaudit.common.sessions.pages import router, signed_in, staff

__all__ = ["ConsolePages", "done", "router", "signed_in", "staff"]
