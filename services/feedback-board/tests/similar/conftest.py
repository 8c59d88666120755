"""Requests whose words are indexed at once."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from plaudit.common.db import Database
from plaudit.feedback_board.similar.jobs import IndexJob


@pytest.fixture
def index(worker: Database) -> Callable[[], Awaitable[int]]:
    """Indexes what is to be indexed, as the job does; returns how many marks that were."""
    job = IndexJob(worker)

    async def turn() -> int:
        saw = await job.has_work()
        done = await job.turn()
        assert saw == bool(done), "the job takes a turn when it sees work, and only then"
        return done

    return turn


@pytest.fixture
def ask_for(api: httpx.AsyncClient, index: Callable[[], Awaitable[int]]) -> Callable[..., Awaitable[list[str]]]:
    """Makes requests with these titles, and indexes them; returns their ids."""

    async def make(*titles: str, text: str = "") -> list[str]:
        ids = []
        for title in titles:
            made = await api.post("/v1/requests", json={"title": title, "text": text})
            assert made.status_code == 201, made.text
            ids.append(made.json()["id"])
        await index()
        return ids

    return make
