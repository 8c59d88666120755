"""The ledger on a real database: nothing in it ever changes."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from plaudit.common.db import Database, Role, Tx
from plaudit.scoring.history import store
from plaudit.scoring.history.domain import Happened, LedgerEntry, RevisedChange, ToldChange
from plaudit.scoring.sums.domain.traits import NUMBERS
from plaudit.scoring.topics.domain import ERASED
from plaudit_testing.scored import SOURCE_ID
from plaudit_testing.scored import sorted_review as scored

pytestmark = pytest.mark.postgres

REVIEW_ID = "01956e1c-8a50-7c3e-9d41-2f6f0a5b7c11"
KNOWN_AT = datetime(2026, 3, 2, 9, 0, 5, tzinfo=UTC)
VALID_AT = datetime(2026, 3, 2, 8, 59, 1, tzinfo=UTC)


def entry(sequence: int = 1, sign: int = 1, **fields: Any) -> LedgerEntry:
    review = scored(4.5, verified=False, origin="invited", kind="thumbs")
    told = ToldChange(
        tenant_id="default",
        type="review.created",
        partition=3,
        epoch=2,
        sequence=sequence,
        known_at=KNOWN_AT,
        change=RevisedChange(before=None, after=review, review_id=REVIEW_ID, revision=7),
    )
    told = msgspec.structs.replace(told, **fields)
    return LedgerEntry(
        told=told,
        sign=sign,
        review=review,
        traits=NUMBERS["thumbs", "invited", False],
        valid_at=VALID_AT,
        happened=Happened.EDITED,
        topics=5,
        other_star=2,
        other_traits=3,
        other_subject="acme",
        lowest=2,
        highest=5,
        newest_before=VALID_AT,
        first_shown_at=KNOWN_AT,
    )


async def test_every_column_holds_what_its_name_says(worker_tx: Tx) -> None:
    await store.append(worker_tx, [entry(sign=-1)])

    (row,) = await worker_tx.raw.fetch("SELECT * FROM ledger")
    assert dict(row) == {
        "tenant_id": "default",
        "partition": 3,
        "epoch": 2,
        "sequence": 1,
        "sign": -1,
        "review_id": UUID(REVIEW_ID),
        "revision": 7,
        "subject": "acme/berlin",
        "source_id": UUID(SOURCE_ID),
        "traits": 8,
        "rating": 4.5,
        "rated_at": datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=20_000),
        "valid_at": VALID_AT,
        "known_at": KNOWN_AT,
        "happened": 1,
        "topics": 5,
        "other_star": 2,
        "other_traits": 3,
        "other_subject": "acme",
        "lowest": 2,
        "highest": 5,
        "newest_before": VALID_AT,
        "first_shown_at": KNOWN_AT,
    }


async def test_a_change_has_an_entry_of_each_sign(worker_tx: Tx) -> None:
    await store.append(worker_tx, [entry(sign=-1), entry(sign=1)])
    await store.append(worker_tx, [])

    assert await worker_tx.raw.fetchval("SELECT count(*) FROM ledger") == 2


async def test_no_other_sign_is_taken(worker: Database) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        async with worker.transaction() as tx:
            await store.append(tx, [entry(sign=0)])


async def test_the_same_entry_is_refused_a_second_time(worker: Database) -> None:
    async with worker.transaction() as tx:
        await store.append(tx, [entry()])

    with pytest.raises(asyncpg.UniqueViolationError):
        async with worker.transaction() as tx:
            await store.append(tx, [entry(2), entry(1)])

    async with worker.transaction() as tx:
        assert await tx.raw.fetchval("SELECT array_agg(sequence) FROM ledger") == [1]


@pytest.mark.parametrize(
    "statement", ["UPDATE ledger SET rating = 1", "DELETE FROM ledger", "TRUNCATE ledger"], ids=lambda text: text[:6]
)
@pytest.mark.parametrize("role", [Role.WORKER, Role.API])
async def test_no_role_at_run_time_changes_or_deletes_an_entry(resources, statement: str, role: Role) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with resources.database(role).transaction("default") as tx:
            await tx.raw.execute(statement)


async def test_of_an_entry_only_the_topics_can_be_forgotten(worker: Database) -> None:
    async with worker.transaction() as tx:
        await store.append(tx, [entry(1), entry(2, tenant_id="other")])
        await store.clear_topics(tx, "default", REVIEW_ID)

        assert await tx.raw.fetchval("SELECT array_agg(topics ORDER BY sequence) FROM ledger") == [ERASED, 5]


async def test_a_request_sees_its_tenants_entries_and_writes_none(resources, worker: Database) -> None:
    async with worker.transaction() as tx:
        await store.append(tx, [entry(1), entry(2, tenant_id="other")])

    api = resources.database(Role.API)
    async with api.transaction("other") as tx:
        assert await tx.raw.fetchval("SELECT array_agg(sequence) FROM ledger") == [2]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with api.transaction("other") as tx:
            await store.append(tx, [entry(3, tenant_id="other")])
