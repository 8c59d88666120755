"""The feedback board: a hundred thousand requests with ten million votes; its lists, its pages, and votes for one.

Two processes of the board serve. Lists are asked for one after the other; votes are sent on time, whatever the answers
do, all for the one request that has the most.
"""

import asyncio
import http.client
import json
import threading
import time
from typing import Any, Final
from urllib.parse import urlencode

import asyncpg

from benchmarks import load, servers
from benchmarks.hooks import make_key
from benchmarks.load import Outcome
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.report import Report, latencies
from benchmarks.servers import Product
from plaudit.feedback_board.requests.domain.order import Order
from plaudit.feedback_board.requests.domain.priority import FORMULA_VERSION
from plaudit.feedback_board.requests.domain.weighing import DEFAULT_CAP

REQUESTS: Final = 100_000
VOTES_OF_A_REQUEST: Final = 100
"""On average; the n-th request has them in proportion to n ^ -0.7."""
ASKED: Final = 200
PAGES: Final = 20
VOTES_PER_SECOND: Final = 500.0
VOTES: Final = 10_000
CONNECTIONS: Final = 32
"""Of each process."""
STATUSES: Final = ("open", "open", "open", "open", "under_review", "planned", "in_progress", "shipped", "declined")

_REQUESTS: Final = """
INSERT INTO requests (tenant_id, id, slug, title, text, created_at, status, status_changed_at, impact, effort_weeks,
    priority, votes, reach, unidentified_mentions, linked_reviews, last_mention_at, recount_at, revision, trend,
    strata, muted_people, weighted_reach, reach_view, reach_cap, formula_version)
SELECT 'default', ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'request-' || n, 'Request ' || n,
    repeat('Why this would help. ', 10), now() - n * interval '5 minutes',
    ($2::text[])[1 + n % cardinality($2::text[])], now() - n * interval '1 minute',
    CASE n % 3 WHEN 0 THEN 2 END, CASE n % 3 WHEN 0 THEN 1.5 END,
    CASE n % 3 WHEN 0 THEN round(2 * least(votes, $4) / 1.5, 2) END, votes, votes, 0, 0,
    now() - n * interval '1 second', now() + interval '80 days', 1,
    (extract(epoch FROM now()) * 1000000)::bigint - n * 1000000::bigint,
    jsonb_build_object('', votes), 0, least(votes, $4), 'capped', $4, $5
FROM (
    SELECT n, ceil($3 * n ^ -0.7 / sum(n ^ -0.7) OVER ())::int AS votes FROM generate_series(1, $1::int) AS n
) AS numbered
"""
_VOTES: Final = """
INSERT INTO votes (tenant_id, request_id, person_key, voted_at)
SELECT 'default', id, 'native:' || lpad(k::text, 9, '0'), now() - (k % 6000000) * interval '1 second'
FROM (SELECT id, votes FROM requests ORDER BY id) AS ordered CROSS JOIN LATERAL generate_series(1, votes) AS k
"""
_SECONDARY: Final = """
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made
FROM pg_index WHERE indrelid = 'votes'::regclass AND NOT indisprimary
"""
_HOT: Final = "SELECT id, votes, reach FROM feedback_board.requests ORDER BY votes DESC LIMIT 1"
# The trigger that counts is passed over, as all are.
_COUNTS: Final = """
INSERT INTO request_counts (tenant_id, status, number) SELECT tenant_id, status, count(*) FROM requests GROUP BY 1, 2
"""
_ROWS: Final = "SELECT count(*) AS n FROM feedback_board.votes WHERE request_id = '{}'"


def run(report: Report, options: Options) -> None:
    """Fill, ask, vote, and tell."""
    count = options.scaled(REQUESTS)
    with servers.running(with_kafka=False, pinned=False) as backing:
        asyncio.run(backing.prepare("feedback-board"))
        describe(report, backing, pinned=False)
        report.heading(f"a board of {count:,} requests")
        began_at = time.monotonic()
        votes = asyncio.run(_fill(backing.database_url, count))
        report.line("filled in", f"{time.monotonic() - began_at:.0f} s, with {votes:,} votes")
        module = "plaudit.feedback_board.main"
        with (
            servers.product(backing, module, "api", profile=options.profile, pinned=False) as one,
            servers.product(backing, module, "api", pinned=False) as other,
        ):
            for each in (one, other):
                each.wait_ready()
            key = asyncio.run(make_key(backing))
            _lists(report, one, key)
            _pages(report, one)
            _votes(report, backing.database_url, [one, other], key, options.scaled(VOTES))
        report.profile(one.profile)


async def _fill(database_url: str, count: int) -> int:
    """Store requests and votes; return the number of votes."""
    connection = await asyncpg.connect(
        database_url,
        server_settings={"search_path": "feedback_board", "session_replication_role": "replica", "jit": "off"},
    )
    await connection.execute("SET maintenance_work_mem = '512MB'")
    secondary = await connection.fetch(_SECONDARY)
    for index in secondary:
        await connection.execute(f"DROP INDEX {index['name']}")
    await connection.execute("UPDATE common.tenants SET board_public = true WHERE id = 'default'")
    asked = count, list(STATUSES), float(count * VOTES_OF_A_REQUEST)
    await connection.execute(_REQUESTS, *asked, DEFAULT_CAP, FORMULA_VERSION)
    await connection.execute(_COUNTS)
    await connection.execute(_VOTES)
    for index in secondary:
        await connection.execute(index["made"])
    await connection.execute("VACUUM (ANALYZE) requests, votes")
    await connection.execute("CHECKPOINT")
    votes: int = await connection.fetchval("SELECT sum(votes) FROM requests")
    await connection.close()
    return votes


def _lists(report: Report, product: Product, key: str) -> None:
    report.heading("lists of 50, over the API")
    filters: dict[str, dict[str, Any]] = {
        "all": {},
        "open or under review": {"status": ["open", "under_review"]},
        "shipped": {"status": "shipped"},
    }
    for order in Order:
        for name, chosen in filters.items():
            parameters = {"sort": order.value, **chosen}
            first = [_ask(product, key, parameters) for _ in range(ASKED)]
            report.line(f"{order.value}, {name}", latencies([taken for taken, _ in first]))
            following: list[float] = []
            cursor = first[-1][1]["next"]
            for _ in range(PAGES):
                taken, body = _ask(product, key, {**parameters, "cursor": cursor})
                following.append(taken)
                cursor = body["next"]
            report.line(f"{order.value}, {name}, pages 2 to {PAGES + 1}", latencies(following))


def _ask(product: Product, key: str, parameters: dict[str, Any]) -> tuple[float, Any]:
    """Return the milliseconds that a list took, and the list."""
    headers = {"authorization": f"Bearer {key}"}
    taken, body = _get(product, f"/v1/requests?{urlencode(parameters, doseq=True)}", headers)
    return taken, json.loads(body)


def _pages(report: Report, product: Product) -> None:
    report.heading("the public page")
    for _ in range(5):
        _get(product, "/b/default", {})
    found = [_get(product, "/b/default", {}) for _ in range(ASKED)]
    report.line("first page", f"{latencies([taken for taken, _ in found])}; {len(found[-1][1]) / 1000:.0f} kB")


def _get(product: Product, path: str, headers: dict[str, str]) -> tuple[float, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", product.port, timeout=60)
    connection.connect()
    began_at = time.perf_counter()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    taken = (time.perf_counter() - began_at) * 1e3
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}: {body[:300]!r}")
    return taken, body


def _votes(report: Report, database_url: str, products: list[Product], key: str, count: int) -> None:
    """Let two processes take votes for one request, half of them each, at the same time."""
    before = asyncio.run(servers.fetch(database_url, _HOT))
    report.heading(f"{VOTES_PER_SECOND:.0f} votes a second for a request with {before['votes']:,}, over two processes")
    outcomes: list[Outcome] = []
    each = VOTES_PER_SECOND / len(products)

    def send(number: int, product: Product) -> None:
        requests = [
            _vote_request(product.port, key, before["id"], f"new:{number}-{k}") for k in range(count // len(products))
        ]
        outcomes.append(load.opened(("127.0.0.1", product.port), requests, CONNECTIONS, each))

    threads = [threading.Thread(target=send, args=pair) for pair in enumerate(products)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent = count // len(products) * len(products)
    report.line("latency", latencies([taken for outcome in outcomes for taken in outcome.latencies_ms]))
    report.check("votes not taken", sum(outcome.refused for outcome in outcomes), 0)
    after = asyncio.run(servers.fetch(database_url, _HOT))
    report.check("votes counted", after["votes"] - before["votes"], sent)
    report.check("people reached", after["reach"] - before["reach"], sent)
    rows = asyncio.run(servers.fetch(database_url, _ROWS.format(before["id"])))
    report.check("rows of votes", rows["n"], after["votes"])


def _vote_request(port: int, key: str, request_id: object, person: str) -> bytes:
    body = json.dumps({"person": person}).encode()
    head = (
        f"POST /v1/requests/{request_id}/votes HTTP/1.1\r\n"
        f"host: 127.0.0.1:{port}\r\n"
        f"authorization: Bearer {key}\r\n"
        "content-type: application/json\r\n"
        f"content-length: {len(body)}\r\n"
        "\r\n"
    )
    return head.encode() + body
