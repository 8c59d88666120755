"""What tries a delivery out. It changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any
from uuid import UUID

import msgspec

from plaudit.common.db import Tx
from plaudit.common.strict_json import InvalidJsonError
from plaudit.ingest.deliveries.domain import EventVerdict, RevisedReview, Verdict, pointer_of, verdicts
from plaudit.ingest.hooks import store as hooks
from plaudit.ingest.hooks.domain import ACCEPTED, BAD_REQUEST, ID_REUSED, UNPROCESSABLE, Delivery, Group, Outcome
from plaudit.ingest.platforms import ADAPTERS, UnusableBodyError
from plaudit.ingest.platforms.proofs import IssuerKeys, OidcBearer
from plaudit.ingest.reviews.domain.instructions import NO_INSTRUCTION, Item, Quarantined
from plaudit.ingest.reviews.domain.state import ReviewState, StoredReview
from plaudit.ingest.reviews.events import published_state
from plaudit.ingest.sorting import store as sorting_rules
from plaudit.ingest.sources.domain import KeyedSource
from plaudit.ingest.test_console import store
from plaudit.ingest.test_console.domain import (
    UNKNOWN_KEY,
    Headers,
    Proved,
    State,
    Step,
    prove,
    unreadable_step,
)

UNAUTHORIZED = 401


class TriedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event, what would become of it, and the review before and after the delivery."""

    verdict: EventVerdict
    pointer: str | None
    """The place in the event that its reason names."""
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of a delivery."""

    status: int
    """That it would be answered with."""
    proved: Proved
    steps: tuple[Step, ...]
    events: tuple[TriedEvent, ...]


async def try_out(
    tx: Tx, source: KeyedSource, headers: Headers, body: bytes, now: float, token: str | None = None, address: str = ""
) -> Tried:
    """Return what would become of a delivery. The database refuses whatever would be written.

    Args:
        tx: the open transaction of the source's tenant.
        source: that it would be posted to.
        headers: with names in lower case.
        body: as it would be sent.
        now: Unix seconds that it would be received at.
        token: the end of the address that it would be sent to, where the secret is in it.
        address: of Plaudit from outside, which tokens of issuers are meant for.
    """
    await store.write_nothing(tx)
    adapter = ADAPTERS[source.platform].of(source.mapping)
    proof = adapter.proof
    if isinstance(proof, OidcBearer):
        proof = replace(proof, audience=f"{address}/v1/hooks/{source.id}", issuer_keys=IssuerKeys())
    proved = prove(proof, headers, body, source.proving, now, token)
    steps = [*proved.steps, *_allowed(source)]
    if source.paused_at is not None:
        steps.append(Step(name="source", state=State.WRONG, words="The source is paused: it would be kept unread."))
    try:
        items = adapter.read(body, source, dict(headers))
    except (InvalidJsonError, UnusableBodyError) as error:
        steps.append(unreadable_step(error))
        status = BAD_REQUEST if isinstance(error, InvalidJsonError) else UNPROCESSABLE
        return Tried(status=_status(proved, status), proved=proved, steps=tuple(steps), events=())
    steps.append(Step(name="json", state=State.OK, words="The body is strict JSON, or lines of it."))
    steps.append(Step(name="shape", state=_shape(items), words=_shape_words(items, adapter.title)))
    outcome, group, known, before = await _decided(tx, source, items, proved.sent_id, body)
    if known is not None:
        steps.append(_repetition(known, body))
    events = _events(items, outcome, group, source, before)
    status = known.status if known is not None and known.body == body else outcome.status
    status = ACCEPTED if known is not None and known.body != body else status
    return Tried(status=_status(proved, status), proved=proved, steps=tuple(steps), events=tuple(events))


async def _decided(
    tx: Tx, source: KeyedSource, items: Sequence[Item], sent_id: str | None, body: bytes
) -> tuple[Outcome, Group, Outcome | None, Mapping[tuple[str, str], StoredReview | None]]:
    """Decide as the hook would, and keep nothing."""
    numbers = count(1)
    delivery = Delivery(
        id=str(UUID(int=0)),
        source=source,
        sent_id=None,
        headers="{}",
        body=body,
        events=items,
        removals_are_final=ADAPTERS[source.platform].of(source.mapping).tells.removals_are_final,
        rules=await sorting_rules.rules_of(tx, source.tenant_id),
    )
    dedup_keys = [] if sent_id is None else [(source.id, sent_id)]
    outcomes, reviews = await hooks.known(tx, dedup_keys, dict.fromkeys(delivery.review_keys))
    erased = await hooks.erased_people(tx, delivery.authors)
    before = {key: each if isinstance(each, StoredReview) else None for key, each in reviews.items()}
    group = Group(tx.now, lambda: UUID(int=next(numbers)), {}, reviews, erased)
    outcome = group.take(delivery).outcome
    return outcome, group, next(iter(outcomes.values()), None), before


def _events(
    items: Sequence[Item],
    outcome: Outcome,
    group: Group,
    source: KeyedSource,
    before: Mapping[tuple[str, str], StoredReview | None],
) -> list[TriedEvent]:
    made: dict[str, RevisedReview] = {}
    for new in group.revisions:
        external_id = new.stored.external_id
        earlier = made[external_id].revisions if external_id in made else ()
        made[external_id] = RevisedReview(UUID(new.stored.review_id), (*earlier, new.stored.revision))
    aside = {
        Verdict.QUARANTINED: outcome.quarantined,
        Verdict.HELD: outcome.held,
        Verdict.IGNORED: outcome.ignored,
    }
    events = []
    for item, verdict in zip(items, verdicts(items, aside, made), strict=True):
        key = (source.id, verdict.external_id or "")
        stored, latest = before.get(key), group.latest.get(key)
        was_known = None if stored is None else UUID(stored.review_id)
        is_read = not isinstance(item, NO_INSTRUCTION)
        events.append(
            TriedEvent(
                verdict=msgspec.structs.replace(verdict, review_id=was_known),
                pointer=pointer_of(verdict.reason) if verdict.reason else None,
                before=_content(stored.state) if stored is not None and is_read else None,
                after=_content(latest.stored.state) if latest is not None and is_read else None,
            )
        )
    return events


def _content(state: ReviewState | None) -> dict[str, Any] | None:
    if state is None:
        return None
    content: dict[str, Any] = msgspec.to_builtins(published_state(state))
    return content


def _allowed(source: KeyedSource) -> list[Step]:
    if not source.allowed_addresses:
        return []
    networks = ", ".join(source.allowed_addresses)
    return [Step(name="sender", state=State.UNKNOWN, words=f"It must come from {networks}; that is not checked here.")]


def _shape(items: Sequence[Item]) -> State:
    return State.WRONG if any(isinstance(item, Quarantined) for item in items) else State.OK


def _shape_words(items: Sequence[Item], title: str) -> str:
    wrong = sum(isinstance(item, Quarantined) for item in items)
    if wrong:
        return f"{wrong:,} of {len(items):,} events cannot be understood; each says below where and why."
    found = "one event" if len(items) == 1 else f"{len(items):,} events"
    return f"It holds {found}, as {title} sends them."


def _repetition(known: Outcome, body: bytes) -> Step:
    if known.quarantine_reason == ID_REUSED or (known.body != body and known.scrubbed_at is None):
        words = "A delivery with this id came before with another body: this one would be kept apart and not read."
        return Step(name="repetition", state=State.WRONG, words=words)
    words = "A delivery with this id came before: it would get the same answer again, and nothing would change."
    return Step(name="repetition", state=State.UNKNOWN, words=words)


def _status(proved: Proved, status: int) -> int:
    return status if proved.error is None or proved.error.reason == UNKNOWN_KEY else UNAUTHORIZED
