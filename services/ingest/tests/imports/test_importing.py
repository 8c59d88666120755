"""A file that is sent is imported by a job: each row once, whatever happens to the process or to other rows."""

import asyncio
import csv
import gzip
import io
import json
import os
import resource
import signal
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from plaudit.common.db import Role
from plaudit.common.outbox import lag
from plaudit.common.vault import Place, vault_of
from plaudit.ingest.hooks import commands as hooks
from plaudit.ingest.imports import commands, store
from plaudit.ingest.imports.domain import Stage
from plaudit.ingest.imports.jobs import running
from plaudit.ingest.imports.jobs.import_job import ImportJob
from plaudit.ingest.transfer.store.spill import SortedRows
from plaudit_testing.running_ingest import Ingest, Source, created
from plaudit_testing.shared import shared
from plaudit_testing.vault import lost

pytestmark = pytest.mark.postgres

COLUMNS = ("id", "stars", "date", "text")
MAP = ("id=id", "rating=stars", "published_at=date", "text=text")
CSV = {"content-type": "text/csv"}


def table(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([COLUMNS, *rows])
    return text.getvalue().encode()


def some(count: int) -> list[list[object]]:
    return [[f"r-{n}", n % 5 + 1, "2026-01-01T00:00:00Z", "fine"] for n in range(count)]


@pytest.fixture(autouse=True)
def without_relay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody publishes here, so that what is written waits for longer than imports give way for."""
    monkeypatch.setattr(lag, "MAX_WAIT_SECONDS", 1e9)


@pytest.fixture
def new_job(ingest: Ingest) -> Callable[[], ImportJob]:
    """Make the job of another process."""
    resources = ingest.resources
    worker, hook = resources.database(Role.WORKER), resources.database(Role.HOOK)
    return lambda: ImportJob(worker, hook, resources.outbox, resources.ids, vault_of(resources.settings))


async def send(
    ingest: Ingest,
    source: Source,
    body: bytes | AsyncIterator[bytes],
    headers: dict[str, str] | None = None,
    path: str = "/v1/imports",
    **query: Any,
) -> httpx.Response:
    authorization = {"authorization": f"Bearer {await ingest.key()}"}
    params = {"source_id": source.id} if path == "/v1/imports" else {}
    return await ingest.client.post(
        path, params={**params, "map": MAP, **query}, content=body, headers=CSV | authorization | (headers or {})
    )


async def ended(ingest: Ingest, job: ImportJob, import_id: str) -> dict[str, Any]:
    while await job.has_work():
        await job.turn()
    found: dict[str, Any] = (await ingest.get(f"/v1/imports/{import_id}")).json()
    return found


async def done(ingest: Ingest, job: ImportJob, sent: httpx.Response) -> dict[str, Any]:
    assert sent.status_code == 202, sent.text
    found = await ended(ingest, job, sent.json()["id"])
    assert found["stage"] == "done", found
    return found


async def ratings(ingest: Ingest, source: Source) -> dict[str, float]:
    pages = await ingest.pages("/v1/reviews", source_id=source.id, limit=200)
    return {item["external_id"]: item["rating"] for page in pages for item in page}


async def test_rows_are_written_in_the_order_of_their_time(ingest: Ingest, source: Source, new_job):
    rows = [(f"r-{n % 300}", 5 - n // 300, f"2026-01-0{3 - n // 300}T00:00:00Z", "fine") for n in range(900)]
    found = await done(ingest, new_job(), await send(ingest, source, table(rows)))
    assert (found["rows_read"], found["accepted"], found["rejected"]) == (900, 900, 0)
    assert found["understood"]["map"] == list(MAP)
    assert await ratings(ingest, source) == {f"r-{n}": 5 for n in range(300)}
    assert (await ingest.counts())["revisions"] == 900
    assert await ingest.rows("SELECT FROM ingest.import_chunks") == []


@pytest.mark.parametrize("indent", [None, 1], ids=["on one line", "indented"])
async def test_a_json_array_is_previewed_by_its_beginning_and_imported_whole(
    ingest: Ingest, source: Source, new_job, indent: int | None
):
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in some(900)]
    rows[7]["stars"] = "many"
    body = json.dumps(rows, indent=indent).encode()
    assert len(body) > 64 * 1024, "the preview sees a part of it"
    as_json = {"content-type": "application/json"}
    shown = (await send(ingest, source, body, as_json, path="/v1/imports/preview")).json()
    assert [each["line"] for each in shown["rejects"]] == [8]
    assert len(shown["events"]) == 19
    found = await done(ingest, new_job(), await send(ingest, source, body, as_json))
    assert (found["rows_read"], found["accepted"], found["rejected"]) == (900, 899, 1)


async def test_a_json_array_that_was_cut_is_not_imported(ingest: Ingest, source: Source, new_job):
    as_json, said = {"content-type": "application/json"}, "the file ends before the array does"
    small, large = [
        json.dumps([dict(zip(COLUMNS, row, strict=True)) for row in some(count)]).encode()[:-9] for count in (3, 2_000)
    ]
    refused = await send(ingest, source, small, as_json)
    assert (refused.status_code, said in refused.json()["detail"]) == (422, True)
    found = await ended(ingest, new_job(), (await send(ingest, source, large, as_json)).json()["id"])
    assert (found["stage"], said in found["reason"]) == ("failed", True)
    assert (await ingest.counts())["reviews"] == 0


async def test_a_row_that_cannot_be_taken_is_told_and_its_mended_file_is_taken(ingest: Ingest, source: Source, new_job):
    rows = some(20)
    rows[7][1] = "NaN"
    rows[9][1] = 9
    rows[11][2] = "1960-01-01T00:00:00Z"
    rows[13][3] = "x\0y"
    found = await done(ingest, new_job(), await send(ingest, source, table(rows)))
    assert (found["accepted"], found["rejected"]) == (16, 4)
    told = await ingest.get(f"/v1/imports/{found['id']}/rejects")
    assert told.headers["content-type"].startswith("text/csv")
    rejects = list(csv.DictReader(io.StringIO(told.text.removeprefix("\ufeff"), newline="")))
    assert [int(each["plaudit_line"]) for each in rejects] == [9, 11, 13, 15]
    assert rejects[1]["plaudit_reason"] == "data: rating 9 is off its scale of 1 to 5"
    mended = told.text.replace("NaN", "3").replace(",9,", ",3,").replace("1960", "2026").replace("x\\x00y", "fine")
    again = await done(ingest, new_job(), await send(ingest, source, mended.encode()))
    assert (again["accepted"], again["rejected"]) == (4, 0)
    assert len(await ratings(ingest, source)) == 20


async def test_a_reject_says_what_to_state_in_the_words_of_the_api_and_of_the_page(
    ingest: Ingest, source: Source, new_job
):
    rows = [["r-1", 4, "2026-02-14 10:15", "fine"], ["r-2", 4, "2026-02-14T10:15:30Z", "fine"]]
    shown = (await send(ingest, source, table(rows), path="/v1/imports/preview")).json()
    assert [each["reason"].rpartition(": ")[2] for each in shown["rejects"]] == ["state it, for example zone=UTC"]
    found = await done(ingest, new_job(), await send(ingest, source, table(rows)))
    assert (found["accepted"], found["rejected"]) == (1, 1)
    told = await ingest.get(f"/v1/imports/{found['id']}/rejects")
    assert "state it, for example zone=UTC" in told.text


async def test_the_same_file_again_changes_nothing(ingest: Ingest, source: Source, new_job):
    rows = [*some(700), ["r-1", 1, "2026-01-02T00:00:00Z", "worse"]]
    await done(ingest, new_job(), await send(ingest, source, table(rows)))
    before = await ingest.counts()
    again = await done(ingest, new_job(), await send(ingest, source, gzip.compress(table(rows))))
    assert (again["accepted"], again["unchanged"], again["rejected"]) == (701, 701, 0)
    assert await ingest.counts() == before


STATED = {"scale": {"min": 0, "max": 10}, "verified": False, "subject": "acme"}
"""What a file says of each review: the same version may be the first to say it, which is stored without an event."""
EXPORTED = [
    created("=1+1", 1, title="'=1", text='=HYPERLINK("http://x")', author={"id": "-7"}),
    created("'-5", 2, text='\'quoted\nline, "two"; three', language="pt-BR", tags=["a, b", "c"], verified=True),
    created("00123", 9, kind="nps", origin="invited", version=2**53 + 1, url="https://x.example/1", **STATED),
    created("r 4", 4, title="'", text="The coffee was cold and the staff very kind, thank you.", subject="acme/berlin"),
    created("r-5", 3, edited_at="2026-02-15T00:00:00.123456Z", text="\tx"),
    created("r-6", 1, answer={"text": "@Ann: sorry", "published_at": "2026-02-16T00:00:00Z"}),
    created("r-7", 1, answer={"text": "Sorry", "published_at": "2026-02-16T00:00:00Z", "state": "pending"}),
    created("r-8", 5),
    {"type": "review.removed", "data": {"id": "r-8"}},
]
"""Texts that spreadsheets would run, all scales, states and languages."""


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
async def test_what_was_exported_is_known_again_and_read_back_as_it_was(
    ingest: Ingest, source: Source, new_job, kind: str
):
    await ingest.post(source, EXPORTED)
    exports = [(await ingest.get("/v1/reviews/export", format=kind, removed=removed)).text for removed in (0, 1)]
    before = await ingest.counts()
    for body in exports:
        again = await done(ingest, new_job(), await send(ingest, source, body.encode(), map=()))
        assert again["understood"]["preset"] == {"csv": "plaudit", "jsonl": "plaudit-jsonl"}[kind]
        assert (again["unchanged"], again["rejected"]) == (again["accepted"], 0)
    assert {**await ingest.counts(), "deliveries": 1} == before
    other = await ingest.source()
    for body in exports:
        taken = await done(ingest, new_job(), await send(ingest, other, body.encode(), map=()))
        assert taken["rejected"] == 0
    assert await as_files_say(ingest, other) == await as_files_say(ingest, source)


async def as_files_say(ingest: Ingest, source: Source) -> list[dict[str, Any]]:
    """Return all reviews of a source, without what differs between two sources and what no file says."""
    found = []
    for removed in (False, True):
        lines = (await ingest.get("/v1/reviews/export", source_id=source.id, removed=removed)).text.splitlines()
        found += map(json.loads, lines)
    ours = {"id", "source_id", "person", "received_at", "changed_at", "revision"}
    told = [{name: value for name, value in each.items() if name not in ours} for each in found]
    return sorted(told, key=lambda each: each["external_id"])


async def test_an_import_whose_process_is_killed_ends_with_each_row_once(
    ingest: Ingest, source: Source, new_job, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(store, "LEASE", timedelta(0))
    monkeypatch.setattr(running, "EVENTS_PER_DELIVERY", 10)
    rows: list[list[object]] = [
        [f"r-{n % 400}", n // 400 + 1, f"2026-01-0{n // 400 + 1}T00:00:00Z", "fine"] for n in range(1_200)
    ]
    rows[5][1] = 9
    rows[6][1] = "none"
    sent = await send(ingest, source, table(rows))
    killed = [new_job() for _ in range(3)]
    for job, killed_at in zip(killed, (100, 500, 900), strict=True):
        while (await ingest.counts())["revisions"] < killed_at:
            await job.turn()
        # What it has in memory is gone with it; it never says that it leaves.
    found = await done(ingest, new_job(), sent)
    assert (found["accepted"], found["rejected"], found["unchanged"]) == (1_198, 2, 0)
    assert await ratings(ingest, source) == {f"r-{n}": 3 for n in range(400)}
    counts = await ingest.counts()
    assert (counts["reviews"], counts["revisions"], counts["outbox"]) == (400, 1_198, 1_198)
    for job in killed:
        await job._leave()


async def test_rows_that_another_process_decides_about_are_each_there_once_also_when_it_is_killed(
    ingest: Ingest, source: Source, new_job, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(running, "BYTES_WORTH_A_PROCESS", 1)
    monkeypatch.setattr(commands, "MAX_PREPARED_AGE", timedelta(hours=1))
    monkeypatch.setattr(running, "EVENTS_PER_DELIVERY", 10)
    written_so: list[bool] = []

    async def noted(*args: Any) -> bool:
        written_so.append(await write_prepared(*args))
        return written_so[-1]

    write_prepared = hooks.write_prepared
    monkeypatch.setattr(hooks, "write_prepared", noted)
    rows: list[list[object]] = [[f"r-{n % 300}", n // 300 + 1, f"2026-01-0{n // 300 + 1}", "fine"] for n in range(400)]
    sent = await send(ingest, source, table(rows), zone="UTC")
    job = new_job()
    while (await ingest.counts())["revisions"] < 320:
        await job.turn()
    # New reviews are written as they were prepared; a batch with one that is known is decided about again.
    assert written_so[:7] == [True] * 7
    assert written_so[-1] is False
    assert job._running is not None
    assert job._running._decider is not None
    os.kill(job._running._decider.pid, signal.SIGKILL)
    assert (await done(ingest, job, sent))["accepted"] == 400
    assert await ratings(ingest, source) == {f"r-{n}": 2 if n < 100 else 1 for n in range(300)}
    counts = await ingest.counts()
    assert (counts["reviews"], counts["revisions"], counts["outbox"]) == (300, 400, 400)


async def test_a_process_that_has_lost_its_import_writes_nothing_more(
    ingest: Ingest, source: Source, new_job, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(store, "LEASE", timedelta(0))
    monkeypatch.setattr(running, "EVENTS_PER_DELIVERY", 10)
    sent = await send(ingest, source, table(some(200)))
    slow = new_job()
    while (await ingest.counts())["revisions"] < 50:
        await slow.turn()
    found = await done(ingest, new_job(), sent)
    await slow.turn()
    assert slow.running is None
    assert (found["accepted"], (await ingest.counts())["revisions"]) == (200, 200)


async def test_a_cancelled_import_ends_between_two_groups(
    ingest: Ingest, source: Source, new_job, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(running, "EVENTS_PER_DELIVERY", 10)
    sent = await send(ingest, source, table(some(200)))
    path = f"/v1/imports/{sent.json()['id']}"
    job = new_job()
    while (await ingest.counts())["revisions"] < 50:
        await job.turn()
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    assert (await ingest.client.delete(path, headers=headers)).status_code == 204
    written = (await ingest.counts())["revisions"]
    found = await ended(ingest, job, sent.json()["id"])
    assert (found["stage"], found["accepted"]) == ("cancelled", written)
    assert (await ingest.counts())["revisions"] == written
    assert (await ingest.client.delete(path, headers=headers)).status_code == 409


async def test_a_dry_run_tells_what_could_be_taken_and_writes_nothing(ingest: Ingest, source: Source, new_job):
    rows = some(20)
    rows[3][1] = "seven"
    found = await done(ingest, new_job(), await send(ingest, source, table(rows), dry_run=True))
    assert (found["accepted"], found["rejected"]) == (19, 1)
    assert not any((await ingest.counts()).values())


async def test_a_request_that_is_sent_again_under_its_key_is_one_import(ingest: Ingest, source: Source):
    key = {"idempotency-key": "k-1"}
    first = await send(ingest, source, table(some(3)), key)
    again = await send(ingest, source, table(some(3)), key)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (202, "true")
    assert again.json()["id"] == first.json()["id"]
    assert len(await ingest.items("/v1/imports")) == 1
    other = await send(ingest, source, table(some(4)), key)
    assert (other.status_code, other.json()["type"].rpartition("#")[2]) == (422, "idempotency-key-reused")
    assert len(await ingest.rows("SELECT FROM ingest.imports")) == 1


@pytest.mark.parametrize(
    ("body", "query", "words"),
    [
        (b"", {}, "the file is empty"),
        (b"a,b\r\n1,2\r\n", {"map": ()}, "no known platform writes the columns a, b"),
        (b"a,b\r\n1,2\r\n", {}, "there is no column date, id, stars, text"),
        (table(some(1)), {"zone": "Nowhere/Land"}, "'Nowhere/Land' is no zone"),
        (table(some(1)), {"preset": "nobody"}, "preset: it is one of google-play"),
        (table(some(1)), {"encoding": "latin-99"}, "'latin-99' is no encoding"),
        (table(some(1)), {"delimiter": "ab"}, "delimiter: it is one character"),
        (b"\x1f\x8bnothing", {}, "the file begins as gzip, and is none"),
        (b"id,stars,date,text\r\n\xe9,1,2,3\r\n", {}, "byte 0xE9 in line 2 is not utf-8: state encoding, for example"),
    ],
)  # fmt: skip
async def test_a_file_that_cannot_be_read_is_refused_at_once(
    ingest: Ingest, source: Source, body: bytes, query: dict[str, Any], words: str
):
    for path in ("/v1/imports", "/v1/imports/preview"):
        answer = await send(ingest, source, body, path=path, **query)
        assert answer.status_code == 422, answer.text
        assert words in answer.json()["detail"]
        assert "--" not in answer.json()["detail"], "there are no options here"
    assert await ingest.rows("SELECT FROM ingest.imports") == []


async def test_a_preview_shows_what_a_file_is_and_stores_nothing(ingest: Ingest, source: Source):
    rows = some(5_000)
    rows[1][1] = "seven"
    for body in (table(rows)[:100_000], gzip.compress(table(rows))):
        answer = await send(ingest, source, body, path="/v1/imports/preview")
        assert answer.status_code == 200, answer.text
        shown = answer.json()
        assert shown["understood"]["columns"] == list(COLUMNS)
        assert (shown["understood"]["encoding"], shown["understood"]["delimiter"]) == ("utf-8", ",")
        assert [each["data"]["id"] for each in shown["events"]][:2] == ["r-0", "r-2"]
        assert [(each["line"], each["id"]) for each in shown["rejects"]] == [(3, "r-1")]
    assert await ingest.rows("SELECT FROM ingest.imports") == []


async def test_the_address_of_previews_is_not_taken_for_that_of_an_import(ingest: Ingest):
    answer = await ingest.get("/v1/imports/preview")
    assert (answer.status_code, "POST" in answer.headers["allow"]) == (405, True)
    assert not {"GET", "DELETE"} & {*answer.headers["allow"].split(", ")}
    assert (await ingest.get("/v1/imports/none")).status_code == 404


async def test_a_file_of_several_gzip_members_is_one_file(ingest: Ingest, source: Source, new_job):
    whole = table(some(3))
    head, rest = whole[: whole.index(b"\n") + 1], whole[whole.index(b"\n") + 1 :]
    for members in ((head, rest), (b"", whole), (head, b"", rest)):
        body = b"".join(map(gzip.compress, members)) + bytes(512)
        shown = (await send(ingest, source, body, path="/v1/imports/preview")).json()
        assert [each["data"]["id"] for each in shown["events"]] == ["r-0", "r-1", "r-2"]
        sent = await send(ingest, source, body)
        found = await ended(ingest, new_job(), sent.json()["id"])
        assert (found["stage"], found["rows_read"]) == ("done", 3)
    assert (await ingest.counts())["reviews"] == 3


async def test_a_workbook_is_refused_as_what_it_is(ingest: Ingest, source: Source):
    answer = await send(ingest, source, b"PK\x03\x04\x14\x00" + bytes(50))
    assert (answer.status_code, "workbook" in answer.json()["detail"]) == (422, True)


async def test_a_file_that_turns_out_unreadable_fails_with_the_reason(ingest: Ingest, source: Source, new_job):
    body = table(some(5_000)) + b"r-x,1,2026-01-01T00:00:00Z,caf\xe9\r\n"
    sent = await send(ingest, source, body)
    found = await ended(ingest, new_job(), sent.json()["id"])
    assert (found["stage"], found["accepted"]) == ("failed", 0)
    assert "byte 0xE9 in line 5002 is not utf-8" in found["reason"]
    assert not any((await ingest.counts()).values())


async def test_a_paused_source_gets_nothing_and_a_deleted_one_ends_its_import(ingest: Ingest, source: Source, new_job):
    sent = await send(ingest, source, table(some(3)))
    await ingest.superuser.execute("UPDATE ingest.sources SET paused_at = now()")
    assert (await send(ingest, source, table(some(3)))).status_code == 409
    job = new_job()
    while await job.turn():
        pass
    assert (await ingest.counts())["revisions"] == 0
    await ingest.superuser.execute("DELETE FROM ingest.sources")
    found = await ended(ingest, job, sent.json()["id"])
    assert (found["stage"], found["reason"]) == ("failed", "its source was deleted")


async def test_an_import_whose_source_is_paused_on_its_way_keeps_no_other_waiting(
    ingest: Ingest, source: Source, new_job
):
    other = await ingest.source(subject="other")
    first, second = await send(ingest, source, table(some(3))), await send(ingest, other, table(some(3)))
    job = new_job()
    while job.running is None or job.running.stage is not Stage.WRITING:
        await job.turn()
    await ingest.superuser.execute("UPDATE ingest.sources SET paused_at = now() WHERE id = $1", UUID(source.id))
    assert (await ended(ingest, job, second.json()["id"]))["stage"] == "done"
    assert (await ingest.counts())["revisions"] == 3
    await ingest.superuser.execute("UPDATE ingest.sources SET paused_at = NULL")
    found = await ended(ingest, job, first.json()["id"])
    assert (found["stage"], found["accepted"]) == ("done", 3)
    assert (await ingest.counts())["revisions"] == 6


async def test_an_import_that_cannot_be_carried_on_fails_and_keeps_no_other_waiting(
    ingest: Ingest, source: Source, new_job
):
    broken = await ingest.source(subject="broken")
    first, second = await send(ingest, broken, table(some(3))), await send(ingest, source, table(some(3)))
    await ingest.superuser.execute("UPDATE ingest.sources SET platform = 'gone' WHERE id = $1", UUID(broken.id))
    job = new_job()
    assert (await ended(ingest, job, second.json()["id"]))["stage"] == "done"
    found = await ended(ingest, job, first.json()["id"])
    assert (found["stage"], found["reason"]) == ("failed", "something went wrong on our side; it is logged")


async def test_an_import_needs_no_secret(ingest: Ingest, source: Source, new_job):
    sealed = lost("secret", Place("default", "sources", source.id, "secret"))
    await ingest.superuser.execute("UPDATE ingest.sources SET secret = $1 WHERE id = $2", sealed, UUID(source.id))
    await done(ingest, new_job(), await send(ingest, source, table(some(3))))
    assert len(await ratings(ingest, source)) == 3


async def test_an_import_gives_way_while_events_wait_to_be_published(
    ingest: Ingest, source: Source, new_job, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lag, "MAX_WAIT_SECONDS", 0.0)
    await ingest.post(source, created("r-live"))
    sent = await send(ingest, source, table(some(3)))
    job = new_job()
    while await job.turn():
        pass
    assert (await ingest.counts())["revisions"] == 1
    await ingest.superuser.execute("UPDATE ingest.relay_cursor SET xid = o.xid, id = o.id FROM ingest.outbox o")
    await done(ingest, job, sent)
    assert (await ingest.counts())["revisions"] == 4


async def test_the_events_of_a_back_fill_say_so(ingest: Ingest, source: Source, new_job):
    await done(ingest, new_job(), await send(ingest, source, table(some(2)), backfill=True))
    await ingest.post(source, created("r-live"))
    rows = await ingest.rows("SELECT envelope FROM ingest.outbox ORDER BY id")
    told = [json.loads(row["envelope"])["data"] for row in rows]
    assert [each.get("backfill", False) for each in told] == [True, True, False]
    logged = await ingest.rows("SELECT headers ->> 'plaudit-backfill' AS backfill FROM ingest.deliveries ORDER BY id")
    assert [row["backfill"] for row in logged] == ["true", None], "a replay of them says so too"


async def test_a_live_edit_of_what_was_back_filled_calls_nobody_unless_it_is_a_worse_rating(
    ingest: Ingest, source: Source, new_job
):
    await ingest.post(source, created("live", 2))
    rows = [["old", 2, "2026-01-01T00:00:00Z", "Bad."], ["live", 2, "2026-02-14T10:15:30Z", "Bad."]]
    await done(ingest, new_job(), await send(ingest, source, table(rows), backfill=True))
    before = (await ingest.counts())["outbox"]
    for event in (
        {"type": "review.edited", "data": {"id": "old", "text": "Bad, I said."}},
        {"type": "review.answered", "data": {"id": "old", "answer": {"text": "Sorry"}}},
        {"type": "review.answered", "data": {"id": "old", "answer": {"text": "Sorry", "state": "removed"}}},
        {"type": "review.removed", "data": {"id": "old"}},
        {"type": "review.restored", "data": {"id": "old"}},
        {"type": "review.edited", "data": {"id": "old", "rating": 3}},
        {"type": "review.edited", "data": {"id": "old", "rating": 1}},
        {"type": "review.edited", "data": {"id": "old", "text": "Worse than I said."}},
        {"type": "review.edited", "data": {"id": "live", "text": "Bad, I said."}},
    ):
        assert (await ingest.post(source, event)).status_code == 202
    rows = await ingest.rows("SELECT envelope FROM ingest.outbox ORDER BY id")
    told = [json.loads(row["envelope"])["data"].get("backfill", False) for row in rows[before:]]
    assert told == [True, True, True, True, True, True, False, False, False]


async def test_the_events_of_an_import_say_whether_answers_are_told_at_its_source(ingest: Ingest, new_job):
    source = await ingest.source(platform="trustpilot")
    await done(ingest, new_job(), await send(ingest, source, table(some(1))))
    [event] = await ingest.rows("SELECT envelope FROM ingest.outbox")
    assert json.loads(event["envelope"])["data"]["answers"] == "untold"


async def test_a_row_that_the_database_refuses_costs_no_other(
    ingest: Ingest, source: Source, new_job, monkeypatch: pytest.MonkeyPatch
):
    real = commands.hooks.take

    async def take(work: Any, deliveries: Any) -> Any:
        if any(b'"r-7"' in each.body for each in deliveries):
            raise ValueError("refused")
        return await real(work, deliveries)

    monkeypatch.setattr(commands.hooks, "take", take)
    found = await done(ingest, new_job(), await send(ingest, source, table(some(20))))
    assert (found["accepted"], found["rejected"]) == (19, 1)
    assert len(await ratings(ingest, source)) == 19


async def test_another_tenant_sees_nothing_of_an_import(ingest: Ingest, source: Source):
    sent = await send(ingest, source, table(some(2)))
    path = f"/v1/imports/{sent.json()['id']}"
    assert await ingest.items("/v1/imports", "other") == []
    assert (await ingest.get(path, "other")).status_code == 404
    assert (await ingest.get(f"{path}/rejects", "other")).status_code == 404
    headers = {"authorization": f"Bearer {await ingest.key('other')}"}
    assert (await ingest.client.delete(path, headers=headers)).status_code == 404
    to_foreign = await ingest.client.post(
        "/v1/imports", params={"source_id": source.id, "map": MAP}, content=table(some(2)), headers=CSV | headers
    )
    assert to_foreign.status_code == 404


async def test_a_file_larger_than_all_bodies_in_flight_is_taken_and_one_over_the_limit_is_not(
    ingest: Ingest, source: Source
):
    edge = ingest.parts.app.built_edge()  # type: ignore[union-attr]
    edge.bodies.max_bytes = 256 * 1024
    line = b"r-1,1,2026-01-01T00:00:00Z,fine\r\n"

    async def parts(count: int) -> AsyncIterator[bytes]:
        yield table([])
        for _ in range(count):
            yield line * 2_000
            await asyncio.sleep(0)

    sent = await send(ingest, source, parts(40))
    assert sent.status_code == 202, sent.text
    assert sent.json()["size_bytes"] == len(table([])) + 80_000 * len(line)
    assert edge.bodies.held_bytes == 0
    edge._streamed["/v1/imports"] = 1_000_000
    assert (await send(ingest, source, parts(40))).status_code == 413
    assert len(await ingest.rows("SELECT FROM ingest.imports")) == 1


async def lines(count: int) -> AsyncIterator[bytes]:
    yield table([])
    for first in range(0, count, 1_000):
        rows = range(first, min(count, first + 1_000))
        yield b"".join(b'r-%d,%d,2026-01-%02dT00:00:00Z,"Good."\r\n' % (n, n % 5 + 1, n % 28 + 1) for n in rows)


async def most_bytes_of(ingest: Ingest, source: Source, job: ImportJob, count: int) -> int:
    sent = await send(ingest, source, lines(count), dry_run=True)
    tracemalloc.start()
    try:
        found = await done(ingest, job, sent)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found["accepted"] == count
    return most


async def test_memory_is_that_of_the_rows_at_hand_and_not_of_the_file(
    ingest: Ingest, source: Source, new_job, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(running, "SortedRows", lambda: SortedRows(max_held_bytes=1 << 20))
    small = await most_bytes_of(ingest, source, new_job(), 5_000)
    assert await most_bytes_of(ingest, source, new_job(), 50_000) < small + 4 * 2**20


@pytest.mark.soak
async def test_two_million_rows_are_imported_in_the_memory_of_a_few(ingest: Ingest, source: Source, new_job):
    await done(ingest, new_job(), await send(ingest, source, lines(20_000)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = await done(ingest, new_job(), await send(ingest, source, lines(2_000_000)))
    assert (found["accepted"], found["rejected"]) == (2_000_000, 0)
    assert (await ingest.counts())["reviews"] == 2_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + 128 * 1024


@pytest.mark.parametrize("name", ["gplay_firefox_console_export", "trustpilot_rental_platforms"])
async def test_real_exports_are_imported_with_each_review_once(ingest: Ingest, source: Source, new_job, name: str):
    folder = shared("data", name)
    facts = json.loads((folder / "facts.json").read_text())
    sent = await send(ingest, source, (folder / "reviews.csv.gz").read_bytes(), map=())
    found = await done(ingest, new_job(), sent)
    assert (found["accepted"], found["rejected"]) == (facts["rows"], 0)
    assert (await ingest.counts())["reviews"] == facts.get("unique_ids", facts["rows"])
