"""What is kept of reviews and is no number any more, or infinite, shows nowhere: the ledger answers in its place."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from plaudit.common.contracts import Kind
from plaudit.common.db import Database
from plaudit.scoring.cells import store as cells
from plaudit.scoring.moves import commands as moves
from plaudit.scoring.reconciliation.jobs import reconcile, reconcile_large
from plaudit.scoring.reconciliation.store.celled import Celled
from plaudit_testing.own_profiles import own, set_profile
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

NOW = datetime.now(UTC).replace(microsecond=0)
DAMAGED = {
    "sums": ("total", "trust_a", "trust_b2", "trust_w5", "recent_a", "recent_w1"),
    "tenant_sums": ("a", "b2", "w5"),
    "cells": ("total", "trust_a", "trust_b2", "recent_w1"),
    "rated_cells": ("trust_w", "trust_b2", "recent_w"),
    "moves": ("changes", "n", "trust_a", "recent_b"),
}
CASES = [
    *(pytest.param(table, names, "NaN", id=f"{table} that are no numbers") for table, names in DAMAGED.items()),
    *(pytest.param(table, names[1:2], "Infinity", id=f"{table}, one infinite") for table, names in DAMAGED.items()),
    pytest.param("sums", DAMAGED["sums"][-1:], "-Infinity", id="sums, one infinite below zero"),
]
PROFILES = ("trust", "recent", "lifetime", "fast")
PAST = f"{NOW - timedelta(days=40):%Y-%m-%dT%H:%M:%SZ}"
NUMBERS = [
    "/v1/scores?",
    "/v1/scores/acme?",
    f"/v1/scores/acme?at={PAST}&",
    f"/v1/scores/acme?known_at={PAST}&",
    "/v1/score-figures/acme?",
    f"/v1/score-figures/acme?at={PAST}&",
    "/v1/score-projections/acme?",
    "/v1/score-ranking?",
    f"/v1/score-explanations/acme?from={PAST}&",
    f"/v1/score-effects?subject=acme&rating=1&rated_at={PAST}&",
    f"/v1/score-series?subject=acme&step=week&from={PAST}&to={NOW:%Y-%m-%dT%H:%M:%SZ}&",
]
PAGES = [
    *(
        f"/console/scores{path}?subject=acme&profile={profile}"
        for path in ("", "/subject", "/subject/now", "/projection", "/explanation")
        for profile in ("trust", "fast")
    ),
    *(f"/scores/how/{profile}?tenant=default&subject=acme" for profile in PROFILES),
    *(f"/badges/default/acme{end}" for end in (".svg", ".html", ".json")),
]
NO_NUMBER = re.compile(r"\b(nan|inf|infinity)\b", re.IGNORECASE)


@pytest.fixture
async def reader(client_of: Any) -> httpx.AsyncClient:
    return await client_of("default", "scores:read", "scores:write")


@pytest.fixture
async def acme(groups: Any, large: Any, worker: Database, superuser: Any, reader: httpx.AsyncClient) -> None:
    """A large subject with all that is kept of one, a profile of its tenant's own, a badge and a marker."""
    await set_profile(superuser, own("fast", 3.0))
    for number in range(24):
        known_at = NOW - timedelta(days=100 - 4 * number, minutes=number)
        kind = Kind.CES if number % 8 == 7 else Kind.STARS
        state = review_state((5.0, 1.0, 4.0)[number % 3], "acme/berlin", rated_at=known_at, kind=kind)
        await groups.tell(None, state, time=known_at, partition=number % 2)
    await large.name_large("acme")
    while await worker.holds(cells.HAS_WORK):
        await large.carry_on()
    done = 1
    while done:
        async with worker.driver_transaction() as tx:
            done = await moves.carry_on(tx)
    for table in DAMAGED:
        assert await superuser.fetchval(f"SELECT count(*) FROM scoring.{table} WHERE prefix = 'acme'"), table
    (await reader.put("/v1/badges/acme", json={"name": "Kite"})).raise_for_status()


def numbers(found: Any) -> list[Any]:
    """All that is told, but for when."""
    if isinstance(found, dict):
        return [each for name, value in sorted(found.items()) for each in numbers(value) if "seconds" not in name]
    if isinstance(found, list):
        return [each for value in found for each in numbers(value)]
    return [-1.0 if found is None else found] if isinstance(found, int | float | None) else []


async def told(reader: httpx.AsyncClient, profiles: Iterable[str]) -> dict[str, list[Any]]:
    addresses = [f"{path}profile={profile}" for path in NUMBERS for profile in profiles]
    return {each: numbers((await reader.get(each)).raise_for_status().json()) for each in addresses}


@pytest.mark.parametrize(("table", "columns", "number"), CASES)
async def test_every_answer_and_page_is_as_before_and_what_is_damaged_is_made_anew(
    acme: None,
    reader: httpx.AsyncClient,
    worker: Database,
    superuser: Any,
    table: str,
    columns: Sequence[str],
    number: str,
) -> None:
    profiles = ["fast"] if table == "tenant_sums" else ["trust", "recent", "lifetime"]
    right = await told(reader, profiles)
    damage = ", ".join(f"{column} = '{number}'" for column in columns)
    await superuser.execute(f"UPDATE scoring.{table} SET {damage} WHERE prefix = 'acme'")

    found = await told(reader, profiles)

    for address, wanted in right.items():
        assert found[address] == pytest.approx(wanted, rel=1e-4, abs=1e-4), address
    for address in PAGES:
        page = await reader.get(address, headers={"accept": "text/html"})
        assert page.status_code == 200, address
        assert NO_NUMBER.search(page.text) is None, address

    outcome = await reconcile(worker, "default", "acme") + await reconcile_large(worker, Celled("default", "acme"))
    assert outcome.skipped == 0
    assert outcome.differing + outcome.rounded > 0
    assert outcome.differing > 0 or table not in {"sums", "tenant_sums"}, "an operator hears of it"
