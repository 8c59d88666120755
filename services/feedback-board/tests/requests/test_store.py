"""Requests as rows: each field is stored and read under its own name, and mentions are counted by index."""

import random
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import asyncpg
import pytest
from sqlalchemy.dialects import postgresql

from plaudit.common.db import Role
from plaudit.common.ids import uuid7
from plaudit.feedback_board.requests.domain.order import Order, sort_key
from plaudit.feedback_board.requests.domain.request import Draft, Request, new_request
from plaudit.feedback_board.requests.domain.status import Status
from plaudit.feedback_board.requests.domain.visibility import Visibility
from plaudit.feedback_board.requests.domain.weighing import Concern, ReachView
from plaudit.feedback_board.requests.store import counts, mentions, requests
from plaudit.feedback_board.requests.tables import requests as table

pytestmark = pytest.mark.postgres

NOON = datetime(2026, 3, 7, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=1)
FIXED = {
    *("tenant_id", "id", "slug", "title", "text", "subject", "persona", "created_at"),
    *("votes", "anonymous_votes", "merged_into", "merged_at"),
    *("author_key", "author_name", "visibility", "edited_at"),
}
"""What saving a request leaves as it is."""


def _one() -> Request:
    draft = Draft(title="Title", text="Text", subject="acme/berlin", persona="rider")
    return new_request("default", uuid7(), "slug", draft, NOON)


def _other(request: Request) -> Request:
    """The request with another value in every field but those that identify it."""
    changed = {
        "slug": "other",
        "title": "Other",
        "text": "Another text",
        "subject": None,
        "persona": None,
        "created_at": NOON - timedelta(days=1),
        "status": Status.PLANNED,
        "status_reason": "Because.",
        "status_changed_at": NOON + timedelta(days=1),
        "impact": Decimal(2),
        "effort_weeks": Decimal("7.25"),
        "priority": Decimal("3.50"),
        "votes": 3,
        "reach": 4,
        "unidentified_mentions": 5,
        "linked_reviews": 6,
        "last_mention_at": NOON + timedelta(days=2),
        "recount_at": NOON + timedelta(days=3),
        "revision": 7,
        "anonymous_votes": 2,
        "anonymous_reach": 1,
        "trend": 8,
        "merged_into": None,
        "merged_at": None,
        "sized_at": NOON + timedelta(days=4),
        "concern": Concern.SAFETY,
        "strata": {"": 3, "trial": 1},
        "muted_people": 1,
        "weighted_reach": Decimal("2.50"),
        "reach_view": ReachView.CAPPED,
        "reach_cap": 8,
        "formula_version": 9,
        "author_key": "visitor:1",
        "author_name": "Anna",
        "visibility": Visibility.HELD,
        "edited_at": NOON + timedelta(minutes=4),
    }
    assert changed.keys() | {"tenant_id", "id"} == {field.name for field in fields(Request)}
    return replace(request, **changed)


def test_the_table_has_a_column_for_each_field() -> None:
    assert set(table.c.keys()) == {field.name for field in fields(Request)}


async def test_a_request_is_read_as_it_was_inserted(resources) -> None:
    request = _other(_one())
    async with resources.database(Role.API).transaction("default") as tx:
        assert await requests.insert(tx, request)
        everything = tuple(Visibility)
        assert await requests.find(tx, "default", request.id, everything) == request
        assert await requests.find_by_slug(tx, "default", request.slug, everything) == request
        assert await requests.find_several(tx, [("default", request.id)], everything) == {
            ("default", request.id): request
        }


@pytest.mark.parametrize("visibility", [Visibility.HELD, Visibility.REMOVED])
async def test_what_is_held_or_removed_is_not_found_listed_or_counted(resources, visibility: Visibility) -> None:
    request = replace(_one(), visibility=visibility)
    async with resources.database(Role.API).transaction("default") as tx:
        assert await requests.insert(tx, request)
        assert await requests.find(tx, "default", request.id) is None
        assert await requests.find_by_slug(tx, "default", request.slug) is None
        assert await requests.find_several(tx, [("default", request.id)]) == {}
        for order in Order:
            assert await requests.list_in_order(tx, "default", order, limit=9) == []
        assert await requests.list_by_status_age(tx, "default", request.status, limit=9) == []
        assert not any((await counts.by_status(tx, "default")).values())


async def test_saving_writes_everything_but_what_never_changes_and_the_votes(resources) -> None:
    before = _one()
    after = _other(before)
    async with resources.database(Role.API).transaction("default") as tx:
        await requests.insert(tx, before)
        await requests.save(tx, after)
        found = await requests.find(tx, "default", before.id)
    assert found == replace(after, **{name: getattr(before, name) for name in FIXED})


async def test_a_slug_that_is_taken_inserts_nothing(resources) -> None:
    request = _one()
    other = replace(request, id=uuid7())
    async with resources.database(Role.API).transaction("default") as tx:
        assert await requests.insert(tx, request)
        assert not await requests.insert(tx, other)
        assert await requests.find(tx, "default", other.id) is None


async def test_a_plan_made_over_empty_tables_counts_mentions_by_index(board_url: str) -> None:
    connection = await asyncpg.connect(
        board_url, server_settings={"search_path": "feedback_board", "plan_cache_mode": "force_generic_plan"}
    )
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL ROLE plaudit_feedback_board_api")
            plan = await connection.fetch(f"EXPLAIN {mentions._COUNT}", "default", uuid7(), NOON)
            plan += await connection.fetch(f"EXPLAIN {mentions._REVIEWERS}", ["default"], [uuid7()], ["anna"], NOON)
            plan += await connection.fetch(f"EXPLAIN {mentions._NEWEST}", "default", uuid7())
    finally:
        await connection.close()
    text = "\n".join(line[0] for line in plan)
    for table_name in ("votes", "links", "reviews", "persona_people"):
        assert f"Seq Scan on {table_name}" not in text, text


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("statuses", [(), (Status.OPEN, Status.UNDER_REVIEW)])
async def test_paging_visits_each_request_once_and_in_order_while_votes_arrive(
    resources, order: Order, statuses: tuple[Status, ...]
) -> None:
    """Requests of few different figures, read two by two; between pages the first of all gets votes."""
    made = [_drawn(number) for number in range(24)]
    expected = sorted(
        (each for each in made if not statuses or each.status in statuses), key=lambda each: sort_key(order, each)
    )
    seen: list[Request] = []
    after = None
    async with resources.database(Role.API).transaction("default") as tx:
        for each in made:
            assert await requests.insert(tx, each)
        while page := await requests.list_in_order(tx, "default", order, statuses=statuses, after=after, limit=2):
            seen += page
            after = sort_key(order, page[-1])
            await requests.save(tx, replace(expected[0], reach=1_000, trend=2**60, last_mention_at=LATER))
    assert [each.id for each in seen] == [each.id for each in expected]


def _drawn(number: int) -> Request:
    draw = random.Random(number)
    made = new_request("default", uuid7(), f"slug-{number}", Draft(title="Title", text=""), NOON)
    return replace(
        made,
        status=draw.choice([*Status]),
        impact=Decimal(2),
        effort_weeks=Decimal(1),
        priority=Decimal(draw.randrange(3)) / 4,
        reach=draw.randrange(2),
        votes=draw.randrange(3),
        trend=draw.randrange(3),
        created_at=NOON + timedelta(microseconds=draw.randrange(3)),
        last_mention_at=NOON + timedelta(microseconds=draw.randrange(3)),
    )


@pytest.mark.parametrize("order", Order)
async def test_each_order_is_read_by_its_index_from_where_a_page_begins(resources, order: Order) -> None:
    """Under row security: the place of the page is a condition of the index, and no row before it is read."""
    statement = requests.in_order(
        "default", order, statuses=(), where=(), after=sort_key(order, _one()), limit=50
    ).compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    async with resources.database(Role.API).transaction("default") as tx:
        await tx.raw.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        plan = "\n".join(line[0] for line in await tx.raw.fetch(f"EXPLAIN {statement}"))
    place, *_ = requests._PLACES[order]
    assert f"Index Scan using requests_{place} " in plan, plan
    (condition,) = [line for line in plan.splitlines() if "Index Cond" in line]
    assert f"ROW({place}, " in condition, plan
