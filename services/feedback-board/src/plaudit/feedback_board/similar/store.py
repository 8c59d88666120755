"""Every SQL statement about similar requests: stems and how rare they are, submissions, and rejected pairs."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed
from plaudit.feedback_board.requests.store.search import Indexed
from plaudit.feedback_board.similar.domain.deflection import Deflection, Submission
from plaudit.feedback_board.similar.domain.likeness import Rarity
from plaudit.feedback_board.similar.tables import rejected_duplicates, submissions

ALL_TITLES: Final = ""
"""In place of a stem: how many titles there are."""
_MILLIONTHS: Final = 1_000_000
"""Weights are summed as whole numbers, so that the order of rows does not matter."""

_SUBMISSION = Columns(submissions)
_REJECTED = Columns(rejected_duplicates)

ANY_TO_INDEX: Final = "SELECT EXISTS (SELECT FROM words_to_index)"
"""Whether the words of any request are to be indexed; for `Database.holds`."""

# Each is looked up by itself, behind OFFSET 0: otherwise a plan made over small tables would read all of them.
_TO_INDEX = """
SELECT marked.tenant_id, marked.request_id, marked.marks, current.title, current.text,
       coalesce(indexed.stems, '{}') AS stems, indexed.request_id IS NOT NULL AS is_indexed
FROM (
    SELECT tenant_id, request_id, array_agg(id) AS marks
    FROM (SELECT * FROM words_to_index ORDER BY id LIMIT $1) AS oldest GROUP BY tenant_id, request_id
) AS marked
CROSS JOIN LATERAL (
    SELECT title, text FROM requests
    WHERE requests.tenant_id = marked.tenant_id AND requests.id = marked.request_id OFFSET 0
) AS current
LEFT JOIN LATERAL (
    SELECT request_id, stems FROM request_words
    WHERE request_words.tenant_id = marked.tenant_id AND request_words.request_id = marked.request_id OFFSET 0
) AS indexed ON true
ORDER BY marked.tenant_id, marked.request_id
"""
_DELETE_MARKS = "DELETE FROM words_to_index WHERE id = ANY($1::bigint[])"
_DELETE_STEMS = """
DELETE FROM title_stems USING unnest($1::text[], $2::text[], $3::uuid[]) AS gone (tenant_id, stem, request_id)
WHERE title_stems.tenant_id = gone.tenant_id AND title_stems.stem = gone.stem
  AND title_stems.request_id = gone.request_id
"""
_INSERT_STEMS = """
INSERT INTO title_stems (tenant_id, stem, request_id, stems)
SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::int[])
"""
_COUNT_MORE = """
INSERT INTO stem_counts (tenant_id, stem, titles) SELECT * FROM unnest($1::text[], $2::text[], $3::int[])
ON CONFLICT (tenant_id, stem) DO UPDATE SET titles = stem_counts.titles + excluded.titles
"""
_COUNT_LESS = """
UPDATE stem_counts SET titles = stem_counts.titles + less.titles
FROM unnest($1::text[], $2::text[], $3::int[]) AS less (tenant_id, stem, titles)
WHERE stem_counts.tenant_id = less.tenant_id AND stem_counts.stem = less.stem
"""

_COUNTS = """
SELECT wanted.stem, counted.titles FROM unnest($2::text[]) AS wanted (stem)
CROSS JOIN LATERAL (
    SELECT titles FROM stem_counts WHERE stem_counts.tenant_id = $1 AND stem_counts.stem = wanted.stem OFFSET 0
) AS counted
"""

_CANDIDATES = """
SELECT found.request_id, named.title, named.root_id FROM (
    SELECT held.request_id, sum(wanted.weight) AS shared, min(held.stems) AS stems
    FROM unnest($2::text[], $3::bigint[]) AS wanted (stem, weight)
    CROSS JOIN LATERAL (
        SELECT request_id, stems FROM title_stems
        WHERE title_stems.tenant_id = $1 AND title_stems.stem = wanted.stem OFFSET 0
    ) AS held
    GROUP BY held.request_id
    ORDER BY shared DESC, stems, held.request_id LIMIT $4
) AS found
CROSS JOIN LATERAL (
    SELECT title, coalesce(merged_into, id) AS root_id FROM requests
    WHERE requests.tenant_id = $1 AND requests.id = found.request_id AND requests.visibility = 'published' OFFSET 0
) AS named
"""

_NOTE = f"""
INSERT INTO submissions ({_SUBMISSION.listed}) VALUES ({_SUBMISSION.values()})
ON CONFLICT (tenant_id, id) DO UPDATE SET outcome = excluded.outcome, request_id = excluded.request_id
WHERE submissions.outcome = 'asked'
"""
_DEFLECTION = """
SELECT count(*) AS attempts, count(*) FILTER (WHERE outcome = 'voted') AS voted,
       count(*) FILTER (WHERE outcome = 'posted') AS posted, count(*) FILTER (WHERE outcome = 'asked') AS asked
FROM submissions WHERE tenant_id = $1 AND at >= $2 AND at < $3
"""

_REJECT = f"""
INSERT INTO rejected_duplicates ({_REJECTED.listed}) VALUES ({_REJECTED.values()}) ON CONFLICT DO NOTHING
"""
_PROPOSE_AGAIN = "DELETE FROM rejected_duplicates WHERE tenant_id = $1 AND one_id = $2 AND other_id = $3"
_REJECTED_OF = """
SELECT other_id AS id FROM rejected_duplicates WHERE tenant_id = $1 AND one_id = $2
UNION ALL
SELECT one_id FROM rejected_duplicates WHERE tenant_id = $1 AND other_id = $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToIndex:
    """A request whose words are to be indexed."""

    tenant_id: str
    request_id: UUID
    marks: Sequence[int]
    title: str
    text: str
    stems: Sequence[str]
    """Of the title as it is indexed."""
    is_indexed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A request that may be similar."""

    request_id: UUID
    title: str
    root_id: UUID
    """What speaks for it, if it is merged; else itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedPair:
    """Two requests that staff said are not the same."""

    tenant_id: str
    one_id: UUID
    """The smaller of both ids."""
    other_id: UUID
    actor: str
    rejected_at: datetime


async def list_to_index(tx: Tx, limit: int) -> list[ToIndex]:
    """Return the requests of up to `limit` marks, with what is indexed of them. It locks nothing."""
    return [ToIndex(**row) for row in await tx.raw.fetch(_TO_INDEX, limit)]


async def delete_marks(tx: Tx, marks: Sequence[int]) -> None:
    """Delete marks that were read, and no others."""
    await tx.raw.execute(_DELETE_MARKS, list(marks))


async def replace_stems(tx: Tx, before: Sequence[ToIndex], after: Sequence[Indexed]) -> None:
    """Replace the stems of titles, and count how many titles hold each; a single worker's statements."""
    gone = [(each.tenant_id, stem, each.request_id) for each in before for stem in each.stems]
    come = [(each.tenant_id, stem, each.request_id, len(each.stems)) for each in after for stem in each.stems]
    counts = Counter((tenant_id, stem) for tenant_id, stem, _, _ in come)
    counts.subtract(Counter((tenant_id, stem) for tenant_id, stem, _ in gone))
    counts.update((each.tenant_id, ALL_TITLES) for each in before if not each.is_indexed)
    await tx.raw.execute(_DELETE_STEMS, *_arrays(gone, 3))
    await tx.raw.execute(_INSERT_STEMS, *_arrays(come, 4))
    changed = sorted((*place, number) for place, number in counts.items() if number)
    await tx.raw.execute(_COUNT_MORE, *_arrays([each for each in changed if each[2] > 0], 3))
    await tx.raw.execute(_COUNT_LESS, *_arrays([each for each in changed if each[2] < 0], 3))


async def rarity(tx: Tx, tenant_id: str, stems: Collection[str]) -> Rarity:
    """Return how rare stems are on a board."""
    rows = await tx.raw.fetch(_COUNTS, tenant_id, [ALL_TITLES, *sorted(stems)])
    counts = {row["stem"]: row["titles"] for row in rows}
    return Rarity(titles=counts.pop(ALL_TITLES, 0), holding=counts)


async def candidates(tx: Tx, tenant_id: str, stems: Sequence[str], rarity: Rarity, limit: int) -> list[Candidate]:
    """Return up to `limit` requests whose titles share stems: those that share the most weight, then short titles."""
    weights = [round(rarity.idf(each) ** 2 * _MILLIONTHS) for each in stems]
    rows = await tx.raw.fetch(_CANDIDATES, tenant_id, list(stems), weights, limit)
    return [Candidate(**row) for row in rows]


async def note(tx: Tx, submission: Submission) -> None:
    """Store what became of a form; one that became a request or a vote stays so."""
    await tx.raw.execute(_NOTE, *_SUBMISSION.row(submission))


async def deflection(tx: Tx, tenant_id: str, start: datetime, end: datetime) -> Deflection:
    """Count the forms that were first sent within a time: from `start`, before `end`."""
    (row,) = await tx.raw.fetch(_DEFLECTION, tenant_id, start, end)
    return Deflection(**row)


async def reject(tx: Tx, pair: RejectedPair) -> bool:
    """Store that two requests are not the same; return whether that is new."""
    return rows_changed(await tx.raw.execute(_REJECT, *_REJECTED.row(pair))) > 0


async def propose_again(tx: Tx, tenant_id: str, one_id: UUID, other_id: UUID) -> bool:
    """Forget that two requests are not the same; return whether it was known."""
    return rows_changed(await tx.raw.execute(_PROPOSE_AGAIN, tenant_id, one_id, other_id)) > 0


async def list_rejected(tx: Tx, tenant_id: str, request_id: UUID) -> frozenset[UUID]:
    """Return the requests that are not the same as one."""
    return frozenset(row["id"] for row in await tx.raw.fetch(_REJECTED_OF, tenant_id, request_id))


def _arrays(rows: Sequence[tuple[object, ...]], columns: int) -> list[list[object]]:
    return [[row[place] for row in rows] for place in range(columns)]
