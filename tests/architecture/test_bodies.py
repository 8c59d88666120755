"""What the API takes is strict: a schema of a body is a `Body`, which refuses fields that it does not have."""

from importlib import import_module
from inspect import getmembers, isclass
from pkgutil import walk_packages

import pytest

from plaudit.common.http import Body

SERVICES = ("ingest", "scoring", "alerting", "feedback_board")


def bodies() -> list[type]:
    found: set[type] = set()
    for service in SERVICES:
        package = import_module(f"plaudit.{service}")
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith(".schemas"):
                found |= {each for name, each in getmembers(import_module(module.name), isclass) if name.endswith("In")}
    return sorted(found, key=lambda each: each.__qualname__)


def test_there_are_bodies() -> None:
    assert {"SourceIn", "RequestIn", "VoteIn", "LinkIn"} <= {each.__name__ for each in bodies()}


@pytest.mark.parametrize("body", bodies(), ids=lambda each: each.__name__)
def test_every_body_refuses_unknown_fields(body: type) -> None:
    assert issubclass(body, Body)
    assert body.model_config.get("extra") == "forbid"
