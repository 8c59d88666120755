"""Whatever happens to votes, links, sets, personas and weights, figures by steps are those of all rows counted anew."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from plaudit.common.db import Database, Role
from plaudit.common.outbox import UnitOfWork
from plaudit.feedback_board.personas import commands as personas
from plaudit.feedback_board.personas.domain import Source
from plaudit.feedback_board.requests.domain.reach import ANONYMOUS_PREFIX, counted_since
from plaudit.feedback_board.requests.domain.request import Request, recounted
from plaudit.feedback_board.requests.store import mentions, recounts, requests, sets, weighing
from plaudit.feedback_board.votes import commands as votes
from plaudit_testing.runtime import until

pytestmark = pytest.mark.postgres

DAY: Final = timedelta(days=1)
TENANT: Final = "default"
PEOPLE: Final = [f"native:{number}" for number in range(7)]
VISITORS: Final = [f"{ANONYMOUS_PREFIX}{number:032x}" for number in range(2)]
STEPS: Final = 50
FURTHEST: Final = 300 * DAY
TREND_CLOSE: Final = 1_000
"""A millisecond, in microseconds: what rounding may add up to."""

_PEOPLE_OF_ROOTS = """
SELECT coalesce(requests.merged_into, requests.id) AS root_id, held.person_key, persona_id::text AS persona
FROM (
    SELECT request_id, person_key, voted_at AS at FROM votes
    UNION ALL
    SELECT links.request_id, reviews.person_key, reviews.published_at
    FROM links JOIN reviews ON reviews.id = links.review_id WHERE reviews.present
) AS held
JOIN requests ON requests.id = held.request_id
LEFT JOIN persona_people ON persona_people.person_key = held.person_key
WHERE held.at > $1
"""

_WAITING = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


async def _assert_as_counted_anew(worker: Database, *, all_of_them: bool) -> int:
    """Compare every root that waits for no recount, or every one; return how many these were."""
    compared = 0
    async with worker.transaction() as tx:
        rows = await tx.raw.fetch(_PEOPLE_OF_ROOTS, counted_since(tx.now))
        people = {
            (row["root_id"], row["person_key"]): row["persona"] or ""
            for row in rows
            if row["person_key"] and not row["person_key"].startswith(ANONYMOUS_PREFIX)
        }
        waiting = {request_id for _, request_id in await recounts.list_due(tx, 1_000)}
        assert not (all_of_them and waiting)
        held = await weighing.find(tx, TENANT)
        for row in await tx.raw.fetch(
            "SELECT id FROM requests WHERE merged_into IS NULL AND NOT id = ANY($1)", [*waiting]
        ):
            kept = await requests.find(tx, TENANT, row["id"])
            assert kept is not None
            assert kept.strata == Counter(persona for (root_id, _), persona in people.items() if root_id == kept.id)
            counted = recounted(kept, await mentions.count(tx, TENANT, kept.id), held)
            assert (kept.votes, kept.anonymous_votes) == await sets.count_votes(tx, TENANT, [kept.id])
            assert abs(kept.trend - counted.trend) <= TREND_CLOSE
            for field in fields(Request):
                if field.name != "trend":
                    assert getattr(kept, field.name) == getattr(counted, field.name), field.name
            compared += 1
    return compared


class Drawn:
    """Things that happen to a board, drawn at random, over the API."""

    def __init__(self, seed: int, api: httpx.AsyncClient, reviews: Any, clock: Any, recount: Any) -> None:
        self._draw = random.Random(seed)
        self._api, self._reviews, self._clock, self._recount = api, reviews, clock, recount
        self._requests: list[str] = []
        self._personas: list[str] = []
        self._known: dict[UUID, int] = {}
        self._moved = timedelta()
        self.kinds: Mapping[Callable[[], Awaitable[Any]], int] = {
            self.vote: 12,
            self.withdraw: 8,
            self.link: 4,
            self.unlink: 2,
            self.assign: 4,
            self.unassign: 2,
            self.merge: 2,
            self.unmerge: 2,
            self.mute: 1,
            self.unmute: 1,
            self.set_view: 1,
            self.set_concern: 1,
            self.change_review: 2,
            self.move_time: 1,
            self.recount_some: 3,
        }

    async def begin(self) -> None:
        for number in range(4):
            made = await self._api.post("/v1/requests", json={"title": f"Request {number}"})
            self._requests.append(f"/v1/requests/{made.json()['id']}")
            await self._api.put(f"{self._requests[-1]}/sizing", json={"impact": 2, "effort_weeks": 3})
        for name in ("Trial", "School"):
            self._personas.append((await self._api.post("/v1/personas", json={"name": name})).json()["id"])
        for _ in range(6):
            review_id = await self._reviews.published(person=self._author(), published_at=self._age())
            self._known[review_id] = 1

    async def step(self) -> str:
        (kind,) = self._draw.choices(list(self.kinds), list(self.kinds.values()))
        await kind()
        return kind.__name__

    async def vote(self) -> None:
        await self._api.post(f"{self._request}/votes", json={"person": self._draw.choice([*PEOPLE, *VISITORS])})

    async def withdraw(self) -> None:
        person = self._draw.choice([*PEOPLE, *VISITORS])
        await self._api.request("DELETE", f"{self._request}/votes", json={"person": person})

    async def link(self) -> None:
        await self._api.post(f"{self._request}/links", json={"review_id": str(self._review)})

    async def unlink(self) -> None:
        await self._api.delete(f"{self._request}/links/{self._review}")

    async def assign(self) -> None:
        person = {"person": self._draw.choice(PEOPLE), "source": "plan"}
        assert (await self._api.put(f"{self._persona}/people", json=person)).status_code == 200

    async def unassign(self) -> None:
        await self._api.request("DELETE", f"{self._persona}/people", json={"person": self._draw.choice(PEOPLE)})

    async def merge(self) -> None:
        into = self._draw.choice(self._requests).rpartition("/")[2]
        await self._api.put(f"{self._request}/merge", json={"into": into, "reason": "The same wish."})

    async def unmerge(self) -> None:
        await self._api.delete(f"{self._request}/merge")

    async def mute(self) -> None:
        until = datetime.now(UTC) + self._moved + 365 * DAY
        mute = {"reason": "One class of students.", "until": until.isoformat()}
        assert (await self._api.put(f"{self._persona}/mute", json=mute)).status_code == 200

    async def unmute(self) -> None:
        await self._api.delete(f"{self._persona}/mute")

    async def set_view(self) -> None:
        view = self._draw.choice([{"view": "raw"}, {"view": "sqrt"}, {"view": "capped", "cap": 5}])
        assert (await self._api.put("/v1/personas/reach-view", json=view)).status_code == 200

    async def set_concern(self) -> None:
        await self._api.put(f"{self._request}/concern", json={"concern": self._draw.choice(["safety", None])})

    async def change_review(self) -> None:
        review_id = self._review
        self._known[review_id] += 1
        if self._draw.random() < 0.4:
            await self._reviews.removed(review_id, self._known[review_id])
        else:
            await self._reviews.published(
                self._known[review_id], review_id=review_id, person=self._author(), published_at=self._age()
            )

    async def move_time(self) -> None:
        self._moved = min(FURTHEST, self._moved + self._draw.choice([1, 20, 45]) * DAY)
        await self._clock.move_to(self._moved)

    async def recount_some(self) -> None:
        await self._recount()

    async def recount_all(self) -> None:
        while await self._recount():
            pass

    @property
    def _request(self) -> str:
        return self._draw.choice(self._requests)

    @property
    def _persona(self) -> str:
        return f"/v1/personas/{self._draw.choice(self._personas)}"

    @property
    def _review(self) -> UUID:
        return self._draw.choice(list(self._known))

    def _author(self) -> str | None:
        return self._draw.choice([*PEOPLE, None])

    def _age(self) -> datetime:
        return datetime.now(UTC) - self._draw.choice([1, 60, 89, 95]) * DAY


@pytest.mark.parametrize("seed", range(3))
async def test_figures_by_steps_are_those_of_all_rows(
    api: httpx.AsyncClient, reviews, worker, clock, recount, seed: int
) -> None:
    drawn = Drawn(seed, api, reviews, clock, recount)
    await drawn.begin()
    happened: Counter[str] = Counter()
    compared = 0
    for _ in range(STEPS):
        happened[await drawn.step()] += 1
        compared += await _assert_as_counted_anew(worker, all_of_them=False)
    assert compared > STEPS, "hardly anything was compared"
    await drawn.recount_all()
    assert await _assert_as_counted_anew(worker, all_of_them=True)
    assert {"vote", "withdraw", "assign", "merge"} <= happened.keys()


@pytest.fixture
async def persona_id(api: httpx.AsyncClient) -> UUID:
    """A persona of the board."""
    return UUID((await api.post("/v1/personas", json={"name": "Trial"})).json()["id"])


async def test_a_vote_waits_for_the_persona_that_its_person_is_just_given(
    api: httpx.AsyncClient, resources, worker, request_path: str, persona_id: UUID
) -> None:
    async with resources.database(Role.API).transaction(TENANT) as tx:
        await personas.assign(tx, TENANT, "native:anna", persona_id, Source.PLAN, "test")
        vote = asyncio.create_task(api.post(f"{request_path}/votes", json={"person": "native:anna"}))
        await _until_somebody_waits(worker)
    assert (await vote).json()["request"]["reach"] == 1
    assert await _assert_as_counted_anew(worker, all_of_them=True) == 1
    async with worker.transaction() as tx:
        kept = await requests.find(tx, TENANT, UUID(request_path.rpartition("/")[2]))
    assert kept is not None
    assert kept.strata == {str(persona_id): 1}


async def test_a_persona_waits_for_the_vote_that_its_person_is_just_casting_and_finds_it(
    resources, worker, request_path: str, persona_id: UUID, recount
) -> None:
    async def assign() -> None:
        async with resources.database(Role.API).transaction(TENANT) as tx:
            await personas.assign(tx, TENANT, "native:anna", persona_id, Source.PLAN, "test")

    async with resources.database(Role.API).transaction(TENANT) as tx:
        work = UnitOfWork(tx, resources.outbox, resources.ids)
        await votes.vote(work, TENANT, UUID(request_path.rpartition("/")[2]), "native:anna", "test")
        assigned = asyncio.create_task(assign())
        await _until_somebody_waits(worker)
    await assigned
    assert await recount() == 1
    assert await _assert_as_counted_anew(worker, all_of_them=True) == 1


async def test_a_vote_is_taken_back_from_the_stratum_where_it_counted_before_the_recount(
    api: httpx.AsyncClient, worker, request_path: str, persona_id: UUID
) -> None:
    """The person got a persona after the vote, and no job has come by yet."""
    for person in ("native:anna", "native:ben"):
        await api.post(f"{request_path}/votes", json={"person": person})
    await api.put(f"/v1/personas/{persona_id}/people", json={"person": "native:anna", "source": "plan"})
    taken = await api.request("DELETE", f"{request_path}/votes", json={"person": "native:anna"})
    assert taken.json()["request"]["reach"] == 1
    async with worker.transaction() as tx:
        kept = await requests.find(tx, TENANT, UUID(request_path.rpartition("/")[2]))
    assert kept is not None
    assert kept.strata == {"": 1}


async def _until_somebody_waits(worker: Database) -> None:
    """Return once a transaction waits for an order key."""

    async def is_waiting() -> bool:
        async with worker.transaction() as tx:
            return bool(await tx.raw.fetchval(_WAITING))

    await until(is_waiting, "another transaction waits")
