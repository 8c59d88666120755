"""Exports hold every review once, and nothing that a spreadsheet would run."""

import asyncio
import csv
import io
import json
import socket
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.csv_cells import guarded, unguarded
from plaudit.ingest.export import api
from plaudit_testing.running_ingest import Ingest, Source, created
from plaudit_testing.runtime import until

EXPORT = "/v1/reviews/export"
FORMULAS = ["=1+1", "+cmd", "-2", "@SUM(A1)", "\tx", "＝1", "'=1", "''+2"]  # noqa: RUF001 - full-width forms count as well


@given(st.text() | st.text(alphabet="'=+-@\t\r\n＝x"))  # noqa: RUF001 - as above
def test_a_cell_gives_back_its_text_and_begins_with_no_formula(text: str):
    cell = guarded(text)
    assert unguarded(cell) == text
    assert cell[:1] not in set("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - as above


@pytest.mark.postgres
async def test_both_formats_hold_every_review_once_over_many_pages(
    ingest: Ingest, source: Source, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(api, "ROWS", 3)
    texts = [*FORMULAS, 'a "quoted"\nline, with a comma', "שלום"]
    reviews = [
        created(
            f"={n}", n % 5 + 1, text=text, title=text, published_at=f"2026-03-{n + 1:02}T00:00:00Z", tags=["a", "b"]
        )
        for n, text in enumerate(texts)
    ]
    await ingest.post(source, reviews)
    answer = await ingest.get(EXPORT, format="jsonl")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.headers["content-type"].startswith("application/jsonl")
    assert [line["external_id"] for line in lines] == [f"={n}" for n in range(len(texts))]
    assert lines[::-1] == await ingest.items("/v1/reviews"), "an exported line is a review as lists show it"
    answer = await ingest.get(EXPORT, format="csv")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert answer.headers["content-disposition"] == 'attachment; filename="reviews.csv"'
    assert [unguarded(row["text"]) for row in rows] == texts
    assert [unguarded(row["id"]) for row in rows] == [f"={n}" for n in range(len(texts))]
    assert {cell[:1] for row in rows for cell in row.values()} & set("=+-@\t\r") == set()
    assert (rows[0]["rating"], rows[0]["verified"], rows[0]["published_at"], json.loads(rows[0]["tags"])) == (
        *("1", "false", "2026-03-01T00:00:00Z"),
        ["a", "b"],
    )


@pytest.mark.postgres
async def test_an_export_takes_the_filters_of_lists_and_an_empty_one_is_empty(ingest: Ingest, source: Source):
    await ingest.post(source, [created("a", 1), created("b", 5)])
    assert '"b"' not in (await ingest.get(EXPORT, rating_lt=2)).text
    assert (await ingest.get(EXPORT, rating_gte=6)).text == ""
    assert len((await ingest.get(EXPORT, format="csv", rating_gte=6)).text.splitlines()) == 1
    assert (await ingest.get(EXPORT, format="xlsx")).status_code == 422


@pytest.mark.postgres
async def test_a_client_that_leaves_in_the_middle_of_a_page_costs_no_connection_and_no_error(
    ingest: Ingest, source: Source, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(api, "ROWS", 1)
    await ingest.post(source, [created(f"r-{n}") for n in range(3)])
    reads, has_left, is_read = asyncio.Event(), asyncio.Event(), asyncio.Event()
    page = api.store.page

    async def slow_page(*arguments: Any, **more: Any) -> Any:
        if "after" not in more:
            return await page(*arguments, **more)
        reads.set()
        await has_left.wait()
        found = await page(*arguments, **more)
        is_read.set()
        return found

    head = f"GET {EXPORT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {await ingest.key()}\r\n\r\n"
    serving = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '%api' "
    with monkeypatch.context() as patched:
        patched.setattr(api.store, "page", slow_page)
        _, writer = await asyncio.open_connection(ingest.client.base_url.host, ingest.client.base_url.port)
        writer.write(head.encode())
        await reads.wait()
        before = await ingest.rows(f"{serving} ORDER BY pid")
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        await until(lambda: ingest.parts.app.built_edge().in_progress == 0, "it is noticed")
        has_left.set()
        await until(is_read.is_set, "the page is read to its end")

    async def all_wait() -> bool:
        return await ingest.rows(f"{serving} AND state <> 'idle'") == []

    await until(all_wait, "the transaction has ended")
    assert await ingest.rows(f"{serving} ORDER BY pid") == before
    assert [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []
