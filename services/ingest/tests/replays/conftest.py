"""The job that replays, on the test's own ingest."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from plaudit.common.db import Role
from plaudit.common.outbox import lag
from plaudit.common.vault import vault_of
from plaudit.ingest.replays.jobs import ReplayJob
from plaudit_testing.running_ingest import Ingest

OURS = {"sec-fetch-site": "same-origin", "accept": "text/html"}
Replayed = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture(autouse=True)
def without_relay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody publishes here, so that what is written waits for longer than replays give way for."""
    monkeypatch.setattr(lag, "MAX_WAIT_SECONDS", 1e9)


@pytest.fixture
def job(ingest: Ingest) -> ReplayJob:
    """The job, which runs only when a test lets it."""
    resources = ingest.resources
    worker = resources.database(Role.WORKER)
    return ReplayJob(worker, resources.outbox, resources.ids, vault_of(resources.settings))


@pytest.fixture
def replayed(ingest: Ingest, job: ReplayJob) -> Replayed:
    """Ask for a replay, let it run to its end, and return it."""

    async def replay(**body: Any) -> dict[str, Any]:
        authorization = {"authorization": f"Bearer {await ingest.key()}"}
        answer = await ingest.client.post("/v1/replays", json=body, headers=authorization)
        assert answer.status_code == 202, answer.text
        while await job.turn():
            pass
        done: dict[str, Any] = (await ingest.get(f"/v1/replays/{answer.json()['id']}")).json()
        assert done["finished_at"] is not None
        return done

    return replay


@pytest.fixture
async def staff(ingest: Ingest) -> httpx.AsyncClient:
    """The test's client, signed in to the console with all that a key may do."""
    answer = await ingest.client.post("/sign-in", data={"key": await ingest.key()}, headers=OURS)
    assert answer.status_code == 303, answer.text
    ingest.client.cookies.update(answer.cookies)
    ingest.client.headers.update(OURS)
    return ingest.client
