from types import SimpleNamespace

import pytest

from plaudit.common.db import Database, Role
from plaudit_testing.common_fixtures import api_database, common_url, owner

__all__ = ["api_database", "common_url", "owner"]


@pytest.fixture(scope="session")
def no_database() -> SimpleNamespace:
    """Resources of an application that never asks the database."""

    def database(_role: Role) -> Database:
        raise AssertionError("this application needs no database")

    return SimpleNamespace(database=database)
