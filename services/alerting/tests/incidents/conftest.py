"""Incidents by the API of a stage."""

import pytest

from plaudit_testing.incidents import Incidents


@pytest.fixture
async def incidents(stage) -> Incidents:
    """The API of incidents, with all scopes."""
    return Incidents(stage, await stage.client())
