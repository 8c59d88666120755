"""The last published answers of each tenant."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from plaudit.alerting.answers.domain.kept_answer import MOST_KEPT, KeptAnswer
from plaudit.alerting.answers.tables import published_answers
from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns

_ANSWER: Final = Columns(published_answers)

_LAST = f"""
SELECT {_ANSWER.listed} FROM published_answers
WHERE tenant_id = $1 ORDER BY published_at DESC, review_id DESC LIMIT $2
"""
_KEEP = f"""
INSERT INTO published_answers ({_ANSWER.listed}) SELECT * FROM {_ANSWER.unnest()}
ON CONFLICT (tenant_id, review_id) DO UPDATE SET {_ANSWER.excluded()}
WHERE published_answers.revision <= excluded.revision
"""
_DELETE = """
DELETE FROM published_answers USING unnest($1::text[], $2::text[]) AS gone (tenant, review)
WHERE tenant_id = gone.tenant AND review_id = gone.review
"""
_TRIM = """
DELETE FROM published_answers WHERE tenant_id = $1 AND (published_at, review_id) < (
    SELECT published_at, review_id FROM published_answers
    WHERE tenant_id = $1 ORDER BY published_at DESC, review_id DESC OFFSET $2 LIMIT 1
)
"""
_LIKENESSES = """
SELECT published_at, similarity, repeats FROM published_answers
WHERE tenant_id = $1 AND ($2::text IS NULL OR subject = $2 OR starts_with(subject, $2 || '/'))
"""


async def last(tx: Tx, tenant_id: str) -> list[KeptAnswer]:
    """Return the answers of a tenant that are kept, the latest first."""
    return [KeptAnswer(**row) for row in await tx.raw.fetch(_LAST, tenant_id, MOST_KEPT)]


async def keep(tx: Tx, answers: Sequence[KeptAnswer]) -> None:
    """Keep answers, one of each review; an older revision changes nothing."""
    if answers:
        await tx.raw.execute(_KEEP, *_ANSWER.arrays(answers))


async def delete(tx: Tx, reviews: Collection[tuple[str, str]]) -> None:
    """Forget the answers of reviews, each (tenant id, review id)."""
    if reviews:
        await tx.raw.execute(_DELETE, [tenant_id for tenant_id, _ in reviews], [review_id for _, review_id in reviews])


async def trim(tx: Tx, tenant_id: str) -> None:
    """Forget all but the last answers of a tenant."""
    await tx.raw.execute(_TRIM, tenant_id, MOST_KEPT - 1)


async def likenesses(tx: Tx, tenant_id: str, subject: str | None) -> list[tuple[datetime, float | None, int]]:
    """Return publication, similarity to an earlier answer and repeats of each kept answer of a subject and below."""
    rows = await tx.raw.fetch(_LIKENESSES, tenant_id, subject)
    return [(row["published_at"], row["similarity"], row["repeats"]) for row in rows]
