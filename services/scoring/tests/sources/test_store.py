"""What sources are called, on a real database."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from plaudit.common.db import Role, Tx
from plaudit.scoring.insight.consumer import INSIGHT
from plaudit.scoring.sources import store
from plaudit.scoring.sources.domain import Source, latest, name_of, named, names_apart
from plaudit_testing.review_events import RECORDED, SOURCE, pending_envelope, review_state

pytestmark = pytest.mark.postgres


def told(name: str, *, days: float = 0, tenant_id: str = "default") -> Source:
    return Source(
        tenant_id=tenant_id,
        source_id=SOURCE.id,
        name=name,
        platform="native",
        told_at=RECORDED + timedelta(days=days),
    )


async def name(tx: Tx) -> str:
    return name_of(await store.named(tx, "default", [SOURCE.id]), SOURCE.id)


async def test_what_was_told_last_is_known_in_whatever_order_it_comes(worker_tx: Tx) -> None:
    for each in (told("First", days=1), told("Third", days=3), told("Second", days=2)):
        await store.note(worker_tx, latest([each]))

    assert await name(worker_tx) == "Third"


async def test_a_name_that_is_known_is_not_written_again(worker_tx: Tx) -> None:
    version = "SELECT xmin::text || ctid::text FROM sources"
    await store.note(worker_tx, [told("Shop")])
    before = await worker_tx.raw.fetchval(version)

    await store.note(worker_tx, [told("Shop", days=1)])

    assert await worker_tx.raw.fetchval(version) == before


async def test_a_source_that_no_review_has_told_of_is_named_by_the_end_of_its_id(worker_tx: Tx) -> None:
    assert await name(worker_tx) == f"source …{SOURCE.id[-6:]}"
    assert await store.named(worker_tx, "default", []) == {}


def test_of_several_tellings_the_latest_counts():
    assert [each.name for each in latest([told("New", days=1), told("Old")])] == ["New"]


def test_an_unknown_source_has_no_name_and_no_platform():
    assert named(None) == {"source_name": None, "platform": None}
    assert named(told("Shop")) == {"source_name": "Shop", "platform": "native"}


async def test_a_tenant_sees_its_own_sources_alone(resources, worker) -> None:
    async with worker.transaction() as tx:
        await store.note(tx, [told("Ours"), told("Theirs", tenant_id="other")])

    async with resources.database(Role.API).transaction("other") as tx:
        assert await store.named(tx, "default", [SOURCE.id]) == {}
        assert {each.name for each in (await store.named(tx, "other", [SOURCE.id])).values()} == {"Theirs"}


async def test_insights_group_keeps_what_the_source_of_a_review_is_called(bus: Any, worker) -> None:
    renamed = msgspec.structs.replace(SOURCE, name="Acme on the high street")
    await bus.give(INSIGHT, pending_envelope(None, review_state(5)), sequence=1)
    await bus.give(INSIGHT, pending_envelope(None, review_state(5, source=renamed), time=RECORDED + timedelta(1)), 2)

    async with worker.transaction() as tx:
        assert await name(tx) == "Acme on the high street"


async def test_the_first_sources_are_those_of_one_tenant_by_their_names(worker_tx: Tx) -> None:
    ids = [f"01956d00-0000-7000-8000-00000000000{number}" for number in range(1, 5)]
    names = ["west", "East", "north", "south"]
    told_of = [msgspec.structs.replace(told(each), source_id=i) for i, each in zip(ids, names, strict=True)]
    await store.note(worker_tx, latest([*told_of, told("Apart", tenant_id="another")]))

    found = await store.first(worker_tx, "default", 3)

    assert [(key, each.source_id, each.name) for key, each in found.items()] == [
        (ids[1], ids[1], "East"),
        (ids[2], ids[2], "north"),
        (ids[3], ids[3], "south"),
    ]


def test_sources_of_one_name_have_the_ends_of_their_ids_beside_it() -> None:
    ids = [f"01956d00-0000-7000-8000-00000000000{number}" for number in range(1, 5)]
    known = {i: told(name) for i, name in zip(ids, ["Shop", "Shop", "App"], strict=False)}

    assert [*names_apart(known, ids).values()] == [
        "Shop (…000001)",
        "Shop (…000002)",
        "App",
        "source …000004",
    ]
