"""The console's pages of imports: a file is sent, looked at, corrected, started and followed, without a script."""

import re
from html import unescape
from typing import Any

import httpx
import pytest

from plaudit.common.db import Role
from plaudit.common.outbox import lag
from plaudit.common.vault import vault_of
from plaudit.ingest.imports.jobs.import_job import ImportJob
from plaudit.ingest.transfer.domain.advice import LABELS
from plaudit_testing.running_ingest import Ingest, Source

pytestmark = pytest.mark.postgres

PAGE = "/console/imports"
OURS = {"sec-fetch-site": "same-origin", "accept": "text/html"}
FILE = b"Review ID;Stars;Date;Body\r\nr-1;4;05/03/2026;<Good>\r\nr-2;7;06/03/2026;x\r\n"


@pytest.fixture(autouse=True)
def without_relay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody publishes here."""
    monkeypatch.setattr(lag, "MAX_WAIT_SECONDS", 1e9)


async def signed_in(ingest: Ingest, *scopes: str) -> httpx.AsyncClient:
    answer = await ingest.client.post("/sign-in", data={"key": await ingest.key("default", *scopes)}, headers=OURS)
    assert answer.status_code == 303, answer.text
    ingest.client.cookies.clear()
    return httpx.AsyncClient(base_url=ingest.client.base_url, headers=OURS, cookies=answer.cookies, timeout=60)


@pytest.fixture
async def staff(ingest: Ingest):
    async with await signed_in(ingest) as browser:
        yield browser


async def sent(staff: httpx.AsyncClient, source: Source, content: bytes = FILE) -> httpx.Response:
    return await staff.post(f"{PAGE}/new", data={"source": source.id}, files={"file": ("r.csv", content, "text/csv")})


async def run(ingest: Ingest) -> None:
    resources = ingest.resources
    worker, hook = resources.database(Role.WORKER), resources.database(Role.HOOK)
    job = ImportJob(worker, hook, resources.outbox, resources.ids, vault_of(resources.settings))
    while await job.has_work():
        await job.turn()


async def test_a_file_that_is_known_is_named_and_its_rows_are_shown_in_full(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient
):
    rows = "Review Id,Review Created (UTC),Review Stars,Review Title,Review Content,Company Reply\n"
    rows += "65a1,2026-10-01 08:00:00,2,Schade,Kaffee kalt,Danke\n"
    shown = unescape((await staff.get((await sent(staff, source, rows.encode())).headers["location"])).text)
    assert "Trustpilot, export of a business; its text is in UTF-8" in shown
    assert '<dt>text</dt><dd dir="auto">Kaffee kalt</dd>' in shown
    assert "<dt>answer.text</dt>" in shown
    assert "day, month, year (dmy)" in shown
    wrong = rows.replace("Kaffee", "Süß").encode("cp1252")
    refused = unescape((await staff.get((await sent(staff, source, wrong)).headers["location"])).text)
    assert "is not utf-8: state it, for example cp1252 under “Encoding”." in refused


async def test_a_file_is_looked_at_corrected_read_and_imported(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient
):
    assert "Nothing was imported" in (await staff.get(PAGE)).text
    assert 'enctype="multipart/form-data"' in (await staff.get(f"{PAGE}/new")).text
    taken = await sent(staff, source)
    assert taken.status_code == 303, taken.text
    path = taken.headers["location"]
    first = unescape((await staff.get(path)).text)
    assert "id=Review ID" in first
    assert "rating=Stars" in first
    assert "state the order of day, month and year, for example dmy under “Order of day, month and year”" in first
    assert "--" not in first.partition("As it is read")[2]
    for label in LABELS.values():
        assert f">{label}" in first, "advice names the fields of this page"
    form: dict[str, Any] = {"map": "id=Review ID\r\nrating=Stars\r\npublished_at=Date\r\ntext=Body", "zone": "UTC"}
    form |= {"dates": "dmy", "do": "preview"}
    shown = await staff.post(path, data=form)
    assert shown.status_code == 200, shown.text
    assert "&lt;Good&gt;" in shown.text
    assert "2026-03-05T00:00:00" in shown.text
    assert (await staff.post(path, data=form | {"do": "dry_run"})).status_code == 303
    waiting = (await staff.get(path)).text
    assert 'http-equiv="refresh"' in waiting
    await run(ingest)
    read = (await staff.get(path)).text
    assert "Import it now" in read
    assert (await ingest.counts())["reviews"] == 0
    assert (await staff.post(path, data={"do": "start"})).status_code == 303
    await run(ingest)
    done = unescape((await staff.get(path)).text)
    assert "data: rating 7 is off its scale of 1 to 5" in done
    assert (await ingest.counts())["reviews"] == 1
    assert 'http-equiv="refresh"' not in done
    assert path in (await staff.get(PAGE)).text
    rejects = await staff.get(f"/v1/imports/{path.rpartition('/')[2]}/rejects")
    assert rejects.status_code == 200


async def test_a_mapping_that_does_not_fit_is_told_and_starts_nothing(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient
):
    path = (await sent(staff, source)).headers["location"]
    answer = await staff.post(path, data={"map": "id=nowhere", "do": "start"})
    assert answer.status_code == 422
    assert "Map published_at, rating too" in answer.text
    assert "id=nowhere" in answer.text
    assert await ingest.items("/v1/imports") == []


async def test_all_settings_that_are_wrong_are_said_at_once_beside_their_fields(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient
):
    path = (await sent(staff, source)).headers["location"]
    wrong = {
        "map": "id Review ID",
        "set": "colour=red",
        "under": "Not a subject",
        "zone": "Mars/Base",
        "dates": "ymx",
        "encoding": "klingon",
        "delimiter": ";;",
    }
    for action in ("start", "preview"):
        answer = await staff.post(path, data={**wrong, "do": action})
        assert answer.status_code == 422
        assert sorted(re.findall(r'id="(\w+)-error"', answer.text)) == sorted(wrong)
        assert sorted(re.findall(r'<li><a href="#(\w+)">', answer.text)) == sorted(wrong)
        assert '<a href="#zone">Time zone</a>: &#39;Mars/Base&#39; is no zone' in answer.text
    assert (await staff.post(path, data={"map": "", "under": "Not a subject", "do": "start"})).status_code == 422
    assert await ingest.items("/v1/imports") == []


async def test_a_file_that_cannot_be_read_is_refused_and_leaves_nothing(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient
):
    for content, words in ((b"", "Choose a file"), (b"\x1f\x8bxxxx", "is none")):
        answer = await sent(staff, source, content)
        assert (answer.status_code, words in answer.text) == (422, True), answer.text
    assert await ingest.rows("SELECT FROM ingest.imports") == []


async def test_who_may_only_read_imports_sees_them_and_no_form(
    ingest: Ingest, source: Source, staff: httpx.AsyncClient
):
    path = (await sent(staff, source)).headers["location"]
    async with await signed_in(ingest, "imports:read") as reader:
        for started in (False, True):
            if started:
                form = {"map": "id=Review ID\r\nrating=Stars\r\npublished_at=Date", "zone": "UTC", "dates": "dmy"}
                assert (await staff.post(path, data=form | {"do": "start"})).status_code == 303
                assert f'action="{path}"' in (await staff.get(path)).text, "it can be cancelled"
            shown = await reader.get(path)
            assert (shown.status_code, f'action="{path}"' in shown.text) == (200, False)
        listed = await reader.get(PAGE)
        assert (listed.status_code, path in listed.text, f"{PAGE}/new" in listed.text) == (200, True, False)
        assert (await reader.get(f"{PAGE}/new")).status_code == 403
        assert (await sent(reader, source)).status_code == 403
        assert (await reader.post(path, data={"do": "cancel"})).status_code == 403


async def test_only_who_may_read_imports_sees_the_pages(ingest: Ingest, source: Source):
    async with await signed_in(ingest, "reviews:read") as browser:
        assert (await browser.get(PAGE)).status_code == 403
        assert (await sent(browser, source)).status_code == 403
        assert PAGE not in (await browser.get("/console/reviews")).text
