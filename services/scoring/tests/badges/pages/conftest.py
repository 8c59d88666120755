"""What everybody sees without a key, and whoever makes it public."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from plaudit.common.contracts import Origin
from plaudit.common.process import Resources
from plaudit.scoring.main import build
from plaudit.scoring.settings import ScoringSettings
from plaudit_testing.review_events import review_state


@pytest.fixture
async def writer(client_of) -> httpx.AsyncClient:
    return await client_of("default", "scores:read", "scores:write")


@pytest.fixture
async def anybody(resources: Resources[ScoringSettings]) -> AsyncIterator[httpx.AsyncClient]:
    app = build(resources).app
    assert app is not None
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://scoring.example") as client:
        yield client


@pytest.fixture
async def kite(writer: httpx.AsyncClient, bus) -> None:
    """A public subject with six reviews, and one that is private."""
    now = datetime.now(UTC)
    for rating, origin in ((5, Origin.ORGANIC), (5, Origin.INCENTIVISED), (4, Origin.ORGANIC), (4, Origin.INVITED)):
        await bus.tell(None, review_state(rating, "acme/berlin", rated_at=now, origin=origin), time=now)
    for rating in (3, 1):
        await bus.tell(None, review_state(rating, "acme", rated_at=now), time=now)
    await writer.put("/v1/badges/acme", json={"name": "Kite </script> & Co"})
