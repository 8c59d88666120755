"""What notes an erasure, checks what is written against it, and scrubs the stores of a service bit by bit."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec.structs import replace

from plaudit.common.contracts.envelope import Envelope
from plaudit.common.db import Tx
from plaudit.common.erasure import store
from plaudit.common.erasure.domain import (
    GONE,
    REVIEW_ERASED,
    Erased,
    Erasure,
    Kind,
    Stage,
    erasure_in,
    name_of,
    scrubbed,
    told_in,
)
from plaudit.common.tenants import store as tenants

LETTERS_PER_TURN: Final = 500
OUTBOX_ROWS_PER_TURN: Final = 2_000
FIRST_ID: Final = UUID(int=0)

Scrub = Callable[[Tx, Erased], Awaitable[int]]
"""Scrubs a bounded part of a service's own stores; returns how much was done, 0 when nothing is left.

It may be called again with the same, also by two processes at once. Its order keys are locked before it writes.
"""


async def note(tx: Tx, erasures: Collection[Erasure]) -> None:
    """Remember what events say that was erased, so that nothing of it is written again and a job scrubs the rest."""
    keys = await _tenant_keys(tx, erasures)
    await store.note(
        tx,
        [
            Erased(
                tenant_id=each.tenant_id,
                kind=each.kind,
                name=name_of(each.kind, each.name, keys[each.tenant_id]),
                wanted=each.name,
                erased_at=each.erased_at,
                noted_at=tx.now,
            )
            for each in erasures
        ],
    )


async def note_reviews(tx: Tx, events: Iterable[Envelope[Any]]) -> None:
    """Remember the reviews that events of `reviews.v1` say were erased, if any says so."""
    erasures = [
        Erasure(event.tenant, Kind.REVIEW, event.data.review_id, event.time)
        for event in events
        if event.type == REVIEW_ERASED
    ]
    if erasures:
        await note(tx, erasures)


async def erased_reviews(tx: Tx, reviews: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return those of the reviews, each (tenant id, review id), that were erased."""
    found = await store.among(tx, {(tenant_id, Kind.REVIEW, review_id) for tenant_id, review_id in reviews})
    return {(tenant_id, review_id) for tenant_id, _, review_id in found}


async def erased_persons(tx: Tx, persons: Collection[tuple[str, str]]) -> dict[tuple[str, str], datetime]:
    """Return those of the persons, each (tenant id, person key), that were erased, and up to when."""
    asked = {key: Erasure(key[0], Kind.PERSON, key[1], tx.now) for key in persons}
    keys = await _tenant_keys(tx, asked.values())
    names = {key: _known_as(each, keys) for key, each in asked.items()}
    found = await store.among(tx, set(names.values()))
    return {key: found[name] for key, name in names.items() if name in found}


async def scrub_values(tx: Tx, values: Sequence[bytes | None]) -> list[tuple[bytes | None, bool]]:
    """Return records that are to be stored, each without what was erased, and whether anything was taken from it.

    A record that tells of an erasure is noted here: it may never come to a handler.
    """
    await note(tx, [erasure for value in values if (erasure := erasure_in(value)) is not None])
    told = [told_in(value) for value in values]
    keys = await _tenant_keys(tx, [each for every in told for each in every])
    found = await store.among(tx, {_known_as(each, keys) for every in told for each in every})
    return [_checked(value, every, keys, found) for value, every in zip(values, told, strict=True)]


async def carry_on(tx: Tx, scrub: Scrub) -> int:
    """Carry on scrubbing for what was erased first; return how much was done, 0 where there is nothing to do now."""
    erased = await store.first_open(tx)
    if erased is None:
        return 0
    if erased.stage is Stage.STORES:
        done = await scrub(tx, erased)
        after = erased if done else replace(erased, stage=Stage.LETTERS, place=str(FIRST_ID))
    elif erased.stage is Stage.LETTERS:
        after, done = await _scrub_letters(tx, erased)
    else:
        after, done = await _scrub_outbox(tx, erased)
    if after != erased:
        await store.save(tx, erased, after)
    return done or 1


async def _scrub_letters(tx: Tx, erased: Erased) -> tuple[Erased, int]:
    """Scrub a batch of dead letters. Their errors may quote them, and the key of a record may name a person."""
    erasure = _erasure(erased)
    needle = erasure.name.encode()
    letters = await store.letters_after(tx, UUID(erased.place), LETTERS_PER_TURN, needle)
    for letter in letters:
        value = None if letter.value is None else scrubbed(letter.value, erasure)
        if value is not None or (letter.tells and not told_in(letter.value)):
            await store.rewrite_letter(
                tx, letter.id, letter.value if value is None else value, _key(letter.record_key, erasure), GONE
            )
    if letters:
        return replace(erased, place=str(letters[-1].id)), len(letters)
    return replace(erased, stage=Stage.OUTBOX, place="0 0"), 1


async def _scrub_outbox(tx: Tx, erased: Erased) -> tuple[Erased, int]:
    """Scrub a batch of events that are still in the outbox, published or not."""
    erasure = _erasure(erased)
    xid, row_id = erased.place.split()
    rows = await store.outbox_after(tx, xid, int(row_id), OUTBOX_ROWS_PER_TURN, erasure.name.encode())
    for row in rows:
        envelope = None if row.envelope is None else scrubbed(row.envelope, erasure)
        if envelope is not None:
            await store.rewrite_outbox(tx, row, envelope)
    if rows:
        return replace(erased, place=f"{rows[-1].xid} {rows[-1].id}"), len(rows)
    return replace(erased, stage=Stage.DONE, place="", wanted=None), 1


async def _tenant_keys(tx: Tx, erasures: Collection[Erasure]) -> dict[str, bytes]:
    """Return tenant id → the key of its hashes, of those tenants whose persons are named."""
    named = sorted({each.tenant_id for each in erasures if each.kind is Kind.PERSON})
    found = {tenant_id: await tenants.person_key_of(tx, tenant_id) or b"" for tenant_id in named}
    return {**dict.fromkeys((each.tenant_id for each in erasures), b""), **found}


def _known_as(erasure: Erasure, keys: dict[str, bytes]) -> tuple[str, Kind, str]:
    return erasure.tenant_id, erasure.kind, name_of(erasure.kind, erasure.name, keys[erasure.tenant_id])


def _checked(
    value: bytes | None, told: Sequence[Erasure], keys: dict[str, bytes], found: dict[tuple[str, Kind, str], datetime]
) -> tuple[bytes | None, bool]:
    is_scrubbed = False
    for each in told:
        erased_at = found.get(_known_as(each, keys))
        if erased_at is None or value is None:
            continue
        left = scrubbed(value, replace(each, erased_at=erased_at))
        value, is_scrubbed = (value, is_scrubbed) if left is None else (left, True)
    return value, is_scrubbed


def _erasure(erased: Erased) -> Erasure:
    assert erased.wanted is not None, "it is kept until all stores are scrubbed"
    return Erasure(erased.tenant_id, erased.kind, erased.wanted, erased.erased_at)


def _key(record_key: bytes | None, erasure: Erasure) -> bytes | None:
    return None if record_key is not None and erasure.name.encode() in record_key else record_key
