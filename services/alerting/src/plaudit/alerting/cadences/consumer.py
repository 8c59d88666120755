"""Four groups: what happens with customers, their reviews, and scores and requests for the digest."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from plaudit.alerting.cadences.commands import consent, persons
from plaudit.alerting.cadences.commands.rules import order_key
from plaudit.alerting.cadences.domain.consent import Said, opt_outs
from plaudit.alerting.cadences.domain.person import Happening, Told
from plaudit.alerting.cadences.domain.seen import Request, ReviewFacts, Score, Scores, kept_review, seen_request, wrote
from plaudit.alerting.cadences.store import digests
from plaudit.common import erasure
from plaudit.common.contracts import BOARD, CUSTOMERS, REVIEWS, SCORES
from plaudit.common.contracts.time import Instant
from plaudit.common.db import OrderKey, Tx
from plaudit.common.delivery.consent.commands import order_key as consent_key
from plaudit.common.erasure import REVIEW_ERASED, Erasure, Kind
from plaudit.common.events import Outgoing
from plaudit.common.kafka.subscription import InvalidRecordError, Record, Subscription

GATHER_SECONDS: Final = 0.25
"""Contacts are of days: so late a plan is made at most."""
CUSTOMER_ERASED: Final = "customer.erased"
CONSENT_SET: Final = "customer.consent_set"
GRANTED: Final = "granted"
DENIED: Final = "denied"
WROTE: Final = frozenset({"review.created", "review.edited", "review.restored"})
"""Types of events that tell of something that the author did."""


class CustomerFacts(msgspec.Struct, frozen=True):
    """What this group reads of events about customers."""

    person: str
    subject: str = ""
    happened_at: Instant | None = None
    received_at: Instant | None = None
    stage: str | None = None
    renews_at: Instant | None = None
    channel: str | None = None
    erased_at: Instant | None = None
    language: str | None = None
    zone: str | None = None
    consent: str | None = None
    said_at: Instant | None = None


def customer_keys(record: Record[CustomerFacts]) -> Iterable[OrderKey]:
    """Return the order keys of the person: of what is planned, and of what they want to hear."""
    tenant_id, person = record.event.tenant, record.event.data.person
    return order_key(tenant_id, person), consent_key(tenant_id, person)


async def apply_customers(tx: Tx, records: Sequence[Record[CustomerFacts]]) -> Sequence[Outgoing]:
    """Apply what happened with customers; one who was erased is deleted at that place of the order."""
    run: list[Happening] = []
    said: list[Said] = []
    for record in records:
        if record.event.type == CONSENT_SET:
            said.append(_said(record))
        elif record.event.type != CUSTOMER_ERASED:
            run.append(_happening(record))
        else:
            await consent.hear(tx, [*said, *opt_outs(run)])
            await persons.tell_all(tx, run)
            run, said = [], []
            await _erase(tx, record)
    # What is planned asks what the person wants to hear.
    await consent.hear(tx, [*said, *opt_outs(run)])
    await persons.tell_all(tx, run)
    return ()


def review_keys(record: Record[ReviewFacts]) -> Iterable[OrderKey]:
    """Return the order key of the author, where the event tells one."""
    event = record.event
    author = event.data.author
    return () if author is None else (order_key(event.tenant, author),)


async def apply_reviews(tx: Tx, records: Sequence[Record[ReviewFacts]]) -> Sequence[Outgoing]:
    """Note that customers have responded, and keep what the digest needs of their reviews."""
    keys = {(record.event.tenant, record.event.data.review_id) for record in records}
    gone = await erasure.erased_reviews(tx, keys)
    left = [each for each in records if (each.event.tenant, each.event.data.review_id) not in gone]
    written = [wrote(each.event.tenant, each.event.data, each.event.time) for each in left if each.event.type in WROTE]
    await persons.tell_all(tx, [each for each in written if each is not None])
    kept = [kept_review(each.event.tenant, each.event.data, each.event.time) for each in left]
    await digests.see_reviews(tx, [each for each in kept if each is not None])
    ended = {(each.event.tenant, each.event.data.review_id): _is_gone(each) for each in records}
    await digests.drop_reviews(tx, [key for key, is_gone in ended.items() if is_gone or key in gone])
    return ()


async def apply_scores(tx: Tx, records: Sequence[Record[Scores]]) -> Sequence[Outgoing]:
    """Keep the last score of each subject."""
    seen: dict[tuple[str, str], Score] = {}
    for record in records:
        score = record.event.data.trust(record.event.tenant)
        before = seen.get((score.tenant_id, score.subject))
        if before is None or before.number < score.number:
            seen[score.tenant_id, score.subject] = score
    await digests.see_scores(tx, list(seen.values()))
    return ()


async def apply_board(tx: Tx, records: Sequence[Record[Request]]) -> Sequence[Outgoing]:
    """Keep how each request of the board stands; its events come in order."""
    seen = [seen_request(record.event.tenant, record.event.data) for record in records]
    await digests.see_requests(tx, list({(each.tenant_id, each.request_id): each for each in seen}.values()))
    return ()


CUSTOMER_EVENTS: Final[Subscription[CustomerFacts]] = Subscription(
    group="alerting-customers",
    topic=CUSTOMERS,
    data=CustomerFacts,
    handle=apply_customers,
    order_keys=customer_keys,
    gather_seconds=GATHER_SECONDS,
)
REVIEW_EVENTS: Final[Subscription[ReviewFacts]] = Subscription(
    group="alerting-cadences",
    topic=REVIEWS,
    data=ReviewFacts,
    handle=apply_reviews,
    order_keys=review_keys,
    gather_seconds=GATHER_SECONDS,
)
SCORE_EVENTS: Final[Subscription[Scores]] = Subscription(
    group="alerting-scores", topic=SCORES, data=Scores, handle=apply_scores, gather_seconds=1.0
)
BOARD_EVENTS: Final[Subscription[Request]] = Subscription(
    group="alerting-board",
    topic=BOARD,
    data=Request,
    handle=apply_board,
    types=frozenset(BOARD.types) - {"person.erasure_requested"},  # which tells of no request
    gather_seconds=1.0,
)
SUBSCRIPTIONS: Final[tuple[Subscription[Any], ...]] = (CUSTOMER_EVENTS, REVIEW_EVENTS, SCORE_EVENTS, BOARD_EVENTS)


async def _erase(tx: Tx, record: Record[CustomerFacts]) -> None:
    event = record.event
    erased_at = event.data.erased_at or event.time
    await erasure.note(tx, [Erasure(event.tenant, Kind.PERSON, event.data.person, erased_at)])
    await persons.scrub(tx, (event.tenant, event.data.person))


def _said(record: Record[CustomerFacts]) -> Said:
    event, data = record.event, record.event.data
    if data.consent not in {GRANTED, DENIED} or data.said_at is None:
        raise InvalidRecordError(f"{event.type} says neither granted nor denied, or not when")
    return Said(event.tenant, data.person, is_granted=data.consent == GRANTED, said_at=data.said_at)


def _happening(record: Record[CustomerFacts]) -> Happening:
    event, data = record.event, record.event.data
    kind = event.type.removeprefix("customer.")
    if kind not in set(Told) or data.happened_at is None or not data.subject:
        raise InvalidRecordError(f"{event.type} lacks a subject or a time, or is no event of a customer")
    if kind == Told.STAGE_ENTERED and not data.stage:
        raise InvalidRecordError(f"{event.type} names no stage")
    return Happening(
        tenant_id=event.tenant,
        person=data.person,
        told=Told(kind),
        subject=data.subject,
        happened_at=data.happened_at,
        received_at=data.received_at or event.time,
        stage=data.stage,
        renews_at=data.renews_at,
        channel=data.channel,
        language=data.language,
        zone=data.zone,
    )


def _is_gone(record: Record[ReviewFacts]) -> bool:
    """Say whether a review is published no longer after this event."""
    return record.event.type == REVIEW_ERASED or record.event.data.after is None
