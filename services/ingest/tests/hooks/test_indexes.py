"""Each index is paid for by every delivery, so each serves a query of the product."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest

from plaudit.common.db import Role, SqlTx
from plaudit.ingest.deliveries import store as deliveries
from plaudit.ingest.erasure import store as erasures
from plaudit.ingest.erasure.domain import Erasure
from plaudit.ingest.hooks import store as hooks
from plaudit.ingest.reviews import store as reviews
from plaudit.ingest.reviews.domain.filters import Filters
from plaudit.ingest.reviews.domain.order import Order
from plaudit_testing.running_ingest import DEFAULT, Ingest, Source, created

pytestmark = pytest.mark.postgres

DELIVERIES, REVIEWS_EACH = 6, 500
MANY_DELIVERIES = """
INSERT INTO ingest.deliveries
    (tenant_id, id, source_id, dedup_id, received_at, status, accepted, unchanged, headers, body)
SELECT tenant_id, gen_random_uuid(), gen_random_uuid(), 'msg_' || n, now() - n * interval '1 s', 202, 0, 0, '{}', body
FROM ingest.deliveries, generate_series(1, 500) AS n
"""
INDEXES = """
SELECT indexrelid::regclass::text, pg_stat_get_xact_numscans(indexrelid) > 0 FROM pg_index
WHERE indrelid = ANY('{ingest.deliveries, ingest.reviews, ingest.revisions}'::regclass[])
"""

Query = Callable[[SqlTx], Awaitable[object]]


async def scanned(ingest: Ingest, role: Role, query: Query) -> dict[str, bool]:
    """Whether the query used each of the indexes."""
    async with ingest.resources.database(role).transaction(DEFAULT) as tx:
        await query(tx)
        return {row[0]: row[1] for row in await tx.raw.fetch(INDEXES)}


async def test_each_index_of_what_a_delivery_writes_serves_a_query(ingest: Ingest, source: Source) -> None:
    for number in range(DELIVERIES):
        many = [created(f"r-{number}-{n}", author={"id": f"c-{number}-{n}"}) for n in range(REVIEWS_EACH)]
        assert (await ingest.post(source, many, f"msg_{number}")).status_code == 202
    await ingest.superuser.execute(MANY_DELIVERIES)
    await ingest.superuser.execute("ANALYZE")
    source_id = UUID(source.id)
    [[delivery_id]] = await ingest.rows("SELECT id FROM ingest.deliveries LIMIT 1")
    [[review_id]] = await ingest.rows("SELECT id FROM ingest.reviews LIMIT 1")

    async def known(tx: SqlTx) -> None:
        await hooks.known(tx, [(source.id, "msg_1")], [(source.id, "r-1-1")])

    of_person = Erasure(
        tenant_id=DEFAULT,
        id=review_id,
        review_id=None,
        person="native:c-1-1",
        address=None,
        requested_by="key:test",
        requested_at=datetime.now(UTC),
    )
    queries: dict[str, tuple[Role, Query]] = {
        "deliveries_dedup": (Role.HOOK, known),
        "deliveries_log": (
            Role.API, lambda tx: deliveries.page(tx, DEFAULT, deliveries.Filters(source_id), None, 2),
        ),
        "deliveries_told": (
            Role.API, lambda tx: deliveries.page(tx, DEFAULT, deliveries.Filters(quarantined=True), None, 2),
        ),
        "deliveries_pkey": (Role.API, lambda tx: deliveries.get(tx, DEFAULT, delivery_id)),
        "reviews_of_person": (Role.WORKER, lambda tx: erasures.reviews_of(tx, of_person, 20)),
        "reviews_pkey": (Role.HOOK, known),
        "reviews_list": (Role.API, lambda tx: reviews.page(tx, DEFAULT, Filters(), None, 50)),
        "reviews_ratings": (
            Role.API, lambda tx: reviews.page(tx, DEFAULT, Filters(), None, 50, order=Order.RATING),
        ),
        "revisions_changes": (
            Role.API, lambda tx: reviews.page(tx, DEFAULT, Filters(), None, 50, order=Order.CHANGED),
        ),
        "reviews_tenant_id_id_key": (Role.API, lambda tx: reviews.get(tx, DEFAULT, review_id)),
        "revisions_pkey": (Role.API, lambda tx: reviews.history(tx, DEFAULT, review_id)),
    }  # fmt: skip
    used = {name: (await scanned(ingest, role, query)) for name, (role, query) in queries.items()}
    assert set(used) == set(used["deliveries_dedup"]), "there is an index that no query here is named for"
    assert {name: scans[name] for name, scans in used.items()} == dict.fromkeys(used, True)
