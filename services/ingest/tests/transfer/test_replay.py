"""`plaudit replay`: a file of reviews becomes signed webhooks, oldest first."""

import asyncio
import csv
import gzip
import io
import json
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
import typer
from rich.progress import Progress
from typer.testing import CliRunner

from plaudit.common.standard_webhooks import decode_secret, new_secret, verify
from plaudit.common.terminal import CommandGroup
from plaudit.ingest.transfer import cli
from plaudit.ingest.transfer.cli import Outcome, post_all, read_file, replay
from plaudit.ingest.transfer.domain import Column, MappingError, parse_columns, slug

SECRET = new_secret()
URL = "http://ingest/v1/hooks/1"
COLUMNS = ("review", "stars", "date", "company", "mail", "sure", "extra")
MAP = ["id=review", "rating=stars", "published_at=date"]


def write(path: Path, *rows: Sequence[str]) -> Path:
    text = io.StringIO()
    csv.writer(text).writerows([COLUMNS, *rows])
    content = text.getvalue().encode("utf-8-sig")
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def row(review: str, date: str = "2026-01-01T00:00:00Z", stars: str = "4", company: str = "Añy & Co.") -> list[str]:
    return [review, stars, date, company, "ann@example.com", "TRUE", ""]


class Receiver:
    """Takes webhooks as ingest does, and answers what a test says."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.most_under_way = 0
        self._under_way = 0
        self.answers: list[httpx.Response | Exception] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        proof = [request.headers[f"webhook-{name}"].encode() for name in ("id", "timestamp", "signature")]
        verify(*proof, body, (decode_secret(SECRET),), time.time())
        self.requests.append(request)
        self._under_way += 1
        self.most_under_way = max(self.most_under_way, self._under_way)
        await asyncio.sleep(0)
        self._under_way -= 1
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        return httpx.Response(202, json={"accepted": len(json.loads(body)), "quarantined": []})

    @property
    def events(self) -> list[dict]:
        return [event for request in self.requests for event in json.loads(request.content)]


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Receiver:
    """Ingest, in place of the network; nobody waits between two tries."""
    made = Receiver()

    class Client(httpx.AsyncClient):
        def __init__(self, **options) -> None:
            super().__init__(transport=httpx.MockTransport(made), timeout=options["timeout"])

    monkeypatch.setattr(cli.httpx, "AsyncClient", Client)
    monkeypatch.setattr(cli, "RETRY_DELAY_SECONDS", 0.0)
    return made


async def post(events: Sequence[dict], **how) -> Outcome:
    options = {"rate": 0.0, "batch": 1, "connections": 1, **how}
    with Progress(disable=True) as show:
        return await post_all(events, URL, SECRET, show=show, **options)


def test_a_map_says_which_column_is_which_field():
    columns = parse_columns([*MAP, "subject=company|slug", "author.email=mail"])
    assert columns["subject"] == Column("company", as_slug=True)
    assert columns["author.email"] == Column("mail")


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([*MAP, "stars"], "field=column"),
        ([*MAP, "colour=c"], "fields are"),
        ([*MAP, "title=t|upper"], "only conversion"),
        (MAP[1:], "map id too"),
    ],
)
def test_a_map_that_is_wrong_says_what_to_do(pairs: list[str], said: str):
    with pytest.raises(MappingError, match=said):
        parse_columns(pairs)


@pytest.mark.parametrize(
    ("name", "segment"),
    [("Añy & Co.", "any-co"), ("  ", "unnamed"), ("日本", "unnamed"), ("x" * 100, "x" * 64), (".-a_b-.", "a_b")],
)
def test_a_name_becomes_a_segment_of_a_subject(name: str, segment: str):
    assert slug(name) == segment


@pytest.mark.parametrize("name", ["reviews.csv", "reviews.csv.gz"])
def test_a_file_becomes_events_oldest_first(tmp_path: Path, name: str):
    path = write(tmp_path / name, row("b", "2026-01-02T00:00:00Z"), row("a", "2026-01-01T00:00:00Z", "4.5"))
    columns = parse_columns([*MAP, "subject=company|slug", "author.email=mail", "verified=sure", "title=extra"])
    assert read_file(path, columns, {"kind": "csat"}, "rental") == [
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
        for external_id, rating, date in [("a", 4.5, "2026-01-01T00:00:00Z"), ("b", 4, "2026-01-02T00:00:00Z")]
    ]


def test_a_column_that_is_not_there_is_named(tmp_path: Path):
    path = write(tmp_path / "reviews.csv", row("a"))
    with pytest.raises(MappingError, match="no column score"):
        read_file(path, parse_columns(["id=review", "rating=score", "published_at=date"]), {}, "")


async def test_events_are_posted_in_their_order_and_in_deliveries_of_the_batch(receiver: Receiver):
    outcome = await post([{"n": n} for n in range(7)], batch=3)
    assert [len(json.loads(request.content)) for request in receiver.requests] == [3, 3, 1]
    assert [event["n"] for event in receiver.events] == list(range(7))
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 3
    assert outcome == Outcome(accepted=7)


async def test_what_cannot_be_taken_now_is_sent_again_under_the_same_id(receiver: Receiver):
    receiver.answers = [
        httpx.Response(503, headers={"retry-after": "0"}),
        httpx.ConnectError("refused"),
        httpx.Response(429),
        httpx.Response(502),
    ]
    outcome = await post([{"n": 1}])
    assert outcome == Outcome(accepted=1)
    assert len(receiver.requests) == 5
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    assert len({request.content for request in receiver.requests}) == 1


async def test_what_is_refused_is_counted_and_shown_and_not_sent_again(receiver: Receiver):
    receiver.answers = [
        httpx.Response(422, text="nothing taken"),
        httpx.Response(202, json={"accepted": 1, "quarantined": [{"index": 1, "reason": "off its scale"}]}),
    ]
    outcome = await post([{"n": n} for n in range(4)], batch=2)
    assert (outcome.accepted, outcome.quarantined, outcome.refused) == (1, 1, 2)
    assert outcome.reasons == ["HTTP 422: nothing taken", "1: off its scale"]
    assert len(receiver.requests) == 2


async def test_a_refusal_is_shown_by_what_its_problem_says_of_each_event(receiver: Receiver):
    errors = [{"in": "body", "pointer": f"/{n}", "code": "quarantined", "detail": "off its scale"} for n in (0, 1)]
    problem = {"type": "/problems#nothing-taken", "detail": "long words " * 40, "errors": errors}
    receiver.answers = [httpx.Response(422, json=problem), httpx.Response(400, json={"detail": "no list of errors"})]
    outcome = await post([{"n": n} for n in range(4)], batch=2, connections=1)
    assert outcome.reasons == [
        "HTTP 422: /0: off its scale; /1: off its scale",
        'HTTP 400: {"detail":"no list of errors"}',
    ]


async def test_a_receiver_that_stays_away_is_an_error_after_so_many_tries(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(cli, "MAX_TRIES", 3)
    receiver.answers = [httpx.ConnectError("refused")] * 3
    with pytest.raises(ExceptionGroup) as raised:
        await post([{"n": 1}])
    assert raised.group_contains(httpx.ConnectError)
    assert len(receiver.requests) == 3


async def test_no_more_deliveries_are_under_way_than_connections(receiver: Receiver):
    await post([{"n": n} for n in range(20)], connections=3)
    assert receiver.most_under_way == 3


def test_the_command_says_what_became_of_the_file(tmp_path: Path, receiver: Receiver):
    app = typer.Typer()
    app.command()(replay)
    arguments = [*(word for pair in MAP for word in ("--map", pair)), "--set", "kind=stars", "--under", "acme"]
    path = write(tmp_path / "reviews.csv", row("a"), row("b"))
    options = [str(path), "--url", URL, "--secret", SECRET, *arguments]
    done = CliRunner().invoke(app, options)
    assert (done.exit_code, "2 accepted, 0 quarantined, 0 refused" in done.output) == (0, True), done.output
    assert {event["data"]["subject"] for event in receiver.events} == {"acme"}

    receiver.answers = [httpx.Response(401, text="not proven")] * 2
    failed = CliRunner().invoke(app, options)
    assert (failed.exit_code, "2 refused" in failed.output, "not proven" in failed.output) == (1, True, True)

    wrong = CliRunner().invoke(app, [*options, "--set", "colour=red"])
    assert (wrong.exit_code, "colour" in wrong.output) == (2, True)


@pytest.mark.parametrize(
    ("content", "url", "secret", "code", "said"),
    [
        (b"\xff\xfe", URL, SECRET, 2, "cannot be read as CSV in UTF-8"),
        (None, "ftp://ingest/x", SECRET, 2, "'ftp://ingest/x' is not an address that begins with http"),
        (None, "http://host:abc", SECRET, 2, "'http://host:abc' is not an address"),
        (None, URL, "nonsense!", 2, "the secret is not base64"),
        (None, URL, SECRET, 1, f"{URL} does not answer: ConnectError('no route')"),
    ],
    ids=["file", "scheme", "address", "secret", "network"],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    tmp_path: Path,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    content,
    url: str,
    secret: str,
    code: int,
    said: str,
):
    monkeypatch.setattr(cli, "MAX_TRIES", 2)
    receiver.answers = [httpx.ConnectError("no route")] * 4
    app = typer.Typer(cls=CommandGroup)
    app.command()(replay)
    app.callback()(lambda: None)
    path = write(tmp_path / "reviews.csv", row("a"), row("b"))
    if content is not None:
        path.write_bytes(content)
    options = ["--url", url, "--secret", secret, *(word for pair in MAP for word in ("--map", pair))]
    result = CliRunner().invoke(app, ["replay", str(path), *options])
    assert (result.exit_code, said in result.stderr) == (code, True), result.output
    assert isinstance(result.exception, SystemExit)


def test_a_broken_gzip_file_is_refused(tmp_path: Path, receiver: Receiver):
    app = typer.Typer(cls=CommandGroup)
    app.command()(replay)
    app.callback()(lambda: None)
    path = write(tmp_path / "reviews.csv.gz", row("a"))
    path.write_bytes(path.read_bytes()[:-9])
    options = ["--url", URL, "--secret", SECRET, *(word for pair in MAP for word in ("--map", pair))]
    result = CliRunner().invoke(app, ["replay", str(path), *options])
    assert (result.exit_code, "cannot be read as CSV" in result.stderr) == (2, True), result.output
    assert receiver.requests == []
