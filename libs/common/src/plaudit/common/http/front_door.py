"""Which addresses of the front door a service answers. Each service declares its own in its composition root."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FrontDoorRoutes:
    """The paths of the one address that belong to a service."""

    prefixes: tuple[str, ...] = ()
    """Path prefixes, each of whole segments: `/v1/scores` holds `/v1/scores/acme`, and not `/v1/scoresheet`."""
    exact: tuple[str, ...] = ()
    """Single paths, for example `/`."""


NO_ROUTES = FrontDoorRoutes()
