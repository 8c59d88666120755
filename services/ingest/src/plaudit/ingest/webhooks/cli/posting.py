"""Posts a delivery, and says what was answered."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import httpx
import typer

from plaudit.common.text import clean
from plaudit.ingest.webhooks.domain import Outcome, origin_of, outcome

TIMEOUT_SECONDS: Final = 30.0
MAX_ANSWER_BYTES: Final = 2**20
MAX_SHOWN_CHARS: Final = 4_000
NO_ANSWER: Final = 0
"""In place of a status."""

Answer = Mapping[str, object]
Headers = Callable[[], Mapping[str, str]]
"""Makes the headers of one attempt, whose time is its own."""


def post_times(url: str, body: bytes, headers: Headers, times: int, report: Callable[[Answer], None]) -> Outcome:
    """Post a delivery so many times, one after the other, tell each answer, and return the worst outcome."""
    worst = Outcome.TAKEN
    plain = {"accept-encoding": "identity"}
    with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False, headers=plain) as client:
        for _ in range(times):
            answer, came_to = _post(client, url, body, headers())
            report(answer)
            worst = max(worst, came_to)
    return worst


def _post(client: httpx.Client, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[Answer, Outcome]:
    started = time.monotonic()
    try:
        with client.stream("POST", url, content=body, headers=headers) as response:
            content = _bounded(response)
    except httpx.TransportError as error:
        said = no_answer(url, error)
        return {"status": NO_ANSWER, "milliseconds": _since(started), "body": said}, Outcome.UNCERTAIN
    status = response.status_code
    answer = {"status": status, "milliseconds": _since(started), "body": content.decode(errors="replace")}
    return answer, outcome(status, content)


def no_answer(url: str, error: httpx.TransportError) -> str:
    """Return that an address does not answer, without a token that may be in it."""
    return f"{origin_of(url)} does not answer: {str(error) or type(error).__name__}"


def _bounded(response: httpx.Response) -> bytes:
    """Return the body of an answer as it came, up to a mebibyte of it."""
    content = b""
    for part in response.iter_raw():
        content += part
        if len(content) >= MAX_ANSWER_BYTES:
            return content[:MAX_ANSWER_BYTES]
    return content


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


@contextmanager
def reporting(about: Mapping[str, object], *, as_json: bool) -> Iterator[Callable[[Answer], None]]:
    """Yield what prints each answer; in JSON all of them at the end, with what they are about."""
    answers: list[Answer] = []
    yield answers.append if as_json else _print
    if as_json:
        typer.echo(json.dumps({**about, "answers": [_decoded(each) for each in answers]}, indent=2))


def _print(answer: Answer) -> None:
    if answer["status"] == NO_ANSWER:
        typer.echo(answer["body"], err=True)
        return
    typer.echo(f"{answer['status']} in {answer['milliseconds']} ms")
    typer.echo(shown_text(str(answer["body"])))


def _decoded(answer: Answer) -> Answer:
    """Return an answer whose body is the value of its JSON, where it is JSON."""
    try:
        return {**answer, "body": json.loads(str(answer["body"]))}
    except ValueError:
        return answer


def shown_text(text: str) -> str:
    """Return a stranger's text for a terminal: without control characters, and cut when it is long."""
    cleaned = clean(text)
    more = len(cleaned) - MAX_SHOWN_CHARS
    return cleaned if more <= 0 else f"{cleaned[:MAX_SHOWN_CHARS]}… and {more} more characters"
