"""How published answers are kept and forgotten as reviews change, and how a draft is checked."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

import msgspec

from plaudit.alerting.answers import store
from plaudit.alerting.answers.domain.check import Draft, Report, check
from plaudit.alerting.answers.domain.composed import normal
from plaudit.alerting.answers.domain.kept_answer import Comparison, KeptAnswer, kept_answer
from plaudit.alerting.answers.domain.wording import language_of
from plaudit.common import erasure
from plaudit.common.db import Tx

PUBLISHED: Final = "published"


class ToldAnswer(msgspec.Struct, frozen=True, gc=False):
    """The company's reply, as an event tells it."""

    text: str
    published_at: datetime
    state: str


class ToldSource(msgspec.Struct, frozen=True, gc=False):
    """The account that the review came from."""

    name: str = ""


class ToldReview(msgspec.Struct, frozen=True, gc=False):
    """What this room reads of a review's state."""

    subject: str
    source: ToldSource
    title: str | None = None
    text: str | None = None
    language: str | None = None
    answer: ToldAnswer | None = None


class ToldChange(msgspec.Struct, frozen=True, gc=False):
    """What this room reads of a review's change."""

    review_id: str
    revision: int
    before: ToldReview | None
    after: ToldReview | None

    @property
    def published(self) -> ToldAnswer | None:
        """The answer that stands after the change, if one is published."""
        return _published(self.after)

    @property
    def changes_answer(self) -> bool:
        """Say whether the published answer after the change is another one than before."""
        return _published(self.before) != self.published


async def follow(tx: Tx, changes: Sequence[tuple[str, ToldChange]]) -> None:
    """Keep the answers that reviews, each (tenant id, change), have now, and delete those that they no longer have.

    The transaction holds the order keys of the tenants. What is told of an erased review is not kept.
    """
    told = {(tenant_id, change.review_id): change for tenant_id, change in changes if change.changes_answer}
    gone = await erasure.erased_reviews(tx, told)
    kept = {key: change for key, change in told.items() if change.published is not None and key not in gone}
    await store.delete(tx, told.keys() - kept.keys())
    for tenant_id in sorted({tenant_id for tenant_id, _ in kept}):
        new = [_kept(tenant_id, change) for (owner, _), change in kept.items() if owner == tenant_id]
        await store.keep(tx, _compared(new, await store.last(tx, tenant_id)))
        await store.trim(tx, tenant_id)


async def delete(tx: Tx, reviews: Collection[tuple[str, str]]) -> None:
    """Forget the answers of erased reviews, each (tenant id, review id)."""
    await store.delete(tx, reviews)


async def check_draft(tx: Tx, tenant_id: str, draft: Draft) -> Report:
    """Return what is found in a draft, compared with the tenant's last answers."""
    kept = await store.last(tx, tenant_id)
    # In a thread, so that other requests are answered meanwhile.
    return await asyncio.to_thread(check, draft, kept, tx.now)


def _compared(new: Sequence[KeptAnswer], known: Sequence[KeptAnswer]) -> list[KeptAnswer]:
    replaced = {each.review_id for each in new}
    comparison = Comparison(each for each in known if each.review_id not in replaced)
    found = []
    for each in sorted(new, key=lambda each: (each.published_at, each.review_id)):
        found.append(comparison.compared(each))
        comparison.add(each)
    return found


def _kept(tenant_id: str, change: ToldChange) -> KeptAnswer:
    review, answer = change.after, change.published
    assert review is not None, "only what is published is kept"
    assert answer is not None, "only what is published is kept"
    return kept_answer(
        tenant_id=tenant_id,
        review_id=change.review_id,
        revision=change.revision,
        subject=review.subject,
        published_at=answer.published_at,
        text=normal(answer.text),
        review_text=normal("\n".join(each for each in (review.title, review.text) if each)),
        language=language_of(review.language),
        names=(review.subject, review.source.name),
    )


def _published(review: ToldReview | None) -> ToldAnswer | None:
    answer = None if review is None else review.answer
    return answer if answer is not None and answer.state == PUBLISHED else None
