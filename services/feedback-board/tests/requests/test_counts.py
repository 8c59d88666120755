"""How many requests have each status."""

import asyncio
from typing import Any

import httpx
import pytest

from plaudit.common.db import Database
from plaudit.feedback_board.requests.domain.status import Status
from plaudit.feedback_board.requests.jobs import CountsJob
from plaudit.feedback_board.requests.store import counts
from plaudit_testing.board_pages import BOARD, page_of, put_on_board, submit

pytestmark = pytest.mark.postgres

_COUNTED = """
SELECT status, count(*) AS number FROM requests
WHERE tenant_id = 'default' AND merged_into IS NULL AND visibility = 'published' GROUP BY status
"""


async def _shown_and_counted(worker: Database) -> tuple[dict[str, int], dict[str, int]]:
    async with worker.transaction() as tx:
        shown = {str(status): number for status, number in (await counts.by_status(tx, "default")).items() if number}
        return shown, {row["status"]: row["number"] for row in await tx.raw.fetch(_COUNTED)}


async def _rows(worker: Database) -> int:
    async with worker.transaction() as tx:
        number: int = await tx.raw.fetchval("SELECT count(*) FROM request_counts")
        return number


async def test_counts_follow_creations_statuses_and_merges_and_stay_when_they_are_added_up(
    api: httpx.AsyncClient, worker: Database
) -> None:
    await asyncio.gather(*(put_on_board(api, f"Request {number}") for number in range(6)))
    await put_on_board(api, "Dark mode", "planned")
    first, second, *_ = [item["id"] for item in (await api.get("/v1/requests?status=open")).json()["items"]]
    merge = f"/v1/requests/{first}/merge"
    assert (await api.put(merge, json={"into": second, "reason": "They ask for the same."})).status_code == 200
    shown, counted = await _shown_and_counted(worker)
    assert shown == counted == {Status.OPEN: 5, Status.PLANNED: 1}

    job = CountsJob(worker)
    assert await job.has_work()
    assert await job.turn() > 0
    assert not await job.has_work()
    assert await _rows(worker) == 2
    assert await _shown_and_counted(worker) == (shown, counted)

    assert (await api.delete(merge)).status_code == 200
    await asyncio.gather(job.turn(), job.turn(), put_on_board(api, "One more"))
    shown, counted = await _shown_and_counted(worker)
    assert shown == counted == {Status.OPEN: 7, Status.PLANNED: 1}


async def test_what_is_held_or_removed_is_counted_only_while_it_is_public(
    api: httpx.AsyncClient, clients: Any, worker: Database
) -> None:
    await put_on_board(api, "Dark mode")
    await api.put("/v1/moderation/rules", json={"blocked_words": ["casino"]})
    visitor = clients.visitor()
    form = page_of(await visitor.get(BOARD)).one("section", id="make-a-request").one("form")
    await submit(visitor, form, title="A casino, please", text="")
    assert await _shown_and_counted(worker) == ({Status.OPEN: 1}, {Status.OPEN: 1})

    (held,) = (await api.get("/v1/moderation/queue")).json()["items"]
    post = f"/v1/moderation/posts/request/{held['id']}"
    assert (await api.post(f"{post}/approve")).status_code == 200
    assert await _shown_and_counted(worker) == ({Status.OPEN: 2}, {Status.OPEN: 2})

    assert (await api.post(f"{post}/remove", json={"reason": "It sells something."})).status_code == 200
    assert await _shown_and_counted(worker) == ({Status.OPEN: 1}, {Status.OPEN: 1})
