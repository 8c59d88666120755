"""Imports over HTTP: what a file says is on the board once, and nobody is told."""

import asyncio
import csv
import io
import json
from typing import Any

import httpx
import pytest

from plaudit.common.db import Database

pytestmark = pytest.mark.postgres

HEAD = "source,external_id,title,text,status,impact,effort_weeks,created_at,votes,voters\n"
DARK = "canny,1,Dark mode,Please,planned,2,4,2025-01-02,40,anna@shop.example;bo@shop.example\n"
LIGHT = "canny,2,Light mode,,open,,,,,\n"


async def send(api: httpx.AsyncClient, body: str, **query: Any) -> dict[str, Any]:
    answer = await api.post("/v1/board/imports", params=query, content=body, headers={"content-type": "text/csv"})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def numbers(report: dict[str, Any]) -> tuple[int, ...]:
    return tuple(report[name] for name in ("created", "changed", "unchanged", "refused"))


async def listed(api: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    return {item["title"]: item for item in (await api.get("/v1/requests")).json()["items"]}


async def counted(worker: Database, query: str) -> int:
    async with worker.transaction() as tx:
        return int(await tx.raw.fetchval(query))


async def test_a_file_is_on_the_board_once_and_nobody_is_told(api: httpx.AsyncClient, worker: Database) -> None:
    assert numbers(await send(api, HEAD + DARK + LIGHT, dry_run=True)) == (2, 0, 0, 0)
    assert await listed(api) == {}
    assert numbers(await send(api, HEAD + DARK + LIGHT)) == (2, 0, 0, 0)
    dark = (await listed(api))["Dark mode"]
    assert (dark["status"], dark["votes"], dark["created_at"][:10]) == ("planned", 2, "2025-01-02")
    assert dark["reach"] == 0  # these votes are older than the window, and the 40 are of nobody we know
    entries = await counted(worker, "SELECT count(*) FROM activity")
    assert numbers(await send(api, HEAD + DARK + LIGHT)) == (0, 0, 2, 0)
    assert await counted(worker, "SELECT count(*) FROM activity") == entries
    assert await counted(worker, "SELECT count(*) FROM announcements") == 0
    assert await counted(worker, "SELECT count(*) FROM imported_requests WHERE votes = 40") == 1


async def test_an_edited_row_changes_only_what_it_says(api: httpx.AsyncClient, worker: Database) -> None:
    await send(api, HEAD + DARK)
    request_id = (await listed(api))["Dark mode"]["id"]
    moved = await api.put(f"/v1/requests/{request_id}/status", json={"status": "in_progress"})
    assert moved.status_code == 200, moved.text
    before = await counted(worker, "SELECT count(*) FROM announcements")
    assert numbers(await send(api, HEAD + DARK.replace("Please", "At night"))) == (0, 1, 0, 0)
    changed = (await listed(api))["Dark mode"]
    assert (changed["text"], changed["status"], changed["id"]) == ("At night", "in_progress", request_id)
    assert await counted(worker, "SELECT count(*) FROM announcements") == before


async def test_a_row_that_the_board_refuses_costs_no_other(api: httpx.AsyncClient) -> None:
    await send(api, HEAD + DARK.replace("planned", "shipped"))
    report = await send(api, HEAD + DARK + "canny,9,,,,,,,,\n" + LIGHT)
    assert numbers(report) == (1, 0, 0, 2)
    assert [(each["line"], each["field"]) for each in report["refusals"]] == [(2, "status"), (3, "title")]


async def test_two_imports_at_once_make_each_request_once(api: httpx.AsyncClient) -> None:
    body = "external_id,title\n" + "".join(f"{number},Request number {number}\n" for number in range(150))
    reports = await asyncio.gather(*(send(api, body) for _ in range(2)))
    assert sum(report["created"] for report in reports) == 150
    assert sum(report["unchanged"] for report in reports) == 150


async def test_no_address_of_a_file_is_kept(api: httpx.AsyncClient) -> None:
    await send(api, HEAD + DARK)
    exported = (await api.get("/v1/board/export")).text
    assert "shop.example" not in exported
    rows = [json.loads(line) for line in exported.splitlines()]
    assert {row["table"] for row in rows} >= {"requests", "votes", "imported_requests", "activity", "sizings"}


async def test_an_export_of_requests_can_be_imported(api: httpx.AsyncClient) -> None:
    await send(api, HEAD + DARK + "canny,3,=cmd|' /C calc'!A0,,,,,,,\n")
    answer = await api.get("/v1/board/export", params={"format": "csv"})
    assert answer.content.startswith(b"\xef\xbb\xbf")
    titles = {row["title"] for row in csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))}
    assert titles == {"Dark mode", "'=cmd|' /C calc'!A0"}
    assert numbers(await send(api, answer.text, dry_run=True)) == (2, 0, 0, 0)


async def test_what_is_no_file_is_refused(api: httpx.AsyncClient, clients) -> None:
    answer = await api.post("/v1/board/imports", content="x", headers={"content-type": "text/html"})
    assert answer.status_code == 415
    answer = await api.post("/v1/board/imports", content="[" * 9_999, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    reader = await clients.with_key("default", "board:read")
    answer = await reader.post("/v1/board/imports", content=HEAD, headers={"content-type": "text/csv"})
    assert answer.status_code == 403


async def test_staff_send_a_file_on_the_page(clients, api: httpx.AsyncClient) -> None:
    staff = await clients.staff("default", "*")
    page = await staff.get("/console/board/imports")
    assert page.status_code == 200
    for choice, expected in (("report", "would do"), ("import", "was imported")):
        files = {"file": ("board.csv", (HEAD + LIGHT + ",,,,,,,,,\n").encode(), "text/csv")}
        answer = await staff.post("/console/board/imports", data={"do": choice}, files=files)
        assert answer.status_code == 200, answer.text
        assert expected in answer.text
    assert set(await listed(api)) == {"Light mode"}
