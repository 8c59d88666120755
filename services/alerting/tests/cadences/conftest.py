"""Cadences of a tenant that has set none."""

import pytest

from plaudit_testing.cadences import MONDAY, Cadence


@pytest.fixture
async def cadence(stage) -> Cadence:
    """Cadences on a Monday morning."""
    made = Cadence(stage)
    await stage.move_to(MONDAY)
    return made
