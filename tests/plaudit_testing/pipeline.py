"""Reviews from ingest to the score, with the questions tests ask on the way."""

import asyncio
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.request import Request, urlopen

import asyncpg

from plaudit_testing import oracle
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.stack import ServiceProcess, Stack, eventually

TOLERANCE = 1e-9


def create_source(stack: Stack, ingest: ServiceProcess, subject: str, platform: str = "native") -> dict[str, Any]:
    """Make a source over the API; returns its id, secret and hook address."""
    request = Request(
        f"{ingest.base}/v1/sources",
        data=json.dumps({"name": f"{platform} of {subject}", "platform": platform, "subject": subject}).encode(),
        headers={"authorization": f"Bearer {stack.key}", "content-type": "application/json"},
        method="POST",
    )
    with urlopen(request, timeout=DEADLINE_SECONDS) as response:
        made: dict[str, Any] = json.loads(response.read())
    made["hook"] = f"{ingest.base}/v1/hooks/{made['id']}"
    return made


async def _rows(stack: Stack, sql: str, *arguments: Any) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(stack.database_url)
    try:
        return list(await connection.fetch(sql, *arguments))
    finally:
        await connection.close()


def rows(stack: Stack, sql: str, *arguments: Any) -> list[asyncpg.Record]:
    """Ask the database directly, whether a loop is running here or not."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _rows(stack, sql, *arguments)).result()


def _numbers(stack: Stack) -> dict[str, int]:
    waiting = rows(
        stack,
        "SELECT count(*) AS n FROM ingest.outbox o, ingest.relay_cursor c WHERE (o.xid, o.id) > (c.xid, c.id)",
    )[0]["n"]
    numbers: dict[str, int] = json.loads(rows(stack, "SELECT numbers FROM ingest.relay_cursor")[0]["numbers"])
    return {} if waiting else {key: int(number) for key, number in numbers.items()}


def has_applied_everything(stack: Stack, schema: str, group: str) -> bool:
    """Whether the outbox of ingest is empty and the group stands at the last number of each partition."""
    numbers = {key: number for key, number in _numbers(stack).items() if key.startswith("reviews.v1/")}
    positions = rows(stack, f"SELECT partition, sequence FROM {schema}.positions WHERE consumer_group = $1", group)
    return (
        bool(numbers)
        and {f"reviews.v1/{row['partition']}": row["sequence"] for row in positions if row["sequence"]} == numbers
    )


async def applied(
    stack: Stack, group: str = "scoring-live", schema: str = "scoring", seconds: float = DEADLINE_SECONDS
) -> None:
    """Wait until the group has applied everything that ingest has committed."""
    await eventually(lambda: has_applied_everything(stack, schema, group), f"{group} has applied everything", seconds)


def wrong_scores(stack: Stack, scoring: ServiceProcess, reviews: Iterable[oracle.Truth]) -> list[str]:
    """Every prefix whose score, count or distribution differs from the oracle's, at the `at` of the answer."""
    return wrong_figures(lambda path: scoring.get(path, stack.key), reviews)


def wrong_figures(ask: Callable[[str], tuple[int, dict[str, Any]]], reviews: Iterable[oracle.Truth]) -> list[str]:
    """As `wrong_scores`, of whoever answers: `ask` returns the status and the body of a GET."""
    truths = list(reviews)
    wrong = []
    for prefix in sorted({prefix for truth in truths for prefix in oracle.prefixes(truth.subject)}):
        status, answer = ask(f"/v1/scores/{prefix}")
        if status != 200:
            wrong.append(f"{prefix}: HTTP {status} {answer}")
            continue
        wanted = oracle.expected(truths, prefix, oracle.instant(answer["at"]))
        if not _same(answer, wanted):
            wrong.append(f"{prefix}: {answer} is not {wanted}")
    return wrong


def _same(answer: dict[str, Any], wanted: dict[str, Any]) -> bool:
    if answer["count"] != wanted["count"] or answer["distribution"] != wanted["distribution"]:
        return False
    if answer["score"] is None or wanted["score"] is None:
        return answer["score"] is wanted["score"]
    return bool(abs(answer["score"] - wanted["score"]) <= TOLERANCE)
