"""What tests of alerts share: people to tell of them, and a client that may do everything."""

import pytest
from httpx import AsyncClient

from plaudit_testing.escalating import OWNERS, save


@pytest.fixture
async def owners(stage):
    await save(stage, OWNERS)


@pytest.fixture
async def api(stage) -> AsyncClient:
    return await stage.client()
