"""Sessions of staff: sign in with a mailed link, at an OpenID provider or with an API key; stay signed in by a cookie.

A service gives `staff_sessions(resources)` and `router` to `create_app`. A page declares
`Annotated[Principal, Depends(staff("clocks:read"))]` first, and then `TenantTx` or `Work` as endpoints of the API do.
"""

from typing import Protocol

from plaudit.common.db import Database
from plaudit.common.sessions.access import signed_in, staff
from plaudit.common.sessions.console import NOTHING_TYPED, ConsolePages, Typed, done, zone_of_reader
from plaudit.common.sessions.lookup import StaffSessions
from plaudit.common.sessions.pages import router
from plaudit.common.settings import Settings


class HasCommonDatabase(Protocol):
    """What sessions need of the resources of a service."""

    @property
    def settings(self) -> Settings:
        """The settings of the process."""

    def common_database(self) -> Database:
        """Return connections to schema `common`."""


def staff_sessions(resources: HasCommonDatabase) -> StaffSessions:
    """Return the sessions of staff, for the application of a service."""
    return StaffSessions(resources.settings, resources.common_database)


__all__ = [
    "NOTHING_TYPED",
    "ConsolePages",
    "StaffSessions",
    "Typed",
    "done",
    "router",
    "signed_in",
    "staff",
    "staff_sessions",
    "zone_of_reader",
]
