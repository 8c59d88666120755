"""The console is one: its sections, the routes of the front door and the services' pages agree."""

from importlib import import_module

import pytest

from plaudit.common.http.front_door import FrontDoorRoutes
from plaudit.common.pages.navigation import CONSOLE, NavEntry

SERVICES = ("ingest", "scoring", "alerting", "feedback_board")


def _routes(service: str) -> FrontDoorRoutes:
    return import_module(f"plaudit.{service}.main").SERVICE.front_door


def _answering(path: str) -> str:
    """The service that a path leads to at the front door: the one with the longest prefix."""
    prefixes = [
        (prefix, service)
        for service in SERVICES
        for prefix in _routes(service).prefixes
        if f"{path}/".startswith(f"{prefix}/")
    ]
    return max(prefixes, key=lambda found: len(found[0]))[1]


def _pages(service: str) -> set[str]:
    """The paths of the pages of a service, from the routers of its rooms."""
    main = import_module(f"plaudit.{service}.main")
    routers = [value for value in vars(main).values() if hasattr(value, "routes")]
    routers += [value.router for value in vars(main).values() if hasattr(value, "router")]
    return {route.path for router in routers for route in router.routes if "GET" in route.methods}


@pytest.mark.parametrize("entry", CONSOLE, ids=lambda entry: entry.title)
def test_every_section_of_the_console_is_a_page_of_the_service_that_answers_there(entry: NavEntry) -> None:
    assert entry.path in _pages(_answering(entry.path))


def test_every_page_of_the_console_belongs_to_a_section() -> None:
    known = {entry.path for entry in CONSOLE}
    for service in SERVICES:
        for path in _pages(service):
            if path.startswith("/console/"):
                assert any(f"{path}/".startswith(f"{each}/") for each in known - {"/console"}), path
