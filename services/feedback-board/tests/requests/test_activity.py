"""The board can be rebuilt from its log."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

pytestmark = pytest.mark.postgres

WORDS = ("title", "text", "slug", "subject", "persona", "visibility")


def _replay(log: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """An oracle: folds the log into requests, votes and links, and knows nothing of the board's code."""
    board: dict[str, dict[str, Any]] = defaultdict(lambda: {"people": set(), "reviews": set()})
    for entry in log:
        request, detail = board[entry["request_id"]], entry["detail"]
        match entry["type"]:
            case "request_created":
                request |= {name: detail[name] for name in WORDS}
                request |= {"status": "open", "reason": None, "size": (None, None), "created_at": entry["at"]}
            case "voted":
                request["people"].add(entry["person_key"])
            case "vote_withdrawn":
                request["people"].remove(entry["person_key"])
            case "status_changed":
                assert request["status"] == detail["previous_status"]
                request |= {"status": detail["status"], "reason": detail["reason"]}
            case "sized":
                request["size"] = (detail["impact"], detail["effort_weeks"])
            case "review_linked":
                request["reviews"].add(detail["review_id"])
            case "review_unlinked":
                request["reviews"].remove(detail["review_id"])
            case "recounted" | "followed" | "follow_stopped":
                pass
            case "request_edited":
                request |= {name: detail[name] for name in ("title", "text", "visibility")}
            case "request_published":
                request["visibility"] = "published"
            case "request_removed":
                request["visibility"] = "removed"
            case other:
                raise AssertionError(f"the log holds an unknown {other}")
        request["figures"] = {name: detail["figures"][name] for name in ("reach", "priority", "linked_reviews")}
    return dict(board)


async def _log(worker) -> list[dict[str, Any]]:
    async with worker.transaction() as tx:
        rows = await tx.raw.fetch(
            "SELECT request_id::text, type, at, person_key, detail::text FROM activity ORDER BY request_id, id"
        )
    return [{**row, "detail": msgspec.json.decode(row["detail"])} for row in rows]


async def _rows(worker) -> dict[str, dict[str, Any]]:
    async with worker.transaction() as tx:
        rows = await tx.raw.fetch("SELECT * FROM requests")
        votes = await tx.raw.fetch("SELECT request_id, person_key FROM votes")
        links = await tx.raw.fetch("SELECT request_id, review_id FROM links")

    def number(value: Any) -> str | None:
        return None if value is None else format(value.normalize(), "f")

    return {
        str(row["id"]): {
            **{name: row[name] for name in (*WORDS, "status", "created_at")},
            "reason": row["status_reason"],
            "size": (number(row["impact"]), number(row["effort_weeks"])),
            "people": {vote["person_key"] for vote in votes if vote["request_id"] == row["id"]},
            "reviews": {str(link["review_id"]) for link in links if link["request_id"] == row["id"]},
            "figures": {
                "reach": row["reach"],
                "priority": number(row["priority"]),
                "linked_reviews": row["linked_reviews"],
            },
        }
        for row in rows
    }


@pytest.mark.parametrize("seed", range(2))
async def test_the_log_alone_gives_back_requests_votes_and_links(
    api: httpx.AsyncClient, clients, worker, reviews, recount, seed: int
) -> None:
    drawn = random.Random(seed)
    known = [await reviews.published(published_at=datetime.now(UTC) - timedelta(days=n * 20)) for n in range(8)]
    paths: list[str] = []
    visitor = clients.visitor()

    async def step() -> None:
        path = drawn.choice(paths)
        person, review = {"person": f"native:{drawn.randrange(6)}"}, drawn.choice(known)
        match drawn.randrange(11):
            case 0:
                made = await api.post(
                    "/v1/requests", json={"title": f"Request {drawn.randrange(3)}", "persona": "rider"}
                )
                paths.append(made.headers["location"])
            case 1 | 2:
                await api.post(f"{path}/votes", json=person)
            case 3:
                await api.request("DELETE", f"{path}/votes", json=person)
            case 4:
                status = drawn.choice(["open", "under_review", "planned", "in_progress", "shipped", "declined"])
                await api.put(f"{path}/status", json={"status": status, "reason": f"Reason {drawn.random()}"})
            case 5:
                size = drawn.choice([(None, None), (0.25, 0.25), (3, 7.5)])
                await api.put(f"{path}/sizing", json={"impact": size[0], "effort_weeks": size[1]})
            case 6:
                await api.post(f"{path}/links", json={"review_id": str(review)})
            case 7:
                await api.delete(f"{path}/links/{review}")
            case 8:
                act, body = drawn.choice([("approve", None), ("remove", {"reason": "Off the subject."})])
                await api.post(f"/v1/moderation/posts/request/{path.rpartition('/')[2]}/{act}", json=body)
            case 9:
                title = f"A visitor's request {drawn.random()} https://a.example https://b.example https://c.example"
                await visitor.post("/b/default/requests", data={"title": title[:120], "text": ""})
            case _:
                await visitor.post("/b/default/requests", data={"title": "A visitor's request", "text": ""})

    paths.append((await api.post("/v1/requests", json={"title": "The first"})).headers["location"])
    for _ in range(60):
        await step()
    for review in known[:3]:
        await reviews.removed(review)
    await recount()

    replayed, rows = _replay(await _log(worker)), await _rows(worker)
    assert replayed == rows
    assert len(rows) > 2
    assert any(row["people"] for row in rows.values())
