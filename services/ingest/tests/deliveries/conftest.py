"""The console, signed in to."""

import httpx
import pytest

from plaudit_testing.running_ingest import Ingest

OURS = {"sec-fetch-site": "same-origin", "accept": "text/html"}


@pytest.fixture
async def staff(ingest: Ingest) -> httpx.AsyncClient:
    """The test's client, signed in to the console with all that a key may do."""
    answer = await ingest.client.post("/sign-in", data={"key": await ingest.key()}, headers=OURS)
    assert answer.status_code == 303, answer.text
    ingest.client.cookies.update(answer.cookies)
    ingest.client.headers.update(OURS)
    return ingest.client
