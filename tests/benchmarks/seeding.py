"""Many stored reviews, as if they had come: their rows, the words that are searched, and statistics of them all.

Texts are halves of real ones where `PLAUDIT_SHARED` names the folder of the shared data, and else of invented words.
The same seed gives the same reviews, but for their times.
"""

import asyncio
import csv
import gzip
import multiprocessing
import os
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, Final
from uuid import UUID

import asyncpg

from benchmarks.reviews import AGE_DAYS, SEED, TENANT, source_id
from plaudit.ingest.reviews.domain.marks import marks
from plaudit.ingest.reviews.domain.state import Answer, Kind, Origin, RawRating, ReviewState
from plaudit.ingest.reviews.domain.state_formats import STATE_FORMAT, encode_state
from plaudit.ingest.reviews.domain.words import stored_words, words
from plaudit.ingest.sorting.domain.findings import Findings, find
from plaudit.ingest.sorting.domain.rules import SHIPPED
from plaudit.ingest.sorting.domain.severity import Severity
from plaudit.ingest.sources.domain import SourceRef
from plaudit_testing.shared import FOLDER

SOURCES: Final = 40
SUBJECTS: Final = 5_000
SUBJECTS_OF_A_COMPANY: Final = 100
PLATFORMS: Final = ("trustpilot", "native", "google_business", "yelp", "delighted")
"""The last two do not tell of answers."""
LANGUAGES: Final = {"en": 60, "de": 20, "fr": 10, "es": 6, "it": 3, "he": 1}
KINDS: Final = {Kind.STARS: 90, Kind.NPS: 8, Kind.CSAT: 2}
ORIGINS: Final = {Origin.ORGANIC: 70, Origin.INVITED: 28, Origin.INCENTIVISED: 2}
STARS: Final = {1.0: 14, 2.0: 5, 3.0: 8, 4.0: 21, 4.5: 2, 5.0: 50}
SHARE_REMOVED: Final = 0.01
SHARE_VERIFIED: Final = 0.6
SHARE_ANSWERED: Final = 0.4
REVIEWS_OF_A_TRANSACTION: Final = 20
FIRST_XID: Final = 3
BATCH: Final = 10_000
PROCESSES: Final = 2
INVENTED_TEXTS: Final = 7_000
INVENTED_WORDS: Final = 20_000
INVENTED_LENGTH: Final = 40
TABLES: Final = ("reviews", "revisions", "review_texts")
_TEXT_COLUMNS: Final = ("reviewDescription", "Review Text")
_REVIEW: Final = (
    *("tenant_id", "source_id", "external_id", "id", "revision", "version", "removed", "partition_key", "subject"),
    *("kind", "rating", "severity", "published_at", "answered_at", "changed_at", "part_versions", "person"),
    *("erased_at", "verified", "origin", "language", "traits"),
)
_REVISION: Final = (
    *("tenant_id", "review_id", "revision", "delivery_id", "type", "version", "known_at", "state", "state_format"),
    *("removed", "actor", "xid", "traits"),
)
_SECONDARY: Final = """
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made
FROM pg_index WHERE indrelid = ANY($1::text[]::regclass[]) AND NOT indisunique
"""
_USE_NUMBERS: Final = """
DO $$ BEGIN
    WHILE pg_current_xact_id()::text::bigint < {last} LOOP COMMIT; END LOOP;
END $$
"""
_POSITION: Final = """
INSERT INTO review_text_positions SELECT tenant_id, xid, review_id, revision FROM revisions
ORDER BY xid DESC, review_id DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class _Half:
    """The beginning or the end of a text."""

    text: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Text:
    beginning: _Half
    end: _Half
    severities: dict[float, tuple[Severity, Findings]]
    """What the rules say of the whole text beside each rating."""


class Choice:
    """Draws values by their weights."""

    def __init__(self, weights: Mapping[Any, float]) -> None:
        self._values = [*weights]
        self._sums = [*accumulate(weights.values())]

    def draw(self, draw: random.Random) -> Any:
        """One value."""
        return draw.choices(self._values, cum_weights=self._sums)[0]


async def seed(database_url: str, count: int) -> None:
    """Store so many reviews, each of one revision, in a migrated database without reviews."""
    connection = await asyncpg.connect(database_url, server_settings={"search_path": "ingest"})
    await connection.execute("SET maintenance_work_mem = '1GB'")
    await connection.execute("SET max_parallel_maintenance_workers = 2")
    await connection.execute(_USE_NUMBERS.format(last=FIRST_XID + count // REVIEWS_OF_A_TRANSACTION + 1))
    secondary = await connection.fetch(_SECONDARY, [*TABLES])
    for index in secondary:
        await connection.execute(f"DROP INDEX {index['name']}")
    await connection.executemany(
        "INSERT INTO sources (tenant_id, id, name, platform, subject, secret) VALUES ($1, $2, $3, $4, 'acme', 's')",
        [(TENANT, UUID(source_id(n)), f"Source {n}", platform_of(n)) for n in range(SOURCES)],
    )
    # In another process, since this one's loop and its connections cannot be forked.
    firsts = range(0, count, BATCH)
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn"), _begin, (sys.path,)) as pool:
        loop = asyncio.get_running_loop()
        now = datetime.now(UTC)
        await asyncio.gather(
            *(
                loop.run_in_executor(pool, _store, database_url, first, min(BATCH, count - first), count, now)
                for first in firsts
            )
        )
    for index in secondary:
        await connection.execute(index["made"])
    await connection.execute(_POSITION)
    await connection.execute("VACUUM (ANALYZE) reviews, revisions, review_texts")
    await connection.execute("CHECKPOINT")
    await connection.close()


def platform_of(source: int) -> str:
    """The platform of a source."""
    return PLATFORMS[source % len(PLATFORMS)]


def subject_of(number: int) -> str:
    """The path of a subject; those of a company are next to each other."""
    return f"company-{number // SUBJECTS_OF_A_COMPANY}/shop-{number % SUBJECTS_OF_A_COMPANY}"


def real_texts() -> list[str]:
    """The texts of the shared data; none where it is not there."""
    found = []
    for path in sorted(FOLDER.glob("data/*/reviews.csv.gz")):
        with gzip.open(path, "rt", newline="") as file:
            for row in csv.DictReader(file):
                text = next((row[name] for name in _TEXT_COLUMNS if row.get(name)), "")
                if text:
                    found.append(text)
    return found


def texts() -> list[str]:
    """What the reviews' texts are made of."""
    return real_texts() or [*_invented()]


def _invented() -> Iterator[str]:
    draw = random.Random(SEED)
    sums = [*accumulate(1 / rank for rank in range(1, INVENTED_WORDS + 1))]
    for _ in range(INVENTED_TEXTS):
        yield " ".join(f"word{n}" for n in draw.choices(range(INVENTED_WORDS), cum_weights=sums, k=INVENTED_LENGTH))


# In the processes that make reviews.

_made: list[_Text] = []


def _begin(path: list[str]) -> None:
    sys.path[:] = path
    os.nice(1)
    _made.extend(_cut(text) for text in texts())


def _cut(text: str) -> _Text:
    middle = text.find(" ", len(text) // 2)
    middle = len(text) if middle < 0 else middle
    halves = [_Half(part, tuple(words(part))) for part in (text[:middle], text[middle:])]
    found = {stars: find(None, text, stars, SHIPPED, subject="acme", stated_language="en") for stars in STARS}
    return _Text(halves[0], halves[1], found)


def _store(database_url: str, first: int, size: int, count: int, now: datetime) -> None:
    asyncio.run(_store_rows(database_url, first, size, count, now))


async def _store_rows(database_url: str, first: int, size: int, count: int, now: datetime) -> None:
    reviews: list[tuple[Any, ...]] = []
    revisions: list[tuple[Any, ...]] = []
    searched: list[str] = []
    made = _states(random.Random(f"{SEED} {first}"), first, size, now)
    for number, (state, found_words, removed) in enumerate(made, start=first):
        review_id = UUID(int=number << 96 | 7 << 76 | 2 << 62 | number)
        known_at = now - timedelta(days=1) * (1 - number / count)
        reviews.append(
            (
                *(TENANT, UUID(state.source.id), state.external_id, review_id, 1, None, removed),
                *(f"{TENANT}/{state.subject.partition('/')[0]}", state.subject, state.kind.value, state.rating),
                *(state.severity.value, state.published_at, state.answered_at, known_at, None, state.person, None),
                *(state.verified, state.origin.value, state.spoken, state.traits),
            )
        )
        revisions.append(
            (
                *(TENANT, review_id, 1, review_id, "review.created", None, known_at, encode_state(state)),
                *(STATE_FORMAT, removed, None, FIRST_XID + number // REVIEWS_OF_A_TRANSACTION, state.traits),
            )
        )
        indexed = stored_words(TENANT, dict.fromkeys([*found_words, *marks(state, removed=removed)]))
        searched.append(f"{TENANT}\t{review_id}\t{' '.join(map(_quoted, indexed))}\n")
    connection = await asyncpg.connect(database_url, server_settings={"synchronous_commit": "off"})
    for table, records, columns in (("reviews", reviews, _REVIEW), ("revisions", revisions, _REVISION)):
        await connection.copy_records_to_table(table, records=records, schema_name="ingest", columns=columns)
    await connection.copy_to_table("review_texts", source=_encoded(searched), schema_name="ingest", format="text")
    await connection.close()


async def _encoded(lines: Sequence[str]) -> Any:
    for line in lines:
        yield line.encode()


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\\\\\").replace("'", "''") + "'"


def _states(
    draw: random.Random, first: int, size: int, now: datetime
) -> Iterator[tuple[ReviewState, Sequence[str], bool]]:
    """Yield reviews with the words of their texts, and whether they are removed."""
    began_at = now - timedelta(days=AGE_DAYS)
    sources = [
        SourceRef(id=source_id(n), name=f"Source {n}", platform=platform_of(n), created_at=began_at)
        for n in range(SOURCES)
    ]
    from_source = Choice({n: 1 / (n + 1) for n in range(SOURCES)})
    subjects = Choice({n: (n + 1) ** -0.9 for n in range(SUBJECTS)})
    kinds, origins, stars, languages = (
        Choice(dict(KINDS)),
        Choice(dict(ORIGINS)),
        Choice(dict(STARS)),
        Choice(dict(LANGUAGES)),
    )
    for number in range(first, first + size):
        rating = stars.draw(draw)
        one, other = draw.choice(_made), draw.choice(_made)
        severity, found = one.severities[rating]
        source = sources[from_source.draw(draw)]
        published_at = began_at + (now - began_at) * draw.random()
        is_answered = source.platform not in PLATFORMS[3:] and draw.random() < SHARE_ANSWERED
        answered_at = published_at + timedelta(hours=draw.randrange(1, 500))
        state = ReviewState(
            subject_of(subjects.draw(draw)),
            kinds.draw(draw),
            rating,
            RawRating(value=rating, min=1.0, max=5.0),
            draw.random() < SHARE_VERIFIED,
            origins.draw(draw),
            severity,
            source,
            f"r-{number:08d}",
            published_at,
            published_at,
            published_at,
            text=one.beginning.text + other.end.text,
            language=languages.draw(draw),
            person=f"{source.platform}:c-{draw.randrange(10_000_000)}",
            answer=Answer(text="Thank you.", published_at=answered_at, state="published") if is_answered else None,
            found=found,
        )
        answer_words = ("thank", "you") if is_answered else ()
        yield state, (*one.beginning.words, *other.end.words, *answer_words), draw.random() < SHARE_REMOVED
