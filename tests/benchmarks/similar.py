"""Similar requests and searches on a board of a hundred thousand requests, asked for one after the other over HTTP.

Titles are made of 8,000 words. The n-th is used in proportion to 1 / n, so that some are in thousands of titles.
What is asked for: titles that are there with a word changed, titles of frequent words alone, and single words.
"""

import asyncio
import http.client
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import asyncpg

from benchmarks import servers
from benchmarks.hooks import make_key
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.report import Report, latencies
from benchmarks.servers import Product
from plaudit.feedback_board.requests.domain.words import stored_words
from plaudit.feedback_board.similar.domain.likeness import read_title
from plaudit.feedback_board.similar.store import ALL_TITLES

REQUESTS: Final = 100_000
WORDS: Final = 8_000
ASKED: Final = 300
FREQUENT: Final = 30
SEED: Final = 72
BATCH: Final = 5_000
_SYLLABLES: Final = ("ba", "de", "fi", "go", "hu", "ka", "le", "mi", "no", "pu", "ra", "se", "ti", "vo", "wu", "za")

_REQUESTS: Final = """
INSERT INTO requests (tenant_id, id, slug, title, text, created_at, status, status_changed_at, votes, reach,
    unidentified_mentions, linked_reviews, last_mention_at, revision)
SELECT 'default', id, 'r-' || id, title, text, now(), 'open', now(), 0, 0, 0, 0, now(), 1
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS made (id, title, text)
"""
_WORDS: Final = """
INSERT INTO request_words (tenant_id, request_id, words, stems)
SELECT 'default', id, array_to_tsvector(string_to_array(words, ' ')), string_to_array(stems, ' ')
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS made (id, words, stems)
"""


def run(report: Report, options: Options) -> None:
    """Fill, ask, and tell."""
    count = options.scaled(REQUESTS)
    titles = _titles(random.Random(SEED), count)
    with servers.running(with_kafka=False, pinned=False) as backing:
        asyncio.run(backing.prepare("feedback-board"))
        describe(report, backing, pinned=False)
        report.heading(f"a board of {count:,} requests")
        began_at = time.monotonic()
        asyncio.run(_fill(backing.database_url, titles))
        report.line("filled in", f"{time.monotonic() - began_at:.0f} s")
        with servers.product(
            backing, "plaudit.feedback_board.main", "api", profile=options.profile, pinned=False
        ) as api:
            api.wait_ready()
            key = asyncio.run(make_key(backing))
            _ask_all(report, api, key, titles)
        report.profile(api.profile)


def _word(number: int) -> str:
    """Return the word of a number, of at least three syllables."""
    parts = []
    for _ in range(4):
        number, rest = divmod(number, len(_SYLLABLES))
        parts.append(_SYLLABLES[rest])
    return "".join(parts)


def _titles(chance: random.Random, count: int) -> list[str]:
    vocabulary = [_word(number) for number in range(WORDS)]
    weights = list(accumulate(1 / (place + 1) for place in range(WORDS)))
    return [" ".join(chance.choices(vocabulary, cum_weights=weights, k=chance.randint(3, 8))) for _ in range(count)]


async def _fill(database_url: str, titles: Sequence[str]) -> None:
    """Store requests with their words as the job would, in larger batches."""
    connection = await asyncpg.connect(
        database_url,
        server_settings={"search_path": "feedback_board", "session_replication_role": "replica", "jit": "off"},
    )
    await connection.execute("UPDATE common.tenants SET board_public = true WHERE id = 'default'")
    counts: Counter[str] = Counter({ALL_TITLES: len(titles)})
    for begin in range(0, len(titles), BATCH):
        part = titles[begin : begin + BATCH]
        ids = [UUID(int=begin + place + 1) for place in range(len(part))]
        texts = [" ".join((title, *part[place - 3 : place])) for place, title in enumerate(part)]
        stems = [sorted(read_title(title).stems) for title in part]
        await connection.execute(_REQUESTS, ids, part, texts)
        words = [" ".join(stored_words("default", *pair)) for pair in zip(part, texts, strict=True)]
        await connection.execute(_WORDS, ids, words, [" ".join(each) for each in stems])
        rows = [("default", stem, each, len(of)) for each, of in zip(ids, stems, strict=True) for stem in of]
        await connection.copy_records_to_table("title_stems", records=rows)
        counts.update(stem for of in stems for stem in of)
    counted = [("default", stem, number) for stem, number in counts.items()]
    await connection.copy_records_to_table("stem_counts", records=counted)
    await connection.execute("VACUUM (ANALYZE) requests, request_words, title_stems, stem_counts")
    await connection.execute("CHECKPOINT")
    await connection.close()


def _ask_all(report: Report, api: Product, key: str, titles: Sequence[str]) -> None:
    chance = random.Random(SEED)
    frequent = [_word(number) for number in range(FREQUENT)]
    texts: dict[str, Callable[[], str]] = {
        "a title with a word more": lambda: f"{chance.choice(titles)} {_word(chance.randrange(WORDS))}",
        "two frequent words": lambda: " ".join(chance.sample(frequent, 2)),
        "half a title": lambda: " ".join(chance.choice(titles).split()[:3]),
    }
    report.heading("similar requests")
    for name, text in texts.items():
        found = [_ask(api, key, "/v1/requests/similar", {"q": text()}) for _ in range(ASKED)]
        shown = sum(bool(body["items"]) for _, body in found)
        report.line(name, f"{latencies([taken for taken, _ in found])}; {shown} of {ASKED} found some")
    searches: dict[str, Callable[[], str]] = {
        "one frequent word": lambda: chance.choice(frequent),
        "two frequent words": lambda: " ".join(chance.sample(frequent, 2)),
        "two words of a title": lambda: " ".join(chance.choice(titles).split()[:2]),
        "a misspelt word": lambda: chance.choice(titles).split()[0][:-1] + "x",
        "the beginning of a word": lambda: chance.choice(titles).split()[0][:4],
    }
    report.heading("searches, lists of 50")
    for name, text in searches.items():
        found = [_ask(api, key, "/v1/requests", {"q": text()}) for _ in range(ASKED)]
        report.line(name, latencies([taken for taken, _ in found]))


def _ask(api: Product, key: str, path: str, parameters: dict[str, str]) -> tuple[float, Any]:
    """Return the milliseconds that an answer took, and the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=60)
    connection.connect()
    began_at = time.perf_counter()
    connection.request("GET", f"{path}?{urlencode(parameters)}", headers={"authorization": f"Bearer {key}"})
    answer = connection.getresponse()
    body = answer.read()
    taken = (time.perf_counter() - began_at) * 1e3
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}: {body[:300]!r}")
    return taken, json.loads(body)
