"""What is asked for is of one instant: its parts add up, whatever is committed while they are read."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from plaudit.common.db import Role
from plaudit.scoring.half_lives import store as half_lives
from plaudit.scoring.main import build
from plaudit.scoring.scores import store as scores
from plaudit_testing.own_profiles import own, set_profile
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

REVIEWS = 3


async def comes(bus: Any, subject: str = "acme/berlin") -> None:
    """A review of this moment."""
    now = datetime.now(UTC) - timedelta(seconds=1)
    await bus.tell(None, review_state(5.0, subject, rated_at=now), time=now)


@pytest.fixture
async def between(bus: Any, superuser: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Some reviews, and from when it is called on, another one comes each time that sums have been read."""
    await set_profile(superuser, own("fast", 3.0))
    for _ in range(REVIEWS):
        await comes(bus)

    def after(read: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def and_then(*arguments: Any, **named: Any) -> Any:
            found = await read(*arguments, **named)
            await comes(bus)
            return found

        return and_then

    def begin() -> None:
        monkeypatch.setattr(scores, "sums_of", after(scores.sums_of))
        monkeypatch.setattr(half_lives, "parts_of", after(half_lives.parts_of))

    return begin


def of_figures(found: dict[str, Any]) -> list[int]:
    return [
        found["count"],
        found["velocity"]["last_30_days"],
        sum(each["count"] for each in found["by_source"]),
    ]


def of_projection(found: dict[str, Any]) -> list[int]:
    return [found["count"], found["pace"]["reviews"]]


ASKED = {
    "/v1/score-figures/acme": of_figures,
    "/v1/score-figures/acme?profile=fast": of_figures,
    "/v1/score-projections/acme": of_projection,
    "/v1/score-projections/acme?profile=fast": of_projection,
}


@pytest.mark.parametrize("address", ASKED)
async def test_the_parts_of_an_answer_count_the_same_reviews(
    api: httpx.AsyncClient, between: Callable[[], None], superuser: Any, address: str
) -> None:
    between()

    told = ASKED[address]((await api.get(address)).raise_for_status().json())

    assert set(told) == {REVIEWS}
    assert await superuser.fetchval("SELECT sum(n5) FROM scoring.sums WHERE prefix = 'acme'") > REVIEWS


async def test_the_parts_of_a_page_count_the_same_reviews(
    staff: httpx.AsyncClient, between: Callable[[], None], superuser: Any
) -> None:
    between()

    page = (await staff.get("/console/scores/subject?subject=acme")).raise_for_status().text

    assert f">{REVIEWS}<" in page
    assert await superuser.fetchval("SELECT sum(n5) FROM scoring.sums WHERE prefix = 'acme'") > REVIEWS
    for more in range(REVIEWS + 1, REVIEWS + 4):
        assert f">{more}<" not in page


async def test_the_calculation_that_everybody_sees_is_of_the_reviews_that_its_badge_counts(
    client_of: Any, between: Callable[[], None]
) -> None:
    writer = await client_of("default", "scores:read", "scores:write")
    await writer.put("/v1/badges/acme", json={"name": "Kite"})
    between()

    page = (await writer.get("/scores/how/fast?tenant=default&subject=acme")).raise_for_status().text

    assert f"With all {REVIEWS} reviews that are counted" in page
    assert f"{REVIEWS} reviews of 5 stars" in page


async def test_a_request_lets_no_other_sums_and_no_other_ledger_take_the_place_while_it_reads(resources: Any) -> None:
    """The new ones get their last rows while they do: an older snapshot would find them without these."""
    build(resources)
    async with resources.database(Role.API).snapshot("default") as tx:
        held = await tx.raw.fetch(
            "SELECT relation::regclass::text AS name FROM pg_locks "
            "WHERE pid = pg_backend_pid() AND locktype = 'relation' AND mode = 'AccessShareLock'"
        )
    assert {"sums", "ledger"} <= {row["name"] for row in held}
