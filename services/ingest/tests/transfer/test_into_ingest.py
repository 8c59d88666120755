"""Files are posted to a real ingest: order is kept, each row is there once, and a killed import can be repeated."""

import asyncio
import csv
import json
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from plaudit_testing.running_ingest import Ingest, Source
from plaudit_testing.shared import shared

pytestmark = pytest.mark.postgres

COLUMNS = ("id", "stars", "date", "text")
MAP = ("--map", "id=id", "--map", "rating=stars", "--map", "published_at=date", "--map", "text=text")
PLAUDIT = Path(sys.executable).with_name("plaudit")


def write(path: Path, rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return path


async def begin(ingest: Ingest, source: Source, *arguments: str) -> asyncio.subprocess.Process:
    url = f"{str(ingest.client.base_url).rstrip('/')}{source.hook}"
    where = ("--url", url, "--secret", source.secret)
    return await asyncio.create_subprocess_exec(PLAUDIT, *arguments, *where, stdout=PIPE, stderr=STDOUT)


async def run(ingest: Ingest, source: Source, *arguments: str) -> tuple[int, str]:
    process = await begin(ingest, source, *arguments)
    printed, _ = await process.communicate()
    return process.returncode or 0, " ".join(printed.decode().split())


async def ratings(ingest: Ingest, source: Source) -> dict[str, float]:
    pages = await ingest.pages("/v1/reviews", source_id=source.id, limit=200)
    return {item["external_id"]: item["rating"] for page in pages for item in page}


@pytest.mark.parametrize("command", ["replay", "import"])
async def test_of_an_older_and_a_newer_row_of_one_review_the_newer_one_stands(
    ingest: Ingest, source: Source, tmp_path: Path, command: str
):
    rows: list[Sequence[object]] = []
    for n in range(150):
        rows.append((f"r-{n}", 1, "2026-01-01T00:00:00Z", "old"))
        rows.append((f"r-{n}", 5, "2026-01-01T00:00:00Z" if n % 2 else "2026-01-01T00:00:01Z", "new"))
    path = write(tmp_path / "reviews.csv", rows)
    code, printed = await run(ingest, source, command, str(path), *MAP)
    assert (code, "300 accepted, 0 rejected" in printed) == (0, True), printed
    assert Counter((await ratings(ingest, source)).values()) == {5: 150}
    assert (await ingest.counts())["revisions"] == 300


async def test_what_ingest_does_not_take_is_told_by_line_and_the_rest_is_stored(
    ingest: Ingest, source: Source, tmp_path: Path
):
    rows: list[list[object]] = [[f"r-{n}", n % 5 + 1, "2026-01-01T00:00:00Z", "fine"] for n in range(20)]
    rows[7][1] = "NaN"
    rows[9][1] = 9
    rows[11][2] = "1960-01-01T00:00:00Z"
    rows[13][3] = "x\0y"
    path = write(tmp_path / "reviews.csv", rows)
    code, printed = await run(ingest, source, "replay", str(path), *MAP, "--batch", "20")
    assert (code, "16 accepted, 4 rejected, 0 refused" in printed) == (1, True), printed
    assert "line 11 (r-9): data: rating 9 is off its scale of 1 to 5" in printed
    with (tmp_path / "reviews.rejects.csv").open(encoding="utf-8-sig", newline="") as file:
        assert sorted(int(row[0]) for row in list(csv.reader(file))[1:]) == [9, 11, 13, 15]
    assert (await ratings(ingest, source)).keys() == {f"r-{n}" for n in range(20) if n not in {7, 9, 11, 13}}


async def test_an_import_that_is_killed_and_started_again_ends_with_each_row_once(
    ingest: Ingest, source: Source, tmp_path: Path
):
    rows = [(f"r-{n % 400}", n // 400 + 1, f"2026-01-0{n // 400 + 1}T00:00:00Z", "fine") for n in range(1_200)]
    path = write(tmp_path / "reviews.csv", rows)
    arguments = ("import", str(path), *MAP, "--batch", "10", "--connections", "2")
    process = await begin(ingest, source, *arguments)
    while (await ingest.counts())["deliveries"] < 30:
        assert process.returncode is None, "it was to be killed half-way"
        await asyncio.sleep(0.01)
    process.kill()
    await process.communicate()
    assert (await ingest.counts())["deliveries"] < 120
    for _ in range(2):
        code, printed = await run(ingest, source, *arguments)
        assert (code, "1200 accepted, 0 rejected" in printed) == (0, True), printed
    assert await ratings(ingest, source) == {f"r-{n}": 3 for n in range(400)}
    counts = await ingest.counts()
    assert (counts["reviews"], counts["revisions"], counts["deliveries"]) == (400, 1_200, 120)


async def test_an_import_of_what_happened_long_ago_says_so_and_another_one_does_not(
    ingest: Ingest, source: Source, tmp_path: Path
):
    for external_id, arguments in (("old", ("--backfill",)), ("new", ())):
        path = write(tmp_path / f"{external_id}.csv", [(external_id, 1, "2026-01-01T00:00:00Z", "Bad.")])
        code, printed = await run(ingest, source, "import", str(path), *MAP, *arguments)
        assert (code, "1 accepted, 0 rejected" in printed) == (0, True), printed
    rows = await ingest.rows("SELECT envelope FROM ingest.outbox ORDER BY id")
    told = [json.loads(row["envelope"])["data"] for row in rows]
    assert [(each["after"]["external_id"], each.get("backfill", False)) for each in told] == [
        ("old", True),
        ("new", False),
    ]


@pytest.mark.parametrize("name", ["gplay_firefox_console_export", "trustpilot_rental_platforms"])
async def test_real_exports_are_imported_with_each_review_once(
    ingest: Ingest, source: Source, tmp_path: Path, name: str
):
    folder = shared("data", name)
    facts = json.loads((folder / "facts.json").read_text())
    rejects = tmp_path / "rejects.csv"
    code, printed = await run(ingest, source, "import", str(folder / "reviews.csv.gz"), "--rejects", str(rejects))
    assert (code, f"{facts['rows']} accepted, 0 rejected" in printed) == (0, True), printed
    assert not rejects.exists()
    assert (await ingest.counts())["reviews"] == facts.get("unique_ids", facts["rows"])
