"""What submits answers, and what becomes of them: by people, by the job that sends them, and by what platforms tell."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import msgspec
from msgspec.structs import replace

from plaudit.common import idempotency
from plaudit.common.db import Tx, order_locks
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.jobs import back_off_seconds
from plaudit.common.outbox import UnitOfWork
from plaudit.common.vault import Vault
from plaudit.ingest.answers import store
from plaudit.ingest.answers.domain import (
    FIRST_LOOK_SECONDS,
    FIRST_RETRY_SECONDS,
    GIVE_UP_AFTER,
    GONE,
    LONGEST_LOOK_SECONDS,
    LONGEST_RETRY_SECONDS,
    NOT_SENT,
    REPLACED,
    AnswerState,
    AnswerUnderWayError,
    Draft,
    InvalidAnswerError,
    NoOpenAnswerError,
    ReviewGoneError,
    Sender,
    UnknownReviewError,
    UnknownSourceError,
    Via,
    WrittenAnswer,
    after_shown,
    checked,
    checked_credentials,
    is_told,
    rejection_told,
    way,
)
from plaudit.ingest.platforms import answers_of
from plaudit.ingest.platforms.answering import Answering, Shown
from plaudit.ingest.reviews import store as reviews
from plaudit.ingest.reviews.commands import review_key, revise
from plaudit.ingest.reviews.domain.settling import answered
from plaudit.ingest.reviews.domain.state import KnownReview
from plaudit.ingest.reviews.domain.times import latest
from plaudit.ingest.sources import store as sources

Interfaces = Mapping[str, Answering]
"""Platform → its interface for answers."""


async def submit(
    work: UnitOfWork,
    tenant_id: str,
    review_id: UUID,
    draft: Draft,
    actor: str,
    *,
    interfaces: Interfaces,
    vault: Vault,
    key: IdempotencyKey | None = None,
) -> tuple[WrittenAnswer, bool]:
    """Submit an answer to a review; return it, and whether it was submitted before under the same key.

    Args:
        work: the open unit of work.
        tenant_id: whose review.
        review_id: which.
        draft: the answer.
        actor: the key or the person.
        interfaces: of the platforms that have one.
        vault: opens the credentials of the source.
        key: the caller's name for the request.

    Raises:
        UnknownReviewError: no such review.
        ReviewGoneError: the platform has taken it down, or takes no answer to it.
        InvalidAnswerError: a part of the answer cannot be.
        AnswerTooLongError: the platform takes less.
        AnswerUnderWayError: another answer is being sent.
        KeyReusedError: the key came with another request before.
    """
    tx = work.tx
    further = [] if key is None else [idempotency.order_key(tenant_id, key.key)]
    review = await _lock_and_find(tx, tenant_id, review_id, *further)
    kept = None if key is None else await idempotency.find(tx, tenant_id, key)
    before = None if kept is None else await store.get(tx, tenant_id, msgspec.json.decode(kept, type=UUID))
    if before is not None:
        return before, True
    if review.stored.removed:
        raise ReviewGoneError("The platform has taken this review down.")
    state = review.state
    platform = state.source.platform
    interface = interfaces.get(platform)
    draft = checked(draft, interface, tx.now)
    credentials = await sources.answering_credentials(tx, tenant_id, review.source_id, vault)
    via, note = way(draft, platform, interface, credentials, state)
    await _make_room(tx, review)
    answer = WrittenAnswer(
        tenant_id=tenant_id,
        id=work.ids(),
        review_id=review_id,
        source_id=review.source_id,
        text=draft.text,
        via=via,
        state=AnswerState.SUBMITTED,
        note=note,
        written_by=actor,
        written_at=tx.now,
        answered_by=draft.answered_by,
        next_attempt_at=tx.now,
    )
    if via is Via.ELSEWHERE:
        answer = answer.published(draft.published_at or tx.now, tx.now, actor)
    await store.add(tx, answer)
    if via is Via.PLATFORM:
        await store.add_sender(tx, tenant_id, review.source_id, platform)
    if key is not None:
        await idempotency.keep(tx, tenant_id, key, msgspec.json.encode(answer.id).decode())
    await _show(work, review, answer)
    return answer, False


async def note_published(
    work: UnitOfWork,
    tenant_id: str,
    review_id: UUID,
    published_at: datetime | None,
    answered_by: str | None,
    actor: str,
) -> WrittenAnswer:
    """Note that the submitted answer of a review is published; once it is, the same again changes nothing.

    Raises:
        UnknownReviewError: no such review.
        InvalidAnswerError: the time lies ahead.
        AnswerUnderWayError: it is being sent, and the platform will tell.
        NoOpenAnswerError: no answer of it is submitted.
    """
    tx = work.tx
    review = await _lock_and_find(tx, tenant_id, review_id)
    answer = await store.latest_of(tx, tenant_id, review_id)
    if answer is not None and answer.state is AnswerState.PUBLISHED:
        return answer
    if answer is None or answer.state is not AnswerState.SUBMITTED:
        raise NoOpenAnswerError("No answer of this review is submitted.")
    if not answer.may_be_replaced:
        raise AnswerUnderWayError(
            "The answer is being sent through the platform's interface, which tells how far it is."
        )
    if published_at is not None and published_at > latest(tx.now):
        raise InvalidAnswerError("published_at", "must not lie ahead")
    done = replace(
        answer.published(published_at or tx.now, tx.now, actor), answered_by=answered_by or answer.answered_by
    )
    if not await store.save(tx, done):
        raise AnswerUnderWayError("The answer is being sent at this moment. Look again.")
    await _show(work, review, done)
    return done


async def set_credentials(
    tx: Tx, tenant_id: str, source_id: UUID, given: dict[str, str], interfaces: Interfaces, vault: Vault
) -> None:
    """Store by which credentials answers of a source are sent, in place of those of before.

    Raises:
        UnknownSourceError: no such source.
        UnknownCredentialsError: the interface has no such ones.
    """
    platform = await store.platform_of(tx, tenant_id, source_id)
    if platform is None:
        raise UnknownSourceError
    wanted = checked_credentials(given, platform, interfaces.get(platform))
    await sources.set_answering_credentials(tx, tenant_id, source_id, wanted, vault)


# What the job does.


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that is to be sent now, with all that it takes."""

    answer: WrittenAnswer
    external_id: str
    credentials: dict[str, str] | None
    """None where they cannot be decrypted."""


async def prepare(tx: Tx, sender: Sender, vault: Vault) -> Prepared | None:
    """Begin an attempt: return the answer that a source sends next; None where there is nothing to send now."""
    answer = await store.begin(tx, sender)
    if answer is None:
        return None
    review = await reviews.stored(tx, answer.tenant_id, answer.review_id)
    if review is None:
        return None  # it is being erased, and the answer with it
    if (settled := _told(answer, review, tx.now)) is not None:
        await store.save(tx, settled)
        return None
    credentials = await sources.answering_credentials(tx, answer.tenant_id, answer.source_id, vault)
    return Prepared(answer=answer, external_id=review.stored.external_id, credentials=credentials)


async def note_shown(work: UnitOfWork, answer: WrittenAnswer, shown: Shown) -> WrittenAnswer:
    """Note what the platform tells of an answer after an attempt; return the answer as it is then."""
    tx = work.tx
    try:
        review = await _lock_and_find(tx, answer.tenant_id, answer.review_id)
    except UnknownReviewError:
        return answer
    after = after_shown(answer, shown, tx.now)
    if after.state is AnswerState.SUBMITTED:
        pause_seconds = back_off_seconds(answer.attempts, FIRST_LOOK_SECONDS, LONGEST_LOOK_SECONDS)
        after = replace(after, next_attempt_at=tx.now + timedelta(seconds=pause_seconds))
    if await store.save(tx, after):
        await _show(work, review, after)
    return after


async def note_rejected(tx: Tx, answer: WrittenAnswer, why: str) -> WrittenAnswer:
    """Note that the platform does not take an answer; return it as it is then."""
    after = answer.rejected(why, tx.now)
    await store.save(tx, after)
    return after


async def give_to_people(tx: Tx, answer: WrittenAnswer, why: str) -> WrittenAnswer:
    """Let an answer that cannot be sent be given by hand; return it as it is then."""
    after = replace(answer, via=Via.BY_HAND, note=why)
    await store.save(tx, after)
    return after


async def postpone(tx: Tx, answer: WrittenAnswer, why: str) -> WrittenAnswer:
    """Note that an attempt failed; the next one follows later, unless it has been tried for too long."""
    if answer.accepted_at is None and tx.now > answer.written_at + GIVE_UP_AFTER:
        return await note_rejected(tx, answer, f"{NOT_SENT}: {why}")
    pause_seconds = back_off_seconds(answer.attempts, FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS)
    after = replace(answer, note=why, next_attempt_at=tx.now + timedelta(seconds=pause_seconds))
    await store.save(tx, after)
    return after


async def note_told(tx: Tx, limit: int) -> int:
    """Finish answers by hand that their platforms have told of; return how many were looked at."""
    found = await store.told(tx, limit)
    for answer, changed_at in found:
        review = await reviews.stored(tx, answer.tenant_id, answer.review_id)
        settled = None if review is None else _told(answer, review, tx.now)
        await store.save(tx, settled or replace(answer, next_attempt_at=changed_at))
    return len(found)


def _told(answer: WrittenAnswer, review: KnownReview, now: datetime) -> WrittenAnswer | None:
    """Return an answer as it is after what its platform has told by itself; None where that is nothing new."""
    state = review.state
    if review.stored.removed:
        return answer.rejected(GONE, now)
    if is_told(answer, state):
        return answer.published(state.answered_at or now, now)
    return answer.rejected("the platform has told that it rejects it", now) if rejection_told(answer, state) else None


async def _show(work: UnitOfWork, review: KnownReview, answer: WrittenAnswer) -> None:
    """Let the review have a published answer, and tell it."""
    if answer.published_at is None:
        return
    shown = answer.shown_as(answer.published_at)
    await revise(
        work, review, partial(answered, answer=shown), cause=answer.id, actor=answer.written_by, answers_of=answers_of
    )


async def _make_room(tx: Tx, review: KnownReview) -> None:
    """Let a submitted answer of which nothing has left be replaced."""
    before = await store.open_of(tx, review.tenant_id, review.id)
    if before is None:
        return
    if not before.may_be_replaced or not await store.save(tx, before.rejected(REPLACED, tx.now)):
        raise AnswerUnderWayError(
            "Another answer of this review is being sent. Wait until it is published or rejected."
        )


async def _lock_and_find(tx: Tx, tenant_id: str, review_id: UUID, *further_keys: str) -> KnownReview:
    review = await reviews.stored(tx, tenant_id, review_id)
    if review is None:
        raise UnknownReviewError
    await order_locks.lock(tx, [review_key(review), *further_keys])
    # As it is now: the lock may have been waited for.
    review = await reviews.stored(tx, tenant_id, review_id)
    if review is None:
        raise UnknownReviewError
    return review
