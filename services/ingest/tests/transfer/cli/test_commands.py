"""`plaudit import` and `plaudit replay`: what a user types, and what becomes of the file."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from plaudit.common.terminal import CommandGroup
from plaudit.ingest.transfer.cli import import_, posting, replay
from plaudit_testing.shared import shared

COLUMNS = ("review", "stars", "date", "company", "mail", "sure", "extra")
MAP = ["id=review", "rating=stars", "published_at=date"]
PLAY = (
    "Package Name,Reviewer Language,Device,Review Submit Millis Since Epoch,Review Last Update Millis Since Epoch,"
    "Star Rating,Review Title,Review Text,Developer Reply Millis Since Epoch,Developer Reply Text,Review Link\n"
    "org.app,pt,a06,1762353632542,1762353632542,5,,muito bom,,,http://x.test/d?reviewId=one&corpus=P\n"
    'org.app,ja,F51B,1755006252725,1763045639590,3,,"line one\nline two",,,http://x.test/d?reviewId=two\n'
)
Run = Callable[..., Result]


def write(path: Path, *rows: Sequence[str], columns: Sequence[str] = COLUMNS) -> Path:
    text = io.StringIO()
    csv.writer(text).writerows([columns, *rows])
    content = text.getvalue().encode("utf-8-sig")
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def row(review: str, date: str = "2026-01-01T00:00:00Z", stars: str = "4", company: str = "Añy & Co.") -> list[str]:
    return [review, stars, date, company, "ann@example.com", "TRUE", ""]


def mapped(*pairs: str) -> list[str]:
    return [word for pair in (*MAP, *pairs) for word in ("--map", pair)]


@pytest.fixture
def run(receiver) -> Run:
    app = typer.Typer(cls=CommandGroup)
    app.command("import")(import_)
    app.command("replay")(replay)

    def run(command: str, path: Path, *options: str, target: bool = True) -> Result:
        where = ["--url", receiver.url, "--secret", receiver.secret] if target else []
        result = CliRunner().invoke(app, [command, str(path), *where, *options])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


def said(result: Result) -> str:
    """What was printed, without the breaks that a narrow terminal needs."""
    return " ".join(result.output.split())


@pytest.mark.parametrize("name", ["reviews.csv", "reviews.csv.gz"])
def test_a_file_is_posted_oldest_first(tmp_path: Path, receiver, run: Run, name: str):
    path = write(
        tmp_path / name, row("b", "2026-01-02T00:00:00+02:00"), row("a", "2026-01-01T23:00:00Z", "4.5"), row("c")
    )
    done = run(
        "replay",
        path,
        *mapped("subject=company|slug", "author.email=mail", "verified=sure", "title=extra"),
        *("--set", "kind=csat", "--under", "rental", "--connections", "1"),
    )
    assert (done.exit_code, "3 accepted, 0 rejected, 0 refused" in said(done)) == (0, True), done.output
    assert receiver.events == [
        {
            "type": "review.created",
            "data": {
                "kind": "csat",
                "id": external_id,
                "rating": rating,
                "published_at": date,
                "subject": "rental/any-co",
                "author": {"email": "ann@example.com"},
                "verified": True,
            },
        }
        for external_id, rating, date in [
            ("c", 4, "2026-01-01T00:00:00Z"),
            ("b", 4, "2026-01-01T22:00:00Z"),
            ("a", 4.5, "2026-01-01T23:00:00Z"),
        ]
    ]
    assert list(tmp_path.iterdir()) == [path]


def test_rows_that_cannot_be_read_are_told_by_line_and_written_to_a_file_that_is_mended_and_sent(
    tmp_path: Path, receiver, run: Run
):
    path = write(
        tmp_path / "reviews.csv",
        row("r-1"),
        row("r-2", stars="NaN"),
        ["r-3", "4"],
        row("r-4", "a month ago"),
        row("r-5"),
    )
    done = run("replay", path, *mapped())
    assert done.exit_code == 1
    assert "2 accepted, 3 rejected, 0 refused" in said(done)
    assert "line 3 (r-2): rating (column stars): 'NaN' is no rating" in said(done)
    assert "line 4: the row is too short: 2 cells for 7 columns" in said(done)
    assert "line 5 (r-4): published_at (column date): 'a month ago'" in said(done)

    rejects = tmp_path / "reviews.rejects.csv"
    assert str(rejects) in said(done)
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        header, *told = csv.reader(file)
    assert header == ["plaudit_line", "plaudit_id", "plaudit_reason", *COLUMNS]
    assert [(each[0], each[1], each[3:]) for each in told] == [
        ("3", "r-2", row("r-2", stars="NaN")),
        ("4", "", ["r-3", "4"]),
        ("5", "r-4", row("r-4", "a month ago")),
    ]

    mended = [[*told[0][:3], *row("r-2")], [*told[1][:3], *row("r-3")], told[2]]
    with rejects.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([header, *mended])
    again = run("replay", rejects, *mapped())
    assert (again.exit_code, "2 accepted, 1 rejected" in said(again)) == (1, True)
    assert {event["data"]["id"] for event in receiver.events} == {"r-1", "r-2", "r-3", "r-5"}
    with (tmp_path / "reviews.rejects.rejects.csv").open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.reader(file)) == header


def test_what_ingest_does_not_take_is_told_by_line_in_the_same_file(tmp_path: Path, receiver, run: Run):
    receiver.answers = [
        httpx.Response(202, json={"quarantined": [{"index": 1, "reason": "rating [9] is off its scale"}]})
    ]
    path = write(tmp_path / "reviews.csv", row("a", "2026-01-02T00:00:00Z"), row("b", stars="9"), row("c"))
    done = run("import", path, *mapped(), "--rejects", str(tmp_path / "told.csv"))
    assert (done.exit_code, "2 accepted, 1 rejected" in said(done)) == (1, True)
    assert "line 4 (c): rating [9] is off its scale" in said(done)
    assert "\r\n4,c,rating [9] is off its scale,c,4," in (tmp_path / "told.csv").read_bytes().decode()


def test_rejects_that_may_be_half_mended_are_not_written_over(tmp_path: Path, run: Run):
    path = write(tmp_path / "reviews.csv", row("a", stars="x"))
    run("import", path, *mapped(), "--dry-run")
    run("import", path, *mapped(), "--dry-run")
    assert {each.name for each in tmp_path.iterdir()} == {
        "reviews.csv",
        "reviews.rejects.csv",
        "reviews.rejects-2.csv",
    }
    refused = run("import", path, *mapped(), "--dry-run", "--rejects", str(path))
    assert (refused.exit_code, "written over the file that is read" in said(refused)) == (2, True)


def test_a_file_of_a_platform_is_recognised_previewed_and_imported(tmp_path: Path, receiver, run: Run):
    path = tmp_path / "reviews_org.app_202511.csv"
    path.write_bytes(PLAY.encode("utf-16"))
    preview = run("import", path, "--preview", target=False)
    assert preview.exit_code == 0
    assert (
        "Google Play Console, monthly reviews report (google-play, recorded); utf-16, columns parted by ,"
        in preview.output
    )
    assert '"id":"two","kind":"stars","rating":3' in preview.output
    assert (receiver.requests, list(tmp_path.iterdir())) == ([], [path])

    dry = run("import", path, "--dry-run", target=False)
    assert (dry.exit_code, "2 can be sent, 0 rejected" in said(dry)) == (0, True)
    done = run("import", path, "--set", "subject=app")
    assert (done.exit_code, "2 accepted" in said(done)) == (0, True)
    assert [event["data"]["id"] for event in receiver.events] == ["one", "two"]
    assert receiver.events[1]["data"] == {
        "id": "two",
        "kind": "stars",
        "subject": "app",
        "rating": 3,
        "published_at": "2025-08-12T13:44:12.725000Z",
        "edited_at": "2025-11-13T14:53:59.590000Z",
        "text": "line one\nline two",
        "language": "ja",
    }


def test_a_preview_tells_which_of_the_first_rows_are_rejected(tmp_path: Path, run: Run):
    path = write(tmp_path / "reviews.csv", row("a", "2026-01-01"), row("b"))
    preview = run("import", path, "--preview", *mapped(), target=False)
    assert "no known kind of file" in preview.output
    assert "line 2 is rejected: published_at (column date): '2026-01-01' has no zone" in preview.output
    zoned = run("import", path, "--preview", *mapped(), "--zone", "Europe/Berlin", target=False)
    assert '"published_at":"2025-12-31T23:00:00Z"' in zoned.output


def test_two_names_that_make_one_subject_stop_the_import_before_anything_is_sent(tmp_path: Path, receiver, run: Run):
    path = write(
        tmp_path / "reviews.csv", row("a", company="Café Roma"), row("x", stars="x"), row("b", company="Cafe-Roma")
    )
    options = [*mapped("subject=company|slug"), "--subjects", str(tmp_path / "subjects.csv")]
    stopped = run("import", path, *options)
    assert stopped.exit_code == 2
    assert "'Café Roma' and 'Cafe-Roma'" in said(stopped)
    assert (receiver.requests, list(tmp_path.iterdir())) == ([], [path])

    (tmp_path / "subjects.csv").write_text("name,subject\nCafé Roma,roma/one\n")
    done = run("import", path, *options)
    assert "2 accepted, 1 rejected" in said(done)
    assert {event["data"]["subject"] for event in receiver.events} == {"roma/one", "cafe-roma"}
    assert (tmp_path / "subjects.csv").read_text() == "name,subject\nCafé Roma,roma/one\nCafe-Roma,cafe-roma\n"


def test_names_in_any_script_are_kept_beside_their_subjects(tmp_path: Path, receiver, run: Run):
    path = write(tmp_path / "reviews.csv", *(row(name, company=name) for name in ("日本", "한국", "C++", "C#")))
    names = tmp_path / "subjects.csv"
    assert run("import", path, *mapped("subject=company|slug"), "--subjects", str(names)).exit_code == 0
    made = {event["data"]["id"]: event["data"]["subject"] for event in receiver.events}
    assert len({*made.values()}) == 4
    with names.open(encoding="utf-8", newline="") as file:
        assert dict(list(csv.reader(file))[1:]) == made


def test_json_lines_are_posted_and_their_rejects_are_a_table(tmp_path: Path, receiver, run: Run):
    path = tmp_path / "reviews.jsonl"
    lines = [
        {"review": 900000000000000001, "stars": 4.5, "date": "2026-01-01T00:00:00Z", "who": {"mail": "a@x.test"}},
        {"review": "r-2", "stars": None, "date": "2026-01-01T00:00:00Z"},
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    done = run("import", path, *mapped("author.email=who.mail"))
    assert (done.exit_code, "1 accepted, 1 rejected" in said(done)) == (1, True), done.output
    assert receiver.events[0]["data"] == {
        "id": "900000000000000001",
        "rating": 4.5,
        "published_at": "2026-01-01T00:00:00Z",
        "author": {"email": "a@x.test"},
    }
    rejects = (tmp_path / "reviews.rejects.csv").read_text(encoding="utf-8-sig")
    assert rejects.splitlines()[1] == "2,r-2,rating: the row has no rating,r-2,,2026-01-01T00:00:00Z,"


def test_rows_that_differ_under_one_id_and_time_are_told(tmp_path: Path, receiver, run: Run):
    path = write(tmp_path / "reviews.csv", row("a", stars="1"), row("a", stars="5"), row("b"), row("b"))
    done = run("import", path, *mapped())
    assert (done.exit_code, "4 accepted" in said(done)) == (0, True)
    assert "Rows with the id and time of another row that differ from it: 1, for example lines 2 and 3" in said(done)
    assert [event["data"]["rating"] for event in receiver.events][:2] == [1, 5]


def test_nothing_more_is_sent_where_the_secret_is_wrong_and_no_row_is_a_reject(tmp_path: Path, receiver, run: Run):
    path = write(tmp_path / "reviews.csv", row("a"), row("b"))
    receiver.answers = [httpx.Response(401, text="not proven")] * 2
    failed = run("replay", path, *mapped(), "--connections", "1")
    assert (failed.exit_code, "0 accepted, 0 rejected, 1 refused, 1 not sent" in said(failed)) == (1, True)
    assert "HTTP 401: not proven" in said(failed)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("command", "options", "code", "told"),
    [
        ("replay", MAP[1:], 2, "map id too"),
        ("replay", [*MAP, "colour=red"], 2, "fields are"),
        ("replay", ["id=review", "rating=score", "published_at=date"], 2, "no column score"),
        ("import", [], 2, "no known platform writes the columns review, stars"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_told(
    tmp_path: Path, run: Run, command: str, options: list[str], code, told: str
):
    path = write(tmp_path / "reviews.csv", row("a"))
    result = run(command, path, *(word for pair in options for word in ("--map", pair)))
    assert (result.exit_code, told in said(result)) == (code, True), result.output


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--zone", "Nowhere/Land"], "no zone"),
        (["--zone", "../../etc/passwd"], "no zone"),
        (["--dates", "myd"], "--dates is one of"),
        (["--delimiter", "ab"], "one character"),
        (["--preset", "klingon"], "is none of google-play"),
        (["--set", "colour=red"], "not colour"),
        (["--encoding", "klingon"], "no encoding that is known"),
    ],
)
def test_an_option_that_cannot_be_used_is_told(tmp_path: Path, receiver, run: Run, options: list[str], told: str):
    path = tmp_path / "reviews.csv"
    path.write_text("review,stars,date\n")
    result = run("import", path, *mapped(), *options)
    assert (result.exit_code, told in said(result)) == (2, True), result.output
    assert receiver.requests == []


def test_a_preset_says_what_has_to_be_stated(tmp_path: Path, run: Run):
    path = write(
        tmp_path / "reviews.csv", columns=["listing_id", "id", "date", "reviewer_id", "reviewer_name", "comments"]
    )
    result = run("import", path)
    assert (result.exit_code, "have no ratings" in said(result)) == (2, True)
    nothing = run("import", path, target=False)
    assert (nothing.exit_code, "state --url and --secret" in said(nothing)) == (2, True)


@pytest.mark.parametrize(
    ("content", "url", "secret", "code", "told"),
    [
        (b"\xff\xfe", None, None, 2, "cannot be read as CSV: the file is empty"),
        ("review,stars,date\nr,4,é\n".encode("cp1252"), None, None, 2, "byte 0xE9 in line 2 is not utf-8"),
        (None, "ftp://ingest/x", None, 2, "'ftp://ingest/x' is not an address that begins with http"),
        (None, "http://host:abc", None, 2, "'http://host:abc' is not an address"),
        (None, None, "nonsense!", 2, "the secret is not base64"),
        (None, None, None, 1, "does not answer: ConnectError('no route')"),
    ],
    ids=["file", "encoding", "scheme", "address", "secret", "network"],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    tmp_path: Path, receiver, run: Run, monkeypatch: pytest.MonkeyPatch, content, url, secret, code: int, told: str
):
    monkeypatch.setattr(posting, "MAX_TRIES", 2)
    receiver.answers = [httpx.ConnectError("no route")] * 4
    path = write(tmp_path / "reviews.csv", row("a"), row("b"))
    if content is not None:
        path.write_bytes(content)
    where = ["--url", url or receiver.url, "--secret", secret or receiver.secret]
    result = run("replay", path, *where, *mapped(), target=False)
    assert (result.exit_code, told in said(result)) == (code, True), result.output


def test_a_broken_gzip_file_is_refused_before_anything_is_sent(tmp_path: Path, receiver, run: Run):
    path = write(tmp_path / "reviews.csv.gz", row("a"))
    path.write_bytes(path.read_bytes()[:-9])
    result = run("replay", path, *mapped())
    assert (result.exit_code, "cannot be read as CSV" in said(result)) == (2, True), result.output
    assert receiver.requests == []


@pytest.mark.parametrize(
    ("name", "preset"),
    [("gplay_firefox_console_export", "google-play"), ("trustpilot_rental_platforms", "apify-trustpilot")],
)
def test_real_exports_are_imported_whole(tmp_path: Path, receiver, run: Run, name: str, preset: str):
    folder = shared("data", name)
    facts = json.loads((folder / "facts.json").read_text())
    rejects = tmp_path / "rejects.csv"
    done = run("import", folder / "reviews.csv.gz", "--rejects", str(rejects), "--empty", "null")
    assert (done.exit_code, preset in said(done), f"{facts['rows']} accepted" in said(done)) == (0, True, True), (
        done.output
    )
    assert not rejects.exists()
    ratings = [event["data"]["rating"] for event in receiver.events]
    expected = facts.get("rating_counts") or {
        str(star): sum(each["rating_counts"].get(str(star), 0) for each in facts["businesses"].values())
        for star in range(1, 6)
    }
    assert {star: ratings.count(int(star)) for star in expected} == expected
