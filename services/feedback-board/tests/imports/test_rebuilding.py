"""A board that was changed in every way that the log can tell of yet: rebuilt from the log, it is the live one."""

import httpx
import pytest

from plaudit.common.db import Database
from plaudit.feedback_board.imports.rebuilding import compare

pytestmark = pytest.mark.postgres

FILE = (
    "external_id,title,status,impact,effort_weeks,created_at,voters\n"
    "1,Dark mode,planned,2,4,2025-01-02,anna@shop.example\n"
    "2,Light mode,declined,,,,bo@shop.example anna@shop.example\n"
)


async def test_the_rebuilt_board_is_the_live_one(api: httpx.AsyncClient, worker: Database, reviews) -> None:
    async def done(method: str, path: str, **body: object) -> dict[str, object]:
        answer = await api.request(method, path, json=body)
        assert answer.status_code < 300, (path, answer.text)
        return dict(answer.json()) if answer.content else {}

    sent = await api.post("/v1/board/imports", content=FILE, headers={"content-type": "text/csv"})
    assert sent.status_code == 200, sent.text
    ids = [(await done("POST", "/v1/requests", title=f"Request number {n}"))["id"] for n in range(3)]
    for each in ids:
        await done("POST", f"/v1/requests/{each}/votes", person="native:anna")
        await done("POST", f"/v1/requests/{each}/votes", person="native:bo")
    await done("DELETE", f"/v1/requests/{ids[0]}/votes", person="native:bo")
    await done("PUT", f"/v1/requests/{ids[0]}/status", status="planned", reason="Next year.")
    await done("PUT", f"/v1/requests/{ids[0]}/sizing", impact="2", effort_weeks="0.5")
    review = await reviews.published(person="native:bo")
    await done("POST", f"/v1/requests/{ids[1]}/links", review_id=str(review))
    async with worker.transaction() as tx:
        assert await compare(tx, "default") == []
        await tx.raw.execute("UPDATE requests SET status_reason = 'Another.' WHERE id = $1", ids[0])
        found = await compare(tx, "default")
    assert found == [f"requests {ids[0]}: status_reason is another one in the log"]
